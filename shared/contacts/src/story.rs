//! What a policy makes of a contact's history, event by event.

use std::collections::HashSet;

use crate::address::ContactAddress;
use crate::contact::{Change, Contact};
use crate::decision::Suppression;
use crate::event::{Event, EventKind, Ruling};
use crate::journal::Soft;
use crate::moment::Moment;
use crate::policy::{Belief, Effect, Policy, SoftLimit};

/// A contact's history, told in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Story<'a> {
    /// Its events, each once, and what came of them.
    pub steps: Vec<Step<'a>>,
    /// The contact that they make: the [`fold`](crate::fold) of them.
    pub contact: Contact,
    /// When the counted failures of a contact that is not suppressed will all be, or were, forgotten.
    pub streak_ends_at: Option<Moment>,
}

/// An event, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'a> {
    /// The event.
    pub event: &'a Event,
    /// What came of it when its turn came.
    pub outcome: Outcome,
}

/// What came of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It suppressed the contact.
    Suppressed {
        /// Since when and why.
        suppression: Suppression,
        /// Where it completed a streak: how many counted failures that were.
        streak: Option<u32>,
    },
    /// It would have suppressed the contact, and the circuit breaker holds it.
    Held,
    /// It would have suppressed the contact, or taken it off a list, were it sure that it is not forged.
    Doubted,
    /// It counted, as this many of so many failures that suppress.
    Counted {
        /// How many they were with it.
        streak: u32,
        /// How many suppress.
        threshold: u32,
    },
    /// The contact was suppressed and is active again.
    Reactivated,
    /// So many counted failures were forgotten.
    Restarted(u32),
    /// The contact is off this list from then on.
    Left(String),
    /// The contact is on its lists again.
    Rejoined,
    /// It is itself a ruling, on this other event; what came of it is told there.
    Rules(Ruling),
    /// It changed nothing but the counters.
    Recorded(Why),
    /// The contact knows nothing of it.
    LeftOut(Why),
}

/// Why an event changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The policy says only to record what it says.
    Policy,
    /// Nothing suppresses this contact.
    Protected,
    /// The contact was suppressed already.
    AlreadySuppressed,
    /// It was so already.
    AlreadySo,
    /// Another report about the same sent message had been counted.
    SameMessage,
    /// Another failure of the same day had been counted.
    SameDay,
    /// A later decision, which is dated the same or was made before it, had forgotten what happened up to then.
    Reactivated,
    /// Somebody discarded it.
    Discarded,
    /// It came too long after the mail that it is about.
    Stale,
    /// It is not sure that it is not forged.
    Unproven,
}

impl<'a> Story<'a> {
    /// Tells what these events did to `address` under this policy. Their order does not matter, nor do repetitions;
    /// events about other addresses are left out.
    pub fn new(policy: &Policy, address: &ContactAddress, events: &'a [Event]) -> Self {
        let mut seen = HashSet::new();
        let mut events: Vec<&Event> = events
            .iter()
            .filter(|event| event.address.as_ref() == Some(address) && seen.insert(event.message))
            .collect();
        events.sort_by_key(|event| (event.at, event.message));
        let discarded: HashSet<_> = events.iter().filter_map(|event| event.discards()).collect();
        let gone = |event: &Event| {
            discarded.contains(&event.message) || event.about.is_some_and(|about| discarded.contains(&about))
        };

        let mut contact = Contact::new(address.clone());
        // A suppression is held as it happens, whenever the ruling was written down.
        let is_hold = |event: &Event| event.kind == EventKind::Ruling(Ruling::Hold);
        for hold in events.iter().filter(|event| is_hold(event) && !gone(event)) {
            contact.apply(policy, hold);
        }
        let mut steps = Vec::with_capacity(events.len());
        for event in events {
            let outcome = match event.kind {
                EventKind::Ruling(ruling @ (Ruling::Hold | Ruling::Discard)) => Outcome::Rules(ruling),
                _ if gone(event) => Outcome::LeftOut(Why::Discarded),
                _ => take_in(&mut contact, policy, event),
            };
            steps.push(Step { event, outcome });
        }
        let streak_ends_at = streak_ends_at(policy, &contact);
        Self {
            steps,
            contact,
            streak_ends_at,
        }
    }
}

