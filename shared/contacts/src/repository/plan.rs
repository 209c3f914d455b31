//! One transaction: what it writes, and what its refusal means.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem};

use super::error::is_transient_code;
use super::item::{Stored, contact_to_item, event_to_item};
use super::lanes::Unit;
use super::tables::Tables;
use super::watch::{Scope, Watch};
use crate::address::ContactAddress;
use crate::contact::Change;
use crate::event::Event;
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
    /// The scopes whose claims it uses, once for each contact that it suppresses.
    pub(super) claims: Vec<Scope>,
}

/// What an item of a transaction is.
#[derive(Clone, Debug)]
enum Purpose {
    /// An event: which unit's, and which of it.
    Event(usize, usize),
    /// The contact with this key.
    Contact(String),
    /// A ruling of the circuit breaker, for this unit.
    Ruling(usize),
}

/// What a cancelled transaction says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Events that were recorded before: which unit's, and which of it.
    pub(super) recorded: BTreeSet<(usize, usize)>,
    /// Contacts that others have changed.
    pub(super) stale: BTreeSet<String>,
    /// Units, or whatever touches a contact, that DynamoDB will never take, and its words.
    pub(super) refused: BTreeMap<usize, String>,
    /// Somebody else is recording the same message right now.
    pub(super) conflict: bool,
    /// What will pass by itself, throttling for example.
    pub(super) transient: Option<String>,
}

