//! Which messages of a batch go together.
//!
//! Two transactions that write the same contact at the same time cost one of them a retry. So messages that share a
//! contact are put into one lane, where transactions follow one another; lanes share no contact and run side by side.

use std::collections::HashMap;

use crate::address::ContactAddress;
use crate::event::Event;

/// What is recorded all or nothing: a message, or, when it charges more contacts than a transaction takes, a part of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unit<'a> {
    /// Which message of the batch.
    pub(super) record: usize,
    /// Whether it is the message or its first part, which says whether the message is new.
    pub(super) first: bool,
    pub(super) events: &'a [Event],
}

impl Unit<'_> {
    /// How many items it takes at most: the events and their contacts.
    pub(super) fn items(&self) -> usize {
        let contacts = self.events.iter().filter(|event| event.address.is_some()).count();
        self.events.len() + contacts
    }

    fn contacts(&self) -> impl Iterator<Item = &str> {
        self.events
            .iter()
            .filter_map(|event| event.address.as_ref().map(ContactAddress::as_str))
    }
}

/// Sorts units into lanes: those that share contacts, directly or through others, into the same, and as many as fit
/// one transaction of `items` items. Order is kept within a lane.
pub(super) fn lanes(units: Vec<Unit<'_>>, items: usize) -> Vec<Vec<Unit<'_>>> {
    let mut lanes: Vec<Vec<Unit<'_>>> = Vec::new();
    let mut room = 0_usize;
    for group in groups(units) {
        let size: usize = group.iter().map(Unit::items).sum();
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

    use super::*;
    use crate::event::EventKind;
    use crate::moment::Moment;
    use rebound_message::MessageHash;

    #[test]
    fn units_that_share_contacts_share_a_lane() {
        for (units, items, expected) in [
            ("a b c", 2, "0 | 1 | 2"),
            ("a b c", 4, "0 1 | 2"),
            ("a b a", 2, "0 2 | 1"),
            ("a b ab c", 2, "0 1 2 | 3"),
            ("ab cd bc ef da", 2, "0 1 2 4 | 3"),
            ("a a a b", 2, "0 1 2 | 3"),
            ("- - a -", 4, "0 1 2 | 3"),
            ("- - a -", 5, "0 1 2 3"),
            ("", 2, ""),
        ] {
            let events: Vec<Vec<Event>> = units.split_whitespace().map(events).collect();
            let units = events.iter().enumerate().map(|(record, events)| Unit {
                record,
                first: true,
                events,
            });
            let lanes = lanes(units.collect(), items);
            let told = lanes.iter().map(|lane| {
                let lane: Vec<_> = lane.iter().map(|unit| unit.record.to_string()).collect();
                lane.join(" ")
            });
            assert_eq!(told.collect::<Vec<_>>().join(" | "), expected);
        }
    }

    fn events(contacts: &str) -> Vec<Event> {
        let event = |contact: char| {
            let address = (contact != '-').then(|| format!("{contact}@example.com").parse().unwrap());
            let kind = EventKind::Mail(Category::SoftBounce);
            Event::new(MessageHash::of(b"message"), address, Moment::from_millis(0), kind)
        };
        contacts.chars().map(event).collect()
    }
}
