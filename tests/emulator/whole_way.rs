//! The whole way: schedule → queue → fetcher → mail server → archive → queue → classifier → tables → reporter.

use aws_sdk_dynamodb::types::AttributeValue;
use rebound_test_emulator::Programs;
use rebound_test_events::message;
use rebound_test_mail::MailServer;
use serde_json::{Value, json};

use crate::deployed::Deployed;

#[tokio::test]
async fn a_bounce_in_a_mailbox_suppresses_its_contact() {
    let (Some(programs), Some(server)) = (Programs::find(), MailServer::dovecot()) else {
        return;
    };
    let deployed = Deployed::new(programs).await;
    let mailbox = server.mailbox("whole-way");
    for file in ["postfix-no-such-user.eml", "out-of-office-polish.eml"] {
        mailbox.inbox().deliver(&message(file));
    }
    deployed.account("news", &mailbox).await;
    let mut fetcher = deployed.function("fetcher");
    let mut classifier = deployed.function("classifier");
    let mut reporter = deployed.function("reporter");

    let tick = fetcher.call(&json!({"detail-type": "Scheduled Event", "source": "rebound.schedule"}));
    assert_eq!(tick.answer, json!({"queued": ["news"]}));

    let jobs = deployed.take_batch("FetchQueueUrl").await;
    assert_eq!(jobs["Records"].as_array().map(Vec::len), Some(1));
    let run = fetcher.call(&jobs);
    assert_eq!(run.answer, json!({"batchItemFailures": []}));
    assert_eq!((run.metric("Fetched"), run.metric("Left")), (Some(2), Some(0)));
    assert_eq!(
        mailbox.inbox().messages().len(),
        2,
        "nothing is deleted unless that is asked for"
    );

    let announced = deployed.take_batch("ClassifyQueueUrl").await;
    let judged = classifier.call(&announced);
    assert_eq!(judged.answer, json!({"batchItemFailures": []}));
    assert_eq!(
        (judged.metric("Messages"), judged.metric("Suppressed")),
        (Some(2), Some(1))
    );

    let john = deployed.contact("john.carver@alder.example.net").await;
    assert_eq!(john["status"], "suppressed");
    assert_eq!(john["suppressed_cause"], "hard-bounce");
    assert_eq!(john["last_reason"], "user-unknown");
    let lukasz = deployed.contact("lukasz.zajac@moringa.example.org").await;
    assert_eq!(lukasz["status"], "active");

    let day = john["suppressed_at"]
        .as_str()
        .and_then(|at| at.get(..10))
        .expect("a day");
    let report = reporter.call(&json!({"report": {"day": day, "days": 1}}));
    assert_eq!(
        (report.metric("Reports"), report.metric("SuppressionsListed")),
        (Some(1), Some(1))
    );
    let rolled: Value =
        serde_json::from_str(&deployed.text(&format!("reports/{day}/rollup.json")).await).expect("JSON");
    assert_eq!(
        (&rolled["reasons"], &rolled["suppressed"]),
        (&json!({"user-unknown": 1}), &json!(1))
    );
    let list = deployed.text(&format!("reports/{day}/suppressions.csv")).await;
    assert!(
        list.lines()
            .any(|row| row.starts_with("\"john.carver@alder.example.net\",")),
        "{list}"
    );

    // Whatever AWS delivers again changes nothing.
    assert_eq!(classifier.call(&announced).metric("Duplicates"), Some(2));
    assert_eq!(fetcher.call(&jobs).metric("Fetched"), Some(0));
    assert_eq!(deployed.contact("john.carver@alder.example.net").await, john);
}

impl Deployed {
    /// What the queue hands to its function: all that is in it, as one batch, deleted since the function does it.
    async fn take_batch(&self, output: &str) -> Value {
        let url = self.output(output);
        let receive = self.sqs.receive_message().queue_url(url).max_number_of_messages(10);
        let messages = receive.send().await.expect("the queue").messages.unwrap_or_default();
        let mut records = Vec::new();
        for message in messages {
            let receipt = message.receipt_handle().expect("what to delete it with");
            records.push(json!({
                "messageId": message.message_id(),
                "receiptHandle": receipt,
                "body": message.body(),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "md5OfBody": message.md5_of_body(),
                "eventSource": "aws:sqs",
                "eventSourceARN": format!("arn:aws:sqs:us-east-1:123456789012:{output}"),
                "awsRegion": "us-east-1",
            }));
            let delete = self.sqs.delete_message().queue_url(url).receipt_handle(receipt);
            delete.send().await.expect("the queue");
        }
        json!({"Records": records})
    }

    /// What an object of the bucket says.
    async fn text(&self, key: &str) -> String {
        let get = self.s3.get_object().bucket(self.output("Bucket")).key(key);
        let bytes = get
            .send()
            .await
            .expect("it is there")
            .body
            .collect()
            .await
            .expect("all of it");
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    /// The attributes of a contact that are text.
    async fn contact(&self, address: &str) -> Value {
        let get = self
            .dynamodb
            .get_item()
            .table_name(format!("{}contacts", self.output("TablePrefix")))
            .key("address", AttributeValue::S(address.to_owned()));
        let item = get.send().await.expect("the table").item.expect("the contact");
        let text = |(name, value): (String, AttributeValue)| Some((name, json!(value.as_s().ok()?)));
        Value::Object(item.into_iter().filter_map(text).collect())
    }
}
