//! What goes to standard error: one line each, `error:` when something was missed, `note:` when nothing was.

use std::fmt::Display;

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

/// One line on standard error. Names in it may come from strangers.
#[expect(clippy::print_stderr, reason = "this is where complaints go")]
pub(crate) fn say(kind: &str, what: impl Display) {
    eprintln!("{kind}: {}", printable(&what.to_string()));
}
