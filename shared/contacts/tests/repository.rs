//! The repository against the embedded DynamoDB and, when `REBOUND_DYNAMODB_ENDPOINT` names one, against another.
#![allow(clippy::unwrap_used)] // test code, though not in a `cfg(test)` module

mod stores;

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::TryStreamExt;
use rebound_classify::{Address, Category, EnhancedStatus, Reason, ReplyCode, Severity};
use rebound_contacts::repository::{ContactFilter, Failure, Repository, Tables};
use rebound_contacts::{
    Cause, Contact, ContactAddress, Event, EventKind, ManualAction, MessageHash, MessageRecord, Moment, Policy, fold,
};
use stores::{Store, on_every_store};

const HOUR: i64 = 60 * 60 * 1000;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_writers_on_the_same_contacts_lose_and_double_nothing() {
    on_every_store("writers", async |store| {
        const WRITERS: u64 = 32;
        const MESSAGES: u64 = 4;
        let writers = (0..WRITERS).map(|writer| {
            let repository = store.repository.clone().with_concurrency(4);
            tokio::spawn(async move {
                let mut new = 0;
                for nth in 0..MESSAGES {
                    // Neighbours record the same message as well.
                    let name = format!("{} {nth}", writer / 2);
                    let events = ["ann", "bob", "eve"]
                        .map(|who| event(&name, who, 1 + i64::try_from(nth).unwrap(), Category::SoftBounce));
                    let results = repository.record(&[record(events.to_vec())]).await;
                    new += u64::from(results.into_iter().next().unwrap().unwrap().new);
                }
                new
            })
        });
        let mut new = 0;
        for writer in writers.collect::<Vec<_>>() {
            new += writer.await.unwrap();
        }
        assert_eq!(new, WRITERS / 2 * MESSAGES);
        for who in ["ann", "bob", "eve"] {
            let contact = store.repository.contact(&contact_address(who)).await.unwrap().unwrap();
            assert_eq!((contact.events, contact.counters.soft_bounces), (new, new));
            let history = events_of(store, &contact.address).await;
            assert_eq!(contact, fold(&Policy::default(), &contact.address, &history));
        }
    })
    .await;
}

