//! Many writers on the same contacts.

use rebound_classify::Category;
use rebound_contacts::{Policy, fold};

use crate::stores::on_every_store;
use crate::support::{contact_address, event, events_of, record};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_that_know_less_than_is_stored_read_again_and_count_exactly() {
    on_every_store("outdated", async |store| {
        const WRITERS: u32 = 32;
        let bounce = |name: &str| {
            [record(
                ["ann", "bob"]
                    .map(|who| event(name, who, 1, Category::SoftBounce))
                    .into(),
            )]
        };
        assert!(
            store.repository.record(&bounce("before")).await[0]
                .as_ref()
                .unwrap()
                .new
        );
        store.requests.take();
        // Each writer's first read, and more, finds nothing: all of them begin by losing.
        store.requests.read_too_early(2 * WRITERS);
        let writers = (0..WRITERS).map(|writer| {
            let repository = store.repository.clone().with_concurrency(4);
            let bounce = bounce(&writer.to_string());
            tokio::spawn(async move { repository.record(&bounce).await.remove(0).unwrap().new })
        });
        for writer in writers.collect::<Vec<_>>() {
            assert!(writer.await.unwrap());
        }
        let transactions = store.requests.take();
        let transactions = transactions.iter().filter(|request| *request == "TransactWriteItems");
        assert!(transactions.count() >= 3 * WRITERS as usize);
        for who in ["ann", "bob"] {
            let contact = store.repository.contact(&contact_address(who)).await.unwrap().unwrap();
            let counted = u64::from(WRITERS) + 1;
            assert_eq!((contact.events, contact.counters.soft_bounces), (counted, counted));
            let history = events_of(store, &contact.address).await;
            assert_eq!(contact, fold(&Policy::default(), &contact.address, &history));
        }
    })
    .await;
}
