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

/// The newest format this code can read, kept in SQLite's `user_version`. Format 1 had neither queues that anything can
/// be sent to, nor multipart uploads.
const FORMAT: i64 = 2;

/// Keys are blobs: S3 orders them by their bytes.
const OBJECTS: &str = "
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
";

/// Objects that arrive in parts, until they are complete.
const UPLOADS: &str = "
    CREATE TABLE uploads (
        id         INTEGER PRIMARY KEY,
        token      TEXT NOT NULL UNIQUE,
        bucket     INTEGER NOT NULL REFERENCES buckets (id),
        key        BLOB NOT NULL,
        created_ms INTEGER NOT NULL,
        attributes TEXT NOT NULL,
        checksum   TEXT
    );
    CREATE TABLE parts (
        upload      INTEGER NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
        number      INTEGER NOT NULL,
        size        INTEGER NOT NULL,
        etag        TEXT NOT NULL,
        checksum    TEXT,
        modified_ms INTEGER NOT NULL,
        file        TEXT NOT NULL,
        PRIMARY KEY (upload, number)
    ) WITHOUT ROWID;
";

/// A message is the notification about an object (`event` to `etag`) or what somebody sent (`body`, `attributes`).
const QUEUES: &str = "
    CREATE TABLE queued (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        queue      TEXT NOT NULL,
        event      TEXT,
        bucket     TEXT,
        key        BLOB,
        size       INTEGER,
        etag       TEXT,
        body       TEXT,
        attributes TEXT,
        at_ms      INTEGER NOT NULL,
        visible_ms INTEGER NOT NULL,
        first_ms   INTEGER,
        receives   INTEGER NOT NULL DEFAULT 0,
        dead       INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX queued_waiting ON queued (queue, visible_ms, id) WHERE dead = 0;
    CREATE INDEX queued_dead ON queued (queue, id) WHERE dead = 1;
";

/// Format 1 had one queue, for notifications alone. Their numbers go on.
const NOTIFICATIONS_TO_QUEUES: &str = "
    INSERT INTO sqlite_sequence (name, seq) SELECT 'queued', seq FROM sqlite_sequence WHERE name = 'notifications';
    INSERT INTO queued (id, queue, event, bucket, key, size, etag, at_ms, visible_ms, receives, dead)
        SELECT id, 'classify', event, bucket, key, size, etag, at_ms, visible_ms, receives, dead FROM notifications;
    DROP TABLE notifications;
";

/// Opens or creates the database for writing.
pub(super) fn open(path: &Path, durable: bool) -> Result<Connection, Error> {
    let connection = Connection::open(path).map_err(StoreError::from)?;
    prepare(&connection, durable).map_err(StoreError::from)?;
    match format(&connection).map_err(StoreError::from)? {
        FORMAT => {}
        0 => change(&connection, &[OBJECTS, UPLOADS, QUEUES]).map_err(StoreError::from)?,
        1 => change(&connection, &[UPLOADS, QUEUES, NOTIFICATIONS_TO_QUEUES]).map_err(StoreError::from)?,
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
    let mut statement =
        connection.prepare("SELECT file FROM objects WHERE file IS NOT NULL UNION ALL SELECT file FROM parts")?;
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

/// Brings the tables to the newest format, all of it or nothing.
fn change(connection: &Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let steps = steps.concat();
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {steps} PRAGMA user_version = {FORMAT}; COMMIT;"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What format 1 had for its queue.
    const FORMAT_1: &str = "
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
        PRAGMA user_version = 1;
    ";

    #[test]
    fn a_file_of_the_first_format_keeps_its_notifications_and_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s3.sqlite");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(OBJECTS).unwrap();
        old.execute_batch(FORMAT_1).unwrap();
        let insert = "INSERT INTO notifications (id, event, bucket, key, size, etag, at_ms, visible_ms, receives)
                      VALUES (?1, 'ObjectCreated:Put', 'messages', x'7261772f61', 3, 'e', 5, 6, 2)";
        old.execute(insert, [7]).unwrap();
        old.execute(insert, [8]).unwrap();
        old.execute("DELETE FROM notifications WHERE id = 8", []).unwrap();
        drop(old);

        for _ in 0..2 {
            let new = open(&path, true).unwrap();
            let found: (i64, String, Vec<u8>, i64) = new
                .query_row("SELECT id, queue, key, receives FROM queued", [], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })
                .unwrap();
            assert_eq!(found, (7, "classify".into(), b"raw/a".to_vec(), 2));
        }
        let new = open(&path, true).unwrap();
        let insert = "INSERT INTO queued (queue, at_ms, visible_ms) VALUES ('fetch', 0, 0) RETURNING id";
        let next: i64 = new.query_row(insert, [], |row| row.get(0)).unwrap();
        assert_eq!(next, 9);
    }
}
