//! SQS's protocol over the durable queues: JSON 1.0 in and out, the operation named in a header.
//!
//! There are two queues, standard ones, and no others can be made: `classify` gets the notifications about new objects,
//! `fetch` the fetcher's jobs. What is received five times and comes back is set aside, as a redrive policy would.

mod attributes;
mod error;
mod wire;

use std::time::Duration;

use s3s::crypto::{Checksum as _, Md5};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::notifications::{self, NotificationId};
use crate::stack::REGION;
use crate::store::{Content, Delivery, Queue, Queued, Store, ToSend};
use attributes::MessageAttributes;
pub(crate) use error::Refusal;
use error::Result;
use wire::{
    Batch, ChangeVisibility, Delete, Entry, Failed, ListQueues, NamedQueue, QueueAttributes, Receive, Send, WhichQueue,
};

/// What SQS's JSON is called.
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// The account that everything claims to belong to.
pub(crate) const ACCOUNT: &str = "000000000000";

/// The longest message, and the longest batch: SQS's own limit.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// Messages in one request: SQS's own limit.
const MAX_BATCH: usize = 10;

/// How long a received message stays hidden when nobody says: SQS's own default.
const DEFAULT_VISIBILITY_SECONDS: u32 = 30;

/// The longest time a message may stay hidden: twelve hours, as in SQS.
const MAX_VISIBILITY_SECONDS: u32 = 12 * 60 * 60;

/// The longest delay of a message: fifteen minutes, as in SQS.
const MAX_DELAY_SECONDS: u32 = 15 * 60;

/// The longest wait for a message, as in SQS.
const MAX_WAIT_SECONDS: u32 = 20;

/// How often a waiting receiver looks by itself: a message whose time has come makes no noise.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Answers requests about the queues of one store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Queues {
    store: Store,
    /// Turns true when nobody shall wait any longer.
    stopping: watch::Receiver<bool>,
}

impl Queues {
    pub(crate) fn new(store: Store, stopping: watch::Receiver<bool>) -> Self {
        Self { store, stopping }
    }

    /// Answers `operation`, asked at `host` (with its port), which the queues' URLs then name.
    pub(crate) async fn answer(&self, operation: &str, body: &[u8], host: &str) -> Result<Value> {
        match operation {
            "SendMessage" => self.send(wire::read(body)?).await,
            "SendMessageBatch" => self.send_batch(wire::read(body)?).await,
            "ReceiveMessage" => self.receive(wire::read(body)?).await,
            "DeleteMessage" => self.delete(wire::read(body)?).await,
            "DeleteMessageBatch" => self.delete_batch(wire::read(body)?).await,
            "ChangeMessageVisibility" => self.change_visibility(wire::read(body)?).await,
            "ChangeMessageVisibilityBatch" => self.change_visibility_batch(wire::read(body)?).await,
            "PurgeQueue" => self.purge(&wire::read(body)?).await,
            "GetQueueAttributes" => self.queue_attributes(&wire::read(body)?).await,
            // Who makes sure that a queue is there finds that it is.
            "GetQueueUrl" | "CreateQueue" => {
                let request: NamedQueue = wire::read(body)?;
                let queue = Queue::named(&request.queue_name).ok_or_else(Refusal::no_such_queue)?;
                Ok(json!({"QueueUrl": url(queue, host)}))
            }
            "ListQueues" => {
                let request: ListQueues = wire::read(body)?;
                let queues = Queue::ALL.into_iter();
                let queues = queues.filter(|queue| queue.name().starts_with(&request.queue_name_prefix));
                Ok(json!({"QueueUrls": queues.map(|queue| url(queue, host)).collect::<Vec<_>>()}))
            }
            other => Err(Refusal::unsupported(other)),
        }
    }

    async fn send(&self, request: Entry<Send>) -> Result<Value> {
        let queue = named_by(&request.queue_url)?;
        let message = request.entry.checked()?;
        let answer = sent(&message);
        let ids = self.store.send(queue, vec![message]).await?;
        let id = ids
            .first()
            .copied()
            .ok_or_else(|| Refusal::internal("nothing was queued"))?;
        Ok(answer.with("MessageId", message_id(id)))
    }

    async fn send_batch(&self, request: Batch<Send>) -> Result<Value> {
        let queue = named_by(&request.queue_url)?;
        request.check()?;
        let bytes: usize = request.entries.iter().map(|entry| entry.entry.bytes()).sum();
        if bytes > MAX_MESSAGE_BYTES {
            return Err(Refusal::batch_too_long());
        }
        let mut outcome = Outcome::default();
        let (mut names, mut messages) = (Vec::new(), Vec::new());
        for entry in request.entries {
            match entry.entry.checked() {
                Ok(message) => {
                    names.push((entry.id, sent(&message)));
                    messages.push(message);
                }
                Err(refusal) => outcome.failed.push(refusal.about(entry.id)),
            }
        }
        let ids = self.store.send(queue, messages).await?;
        for ((name, answer), id) in names.into_iter().zip(ids) {
            outcome
                .successful
                .push(answer.with("MessageId", message_id(id)).with("Id", name));
        }
        Ok(outcome.into())
    }

