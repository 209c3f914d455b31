//! Every event of `events/classifier` is answered as expected.

use aws_sdk_s3::primitives::ByteStream;
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use rebound_lambda::Call;
use rebound_lambda::metrics::{Metric, Service};
use rebound_test_events::{BUCKET, Expected, Object, classifier, includes, objects};

use crate::stack::Stack;

#[tokio::test]
async fn every_event_is_answered_as_expected() {
    let stack = Stack::start().await;
    assert_eq!(stack.local.bucket(), BUCKET);
    for Object { key, bytes, metadata } in objects() {
        let put = stack.local.s3().put_object().bucket(BUCKET).key(key);
        let put = metadata
            .into_iter()
            .fold(put, |put, (name, value)| put.metadata(name, value));
        put.body(ByteStream::from(bytes))
            .send()
            .await
            .expect("the embedded store");
    }
    let call = Call {
        id: "call".to_owned(),
        began_at: Timestamp::UNIX_EPOCH,
        ends_at: None,
    };
    for situation in classifier() {
        let name = &situation.name;
        match (stack.function.answer(situation.event, &call).await, situation.expected) {
            (Ok(answer), Expected::Answer(expected)) => {
                let value = serde_json::to_value(&answer.value).expect("JSON");
                assert!(includes(&value, &expected), "{name}: {value}");
                for metric in Metric::ALL
                    .into_iter()
                    .filter(|metric| metric.service() == Service::Classifier)
                {
                    let expected = situation.counted.get(metric.name()).copied().unwrap_or_default();
                    assert_eq!(answer.counts.of(metric), expected, "{name}: {}", metric.name());
                }
            }
            (Err(error), Expected::Error(kind)) => assert_eq!(Diagnostic::from(error).error_type, kind, "{name}"),
            (answer, expected) => panic!("{name}: {answer:?} instead of {expected:?}"),
        }
    }
}
