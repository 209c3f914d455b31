//! The circuit breaker: too many suppressions at once are held.

use std::sync::Arc;

use futures::TryStreamExt;
use rebound_classify::Category;
use rebound_contacts::repository::Repository;
use rebound_contacts::{
    Authenticity, Breaker, Cause, Contact, Event, EventKind, HeldBecause, ManualAction, MessageHash, MessageRecord,
    Moment, Policy, Ruling, fold,
};

use crate::stores::{Store, on_every_store};
use crate::support::{all_contacts, contact_address, event, events_of, hour, record};

/// Three suppressions a day, or half of the contacts heard of.
fn cautious() -> Policy {
    Policy {
        breaker: Some(Breaker {
            suppressions: 3,
            percent: 50,
        }),
        ..Policy::default()
    }
}

fn watched(store: &Store) -> Repository {
    store.repository.clone().with_policy(Arc::new(cautious()))
}

/// A message of the account that says this about the contact.
fn mail(account: &str, who: &str, category: Category) -> MessageRecord {
    let mut event = event(&format!("{account} {who} {category}"), who, 1, category);
    event.account = Some(account.to_owned());
    record(vec![event])
}

fn hard_bounces(account: &str, who: std::ops::Range<u32>) -> Vec<MessageRecord> {
    who.map(|nth| mail(account, &format!("contact{nth}"), Category::HardBounce))
        .collect()
}

/// Records on this day, and says how many contacts that suppressed and how many are held.
async fn run(repository: &Repository, batch: &[MessageRecord], day: i64) -> (usize, usize) {
    let mut counts = (0, 0);
    for recorded in repository.record_mail(batch, hour(day * 24)).await {
        let recorded = recorded.unwrap();
        counts.0 += recorded.suppressed().count();
        counts.1 += recorded.held().count();
    }
    counts
}

async fn held(repository: &Repository) -> Vec<Contact> {
    let mut held: Vec<Contact> = repository.held().try_collect().await.unwrap();
    held.sort_by(|a, b| a.address.cmp(&b.address));
    held
}

#[tokio::test]
async fn what_is_too_much_for_one_account_and_day_is_held() {
    on_every_store("breaker", async |store| {
        let repository = watched(store);
        let first = hard_bounces("news", 0..2);
        assert_eq!(run(&repository, &first, 1).await, (2, 0));
        // Recording it again claims nothing.
        assert_eq!(run(&repository, &first, 1).await, (0, 0));
        // Half of the eight that are heard of.
        assert_eq!(run(&repository, &hard_bounces("news", 2..8), 1).await, (2, 4));
        assert_eq!(run(&repository, &hard_bounces("other", 8..10), 1).await, (2, 0));
        assert_eq!(run(&repository, &hard_bounces("news", 10..12), 2).await, (2, 0));

        let held = held(&repository).await;
        assert_eq!(held.len(), 4);
        for contact in all_contacts(store).await {
            let history = events_of(store, &contact.address).await;
            assert_eq!(contact, fold(&cautious(), &contact.address, &history));
            assert_ne!(contact.suppression.is_some(), contact.held.is_some());
        }
        let cause = held[0].held.unwrap().cause;
        assert_eq!(cause, Cause::Mail(Category::HardBounce));
        let history = events_of(store, &held[0].address).await;
        let ruling = history
            .iter()
            .find(|event| event.kind == EventKind::Ruling(Ruling::Hold));
        let ruling = ruling.unwrap();
        assert_eq!(ruling.about, Some(held[0].held.unwrap().by));
        assert_eq!(ruling.actor.as_deref(), Some("circuit breaker"));
        assert_eq!(ruling.account.as_deref(), Some("news"));
    })
    .await;
}

/// At most three suppressions a day on one server's word.
fn wary() -> Policy {
    let mut policy = Policy {
        breaker: None,
        ..Policy::default()
    };
    policy.trust.suppressions_per_server = 3;
    policy.trust.own_servers.insert("198.51.100.1".to_owned());
    policy
}

/// Hard bounces that `server` hands over.
fn handed_over(server: &str, authenticity: Authenticity, who: std::ops::Range<u32>) -> Vec<MessageRecord> {
    let mut records = Vec::new();
    for nth in who {
        let who = format!("contact{nth}");
        let mut event = event(&format!("{server} {who}"), &who, 1, Category::HardBounce);
        event.account = Some("news".to_owned());
        event.authenticity = Some(authenticity);
        event.proof = Some("a test".to_owned());
        event.server = Some(server.to_owned());
        records.push(record(vec![event]));
    }
    records
}

