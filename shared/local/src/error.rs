//! What can go wrong with the folder and the stores in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why the local stack could not do something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process has the folder open.
    #[error("{} is in use by another process; wait until it ends or choose another folder", folder.display())]
    InUse {
        /// The folder asked for.
        folder: PathBuf,
    },
    /// A file or folder could not be used.
    #[error("can't {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The folder's name can't be given to SQLite.
    #[error("{} is not UTF-8; choose a folder with a UTF-8 name", folder.display())]
    FolderName {
        /// The folder asked for.
        folder: PathBuf,
    },
    /// The object store was written by a newer version of this program.
    #[error("{} has format {found}, this version knows {known} at most; use a newer version", path.display())]
    NewerFormat {
        /// The database file.
        path: PathBuf,
        /// Its format number.
        found: i64,
        /// The newest format number known here.
        known: i64,
    },
    /// The object store failed.
    #[error("object store: {0}")]
    Store(#[from] StoreError),
    /// The embedded DynamoDB failed.
    #[error("DynamoDB in {}: {reason}", path.display())]
    DynamoDb {
        /// Its database file.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
    /// A table could not be created or changed.
    #[error("can't {action} table {table}: {reason}")]
    Table {
        /// What was tried, as a verb.
        action: &'static str,
        /// Which table.
        table: String,
        /// What DynamoDB said.
        reason: String,
    },
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// Why the object store could not do something. Cheap to copy: one failed flush fails every write that shared it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite failed.
    #[error("SQLite: {0}")]
    Database(Arc<rusqlite::Error>),
    /// The file of a large object could not be written or read.
    #[error("object file: {0}")]
    File(Arc<std::io::Error>),
    /// A stored row does not make sense.
    #[error("damaged row: {0}")]
    Damaged(Arc<serde_json::Error>),
    /// The stack was closed.
    #[error("the local stack is closed")]
    Closed,
    /// There is no such bucket.
    #[error("no such bucket")]
    NoSuchBucket,
    /// There is no such object.
    #[error("no such key")]
    NoSuchKey,
    /// There is no such multipart upload, or no more.
    #[error("no such upload")]
    NoSuchUpload,
    /// An `If-Match` or `If-None-Match` did not hold.
    #[error("precondition failed")]
    PreconditionFailed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::File(Arc::new(error))
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(Arc::new(error))
    }
}
