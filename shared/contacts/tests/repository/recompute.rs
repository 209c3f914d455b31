//! Folding histories again: after a change of policy, of an event, or of what people think of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::TryStreamExt;
use rebound_classify::{Action, Category};
use rebound_contacts::repository::{ArchivedSince, ChangeError, Edit, Repository};
use rebound_contacts::{
    Authenticity, Contact, ContactAddress, Event, EventKind, ManualAction, MessageHash, MessageRecord, Policy, Ruling,
    SoftLimit, fold,
};

use crate::stores::{Store, on_every_store};
use crate::support::{all_contacts, contact_address, event, events_of, hour, random_record, record};

#[tokio::test]
async fn a_discarded_event_has_never_been() {
    on_every_store("discarded", async |store| {
        let without = store.beside("without-").await;
        let mut random = fastrand::Rng::with_seed(7);
        let records: Vec<_> = (0..40).map(|nth| random_record(nth, &mut random)).collect();
        recorded(&store.repository, &records).await;

        // One event in five is taken back; the other store never hears of it.
        let mut kept: Vec<MessageRecord> = Vec::new();
        for message in &records {
            let (gone, rest): (Vec<_>, Vec<_>) = (message.events().iter().cloned()).partition(|_| random.u8(..5) == 0);
            for event in gone {
                let address = event.address.clone().unwrap();
                let discarded = discard(store, &address, event.message).await.unwrap();
                assert_eq!(stored(store, &address).await.as_ref(), Some(&discarded.after));
            }
            kept.extend(MessageRecord::new(rest).ok());
        }
        recorded(&without.repository, &kept).await;
        assert_eq!(all_contacts(store).await, all_contacts(&without).await);

        // What comes afterwards is counted on as if nothing had been.
        let later: Vec<_> = (40..60).map(|nth| random_record(nth, &mut random)).collect();
        recorded(&store.repository, &later).await;
        recorded(&without.repository, &later).await;
        assert_eq!(all_contacts(store).await, all_contacts(&without).await);
    })
    .await;
}

#[tokio::test]
async fn discarding_is_recorded_once_and_refuses_what_makes_no_sense() {
    Box::pin(on_every_store("discard", async |store| {
        let ann = contact_address("ann");
        let bounce = event("bounce", "ann", 1, Category::HardBounce);
        recorded(&store.repository, &[record(vec![bounce.clone()])]).await;
        let freed = discard(store, &ann, bounce.message).await.unwrap();
        assert!(freed.before.unwrap().suppression.is_some());
        assert_eq!((freed.after.suppression, freed.after.events), (None, 0));
        let items = everything(store).await;
        let again = discard(store, &ann, bounce.message).await.unwrap();
        assert!(!again.is_changed());
        assert_eq!(everything(store).await, items);
        // The same message again is no news either.
        recorded(&store.repository, &[record(vec![bounce.clone()])]).await;
        assert_eq!(everything(store).await, items);

        let ruling = events_of(store, &ann).await.pop().unwrap();
        assert_eq!(ruling.kind, EventKind::Ruling(Ruling::Discard));
        assert_eq!(
            (ruling.actor.as_deref(), ruling.note.as_deref()),
            (Some("maria"), Some("a test"))
        );
        let refused = discard(store, &ann, ruling.message).await;
        assert!(matches!(refused, Err(ChangeError::Final { .. })), "{refused:?}");
        for who in ["ann", "bob"] {
            let address = contact_address(who);
            let unknown = discard(store, &address, MessageHash::of(b"never seen")).await;
            assert!(matches!(unknown, Err(ChangeError::UnknownEvent { .. })), "{unknown:?}");
        }
        assert_eq!(everything(store).await, items);
    }))
    .await;
}

