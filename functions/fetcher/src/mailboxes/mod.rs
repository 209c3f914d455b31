//! What is remembered of each mailbox between two runs: the table `mailboxes`, which nobody else touches.
//!
//! Its partition key is `account`. One item an account says how far its mailbox has been read (the cursor), who is
//! reading it now (the lease), how the last run went and what troubles it. What POP3 messages are known goes into items
//! of its own beside it, `NAME/uidls/0` and so on: an account's name holds no slash, and one item takes 400 KB.
//!
//! Every write but the taking of a lease is on condition that the lease is still the writer's own: with each taking its
//! `fence` grows, so that a run which lost it, however late it wakes up, changes nothing any more.

mod error;
mod item;
mod tables;
mod uidls;
mod write;

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use jiff::Timestamp;
use rebound_accounts::AccountName;
use rebound_mailbox::server::{Uid, UidValidity};

pub use error::MailboxesError;
pub use uidls::{MAX_CHUNK_BYTES, UidlSet};

/// Reads and writes the table. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mailboxes {
    client: Client,
    table: String,
}

/// What is remembered of an account's mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxState {
    /// Whose it is.
    pub account: AccountName,
    /// How far it has been read.
    pub progress: Option<Progress>,
    /// The last run that ended in good order.
    pub last_run: Option<LastRun>,
    /// What ails it; `None` when the last run went well.
    pub trouble: Option<Trouble>,
    /// Who reads it now, and until when nobody else may.
    pub lease: Option<(String, Timestamp)>,
}

/// How far a mailbox has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which mailbox: `imap://USER@HOST/FOLDER`. In another one the cursor means nothing.
    pub place: String,
    /// Up to where.
    pub cursor: Cursor,
    /// Messages that were passed because they are too long, by what the server calls them, with their sizes in bytes:
    /// the first [`MAX_KEPT_OVERSIZED`].
    pub oversized: BTreeMap<String, u64>,
}

/// How many passed messages an item names. Whoever has more has another problem than their names.
pub const MAX_KEPT_OVERSIZED: usize = 100;

/// Up to where a mailbox has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// Every message up to this UID is dealt with.
    Uid {
        /// What the UID belongs to.
        validity: UidValidity,
        /// The last UID; `None` when none is dealt with.
        last: Option<Uid>,
    },
    /// Messages are known by name; so many items hold the names (see [`Mailboxes::uidls`]).
    Uidls {
        /// How many items.
        chunks: usize,
        /// How many names.
        known: usize,
    },
}

/// How a run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// Messages that were not in the archive before.
    pub new: u64,
    /// Messages that were.
    pub already_archived: u64,
    /// Messages that could not be archived.
    pub failed: u64,
    /// Messages deleted from the mailbox.
    pub deleted: u64,
    /// Messages moved to another folder.
    pub moved: u64,
    /// Messages marked read.
    pub marked_seen: u64,
    /// Messages that are still to be fetched.
    pub left: u64,
}

/// Something that keeps a mailbox from being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What kind, a stable word: `credentials` for example.
    pub kind: String,
    /// What happened, in words.
    pub words: String,
    /// What may be done about it.
    pub hint: Option<String>,
    /// When it first happened, of the times in a row.
    pub since: Timestamp,
    /// How many times in a row.
    pub failures: u32,
    /// Scheduled runs leave the mailbox alone until then.
    pub retry_after: Option<Timestamp>,
}

/// The right to read a mailbox and to say how far, until somebody else takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    account: AccountName,
    owner: String,
    fence: u64,
    until: Timestamp,
}

/// What came of asking for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// It is ours, and this is what is remembered.
    Ours(Lease, Box<MailboxState>),
    /// Somebody else's is valid.
    Held {
        /// Who.
        owner: String,
        /// Until then.
        until: Timestamp,
    },
}

impl Mailboxes {
    /// The table called `<prefix>mailboxes`, which must exist (see [`Self::ensure`]).
    pub fn new(client: &Client, prefix: &str) -> Self {
        Self {
            client: client.clone(),
            table: format!("{prefix}mailboxes"),
        }
    }

    /// What is remembered of an account; `None` when it was never read.
    pub async fn state(&self, account: &AccountName) -> Result<Option<MailboxState>, MailboxesError> {
        self.item(account.as_str())
            .await?
            .map(|item| item::state_from(item, account))
            .transpose()
    }

    /// The names of the POP3 messages that are known, as `cursor` says where they are.
    pub async fn uidls(&self, account: &AccountName, cursor: &Cursor) -> Result<UidlSet, MailboxesError> {
        let Cursor::Uidls { chunks, .. } = cursor else {
            return Ok(UidlSet::default());
        };
        let mut stored = Vec::with_capacity(*chunks);
        for chunk in 0..*chunks {
            let item = self.item(&item::uidls_key(account, chunk)).await?;
            stored.push(item.map(item::uidls_from).unwrap_or_default());
        }
        Ok(UidlSet::from_chunks(&stored))
    }

    async fn item(&self, key: &str) -> Result<Option<item::Item>, MailboxesError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("account", item::text(key))
            .consistent_read(true)
            .send()
            .await;
        Ok(answer
            .map_err(|error| MailboxesError::refused("read", key, &error))?
            .item)
    }
}

impl Lease {
    /// Whose mailbox it is.
    pub fn account(&self) -> &AccountName {
        &self.account
    }

    /// Nobody else may take it before.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Which taking of the lease it is; each is higher than the one before.
    pub fn fence(&self) -> u64 {
        self.fence
    }
}
