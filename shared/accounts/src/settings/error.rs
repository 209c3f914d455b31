//! A document that sets up no account.

use crate::AccountName;

/// A document that sets up no account. The message never quotes what a setting is set to: that may be a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the settings of account {account} cannot be used: {}{reason}", at(*line))]
pub struct InvalidAccount {
    /// Whose settings they are.
    pub account: AccountName,
    /// The line of the document, counted from 1, where the trouble is on one.
    pub line: Option<usize>,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl InvalidAccount {
    pub(super) fn new(account: AccountName, line: Option<usize>, reason: impl Into<String>) -> Self {
        Self {
            account,
            line,
            reason: reason.into(),
        }
    }
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!("line {line}: ")).unwrap_or_default()
}
