//! How long the repository goes on trying, in virtual time: nothing here waits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use rebound_classify::Category;
use rebound_contacts::Policy;
use rebound_contacts::repository::{Failure, Repository, Tables};
use tokio::time::Instant;

use crate::support::{contact_address, event, record};

/// Of the repository, unless it is told.
const PATIENCE: Duration = Duration::from_secs(15);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_millis(800);
/// No request is waited for longer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

const UNWELL: [Answer; 7] = [
    Answer::Error(500, "InternalServerError"),
    Answer::Error(503, "ServiceUnavailable"),
    Answer::Error(400, "ThrottlingException"),
    Answer::Error(400, "ProvisionedThroughputExceededException"),
    Answer::Error(400, "RequestLimitExceeded"),
    Answer::Cancelled("ThrottlingError"),
    Answer::Cancelled("TransactionConflict"),
];

#[tokio::test(start_paused = true)]
async fn trouble_that_stays_is_given_up_at_the_deadline_and_not_sooner() {
    for answer in UNWELL {
        for patience in [PATIENCE, Duration::from_secs(2)] {
            let (service, repository) = service(vec![answer], Some(answer));
            let repository = repository.with_patience(patience);
            let begun = Instant::now();
            let error = repository.record(&bounce()).await.remove(0).unwrap_err();
            let took = begun.elapsed();
            assert!(error.is_retryable(), "{answer:?}: {error}");
            let conflict = answer == Answer::Cancelled("TransactionConflict");
            assert_eq!(matches!(error.failure, Failure::Contended { .. }), conflict, "{error}");
            assert!(
                took <= patience && took + LONGEST_PAUSE >= patience,
                "{answer:?}: {took:?}"
            );
            assert!(service.times().len() > 8, "{answer:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_that_passes_is_waited_for() {
    for answer in UNWELL {
        for troubles in [1, 5, 15] {
            let (service, repository) = service(vec![answer; troubles], None);
            let recorded = repository.record(&bounce()).await.remove(0);
            assert!(recorded.unwrap().new, "{answer:?}");
            assert!(service.times().len() >= troubles + 2, "{answer:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_are_of_any_length_up_to_one_that_doubles() {
    fastrand::seed(11);
    let answer = Answer::Error(500, "InternalServerError");
    let mut pauses: Vec<Vec<Duration>> = Vec::new();
    for _ in 0..40 {
        let (service, repository) = service(vec![], Some(answer));
        repository.contact(&contact_address("ann")).await.unwrap_err();
        pauses.push(service.times().windows(2).map(|two| two[1] - two[0]).collect());
    }
    for (nth, longest) in [8, 16, 32, 64, 128, 256, 512, 800, 800, 800].into_iter().enumerate() {
        let mut these: Vec<_> = pauses.iter().filter_map(|pauses| pauses.get(nth)).copied().collect();
        these.sort();
        let longest = Duration::from_millis(longest);
        // A timer is as exact as a millisecond.
        assert!(
            these.iter().all(|pause| *pause <= longest + Duration::from_millis(1)),
            "{nth}: {these:?}"
        );
        assert_eq!(these.len(), 40);
        if longest < Duration::from_millis(100) {
            continue; // The timer is too coarse for more.
        }
        // All over the range: a quarter of them in each quarter, more or less.
        for quarter in 1..4 {
            let below = these.iter().filter(|pause| **pause < longest * quarter / 4).count();
            let expected = 10 * quarter as usize;
            assert!(
                below.abs_diff(expected) <= 10,
                "{nth}: {below} below {quarter}/4 of {longest:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_never_answered_is_given_up() {
    let (service, repository) = service(vec![], Some(Answer::Never));
    let begun = Instant::now();
    let error = repository.record(&bounce()).await.remove(0).unwrap_err();
    assert!(matches!(error.failure, Failure::Unavailable { .. }), "{error}");
    // The last one is sent before the deadline.
    assert!(begun.elapsed() <= PATIENCE + REQUEST_TIMEOUT, "{:?}", begun.elapsed());
    assert_eq!(service.times().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_never_processed_are_no_absent_contacts() {
    let (_, repository) = service(vec![], Some(Answer::Unprocessed));
    let begun = Instant::now();
    let error = repository.contact(&contact_address("ann")).await.unwrap_err();
    assert!(error.is_retryable());
    assert!(error.to_string().contains("it left 1 keys unprocessed"), "{error}");
    assert!(begun.elapsed() <= PATIENCE && begun.elapsed() + LONGEST_PAUSE >= PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_not_tried_again() {
    let (service, repository) = service(vec![], Some(Answer::Error(400, "ValidationException")));
    let begun = Instant::now();
    let error = repository.record(&bounce()).await.remove(0).unwrap_err();
    assert!(!error.is_retryable());
    assert_eq!((service.times().len(), begun.elapsed()), (1, Duration::ZERO));
}

fn bounce() -> [rebound_contacts::MessageRecord; 1] {
    [record(vec![event("one", "ann", 1, Category::SoftBounce)])]
}

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// With this status and code.
    Error(u16, &'static str),
    /// A transaction is cancelled because of its first item; other requests are done.
    Cancelled(&'static str),
    /// A read leaves the one key that it was asked for; other requests are done.
    Unprocessed,
    /// Not at all.
    Never,
    /// It finds nothing, and does everything.
    Done,
}

/// A DynamoDB of which only the answers are known.
#[derive(Clone, Debug)]
struct Service(Arc<Mutex<Script>>);

#[derive(Debug)]
struct Script {
    /// For the next requests, the last one first.
    first: Vec<Answer>,
    /// For all that follow.
    then: Answer,
    times: Vec<Instant>,
}

/// A repository over a service that gives these answers to the first requests and the same to all others.
fn service(first: Vec<Answer>, then: Option<Answer>) -> (Service, Repository) {
    let service = Service(Arc::new(Mutex::new(Script {
        first,
        then: then.unwrap_or(Answer::Done),
        times: Vec::new(),
    })));
    let connector = SharedHttpConnector::new(service.clone());
    let http_client = http_client_fn(move |_: &HttpConnectorSettings, _: &RuntimeComponents| connector.clone());
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .region(Region::from_static("eu-central-1"))
        .http_client(http_client);
    let client = Client::from_conf(config.build());
    let policy = Arc::new(Policy::default());
    (service, Repository::new(&client, Tables::with_prefix(""), policy))
}

impl Service {
    /// When it was asked.
    fn times(&self) -> Vec<Instant> {
        self.0.lock().unwrap().times.clone()
    }
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let (reads, writes) = (target.ends_with("BatchGetItem"), target.ends_with("TransactWriteItems"));
        let answer = {
            let mut script = self.0.lock().unwrap();
            script.times.push(Instant::now());
            match script.first.last().copied() {
                // They wait for the transaction.
                Some(Answer::Cancelled(_)) if !writes => Answer::Done,
                _ => script.first.pop().unwrap_or(script.then),
            }
        };
        let (status, body) = match answer {
            Answer::Never => return HttpConnectorFuture::new(std::future::pending()),
            Answer::Error(status, code) => (status, format!(r#"{{"__type":"{PREFIX}{code}","message":"no"}}"#)),
            Answer::Cancelled(code) if writes => {
                let reasons = format!(r#"[{{"Code":"{code}","Message":"no"}},{{"Code":"None"}}]"#);
                let kind = "TransactionCanceledException";
                let body = format!(r#"{{"__type":"{PREFIX}{kind}","Message":"no","CancellationReasons":{reasons}}}"#);
                (400, body)
            }
            Answer::Unprocessed if reads => {
                let key = r#"{"address":{"S":"ann@example.com"}}"#;
                (
                    200,
                    format!(r#"{{"UnprocessedKeys":{{"contacts":{{"Keys":[{key}]}}}}}}"#),
                )
            }
            Answer::Cancelled(_) | Answer::Unprocessed | Answer::Done => (200, "{}".to_owned()),
        };
        let mut response = HttpResponse::new(status.try_into().unwrap(), body.into());
        response
            .headers_mut()
            .insert("content-type", "application/x-amz-json-1.0");
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// How DynamoDB writes the kind of an error.
const PREFIX: &str = "com.amazonaws.dynamodb.v20120810#";
