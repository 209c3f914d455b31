//! Putting messages into the archive.

use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_types::base64;
use bytes::Bytes;
use rebound_accounts::Account;
use rebound_message::MessageHash;

use crate::error::{Operation, status};
use crate::{Archive, ArchiveError, ObjectKey, Provenance, metadata};

/// How often a message is put again when S3 reports that another request on its key was under way (409). That request
/// may have been this message's put, or a delete: only another try tells.
const MAX_CONFLICTS: u32 = 3;

/// A message's bytes and their hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawMessage {
    bytes: Bytes,
    hash: MessageHash,
}

/// A message that is in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Where it is.
    pub key: ObjectKey,
    /// Whether it was not there before.
    pub new: bool,
}

impl RawMessage {
    /// Hashes the message: about a millisecond for each MiB, so keep large ones off threads that must not block.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            hash: MessageHash::of(&bytes),
            bytes,
        }
    }

    /// Its bytes, as they were delivered.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Its identity.
    pub fn hash(&self) -> MessageHash {
        self.hash
    }
}

impl Archive {
    /// Stores a message of `account`, unless it is there.
    ///
    /// When this returns `Ok`, the message is durably in the archive, and its bytes are those of `message`: S3 refuses
    /// an upload whose SHA-256 is not the one in its key. A message that is there keeps its first provenance.
    pub async fn store(
        &self,
        account: &Account,
        message: &RawMessage,
        provenance: &Provenance,
    ) -> Result<Stored, ArchiveError> {
        let key = ObjectKey::new(account.name.clone(), message.hash);
        let metadata = metadata::to_user_metadata(account, provenance);
        let mut conflicts = 0;
        loop {
            let put = self
                .client
                .put_object()
                .bucket(self.bucket())
                .key(key.to_string())
                .if_none_match("*")
                .content_type("message/rfc822")
                .set_metadata(Some(metadata.clone()))
                .checksum_sha256(base64::encode(message.hash.as_bytes()))
                .body(ByteStream::from(message.bytes.clone()));
            let Err(error) = put.send().await else {
                return Ok(Stored { key, new: true });
            };
            match status(&error) {
                Some(412) => return Ok(Stored { key, new: false }),
                Some(409) if conflicts < MAX_CONFLICTS => conflicts += 1,
                _ => return Err(ArchiveError::from_sdk(&key, Operation::Store, error)),
            }
        }
    }
}
