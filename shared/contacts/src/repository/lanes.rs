//! Which messages of a batch go together.
//!
//! Two transactions that write the same contact at the same time cost one of them a retry. So messages that share a
//! contact are put into one lane, where transactions follow one another; lanes share no contact and run side by side.

use std::collections::{HashMap, HashSet};

use crate::address::ContactAddress;
use crate::event::Event;
use crate::record::MessageRecord;

/// The most events of one message in one transaction: each may come with its contact and a ruling of the circuit
/// breaker, and DynamoDB takes 100 items.
const MAX_EVENTS: usize = 33;

/// What is recorded all or nothing: a message, or, when it charges more contacts than a transaction takes, a part of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unit<'a> {
    /// Which message of the batch.
    pub(super) record: usize,
    /// Whether this decides if the message is new: so does its first part.
    pub(super) first: bool,
    /// Whether some of its events turned out to be recorded already.
    pub(super) seen: bool,
    /// Those that are not, as far as is known.
    pub(super) events: Vec<&'a Event>,
}

impl<'a> Unit<'a> {
    /// The units of a message.
    pub(super) fn all(record: usize, message: &'a MessageRecord) -> impl Iterator<Item = Self> {
        let parts = message.events().chunks(MAX_EVENTS).enumerate();
        parts.map(move |(part, events)| Self {
            record,
            first: part == 0,
            seen: false,
            events: events.iter().collect(),
        })
    }

    /// Leaves out the events at these places: they were recorded already.
    pub(super) fn forget(&mut self, recorded: impl Fn(usize) -> bool) {
        let mut place = 0..;
        let before = self.events.len();
        self.events.retain(|_| !place.next().is_some_and(&recorded));
        self.seen |= self.events.len() < before;
    }

    pub(super) fn contacts(&self) -> impl Iterator<Item = &'a str> + use<'_, 'a> {
        self.events
            .iter()
            .filter_map(|event| event.address.as_ref().map(ContactAddress::as_str))
    }
}

/// What units take in one transaction, at most: an item for every event, and one for every contact however many of them
/// charge it.
#[derive(Debug, Default)]
pub(super) struct Load<'a> {
    events: usize,
    contacts: HashSet<&'a str>,
}

impl<'a> Load<'a> {
    /// How many items it is.
    pub(super) fn items(&self) -> usize {
        self.events + self.contacts.len()
    }

    /// Adds a unit, unless it would be more than `limit` items then. One that is too large alone is taken alone.
    pub(super) fn takes(&mut self, unit: &Unit<'a>, limit: usize) -> bool {
        let new: HashSet<_> = unit.contacts().filter(|key| !self.contacts.contains(key)).collect();
        let fits = self.items() + unit.events.len() + new.len() <= limit;
        if self.events > 0 && !fits {
            return false;
        }
        self.events += unit.events.len();
        self.contacts.extend(new);
        true
    }
}