/// Applies an event and tells what changed.
fn take_in(contact: &mut Contact, policy: &Policy, event: &Event) -> Outcome {
    let Some(effect) = policy.effect(event) else {
        return Outcome::LeftOut(Why::Policy);
    };
    let before = contact.clone();
    let change = contact.apply(policy, event);
    let about = event.sent_at.map_or(event.at, |sent_at| sent_at.min(event.at));
    let is_past = before.reactivated_at().is_some_and(|reactivated| about <= reactivated);
    let is_believed = !matches!(effect, Effect::Suppress(belief) | Effect::Leave(belief) if belief != Belief::Believed);
    match (effect, change) {
        (
            effect,
            Change {
                suppressed: Some(suppression),
                ..
            },
        ) => Outcome::Suppressed {
            suppression,
            streak: matches!(effect, Effect::Count(..)).then_some(contact.soft_streak),
        },
        (_, Change { held: Some(_), .. }) => Outcome::Held,
        (_, Change { doubted: Some(_), .. }) => Outcome::Doubted,
        (_, Change { reactivated: true, .. }) => Outcome::Reactivated,
        (
            Effect::Leave(_) | Effect::Release(_),
            Change {
                unsubscribed: Some(list),
                ..
            },
        ) => Outcome::Left(list),
        (Effect::Leave(_), _) if contact.unsubscribed_lists.is_empty() && policy.protects(&contact.address) => {
            Outcome::Recorded(Why::Protected)
        }
        (Effect::Rejoin, _) if contact.unsubscribed_lists.len() < before.unsubscribed_lists.len() => Outcome::Rejoined,
        (Effect::Restart | Effect::Reactivate, _) if before.soft_streak > contact.soft_streak => {
            Outcome::Restarted(before.soft_streak)
        }
        (Effect::Count(..) | Effect::Suppress(_), _) if is_past => Outcome::Recorded(Why::Reactivated),
        (Effect::Count(..) | Effect::Suppress(_), _) if contact.journal.is_old_report(event) => {
            Outcome::Recorded(Why::SameMessage)
        }
        (Effect::Count(_, Belief::Doubted), _) => Outcome::Recorded(Why::Unproven),
        (Effect::Count(limit, belief), _) => {
            let limit = limit.unwrap_or(policy.soft_limit);
            count(&before, contact, event, limit, belief == Belief::Claimed)
        }
        (Effect::Suppress(_), _) if policy.protects(&contact.address) => Outcome::Recorded(Why::Protected),
        (Effect::Suppress(_), _) if before.is_held_by_breaker() && contact.suppression.is_none() => Outcome::Held,
        (Effect::Suppress(_) | Effect::Leave(_), _) if !is_believed && contact.held.is_some() => Outcome::Doubted,
        (Effect::Suppress(_), _) => Outcome::Recorded(Why::AlreadySuppressed),
        (Effect::Release(_), _) => Outcome::Rules(Ruling::Release),
        (Effect::Hold(_), _) => Outcome::Rules(Ruling::Hold),
        (Effect::Reactivate | Effect::Leave(_) | Effect::Rejoin, _) => Outcome::Recorded(Why::AlreadySo),
        (Effect::Nothing, _) if event.stale => Outcome::Recorded(Why::Stale),
        (Effect::Nothing | Effect::Restart, _) => Outcome::Recorded(Why::Policy),
    }
}

/// What came of a failure that counts and did not suppress.
fn count(before: &Contact, contact: &Contact, event: &Event, limit: SoftLimit, is_claim: bool) -> Outcome {
    let counted = |is_twin: &dyn Fn(&Soft) -> bool| before.journal.counted().any(is_twin);
    let sent = contact
        .journal
        .counted()
        .find(|soft| soft.stamp.message == event.message)
        .and_then(|soft| soft.sent);
    if sent.is_some() && counted(&|soft| soft.sent == sent) {
        return Outcome::Recorded(Why::SameMessage);
    }
    if (limit.once_a_day() || is_claim) && counted(&|soft| soft.stamp.at.day() == event.at.day()) {
        return Outcome::Recorded(Why::SameDay);
    }
    Outcome::Counted {
        streak: contact.soft_streak,
        threshold: limit.threshold(),
    }
}

