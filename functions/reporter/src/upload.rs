//! Putting objects into the bucket, whole or piece by piece.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use futures::future::try_join_all;

/// The bucket that reports are written to. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    client: Client,
    name: Arc<str>,
}

/// What the bytes of an object are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Csv,
    Html,
    Json,
}

/// An object that was not written. What was there under its key still is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("s3://{bucket}/{key} could not be written: {reason}")]
pub struct PutError {
    /// The bucket.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// S3's words, or what happened on the way.
    pub reason: String,
}

impl Bucket {
    pub(crate) fn new(client: Client, name: &str) -> Self {
        Self {
            client,
            name: name.into(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Writes an object in one go, over the one that may be there.
    pub(crate) async fn put(&self, key: &str, content: Content, bytes: Bytes) -> Result<(), PutError> {
        let put = self
            .client
            .put_object()
            .bucket(&*self.name)
            .key(key)
            .content_type(content.media_type())
            .body(ByteStream::from(bytes));
        put.send().await.map(drop).map_err(|error| self.failed(key, error))
    }

    fn failed(&self, key: &str, error: impl std::error::Error) -> PutError {
        PutError {
            bucket: self.name.to_string(),
            key: key.to_owned(),
            reason: DisplayErrorContext(error).to_string(),
        }
    }
}

impl Content {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

/// Objects with the same bytes under several keys, sent piece by piece. Nobody sees anything of them, and what is there
/// under these keys stays, until [`finish`](Self::finish).
pub(crate) struct Upload {
    bucket: Bucket,
    content: Content,
    keys: Vec<String>,
    /// Those that S3 knows of, from the first piece on.
    begun: Vec<Begun>,
}

/// An object of which S3 has pieces.
struct Begun {
    key: String,
    id: String,
    parts: Vec<CompletedPart>,
}

impl Upload {
    /// The least that S3 takes as a piece which is not the last.
    pub(crate) const LEAST_PART: usize = 5 * 1024 * 1024;

    pub(crate) fn new(bucket: Bucket, content: Content, keys: Vec<String>) -> Self {
        Self {
            bucket,
            content,
            keys,
            begun: Vec::new(),
        }
    }

    /// What the objects are called.
    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Sends a piece, of [`LEAST_PART`](Self::LEAST_PART) bytes or more.
    pub(crate) async fn send(&mut self, piece: Bytes) -> Result<(), PutError> {
        self.begin().await?;
        let bucket = &self.bucket;
        let sent = self.begun.iter_mut().map(|begun| begun.send(bucket, piece.clone()));
        try_join_all(sent).await.map(drop)
    }

    /// Sends what is left, and makes the objects visible. When they fit into one piece, that is one request each.
    pub(crate) async fn finish(&mut self, last: Bytes) -> Result<(), PutError> {
        if self.begun.is_empty() {
            let put = self.keys.iter();
            let put = put.map(|key| self.bucket.put(key, self.content, last.clone()));
            return try_join_all(put).await.map(drop);
        }
        if !last.is_empty() {
            self.send(last).await?;
        }
        while let Some(begun) = self.begun.first() {
            begun.complete(&self.bucket).await?;
            self.begun.remove(0);
        }
        Ok(())
    }

    /// Has S3 forget the pieces that never became an object. What it does not forget now, the bucket's lifecycle removes after
    /// a day.
    pub(crate) async fn abort(&mut self) {
        for Begun { key, id, .. } in self.begun.drain(..) {
            let abort = self
                .bucket
                .client
                .abort_multipart_upload()
                .bucket(&*self.bucket.name)
                .key(&key)
                .upload_id(id);
            if let Err(error) = abort.send().await {
                let reason = DisplayErrorContext(error).to_string();
                tracing::warn!(
                    key,
                    reason,
                    "pieces of an object that was given up are left for the lifecycle to remove"
                );
            }
        }
    }

    /// Tells S3 of those that it does not know of.
    async fn begin(&mut self) -> Result<(), PutError> {
        for key in self.keys.iter().skip(self.begun.len()) {
            let create = self
                .bucket
                .client
                .create_multipart_upload()
                .bucket(&*self.bucket.name)
                .key(key)
                .content_type(self.content.media_type())
                .checksum_algorithm(ChecksumAlgorithm::Crc32);
            let created = create.send().await.map_err(|error| self.bucket.failed(key, error))?;
            self.begun.push(Begun {
                key: key.clone(),
                id: created.upload_id.unwrap_or_default(),
                parts: Vec::new(),
            });
        }
        Ok(())
    }
}

impl Begun {
    async fn send(&mut self, bucket: &Bucket, piece: Bytes) -> Result<(), PutError> {
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let upload = bucket
            .client
            .upload_part()
            .bucket(&*bucket.name)
            .key(&self.key)
            .upload_id(&self.id)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(ByteStream::from(piece));
        let sent = upload.send().await.map_err(|error| bucket.failed(&self.key, error))?;
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag)
            .set_checksum_crc32(sent.checksum_crc32);
        self.parts.push(part.build());
        Ok(())
    }

    async fn complete(&self, bucket: &Bucket) -> Result<(), PutError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(self.parts.clone()));
        let complete = bucket
            .client
            .complete_multipart_upload()
            .bucket(&*bucket.name)
            .key(&self.key)
            .upload_id(&self.id)
            .multipart_upload(parts.build());
        complete
            .send()
            .await
            .map(drop)
            .map_err(|error| bucket.failed(&self.key, error))
    }
}
