//! The sent ledger.

use aws_sdk_dynamodb::types::AttributeValue;
use rebound_contacts::{ContactAddress, LedgerEntry, MessageId, Moment, SentMessage};

use crate::stores::{Store, on_every_store};
use crate::support::{contact_address, hour};

#[tokio::test]
async fn a_message_of_one_recipient_is_known_as_it_was_noted() {
    on_every_store("ledger-one", async |store| {
        let bare = LedgerEntry {
            list: None,
            campaign: None,
            expires_at: None,
            ..entry(2, "bob")
        };
        let noted = [entry(1, "ann"), bare];
        // As it was, and again.
        for _ in 0..2 {
            store.repository.note_sent_messages(&noted).await.unwrap();
            for entry in &noted {
                assert_eq!(
                    sent(store, &entry.message_id, hour(9)).await,
                    SentMessage::To(entry.clone())
                );
            }
        }
        assert_eq!(sent(store, &id(3), hour(9)).await, SentMessage::Unknown);
        assert_eq!(items(store).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_message_of_several_recipients_is_shared_unless_all_but_one_are_forgotten() {
    on_every_store("ledger-shared", async |store| {
        let lasting = LedgerEntry {
            expires_at: Some(hour(200)),
            ..entry(1, "bob")
        };
        let noted = [entry(1, "ann"), lasting.clone()];
        store.repository.note_sent_messages(&noted).await.unwrap();
        for page in [0, 1] {
            store.requests.limit_pages(page);
            for (now, expected) in [
                (hour(9), SentMessage::Shared),
                // Expired, and still in the table.
                (hour(100), SentMessage::To(lasting.clone())),
                (hour(200), SentMessage::Unknown),
            ] {
                assert_eq!(sent(store, &id(1), now).await, expected, "{now}, pages of {page}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_that_hundreds_had_is_shared_whoever_is_forgotten() {
    on_every_store("ledger-crowd", async |store| {
        let crowd: Vec<_> = (0..1000).map(|who| entry(1, &format!("reader{who}"))).collect();
        store.repository.note_sent_messages(&crowd).await.unwrap();
        store.requests.take();
        assert_eq!(sent(store, &id(1), hour(9)).await, SentMessage::Shared);
        assert_eq!(store.requests.take().len(), 1);
        // All of them are expired; nobody looks at more than so many to find that out.
        store
            .repository
            .note_sent_messages(&[entry(1, "one more")])
            .await
            .unwrap();
        assert_eq!(sent(store, &id(1), hour(900)).await, SentMessage::Shared);
    })
    .await;
}

#[tokio::test]
async fn whatever_dynamodb_leaves_or_loses_is_entered_once() {
    on_every_store("ledger-trouble", async |store| {
        let mut entries: Vec<_> = (0..60).map(|nth| entry(nth, "ann")).collect();
        // The same key twice in one call: the later holds.
        let later = LedgerEntry {
            campaign: None,
            ..entry(7, "ann")
        };
        entries.push(later.clone());
        for (losses, unprocessed) in [(0, 1), (3, 0), (1, 4)] {
            store.requests.lose_answers(losses);
            store.requests.leave_unprocessed(unprocessed);
            // One batch after the other, so that it is known which of them is interfered with.
            for batch in entries.chunks(20) {
                store.repository.note_sent_messages(batch).await.unwrap();
            }
            assert_eq!(items(store).await, 60);
        }
        store.repository.note_sent_messages(&entries).await.unwrap();
        assert_eq!(items(store).await, 60);
        assert_eq!(sent(store, &id(7), hour(9)).await, SentMessage::To(later));
        store.requests.take();
        store.repository.note_sent_messages(&[]).await.unwrap();
        assert!(store.requests.take().is_empty());
    })
    .await;
}

/// As a sender in any language may write it.
#[tokio::test]
async fn items_that_senders_write_are_taken_as_far_as_they_can_be_read() {
    on_every_store("ledger-senders", async |store| {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let write = async |message_id: &str, address: &str, sent_at: AttributeValue| {
            let put = store
                .client
                .put_item()
                .table_name(&store.tables.sent)
                .item("message_id", text(message_id))
                .item("address", text(address))
                .item("sent_at", sent_at)
                .item("expires_at", AttributeValue::N("1900000000".to_owned()))
                .item("template", text("welcome"));
            put.send().await.unwrap();
        };
        write("1@example.com", "Ann@EXAMPLE.com", text("2026-11-21T08:00:00Z")).await;
        write("1@example.com", "ann@example.com", text("2026-11-21T08:00:00.5+00:00")).await;
        let expected = LedgerEntry {
            list: None,
            campaign: None,
            sent_at: "2026-11-21T08:00:00.5Z".parse().unwrap(),
            expires_at: Some(Moment::from_millis(1_900_000_000_000)),
            ..entry(1, "ann")
        };
        let now = "2026-11-22T08:00:00Z".parse().unwrap();
        assert_eq!(sent(store, &id(1), now).await, SentMessage::To(expected));

        write(
            "2@example.com",
            "ann@example.com",
            AttributeValue::N("1795292617".to_owned()),
        )
        .await;
        let error = store.repository.sent_message(&id(2), now).await.unwrap_err();
        assert!(!error.is_retryable());
        assert_eq!(
            error.to_string(),
            "could not read what was sent as 2@example.com: the attribute `sent_at` of \"2@example.com\" is no string; \
             docs/sent-ledger.md says how it is written"
        );
    })
    .await;
}

async fn sent(store: &Store, message_id: &MessageId, now: Moment) -> SentMessage {
    store.repository.sent_message(message_id, now).await.unwrap()
}

async fn items(store: &Store) -> i32 {
    let scan = store.client.scan().table_name(&store.tables.sent);
    scan.send().await.unwrap().count()
}

/// Sent in the eighth hour, expires in the hundredth.
fn entry(nth: u32, who: &str) -> LedgerEntry {
    LedgerEntry {
        message_id: id(nth),
        address: address(who),
        list: Some("news".to_owned()),
        campaign: Some("spring".to_owned()),
        sent_at: hour(8),
        expires_at: Some(hour(100)),
    }
}

fn id(nth: u32) -> MessageId {
    format!("<{nth}@example.com>").parse().unwrap()
}

fn address(who: &str) -> ContactAddress {
    contact_address(&who.replace(' ', "-"))
}
