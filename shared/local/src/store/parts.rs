//! Objects that arrive in parts: what is here of them, and the moment when they become one object.

use std::fs::File;

use rusqlite::{Connection, OptionalExtension, params};

use super::Store;
use super::objects::{self, Attributes, Checksum, NewObject, Stored, bucket_id};
use crate::blobs::NewBlob;
use crate::clock;
use crate::error::StoreError;

/// How long an upload that nobody completes is kept: a week, in milliseconds. S3 leaves that to a lifecycle rule.
const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// An upload about to begin.
pub(crate) struct NewUpload {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// What the object will be kept with.
    pub(crate) attributes: Attributes,
    /// The checksum agreed upon, as the caller writes it.
    pub(crate) checksum: Option<String>,
}

/// An upload under way.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) id: i64,
    /// What the client calls it.
    pub(crate) token: String,
    pub(crate) key: String,
    pub(crate) created_ms: i64,
    pub(crate) attributes: Attributes,
    pub(crate) checksum: Option<String>,
}

/// A part about to be stored: verified, and on the disk.
pub(crate) struct NewPart {
    pub(crate) number: i32,
    pub(crate) size: u64,
    /// MD5 in hex.
    pub(crate) etag: String,
    pub(crate) checksum: Option<Checksum>,
    pub(crate) file: NewBlob,
}

/// A part that is here.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) number: i32,
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) checksum: Option<Checksum>,
    pub(crate) modified_ms: i64,
    file: String,
}

/// Which parts to list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartsPage {
    /// Those with a higher number.
    pub(crate) after: i32,
    pub(crate) max: usize,
}

impl PartsPage {
    /// All that there may be.
    pub(crate) const ALL: Self = Self {
        after: 0,
        max: usize::MAX,
    };
}

/// Uploads that were begun so long ago that nobody will complete them. Their files are swept next.
pub(super) fn forget_abandoned(connection: &Connection) -> rusqlite::Result<()> {
    let before = clock::now_ms().saturating_sub(KEPT_MS);
    connection
        .execute("DELETE FROM uploads WHERE created_ms < ?1", [before])
        .map(drop)
}

impl Store {
    /// Begins an upload; answers what the client is to call it.
    pub(crate) async fn begin_upload(&self, upload: NewUpload) -> Result<String, StoreError> {
        self.write(move |connection| {
            let bucket = bucket_id(connection, &upload.bucket)?;
            let token = format!("{:032x}", fastrand::u128(..));
            let sql = "INSERT INTO uploads (token, bucket, key, created_ms, attributes, checksum)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            connection.prepare_cached(sql)?.execute(params![
                token,
                bucket,
                upload.key.as_bytes(),
                clock::now_ms(),
                serde_json::to_string(&upload.attributes)?,
                upload.checksum,
            ])?;
            Ok(token)
        })
        .await
    }

    /// The upload that is called `token`, of this object.
    pub(crate) async fn upload(&self, bucket: String, key: String, token: String) -> Result<Upload, StoreError> {
        self.read(move |connection| find(connection, &bucket, &key, &token))
            .await
    }

    /// The uploads under way of keys that begin so, by key and then by age.
    pub(crate) async fn uploads(&self, bucket: String, prefix: String) -> Result<Vec<Upload>, StoreError> {
        self.read(move |connection| {
            let bucket = bucket_id(connection, &bucket)?;
            let sql = format!("{SELECT_UPLOAD} WHERE bucket = ?1 ORDER BY key, id");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([bucket])?;
            let mut uploads = Vec::new();
            while let Some(row) = rows.next()? {
                let upload = upload_of(row)?;
                if upload.key.starts_with(&prefix) {
                    uploads.push(upload);
                }
            }
            Ok(uploads)
        })
        .await
    }

    /// Keeps a part, in the place of one with the same number.
    pub(crate) async fn put_part(&self, upload: Upload, part: NewPart) -> Result<(), StoreError> {
        let replaced: Option<String> = self
            .write(move |connection| {
                let mut part = part;
                still_there(connection, upload.id)?;
                let sql = "SELECT file FROM parts WHERE upload = ?1 AND number = ?2";
                let replaced = connection
                    .prepare_cached(sql)?
                    .query_row(params![upload.id, part.number], |row| row.get(0))
                    .optional()?;
                part.file.keep();
                let checksum = part.checksum.as_ref().map(serde_json::to_string).transpose()?;
                let sql = "INSERT OR REPLACE INTO parts (upload, number, size, etag, checksum, modified_ms, file)
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
                connection.prepare_cached(sql)?.execute(params![
                    upload.id,
                    part.number,
                    i64::try_from(part.size).unwrap_or(i64::MAX),
                    part.etag,
                    checksum,
                    clock::now_ms(),
                    part.file.name(),
                ])?;
                Ok(replaced)
            })
            .await?;
        self.discard(replaced).await;
        Ok(())
    }

    /// The parts that are here, by number; one more than asked for if there are more.
    pub(crate) async fn parts(&self, upload: &Upload, page: PartsPage) -> Result<Vec<Part>, StoreError> {
        let upload = upload.id;
        self.read(move |connection| parts(connection, upload, page)).await
    }

    /// The bytes of a part.
    pub(crate) fn open_part(&self, part: &Part) -> Result<File, StoreError> {
        Ok(self.blobs().open(&part.file)?)
    }

    /// Makes the object visible and the upload end, together. Fails with `NoSuchUpload` if it has ended otherwise.
    pub(crate) async fn complete_upload(&self, upload: Upload, object: NewObject) -> Result<Stored, StoreError> {
        let notified = object.notify.is_some();
        let (stored, files) = self
            .write(move |connection| {
                let mut files = end(connection, upload.id)?;
                let (stored, replaced) = objects::put(connection, object)?;
                files.extend(replaced);
                Ok((stored, files))
            })
            .await?;
        if notified {
            self.ring();
        }
        self.discard(files).await;
        Ok(stored)
    }

    /// Forgets the upload and its parts.
    pub(crate) async fn abort_upload(&self, upload: Upload) -> Result<(), StoreError> {
        let files = self.write(move |connection| end(connection, upload.id)).await?;
        self.discard(files).await;
        Ok(())
    }
}

