//! What the archive makes of S3's answers, without an S3.

#![allow(clippy::unwrap_used)] // a test may panic, and so may what helps it

use std::sync::{Arc, Mutex};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;
use rebound_accounts::Account;
use rebound_archive::{Archive, ArchiveError, FoundAs, ObjectKey, Provenance, RawMessage, ReadLimits, Stored};

/// What S3 answers: status and body; 0 is no answer at all.
type Answer = (u16, &'static str);

/// Gives the answers of a list, one a request, the last one for ever.
#[derive(Clone, Debug)]
struct Answers(Arc<Mutex<Vec<Answer>>>);

impl HttpConnector for Answers {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let mut answers = self.0.lock().unwrap();
        let next = answers.remove(0);
        if answers.is_empty() {
            answers.push(next);
        }
        let (status, body) = next;
        HttpConnectorFuture::ready(match status {
            0 => Err(ConnectorError::io("connection reset".into())),
            _ => Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))),
        })
    }
}

fn archive(answers: &[Answer]) -> Archive {
    let answers = Answers(Arc::new(Mutex::new(answers.to_vec())));
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "tests"))
        .retry_config(RetryConfig::disabled())
        .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(answers.clone())))
        .build();
    Archive::new(Client::from_conf(config), "messages")
}

async fn store(answers: &[Answer]) -> Result<Stored, ArchiveError> {
    let provenance = Provenance {
        found_as: FoundAs::Source("box.mbox#1".to_owned()),
        fetched_at: Timestamp::UNIX_EPOCH,
    };
    let account = Account::new("news".parse().unwrap());
    archive(answers)
        .store(&account, &RawMessage::new("abc"), &provenance)
        .await
}

async fn read(answers: &[Answer]) -> ArchiveError {
    let key = ObjectKey::new("news".parse().unwrap(), RawMessage::new("abc").hash());
    archive(answers)
        .read(&key, ReadLimits { head: 10, tail: 10 })
        .await
        .unwrap_err()
}

const CONFLICT: Answer = (409, "<Error><Code>ConditionalRequestConflict</Code></Error>");
const PRESENT: Answer = (412, "<Error><Code>PreconditionFailed</Code></Error>");

#[tokio::test]
async fn a_message_that_is_there_is_stored_but_not_new() {
    assert!(!store(&[PRESENT]).await.unwrap().new);
}

#[tokio::test]
async fn after_a_conflict_only_another_put_tells_whether_it_is_there() {
    assert!(!store(&[CONFLICT, PRESENT]).await.unwrap().new);
    assert!(store(&[CONFLICT, CONFLICT, (200, "")]).await.unwrap().new);
    assert!(store(&[CONFLICT]).await.unwrap_err().is_retryable());
}

#[tokio::test]
async fn a_refused_put_says_why_and_whether_to_try_again() {
    for (answer, retryable, said) in [
        (
            (503, "<Error><Code>SlowDown</Code><Message>Slow</Message></Error>"),
            true,
            "SlowDown: Slow",
        ),
        ((500, ""), true, "status 500"),
        ((400, "<Error><Code>BadDigest</Code></Error>"), true, "BadDigest"),
        (
            (403, "<Error><Code>AccessDenied</Code><Message>No</Message></Error>"),
            false,
            "AccessDenied: No",
        ),
        ((404, "<Error><Code>NoSuchBucket</Code></Error>"), false, "NoSuchBucket"),
        ((0, ""), true, "connection reset"),
    ] {
        let error = store(&[answer]).await.unwrap_err();
        assert_eq!(error.is_retryable(), retryable, "{answer:?}");
        assert!(!error.is_not_found());
        let message = error.to_string();
        assert!(
            message.contains("could not be stored") && message.contains(said),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_missing_object_is_told_from_a_missing_bucket_and_from_a_refusal() {
    for (answer, not_found) in [
        ((404, "<Error><Code>NoSuchKey</Code></Error>"), true),
        ((404, ""), true),
        ((404, "<Error><Code>NoSuchBucket</Code></Error>"), false),
        ((403, "<Error><Code>AccessDenied</Code></Error>"), false),
    ] {
        let error = read(&[answer]).await;
        assert_eq!(error.is_not_found(), not_found, "{answer:?}: {error}");
        assert!(!error.is_retryable());
    }
}
