//! Items: how events and contacts look in DynamoDB. Absent values are absent attributes.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use rebound_classify::Address;

use super::error::DamagedItem;
use super::read::Unmailable;
use super::reports::SENT;
use crate::address::ContactAddress;
use crate::brief::ContactBrief;
use crate::contact::{Contact, Counters, LastVerdict};
use crate::decision::{Held, HeldBecause, Suppression};
use crate::event::Event;
use crate::journal::Journal;
use crate::moment::Moment;
use crate::sent::Sent;

/// The attributes that say what suppresses a contact.
const SUPPRESSED: [&str; 3] = ["suppressed_cause", "suppressed_at", "suppressed_by"];

/// The attributes that say what would, if it were not held.
const HELD: [&str; 3] = ["held_cause", "held_at", "held_by"];

/// What DynamoDB calls an item.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A contact as it was read, and the version it had.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) contact: Contact,
    /// 0 when there was no item.
    pub(super) version: u64,
    /// The UTC day on which mail about it was last recorded, `2026-11-21`.
    pub(super) heard_on: Option<String>,
}

impl Stored {
    /// One that is not stored yet.
    pub(super) fn new(address: &ContactAddress) -> Self {
        Self {
            contact: Contact::new(address.clone()),
            version: 0,
            heard_on: None,
        }
    }
}

pub(super) fn event_to_item(event: &Event) -> Item {
    let mut item = Attributes::default();
    item.text("message", Some(event.message));
    item.text("recipient", Some(event.recipient()));
    item.address(event.address.as_ref());
    item.text("at", Some(event.at));
    item.text("day", Some(event.day()));
    item.text("category", Some(event.kind));
    item.text("severity", Some(event.severity));
    item.text("reason", Some(event.reason));
    item.text("account", event.account.as_ref());
    item.text("list", event.list.as_ref());
    item.text("campaign", event.campaign.as_ref());
    item.text("status", event.status);
    item.text("reply", event.reply);
    item.text("diagnostic", event.diagnostic.as_ref());
    item.text("final_recipient", event.final_recipient.as_ref());
    item.text("provider", event.provider.as_ref());
    item.text("reporting_mta", event.reporting_mta.as_ref());
    item.text("original_message_id", event.original_message_id.as_ref());
    item.text("original_subject", event.original_subject.as_ref());
    item.text("object_key", event.object_key.as_ref());
    item.text("rule", event.rule.as_ref());
    item.text("rules_version", event.rules_version.as_ref());
    item.text("evidence", event.evidence.as_ref());
    item.text("own_category", event.own_category.as_ref());
    item.text("new_address", event.new_address.as_ref());
    item.text("authenticity", event.authenticity);
    item.text("proof", event.proof.as_ref());
    item.text("sent_at", event.sent_at);
    item.flag("stale", event.stale);
    item.text("server", event.server.as_ref());
    item.number("expires_at", event.expires_at.map(|at| at.timestamp().as_second()));
    item.text("actor", event.actor.as_ref());
    item.text("note", event.note.as_ref());
    item.text("about", event.about);
    item.0
}

pub(super) fn event_from_item(item: Item) -> Result<Event, DamagedItem> {
    let mut item = Reader::new(item, "message");
    let proof: Option<String> = item.read("proof")?;
    Ok(Event {
        message: item.needed("message")?,
        address: item.address()?,
        at: item.needed("at")?,
        kind: item.needed("category")?,
        severity: item.needed("severity")?,
        reason: item.needed("reason")?,
        account: item.read("account")?,
        list: item.read("list")?,
        campaign: item.read("campaign")?,
        status: item.read("status")?,
        reply: item.read("reply")?,
        diagnostic: item.read("diagnostic")?,
        final_recipient: item.mail_address("final_recipient")?,
        provider: item.read("provider")?,
        reporting_mta: item.read("reporting_mta")?,
        original_message_id: item.read("original_message_id")?,
        original_subject: item.read("original_subject")?,
        object_key: item.read("object_key")?,
        rule: item.read("rule")?,
        rules_version: item.read("rules_version")?,
        evidence: item.read("evidence")?,
        own_category: item.read("own_category")?,
        new_address: item.mail_address("new_address")?,
        // Before anybody asked, all were said to be `none`, and nothing was said about why.
        authenticity: item.read("authenticity")?.filter(|_| proof.is_some()),
        proof,
        sent_at: item.read("sent_at")?,
        stale: item.flag("stale")?,
        server: item.read("server")?,
        expires_at: item
            .number("expires_at")?
            .map(|seconds: i64| Moment::from_millis(seconds.saturating_mul(1000))),
        actor: item.read("actor")?,
        note: item.read("note")?,
        about: item.read("about")?,
    })
}

