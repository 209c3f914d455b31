//! The laws every history obeys: order, repetition and interruption make no difference.

use proptest::prelude::*;
use rebound_classify::{Action, Category};
use rebound_message::MessageHash;

use super::*;
use crate::event::{Authenticity, EventKind, ManualAction, Ruling};
use crate::policy::{Policy, SoftLimit};

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn neither_order_nor_repetition_matters((policy, events, shuffled) in shuffled_histories(60)) {
        let expected = fold(&policy, &ann(), &events);
        prop_assert_eq!(&fold(&policy, &ann(), &shuffled), &expected);
        prop_assert_eq!(&fold(&policy, &ann(), shuffled.iter().chain(&events)), &expected);
    }

    #[test]
    fn what_was_discarded_has_never_been((policy, events, shuffled) in shuffled_histories(60)) {
        let discarded: HashSet<_> = events.iter().filter_map(Event::discards).collect();
        let is_gone = |message: &MessageHash| discarded.contains(message);
        let others = events.iter().filter(|event| !is_gone(&event.message) && !event.about.as_ref().is_some_and(is_gone));
        prop_assert_eq!(fold(&policy, &ann(), &shuffled), fold(&policy, &ann(), others));
    }

    #[test]
    fn event_by_event_equals_the_fold_at_any_time((policy, _, mut shuffled) in shuffled_histories(40)) {
        shuffled.retain(|event| event.discards().is_none());
        let mut contact = Contact::new(ann());
        for (nth, event) in shuffled.iter().enumerate() {
            let before = contact.clone();
            let change = contact.apply(&policy, event);
            prop_assert_eq!(&contact, &fold(&policy, &ann(), &shuffled[..=nth]));
            prop_assert_eq!(change.suppressed.is_some(), before.suppression.is_none() && contact.suppression.is_some());
            prop_assert_eq!(change.reactivated, before.suppression.is_some() && contact.suppression.is_none());
            // As if it had been stored and read again.
            contact.journal = Journal::decode(&contact.journal.encode()).unwrap();
        }
    }

    #[test]
    fn nothing_before_a_reactivation_suppresses((policy, mut events, _) in shuffled_histories(60)) {
        let last = events.iter().map(|event| event.at).max().unwrap_or(Moment::from_millis(0));
        let reactivate = EventKind::Manual(ManualAction::Reactivate);
        events.insert(events.len() / 2, Event::new(MessageHash::of(b"reactivate"), Some(ann()), last, reactivate));
        let contact = fold(&policy, &ann(), &events);
        prop_assert_eq!((contact.suppression, contact.held, contact.soft_streak), (None, None, 0));
    }

    #[test]
    fn what_is_suppressed_stays_so_without_a_reactivation((policy, mut events, _) in shuffled_histories(60)) {
        // In the order of time, deliveries first: a late one may well undo a streak that never was.
        events.sort_by_key(|event| (event.at, event.kind != EventKind::Mail(Category::Delivered)));
        let mut contact = Contact::new(ann());
        let mut suppressed = false;
        let undoes = |kind| matches!(kind, EventKind::Manual(ManualAction::Reactivate) | EventKind::Ruling(_));
        for event in events.iter().filter(|event| !undoes(event.kind)) {
            suppressed |= contact.apply(&policy, event).suppressed.is_some();
            prop_assert_eq!(contact.suppression.is_some(), suppressed);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn long_histories_obey_as_well((policy, events, shuffled) in shuffled_histories(900)) {
        let is_discard = |event: &&Event| event.discards().is_some();
        let mut contact = Contact::new(ann());
        for event in shuffled.iter().filter(|event| !is_discard(event)) {
            contact.apply(&policy, event);
        }
        let kept = events.iter().filter(|event| !is_discard(event));
        prop_assert_eq!(&contact, &fold(&policy, &ann(), kept));
        prop_assert!(contact.journal.encode().len() < 60_000);
    }
}

/// A policy, a history in the order of time, and the same history in any other order.
fn shuffled_histories(longest: usize) -> impl Strategy<Value = (Policy, Vec<Event>, Vec<Event>)> {
    let history = prop::collection::vec(event(longest), 0..longest).prop_map(|mut events| {
        events.sort_by_key(Stamp::of);
        events.dedup_by_key(|event| event.message);
        // Rulings are on what came before.
        for nth in 0..events.len() {
            if let EventKind::Ruling(ruling) = events[nth].kind {
                let about = events[nth * 3 / 4].message;
                events[nth] = Event::ruling(ruling, about, ann(), events[nth].at);
            }
        }
        let mut seen = HashSet::new();
        events.retain(|event| seen.insert(event.message));
        events
    });
    let shuffled = history.prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle()));
    (policy(), shuffled).prop_map(|(policy, (events, shuffled))| (policy, events, shuffled))
}

