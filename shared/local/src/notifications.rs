//! What S3 would send to a queue: a durable notification about every new object below the watched prefixes.

use std::time::Duration;

use serde_json::json;

use crate::clock;
use crate::error::Error;
use crate::store::{Content, Notification, Queue, Queued, Store};

/// Names one notification in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotificationId(i64);

impl NotificationId {
    pub(crate) fn new(id: i64) -> Self {
        Self(id)
    }

    pub(crate) fn get(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for NotificationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// One delivery.
#[derive(Clone, Debug)]
pub struct QueueMessage {
    /// What to give to [`NotificationQueue::delete`] or [`NotificationQueue::release`].
    pub id: NotificationId,
    /// The S3 event notification as JSON, with one record; its key is form-encoded, as S3 sends it. Or what somebody sent
    /// to the queue instead.
    pub body: String,
    /// How often it has been delivered, this time included.
    pub receive_count: u32,
}

/// How many notifications there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Ready to be received.
    pub waiting: u64,
    /// Received, neither deleted nor timed out.
    pub in_flight: u64,
    /// Sent with a delay that has not passed.
    pub delayed: u64,
    /// Received too often and set aside.
    pub dead: u64,
}

/// The queue of notifications: at least once, until deleted.
///
/// A notification is written in the transaction that makes its object visible, so neither exists without the other. One
/// that was received five times and comes back is set aside ([`dead_letters`](Self::dead_letters)). When the stack is
/// opened again everything received but not deleted is ready to be received at once.
#[derive(Clone)]
pub struct NotificationQueue {
    store: Store,
}

impl NotificationQueue {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Takes up to `max` notifications, oldest first, and hides them for `visibility`. Answers at once, if need be with none.
    pub async fn receive(&self, max: usize, visibility: Duration) -> Result<Vec<QueueMessage>, Error> {
        let hide_ms = i64::try_from(visibility.as_millis()).unwrap_or(i64::MAX);
        Ok(messages(self.store.receive(Queue::Classify, max, hide_ms).await?))
    }

    /// Waits until something has been queued, released or redriven since the last wait. For one waiting task; it may wake
    /// without need, so receive again and see.
    pub async fn arrival(&self) {
        self.store.arrival().await;
    }

    /// These are done.
    pub async fn delete(&self, ids: &[NotificationId]) -> Result<(), Error> {
        Ok(self.store.done(ids.to_vec()).await?)
    }

    /// These failed: let them be received again at once.
    pub async fn release(&self, ids: &[NotificationId]) -> Result<(), Error> {
        Ok(self.store.release(ids.to_vec()).await?)
    }

    /// What was received too often, oldest first. They may be deleted like others.
    pub async fn dead_letters(&self) -> Result<Vec<QueueMessage>, Error> {
        Ok(messages(self.store.dead(Queue::Classify).await?))
    }

    /// Puts all dead letters back into the queue; answers how many.
    pub async fn redrive(&self) -> Result<usize, Error> {
        Ok(self.store.redrive(Queue::Classify).await?)
    }

    /// How many there are.
    pub async fn depth(&self) -> Result<Depth, Error> {
        Ok(self.store.depth(Queue::Classify).await?)
    }
}

fn messages(queued: Vec<Queued>) -> Vec<QueueMessage> {
    let message = |queued: Queued| QueueMessage {
        id: queued.id,
        body: body(&queued),
        receive_count: queued.receives,
    };
    queued.into_iter().map(message).collect()
}

/// What the queue delivers.
pub(crate) fn body(queued: &Queued) -> String {
    match &queued.content {
        Content::Object(notification) => event_json(queued.id, queued.at_ms, notification),
        Content::Sent { body, .. } => body.clone(),
    }
}

/// The event message structure that S3 sends, version 2.1
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>).
fn event_json(id: NotificationId, at_ms: i64, notification: &Notification) -> String {
    let at = jiff::Timestamp::try_from(clock::from_ms(at_ms)).unwrap_or_default();
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": crate::stack::REGION,
        "eventTime": format!("{at:.3}"),
        "eventName": notification.event,
        "userIdentity": {"principalId": "local"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": id.to_string(), "x-amz-id-2": "local"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "local",
            "bucket": {
                "name": notification.bucket,
                "ownerIdentity": {"principalId": "local"},
                "arn": format!("arn:aws:s3:::{}", notification.bucket),
            },
            "object": {
                "key": form_encode(&notification.key),
                "size": notification.size,
                "eTag": notification.etag,
                "sequencer": format!("{:016X}", id.get()),
            },
        },
    }]})
    .to_string()
}

/// `application/x-www-form-urlencoded`, but for the slash, which S3 leaves as it is.
fn form_encode(key: &str) -> String {
    use std::fmt::Write as _;
    key.bytes().fold(String::with_capacity(key.len()), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' | b'/' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(key: &str) -> Notification {
        Notification {
            event: "ObjectCreated:Put".into(),
            bucket: "messages".into(),
            key: key.into(),
            size: 42,
            etag: "d41d8cd98f00b204e9800998ecf8427e".into(),
        }
    }

    #[test]
    fn the_event_reads_back_as_the_one_lambda_gets() {
        let body = event_json(
            NotificationId::new(7),
            1_763_000_000_123,
            &notification("raw/a b/ü+.eml"),
        );
        let event: aws_lambda_events::event::s3::S3Event = serde_json::from_str(&body).unwrap();
        let record = &event.records[0];
        assert_eq!(record.event_name.as_deref(), Some("ObjectCreated:Put"));
        assert_eq!(record.event_time.timestamp_millis(), 1_763_000_000_123);
        assert_eq!(record.s3.bucket.name.as_deref(), Some("messages"));
        assert_eq!(record.s3.object.key.as_deref(), Some("raw/a+b/%C3%BC%2B.eml"));
        assert_eq!(record.s3.object.size, Some(42));
        assert_eq!(
            record.s3.object.e_tag.as_deref(),
            Some("d41d8cd98f00b204e9800998ecf8427e")
        );
    }
}