#[tokio::test]
async fn a_flood_on_one_servers_word_suppresses_nobody() {
    on_every_store("flood", async |store| {
        let repository = store.repository.clone().with_policy(Arc::new(wary()));
        let (stranger, plausible) = ("203.0.113.7", Authenticity::Plausible);
        assert_eq!(
            run(&repository, &handed_over(stranger, plausible, 0..3), 1).await,
            (3, 0)
        );
        // Once it is too much, what had been let through is taken back.
        assert_eq!(
            run(&repository, &handed_over(stranger, plausible, 3..8), 1).await,
            (0, 5)
        );
        assert_eq!(
            run(&repository, &handed_over(stranger, plausible, 8..9), 1).await,
            (0, 1)
        );
        let held: Vec<_> = held(&repository).await;
        assert_eq!(held.len(), 9);
        for contact in all_contacts(store).await {
            let history = events_of(store, &contact.address).await;
            assert_eq!(contact, fold(&wary(), &contact.address, &history));
            assert_eq!(contact.held.unwrap().because, HeldBecause::Breaker);
        }
        let history = events_of(store, &held[0].address).await;
        let ruling = history.iter().find(|event| event.about.is_some()).unwrap();
        assert!(ruling.note.as_deref().unwrap().starts_with(stranger), "{ruling:?}");

        // What is proven, what others say, one's own servers, and another day are no part of it.
        for (server, authenticity, who, day) in [
            (stranger, Authenticity::Signed, 10..20, 1),
            ("203.0.113.8", plausible, 20..23, 1),
            ("198.51.100.1", plausible, 30..40, 1),
            (stranger, plausible, 40..43, 2),
        ] {
            let wanted = who.len();
            let batch = handed_over(server, authenticity, who);
            assert_eq!(
                run(&repository, &batch, day).await,
                (wanted, 0),
                "{server} {authenticity}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_flood_is_held_whatever_comes_side_by_side() {
    on_every_store("floods", async |store| {
        let repository = store.repository.clone().with_policy(Arc::new(wary()));
        let batches = (0..6).map(|nth| handed_over("203.0.113.7", Authenticity::Plausible, nth * 2..nth * 2 + 2));
        let batches: Vec<_> = batches.collect();
        futures::future::join_all(batches.iter().map(|batch| run(&repository, batch, 1))).await;
        assert_eq!(held(&repository).await.len(), 12);
    })
    .await;
}

#[tokio::test]
async fn the_more_contacts_are_heard_of_the_more_may_be_suppressed() {
    on_every_store("share", async |store| {
        let repository = watched(store);
        let away = |nth| mail("news", &format!("away{nth}"), Category::OutOfOffice);
        let others: Vec<_> = (0..10).map(away).collect();
        assert_eq!(run(&repository, &others, 1).await, (0, 0));
        // Hearing of them again does not make them more.
        let again: Vec<_> = (0..10)
            .map(|nth| mail("news", &format!("away{nth}"), Category::SoftBounce))
            .collect();
        assert_eq!(run(&repository, &again, 1).await, (0, 0));
        // With these ten, twenty are heard of: half of them may be suppressed, and two more.
        assert_eq!(run(&repository, &hard_bounces("news", 0..10), 1).await, (10, 0));
        assert_eq!(run(&repository, &hard_bounces("news", 10..14), 1).await, (2, 2));
    })
    .await;
}

#[tokio::test]
async fn what_is_released_suppresses_from_then_on() {
    on_every_store("release", async |store| {
        let repository = watched(store);
        assert_eq!(run(&repository, &hard_bounces("news", 0..5), 1).await, (3, 2));
        let before = held(&repository).await;
        let rulings: Vec<_> = before
            .iter()
            .map(|contact| {
                let about = contact.held.unwrap().by;
                record(vec![Event::ruling(
                    Ruling::Release,
                    about,
                    contact.address.clone(),
                    hour(50),
                )])
            })
            .collect();
        for recorded in repository.record(&rulings).await {
            assert_eq!(recorded.unwrap().suppressed().count(), 1);
        }
        assert_eq!(held(&repository).await, []);
        let released = repository.contact(&before[0].address).await.unwrap().unwrap();
        let suppression = released.suppression.unwrap();
        assert_eq!((suppression.at, suppression.by), (hour(50), before[0].held.unwrap().by));
    })
    .await;
}

#[tokio::test]
async fn people_are_not_watched() {
    on_every_store("by_hand", async |store| {
        let repository = watched(store);
        let suppress = |nth: u32| {
            let who = contact_address(&format!("contact{nth}"));
            let kind = EventKind::Manual(ManualAction::Suppress);
            let message = MessageHash::of(&nth.to_be_bytes());
            record(vec![Event::new(message, Some(who), hour(1), kind)])
        };
        let batch: Vec<_> = (0..6).map(suppress).collect();
        assert_eq!(run(&repository, &batch, 1).await, (6, 0));
        // Nor is what somebody imports: it came through no account.
        let bounce = |nth: u32| {
            record(vec![event(
                &format!("row {nth}"),
                &format!("row{nth}"),
                1,
                Category::HardBounce,
            )])
        };
        let batch: Vec<_> = (0..6).map(bounce).collect();
        assert_eq!(run(&repository, &batch, 1).await, (6, 0));
    })
    .await;
}

#[tokio::test]
async fn a_message_with_many_recipients_is_held_for_those_beyond() {
    on_every_store("many", async |store| {
        let repository = watched(store);
        let events = (0..120).map(|nth| {
            let mut event = event("to all", &format!("contact{nth}"), 1, Category::HardBounce);
            event.account = Some("news".to_owned());
            event
        });
        let message = record(events.collect());
        // All of them are heard of: half may go.
        assert_eq!(run(&repository, std::slice::from_ref(&message), 1).await, (60, 60));
        assert_eq!(run(&repository, &[message], 1).await, (0, 0));
        assert_eq!(held(&repository).await.len(), 60);
    })
    .await;
}

#[tokio::test]
async fn writers_side_by_side_keep_to_the_limit_together() {
    on_every_store("together", async |store| {
        let repository = watched(store).with_concurrency(8);
        let runs = (0..8).map(|writer| {
            let repository = repository.clone();
            let batch = hard_bounces("news", writer * 5..writer * 5 + 5);
            tokio::spawn(async move { run(&repository, &batch, 1).await })
        });
        let (mut suppressed, mut held) = (0, 0);
        for run in runs.collect::<Vec<_>>() {
            let counts = run.await.unwrap();
            suppressed += counts.0;
            held += counts.1;
        }
        assert_eq!(suppressed + held, 40);
        // Half of the forty, once all are heard of; at least what is always allowed.
        assert!((3..=20).contains(&suppressed), "{suppressed}");
    })
    .await;
}

#[tokio::test]
async fn watching_costs_a_request_for_each_account_of_a_batch() {
    on_every_store("watching", async |store| {
        let repository = watched(store);
        let mut batch = hard_bounces("news", 0..3);
        batch.extend(hard_bounces("other", 3..6));
        for (batch, requests) in [
            (
                &batch[..],
                ["BatchGetItem", "UpdateItem", "UpdateItem", "TransactWriteItems"].as_slice(),
            ),
            // Heard of on this day, and suppressed: there is nothing to claim.
            (&batch[..], &["BatchGetItem", "TransactWriteItems"]),
            // What is held is told the count as well.
            (
                &hard_bounces("news", 6..10)[..],
                &["BatchGetItem", "UpdateItem", "UpdateItem", "TransactWriteItems"],
            ),
        ] {
            store.requests.take();
            for recorded in repository.record_mail(batch, Moment::from_millis(0)).await {
                recorded.unwrap();
            }
            assert_eq!(store.requests.take(), requests);
        }
    })
    .await;
}

#[tokio::test]
async fn what_nobody_could_forecast_is_held_only_when_it_is_too_much() {
    on_every_store("forecast", async |store| {
        let soft = |nth: i64| {
            let mut event = event(&format!("soft {nth}"), "ann", nth, Category::SoftBounce);
            event.account = Some("news".to_owned());
            record(vec![event])
        };
        for (limit, expected) in [(100, (2, 0)), (1, (1, 1))] {
            let policy = Policy {
                breaker: Some(Breaker {
                    suppressions: limit,
                    percent: 0,
                }),
                ..Policy::default()
            };
            let stores = store.beside(&format!("limit{limit}-")).await;
            let repository = stores.repository.clone().with_policy(Arc::new(policy));
            let before: Vec<_> = (1..5).map(soft).collect();
            assert_eq!(run(&repository, &before, 1).await, (0, 0));

            // Another writer has recorded four failures since this one has read: with the fifth, which looks like the
            // first, the contact is suppressed, and nothing was claimed for it.
            stores.requests.read_too_early(1);
            let batch = [soft(5), mail("news", "bob", Category::HardBounce)];
            assert_eq!(run(&repository, &batch, 1).await, expected, "at most {limit}");
            // What was claimed is what was used: no more can be suppressed, or as many as are left.
            let (suppressed, _) = run(&repository, &hard_bounces("news", 0..2), 1).await;
            assert_eq!(suppressed, if limit == 1 { 0 } else { 2 });
        }
    })
    .await;
}
