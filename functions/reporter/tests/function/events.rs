//! Every event of `events/reporter` is answered as expected.

use lambda_runtime::Diagnostic;
use rebound_lambda::metrics::{Metric, Service};
use rebound_test_events::{BUCKET, Expected, includes, reporter};

use crate::stack::{Stack, call};

#[tokio::test]
async fn every_event_is_answered_as_expected() {
    let stack = Stack::start().await;
    assert_eq!(stack.local.bucket(), BUCKET);
    for situation in reporter() {
        let name = &situation.name;
        match (
            stack.function.answer(situation.event, &call()).await,
            situation.expected,
        ) {
            (Ok(answer), Expected::Answer(expected)) => {
                let value = serde_json::to_value(&answer.value).expect("JSON");
                assert!(includes(&value, &expected), "{name}: {value}");
                for metric in Metric::ALL
                    .into_iter()
                    .filter(|metric| metric.service() == Service::Reporter)
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
