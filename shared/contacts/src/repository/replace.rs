//! A message that was judged again: what it says now takes the place of what it said before.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use futures::{StreamExt, TryStreamExt, stream};
use rebound_message::MessageHash;

use super::Repository;
use super::error::{ChangeError, Failure, ReadError};
use super::history::{Incomplete, event_key};
use super::item::{Stored, event_to_item};
use super::plan::put_event;
use super::recompute::{Edit, Recomputed, written_contact};
use super::retry::Attempts;
use super::tables::Tables;
use crate::address::ContactAddress;
use crate::event::{Authenticity, Event, EventKind};
use crate::record::MessageRecord;

/// The attribute that differs after every change of the rules, and says nothing about a contact.
const RULES_VERSION: &str = "rules_version";

/// What a message said about one recipient, and says now. At least one of both is there.
#[derive(Clone, Debug, PartialEq)]
pub struct EventChange {
    /// What is recorded.
    pub before: Option<Event>,
    /// What takes its place.
    pub after: Option<Event>,
}

/// What replacing a message's events came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replaced {
    /// What it says otherwise, by recipient. Empty when it says the same, and then nothing was written.
    pub changes: Vec<EventChange>,
    /// The contacts concerned, before and after.
    pub contacts: Vec<(ContactAddress, Recomputed)>,
    /// Contacts about whom the message says what it said before, because not all of their history is there any more.
    pub kept: Vec<(ContactAddress, Incomplete)>,
}

impl EventChange {
    /// Whom it is about; `-` when nobody.
    pub fn recipient(&self) -> &str {
        self.either().map_or("-", Event::recipient)
    }

    /// The contact it is about.
    pub fn address(&self) -> Option<&ContactAddress> {
        self.either().and_then(|event| event.address.as_ref())
    }

    /// As a change of that contact's history.
    pub fn edit(&self) -> Option<Edit> {
        self.either().map(|event| Edit {
            message: event.message,
            event: self.after.clone(),
        })
    }

    fn either(&self) -> Option<&Event> {
        self.after.as_ref().or(self.before.as_ref())
    }
}

impl Repository {
    /// What a message would say otherwise if this were recorded in place of what is (strongly consistent).
    ///
    /// When it happened, its account, its list, its place in the archive and its expiry stay as they were recorded
    /// first. What people have decided is no part of it, nor is the version of the rules.
    pub async fn difference(&self, record: &MessageRecord) -> Result<Vec<EventChange>, ReadError> {
        let recorded: Vec<Event> = self.events_of_message(record.message()).try_collect().await?;
        let recorded: Vec<Event> = recorded.into_iter().filter(is_verdict).collect();
        let mut before: BTreeMap<String, Event> = BTreeMap::new();
        let first = recorded.first().cloned();
        for event in recorded {
            before.insert(event.recipient().to_owned(), event);
        }
        let mut changes = BTreeMap::new();
        for event in record.events() {
            let after = as_first_recorded(event, first.as_ref());
            let before = before.remove(event.recipient());
            if before.as_ref().is_none_or(|before| !says_the_same(before, &after)) {
                let change = EventChange {
                    before,
                    after: Some(after),
                };
                changes.insert(event.recipient().to_owned(), change);
            }
        }
        changes.extend(before.into_iter().map(|(recipient, gone)| {
            let change = EventChange {
                before: Some(gone),
                after: None,
            };
            (recipient, change)
        }));
        Ok(changes.into_values().collect())
    }

    /// Puts what a message says now in the place of what is recorded of it, and folds the contacts concerned again, in
    /// one transaction; when there are more of them than fit, in several, each complete in itself. Interrupted, it is
    /// made good by doing it again.
    pub async fn replace(&self, record: &MessageRecord) -> Result<Replaced, ChangeError> {
        let mut attempts = self.attempts();
        self.try_replace(record, &mut attempts)
            .await
            .map_err(|failure| ChangeError::Failed {
                what: format!("what message {} says", record.message()),
                failure,
            })
    }