/// An event as reports look at it, of an item that may carry no more than that.
pub(super) fn reported_from_item(item: Item) -> Result<Event, DamagedItem> {
    let mut item = Reader::new(item, "message");
    let (message, address) = (item.needed("message")?, item.address()?);
    let mut event = Event::new(message, address, item.needed("at")?, item.needed("category")?);
    event.reason = item.needed("reason")?;
    event.account = item.read("account")?;
    event.list = item.read("list")?;
    event.campaign = item.read("campaign")?;
    event.diagnostic = item.read("diagnostic")?;
    event.provider = item.read("provider")?;
    event.original_message_id = item.read("original_message_id")?;
    event.object_key = item.read("object_key")?;
    event.evidence = item.read("evidence")?;
    event.new_address = item.mail_address("new_address")?;
    event.about = item.read("about")?;
    Ok(event)
}

pub(super) fn contact_to_item(Stored { contact, heard_on, .. }: &Stored, version: u64) -> Item {
    let mut item = Attributes::default();
    item.address(Some(&contact.address));
    item.text("domain", contact.address.domain());
    item.text("status", Some(contact.status()));
    item.text(
        "suppressed_cause",
        contact.suppression.map(|suppression| suppression.cause),
    );
    item.text("suppressed_at", contact.suppression.map(|suppression| suppression.at));
    item.text("suppressed_by", contact.suppression.map(|suppression| suppression.by));
    item.text("held_cause", contact.held.map(|held| held.cause));
    item.text("held_at", contact.held.map(|held| held.at));
    item.text("held_by", contact.held.map(|held| held.by));
    item.text("held_because", contact.held.map(|held| held.because));
    item.number("hard_bounces", Some(contact.counters.hard_bounces));
    item.number("soft_bounces", Some(contact.counters.soft_bounces));
    item.number("soft_streak", Some(contact.soft_streak));
    item.number("unknown_bounces", Some(contact.counters.unknown_bounces));
    item.number("blocks", Some(contact.counters.blocks));
    item.number("complaints", Some(contact.counters.complaints));
    item.number("auto_replies", Some(contact.counters.auto_replies));
    item.number("delivered", Some(contact.counters.delivered));
    item.number("events", Some(contact.events));
    item.text("first_event_at", contact.first_event_at);
    item.text("last_event_at", contact.last_event_at);
    if let Some(last) = &contact.last_verdict {
        item.text("last_category", Some(last.category));
        item.text("last_reason", Some(last.reason));
        item.text("last_status", last.status);
        item.text("last_diagnostic", last.diagnostic.as_ref());
    }
    item.text("new_address", contact.new_address.as_ref());
    item.text("reactivated_at", contact.reactivated_at());
    if !contact.unsubscribed_lists.is_empty() {
        item.put(
            "unsubscribed_lists",
            AttributeValue::Ss(contact.unsubscribed_lists.clone()),
        );
    }
    item.put("journal", AttributeValue::B(Blob::new(contact.journal.encode())));
    item.text("heard_on", heard_on.as_ref());
    item.number("version", Some(version));
    item.0
}

