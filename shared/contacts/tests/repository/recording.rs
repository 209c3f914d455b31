//! Recording messages: what counts, and that it counts once.

use futures::TryStreamExt;
use rebound_classify::Category;
use rebound_contacts::{Cause, Event, EventKind, ManualAction, MessageHash, MessageRecord, Policy, fold};

use crate::stores::on_every_store;
use crate::support::{all_contacts, contact_address, event, events_of, full_event, hour, random_record, record};

#[tokio::test]
async fn what_came_too_late_is_recorded_as_such() {
    on_every_store("stale", async |store| {
        let stale = Event {
            stale: true,
            ..full_event()
        };
        let recorded = store.repository.record(&[record(vec![stale.clone()])]).await;
        assert_eq!(recorded[0].as_ref().unwrap().suppressed().count(), 0);
        let address = stale.address.clone().unwrap();
        assert_eq!(events_of(store, &address).await, std::slice::from_ref(&stale));
    })
    .await;
}

#[tokio::test]
async fn an_event_comes_back_as_it_was() {
    on_every_store("as_it_was", async |store| {
        let event = full_event();
        let results = store.repository.record(&[record(vec![event.clone()])]).await;
        let recorded = results.into_iter().next().unwrap().unwrap();
        assert!(recorded.new);
        let suppressed: Vec<_> = recorded
            .suppressed()
            .map(|(address, by)| (address.as_str(), by.cause))
            .collect();
        assert_eq!(
            suppressed,
            [("ann@xn--bcher-kva.example", Cause::Mail(Category::HardBounce))]
        );

        let address = event.address.clone().unwrap();
        let of_message: Vec<_> = store
            .repository
            .events_of_message(event.message)
            .try_collect()
            .await
            .unwrap();
        assert_eq!(of_message, std::slice::from_ref(&event));
        assert_eq!(of_message[0].address.as_ref().unwrap().spelling(), "Ann@Bücher.example");
        assert_eq!(events_of(store, &address).await, std::slice::from_ref(&event));
        assert!(store.repository.message_recorded(event.message).await.unwrap());
        assert!(
            !store
                .repository
                .message_recorded(MessageHash::of(b"other"))
                .await
                .unwrap()
        );
        let contact = store.repository.contact(&address).await.unwrap().unwrap();
        assert_eq!(contact, fold(&Policy::default(), &address, [&event]));
        assert_eq!(contact.address.spelling(), "Ann@Bücher.example");
        assert_eq!(
            store.repository.contact(&contact_address("nobody")).await.unwrap(),
            None
        );
    })
    .await;
}

