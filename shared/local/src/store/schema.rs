//! The tables of the object store, and how its file is opened.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::error::{Error, StoreError};

/// Nobody else has the file open, so a wait means our own checkpoint: moments.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Pages (of 4 KiB) the write-ahead log may hold before it is worked into the file. SQLite's own 1,000 would copy
/// the scattered pages of the key index four times as often.
const CHECKPOINT_PAGES: i64 = 4_000;

/// Prepared statements kept by a connection: all that this crate has.
const STATEMENTS: usize = 64;

/// The newest format this code can read, kept in SQLite's `user_version`.
const FORMAT: i64 = 1;

/// Keys are blobs: S3 orders them by their bytes.
const TABLES: &str = "
    CREATE TABLE buckets (
        id         INTEGER PRIMARY KEY,
        name       TEXT NOT NULL UNIQUE,
        created_ms INTEGER NOT NULL
    );
    CREATE TABLE objects (
        id          INTEGER PRIMARY KEY,
        bucket      INTEGER NOT NULL REFERENCES buckets (id),
        key         BLOB NOT NULL,
        size        INTEGER NOT NULL,
        etag        TEXT NOT NULL,
        modified_ms INTEGER NOT NULL,
        attributes  TEXT NOT NULL,
        file        TEXT,
        body        BLOB,
        UNIQUE (bucket, key)
    );
    CREATE INDEX objects_by_file ON objects (file) WHERE file IS NOT NULL;
    CREATE TABLE notifications (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        event      TEXT NOT NULL,
        bucket     TEXT NOT NULL,
        key        BLOB NOT NULL,
        size       INTEGER NOT NULL,
        etag       TEXT NOT NULL,
        at_ms      INTEGER NOT NULL,
        visible_ms INTEGER NOT NULL,
        receives   INTEGER NOT NULL DEFAULT 0,
        dead       INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX notifications_waiting ON notifications (visible_ms, id) WHERE dead = 0;
    CREATE INDEX notifications_dead ON notifications (id) WHERE dead = 1;
";

/// Opens or creates the database for writing.
pub(super) fn open(path: &Path, durable: bool) -> Result<Connection, Error> {
    let connection = Connection::open(path).map_err(StoreError::from)?;
    prepare(&connection, durable).map_err(StoreError::from)?;
    match format(&connection).map_err(StoreError::from)? {
        FORMAT => {}
        0 => create(&connection).map_err(StoreError::from)?,
        found => {
            return Err(Error::NewerFormat {
                path: path.to_owned(),
                found,
                known: FORMAT,
            });
        }
    }
    Ok(connection)
}

/// The names of all object files that a row mentions.
pub(super) fn file_names(connection: &Connection) -> rusqlite::Result<HashSet<String>> {
    let mut statement = connection.prepare("SELECT file FROM objects WHERE file IS NOT NULL")?;
    let names = statement.query_map([], |row| row.get(0))?;
    names.collect()
}

fn prepare(connection: &Connection, durable: bool) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", if durable { "FULL" } else { "OFF" })?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "foreign_keys", true)
}

fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {FORMAT}; COMMIT;"
    ))
}
