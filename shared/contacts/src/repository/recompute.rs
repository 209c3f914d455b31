//! Folding a contact's history again: under another policy, or without what should never have counted.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, ConditionCheck, TransactWriteItem};
use rebound_message::MessageHash;
use tokio::time::Instant;

use super::Repository;
use super::error::{ChangeError, Failure, ReadError, is_transient_code};
use super::history::{History, Incomplete};
use super::item::Stored;
use super::plan::{put_contact, put_event};
use super::read::reading;
use super::retry::Attempts;
use super::tables::Tables;
use super::write::Transacted;
use crate::address::ContactAddress;
use crate::contact::{Contact, fold};
use crate::event::{Event, EventKind, Ruling};
use crate::moment::Moment;
use crate::policy::Policy;

/// A contact as it is stored, and as its history makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recomputed {
    /// As it was stored; `None` when nothing was.
    pub before: Option<Contact>,
    /// The fold of its history. Of an incomplete one, as it was before: what is missing may be what suppresses it.
    pub after: Contact,
    /// Its history, in no particular order.
    pub events: Vec<Event>,
    /// What is missing of it.
    pub incomplete: Option<Incomplete>,
}

/// What is to be different in a contact's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// What this message says about it …
    pub message: MessageHash,
    /// … is this from now on; `None` when it says nothing any more.
    pub event: Option<Event>,
}

impl Recomputed {
    /// Whether the history makes anything else of the contact than what is stored.
    pub fn is_changed(&self) -> bool {
        match &self.before {
            Some(before) => *before != self.after,
            None => self.after.events > 0,
        }
    }

    /// The event of this message.
    pub fn event(&self, message: MessageHash) -> Option<&Event> {
        self.events.iter().find(|event| event.message == message)
    }
}

impl Repository {
    /// What the whole history of a contact makes of it under `policy`, with these edits; nothing is written.
    ///
    /// What is stored is read first and strongly consistent, the history after it. An index that lags behind is waited
    /// for; events that decide anything are read from the table itself.
    pub async fn recompute(
        &self,
        address: &ContactAddress,
        policy: &Policy,
        edits: &[Edit],
    ) -> Result<Recomputed, ReadError> {
        let mut attempts = self.attempts();
        self.try_recompute(address, policy, edits, &mut attempts)
            .await
            .map_err(reading(format!("the history of {address}")))
    }

    /// Folds a contact's history again under `policy`, and stores what comes out where that is anything new. A contact
    /// whose history is incomplete stays as it is.
    pub async fn rebuild(&self, address: &ContactAddress, policy: &Policy) -> Result<Recomputed, ChangeError> {
        let mut attempts = self.attempts();
        self.try_rebuild(address, policy, &mut attempts)
            .await
            .map_err(|failure| ChangeError::Failed {
                what: address.to_string(),
                failure,
            })
    }

