//! Both queues, asked as SQS is, here and at moto.

use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};

use crate::support::{Served, moto};

macro_rules! here_and_at_moto {
    ($($check:ident),+ $(,)?) => {
        $(mod $check {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn here() {
                let served = crate::support::Served::start().await;
                let client = aws_sdk_sqs::Client::new(&served.config().await);
                super::$check(super::Queue::named(client, "fetch").await).await;
                served.end().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn at_moto() {
                let Some(config) = super::moto().await else { return };
                let client = aws_sdk_sqs::Client::new(&config);
                let name = format!("q{:x}", fastrand::u64(..));
                client.create_queue().queue_name(&name).send().await.unwrap();
                super::$check(super::Queue::named(client, &name).await).await;
            }
        })+
    };
}

// The SDK compares every MD5 with what it sent and got.
here_and_at_moto!(
    a_message_is_hidden_while_it_is_held_and_gone_when_deleted,
    what_was_said_beside_the_body_comes_along,
    a_batch_is_answered_entry_by_entry,
    a_receiver_decides_how_long_it_holds_a_message,
    a_queue_tells_how_much_is_in_it_and_can_be_emptied,
);

struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    async fn named(client: Client, name: &str) -> Self {
        let url = client.get_queue_url().queue_name(name).send().await.unwrap();
        let url = url.queue_url.unwrap();
        Self { client, url }
    }

    async fn send(&self, body: &str) {
        let send = self.client.send_message().queue_url(&self.url).message_body(body);
        send.send().await.unwrap();
    }

    /// Bodies and receipts of what can be received now.
    async fn receive(&self, hide: i32) -> Vec<(String, String)> {
        let receive = self.client.receive_message().queue_url(&self.url);
        let received = receive.max_number_of_messages(10).visibility_timeout(hide).send().await;
        let messages = received.unwrap().messages.unwrap_or_default();
        let message = |message: aws_sdk_sqs::types::Message| (message.body.unwrap(), message.receipt_handle.unwrap());
        messages.into_iter().map(message).collect()
    }

    async fn count(&self) -> (String, String) {
        let ask = self.client.get_queue_attributes().queue_url(&self.url);
        let told = ask.attribute_names(QueueAttributeName::All).send().await.unwrap();
        let told = told.attributes.unwrap();
        let of = |name| told[&name].clone();
        (
            of(QueueAttributeName::ApproximateNumberOfMessages),
            of(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        )
    }
}

async fn a_message_is_hidden_while_it_is_held_and_gone_when_deleted(queue: Queue) {
    queue.send("{\"fetch\":\"nëws\"}").await;
    let held = queue.receive(60).await;
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].0, "{\"fetch\":\"nëws\"}");
    assert_eq!(queue.receive(60).await, []);
    let delete = queue.client.delete_message().queue_url(&queue.url);
    delete.receipt_handle(&held[0].1).send().await.unwrap();
    assert_eq!(queue.count().await, ("0".into(), "0".into()));
}

async fn what_was_said_beside_the_body_comes_along(queue: Queue) {
    let text = |kind: &str, text: &str| {
        let value = MessageAttributeValue::builder().data_type(kind);
        value.string_value(text).build().unwrap()
    };
    let binary = MessageAttributeValue::builder().data_type("Binary");
    let binary = binary.binary_value(b"\x00\xff".to_vec().into()).build().unwrap();
    let message = queue.client.send_message().queue_url(&queue.url).message_body("x");
    let message = message.message_attributes("who", text("String", "ann"));
    let message = message.message_attributes("how.often", text("Number.int", "3"));
    let sent = message.message_attributes("raw", binary).send().await.unwrap();
    let receive = queue.client.receive_message().queue_url(&queue.url);
    let receive = receive.message_attribute_names("All");
    let received = receive
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .send()
        .await
        .unwrap();
    let message = &received.messages()[0];
    assert_eq!(message.message_id, sent.message_id);
    assert_eq!(message.md5_of_message_attributes, sent.md5_of_message_attributes);
    let attributes = message.message_attributes.as_ref().unwrap();
    assert_eq!(attributes["who"].string_value(), Some("ann"));
    assert_eq!(attributes["how.often"].string_value(), Some("3"));
    assert_eq!(attributes["raw"].binary_value().unwrap().as_ref(), b"\x00\xff");
    let system = message.attributes.as_ref().unwrap();
    assert_eq!(system[&MessageSystemAttributeName::ApproximateReceiveCount], "1");
    assert!(
        system[&MessageSystemAttributeName::SentTimestamp]
            .parse::<u64>()
            .is_ok()
    );
}

async fn a_batch_is_answered_entry_by_entry(queue: Queue) {
    let entry = |id: &str, body: &str| {
        let entry = SendMessageBatchRequestEntry::builder().id(id);
        entry.message_body(body).build().unwrap()
    };
    let batch = queue.client.send_message_batch().queue_url(&queue.url);
    let sent = batch
        .entries(entry("a", "one"))
        .entries(entry("b", "two"))
        .send()
        .await
        .unwrap();
    let names: Vec<&str> = sent
        .successful()
        .iter()
        .map(aws_sdk_sqs::types::SendMessageBatchResultEntry::id)
        .collect();
    assert_eq!(names, ["a", "b"]);
    let same = queue.client.send_message_batch().queue_url(&queue.url);
    let refused = same
        .entries(entry("a", "x"))
        .entries(entry("a", "y"))
        .send()
        .await
        .unwrap_err();
    assert!(refused.into_service_error().is_batch_entry_ids_not_distinct());

    let held = queue.receive(60).await;
    let entries = held.iter().enumerate().map(|(index, (_, receipt))| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(format!("m{index}"));
        entry.receipt_handle(receipt).build().unwrap()
    });
    let delete = queue.client.delete_message_batch().queue_url(&queue.url);
    let deleted = delete.set_entries(Some(entries.collect())).send().await.unwrap();
    assert_eq!((deleted.successful().len(), deleted.failed().len()), (2, 0));
}

