//! Buckets and objects.

use std::collections::BTreeMap;
use std::fs::File;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{Store, queue};
use crate::blobs::NewBlob;
use crate::clock;
use crate::error::StoreError;

/// An object about to be stored: verified, and on the disk already if it is large.
pub(crate) struct NewObject {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) payload: Payload,
    pub(crate) size: u64,
    /// MD5 in hex, without quotes.
    pub(crate) etag: String,
    pub(crate) attributes: Attributes,
    pub(crate) condition: Condition,
    /// The event to queue with the object, such as `ObjectCreated:Put`.
    pub(crate) notify: Option<&'static str>,
}

/// Where the bytes of a new object are.
pub(crate) enum Payload {
    Inline(Bytes),
    File(NewBlob),
}

/// What must hold for a write to take place.
#[derive(Clone, Debug, Default)]
pub(crate) enum Condition {
    #[default]
    Always,
    /// `If-None-Match: *`
    Absent,
    /// `If-Match: *`
    Present,
    /// `If-Match: "etag"`
    Etag(String),
}

/// What is kept with an object beside its bytes. Serialised as it is; absent fields are left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) checksum: Option<Checksum>,
}

/// The checksum a client sent with an object, base64 as on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Checksum {
    Crc32(String),
    Crc32c(String),
    Crc64nvme(String),
    Sha1(String),
    Sha256(String),
}

impl Checksum {
    /// In base64; of several parts also how many there are (`…-3`).
    pub(crate) fn value(&self) -> &str {
        match self {
            Self::Crc32(value)
            | Self::Crc32c(value)
            | Self::Crc64nvme(value)
            | Self::Sha1(value)
            | Self::Sha256(value) => value,
        }
    }
}

/// What became of a put.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) etag: String,
    pub(crate) modified_ms: i64,
    pub(crate) attributes: Attributes,
}

/// An object's description, and its bytes when they were asked for.
pub(crate) struct Object {
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) modified_ms: i64,
    pub(crate) attributes: Attributes,
    pub(crate) body: Body,
}

/// Where the bytes of a stored object are.
pub(crate) enum Body {
    /// Not asked for.
    None,
    Inline(Bytes),
    /// Open, so it stays readable even when the object is replaced or removed meanwhile.
    File(File),
}

impl Store {
    /// Creates `name` if it is not there yet; answers whether it was created.
    pub(crate) async fn create_bucket(&self, name: String) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let sql = "INSERT OR IGNORE INTO buckets (name, created_ms) VALUES (?1, ?2)";
            Ok(connection
                .prepare_cached(sql)?
                .execute(params![name, clock::now_ms()])?
                == 1)
        })
        .await
    }

    /// Fails with `NoSuchBucket` if there is no `name`.
    pub(crate) async fn head_bucket(&self, name: String) -> Result<(), StoreError> {
        self.read(move |connection| bucket_id(connection, &name).map(drop))
            .await
    }

    /// Every bucket and when it was created, in milliseconds since 1970.
    pub(crate) async fn buckets(&self) -> Result<Vec<(String, i64)>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT name, created_ms FROM buckets ORDER BY name")?;
            let buckets = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(buckets.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Makes an object visible, replacing what was there under its key if the condition allows it.
    pub(crate) async fn put(&self, object: NewObject) -> Result<Stored, StoreError> {
        let notified = object.notify.is_some();
        let (stored, replaced) = self.write(move |connection| put(connection, object)).await?;
        if notified {
            self.ring();
        }
        self.discard(replaced).await;
        Ok(stored)
    }

    /// The object's description and bytes.
    pub(crate) async fn get(&self, bucket: String, key: String) -> Result<Object, StoreError> {
        let store = self.clone();
        self.read(move |connection| {
            loop {
                let mut object = select(connection, &bucket, &key, true)?;
                let Some(name) = object.file.take() else {
                    break Ok(object.found);
                };
                match store.blobs().open(&name) {
                    Ok(file) => {
                        object.found.body = Body::File(file);
                        break Ok(object.found);
                    }
                    // Replaced or removed between the two looks: look again, unless the row still names this file.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                        if select(connection, &bucket, &key, false)?.file.as_ref() == Some(&name) {
                            break Err(error.into());
                        }
                    }
                    Err(error) => break Err(error.into()),
                }
            }
        })
        .await
    }

    /// The object's description alone.
    pub(crate) async fn head(&self, bucket: String, key: String) -> Result<Object, StoreError> {
        self.read(move |connection| Ok(select(connection, &bucket, &key, false)?.found))
            .await
    }

    /// Removes the objects that are there; the others are as gone as they should be.
    pub(crate) async fn delete(&self, bucket: String, keys: Vec<String>) -> Result<(), StoreError> {
        let files = self
            .write(move |connection| {
                let bucket = bucket_id(connection, &bucket)?;
                let mut delete =
                    connection.prepare_cached("DELETE FROM objects WHERE bucket = ?1 AND key = ?2 RETURNING file")?;
                let mut files = Vec::new();
                for key in keys {
                    let file: Option<Option<String>> = delete
                        .query_row(params![bucket, key.as_bytes()], |row| row.get(0))
                        .optional()?;
                    files.extend(file.flatten());
                }
                Ok(files)
            })
            .await?;
        self.discard(files).await;
        Ok(())
    }

    /// Removes files that no row names any more.
    pub(super) async fn discard(&self, files: impl IntoIterator<Item = String> + Send + 'static) {
        let mut files = files.into_iter().peekable();
        if files.peek().is_none() {
            return;
        }
        let files: Vec<String> = files.collect();
        let blobs = self.blobs().clone();
        // A file that stays is swept on the next start, so there is nothing to report.
        let _ = tokio::task::spawn_blocking(move || files.iter().for_each(|name| blobs.remove(name))).await;
    }
}

