//! What goes wrong once, or for one contact only.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use rebound_classify::Category;
use rebound_contacts::repository::{Failure, Repository, Tables};
use rebound_contacts::{MessageRecord, Policy, fold};

use crate::stores::on_every_store;
use crate::support::{contact_address, event, record};

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
