//! One transaction: what it writes, and what its refusal means.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem};

use super::error::is_transient_code;
use super::item::{Stored, contact_to_item, event_to_item};
use super::lanes::Unit;
use super::tables::Tables;
use crate::address::ContactAddress;
use crate::contact::{Change, Contact};
use crate::policy::Policy;

/// What is known of the contacts of a lane, by key.
pub(super) type Known = HashMap<String, Stored>;

/// A transaction for some units, made from what was known of their contacts.
pub(super) struct Plan {
    /// What to send.
    pub(super) items: Vec<TransactWriteItem>,
    /// What each item is, in the same order.
    purposes: Vec<Purpose>,
    /// The contacts as they are afterwards.
    pub(super) contacts: BTreeMap<String, Stored>,
    /// What each unit changes for whom.
    pub(super) changes: Vec<Vec<(ContactAddress, Change)>>,
}

/// What an item of a transaction is.
#[derive(Clone, Debug)]
enum Purpose {
    /// An event of this unit.
    Event(usize),
    /// The contact with this key.
    Contact(String),
}

/// What a cancelled transaction says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Units that were recorded before.
    pub(super) recorded: BTreeSet<usize>,
    /// Contacts that others have changed.
    pub(super) stale: BTreeSet<String>,
    /// Units, or whatever touches a contact, that DynamoDB will never take, and its words.
    pub(super) refused: BTreeMap<usize, String>,
    /// What will pass by itself: conflicts and throttling.
    pub(super) transient: Option<String>,
}

impl Plan {
    /// A transaction that records these units, given what is known of their contacts.
    pub(super) fn new(policy: &Policy, tables: &Tables, units: &[Unit<'_>], known: &Known) -> Result<Self, BuildError> {
        let mut contacts: BTreeMap<String, Stored> = BTreeMap::new();
        let mut plan = Self {
            items: Vec::new(),
            purposes: Vec::new(),
            contacts: BTreeMap::new(),
            changes: Vec::new(),
        };
        for (nth, unit) in units.iter().enumerate() {
            let mut changes = Vec::new();
            for event in unit.events {
                plan.add(Purpose::Event(nth), put_event(tables, event)?);
                let Some(address) = event.address.as_ref().filter(|_| policy.effect(event).is_some()) else {
                    continue;
                };
                let stored = contacts.entry(address.as_str().to_owned()).or_insert_with(|| {
                    let new = || Stored {
                        contact: Contact::new(address.clone()),
                        version: 0,
                    };
                    known.get(address.as_str()).cloned().unwrap_or_else(new)
                });
                let change = stored.contact.apply(policy, event);
                if change != Change::default() {
                    changes.push((address.clone(), change));
                }
            }
            plan.changes.push(changes);
        }
        for (key, stored) in &mut contacts {
            plan.add(Purpose::Contact(key.clone()), put_contact(tables, stored)?);
            stored.version += 1;
        }
        plan.contacts = contacts;
        Ok(plan)
    }

    /// Reads the reasons of a cancellation, which come in the order of the items.
    pub(super) fn judge(&self, units: &[Unit<'_>], reasons: &[CancellationReason]) -> Verdict {
        let mut verdict = Verdict::default();
        for (purpose, reason) in self.purposes.iter().zip(reasons) {
            let code = reason.code().unwrap_or("None");
            match (code, purpose) {
                ("None", _) => {}
                // Events of a unit are written together or not at all: one of them is there, all of them are.
                ("ConditionalCheckFailed", Purpose::Event(unit)) => drop(verdict.recorded.insert(*unit)),
                ("ConditionalCheckFailed", Purpose::Contact(key)) => drop(verdict.stale.insert(key.clone())),
                (code, _) if is_transient_code(code) => verdict.transient = Some(code.to_owned()),
                (code, purpose) => {
                    let words = format!("{code}: {}", reason.message().unwrap_or_default());
                    let concerned = units.iter().enumerate().filter(|(nth, unit)| match purpose {
                        Purpose::Event(event_of) => nth == event_of,
                        Purpose::Contact(key) => unit.events.iter().any(|event| event.recipient() == key),
                    });
                    verdict.refused.extend(concerned.map(|(nth, _)| (nth, words.clone())));
                }
            }
        }
        verdict
    }

    fn add(&mut self, purpose: Purpose, put: Put) {
        self.purposes.push(purpose);
        self.items.push(TransactWriteItem::builder().put(put).build());
    }
}

fn put_event(tables: &Tables, event: &crate::event::Event) -> Result<Put, BuildError> {
    Put::builder()
        .table_name(&tables.events)
        .set_item(Some(event_to_item(event)))
        .condition_expression("attribute_not_exists(#message)")
        .expression_attribute_names("#message", "message")
        .build()
}

fn put_contact(tables: &Tables, stored: &Stored) -> Result<Put, BuildError> {
    let put = Put::builder()
        .table_name(&tables.contacts)
        .set_item(Some(contact_to_item(&stored.contact, stored.version + 1)));
    if stored.version == 0 {
        put.condition_expression("attribute_not_exists(#address)")
            .expression_attribute_names("#address", "address")
    } else {
        put.condition_expression("#version = :read")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":read", AttributeValue::N(stored.version.to_string()))
    }
    .build()
}