pub(super) fn contact_from_item(item: Item) -> Result<Stored, DamagedItem> {
    let mut item = Reader::new(item, "address");
    let journal = item.journal()?;
    let address = item.address()?.ok_or_else(|| item.damaged("address", "missing"))?;
    let suppression = item.suppression(SUPPRESSED)?;
    let held = item.held()?;
    let last_verdict = match item.read("last_category")? {
        None => None,
        Some(category) => Some(LastVerdict {
            category,
            reason: item.needed("last_reason")?,
            status: item.read("last_status")?,
            diagnostic: item.read("last_diagnostic")?,
        }),
    };
    let contact = Contact {
        suppression,
        held,
        counters: Counters {
            hard_bounces: item.count("hard_bounces")?,
            soft_bounces: item.count("soft_bounces")?,
            unknown_bounces: item.count("unknown_bounces")?,
            blocks: item.count("blocks")?,
            complaints: item.count("complaints")?,
            auto_replies: item.count("auto_replies")?,
            delivered: item.count("delivered")?,
        },
        soft_streak: item.number("soft_streak")?.unwrap_or_default(),
        events: item.count("events")?,
        first_event_at: item.read("first_event_at")?,
        last_event_at: item.read("last_event_at")?,
        last_verdict,
        new_address: item.mail_address("new_address")?,
        unsubscribed_lists: item.texts("unsubscribed_lists")?,
        journal,
        address,
    };
    Ok(Stored {
        contact,
        version: item.count("version")?,
        heard_on: item.read("heard_on")?,
    })
}

/// Who must not be mailed, of an item that may carry no more than that.
pub(super) fn unmailable_from_item(item: Item, list: Option<&str>) -> Result<Unmailable, DamagedItem> {
    let mut item = Reader::new(item, "address");
    let suppression = match item.read("suppressed_cause")? {
        None => None,
        Some(cause) => Some((cause, item.needed("suppressed_at")?)),
    };
    let left_at = match list {
        None => None,
        Some(list) => item.journal()?.left_at(list),
    };
    Ok(Unmailable {
        suppression,
        left_at,
        address: item.key,
    })
}

/// A contact in short, of an item that may carry no more than that.
pub(super) fn brief_from_item(item: Item) -> Result<ContactBrief, DamagedItem> {
    let mut item = Reader::new(item, "address");
    let Some(address) = item.address()? else {
        return Err(item.damaged("address", "missing"));
    };
    Ok(ContactBrief {
        address,
        suppression: item.suppression(SUPPRESSED)?,
        held: item.held()?,
        soft_streak: item.number("soft_streak")?.unwrap_or_default(),
        last_reason: item.read("last_reason")?,
        last_diagnostic: item.read("last_diagnostic")?,
    })
}

pub(super) fn sent_to_item(sent: &Sent) -> Item {
    let mut item = Attributes::default();
    item.text("message", Some(SENT));
    item.text("recipient", Some(sent.key()));
    item.text("campaign", Some(&sent.campaign));
    item.text("list", sent.list.as_ref());
    item.text("domain", sent.domain.as_ref());
    item.number("sent", Some(sent.count));
    item.text("sent_at", Some(sent.at));
    item.0
}

pub(super) fn sent_from_item(item: Item) -> Result<Sent, DamagedItem> {
    let mut item = Reader::new(item, "recipient");
    Ok(Sent {
        campaign: item.needed("campaign")?,
        list: item.read("list")?,
        domain: item.read("domain")?,
        count: item.count("sent")?,
        at: item.needed("sent_at")?,
    })
}

/// An item being written.
#[derive(Default)]
pub(super) struct Attributes(pub(super) Item);

impl Attributes {
    fn put(&mut self, name: &str, value: AttributeValue) {
        self.0.insert(name.to_owned(), value);
    }

    pub(super) fn text(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(name, AttributeValue::S(value.to_string()));
        }
    }

    pub(super) fn number(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(name, AttributeValue::N(value.to_string()));
        }
    }

    /// Absent unless it is so.
    fn flag(&mut self, name: &str, is_so: bool) {
        if is_so {
            self.put(name, AttributeValue::Bool(true));
        }
    }

    /// The key, and the spelling where it differs.
    fn address(&mut self, address: Option<&ContactAddress>) {
        self.text("address", address);
        self.text(
            "spelling",
            address
                .map(ContactAddress::spelling)
                .filter(|spelling| address.is_some_and(|address| address.as_str() != *spelling)),
        );
    }
}

/// An item being read. Values are taken out of it.
pub(super) struct Reader {
    item: Item,
    key: String,
}

