//! Every event of `events/fetcher` is answered as expected.

use lambda_runtime::Diagnostic;
use rebound_lambda::metrics::Metric;
use rebound_test_events::{Expected, fetcher, includes};

use crate::function::Deployed;

#[tokio::test]
async fn every_event_is_answered_as_expected() {
    let host = "host = \"mail.example.com\"";
    let deployed = Deployed::new(&[("news", host), ("shop", host)]).await;
    deployed.world.deliver(3);
    for situation in fetcher() {
        let name = &situation.name;
        match (deployed.try_answer(situation.event).await, situation.expected) {
            (Ok(answer), Expected::Answer(expected)) => {
                assert!(includes(&answer.value, &expected), "{name}: {}", answer.value);
                for metric in [Metric::Heartbeat, Metric::Queued, Metric::AccountErrors] {
                    let expected = situation.counted.get(metric.name()).copied().unwrap_or_default();
                    assert_eq!(answer.counts.of(metric), expected, "{name}: {}", metric.name());
                }
            }
            (Err(error), Expected::Error(kind)) => assert_eq!(Diagnostic::from(error).error_type, kind, "{name}"),
            (answer, expected) => panic!("{name}: {answer:?} instead of {expected:?}"),
        }
    }
    assert_eq!(
        deployed.world.state().archive.len(),
        6,
        "three messages, in two accounts"
    );
}
