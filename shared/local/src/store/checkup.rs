//! Looking for damage.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::Store;
use crate::error::StoreError;

/// How many faults of one file are named; more of them say nothing new.
const MAX_NAMED: usize = 20;

impl Store {
    /// What is wrong with the database of objects and queues, and with the files of large objects; one line each.
    pub(crate) async fn damage(&self) -> Result<Vec<String>, StoreError> {
        let blobs = self.blobs().clone();
        self.read(move |connection| {
            let mut damage = faults(connection)?;
            let mut objects = connection.prepare("SELECT key, size, file FROM objects WHERE file IS NOT NULL")?;
            let mut rows = objects.query([])?;
            while let Some(row) = rows.next()? {
                let (key, size, file): (Vec<u8>, u64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let found = blobs.open(&file).and_then(|file| file.metadata());
                let what = match found {
                    Ok(found) if found.len() == size => continue,
                    Ok(found) => format!("has {} bytes instead of {size}", found.len()),
                    Err(error) => format!("can't be read: {error}"),
                };
                let key = String::from_utf8_lossy(&key).into_owned();
                damage.push(format!("object {key}: its file {file} {what}"));
                if damage.len() >= MAX_NAMED {
                    break;
                }
            }
            Ok(damage)
        })
        .await
    }
}

/// What is wrong with a database that somebody else may have open. Blocking.
pub(crate) fn damage_of(database: &Path) -> Result<Vec<String>, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    Ok(faults(&connection)?)
}

fn faults(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare(&format!("PRAGMA quick_check({MAX_NAMED})"))?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?;
    let lines: Vec<String> = lines.collect::<Result<_, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}
