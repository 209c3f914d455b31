//! Raw messages in S3.
//!
//! [`Archive`] stores every message once, under a key made of its own SHA-256, and never overwrites or deletes one.
//! Storing a message again therefore changes nothing, and whoever has stored a message may forget about it.
//!
//! ```no_run
//! # async fn example(client: aws_sdk_s3::Client, now: jiff::Timestamp) -> Result<(), Box<dyn std::error::Error>> {
//! use rebound_accounts::Account;
//! use rebound_archive::{Archive, Provenance, RawMessage, ReadLimits, FoundAs};
//!
//! let archive = Archive::new(client, "messages");
//! let account = Account::new("news".parse()?);
//! let provenance = Provenance { found_as: FoundAs::Source("box.mbox#17".into()), fetched_at: now };
//! let message = RawMessage::new(b"From: mailer-daemon@example.com\r\n\r\nNo such user\r\n".to_vec());
//! let stored = archive.store(&account, &message, &provenance).await?;
//! assert!(stored.new);
//! let message = archive.read(&stored.key, ReadLimits { head: 1_000_000, tail: 100_000 }).await?;
//! assert!(message.is_complete());
//! # Ok(())
//! # }
//! ```

mod error;
mod inbound;
mod key;
mod list;
mod metadata;
mod read;
mod store;

pub use error::{ArchiveError, Operation};
pub use inbound::{InboundError, InboundKey};
pub use key::{InvalidObjectKey, ObjectKey};
pub use list::ListError;
pub use metadata::{FoundAs, Metadata, Provenance};
pub use read::{ArchivedMessage, ReadLimits};
pub use store::{RawMessage, Stored};

use std::sync::Arc;

/// The archive of raw messages: one bucket. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Archive {
    client: aws_sdk_s3::Client,
    bucket: Arc<str>,
}

impl Archive {
    /// The archive in `bucket`, as `client` reaches it.
    pub fn new(client: aws_sdk_s3::Client, bucket: &str) -> Self {
        Self {
            client,
            bucket: bucket.into(),
        }
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }
}
