//! What a command tells the shell: the exit codes, all of them.

use std::process::ExitCode;

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything was done.
    Done,
    /// Something was not, and standard error says what.
    Incomplete,
    /// Everything was looked at, and something is not as it should be.
    Unhealthy,
}

/// What the argument parser ends with when it can make no sense of the command line.
const WRONG_USAGE: u8 = 2;

/// Every exit code, and what it says. Scripts rely on them.
pub(crate) const EXIT_CODES: [(u8, &str); 4] = [
    (Outcome::Done.code(), "everything was done"),
    (
        Outcome::Incomplete.code(),
        "something was not done, and standard error says what; or a rate is as bad as `report --fail-on` names; or the \
         address given to `verp verify` is not valid",
    ),
    (WRONG_USAGE, "the command line makes no sense; nothing was done"),
    (Outcome::Unhealthy.code(), "`doctor` found a problem"),
];

impl Outcome {
    const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Incomplete => 1,
            Self::Unhealthy => 3,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome.code())
    }
}

/// The exit codes, as help tells them.
pub(crate) fn exit_codes() -> String {
    EXIT_CODES.iter().fold("Exit codes:".to_owned(), |told, (code, what)| {
        format!("{told}\n  {code}  {what}")
    })
}
