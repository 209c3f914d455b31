//! Whether the events that were found are all that a contact was made of.
//!
//! Events are read from an index that may lag behind, and may have expired. A contact that is folded again from less
//! than it was made of would forget a hard bounce, so whatever its state remembers must be found first.

use std::collections::{BTreeSet, HashSet};

use rebound_classify::Category;
use rebound_message::MessageHash;

use crate::contact::{Contact, Counters};
use crate::event::{Event, EventKind, ManualAction};
use crate::moment::Moment;

/// What a contact knows of and its history does not tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shortfall {
    /// Messages that it remembers.
    pub(crate) messages: BTreeSet<MessageHash>,
    /// How many events more than there are it has counted, of some kind or of all kinds; and whether it remembers a
    /// time at which nothing happened.
    pub(crate) uncounted: u64,
}

impl Shortfall {
    /// What of `contact` these events, in any order, do not account for. Policies may have changed between: events that
    /// a contact has not counted are no shortfall.
    pub(crate) fn of(contact: &Contact, events: &[Event]) -> Self {
        let told: HashSet<_> = events.iter().map(|event| event.message).collect();
        let remembered = contact.journal.remembered(&contact.address);
        Self {
            messages: remembered.filter(|message| !told.contains(message)).collect(),
            uncounted: uncounted(contact, events).max(untimed(contact, events)),
        }
    }

    /// Whether there is none.
    pub(crate) fn is_none(&self) -> bool {
        self.messages.is_empty() && self.uncounted == 0
    }
}

fn uncounted(contact: &Contact, events: &[Event]) -> u64 {
    let discarded: HashSet<_> = events.iter().filter_map(Event::discards).collect();
    let mut seen = discarded.clone();
    let (mut total, mut counters) = (0_u64, Counters::default());
    for event in events {
        let is_ruled_out = event.about.is_some_and(|about| discarded.contains(&about));
        if is_ruled_out || !seen.insert(event.message) {
            continue;
        }
        total += 1;
        if let Some(category) = event.kind.category() {
            counters.count(category);
        }
    }
    let known = &contact.counters;
    let pairs = [
        (contact.events, total),
        (known.hard_bounces, counters.hard_bounces),
        (known.soft_bounces, counters.soft_bounces),
        (known.unknown_bounces, counters.unknown_bounces),
        (known.blocks, counters.blocks),
        (known.complaints, counters.complaints),
        (known.auto_replies, counters.auto_replies),
        (known.delivered, counters.delivered),
    ];
    let short = pairs.into_iter().map(|(counted, found)| counted.saturating_sub(found));
    short.max().unwrap_or_default()
}

/// Deliveries and the last reactivation are remembered by their time alone.
fn untimed(contact: &Contact, events: &[Event]) -> u64 {
    let times = |kind: EventKind| -> HashSet<Moment> {
        let such = events.iter().filter(|event| event.kind == kind);
        such.map(|event| event.at).collect()
    };
    let delivered = times(EventKind::Mail(Category::Delivered));
    let reactivated = times(EventKind::Manual(ManualAction::Reactivate));
    let deliveries = contact.journal.deliveries().filter(|at| !delivered.contains(at));
    let reactivations = contact.reactivated_at().filter(|at| !reactivated.contains(at));
    deliveries.count() as u64 + u64::from(reactivations.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::ContactAddress;
    use crate::contact::fold;
    use crate::event::Ruling;
    use crate::policy::Policy;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn ann() -> ContactAddress {
        "ann@example.com".parse().unwrap()
    }

    fn event(name: &str, day: i64, kind: EventKind) -> Event {
        let message = MessageHash::of(name.as_bytes());
        Event::new(message, Some(ann()), Moment::from_millis(day * DAY), kind)
    }

    fn life() -> Vec<Event> {
        let mail = |name, day, category| event(name, day, EventKind::Mail(category));
        let bounce = mail("bounce", 9, Category::HardBounce);
        vec![
            mail("vacation", 1, Category::OutOfOffice),
            event("by hand", 2, EventKind::Manual(ManualAction::Reactivate)),
            mail("full", 3, Category::SoftBounce),
            mail("arrived", 4, Category::Delivered),
            mail("full again", 5, Category::SoftBounce),
            mail("moved", 6, Category::AddressChange),
            mail("no more", 7, Category::Complaint),
            Event::ruling(Ruling::Hold, bounce.message, ann(), Moment::from_millis(9 * DAY)),
            bounce,
            mail("vacation again", 11, Category::OutOfOffice),
        ]
    }

    #[test]
    fn whichever_event_is_missing_it_is_missed() {
        let life = life();
        let contact = fold(&Policy::default(), &ann(), &life);
        assert!(Shortfall::of(&contact, &life).is_none());
        for nth in 0..life.len() {
            let mut rest = life.clone();
            let lost = rest.remove(nth);
            assert!(!Shortfall::of(&contact, &rest).is_none(), "{lost:?}");
        }
    }

    #[test]
    fn what_decides_is_missed_by_name_whatever_else_was_never_counted() {
        let mut events = life();
        let contact = fold(&Policy::default(), &ann(), &events);
        let more = |nth: u8| event(&nth.to_string(), 20, EventKind::Mail(Category::HardBounce));
        events.extend((0..9).map(more));
        assert!(Shortfall::of(&contact, &events).is_none());
        for name in ["bounce", "no more", "full", "full again", "vacation", "vacation again"] {
            let message = MessageHash::of(name.as_bytes());
            let rest: Vec<_> = events
                .iter()
                .filter(|event| event.message != message)
                .cloned()
                .collect();
            assert_eq!(Shortfall::of(&contact, &rest).messages, [message].into(), "{name}");
        }
    }

    #[test]
    fn a_discarded_event_and_its_ruling_do_not_stand_in_for_another() {
        let mut events = life();
        let bounce = MessageHash::of(b"bounce");
        events.push(Event::ruling(
            Ruling::Discard,
            bounce,
            ann(),
            Moment::from_millis(12 * DAY),
        ));
        let contact = fold(&Policy::default(), &ann(), &events);
        assert!(Shortfall::of(&contact, &events).is_none());
        events.remove(0);
        assert!(!Shortfall::of(&contact, &events).is_none());
    }
}
