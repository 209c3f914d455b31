//! What goes to standard error: one line each, `error:` when something was missed, `note:` when nothing was,
//! `warning:` when something is done that somebody may regret, `hint:` what to do about it.

use std::fmt::Display;

use rebound_classify::reason::RuleErrors;
use rebound_mailbox::sources::SourceError;

use crate::commands::Outcome;
use crate::output::printable;

/// Prints complaints as they come and remembers whether any of them is a failure.
#[derive(Debug, Default)]
pub(crate) struct Complaints {
    failures: usize,
}

impl Complaints {
    /// Something gave no message.
    pub(crate) fn source(&mut self, error: &SourceError) {
        if error.is_failure() {
            self.failure(error);
        } else {
            say("note", error);
        }
    }

    /// Something was not done.
    pub(crate) fn failure(&mut self, error: impl Display) {
        self.failures += 1;
        say("error", error);
    }

    /// Whether everything was done.
    pub(crate) fn outcome(&self) -> Outcome {
        if self.failures == 0 {
            Outcome::Done
        } else {
            Outcome::Incomplete
        }
    }
}

/// Everything wrong with a file of rules, each with its line in the form that editors know.
#[expect(clippy::print_stderr, reason = "this is where complaints go")]
pub(crate) fn rules_refused(refused: &RuleErrors) {
    say(
        "error",
        format!("the rules in {} were refused as a whole", refused.origin),
    );
    for fault in &refused.faults {
        let rule = fault.rule.as_deref().map(|rule| format!("rule {rule}: "));
        let line = format!(
            "{}:{}: {}{}",
            refused.origin,
            fault.line,
            rule.unwrap_or_default(),
            fault.reason
        );
        eprintln!("  {}", printable(&line));
    }
    say(
        "hint",
        "docs/rules.md says how a rule is written; `rebound rules test FILE` checks the file alone",
    );
}

/// A question to the person at the terminal, who answers behind it.
#[expect(clippy::print_stderr, reason = "standard output is for data")]
pub(crate) fn prompt(question: &str) {
    eprint!("{}", printable(question));
}

/// One line on standard error. Names in it may come from strangers.
#[expect(clippy::print_stderr, reason = "this is where complaints go")]
pub(crate) fn say(kind: &str, what: impl Display) {
    eprintln!("{kind}: {}", printable(&what.to_string()));
}