    /// Waits as long as asked until there is at least one message.
    async fn receive(&self, request: Receive) -> Result<Value> {
        let queue = named_by(&request.queue_url)?;
        let max = request.max_number_of_messages.unwrap_or(1);
        if !(1..=MAX_BATCH).contains(&max) {
            return Err(Refusal::invalid(format!("MaxNumberOfMessages takes 1 to {MAX_BATCH}")));
        }
        let hide = request.visibility_timeout.unwrap_or(DEFAULT_VISIBILITY_SECONDS);
        let hide_ms = milliseconds("VisibilityTimeout", hide, MAX_VISIBILITY_SECONDS)?;
        let wait_ms = milliseconds("WaitTimeSeconds", request.wait_time_seconds, MAX_WAIT_SECONDS)?;
        let until = Instant::now() + Duration::from_millis(wait_ms.unsigned_abs());
        let mut stopping = self.stopping.clone();
        let mut arrivals = self.store.arrivals();
        loop {
            arrivals.borrow_and_update();
            let received = self.store.receive(queue, max, hide_ms).await?;
            let left = until.saturating_duration_since(Instant::now());
            if !received.is_empty() || left.is_zero() || *stopping.borrow_and_update() {
                let messages: Vec<Value> = received.iter().map(|message| delivered(message, &request)).collect();
                return Ok(if messages.is_empty() {
                    json!({})
                } else {
                    json!({"Messages": messages})
                });
            }
            tokio::select! {
                _ = arrivals.changed() => {}
                _ = stopping.changed() => {}
                () = tokio::time::sleep(left.min(LOOK_AGAIN)) => {}
            }
        }
    }

    async fn delete(&self, request: Entry<Delete>) -> Result<Value> {
        let queue = named_by(&request.queue_url)?;
        let delivery = delivery_of(&request.entry.receipt_handle)?;
        self.store.acknowledge(queue, vec![delivery]).await?;
        Ok(json!({}))
    }

    async fn delete_batch(&self, request: Batch<Delete>) -> Result<Value> {
        let queue = named_by(&request.queue_url)?;
        request.check()?;
        let mut outcome = Outcome::default();
        let mut deliveries = Vec::new();
        for entry in request.entries {
            match delivery_of(&entry.entry.receipt_handle) {
                Ok(delivery) => {
                    deliveries.push(delivery);
                    outcome.successful.push(json!({"Id": entry.id}));
                }
                Err(refusal) => outcome.failed.push(refusal.about(entry.id)),
            }
        }
        self.store.acknowledge(queue, deliveries).await?;
        Ok(outcome.into())
    }

    async fn change_visibility(&self, request: Entry<ChangeVisibility>) -> Result<Value> {
        let queue = named_by(&request.queue_url)?;
        self.hide(queue, &request.entry).await?;
        Ok(json!({}))
    }

    async fn change_visibility_batch(&self, request: Batch<ChangeVisibility>) -> Result<Value> {
        let queue = named_by(&request.queue_url)?;
        request.check()?;
        let mut outcome = Outcome::default();
        for entry in request.entries {
            match self.hide(queue, &entry.entry).await {
                Ok(()) => outcome.successful.push(json!({"Id": entry.id})),
                Err(refusal) => outcome.failed.push(refusal.about(entry.id)),
            }
        }
        Ok(outcome.into())
    }

    async fn hide(&self, queue: Queue, request: &ChangeVisibility) -> Result<()> {
        let hide_ms = milliseconds("VisibilityTimeout", request.visibility_timeout, MAX_VISIBILITY_SECONDS)?;
        let delivery = delivery_of(&request.receipt_handle)?;
        if self.store.hide(queue, delivery, hide_ms).await? {
            Ok(())
        } else {
            Err(Refusal::not_in_flight())
        }
    }

    async fn purge(&self, request: &WhichQueue) -> Result<Value> {
        self.store.purge(named_by(&request.queue_url)?).await?;
        Ok(json!({}))
    }

