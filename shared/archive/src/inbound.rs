//! Messages that somebody else puts into the bucket: Amazon SES, for an address whose mail it receives.

use std::error::Error;
use std::fmt;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use jiff::Timestamp;
use rebound_accounts::{Account, AccountName};

use crate::error::{reason, status};
use crate::{Archive, ArchiveError, FoundAs, Provenance, RawMessage, Stored};

/// What the keys of such messages begin with.
const PREFIX: &str = "inbound/";

/// What SES writes below a prefix when a receipt rule is made. It is no mail.
const SETUP_NOTICE: &str = "AMAZON_SES_SETUP_NOTIFICATION";

/// The longest that is taken in, in bytes. SES delivers up to 40 MB to a bucket.
const MAX_BYTES: i64 = 48 * 1024 * 1024;

/// The key of a message that waits to be archived: `inbound/<account>/<anything>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundKey {
    account: AccountName,
    key: String,
}

/// Why a message was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum InboundError {
    /// There is no such object.
    #[error("{0} is not in the bucket")]
    NotFound(InboundKey),
    /// It is longer than any mail that SES delivers.
    #[error("{key} has {bytes} bytes, and no mail of more than {MAX_BYTES} is taken in")]
    TooLong {
        /// Which.
        key: InboundKey,
        /// How long it is, in bytes.
        bytes: i64,
    },
    /// S3 did not give it.
    #[error("{key} could not be read: {reason}")]
    Unread {
        /// Which.
        key: InboundKey,
        /// S3's words, or what happened on the way.
        reason: String,
        /// The SDK's error.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It was read, and the archive did not take it.
    #[error(transparent)]
    Unstored(#[from] ArchiveError),
}

impl InboundKey {
    /// Takes a key apart, as it is in S3; `None` when no message waits there.
    pub fn parse(key: &str) -> Option<Self> {
        let (account, name) = key.strip_prefix(PREFIX)?.split_once('/')?;
        let is_message = !name.is_empty() && !name.ends_with('/') && !name.ends_with(SETUP_NOTICE);
        let account = account.parse().ok()?;
        is_message.then(|| Self {
            account,
            key: key.to_owned(),
        })
    }

    /// The account whose mail it is.
    pub fn account(&self) -> &AccountName {
        &self.account
    }
}

impl fmt::Display for InboundKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

impl InboundError {
    /// Whether the object is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }
}

impl Archive {
    /// Stores the message at `key` in the archive, unless it is there. It counts as fetched when it was put there, so
    /// taking it in again changes nothing; `now` stands in for that time where S3 does not tell it. The object itself is
    /// left as it is.
    pub async fn take_in(&self, key: &InboundKey, now: Timestamp) -> Result<Stored, InboundError> {
        let get = self.client.get_object().bucket(self.bucket()).key(&key.key);
        let object = get.send().await.map_err(|error| unread(key, error))?;
        let bytes = object.content_length().unwrap_or_default();
        if bytes > MAX_BYTES {
            return Err(InboundError::TooLong {
                key: key.clone(),
                bytes,
            });
        }
        let provenance = Provenance {
            found_as: FoundAs::Source(key.key.clone()),
            fetched_at: put_at(&object).unwrap_or(now),
        };
        let bytes = object.body.collect().await.map_err(|error| InboundError::Unread {
            key: key.clone(),
            reason: format!("the answer broke off: {error}"),
            source: Box::new(error),
        })?;
        let message = RawMessage::new(bytes.into_bytes());
        Ok(self
            .store(&Account::new(key.account.clone()), &message, &provenance)
            .await?)
    }
}

fn unread(key: &InboundKey, error: SdkError<GetObjectError>) -> InboundError {
    let is_missing = |error: &GetObjectError| error.is_no_such_key();
    let not_found = error.as_service_error().is_some_and(is_missing) || status(&error) == Some(404);
    if not_found {
        return InboundError::NotFound(key.clone());
    }
    InboundError::Unread {
        key: key.clone(),
        reason: reason(&error),
        source: Box::new(error),
    }
}

fn put_at(object: &GetObjectOutput) -> Option<Timestamp> {
    let at = object.last_modified()?;
    Timestamp::from_second(at.secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_account_and_no_other_object_is_a_message() {
        for key in ["inbound/news/0a1b2c3d4e5f", "inbound/news/2026/11/some+file é.eml"] {
            let parsed = InboundKey::parse(key).unwrap();
            assert_eq!((parsed.account().as_str(), &*parsed.to_string()), ("news", key));
        }
        for key in [
            "inbound/",
            "inbound/news",
            "inbound/news/",
            "inbound/news/folder/",
            "inbound/No Name/message",
            "inbound/news/AMAZON_SES_SETUP_NOTIFICATION",
            "raw/news/message",
        ] {
            assert_eq!(InboundKey::parse(key), None, "{key}");
        }
    }
}