/// Stores an object in the transaction under way; answers the file of the one it replaces, too.
pub(super) fn put(connection: &Connection, object: NewObject) -> Result<(Stored, Option<String>), StoreError> {
    let bucket = bucket_id(connection, &object.bucket)?;
    let key = object.key.as_bytes();
    let existing: Option<(i64, String, Option<String>)> = connection
        .prepare_cached("SELECT id, etag, file FROM objects WHERE bucket = ?1 AND key = ?2")?
        .query_row(params![bucket, key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    match (&object.condition, &existing) {
        (Condition::Always, _) | (Condition::Absent, None) | (Condition::Present, Some(_)) => {}
        (Condition::Etag(wanted), Some((_, etag, _))) if wanted == etag => {}
        (Condition::Present | Condition::Etag(_), None) => return Err(StoreError::NoSuchKey),
        _ => return Err(StoreError::PreconditionFailed),
    }
    if let Some((id, _, _)) = &existing {
        connection
            .prepare_cached("DELETE FROM objects WHERE id = ?1")?
            .execute([id])?;
    }
    let (file, body) = match object.payload {
        Payload::Inline(bytes) => (None, Some(bytes)),
        Payload::File(mut blob) => {
            // From here on a crash leaves an orphan at worst; removing the file could lose a committed object.
            blob.keep();
            (Some(blob.name().to_owned()), None)
        }
    };
    let modified_ms = clock::now_ms();
    let sql = "INSERT INTO objects (bucket, key, size, etag, modified_ms, attributes, file, body)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    connection.prepare_cached(sql)?.execute(params![
        bucket,
        key,
        i64::try_from(object.size).unwrap_or(i64::MAX),
        object.etag,
        modified_ms,
        serde_json::to_string(&object.attributes)?,
        file,
        body.as_deref(),
    ])?;
    if let Some(event) = object.notify {
        queue::push(
            connection,
            event,
            &object.bucket,
            key,
            object.size,
            &object.etag,
            modified_ms,
        )?;
    }
    let stored = Stored {
        etag: object.etag,
        modified_ms,
        attributes: object.attributes,
    };
    Ok((stored, existing.and_then(|(_, _, file)| file)))
}

struct Row {
    found: Object,
    file: Option<String>,
}

fn select(connection: &Connection, bucket: &str, key: &str, with_body: bool) -> Result<Row, StoreError> {
    let bucket = bucket_id(connection, bucket)?;
    let sql = if with_body {
        "SELECT size, etag, modified_ms, attributes, file, body FROM objects WHERE bucket = ?1 AND key = ?2"
    } else {
        "SELECT size, etag, modified_ms, attributes, file, NULL FROM objects WHERE bucket = ?1 AND key = ?2"
    };
    let row = connection
        .prepare_cached(sql)?
        .query_row(params![bucket, key.as_bytes()], |row| {
            let attributes: String = row.get(3)?;
            let body: Option<Vec<u8>> = row.get(5)?;
            let found = Object {
                size: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
                etag: row.get(1)?,
                modified_ms: row.get(2)?,
                attributes: Attributes::default(),
                body: body.map_or(Body::None, |bytes| Body::Inline(Bytes::from(bytes))),
            };
            Ok((
                attributes,
                Row {
                    found,
                    file: row.get(4)?,
                },
            ))
        })
        .optional()?;
    let (attributes, mut row) = row.ok_or(StoreError::NoSuchKey)?;
    row.found.attributes = serde_json::from_str(&attributes)?;
    Ok(row)
}

pub(super) fn bucket_id(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    connection
        .prepare_cached("SELECT id FROM buckets WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?
        .ok_or(StoreError::NoSuchBucket)
}