#[tokio::test]
async fn suppressed_contacts_are_listed_by_cause_and_time() {
    on_every_store("listed", async |store| {
        let batch: Vec<_> = (0..230_i64)
            .map(|nth| {
                let category = match nth % 3 {
                    0 => Category::HardBounce,
                    1 => Category::Complaint,
                    _ => Category::OutOfOffice,
                };
                record(vec![event(
                    &nth.to_string(),
                    &format!("contact{}", 999 - nth),
                    nth,
                    category,
                )])
            })
            .collect();
        for result in store.repository.record(&batch).await {
            result.unwrap();
        }
        for (filter, expected) in [
            (ContactFilter::All, 230),
            (
                ContactFilter::Suppressed {
                    cause: None,
                    since: None,
                },
                154,
            ),
            (
                ContactFilter::Suppressed {
                    cause: Some(Cause::Mail(Category::Complaint)),
                    since: None,
                },
                77,
            ),
            (
                ContactFilter::Suppressed {
                    cause: Some(Cause::Mail(Category::HardBounce)),
                    since: Some(hour(210)),
                },
                7,
            ),
            (
                ContactFilter::Suppressed {
                    cause: Some(Cause::Manual),
                    since: None,
                },
                0,
            ),
        ] {
            let listed: Vec<Contact> = store.repository.contacts(filter).try_collect().await.unwrap();
            let distinct: BTreeSet<_> = listed.iter().map(|contact| contact.address.as_str()).collect();
            assert_eq!((listed.len(), distinct.len()), (expected, expected), "{filter:?}");
            if filter != ContactFilter::All {
                assert!(
                    listed.is_sorted_by_key(|contact| contact.suppression.map(|by| (by.cause, by.at))),
                    "{filter:?}"
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_reads_once_and_writes_in_as_few_transactions_as_it_can() {
    on_every_store("requests", async |store| {
        let batch: Vec<_> = (0..50)
            .map(|nth| {
                record(vec![event(
                    &nth.to_string(),
                    &format!("contact{nth}"),
                    nth,
                    Category::SoftBounce,
                )])
            })
            .collect();
        for (batch, requests) in [
            (&batch[..], ["BatchGetItem", "TransactWriteItems"].as_slice()),
            // Known already: one refusal says it for all.
            (&batch[..], &["BatchGetItem", "TransactWriteItems"]),
            (&[], &[]),
        ] {
            store.requests.take();
            store
                .repository
                .record(batch)
                .await
                .into_iter()
                .for_each(|result| drop(result.unwrap()));
            assert_eq!(store.requests.take(), requests);
        }
    })
    .await;
}

#[tokio::test]
async fn answers_that_get_lost_neither_double_nor_hide_anything() {
    on_every_store("lost", async |store| {
        let batch: Vec<_> = (0..8)
            .map(|nth| record(vec![event(&nth.to_string(), "ann", nth, Category::SoftBounce)]))
            .collect();
        // From the read on.
        for (batch, losses) in batch.chunks(2).zip([0, 1, 4, 8]) {
            store.requests.lose_answers(losses);
            for result in store.repository.record(batch).await {
                assert!(result.unwrap().new);
            }
        }
        let ann = store
            .repository
            .contact(&contact_address("ann"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((ann.events, ann.counters.soft_bounces), (8, 8));
        let history: Vec<_> = batch.iter().flat_map(MessageRecord::events).collect();
        assert_eq!(ann, fold(&Policy::default(), &ann.address, history));
    })
    .await;
}

#[tokio::test]
async fn a_contact_that_cannot_be_read_stops_only_its_own_messages() {
    on_every_store("damaged", async |store| {
        let address = AttributeValue::S("ann@example.com".to_owned());
        let put = store
            .client
            .put_item()
            .table_name(&store.tables.contacts)
            .item("address", address);
        put.send().await.unwrap();
        let batch = [
            record(vec![
                event("one", "ann", 1, Category::HardBounce),
                event("one", "eve", 1, Category::HardBounce),
            ]),
            record(vec![event("two", "bob", 1, Category::HardBounce)]),
        ];
        let results = store.repository.record(&batch).await;
        let error = results[0].as_ref().unwrap_err();
        assert!(!error.is_retryable());
        let why = "the attribute `journal` of item \"ann@example.com\" is missing";
        assert!(error.to_string().contains(why), "{error}");
        assert!(results[1].as_ref().unwrap().new);
        assert!(!store.repository.message_recorded(batch[0].message()).await.unwrap());
        assert!(store.repository.contact(&contact_address("ann")).await.is_err());
        assert_eq!(store.repository.contact(&contact_address("eve")).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn without_tables_every_message_fails_and_says_so() {
    on_every_store("tableless", async |store| {
        let tables = Tables::with_prefix("no-such-");
        let repository = Repository::new(&store.client, tables, Arc::new(Policy::default()));
        let batch: Vec<_> = ["one", "two"]
            .map(|name| record(vec![event(name, name, 1, Category::SoftBounce)]))
            .into();
        for (result, message) in repository.record(&batch).await.into_iter().zip(&batch) {
            let error = result.unwrap_err();
            assert_eq!(error.message, message.message());
            assert!(!error.is_retryable());
            assert!(matches!(error.failure, Failure::Refused { .. }), "{error}");
        }
        let error = repository.contact(&contact_address("ann")).await.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("could not read contact ann@example.com: DynamoDB refused: "),
            "{error}"
        );
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

async fn all_contacts(store: &Store) -> Vec<Contact> {
    let mut contacts: Vec<Contact> = store
        .repository
        .contacts(ContactFilter::All)
        .try_collect()
        .await
        .unwrap();
    contacts.sort_by(|a, b| a.address.cmp(&b.address));
    contacts
}

async fn events_of(store: &Store, address: &ContactAddress) -> Vec<Event> {
    store.repository.events_of(address).try_collect().await.unwrap()
}

fn record(events: Vec<Event>) -> MessageRecord {
    MessageRecord::new(events).unwrap()
}

fn event(message: &str, who: &str, at: i64, category: Category) -> Event {
    let message = MessageHash::of(message.as_bytes());
    Event::new(message, Some(contact_address(who)), hour(at), EventKind::Mail(category))
}

fn contact_address(who: &str) -> ContactAddress {
    format!("{who}@example.com").parse().unwrap()
}

fn hour(hour: i64) -> Moment {
    Moment::from_millis(hour * HOUR)
}

/// One to four contacts out of twenty, mostly bounced.
fn random_record(nth: u32, random: &mut fastrand::Rng) -> MessageRecord {
    let who: BTreeSet<u8> = (0..random.usize(1..=4)).map(|_| random.u8(..20)).collect();
    let events = who.into_iter().map(|who| {
        let category = random.choice([
            Category::SoftBounce,
            Category::SoftBounce,
            Category::Delivered,
            Category::HardBounce,
            Category::Unsubscribe,
        ]);
        let mut event = event(
            &nth.to_string(),
            &format!("contact{who}"),
            random.i64(0..500),
            category.unwrap(),
        );
        if random.u8(..12) == 0 {
            event.kind = EventKind::Manual(ManualAction::Reactivate);
        }
        event.original_message_id = random.bool().then(|| format!("{}@example.com", random.u8(..50)));
        event.account = Some("bounces".to_owned());
        event
    });
    record(events.collect())
}

/// Every attribute there is.
fn full_event() -> Event {
    let text = |text: &str| Some(text.to_owned());
    Event {
        message: MessageHash::of(b"full"),
        address: Some("Ann@Bücher.example".parse().unwrap()),
        at: Moment::from_millis(1_795_292_617_123),
        kind: EventKind::Mail(Category::HardBounce),
        severity: Severity::Hard,
        reason: Reason::UserUnknown,
        account: text("bounces"),
        list: text("news"),
        campaign: text("2026-11"),
        status: Some(EnhancedStatus::new(5, 1, 1)),
        reply: ReplyCode::new(550),
        diagnostic: text("550 5.1.1 no such user – Empfänger unbekannt"),
        final_recipient: Address::parse("ann@far.example.net"),
        provider: text("example"),
        reporting_mta: text("mx.example.net"),
        original_message_id: text("1@news.example.com"),
        original_subject: text("Neues im November"),
        object_key: text("raw/bounces/00/00.eml"),
        rule: text("dsn.5.1.1"),
        rules_version: text("1"),
        evidence: text("no such user"),
        own_category: text("invalid-recipient"),
        new_address: Address::parse("Ann.B@example.org"),
        authenticity: rebound_contacts::Authenticity::None,
        expires_at: Some(Moment::from_millis(1_895_292_617_000)),
        actor: text("the operator"),
        note: text("a test"),
    }
}