fn policy() -> impl Strategy<Value = Policy> {
    let actions = prop::collection::btree_map(
        prop::sample::select(Category::ALL),
        prop::sample::select(&[Action::Ignore, Action::Record, Action::Count, Action::Unsubscribe][..]),
        0..3,
    );
    (soft_limit(), prop::option::of(soft_limit()), actions).prop_map(|(soft_limit, of_news, actions)| {
        let mut policy = Policy {
            soft_limit,
            ..Policy::default()
        };
        policy.overrides.categories = actions;
        policy.lists.entry("news".to_owned()).or_default().soft_limit = of_news;
        policy
    })
}

fn soft_limit() -> impl Strategy<Value = SoftLimit> {
    let window = prop::sample::select(vec![0_u32, 1, 30]);
    (1_u32..8, window, any::<bool>())
        .prop_map(|(threshold, window, daily)| SoftLimit::new(threshold, window, daily).unwrap())
}

/// Few distinct times, sent messages and lists, so that they collide.
fn event(longest: usize) -> impl Strategy<Value = Event> {
    let kind = prop_oneof![
        6 => Just(EventKind::Mail(Category::SoftBounce)),
        3 => Just(EventKind::Mail(Category::Delivered)),
        1 => prop::sample::select(Category::ALL).prop_map(EventKind::Mail),
        1 => Just(EventKind::Manual(ManualAction::Suppress)),
        2 => prop::sample::select(Ruling::ALL).prop_map(EventKind::Ruling),
        // So rare in a long history that the journal overflows.
        u32::from(longest < 500) => Just(EventKind::Manual(ManualAction::Reactivate)),
    ];
    let spelling = prop::sample::select(&["ann@example.com", "Ann@example.com", "\"Ann\"@EXAMPLE.com"][..]);
    let sent = prop::option::of(0_u8..20);
    let list = prop::option::weighted(0.2, prop::sample::select(&["news", "ads"][..]));
    let proof = (
        prop::option::of(prop::sample::select(Authenticity::ALL)),
        prop::option::weighted(0.3, 0_i64..400),
        prop::bool::weighted(0.1),
    );
    (
        any::<u32>(),
        0_i64..400,
        kind,
        spelling,
        sent,
        list,
        any::<bool>(),
        proof,
    )
        .prop_map(
            |(id, at, kind, spelling, sent, list, moves, (authenticity, sent_at, stale))| {
                let message = MessageHash::of(&id.to_be_bytes());
                let at = Moment::from_millis(at * 60 * 60 * 1000);
                let mut event = Event::new(message, Some(spelling.parse().unwrap()), at, kind);
                event.original_message_id = sent.map(|sent| format!("<{sent}@example.org>"));
                event.list = list.map(str::to_owned);
                event.authenticity = authenticity;
                event.sent_at = sent_at
                    .map(|hour| Moment::from_millis(hour * 60 * 60 * 1000))
                    .map(|sent| sent.min(at));
                event.stale = stale;
                event.diagnostic = Some(format!("550 {id}"));
                event.new_address = moves.then(|| Address::parse(&format!("ann{id}@example.org"))).flatten();
                event
            },
        )
}

fn ann() -> ContactAddress {
    "ann@example.com".parse().unwrap()
}
