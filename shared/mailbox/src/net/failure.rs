//! What went wrong on the wire, as the error of a step.

use std::io;

use crate::server::{ErrorKind, MailboxError, Step};

/// More came than one answer may have.
#[derive(Debug, thiserror::Error)]
#[error("the server sends more than was asked for")]
pub(super) struct Flooded;

/// The error of a step that reading or writing failed at.
pub(crate) fn read_failure(step: Step, error: &io::Error) -> MailboxError {
    let inner = error.get_ref();
    if inner.and_then(|inner| inner.downcast_ref::<Flooded>()).is_some() {
        return MailboxError::new(step, ErrorKind::Protocol, Flooded.to_string());
    }
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            MailboxError::new(step, ErrorKind::TimedOut, "the server does not answer in time")
        }
        io::ErrorKind::InvalidData => MailboxError::new(
            step,
            ErrorKind::Protocol,
            format!("what arrives is damaged or not the server's: {error}"),
        ),
        _ => lost(step),
    }
}

/// The error of a step in whose middle the server hung up.
pub(crate) fn lost(step: Step) -> MailboxError {
    MailboxError::new(step, ErrorKind::Lost, "the server closed the connection")
}
