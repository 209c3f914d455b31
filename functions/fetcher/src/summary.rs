//! What became of the messages of a source.

use rebound_archive::ArchiveError;
use rebound_mailbox::sources::{Origin, SourceError};

use crate::source::Outcome;

/// How many failures, and how many skipped files, a summary holds one by one. Beyond that they are only counted, so
/// that a folder of a million pictures does not fill the memory; `progress` has heard of each.
pub const MAX_KEPT_PROBLEMS: usize = 1000;

/// How a fetch went.
#[derive(Debug, Default)]
pub struct FetchSummary {
    /// Messages that were not in the archive before.
    pub new: u64,
    /// Messages that were there: from an earlier fetch, or twice in this source.
    pub already_archived: u64,
    /// Messages that could not be read or not be stored.
    pub failed: u64,
    /// Files that hold no message.
    pub skipped: u64,
    /// The bytes of the new messages.
    pub new_bytes: u64,
    /// The first [`MAX_KEPT_PROBLEMS`] failures.
    pub failures: Vec<Failure>,
    /// The first [`MAX_KEPT_PROBLEMS`] skipped files, and why.
    pub skips: Vec<SourceError>,
}

/// A message that is not in the archive, and why. It is still where it was found.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It could not be read.
    #[error(transparent)]
    Unread(SourceError),
    /// It could not be stored.
    #[error("{origin}: {error}")]
    Unstored {
        /// The message.
        origin: Origin,
        /// What the archive said.
        error: ArchiveError,
    },
}

/// What became of one item of a source.
#[derive(Debug)]
pub enum Step<'a> {
    /// A message is in the archive.
    Archived {
        /// Where it was found.
        origin: &'a Origin,
        /// Whether it was not there before.
        new: bool,
    },
    /// A file holds no message.
    Skipped(&'a SourceError),
    /// A message is not in the archive.
    Failed(&'a Failure),
}

impl FetchSummary {
    /// How many messages the source had, whatever became of them.
    pub fn seen(&self) -> u64 {
        self.new + self.already_archived + self.failed
    }

    /// Whether every message of the source is in the archive.
    pub fn is_complete(&self) -> bool {
        self.failed == 0
    }

    pub(crate) fn add(&mut self, outcome: Outcome, progress: &mut impl FnMut(Step<'_>)) {
        let failure = match outcome {
            Outcome::Read {
                origin,
                bytes,
                stored: Ok(stored),
            } => {
                let new = stored.new;
                if new {
                    self.new += 1;
                    self.new_bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
                } else {
                    self.already_archived += 1;
                }
                progress(Step::Archived { origin: &origin, new });
                return;
            }
            Outcome::Unread(error) if !error.is_failure() => {
                self.skipped += 1;
                progress(Step::Skipped(&error));
                keep(&mut self.skips, error);
                return;
            }
            Outcome::Unread(error) => Failure::Unread(error),
            Outcome::Read {
                origin,
                stored: Err(error),
                ..
            } => Failure::Unstored { origin, error },
        };
        self.failed += 1;
        progress(Step::Failed(&failure));
        keep(&mut self.failures, failure);
    }
}

impl Failure {
    /// What could not be fetched.
    pub fn origin(&self) -> &Origin {
        match self {
            Self::Unread(error) => error.origin(),
            Self::Unstored { origin, .. } => origin,
        }
    }
}

fn keep<T>(kept: &mut Vec<T>, problem: T) {
    if kept.len() < MAX_KEPT_PROBLEMS {
        kept.push(problem);
    }
}