const SELECT_UPLOAD: &str = "SELECT id, token, key, created_ms, attributes, checksum FROM uploads";

fn find(connection: &Connection, bucket: &str, key: &str, token: &str) -> Result<Upload, StoreError> {
    let bucket = bucket_id(connection, bucket)?;
    let sql = format!("{SELECT_UPLOAD} WHERE token = ?1 AND bucket = ?2 AND key = ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![token, bucket, key.as_bytes()])?;
    rows.next()?.ok_or(StoreError::NoSuchUpload).and_then(upload_of)
}

fn upload_of(row: &rusqlite::Row<'_>) -> Result<Upload, StoreError> {
    let attributes: String = row.get(4)?;
    Ok(Upload {
        id: row.get(0)?,
        token: row.get(1)?,
        key: String::from_utf8_lossy(row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?).into_owned(),
        created_ms: row.get(3)?,
        attributes: serde_json::from_str(&attributes)?,
        checksum: row.get(5)?,
    })
}

fn still_there(connection: &Connection, upload: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("SELECT 1 FROM uploads WHERE id = ?1")?
        .query_row([upload], |_| Ok(()))
        .optional()?
        .ok_or(StoreError::NoSuchUpload)
}

fn parts(connection: &Connection, upload: i64, page: PartsPage) -> Result<Vec<Part>, StoreError> {
    let sql = "SELECT number, size, etag, checksum, modified_ms, file FROM parts
               WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
    let limit = i64::try_from(page.max.saturating_add(1)).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![upload, page.after, limit])?;
    let mut parts = Vec::new();
    while let Some(row) = rows.next()? {
        let checksum: Option<String> = row.get(3)?;
        parts.push(Part {
            number: row.get(0)?,
            size: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
            etag: row.get(2)?,
            checksum: checksum.map(|text| serde_json::from_str(&text)).transpose()?,
            modified_ms: row.get(4)?,
            file: row.get(5)?,
        });
    }
    Ok(parts)
}

/// Removes the rows of an upload; answers the files that nothing names then.
fn end(connection: &Connection, upload: i64) -> Result<Vec<String>, StoreError> {
    still_there(connection, upload)?;
    let files = parts(connection, upload, PartsPage::ALL)?;
    connection
        .prepare_cached("DELETE FROM uploads WHERE id = ?1")?
        .execute([upload])?;
    Ok(files.into_iter().map(|part| part.file).collect())
}