async fn a_receiver_decides_how_long_it_holds_a_message(queue: Queue) {
    queue.send("again").await;
    let held = queue.receive(60).await;
    let hide = queue.client.change_message_visibility().queue_url(&queue.url);
    let hide = hide.receipt_handle(&held[0].1).visibility_timeout(0);
    hide.send().await.unwrap();
    assert_eq!(queue.receive(60).await[0].0, "again");
}

async fn a_queue_tells_how_much_is_in_it_and_can_be_emptied(queue: Queue) {
    for body in ["one", "two", "three"] {
        queue.send(body).await;
    }
    let receive = queue.client.receive_message().queue_url(&queue.url);
    receive.max_number_of_messages(1).send().await.unwrap();
    assert_eq!(queue.count().await, ("2".into(), "1".into()));
    queue.client.purge_queue().queue_url(&queue.url).send().await.unwrap();
    assert_eq!(queue.count().await, ("0".into(), "0".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_is_void_once_the_message_was_delivered_again() {
    let served = Served::start().await;
    let queue = Queue::named(Client::new(&served.config().await), "fetch").await;
    queue.send("job").await;
    let late = queue.receive(0).await;
    let held = queue.receive(60).await;
    for (receipt, left) in [(&late[0].1, "1"), (&held[0].1, "0")] {
        let delete = queue.client.delete_message().queue_url(&queue.url);
        delete.receipt_handle(receipt).send().await.unwrap();
        assert_eq!(queue.count().await.1, left);
    }
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_receiver_gets_what_comes_at_once() {
    let served = Served::start().await;
    let queue = Queue::named(Client::new(&served.config().await), "fetch").await;
    let receive = queue.client.receive_message().queue_url(&queue.url);
    let receive = receive.wait_time_seconds(20).send();
    let begun = Instant::now();
    let (received, ()) = tokio::join!(receive, queue.send("now"));
    assert_eq!(received.unwrap().messages()[0].body(), Some("now"));
    assert!(begun.elapsed() < Duration::from_secs(10));
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_on_when_the_end_is_near() {
    let served = Served::start().await;
    let queue = Queue::named(Client::new(&served.config().await), "fetch").await;
    let receive = queue
        .client
        .receive_message()
        .queue_url(&queue.url)
        .wait_time_seconds(20);
    let waiting = tokio::spawn(receive.send());
    // Its answer shows that the one before it is under way: one connection each, accepted in turn.
    queue.count().await;
    let begun = Instant::now();
    served.end().await;
    assert!(begun.elapsed() < Duration::from_secs(9));
    // Answered with nothing; or it came too late to be answered at all.
    if let Ok(received) = waiting.await.unwrap() {
        assert!(received.messages().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_under_both_prefixes_are_announced_in_the_classifiers_queue() {
    let served = Served::start().await;
    let config = served.config().await;
    let queue = Queue::named(Client::new(&config), "classify").await;
    let s3 = aws_sdk_s3::Client::new(&config);
    for key in ["raw/a/00/x.eml", "inbound/a/y", "config/policy.toml"] {
        let put = s3.put_object().bucket("messages").key(key).body(b"x".to_vec().into());
        put.send().await.unwrap();
    }
    queue.send("{\"Event\":\"s3:TestEvent\"}").await;
    let received = queue.receive(60).await;
    let keys: Vec<String> = received
        .iter()
        .map(|(body, _)| {
            let event: serde_json::Value = serde_json::from_str(body).unwrap();
            let key = &event["Records"][0]["s3"]["object"]["key"];
            key.as_str().unwrap_or("a message that was sent").to_owned()
        })
        .collect();
    assert_eq!(keys, ["raw/a/00/x.eml", "inbound/a/y", "a message that was sent"]);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_exist_is_refused_by_its_name() {
    let served = Served::start().await;
    let client = Client::new(&served.config().await);
    let queue = client.get_queue_url().queue_name("other").send().await.unwrap_err();
    assert!(queue.into_service_error().is_queue_does_not_exist());
    let url = format!("{}/000000000000/other", served.url());
    let send = client
        .send_message()
        .queue_url(url)
        .message_body("x")
        .send()
        .await
        .unwrap_err();
    assert!(send.into_service_error().is_queue_does_not_exist());
    let queue = Queue::named(client, "fetch").await;
    let delete = queue.client.delete_message().queue_url(&queue.url);
    let delete = delete.receipt_handle("nonsense").send().await.unwrap_err();
    assert!(delete.into_service_error().is_receipt_handle_is_invalid());
    let long = queue.client.send_message().queue_url(&queue.url);
    let long = long.message_body("x".repeat(1024 * 1024 + 1)).send().await.unwrap_err();
    assert_eq!(long.code(), Some("InvalidParameterValue"));
    let later = queue.client.send_message().queue_url(&queue.url);
    later.message_body("later").delay_seconds(900).send().await.unwrap();
    assert_eq!(queue.receive(60).await, []);
    served.end().await;
}