    async fn queue_attributes(&self, request: &QueueAttributes) -> Result<Value> {
        let queue = named_by(&request.queue_url)?;
        let depth = self.store.depth(queue).await?;
        let all = [
            ("ApproximateNumberOfMessages", depth.waiting.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", depth.in_flight.to_string()),
            ("ApproximateNumberOfMessagesDelayed", depth.delayed.to_string()),
            ("VisibilityTimeout", DEFAULT_VISIBILITY_SECONDS.to_string()),
            ("MaximumMessageSize", MAX_MESSAGE_BYTES.to_string()),
            ("DelaySeconds", "0".to_owned()),
            ("ReceiveMessageWaitTimeSeconds", "0".to_owned()),
            ("QueueArn", format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", queue.name())),
        ];
        let asked = |name: &str| {
            let names = &request.attribute_names;
            names.iter().any(|asked| asked == "All" || asked == name)
        };
        let attributes: Map<String, Value> = all
            .into_iter()
            .filter(|(name, _)| asked(name))
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        Ok(json!({"Attributes": attributes}))
    }
}

/// What became of a batch, entry by entry.
#[derive(Default)]
struct Outcome {
    successful: Vec<Value>,
    failed: Vec<Failed>,
}

impl From<Outcome> for Value {
    fn from(outcome: Outcome) -> Self {
        json!({"Successful": outcome.successful, "Failed": outcome.failed})
    }
}

/// Adds a field to an object.
trait With {
    fn with(self, name: &str, value: impl Serialize) -> Self;
}

impl With for Value {
    fn with(mut self, name: &str, value: impl Serialize) -> Self {
        if let Some(object) = self.as_object_mut() {
            object.insert(name.to_owned(), json!(value));
        }
        self
    }
}

impl Send {
    fn bytes(&self) -> usize {
        self.message_body.len() + self.message_attributes.as_ref().map_or(0, MessageAttributes::bytes)
    }

    fn checked(self) -> Result<ToSend> {
        if self.message_body.is_empty() {
            return Err(Refusal::invalid("the message is empty"));
        }
        if self.bytes() > MAX_MESSAGE_BYTES {
            return Err(Refusal::invalid(format!(
                "a message takes at most {MAX_MESSAGE_BYTES} bytes"
            )));
        }
        let delay_ms = milliseconds("DelaySeconds", self.delay_seconds, MAX_DELAY_SECONDS)?;
        let attributes = self.message_attributes.filter(|attributes| !attributes.is_empty());
        let attributes = attributes
            .map(|attributes| attributes.checked()?.to_json())
            .transpose()?;
        Ok(ToSend {
            body: self.message_body,
            attributes,
            delay_ms,
        })
    }
}

/// What the sender learns: that everything arrived as it was sent.
fn sent(message: &ToSend) -> Value {
    let answer = json!({"MD5OfMessageBody": md5(message.body.as_bytes())});
    match message.attributes.as_deref().and_then(MessageAttributes::from_json) {
        Some(attributes) => answer.with("MD5OfMessageAttributes", md5(&attributes.to_bytes())),
        None => answer,
    }
}

/// A message as it is handed out.
fn delivered(message: &Queued, request: &Receive) -> Value {
    let body = notifications::body(message);
    let about = [
        ("SenderId", "local".to_owned()),
        ("SentTimestamp", message.at_ms.to_string()),
        ("ApproximateReceiveCount", message.receives.to_string()),
        (
            "ApproximateFirstReceiveTimestamp",
            message.first_ms.unwrap_or(message.at_ms).to_string(),
        ),
    ];
    let about: Map<String, Value> = about
        .into_iter()
        .filter(|(name, _)| request.wants(name))
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let mut answer = json!({
        "MessageId": message_id(message.id),
        "ReceiptHandle": receipt_handle(Delivery { id: message.id, receives: message.receives }),
        "MD5OfBody": md5(body.as_bytes()),
        "Body": body,
    });
    if !about.is_empty() {
        answer = answer.with("Attributes", about);
    }
    let Content::Sent { attributes, .. } = &message.content else {
        return answer;
    };
    let attributes = attributes.as_deref().and_then(MessageAttributes::from_json);
    match attributes.and_then(|attributes| attributes.only(&request.message_attribute_names)) {
        Some(asked) => answer
            .with("MD5OfMessageAttributes", md5(&asked.to_bytes()))
            .with("MessageAttributes", asked),
        None => answer,
    }
}

fn url(queue: Queue, host: &str) -> String {
    format!("http://{host}/{ACCOUNT}/{}", queue.name())
}

/// The queue that a URL means, whatever host it names: the same endpoint goes by several names.
fn named_by(url: &str) -> Result<Queue> {
    let name = url.rsplit('/').next().unwrap_or_default();
    Queue::named(name).ok_or_else(Refusal::no_such_queue)
}

/// In the shape of the UUIDs that SQS gives.
fn message_id(id: NotificationId) -> String {
    format!("00000000-0000-4000-8000-{:012x}", id.get())
}

fn receipt_handle(delivery: Delivery) -> String {
    format!("{}-{}", delivery.id.get(), delivery.receives)
}

fn delivery_of(receipt_handle: &str) -> Result<Delivery> {
    let parts = receipt_handle.split_once('-');
    let delivery = parts.and_then(|(id, receives)| {
        Some(Delivery {
            id: NotificationId::new(id.parse().ok()?),
            receives: receives.parse().ok()?,
        })
    });
    delivery.ok_or_else(Refusal::no_receipt)
}

fn milliseconds(what: &str, seconds: u32, max: u32) -> Result<i64> {
    if seconds > max {
        return Err(Refusal::invalid(format!("{what} takes at most {max} seconds")));
    }
    Ok(i64::from(seconds) * 1000)
}

fn md5(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Md5::checksum(bytes)
        .iter()
        .fold(String::with_capacity(32), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