fn streak_ends_at(policy: &Policy, contact: &Contact) -> Option<Moment> {
    if contact.suppression.is_some() || contact.soft_streak == 0 {
        return None;
    }
    let last = contact.journal.counted().last()?;
    let window = last.limit.unwrap_or(policy.soft_limit).window_millis()?;
    Some(Moment::from_millis(last.stamp.at.as_millis().saturating_add(window)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rebound_classify::Category;
    use rebound_message::MessageHash;

    use super::*;
    use crate::contact::fold;
    use crate::event::ManualAction;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn ann() -> ContactAddress {
        "ann@example.com".parse().unwrap()
    }

    fn event(nth: u8, at: i64, kind: EventKind) -> Event {
        Event::new(MessageHash::of(&[nth]), Some(ann()), Moment::from_millis(at), kind)
    }

    fn about(ruling: Ruling, nth: u8, at: i64) -> Event {
        Event::ruling(ruling, MessageHash::of(&[nth]), ann(), Moment::from_millis(at))
    }

    fn told(policy: &Policy, events: &[Event]) -> Vec<String> {
        let story = Story::new(policy, &ann(), events);
        let word = |outcome: &Outcome| match outcome {
            Outcome::Suppressed { suppression, streak } => format!("suppressed by {} {streak:?}", suppression.cause),
            other => format!("{other:?}"),
        };
        story.steps.iter().map(|step| word(&step.outcome)).collect()
    }

    #[test]
    fn every_event_has_its_outcome() {
        let soft = EventKind::Mail(Category::SoftBounce);
        let hard = EventKind::Mail(Category::HardBounce);
        let delivered = EventKind::Mail(Category::Delivered);
        let reactivate = EventKind::Manual(ManualAction::Reactivate);
        let suppress = EventKind::Manual(ManualAction::Suppress);
        let sent = |mut event: Event, id: &str| {
            event.original_message_id = Some(id.to_owned());
            event
        };
        let on = |mut event: Event| {
            event.list = Some("news".to_owned());
            event
        };
        let policy = Policy {
            soft_limit: SoftLimit::new(3, 10, false).unwrap(),
            ..Policy::default()
        };
        for (events, expected) in [
            (
                vec![
                    sent(event(1, 0, soft), "a"),
                    sent(event(2, 1, soft), "a"),
                    event(3, 2, soft),
                    event(4, 3, EventKind::Mail(Category::SenderBlocked)),
                    event(5, 4, soft),
                    event(6, 5, hard),
                    event(7, 6, reactivate),
                    event(8, 7, soft),
                    event(9, 8, delivered),
                    event(10, 9, delivered),
                    event(11, 10, EventKind::Mail(Category::Unrecognised)),
                ],
                vec![
                    "Counted { streak: 1, threshold: 3 }",
                    "Recorded(SameMessage)",
                    "Counted { streak: 2, threshold: 3 }",
                    "Recorded(Policy)",
                    "suppressed by soft-bounce Some(3)",
                    "Recorded(AlreadySuppressed)",
                    "Reactivated",
                    "Counted { streak: 1, threshold: 3 }",
                    "Restarted(1)",
                    "Recorded(Policy)",
                    "LeftOut(Policy)",
                ],
            ),
            (
                // The window slides.
                vec![event(1, 0, soft), event(2, DAY, soft), event(3, 11 * DAY, soft)],
                vec![
                    "Counted { streak: 1, threshold: 3 }",
                    "Counted { streak: 2, threshold: 3 }",
                    "Counted { streak: 1, threshold: 3 }",
                ],
            ),
            (
                vec![
                    event(1, 0, hard),
                    about(Ruling::Hold, 1, 5),
                    event(2, 6, soft),
                    about(Ruling::Release, 1, 7),
                ],
                vec![
                    "Held",
                    "Rules(Hold)",
                    "Counted { streak: 1, threshold: 3 }",
                    "suppressed by hard-bounce None",
                ],
            ),
            (
                vec![event(1, 0, hard), event(2, 1, hard), about(Ruling::Discard, 1, 2)],
                vec!["LeftOut(Discarded)", "suppressed by hard-bounce None", "Rules(Discard)"],
            ),
            (
                vec![
                    on(event(1, 0, suppress)),
                    on(event(2, 1, suppress)),
                    on(event(3, 2, reactivate)),
                    on(event(4, 3, reactivate)),
                    event(5, 4, suppress),
                    event(6, 5, reactivate),
                    event(7, 6, reactivate),
                ],
                vec![
                    "Left(\"news\")",
                    "Recorded(AlreadySo)",
                    "Rejoined",
                    "Recorded(AlreadySo)",
                    "suppressed by manual None",
                    "Reactivated",
                    "Recorded(AlreadySo)",
                ],
            ),
        ] {
            assert_eq!(told(&policy, &events), expected);
        }
        let daily = Policy {
            soft_limit: SoftLimit::new(3, 10, true).unwrap(),
            ..Policy::default()
        };
        assert_eq!(
            told(&daily, &[event(1, 0, soft), event(2, 1, soft)])[1],
            "Recorded(SameDay)"
        );
        let mut protecting = Policy::default();
        protecting.protected.addresses.insert(ann());
        assert_eq!(told(&protecting, &[event(1, 0, hard)]), ["Recorded(Protected)"]);
    }

    #[test]
    fn a_streak_ends_a_window_after_its_last_failure() {
        let soft = EventKind::Mail(Category::SoftBounce);
        let ends = |policy: &Policy, events: &[Event]| Story::new(policy, &ann(), events).streak_ends_at;
        let policy = Policy::default();
        let expected = Moment::from_millis(7 + 180 * DAY);
        assert_eq!(ends(&policy, &[event(1, 0, soft), event(2, 7, soft)]), Some(expected));
        let hard = event(3, 8, EventKind::Mail(Category::HardBounce));
        assert_eq!(ends(&policy, &[event(1, 0, soft), hard]), None);
        let for_ever = Policy {
            soft_limit: SoftLimit::new(3, 0, false).unwrap(),
            ..Policy::default()
        };
        assert_eq!(ends(&for_ever, &[event(1, 0, soft)]), None);
    }

    proptest! {
        #[test]
        fn the_story_ends_with_the_contact(history in prop::collection::vec((0_u8..12, 0_u8..12, 0_i64..20), 0..30)) {
            let kinds = [
                EventKind::Mail(Category::SoftBounce),
                EventKind::Mail(Category::HardBounce),
                EventKind::Mail(Category::Delivered),
                EventKind::Mail(Category::Unrecognised),
                EventKind::Manual(ManualAction::Suppress),
                EventKind::Manual(ManualAction::Reactivate),
            ];
            let events: Vec<Event> = history
                .iter()
                .map(|(nth, kind, at)| match (kinds.get(usize::from(*kind)), kind % 3) {
                    (Some(kind), _) => event(*nth, *at, *kind),
                    (None, 0) => about(Ruling::Hold, *nth, *at),
                    (None, 1) => about(Ruling::Release, *nth, *at),
                    (None, _) => about(Ruling::Discard, *nth, *at),
                })
                .collect();
            // The first with an identity is the one that is recorded.
            let mut seen = HashSet::new();
            let recorded: Vec<Event> = events.into_iter().filter(|event| seen.insert(event.message)).collect();
            let story = Story::new(&Policy::default(), &ann(), &recorded);
            prop_assert_eq!(story.contact, fold(&Policy::default(), &ann(), &recorded));
            prop_assert_eq!(story.steps.len(), recorded.len());
        }
    }
}