#[tokio::test]
async fn a_changed_threshold_applies_to_the_past() {
    on_every_store("threshold", async |store| {
        let soft = |nth: i64| record(vec![event(&nth.to_string(), "ann", nth, Category::SoftBounce)]);
        let records: Vec<_> = (0..3).map(soft).collect();
        recorded(&store.repository, &records).await;
        let ann = contact_address("ann");
        let strict = Policy {
            soft_limit: SoftLimit::new(2, 180, false).unwrap(),
            ..Policy::default()
        };
        let items = everything(store).await;
        let seen = store.repository.recompute(&ann, &strict, &[]).await.unwrap();
        assert!(seen.is_changed());
        assert_eq!(seen.after.suppression.unwrap().at, hour(1));
        assert_eq!(seen.event(seen.after.suppression.unwrap().by).unwrap().at, hour(1));
        assert_eq!(everything(store).await, items, "looking writes nothing");

        let rebuilt = store.repository.rebuild(&ann, &strict).await.unwrap();
        assert_eq!(stored(store, &ann).await, Some(rebuilt.after));
        let strictly = Repository::new(&store.client, store.tables.clone(), Arc::new(strict.clone()));
        let items = everything(store).await;
        assert!(!strictly.rebuild(&ann, &strict).await.unwrap().is_changed());
        assert_eq!(everything(store).await, items, "what is right is left alone");

        // And back again.
        let rebuilt = store.repository.rebuild(&ann, &Policy::default()).await.unwrap();
        assert_eq!((rebuilt.after.suppression, rebuilt.after.soft_streak), (None, 3));
    })
    .await;
}

#[tokio::test]
async fn whoever_lost_part_of_the_history_is_kept() {
    Box::pin(on_every_store("expired", async |store| {
        let lenient = {
            let mut policy = Policy::default();
            policy.overrides.categories.insert(Category::HardBounce, Action::Record);
            policy
        };
        for (who, kinds, lost) in [
            ("ann", &[Category::HardBounce, Category::SoftBounce][..], 0),
            (
                "bob",
                &[Category::SoftBounce, Category::OutOfOffice, Category::HardBounce],
                1,
            ),
            ("cid", &[Category::Complaint, Category::HardBounce], 1),
        ] {
            let nth = |(nth, kind): (usize, &Category)| {
                record(vec![event(
                    &format!("{who}{nth}"),
                    who,
                    i64::try_from(nth).unwrap(),
                    *kind,
                )])
            };
            let records: Vec<_> = kinds.iter().enumerate().map(nth).collect();
            recorded(&store.repository, &records).await;
            expire(store, &records[lost].events()[0]).await;
            let address = contact_address(who);
            let before = stored(store, &address).await;
            let items = everything(store).await;
            let rebuilt = store.repository.rebuild(&address, &lenient).await.unwrap();
            assert!(rebuilt.incomplete.is_some() && !rebuilt.is_changed(), "{who}");
            assert_eq!(Some(rebuilt.after), before, "{who}");
            let other = records[1 - lost.min(1)].events()[0].clone();
            let refused = discard(store, &address, other.message).await;
            assert!(matches!(refused, Err(ChangeError::Incomplete { .. })), "{refused:?}");
            let again = record(vec![Event {
                kind: EventKind::Mail(Category::Delivered),
                ..other
            }]);
            let replaced = store.repository.replace(&again).await.unwrap();
            assert_eq!((replaced.changes, replaced.kept.len()), (vec![], 1), "{who}");
            assert_eq!(everything(store).await, items, "{who}");
        }
    }))
    .await;
}

