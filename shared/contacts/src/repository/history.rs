//! All events of one contact, and certainty that they are all.
//!
//! They are read from an index that may lag behind the table, so what is found is measured against what the contact
//! remembers, and asked for in the table itself where that matters.

use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::TryStreamExt;
use rebound_message::MessageHash;
use tokio::time::Instant;

use super::Repository;
use super::error::Failure;
use super::item::{Item, Stored, event_from_item};
use super::retry::Attempts;
use crate::address::ContactAddress;
use crate::contact::Contact;
use crate::event::Event;
use crate::history::Shortfall;

/// How long an index is waited for that does not show what a contact has counted. It usually lags by milliseconds; what
/// it does not show by then has expired.
const INDEX_LAG: Duration = Duration::from_secs(2);

/// What is missing of a contact's history. Such a contact is not folded again: what can't be seen any more may be what
/// suppresses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incomplete {
    /// How many events the contact has counted.
    pub counted: u64,
    /// How many of the messages it remembers have no event any more.
    pub forgotten: u64,
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counted, forgotten } = self;
        write!(f, "its history is incomplete, some of its {counted} events are gone")?;
        if *forgotten > 0 {
            write!(f, " ({forgotten} that its state rests on)")?;
        }
        Ok(())
    }
}

/// A contact, and all that happened to it.
#[derive(Debug)]
pub(super) struct History {
    /// The contact as it was before its events were read; who writes it on this condition has missed nothing.
    pub(super) stored: Option<Stored>,
    /// Oldest first, as far as the index is right.
    pub(super) events: Vec<Event>,
    /// What is missing.
    pub(super) incomplete: Option<Incomplete>,
}

impl History {
    /// The contact, if there is one.
    pub(super) fn contact(&self) -> Option<&Contact> {
        self.stored.as_ref().map(|stored| &stored.contact)
    }

    fn shortfall(&self) -> Shortfall {
        self.contact()
            .map_or_else(Shortfall::default, |contact| Shortfall::of(contact, &self.events))
    }

    fn give_up(&mut self, shortfall: &Shortfall) {
        self.incomplete = Some(Incomplete {
            counted: self.contact().map_or(0, |contact| contact.events),
            forgotten: shortfall.messages.len() as u64,
        });
    }
}

impl Repository {
    /// The contact first, then its events. An index that lags is waited for.
    pub(super) async fn history(&self, address: &ContactAddress, deadline: Instant) -> Result<History, Failure> {
        let mut patience = Attempts::until(deadline.min(Instant::now() + INDEX_LAG));
        loop {
            let mut history = History {
                stored: self.stored_contact(address, deadline).await?,
                events: Vec::new(),
                incomplete: None,
            };
            let indexed = self.events_of(address).try_collect().await;
            history.events = indexed.map_err(|error| error.failure)?;
            let mut shortfall = history.shortfall();
            if !shortfall.messages.is_empty() {
                // By name they are found in the table, unless they are gone; then waiting does not bring them back.
                let found = self.events_about(address, shortfall.messages.iter(), deadline).await?;
                history.events.extend(found);
                shortfall = history.shortfall();
            }
            if shortfall.is_none() {
                return Ok(history);
            }
            let is_over = !shortfall.messages.is_empty();
            // The contact is read anew as well: its events may have been changed between the two reads.
            if patience.after_trouble(String::new).await.is_err()
                || is_over && self.is_current(&history, address, deadline).await?
            {
                history.give_up(&shortfall);
                return Ok(history);
            }
        }
    }

    /// Whether the contact is still what it was when its history was read.
    pub(super) async fn is_current(
        &self,
        history: &History,
        address: &ContactAddress,
        deadline: Instant,
    ) -> Result<bool, Failure> {
        let version = |stored: &Option<Stored>| stored.as_ref().map_or(0, |stored| stored.version);
        Ok(version(&self.stored_contact(address, deadline).await?) == version(&history.stored))
    }

    async fn stored_contact(&self, address: &ContactAddress, deadline: Instant) -> Result<Option<Stored>, Failure> {
        let mut known = self.stored([address.as_str()], deadline).await?.whole()?;
        Ok(known.remove(address.as_str()))
    }

    /// Asks the table itself for every event that the index has shown: some may have been changed or taken back since.
    pub(super) async fn confirm(
        &self,
        address: &ContactAddress,
        history: &mut History,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let shown: Vec<_> = history.events.iter().map(|event| event.message).collect();
        history.events = self.events_about(address, shown.iter(), deadline).await?;
        let shortfall = history.shortfall();
        if history.incomplete.is_none() && !shortfall.is_none() {
            history.give_up(&shortfall);
        }
        Ok(())
    }

    /// What these messages say about a contact (strongly consistent), in no particular order.
    pub(super) async fn events_about(
        &self,
        address: &ContactAddress,
        messages: impl Iterator<Item = &MessageHash>,
        deadline: Instant,
    ) -> Result<Vec<Event>, Failure> {
        let keys = messages.map(|message| event_key(*message, address.as_str()));
        let items = self.items(&self.tables.events, keys.collect(), deadline).await?;
        let events = items.into_iter().map(event_from_item);
        Ok(events.collect::<Result<_, _>>()?)
    }
}

/// The key of an event in the table.
pub(super) fn event_key(message: MessageHash, recipient: &str) -> Item {
    Item::from([
        ("message".to_owned(), AttributeValue::S(message.to_string())),
        ("recipient".to_owned(), AttributeValue::S(recipient.to_owned())),
    ])
}