    /// Takes what a message says out of a contact's history: from now on the contact is what it would be had that never
    /// happened. Doing it again changes nothing.
    ///
    /// `actor` says who decides it and `why`; it is recorded as an event of its own, so the history still tells what
    /// was discarded.
    pub async fn discard(
        &self,
        address: &ContactAddress,
        message: MessageHash,
        actor: &str,
        why: &str,
        at: Moment,
    ) -> Result<Recomputed, ChangeError> {
        let mut ruling = Event::ruling(Ruling::Discard, message, address.clone(), at);
        ruling.actor = Some(actor.to_owned());
        ruling.note = Some(why.to_owned());
        let mut attempts = self.attempts();
        loop {
            match self.try_discard(address, message, &ruling, &mut attempts).await {
                Ok(Some(recomputed)) => return Ok(recomputed),
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn try_recompute(
        &self,
        address: &ContactAddress,
        policy: &Policy,
        edits: &[Edit],
        attempts: &mut Attempts,
    ) -> Result<Recomputed, Failure> {
        loop {
            let deadline = attempts.deadline();
            let (recomputed, next) = self.folded(address, policy, edits, deadline).await?;
            if !recomputed.is_changed() {
                return Ok(recomputed);
            }
            // What was recorded between the two reads would look like a change.
            let mut now = self.stored([address.as_str()], deadline).await?.whole()?;
            if now.remove(address.as_str()).map_or(0, |stored| stored.version) == next.version {
                return Ok(recomputed);
            }
            attempts.after_conflict().await?;
        }
    }

    async fn try_rebuild(
        &self,
        address: &ContactAddress,
        policy: &Policy,
        attempts: &mut Attempts,
    ) -> Result<Recomputed, Failure> {
        loop {
            let (recomputed, next) = self.folded(address, policy, &[], attempts.deadline()).await?;
            if !recomputed.is_changed() {
                return Ok(recomputed);
            }
            let contact = written_contact(&self.tables, &next).map_err(Failure::from)?;
            if self.written(&[contact], attempts).await? {
                return Ok(recomputed);
            }
        }
    }

    /// `None` when somebody else was first.
    async fn try_discard(
        &self,
        address: &ContactAddress,
        message: MessageHash,
        ruling: &Event,
        attempts: &mut Attempts,
    ) -> Result<Option<Recomputed>, ChangeError> {
        let failed = |failure| ChangeError::Failed {
            what: address.to_string(),
            failure,
        };
        let deadline = attempts.deadline();
        let both = [message, ruling.message];
        let about = self.events_about(address, both.iter(), deadline);
        let about = about.await.map_err(failed)?;
        let find = |message: MessageHash| about.iter().find(|event| event.message == message);
        let discarded = find(message).ok_or_else(|| ChangeError::UnknownEvent {
            address: address.clone(),
            message,
        })?;
        if discarded.kind == EventKind::Ruling(Ruling::Discard) {
            return Err(ChangeError::Final { message });
        }
        let is_done = find(ruling.message).is_some();
        let edit = Edit {
            message: ruling.message,
            event: Some(find(ruling.message).unwrap_or(ruling).clone()),
        };
        let folded = self.folded(address, &self.policy, &[edit], deadline).await;
        let (recomputed, next) = folded.map_err(failed)?;
        if is_done && !recomputed.is_changed() {
            return Ok(Some(recomputed));
        }
        if let Some(missing) = recomputed.incomplete {
            let address = address.clone();
            return Err(ChangeError::Incomplete { address, missing });
        }
        let write = || -> Result<_, BuildError> {
            let contact = written_contact(&self.tables, &next)?;
            if is_done {
                return Ok(vec![contact]);
            }
            let ruling = TransactWriteItem::builder()
                .put(put_event(&self.tables, ruling)?)
                .build();
            Ok(vec![ruling, contact])
        };
        let items = write().map_err(Failure::from).map_err(failed)?;
        let written = self.written(&items, attempts).await.map_err(failed)?;
        Ok(written.then_some(recomputed))
    }

    /// The contact as its history makes it, and the same to be stored over the version it was made from.
    pub(super) async fn folded(
        &self,
        address: &ContactAddress,
        policy: &Policy,
        edits: &[Edit],
        deadline: Instant,
    ) -> Result<(Recomputed, Stored), Failure> {
        let mut attempts = Attempts::until(deadline);
        let (history, after) = loop {
            let mut history = self.history(address, deadline).await?;
            let mut after = fold_edited(address, policy, &history.events, edits);
            let is_news = |after: &Contact, history: &History| history.contact() != Some(after);
            if is_news(&after, &history) && history.incomplete.is_none() {
                // It would be written: no event may be one that was changed or taken back meanwhile.
                self.confirm(address, &mut history, deadline).await?;
                after = fold_edited(address, policy, &history.events, edits);
            }
            // What seems to be missing may have been changed after the contact was read.
            if history.incomplete.is_none() || self.is_current(&history, address, deadline).await? {
                break (history, after);
            }
            attempts.after_conflict().await?;
        };
        let History {
            stored,
            events,
            incomplete,
        } = history;
        let mut next = stored.unwrap_or_else(|| Stored::new(address));
        let before = (next.version > 0).then(|| next.contact.clone());
        if incomplete.is_none() {
            next.contact = after;
        }
        let recomputed = Recomputed {
            before,
            after: next.contact.clone(),
            events: edited(events, edits),
            incomplete,
        };
        Ok((recomputed, next))
    }

    /// Writes all of it, and says whether it did: not when somebody has changed meanwhile what it rests on.
    pub(super) async fn written(&self, items: &[TransactWriteItem], attempts: &mut Attempts) -> Result<bool, Failure> {
        match self.transact(items, attempts).await? {
            Transacted::Done => return Ok(true),
            Transacted::Cancelled(reasons) => match trouble(&reasons) {
                Trouble::Stale => attempts.after_conflict().await?,
                Trouble::Transient(code) => attempts.after_trouble(|| code).await?,
                Trouble::Refused(reason) => return Err(Failure::Refused { reason }),
            },
        }
        Ok(false)
    }
}

/// Puts the contact in the place of the version it was made from, or makes sure that there still is none
/// where none is needed.
pub(super) fn written_contact(tables: &Tables, next: &Stored) -> Result<TransactWriteItem, BuildError> {
    let item = TransactWriteItem::builder();
    if next.version > 0 || next.contact.events > 0 {
        return Ok(item.put(put_contact(tables, next)?).build());
    }
    let key = AttributeValue::S(next.contact.address.to_string());
    let none = ConditionCheck::builder()
        .table_name(&tables.contacts)
        .key("address", key)
        .condition_expression("attribute_not_exists(#address)")
        .expression_attribute_names("#address", "address")
        .build()?;
    Ok(item.condition_check(none).build())
}

/// Why a transaction was cancelled, the gravest first.
enum Trouble {
    Stale,
    Transient(String),
    Refused(String),
}

fn trouble(reasons: &[CancellationReason]) -> Trouble {
    let mut worst = Trouble::Stale;
    for reason in reasons {
        match reason.code().unwrap_or("None") {
            "None" | "ConditionalCheckFailed" | "TransactionConflict" => {}
            code if is_transient_code(code) => worst = Trouble::Transient(code.to_owned()),
            code => return Trouble::Refused(format!("{code}: {}", reason.message().unwrap_or_default())),
        }
    }
    worst
}

fn fold_edited(address: &ContactAddress, policy: &Policy, events: &[Event], edits: &[Edit]) -> Contact {
    if edits.is_empty() {
        return fold(policy, address, events);
    }
    fold(policy, address, &edited(events.to_vec(), edits))
}

fn edited(mut events: Vec<Event>, edits: &[Edit]) -> Vec<Event> {
    if edits.is_empty() {
        return events;
    }
    let edits: HashMap<_, _> = edits.iter().map(|edit| (edit.message, &edit.event)).collect();
    events.retain(|event| !edits.contains_key(&event.message));
    events.extend(edits.into_values().flatten().cloned());
    // Edits come in no order, and the same history is to be told the same way.
    events.sort_by_key(|event| (event.at, event.message));
    events
}