#[tokio::test]
async fn a_message_judged_again_leaves_no_trace_of_the_first_verdict() {
    Box::pin(on_every_store("replaced", async |store| {
        let right = store.beside("right-").await;
        let mut random = fastrand::Rng::with_seed(11);
        let wrong: Vec<_> = (0..40).map(|nth| random_record(nth, &mut random)).collect();
        let corrected: Vec<_> = (0..40)
            .map(|nth| random_record(nth, &mut random))
            .map(|record| by_mail(&record))
            .collect();
        let wrong: Vec<_> = wrong.into_iter().map(|record| by_mail(&record)).collect();
        recorded(&store.repository, &wrong).await;
        // When it happened is not judged again.
        let corrected: Vec<_> = wrong
            .iter()
            .zip(corrected)
            .map(|(old, new)| at_the_time_of(old, &new))
            .collect();
        recorded(&right.repository, &corrected).await;
        for record in &corrected {
            let difference = store.repository.difference(record).await.unwrap();
            let replaced = store.repository.replace(record).await.unwrap();
            assert_eq!(replaced.changes, difference);
            assert_eq!(replaced.kept, []);
        }
        assert_eq!(all_contacts(store).await, all_contacts(&right).await);
        let (_, events) = everything(store).await;
        assert_eq!(events, everything(&right).await.1);

        // The same verdict again is no write at all, whatever version of the rules says so.
        let items = everything(store).await;
        store.requests.take();
        for record in &corrected {
            let newer = record.events().iter().cloned().map(|event| Event {
                rules_version: Some("newer".to_owned()),
                ..event
            });
            let newer = MessageRecord::new(newer.collect()).unwrap();
            assert_eq!(store.repository.replace(&newer).await.unwrap().changes, []);
        }
        assert!(store.requests.take().iter().all(|operation| operation == "Query"));
        assert_eq!(everything(store).await, items);
    }))
    .await;
}

#[tokio::test]
async fn what_people_decided_outlives_another_verdict() {
    on_every_store("decided", async |store| {
        let ann = contact_address("ann");
        let bounce = event("bounce", "ann", 1, Category::HardBounce);
        let by_hand = Event {
            actor: Some("maria".to_owned()),
            kind: EventKind::Manual(ManualAction::Suppress),
            ..event("by hand", "ann", 2, Category::HardBounce)
        };
        let imported = Event {
            actor: Some("import".to_owned()),
            ..event("imported", "bob", 2, Category::HardBounce)
        };
        let hold = Event::ruling(Ruling::Hold, bounce.message, ann.clone(), hour(1));
        let records: Vec<_> = [&bounce, &by_hand, &imported, &hold]
            .map(|event| record(vec![event.clone()]))
            .into();
        recorded(&store.repository, &records).await;
        let delivered = |event: &Event| Event {
            kind: EventKind::Mail(Category::Delivered),
            actor: None,
            ..event.clone()
        };
        let replaced = store
            .repository
            .replace(&record(vec![delivered(&bounce)]))
            .await
            .unwrap();
        assert_eq!(replaced.changes.len(), 1);
        let left = stored(store, &ann).await.unwrap();
        assert_eq!(left.suppression.map(|by| by.by), Some(by_hand.message));
        assert_eq!(events_of(store, &ann).await.len(), 3);
        // Discarded before it was judged again, it stays discarded.
        discard(store, &ann, bounce.message).await.unwrap();
        let before = stored(store, &ann).await;
        store.repository.replace(&record(vec![bounce.clone()])).await.unwrap();
        assert_eq!(stored(store, &ann).await, before);
    })
    .await;
}

