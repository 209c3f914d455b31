//! Items: how a mailbox looks in DynamoDB. Absent values are absent attributes; times are text that sorts as time does.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::num::NonZeroU32;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use rebound_accounts::AccountName;
use rebound_mailbox::server::{Uid, UidValidity};

use super::{Cursor, LastRun, Lease, MailboxState, MailboxesError, Progress, Trouble};

/// What DynamoDB calls an item.
pub(super) type Item = HashMap<String, AttributeValue>;

/// Attributes to be written; `None` removes one.
pub(super) type Changes = Vec<(&'static str, Option<AttributeValue>)>;

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn number(number: impl Display) -> AttributeValue {
    AttributeValue::N(format!("{number}"))
}

/// Milliseconds, always three digits of them, so that text sorts as time does.
pub(super) fn time(at: Timestamp) -> AttributeValue {
    text(format!("{at:.3}"))
}

/// The partition key of a chunk of names. No account can be called so.
pub(super) fn uidls_key(account: &AccountName, chunk: usize) -> String {
    format!("{account}/uidls/{chunk}")
}

pub(super) fn uidls_item(account: &AccountName, chunk: usize, names: Vec<u8>) -> Item {
    HashMap::from([
        ("account".to_owned(), text(uidls_key(account, chunk))),
        ("uidls".to_owned(), AttributeValue::B(Blob::new(names))),
    ])
}

pub(super) fn uidls_from(mut item: Item) -> Vec<u8> {
    match item.remove("uidls") {
        Some(AttributeValue::B(names)) => names.into_inner(),
        _ => Vec::new(),
    }
}

pub(super) fn progress_changes(progress: &Progress) -> Changes {
    let (mut validity, mut uid, mut chunks, mut known) = (None, None, None, None);
    match progress.cursor {
        Cursor::Uid { validity: value, last } => {
            validity = Some(number(value.0));
            uid = last.map(|last| number(last.0));
        }
        Cursor::Uidls {
            chunks: count,
            known: names,
        } => {
            chunks = Some(number(count));
            known = Some(number(names));
        }
    }
    let oversized: HashMap<_, _> = progress
        .oversized
        .iter()
        .map(|(name, bytes)| (name.clone(), number(bytes)))
        .collect();
    vec![
        ("place", Some(text(&progress.place))),
        ("uid_validity", validity),
        ("last_uid", uid),
        ("uidl_chunks", chunks),
        ("uidls_known", known),
        (
            "oversized",
            (!oversized.is_empty()).then_some(AttributeValue::M(oversized)),
        ),
    ]
}

pub(super) fn run_changes(run: &LastRun) -> Changes {
    vec![
        ("last_started_at", Some(time(run.started_at))),
        ("last_finished_at", Some(time(run.finished_at))),
        ("last_new", Some(number(run.new))),
        ("last_already_archived", Some(number(run.already_archived))),
        ("last_failed", Some(number(run.failed))),
        ("last_deleted", Some(number(run.deleted))),
        ("last_moved", Some(number(run.moved))),
        ("last_marked_seen", Some(number(run.marked_seen))),
        ("last_left", Some(number(run.left))),
    ]
}

pub(super) fn trouble_changes(trouble: Option<&Trouble>) -> Changes {
    vec![
        ("error_kind", trouble.map(|trouble| text(&trouble.kind))),
        ("error", trouble.map(|trouble| text(&trouble.words))),
        (
            "error_hint",
            trouble.and_then(|trouble| trouble.hint.as_deref()).map(text),
        ),
        ("error_since", trouble.map(|trouble| time(trouble.since))),
        ("failures", trouble.map(|trouble| number(trouble.failures))),
        ("retry_after", trouble.and_then(|trouble| trouble.retry_after).map(time)),
    ]
}

pub(super) fn lease_from(
    item: &Item,
    account: &AccountName,
    owner: &str,
    until: Timestamp,
) -> Result<Lease, MailboxesError> {
    let mut reader = Reader::new(item.clone(), account);
    Ok(Lease {
        account: account.clone(),
        owner: owner.to_owned(),
        fence: reader.needed("fence")?,
        until,
    })
}

/// Whose lease it is, and until when.
pub(super) fn held_from(item: Item, account: &AccountName) -> Result<(String, Timestamp), MailboxesError> {
    let mut reader = Reader::new(item, account);
    Ok((reader.needed("lease_owner")?, reader.needed("lease_expires_at")?))
}

pub(super) fn state_from(item: Item, account: &AccountName) -> Result<MailboxState, MailboxesError> {
    let mut item = Reader::new(item, account);
    let lease = match item.read("lease_owner")? {
        Some(owner) => Some((owner, item.needed("lease_expires_at")?)),
        None => None,
    };
    Ok(MailboxState {
        account: account.clone(),
        progress: item.progress()?,
        last_run: item.last_run()?,
        trouble: item.trouble()?,
        lease,
    })
}

/// An item being read. Values are taken out of it.
struct Reader<'a> {
    item: Item,
    account: &'a AccountName,
}

