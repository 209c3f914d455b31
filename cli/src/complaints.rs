//! What goes to standard error: one line each, `error:` when something was missed, `note:` when nothing was,
//! `warning:` when something is done that somebody may regret, `hint:` what to do about it.

use std::fmt::{self, Display};

use rebound_classify::reason::RuleErrors;
use rebound_contacts::PolicyErrors;
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

/// Names the first rows of a list that can't be used, and counts them all.
#[derive(Debug, Default)]
pub(crate) struct BadRows {
    total: u64,
}

/// How many bad rows are named: a file that is all wrong should not scroll away what was said before.
const BAD_ROWS_NAMED: u64 = 20;

/// How much of a bad row is shown, in characters.
const BAD_ROW_SHOWN: usize = 80;

impl BadRows {
    /// One more: what is wrong, and the row or the cell that it is wrong with.
    pub(crate) fn add(&mut self, line: u64, what: &str, text: &str) {
        self.total += 1;
        if self.total > BAD_ROWS_NAMED {
            return;
        }
        let mut shown: String = text.trim().chars().take(BAD_ROW_SHOWN).collect();
        if shown.len() < text.trim().len() {
            shown.push('…');
        }
        let shown = if shown.is_empty() {
            String::new()
        } else {
            format!(": {shown}")
        };
        say("warning", format!("line {line}: {what}{shown}"));
    }

    /// How many there were; says so when not all of them were named.
    pub(crate) fn finish(self) -> u64 {
        if let Some(more) = self.total.checked_sub(BAD_ROWS_NAMED).filter(|more| *more > 0) {
            say("warning", format!("and {more} more that can't be read"));
        }
        self.total
    }
}

/// An error, and what to do about it.
#[derive(Debug)]
pub(crate) struct Hinted {
    what: String,
    /// What to do.
    pub hint: String,
}

impl Hinted {
    pub(crate) fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: hint.into(),
        }
    }
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Hinted {}

/// Everything wrong with a file of rules, and where to read how it should be.
pub(crate) fn rules_refused(refused: &RuleErrors) {
    let faults = refused.faults.iter().map(|fault| {
        let rule = fault.rule.as_deref().map(|rule| format!("rule {rule}: "));
        (fault.line, format!("{}{}", rule.unwrap_or_default(), fault.reason))
    });
    refused_as_a_whole("the rules", "were", &refused.origin, faults);
    say(
        "hint",
        "docs/rules.md says how a rule is written; `rebound rules test FILE` checks the file alone",
    );
}

/// Everything wrong with a policy, and where to read how it should be.
pub(crate) fn policy_refused(refused: &PolicyErrors) {
    let faults = refused.faults.iter().map(|fault| (fault.line, fault.reason.clone()));
    refused_as_a_whole("the policy", "was", &refused.origin, faults);
    say(
        "hint",
        "`rebound policy show --built-in` explains every line of a policy",
    );
}

/// Each fault with its line in the form that editors know.
#[expect(clippy::print_stderr, reason = "this is where complaints go")]
fn refused_as_a_whole(what: &str, verb: &str, origin: &str, faults: impl Iterator<Item = (usize, String)>) {
    say("error", format!("{what} in {origin} {verb} refused as a whole"));
    for (line, reason) in faults {
        eprintln!("  {}", printable(&format!("{origin}:{line}: {reason}")));
    }
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