impl Reader {
    pub(super) fn new(item: Item, partition: &str) -> Self {
        let key = item
            .get(partition)
            .and_then(|key| key.as_s().ok())
            .cloned()
            .unwrap_or_default();
        Self { item, key }
    }

    pub(super) fn read<T: FromStr>(&mut self, attribute: &'static str) -> Result<Option<T>, DamagedItem> {
        match self.item.remove(attribute) {
            None => Ok(None),
            Some(AttributeValue::S(text)) => text
                .parse()
                .map(Some)
                .map_err(|_| self.damaged(attribute, format!("no {attribute}: {text:?}"))),
            Some(_) => Err(self.damaged(attribute, "no string")),
        }
    }

    pub(super) fn needed<T: FromStr>(&mut self, attribute: &'static str) -> Result<T, DamagedItem> {
        self.read(attribute)?.ok_or_else(|| self.damaged(attribute, "missing"))
    }

    pub(super) fn number<T: FromStr>(&mut self, attribute: &'static str) -> Result<Option<T>, DamagedItem> {
        match self.item.remove(attribute) {
            None => Ok(None),
            Some(AttributeValue::N(digits)) => digits
                .parse()
                .map(Some)
                .map_err(|_| self.damaged(attribute, format!("out of range: {digits}"))),
            Some(_) => Err(self.damaged(attribute, "no number")),
        }
    }

    fn flag(&mut self, attribute: &'static str) -> Result<bool, DamagedItem> {
        match self.item.remove(attribute) {
            None => Ok(false),
            Some(AttributeValue::Bool(is_so)) => Ok(is_so),
            Some(_) => Err(self.damaged(attribute, "neither true nor false")),
        }
    }

    fn count(&mut self, attribute: &'static str) -> Result<u64, DamagedItem> {
        self.number(attribute).map(Option::unwrap_or_default)
    }

    fn suppression(&mut self, [cause, at, by]: [&'static str; 3]) -> Result<Option<Suppression>, DamagedItem> {
        let Some(cause) = self.read(cause)? else {
            return Ok(None);
        };
        Ok(Some(Suppression {
            cause,
            at: self.needed(at)?,
            by: self.needed(by)?,
        }))
    }

    fn held(&mut self) -> Result<Option<Held>, DamagedItem> {
        // Once there was nothing but the circuit breaker.
        let because = self.read("held_because")?.unwrap_or(HeldBecause::Breaker);
        let held = self.suppression(HELD)?;
        Ok(held.map(|Suppression { cause, at, by }| Held { cause, at, by, because }))
    }

    fn address(&mut self) -> Result<Option<ContactAddress>, DamagedItem> {
        let Some(address) = self.read::<ContactAddress>("address")? else {
            return Ok(None);
        };
        let spelling: Option<String> = self.read("spelling")?;
        Ok(Some(spelling.map_or_else(
            || address.clone(),
            |spelling| address.spelled(&spelling),
        )))
    }

    /// A set, sorted; empty when it is absent.
    fn texts(&mut self, attribute: &'static str) -> Result<Vec<String>, DamagedItem> {
        match self.item.remove(attribute) {
            None => Ok(Vec::new()),
            Some(AttributeValue::Ss(mut texts)) => {
                texts.sort_unstable();
                Ok(texts)
            }
            Some(_) => Err(self.damaged(attribute, "no set of strings")),
        }
    }

    fn mail_address(&mut self, attribute: &'static str) -> Result<Option<Address>, DamagedItem> {
        let Some(text) = self.read::<String>(attribute)? else {
            return Ok(None);
        };
        Address::parse(&text)
            .map(Some)
            .ok_or_else(|| self.damaged(attribute, format!("no address: {text:?}")))
    }

    fn journal(&mut self) -> Result<Journal, DamagedItem> {
        match self.item.remove("journal") {
            Some(AttributeValue::B(bytes)) => {
                Journal::decode(bytes.as_ref()).map_err(|invalid| self.damaged("journal", invalid))
            }
            _ => Err(self.damaged("journal", "missing")),
        }
    }

    fn damaged(&self, attribute: &'static str, trouble: impl Display) -> DamagedItem {
        DamagedItem {
            key: self.key.clone(),
            attribute,
            trouble: trouble.to_string(),
        }
    }
}