impl<'a> Reader<'a> {
    fn new(item: Item, account: &'a AccountName) -> Self {
        Self { item, account }
    }

    fn progress(&mut self) -> Result<Option<Progress>, MailboxesError> {
        let Some(place) = self.read("place")? else {
            return Ok(None);
        };
        let cursor = if let Some(validity) = self.read::<NonZeroU32>("uid_validity")? {
            Cursor::Uid {
                validity: UidValidity(validity),
                last: self.read("last_uid")?.map(Uid),
            }
        } else {
            Cursor::Uidls {
                chunks: self.read("uidl_chunks")?.unwrap_or_default(),
                known: self.read("uidls_known")?.unwrap_or_default(),
            }
        };
        Ok(Some(Progress {
            place,
            cursor,
            oversized: self.oversized()?,
        }))
    }

    fn oversized(&mut self) -> Result<BTreeMap<String, u64>, MailboxesError> {
        let Some(AttributeValue::M(entries)) = self.item.remove("oversized") else {
            return Ok(BTreeMap::new());
        };
        entries
            .into_iter()
            .map(|(name, bytes)| match bytes {
                AttributeValue::N(digits) => digits.parse().map(|bytes| (name, bytes)).ok(),
                _ => None,
            })
            .map(|entry| entry.ok_or_else(|| self.damaged("oversized", "no map of sizes")))
            .collect()
    }

    fn last_run(&mut self) -> Result<Option<LastRun>, MailboxesError> {
        let Some(started_at) = self.read("last_started_at")? else {
            return Ok(None);
        };
        Ok(Some(LastRun {
            started_at,
            finished_at: self.needed("last_finished_at")?,
            new: self.needed("last_new")?,
            already_archived: self.needed("last_already_archived")?,
            failed: self.needed("last_failed")?,
            deleted: self.needed("last_deleted")?,
            moved: self.needed("last_moved")?,
            marked_seen: self.needed("last_marked_seen")?,
            left: self.needed("last_left")?,
        }))
    }

    fn trouble(&mut self) -> Result<Option<Trouble>, MailboxesError> {
        let Some(kind) = self.read("error_kind")? else {
            return Ok(None);
        };
        Ok(Some(Trouble {
            kind,
            words: self.needed("error")?,
            hint: self.read("error_hint")?,
            since: self.needed("error_since")?,
            failures: self.needed("failures")?,
            retry_after: self.read("retry_after")?,
        }))
    }

    /// Text or a number, as the attribute's own type writes itself.
    fn read<T: FromStr>(&mut self, attribute: &'static str) -> Result<Option<T>, MailboxesError> {
        match self.item.remove(attribute) {
            None => Ok(None),
            Some(AttributeValue::S(text) | AttributeValue::N(text)) => text
                .parse()
                .map(Some)
                .map_err(|_| self.damaged(attribute, &format!("unreadable: {text:?}"))),
            Some(_) => Err(self.damaged(attribute, "neither text nor a number")),
        }
    }

    fn needed<T: FromStr>(&mut self, attribute: &'static str) -> Result<T, MailboxesError> {
        self.read(attribute)?.ok_or_else(|| self.damaged(attribute, "missing"))
    }

    fn damaged(&self, attribute: &'static str, trouble: &str) -> MailboxesError {
        MailboxesError::Damaged {
            account: self.account.clone(),
            attribute,
            trouble: trouble.to_owned(),
        }
    }
}
