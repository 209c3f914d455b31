//! How the fetching of a mailbox went.

use jiff::Timestamp;
use rebound_mailbox::server::{ErrorKind, FolderName, MailboxError};
use serde::Serialize;

use crate::mailboxes::{LastRun, MailboxesError, Trouble};

/// How many messages that were too long, or could not be archived, a summary names. Beyond that they are only counted.
pub const MAX_NAMED: usize = 100;

/// What came of asking for a mailbox to be fetched.
#[derive(Debug)]
pub enum MailboxOutcome {
    /// It was fetched, perhaps not to its end.
    Ran(MailboxRun),
    /// It is left alone for a while after earlier failures.
    Waiting(Trouble),
    /// Another run is at it.
    Busy {
        /// Which one.
        owner: String,
        /// Until then at the latest, unless it lives on.
        until: Timestamp,
    },
}

/// One run over a mailbox.
#[derive(Debug)]
pub struct MailboxRun {
    /// What was done, whether or not it came to its end.
    pub summary: MailboxSummary,
    /// What it ended in, when it did not end well.
    pub error: Option<FetchError>,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MailboxSummary {
    /// The folder that was read; `None` when it could not be opened.
    pub folder: Option<String>,
    /// Messages that were waiting to be fetched.
    pub found: u64,
    /// Messages that were not in the archive before.
    pub new: u64,
    /// Their bytes.
    pub new_bytes: u64,
    /// Messages that were in the archive: from an earlier fetch, or twice in this mailbox.
    pub already_archived: u64,
    /// Messages that could not be archived.
    pub failed: u64,
    /// The first [`MAX_NAMED`] of them, and why.
    pub failures: Vec<String>,
    /// Messages deleted from the server.
    pub deleted: u64,
    /// Messages marked as deleted that somebody has to expunge, because the server cannot delete single messages.
    pub only_flagged: u64,
    /// Messages moved to another folder.
    pub moved: u64,
    /// Messages marked read.
    pub marked_seen: u64,
    /// Messages that somebody else removed meanwhile.
    pub gone: u64,
    /// Messages that are longer than allowed: they stay on the server.
    pub oversized: u64,
    /// The first [`MAX_NAMED`] of them.
    pub oversized_named: Vec<Oversized>,
    /// Messages that are still to be fetched.
    pub left: u64,
    /// Why the run ended with messages left, where it chose to.
    pub stopped: Option<Stopped>,
    /// Why the mailbox was read from its beginning, where it had been read before.
    pub rescan: Option<Rescan>,
}

/// A message that is longer than allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Oversized {
    /// What the server calls it: its UID, or its UIDL.
    pub message: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Why a run ended with messages left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// Its time was up.
    Deadline,
    /// As many as asked for were fetched.
    Enough,
    /// Too many messages could not be archived.
    ArchiveFails,
    /// The connection was lost before the server had deleted what was fetched; the next one only saw to that.
    ConnectionLost,
}

/// Why a mailbox was read from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rescan {
    /// It was asked for.
    AskedFor,
    /// The server gave its messages new UIDs.
    UidValidityChanged,
    /// The account's settings name another mailbox than before.
    AnotherMailbox,
}

/// Something a run tells as it goes.
#[derive(Debug)]
pub enum MailboxStep<'a> {
    /// So many messages are waiting in this folder.
    Found {
        /// Where.
        folder: &'a FolderName,
        /// How many.
        messages: u64,
    },
    /// A message is in the archive.
    Archived {
        /// Whether it was not there before.
        new: bool,
    },
    /// A message is not in the archive.
    Failed(
        /// What the server calls it, and why not.
        &'a str,
    ),
    /// A message stays on the server because it is too long.
    TooLong(&'a Oversized),
    /// The connection ended; it is made again.
    Reconnecting(&'a MailboxError),
}

/// What a run ended in, when it did not end well. What is archived stays so, and what was remembered counts.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server, or the way to it.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// Messages could not be archived.
    #[error(
        "{failed} of the messages could not be archived; they, and all that come after the first of them, stay on the \
         server as they are: {first}"
    )]
    Archive {
        /// How many.
        failed: u64,
        /// The first of them, and why.
        first: String,
        /// Whether the same may succeed later.
        retryable: bool,
    },
    /// The server did not give out messages that it lists.
    #[error(
        "the server does not give out every message that it lists; those stay where they are, and are asked for again \
         in each run: {0}"
    )]
    NotGivenOut(
        /// The first of them, and why.
        String,
    ),
    /// What has been done could not be remembered.
    #[error(transparent)]
    Remembering(#[from] MailboxesError),
}

impl FetchError {
    /// What kind of trouble it is: a stable word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Mailbox(error) => error.kind.as_str(),
            Self::Archive { .. } => "archive",
            Self::NotGivenOut(_) => "not-given-out",
            Self::Remembering(MailboxesError::LeaseLost(_)) => "lease-lost",
            Self::Remembering(_) => "mailboxes",
        }
    }

    /// What may be done about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Mailbox(error) => error.hint.as_deref(),
            Self::Archive { .. } | Self::NotGivenOut(_) | Self::Remembering(_) => None,
        }
    }

    /// Whether the same may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Mailbox(error) => error.is_retryable(),
            Self::Archive { retryable, .. } => *retryable,
            Self::NotGivenOut(_) => false,
            Self::Remembering(error) => error.is_retryable(),
        }
    }

    pub(super) fn mailbox_kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Mailbox(error) => Some(error.kind),
            Self::Archive { .. } | Self::NotGivenOut(_) | Self::Remembering(_) => None,
        }
    }
}

impl MailboxSummary {
    /// How many messages were fetched, whatever became of them.
    pub fn fetched(&self) -> u64 {
        self.new + self.already_archived + self.failed
    }

    pub(super) fn last_run(&self, started_at: Timestamp, finished_at: Timestamp) -> LastRun {
        LastRun {
            started_at,
            finished_at,
            new: self.new,
            already_archived: self.already_archived,
            failed: self.failed,
            deleted: self.deleted + self.only_flagged,
            moved: self.moved,
            marked_seen: self.marked_seen,
            left: self.left,
        }
    }
}
