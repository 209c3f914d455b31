//! Getting messages out of the archive.

use std::ops::Range;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use rebound_message::MessageHash;

use crate::error::{Operation, status};
use crate::{Archive, ArchiveError, Metadata, ObjectKey};

/// How much of a message is read. What a message is, stands at its beginning; what it is about, near its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// The most bytes from the beginning; at least 1.
    pub head: u64,
    /// The most bytes from the end.
    pub tail: u64,
}

/// A message from the archive, or its head and tail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedMessage {
    /// The message; where it is longer than the limits, its head and directly behind it its tail.
    pub bytes: Bytes,
    /// How long the whole message is, in bytes.
    pub total_length: u64,
    /// Which bytes of the whole message were left out, if any.
    pub omitted: Option<Range<u64>>,
    /// What else is known about it.
    pub metadata: Metadata,
}

impl ArchivedMessage {
    /// Whether nothing was left out.
    pub fn is_complete(&self) -> bool {
        self.omitted.is_none()
    }
}

impl Archive {
    /// Reads the message at `key`: all of it, in one request, when it is no longer than both limits together, and else
    /// its head and its tail.
    ///
    /// A message that was read to the end is checked against the SHA-256 in its key.
    pub async fn read(&self, key: &ObjectKey, limits: ReadLimits) -> Result<ArchivedMessage, ArchiveError> {
        let head = limits.head.max(1);
        let first = self.get(key, 0..head.saturating_add(limits.tail)).await?;
        let metadata = first.metadata().map(Metadata::from_user_metadata).unwrap_or_default();
        let total_length = total_length(&first);
        let mut bytes = Vec::with_capacity(in_memory(total_length.min(head.saturating_add(limits.tail))));
        append(key, &mut bytes, first.body).await?;

        if bytes.len() >= in_memory(total_length) {
            if MessageHash::of(&bytes) != key.hash() {
                return Err(ArchiveError::Damaged { key: key.clone() });
            }
            return Ok(ArchivedMessage {
                bytes: bytes.into(),
                total_length,
                omitted: None,
                metadata,
            });
        }

        let tail_start = total_length.saturating_sub(limits.tail);
        bytes.truncate(in_memory(head));
        if limits.tail > 0 {
            append(key, &mut bytes, self.get(key, tail_start..total_length).await?.body).await?;
        }
        Ok(ArchivedMessage {
            bytes: bytes.into(),
            total_length,
            omitted: Some(head..tail_start),
            metadata,
        })
    }

    async fn get(&self, key: &ObjectKey, range: Range<u64>) -> Result<GetObjectOutput, ArchiveError> {
        let get = || self.client.get_object().bucket(self.bucket()).key(key.to_string());
        let last = range.end.saturating_sub(1);
        match get().range(format!("bytes={}-{last}", range.start)).send().await {
            // No range fits an empty object.
            Err(error) if status(&error) == Some(416) => get().send().await,
            answer => answer,
        }
        .map_err(|error| ArchiveError::from_sdk(key, Operation::Read, error))
    }
}

async fn append(key: &ObjectKey, bytes: &mut Vec<u8>, mut body: ByteStream) -> Result<(), ArchiveError> {
    loop {
        match body.try_next().await {
            Ok(Some(part)) => bytes.extend_from_slice(&part),
            Ok(None) => return Ok(()),
            Err(error) => {
                return Err(ArchiveError::Refused {
                    key: key.clone(),
                    operation: Operation::Read,
                    reason: format!("the answer broke off: {error}"),
                    retryable: true,
                    source: Box::new(error),
                });
            }
        }
    }
}

fn in_memory(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// The length of the whole object: what stands behind the slash in `Content-Range: bytes 0-99/1234` (RFC 9110, section
/// 14.4), or else the length of the answer.
fn total_length(answer: &GetObjectOutput) -> u64 {
    let total = answer
        .content_range()
        .and_then(|range| range.rsplit_once('/')?.1.parse().ok());
    total.unwrap_or_else(|| {
        answer
            .content_length()
            .and_then(|length| u64::try_from(length).ok())
            .unwrap_or_default()
    })
}
