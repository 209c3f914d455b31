//! What goes to standard error: one line each, `error:` when something was missed, `note:` when nothing was,
//! `warning:` when something is done that somebody may regret, `hint:` what to do about it.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{self, Display};
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use rebound_classify::reason::RuleErrors;
use rebound_contacts::PolicyErrors;
use rebound_mailbox::sources::SourceError;

use crate::args::Volume;
use crate::hints;
use crate::outcome::Outcome;
use crate::output::{kind_style, printable};

/// How much is said; set once, before anything is.
static VOLUME: AtomicU8 = AtomicU8::new(Volume::Usual as u8);

/// Whether the last thing that there was to say was said.
static WAS_SAID: AtomicBool = AtomicBool::new(true);

/// From here on, no more is said than this.
pub(crate) fn set_volume(volume: Volume) {
    VOLUME.store(volume as u8, Ordering::Relaxed);
}

/// Whether so much is to be said.
pub(crate) fn is_as_loud_as(volume: Volume) -> bool {
    VOLUME.load(Ordering::Relaxed) >= volume as u8
}

/// Prints complaints as they come and remembers whether any of them is a failure.
#[derive(Debug, Default)]
pub(crate) struct Complaints {
    failures: usize,
    /// What was said to do about messages that gave none; once is enough.
    hinted: BTreeSet<String>,
}

impl Complaints {
    /// Something gave no message.
    pub(crate) fn source(&mut self, error: &SourceError) {
        if error.is_failure() {
            self.failure_of(error);
        } else {
            say("note", error);
        }
    }

    /// Something was not done, and this is why.
    pub(crate) fn failure_of(&mut self, error: &(dyn Error + 'static)) {
        self.failure(error);
        if let Some(hint) = hints::of_cause(error)
            && self.hinted.insert(hint.clone())
        {
            say("hint", hint);
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
fn refused_as_a_whole(what: &str, verb: &str, origin: &str, faults: impl Iterator<Item = (usize, String)>) {
    say("error", format!("{what} in {origin} {verb} refused as a whole"));
    let mut err = anstream::stderr().lock();
    for (line, reason) in faults {
        let _ = writeln!(err, "  {}", printable(&format!("{origin}:{line}: {reason}")));
    }
}

/// A question to the person at the terminal, who answers behind it.
pub(crate) fn prompt(question: &str) {
    let mut err = anstream::stderr().lock();
    let _ = write!(err, "{}", printable(question)).and_then(|()| err.flush());
}

/// What is being done, for those who want to know.
pub(crate) fn step(what: impl Display) {
    if is_as_loud_as(Volume::Steps) {
        line("step", what);
    }
}

/// One line on standard error. Names in it may come from strangers.
pub(crate) fn say(kind: &str, what: impl Display) {
    let is_said = match kind {
        "error" => true,
        // A hint belongs to what is said before it.
        "hint" => WAS_SAID.load(Ordering::Relaxed),
        _ => is_as_loud_as(Volume::Usual),
    };
    WAS_SAID.store(is_said, Ordering::Relaxed);
    if is_said {
        line(kind, what);
    }
}

fn line(kind: &str, what: impl Display) {
    let style = kind_style(kind);
    let what = what.to_string();
    // Nobody is left to be told when this fails.
    let _ = writeln!(
        anstream::stderr().lock(),
        "{style}{kind}:{style:#} {}",
        printable(&what)
    );
}