impl Plan {
    /// A transaction that records these units, given what is known of their contacts and who watches.
    pub(super) fn new(
        policy: &Policy,
        tables: &Tables,
        units: &[Unit<'_>],
        known: &Known,
        watch: Option<&Watch>,
    ) -> Result<Self, BuildError> {
        let heard_on = watch.map(|watch| watch.now().day());
        let mut contacts: BTreeMap<String, Stored> = BTreeMap::new();
        let mut plan = Self {
            items: Vec::new(),
            purposes: Vec::new(),
            contacts: BTreeMap::new(),
            changes: Vec::new(),
            claims: Vec::new(),
        };
        for (nth, unit) in units.iter().enumerate() {
            let mut changes = Vec::new();
            for (place, event) in unit.events.iter().enumerate() {
                plan.add(Purpose::Event(nth, place), put_event(tables, event)?);
                let Some(address) = event.address.as_ref().filter(|_| policy.effect(event).is_some()) else {
                    continue;
                };
                let stored = contacts.entry(address.as_str().to_owned()).or_insert_with(|| {
                    let new = || Stored::new(address);
                    known.get(address.as_str()).cloned().unwrap_or_else(new)
                });
                let change = match watch {
                    None => stored.contact.apply(policy, event),
                    Some(watch) => {
                        let (change, claims, rulings) = watch.apply(policy, &mut stored.contact, event);
                        plan.claims.extend(claims);
                        for ruling in &rulings {
                            plan.add(Purpose::Ruling(nth), put_ruling(tables, ruling)?);
                        }
                        change
                    }
                };
                if heard_on.is_some() {
                    stored.heard_on.clone_from(&heard_on);
                }
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
                ("ConditionalCheckFailed", Purpose::Event(unit, place)) => {
                    verdict.recorded.insert((*unit, *place));
                }
                // Whoever is writing the contact right now will have changed it.
                ("ConditionalCheckFailed" | "TransactionConflict", Purpose::Contact(key)) => {
                    verdict.stale.insert(key.clone());
                }
                ("TransactionConflict", Purpose::Event(..) | Purpose::Ruling(_)) => verdict.conflict = true,
                (code, _) if is_transient_code(code) => verdict.transient = Some(code.to_owned()),
                (code, purpose) => {
                    let words = format!("{code}: {}", reason.message().unwrap_or_default());
                    let concerned = units.iter().enumerate().filter(|(nth, unit)| match purpose {
                        Purpose::Event(event_of, _) | Purpose::Ruling(event_of) => nth == event_of,
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

pub(super) fn put_event(tables: &Tables, event: &Event) -> Result<Put, BuildError> {
    Put::builder()
        .table_name(&tables.events)
        .set_item(Some(event_to_item(event)))
        .condition_expression("attribute_not_exists(#message)")
        .expression_attribute_names("#message", "message")
        .build()
}

/// The same ruling again says nothing new, so it needs no condition.
fn put_ruling(tables: &Tables, ruling: &Event) -> Result<Put, BuildError> {
    Put::builder()
        .table_name(&tables.events)
        .set_item(Some(event_to_item(ruling)))
        .build()
}

/// The contact as the version that follows the one it was read at, unless somebody else has changed it since.
pub(super) fn put_contact(tables: &Tables, stored: &Stored) -> Result<Put, BuildError> {
    let put = Put::builder()
        .table_name(&tables.contacts)
        .set_item(Some(contact_to_item(stored, stored.version + 1)));
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

#[cfg(test)]
mod tests {
    use rebound_classify::Category;
    use rebound_message::MessageHash;

    use super::*;
    use crate::event::EventKind;
    use crate::moment::Moment;

    /// Two messages about ann, one of them about bob as well: the items are three events and two contacts.
    #[test]
    fn a_cancellation_is_told_apart_by_unit_and_contact() {
        let (both, ann) = (events("both", &["ann", "bob"]), events("one", &["ann"]));
        let units = [unit(0, &both), unit(1, &ann)];
        let tables = Tables::with_prefix("");
        let plan = Plan::new(&Policy::default(), &tables, &units, &Known::new(), None).unwrap();
        assert_eq!(plan.items.len(), 5);
        let verdict = |codes: &str| {
            let reason = |code| CancellationReason::builder().code(code).message("no").build();
            let reasons: Vec<_> = codes.split_whitespace().map(reason).collect();
            plan.judge(&units, &reasons)
        };
        let none = Verdict::default;
        let stale = |keys: &[&str]| keys.iter().map(|key| format!("{key}@example.com")).collect();
        for (codes, expected) in [
            ("None None None None None", none()),
            (
                "ConditionalCheckFailed None None None None",
                Verdict {
                    recorded: [(0, 0)].into(),
                    ..none()
                },
            ),
            (
                "None ConditionalCheckFailed None None None",
                Verdict {
                    recorded: [(0, 1)].into(),
                    ..none()
                },
            ),
            (
                "None None ConditionalCheckFailed None None",
                Verdict {
                    recorded: [(1, 0)].into(),
                    ..none()
                },
            ),
            (
                "None None None ConditionalCheckFailed None",
                Verdict {
                    stale: stale(&["ann"]),
                    ..none()
                },
            ),
            (
                "None None None None TransactionConflict",
                Verdict {
                    stale: stale(&["bob"]),
                    ..none()
                },
            ),
            (
                "None None TransactionConflict None None",
                Verdict {
                    conflict: true,
                    ..none()
                },
            ),
            (
                "None ThrottlingError None None None",
                Verdict {
                    transient: Some("ThrottlingError".into()),
                    ..none()
                },
            ),
            (
                "None None ValidationError None None",
                Verdict {
                    refused: refused(&[1]),
                    ..none()
                },
            ),
            (
                "None None None None ValidationError",
                Verdict {
                    refused: refused(&[0]),
                    ..none()
                },
            ),
            (
                "None None None ValidationError None",
                Verdict {
                    refused: refused(&[0, 1]),
                    ..none()
                },
            ),
        ] {
            assert_eq!(verdict(codes), expected, "{codes}");
        }
    }

    #[test]
    fn a_contact_is_written_once_on_condition_of_what_was_read() {
        let (one, two) = (events("one", &["ann"]), events("two", &["ann"]));
        let units = [unit(0, &one), unit(1, &two)];
        let tables = Tables::with_prefix("");
        let first = Plan::new(&Policy::default(), &tables, &units[..1], &Known::new(), None).unwrap();
        let known: Known = first.contacts.into_iter().collect();
        let then = Plan::new(&Policy::default(), &tables, &units[1..], &known, None).unwrap();
        let conditions = |plan: &[TransactWriteItem]| {
            let puts = plan.iter().filter_map(TransactWriteItem::put);
            puts.map(|put| put.condition_expression().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            conditions(&first.items),
            ["attribute_not_exists(#message)", "attribute_not_exists(#address)"]
        );
        assert_eq!(
            conditions(&then.items),
            ["attribute_not_exists(#message)", "#version = :read"]
        );
        let both = Plan::new(&Policy::default(), &tables, &units, &Known::new(), None).unwrap();
        assert_eq!(both.items.len(), 3);
        let stored = &both.contacts["ann@example.com"];
        assert_eq!((stored.version, stored.contact.events), (1, 2));
    }

    fn unit(record: usize, events: &[Event]) -> Unit<'_> {
        Unit {
            record,
            first: true,
            seen: false,
            events: events.iter().collect(),
        }
    }

    fn refused(units: &[usize]) -> BTreeMap<usize, String> {
        units
            .iter()
            .map(|unit| (*unit, "ValidationError: no".to_owned()))
            .collect()
    }

    fn events(message: &str, who: &[&str]) -> Vec<Event> {
        let event = |who: &&str| {
            let address = format!("{who}@example.com").parse().unwrap();
            let kind = EventKind::Mail(Category::SoftBounce);
            Event::new(
                MessageHash::of(message.as_bytes()),
                Some(address),
                Moment::from_millis(0),
                kind,
            )
        };
        who.iter().map(event).collect()
    }
}