/// Sorts units into lanes: those that share contacts, directly or through others, into the same, and as many as fit
/// one transaction of `items` items. Order is kept within a lane.
pub(super) fn lanes(units: Vec<Unit<'_>>, items: usize) -> Vec<Vec<Unit<'_>>> {
    let mut lanes: Vec<Vec<Unit<'_>>> = Vec::new();
    let mut room = 0_usize;
    for group in groups(units) {
        let mut load = Load::default();
        for unit in &group {
            load.takes(unit, usize::MAX);
        }
        let size = load.items();
        match lanes.last_mut() {
            Some(lane) if size <= room => {
                lane.extend(group);
                room -= size;
            }
            _ => {
                lanes.push(group);
                room = items.saturating_sub(size);
            }
        }
    }
    lanes
}

/// Units connected by contacts, in the order of their first unit.
fn groups(units: Vec<Unit<'_>>) -> Vec<Vec<Unit<'_>>> {
    let mut leaders = Leaders((0..units.len()).collect());
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (nth, unit) in units.iter().enumerate() {
        for contact in unit.contacts() {
            leaders.join(*seen.entry(contact).or_insert(nth), nth);
        }
    }
    let leaders: Vec<usize> = (0..units.len()).map(|nth| leaders.of(nth)).collect();
    let mut places = HashMap::new();
    let mut groups: Vec<Vec<Unit<'_>>> = Vec::new();
    for (unit, leader) in units.into_iter().zip(leaders) {
        let place = *places.entry(leader).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(unit),
            None => groups.push(vec![unit]),
        }
    }
    groups
}

/// Disjoint sets: each points towards the first of its set.
struct Leaders(Vec<usize>);

impl Leaders {
    fn of(&mut self, mut member: usize) -> usize {
        loop {
            let next = self.0.get(member).copied().unwrap_or(member);
            if next == member {
                return member;
            }
            // Halve the path on the way.
            let after = self.0.get(next).copied().unwrap_or(next);
            if let Some(entry) = self.0.get_mut(member) {
                *entry = after;
            }
            member = after;
        }
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.of(a), self.of(b));
        if let Some(entry) = self.0.get_mut(a.max(b)) {
            *entry = a.min(b);
        }
    }
}

#[cfg(test)]
mod tests {
    use rebound_classify::Category;
    use rebound_message::MessageHash;

    use super::*;
    use crate::event::EventKind;
    use crate::moment::Moment;

    #[test]
    fn units_that_share_contacts_share_a_lane() {
        for (units, items, expected) in [
            ("a b c", 2, "0 | 1 | 2"),
            ("a b c", 4, "0 1 | 2"),
            ("a b a", 2, "0 2 | 1"),
            ("a b ab c", 2, "0 1 2 | 3"),
            ("ab cd bc ef da", 2, "0 1 2 4 | 3"),
            ("a a a b", 2, "0 1 2 | 3"),
            // Four messages about one contact are five items.
            ("a a a a b", 7, "0 1 2 3 4"),
            ("a a a a b", 6, "0 1 2 3 | 4"),
            ("- - a -", 4, "0 1 2 | 3"),
            ("- - a -", 5, "0 1 2 3"),
            ("", 2, ""),
        ] {
            let records: Vec<_> = units.split_whitespace().map(message).collect();
            let units = records
                .iter()
                .enumerate()
                .flat_map(|(nth, record)| Unit::all(nth, record));
            let lanes = lanes(units.collect(), items);
            let told = lanes.iter().map(|lane| {
                let lane: Vec<_> = lane.iter().map(|unit| unit.record.to_string()).collect();
                lane.join(" ")
            });
            assert_eq!(told.collect::<Vec<_>>().join(" | "), expected);
        }
    }

    #[test]
    fn a_message_with_many_contacts_is_parted() {
        let event = |nth| event(Some(&format!("contact{nth}")));
        let record = MessageRecord::new((0..120).map(event).collect()).unwrap();
        let parts: Vec<_> = Unit::all(0, &record)
            .map(|unit| {
                let mut load = Load::default();
                assert!(load.takes(&unit, 100));
                (unit.first, unit.events.len(), load.items())
            })
            .collect();
        assert_eq!(
            parts,
            [(true, 33, 66), (false, 33, 66), (false, 33, 66), (false, 21, 42)]
        );
    }

    fn message(contacts: &str) -> MessageRecord {
        let contacts = contacts.chars().map(String::from);
        let events = contacts.map(|contact| event(Some(&contact).filter(|contact| *contact != "-")));
        MessageRecord::new(events.collect()).unwrap()
    }

    fn event(contact: Option<&String>) -> Event {
        let address = contact.map(|contact| format!("{contact}@example.com").parse().unwrap());
        let kind = EventKind::Mail(Category::SoftBounce);
        Event::new(MessageHash::of(b"message"), address, Moment::from_millis(0), kind)
    }
}