#[tokio::test]
async fn a_message_counts_once_however_often_it_is_recorded() {
    on_every_store("once", async |store| {
        let one = record(vec![
            event("one", "ann", 1, Category::SoftBounce),
            event("one", "bob", 1, Category::HardBounce),
        ]);
        let two = record(vec![event("two", "ann", 2, Category::SoftBounce)]);
        let new = |batch: Vec<MessageRecord>| async move {
            let results = store.repository.record(&batch).await;
            results
                .into_iter()
                .map(|result| result.unwrap().new)
                .collect::<Vec<_>>()
        };
        assert_eq!(new(vec![one.clone(), one.clone()]).await, [true, false]);
        let before = all_contacts(store).await;
        assert_eq!(new(vec![one.clone()]).await, [false]);
        assert_eq!(all_contacts(store).await, before);
        assert_eq!(
            new(vec![one.clone(), two.clone(), one, two]).await,
            [false, true, false, false]
        );
        let ann = store
            .repository
            .contact(&contact_address("ann"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((ann.counters.soft_bounces, ann.events), (2, 2));
    })
    .await;
}

#[tokio::test]
async fn what_is_stored_is_the_fold_of_what_was_recorded() {
    on_every_store("fold", async |store| {
        let mut random = fastrand::Rng::with_seed(7);
        let mut records: Vec<_> = (0..400).map(|nth| random_record(nth, &mut random)).collect();
        random.shuffle(&mut records);
        let mut rest = &records[..];
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(random.usize(1..=90).min(rest.len()));
            let again = &records[random.usize(..records.len())];
            let batch: Vec<_> = batch.iter().chain([again]).cloned().collect();
            for result in store.repository.record(&batch).await {
                result.unwrap();
            }
            rest = after;
        }
        let history: Vec<Event> = records.iter().flat_map(MessageRecord::events).cloned().collect();
        let stored = all_contacts(store).await;
        assert!(stored.len() >= 20);
        for contact in stored {
            assert_eq!(contact, fold(&Policy::default(), &contact.address, &history));
            let mut expected: Vec<_> = history
                .iter()
                .filter(|event| event.address.as_ref() == Some(&contact.address))
                .collect();
            expected.sort_by_key(|event| (event.at, event.message));
            let mut read = events_of(store, &contact.address).await;
            assert!(read.is_sorted_by_key(|event| event.at));
            read.sort_by_key(|event| (event.at, event.message));
            assert!(read.iter().eq(expected));
        }
    })
    .await;
}

#[tokio::test]
async fn two_writers_with_the_same_messages_in_any_order_make_the_same_contacts() {
    on_every_store("two", async |store| {
        for seed in 1..=4 {
            let store = store.beside(&seed.to_string()).await;
            let mut random = fastrand::Rng::with_seed(seed);
            let records: Vec<_> = (0..80).map(|nth| random_record(nth, &mut random)).collect();
            let mut writer = || {
                let mut records = records.clone();
                random.shuffle(&mut records);
                let repository = store.repository.clone().with_transaction_items(random.usize(8..=100));
                let batch = random.usize(1..=records.len());
                Box::pin(async move {
                    let mut new = 0;
                    for batch in records.chunks(batch) {
                        let results = repository.record(batch).await;
                        new += results
                            .into_iter()
                            .filter(|result| result.as_ref().unwrap().new)
                            .count();
                    }
                    new
                })
            };
            // Each message is new to one of them, and contacts are written by both.
            let (one, other) = futures::join!(writer(), writer());
            assert_eq!(one + other, records.len(), "seed {seed}");
            let history: Vec<Event> = records.iter().flat_map(MessageRecord::events).cloned().collect();
            for contact in all_contacts(&store).await {
                assert_eq!(
                    contact,
                    fold(&Policy::default(), &contact.address, &history),
                    "seed {seed}"
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_change_is_told_by_the_message_that_made_it() {
    on_every_store("told", async |store| {
        let reactivation = EventKind::Manual(ManualAction::Reactivate);
        let mut batch: Vec<_> = (1..=5)
            .map(|nth| record(vec![event(&format!("soft {nth}"), "ann", nth, Category::SoftBounce)]))
            .collect();
        batch.push(record(vec![Event::new(
            MessageHash::of(b"by hand"),
            Some(contact_address("ann")),
            hour(6),
            reactivation,
        )]));
        let told: Vec<_> = store
            .repository
            .record(&batch)
            .await
            .into_iter()
            .map(|result| result.unwrap().changes)
            .map(|changes| {
                changes
                    .into_iter()
                    .map(|(_, change)| (change.suppressed.is_some(), change.reactivated))
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(
            told,
            [vec![], vec![], vec![], vec![], vec![(true, false)], vec![(false, true)]]
        );
    })
    .await;
}

#[tokio::test]
async fn a_message_with_more_recipients_than_a_transaction_takes_counts_once() {
    on_every_store("many", async |store| {
        let event_for = |nth| event("many", &format!("contact{nth:03}"), 1, Category::HardBounce);
        let whole = record((0..220).map(event_for).collect());
        // As if the first try had been interrupted in the middle.
        let part = record((0..70).map(event_for).collect());
        assert!(store.repository.record(&[part]).await[0].as_ref().unwrap().new);
        assert_eq!(all_contacts(store).await.len(), 70);
        let recorded = store
            .repository
            .record(std::slice::from_ref(&whole))
            .await
            .remove(0)
            .unwrap();
        assert!(!recorded.new);
        assert_eq!(recorded.suppressed().count(), 150);
        assert_eq!(store.repository.record(&[whole]).await.remove(0).unwrap().changes, []);
        let contacts = all_contacts(store).await;
        assert_eq!(contacts.len(), 220);
        assert!(contacts.iter().all(|contact| contact.counters.hard_bounces == 1));
    })
    .await;
}

#[tokio::test]
async fn what_is_missing_of_a_message_is_added() {
    on_every_store("missing", async |store| {
        let events = ["ann", "bob", "eve"].map(|who| event("message", who, 1, Category::HardBounce));
        let part = record(events[..1].to_vec());
        assert!(store.repository.record(&[part]).await[0].as_ref().unwrap().new);
        // Judged again by other rules, it names more contacts.
        let whole = store
            .repository
            .record(&[record(events.to_vec())])
            .await
            .remove(0)
            .unwrap();
        let suppressed: Vec<_> = whole.suppressed().map(|(address, _)| address.as_str()).collect();
        assert_eq!(
            (whole.new, &suppressed[..]),
            (false, &["bob@example.com", "eve@example.com"][..])
        );
        assert!(all_contacts(store).await.iter().all(|contact| contact.events == 1));
    })
    .await;
}

#[tokio::test]
async fn messages_about_nobody_and_ignored_ones_make_no_contact() {
    on_every_store("nobody", async |store| {
        let mut nobody = event("nobody", "ann", 1, Category::Complaint);
        nobody.address = None;
        let ignored = event("ignored", "ann", 1, Category::Unrecognised);
        for result in store
            .repository
            .record(&[record(vec![nobody.clone()]), record(vec![ignored.clone()])])
            .await
        {
            assert!(result.unwrap().new);
        }
        assert_eq!(all_contacts(store).await, []);
        assert_eq!(events_of(store, &contact_address("ann")).await, [ignored]);
        let of_message: Vec<_> = store
            .repository
            .events_of_message(nobody.message)
            .try_collect()
            .await
            .unwrap();
        assert_eq!(of_message, [nobody]);
    })
    .await;
}

#[tokio::test]
async fn creating_tables_twice_is_fine() {
    on_every_store("tables", async |store| {
        store.tables.ensure(&store.client).await.unwrap();
    })
    .await;
}
