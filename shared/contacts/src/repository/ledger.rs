//! The sent ledger in DynamoDB. What an item looks like is an interface, too: senders write items themselves.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use super::Repository;
use super::error::{ChangeError, DamagedItem, Failure, ReadError};
use super::item::{Attributes, Item, Reader};
use super::read::reading;
use super::retry::Attempts;
use crate::ledger::{LedgerEntry, MessageId, SentMessage};
use crate::moment::Moment;

/// The most items DynamoDB writes in one batch.
const MAX_BATCH_WRITES: usize = 25;

/// How many entries of a message are read at a time: as many as a read unit (4 KB) pays for. Two would do, but for those
/// that are expired and not yet deleted.
const PAGE_ENTRIES: i32 = 20;

/// How many entries of one message are looked at. One that so many had is nobody's own, whoever of them is forgotten.
const MAX_ENTRIES: usize = 1000;

impl Repository {
    /// Enters messages into the sent ledger. An entry for the same message and recipient is replaced, so the same again
    /// changes nothing; of two among `entries` the later holds.
    ///
    /// When it fails, some may have been entered.
    pub async fn note_sent_messages(&self, entries: &[LedgerEntry]) -> Result<(), ChangeError> {
        let deadline = self.deadline();
        // A batch must not name a key twice.
        let items: BTreeMap<_, _> = entries
            .iter()
            .map(|entry| ((&entry.message_id, &entry.address), entry))
            .collect();
        let items: Vec<_> = items.into_values().map(entry_to_item).collect();
        let batches = items.chunks(MAX_BATCH_WRITES).map(|batch| {
            let batch = batch.to_vec();
            // On the heap, so that no future of a caller grows by a request of the SDK.
            Box::pin(self.put_sent(batch, deadline))
        });
        let batches: Vec<_> = batches.collect();
        stream::iter(batches)
            .buffer_unordered(self.concurrency)
            .try_collect::<()>()
            .await
            .map_err(|failure| ChangeError::Failed {
                what: "the sent ledger".to_owned(),
                failure,
            })
    }

    /// What the sent ledger knows of a message at this time (strongly consistent).
    ///
    /// An item that a sender has not written as it should be is an error that is no better later.
    pub async fn sent_message(&self, message_id: &MessageId, now: Moment) -> Result<SentMessage, ReadError> {
        Box::pin(self.sent_message_of(message_id, now))
            .await
            .map_err(reading(format!("what was sent as {message_id}")))
    }

    async fn sent_message_of(&self, message_id: &MessageId, now: Moment) -> Result<SentMessage, Failure> {
        let request = self
            .client
            .query()
            .table_name(&self.tables.sent)
            .consistent_read(true)
            .key_condition_expression("message_id = :message_id")
            .expression_attribute_values(":message_id", AttributeValue::S(message_id.to_string()))
            .limit(PAGE_ENTRIES);
        let (mut entries, mut seen, mut start) = (Vec::new(), 0, None);
        loop {
            let (items, next) = self.query(request.clone().set_exclusive_start_key(start)).await?;
            seen += items.len();
            for item in items {
                let entry = entry_from_item(item)?;
                if !entry.is_expired(now) {
                    entries.push(entry);
                }
            }
            let known = SentMessage::of(entries.iter().cloned(), now);
            if known == SentMessage::Shared || next.is_none() {
                return Ok(known);
            }
            if seen >= MAX_ENTRIES {
                return Ok(SentMessage::Shared);
            }
            start = next;
        }
    }

    /// Writes a batch, and again what DynamoDB leaves of it.
    async fn put_sent(&self, items: Vec<Item>, deadline: Instant) -> Result<(), Failure> {
        let mut attempts = Attempts::until(deadline);
        let put = |item| {
            let put = PutRequest::builder().set_item(Some(item)).build()?;
            Ok(WriteRequest::builder().put_request(put).build())
        };
        let mut left: Vec<_> = items.into_iter().map(put).collect::<Result<_, Failure>>()?;
        while !left.is_empty() {
            let request = self.client.batch_write_item();
            let request = request.request_items(&self.tables.sent, left.clone());
            let permit = self.permits.acquire().await;
            let answer = request.send().await;
            drop(permit);
            match answer {
                Err(error) => attempts.after_error(&error).await?,
                Ok(answer) => {
                    left = answer
                        .unprocessed_items
                        .unwrap_or_default()
                        .into_values()
                        .flatten()
                        .collect();
                    // It leaves items when it would have to throttle.
                    if !left.is_empty() {
                        let reason = format!("it left {} items unprocessed", left.len());
                        attempts.after_trouble(|| reason).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn entry_to_item(entry: &LedgerEntry) -> Item {
    let mut item = Attributes::default();
    item.text("message_id", Some(&entry.message_id));
    item.text("address", Some(&entry.address));
    item.text("list", entry.list.as_ref());
    item.text("campaign", entry.campaign.as_ref());
    item.text("sent_at", Some(entry.sent_at));
    item.number("expires_at", entry.expires_at.map(|at| at.timestamp().as_second()));
    item.0
}

fn entry_from_item(item: Item) -> Result<LedgerEntry, Failure> {
    read_entry(item).map_err(
        |DamagedItem {
             key,
             attribute,
             trouble,
         }| Failure::Miswritten {
            message_id: key,
            attribute,
            trouble,
        },
    )
}

fn read_entry(item: Item) -> Result<LedgerEntry, DamagedItem> {
    let mut item = Reader::new(item, "message_id");
    Ok(LedgerEntry {
        message_id: item.needed("message_id")?,
        address: item.needed("address")?,
        list: item.read("list")?,
        campaign: item.read("campaign")?,
        sent_at: item.needed("sent_at")?,
        expires_at: item
            .number("expires_at")?
            .map(|seconds: i64| Moment::from_millis(seconds.saturating_mul(1000))),
    })
}