#[tokio::test]
async fn proof_that_expires_outlives_a_second_judgement() {
    on_every_store("proof", async |store| {
        for (nth, (first, again, kept)) in [
            (Authenticity::Ledger, Authenticity::None, Authenticity::Ledger),
            (Authenticity::Dkim, Authenticity::Plausible, Authenticity::Dkim),
            (Authenticity::Dkim, Authenticity::Signed, Authenticity::Signed),
            // A key that somebody took away was taken away for a reason.
            (Authenticity::Signed, Authenticity::None, Authenticity::None),
        ]
        .into_iter()
        .enumerate()
        {
            let who = format!("contact{nth}");
            let judged = |authenticity: Authenticity| {
                let mut event = event(&who, &who, 1, Category::HardBounce);
                event.authenticity = Some(authenticity);
                event.proof = Some(format!("{authenticity}: a test"));
                record(vec![event])
            };
            recorded(&store.repository, &[judged(first)]).await;
            store.repository.replace(&judged(again)).await.unwrap();
            let events = events_of(store, &contact_address(&who)).await;
            let proof = Some(format!("{kept}: a test"));
            assert_eq!((events[0].authenticity, &events[0].proof), (Some(kept), &proof));
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_about_many_is_replaced_part_by_part() {
    on_every_store("many", async |store| {
        let about = |who: std::ops::Range<u32>, category| {
            record(
                who.map(|who| event("many", &format!("contact{who:03}"), 1, category))
                    .collect(),
            )
        };
        recorded(&store.repository, &[about(0..130, Category::HardBounce)]).await;
        let replaced = store
            .repository
            .replace(&about(20..140, Category::SoftBounce))
            .await
            .unwrap();
        assert_eq!(replaced.changes.len(), 140);
        let contacts = all_contacts(store).await;
        assert_eq!(contacts.len(), 120, "nobody of whom nothing is left is listed");
        assert!(
            contacts
                .iter()
                .all(|contact| contact.suppression.is_none() && contact.events == 1)
        );
        let gone = stored(store, &contact_address("contact000")).await.unwrap();
        assert_eq!(gone, Contact::new(contact_address("contact000")));
    })
    .await;
}

#[tokio::test]
async fn writers_in_between_lose_nothing_to_those_who_fold_again() {
    Box::pin(on_every_store("between", async |store| {
        let mut random = fastrand::Rng::with_seed(5);
        let records: Vec<_> = (0..100).map(|nth| by_mail(&random_record(nth, &mut random))).collect();
        let (early, late) = records.split_at(40);
        recorded(&store.repository, early).await;
        let repository = store.repository.clone().with_patience(Duration::from_mins(1));
        let record_rest = async {
            for batch in late.chunks(5) {
                recorded(&repository, batch).await;
            }
        };
        let mut corrected = BTreeMap::new();
        let replace = async {
            for old in early {
                let new = at_the_time_of(old, &by_mail(&random_record(1000, &mut random.clone())));
                repository.replace(&new).await.unwrap();
                corrected.insert(new.message(), new);
            }
        };
        let rebuild = async {
            for who in (0..20).cycle().take(60) {
                let address = contact_address(&format!("contact{who}"));
                repository.rebuild(&address, &Policy::default()).await.unwrap();
            }
        };
        tokio::join!(record_rest, replace, rebuild);
        let truth = corrected.into_values().chain(late.iter().cloned());
        let truth: Vec<Event> = truth.flat_map(|record| record.events().to_vec()).collect();
        for contact in all_contacts(store).await {
            assert_eq!(contact, fold(&Policy::default(), &contact.address, &truth));
            assert_eq!(events_of(store, &contact.address).await.len() as u64, contact.events);
        }
    }))
    .await;
}

#[tokio::test]
async fn edits_are_tried_without_a_trace() {
    on_every_store("edits", async |store| {
        let soft = |nth: i64| event(&nth.to_string(), "ann", nth, Category::SoftBounce);
        recorded(&store.repository, &[record(vec![soft(0)]), record(vec![soft(1)])]).await;
        let items = everything(store).await;
        let edits = [
            Edit {
                message: soft(0).message,
                event: None,
            },
            Edit {
                message: soft(7).message,
                event: Some(event("7", "ann", 7, Category::Complaint)),
            },
        ];
        let tried = store
            .repository
            .recompute(&contact_address("ann"), &Policy::default(), &edits)
            .await;
        let tried = tried.unwrap();
        assert_eq!((tried.after.events, tried.after.counters.soft_bounces), (2, 1));
        assert_eq!(tried.after.suppression.unwrap().at, hour(7));
        assert_eq!(everything(store).await, items);
    })
    .await;
}

#[tokio::test]
async fn addresses_and_messages_are_named_once_each() {
    on_every_store("sweep", async |store| {
        let mut records = Vec::new();
        for nth in 0..40_i64 {
            let about = ["ann", "bob", "cid"].map(|who| Event {
                list: (who == "bob").then(|| "news".to_owned()),
                account: Some(if nth % 2 == 0 { "even" } else { "odd" }.to_owned()),
                object_key: Some(format!("raw/{nth}")),
                own_category: (nth == 3).then(|| "moon".to_owned()),
                ..event(&nth.to_string(), who, nth, Category::SoftBounce)
            });
            records.push(record(about.to_vec()));
        }
        recorded(&store.repository, &records).await;
        // An item that is no event.
        let other = store.client.put_item().table_name(&store.tables.events);
        let other = other.item("message", AttributeValue::S("breaker".to_owned()));
        let other = other.item("recipient", AttributeValue::S("-".to_owned()));
        other
            .item("address", AttributeValue::S("nobody@example.com".to_owned()))
            .send()
            .await
            .unwrap();
        store.requests.limit_pages(7);
        let addresses = async |list| {
            let found: Vec<ContactAddress> = store.repository.addresses(list).try_collect().await.unwrap();
            let mut names: Vec<_> = found.iter().map(ToString::to_string).collect();
            names.sort();
            names
        };
        assert_eq!(
            addresses(None).await,
            ["ann@example.com", "bob@example.com", "cid@example.com"]
        );
        assert_eq!(addresses(Some("news")).await, ["bob@example.com"]);
        assert!(addresses(Some("other")).await.is_empty());
        for (which, expected) in [
            (ArchivedSince::default(), 40),
            (ArchivedSince::of_category(Category::SoftBounce), 40),
            (ArchivedSince::of_category(Category::HardBounce), 0),
            (
                ArchivedSince {
                    category: Some("moon"),
                    ..ArchivedSince::default()
                },
                1,
            ),
            (
                ArchivedSince {
                    since: Some(hour(30)),
                    account: Some("odd"),
                    ..ArchivedSince::default()
                },
                5,
            ),
        ] {
            let keys: Vec<String> = store.repository.object_keys(&which).try_collect().await.unwrap();
            assert_eq!(keys.len(), expected, "{which:?}");
        }
    })
    .await;
}

async fn recorded(repository: &Repository, records: &[MessageRecord]) {
    for result in repository.record(records).await {
        result.unwrap();
    }
}

async fn discard(
    store: &Store,
    address: &ContactAddress,
    message: MessageHash,
) -> Result<rebound_contacts::repository::Recomputed, ChangeError> {
    store
        .repository
        .discard(address, message, "maria", "a test", hour(900))
        .await
}

async fn stored(store: &Store, address: &ContactAddress) -> Option<Contact> {
    store.repository.contact(address).await.unwrap()
}

/// What DynamoDB does with an event whose time is over.
async fn expire(store: &Store, event: &Event) {
    let delete = store.client.delete_item().table_name(&store.tables.events);
    let delete = delete.key("message", AttributeValue::S(event.message.to_string()));
    delete
        .key("recipient", AttributeValue::S(event.recipient().to_owned()))
        .send()
        .await
        .unwrap();
}

/// Only what mail says: nobody judges again what people did.
fn by_mail(record: &MessageRecord) -> MessageRecord {
    let events = record.events().iter().cloned().map(|event| match event.kind {
        EventKind::Mail(_) => event,
        _ => Event {
            kind: EventKind::Mail(Category::OutOfOffice),
            ..event
        },
    });
    MessageRecord::new(events.collect()).unwrap()
}

/// `new` as another verdict on the message `old`.
fn at_the_time_of(old: &MessageRecord, new: &MessageRecord) -> MessageRecord {
    let events = new.events().iter().cloned().map(|event| Event {
        message: old.message(),
        at: old.events()[0].at,
        ..event
    });
    MessageRecord::new(events.collect()).unwrap()
}

type Items = BTreeMap<String, Vec<(String, String)>>;

/// Every item of both tables, contacts and events.
async fn everything(store: &Store) -> (Items, Items) {
    let table = async |table: &str| {
        let items = store.client.scan().table_name(table).into_paginator().items().send();
        let items: Vec<_> = items.try_collect().await.unwrap();
        let told = items.into_iter().map(|item| {
            let mut attributes: Vec<_> = item
                .into_iter()
                .map(|(name, value)| (name, format!("{value:?}")))
                .collect();
            attributes.sort();
            let key = |wanted: &str| {
                let found = attributes.iter().find(|(name, _)| name == wanted);
                found.map(|(_, value)| value.clone()).unwrap_or_default()
            };
            (
                format!("{} {} {}", key("message"), key("recipient"), key("address")),
                attributes,
            )
        });
        told.collect()
    };
    (table(&store.tables.contacts).await, table(&store.tables.events).await)
}
