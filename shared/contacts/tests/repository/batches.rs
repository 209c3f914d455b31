//! How many requests a batch costs.

use rebound_classify::Category;
use rebound_contacts::MessageRecord;

use crate::stores::on_every_store;
use crate::support::{event, record};

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

/// Messages about one contact each, which go round so many contacts.
fn round(messages: u32, contacts: u32) -> Vec<MessageRecord> {
    (0..messages)
        .map(|nth| {
            let who = format!("contact{}", nth % contacts);
            record(vec![event(
                &nth.to_string(),
                &who,
                i64::from(nth),
                Category::SoftBounce,
            )])
        })
        .collect()
}

#[tokio::test]
async fn a_batch_costs_at_most_one_read_and_one_transaction_per_contact() {
    on_every_store("cost", async |store| {
        for (nth, (messages, contacts, reads, transactions)) in [
            (1, 1, 1, 1),
            (2, 2, 1, 1),
            // Together they fill a transaction of 100 items: an event each, and their contacts.
            (50, 50, 1, 1),
            (99, 1, 1, 1),
            (90, 10, 1, 1),
            (100, 100, 1, 2),
            (360, 40, 1, 4),
            // A hundred keys a read.
            (250, 250, 3, 5),
        ]
        .into_iter()
        .enumerate()
        {
            let store = store.beside(&nth.to_string()).await;
            store.requests.take();
            for result in store.repository.record(&round(messages, contacts)).await {
                assert!(result.unwrap().new);
            }
            let requests = store.requests.take();
            let count = |operation| requests.iter().filter(|request| *request == operation).count();
            let counts = (count("BatchGetItem"), count("TransactWriteItems"));
            assert_eq!(
                counts,
                (reads, transactions),
                "{messages} messages about {contacts} contacts"
            );
            assert_eq!(requests.len(), reads + transactions);
            assert!(counts.0.max(counts.1) <= contacts as usize);
        }
    })
    .await;
}
