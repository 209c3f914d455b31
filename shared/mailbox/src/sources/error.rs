//! Why a file gave no message.

use std::io;

use super::Origin;

/// Why a file, or one message of an mbox, was not handed out. What follows it still is.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The operating system refused: no such file, no permission, a broken disk.
    #[error("{origin}: cannot be read: {error}")]
    Unreadable {
        /// What was to be read.
        origin: Origin,
        /// The operating system's reason.
        error: io::Error,
    },
    /// The message is longer than the limit. It stays where it is.
    #[error("{origin}: longer than {limit} bytes, the most that is read of one message: skipped, look at it by hand")]
    TooLong {
        /// The message.
        origin: Origin,
        /// The limit in bytes.
        limit: usize,
    },
    /// There are no bytes in it.
    #[error("{origin}: is empty: skipped")]
    Empty {
        /// The file or message.
        origin: Origin,
    },
    /// A folder holds this file beside its messages. Named by itself it would be read.
    #[error("{origin}: not a mail message: skipped")]
    NotMail {
        /// The file or hidden folder.
        origin: Origin,
    },
    /// A folder holds something that is no file: reading it could block for ever.
    #[error("{origin}: a {kind}, not a file: skipped")]
    Special {
        /// What was found.
        origin: Origin,
        /// `socket`, `pipe`, `device`.
        kind: &'static str,
    },
    /// A link leads to a folder that this path has already led to, perhaps in a circle.
    #[error("{origin}: leads to a folder that was already read: skipped")]
    ReadAlready {
        /// The link.
        origin: Origin,
    },
}

impl SourceError {
    /// Whether something that may well be a message could not be read, so that the run has not seen all the mail.
    /// Otherwise there was no message to read, and the line is only for information.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Unreadable { .. } | Self::TooLong { .. } => true,
            Self::Empty { .. } | Self::NotMail { .. } | Self::Special { .. } | Self::ReadAlready { .. } => false,
        }
    }

    /// What the error is about.
    pub fn origin(&self) -> &Origin {
        match self {
            Self::Unreadable { origin, .. }
            | Self::TooLong { origin, .. }
            | Self::Empty { origin }
            | Self::NotMail { origin }
            | Self::Special { origin, .. }
            | Self::ReadAlready { origin } => origin,
        }
    }

    pub(super) fn unreadable(origin: Origin, error: io::Error) -> Self {
        Self::Unreadable { origin, error }
    }
}