    async fn try_replace(&self, record: &MessageRecord, attempts: &mut Attempts) -> Result<Replaced, Failure> {
        let mut replaced = Replaced::default();
        let mut settled = BTreeSet::new();
        loop {
            let mut changes = self.difference(record).await.map_err(|error| error.failure)?;
            changes.retain(|change| !settled.contains(change.recipient()));
            // An event is one item, its contact another.
            changes.truncate(self.transaction_items / 2);
            if changes.is_empty() {
                return Ok(replaced);
            }
            let folded = self.fold_all(&changes, attempts).await?;
            let mut part = Vec::with_capacity(changes.len());
            let mut items = Vec::with_capacity(self.transaction_items);
            for (change, folded) in changes.into_iter().zip(folded) {
                if let Some((recomputed, next)) = &folded {
                    if let Some(missing) = recomputed.incomplete {
                        settled.insert(change.recipient().to_owned());
                        replaced.kept.push((recomputed.after.address.clone(), missing));
                        continue;
                    }
                    items.push(written_contact(&self.tables, next).map_err(Failure::from)?);
                }
                items.push(written_event(&self.tables, record.message(), &change).map_err(Failure::from)?);
                part.push((change, folded));
            }
            if part.is_empty() || !self.written(&items, attempts).await? {
                continue;
            }
            for (change, folded) in part {
                settled.insert(change.recipient().to_owned());
                let contact = folded.map(|(recomputed, _)| (recomputed.after.address.clone(), recomputed));
                replaced.contacts.extend(contact);
                replaced.changes.push(change);
            }
        }
    }

    /// Whom these changes are about, with them made; `None` where they are about nobody.
    async fn fold_all(
        &self,
        changes: &[EventChange],
        attempts: &Attempts,
    ) -> Result<Vec<Option<(Recomputed, Stored)>>, Failure> {
        let folds = changes.iter().map(|change| async move {
            let (Some(address), Some(edit)) = (change.address(), change.edit()) else {
                return Ok(None);
            };
            let deadline = attempts.deadline();
            self.folded(address, &self.policy, &[edit], deadline).await.map(Some)
        });
        // Collected first: a stream of borrowing futures would ask more of the borrow checker than it can prove.
        let folds: Vec<_> = folds.collect();
        stream::iter(folds).buffered(self.concurrency).try_collect().await
    }
}

/// What people decide and bring in is theirs.
fn is_verdict(event: &Event) -> bool {
    matches!(event.kind, EventKind::Mail(_)) && event.actor.is_none()
}

fn as_first_recorded(event: &Event, first: Option<&Event>) -> Event {
    let mut event = event.clone();
    if let Some(first) = first {
        event.at = first.at;
        event.account.clone_from(&first.account);
        event.list.clone_from(&first.list);
        event.object_key.clone_from(&first.object_key);
        event.expires_at = first.expires_at;
        // What showed that it is genuine goes: ledger entries expire, and DKIM keys are taken out of DNS.
        let expires = |known: &Authenticity| matches!(known, Authenticity::Ledger | Authenticity::Dkim);
        if first.authenticity.filter(expires) > event.authenticity {
            event.authenticity = first.authenticity;
            event.proof.clone_from(&first.proof);
            event.sent_at = first.sent_at;
            event.stale = first.stale;
        }
    }
    event
}

fn says_the_same(before: &Event, after: &Event) -> bool {
    let item = |event| {
        let mut item = event_to_item(event);
        item.remove(RULES_VERSION);
        item
    };
    item(before) == item(after)
}

/// On condition that the event still is there, or still is not; what it says is guarded by its contact's version.
fn written_event(tables: &Tables, message: MessageHash, change: &EventChange) -> Result<TransactWriteItem, BuildError> {
    const IS_THERE: &str = "attribute_exists(#message)";
    let item = TransactWriteItem::builder();
    Ok(match (&change.before, &change.after) {
        (None, Some(after)) => item.put(put_event(tables, after)?),
        (_, Some(after)) => item.put(
            Put::builder()
                .table_name(&tables.events)
                .set_item(Some(event_to_item(after)))
                .condition_expression(IS_THERE)
                .expression_attribute_names("#message", "message")
                .build()?,
        ),
        (_, None) => item.delete(
            Delete::builder()
                .table_name(&tables.events)
                .set_key(Some(event_key(message, change.recipient())))
                .condition_expression(IS_THERE)
                .expression_attribute_names("#message", "message")
                .build()?,
        ),
    }
    .build())
}
