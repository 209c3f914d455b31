//! The keys of signed return addresses in Secrets Manager.

#![cfg(feature = "online")]
#![allow(clippy::unwrap_used, clippy::panic)] // a failed test may say so at once

#[allow(dead_code)] // more kinds of answers than this needs
mod endpoint;

use std::fs;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Credentials, Region};
use jiff::{SignedDuration, Timestamp};
use rebound_accounts::{DEFAULT_RETURN_PATH_KEYS, ReturnPathKeys, random_secret};
use rebound_local::{RETURN_PATH_KEYS_FILE, secrets_manager};
use rebound_verp::{Day, Key, Keys};

use endpoint::{Answer, Endpoint};

struct Machine {
    data: tempfile::TempDir,
    keys: ReturnPathKeys,
}

impl Machine {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let keys = ReturnPathKeys::new(secrets_manager(data.path()), DEFAULT_RETURN_PATH_KEYS);
        Self { data, keys }
    }

    /// Somebody else changes the keys.
    async fn write(&self, keys: &Keys) {
        let other = ReturnPathKeys::new(secrets_manager(self.data.path()), DEFAULT_RETURN_PATH_KEYS);
        other.write(keys).await.unwrap();
    }

    fn spoil(&self, document: &str) {
        fs::write(self.data.path().join(RETURN_PATH_KEYS_FILE), document).unwrap();
    }
}

fn with_keys(count: u8) -> Keys {
    let key = |id| Key::new(id, [id; 32], Day::from_days(20_779)).unwrap();
    (1..=count).fold(Keys::default(), |keys, id| keys.with(key(id)).unwrap())
}

fn at(minute: i64) -> Timestamp {
    "2026-11-22T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

#[tokio::test]
async fn keys_are_written_and_read() {
    let machine = Machine::new();
    assert!(machine.keys.read().await.unwrap().is_empty());
    for count in [1, 2] {
        machine.keys.write(&with_keys(count)).await.unwrap();
        assert_eq!(machine.keys.read().await.unwrap(), with_keys(count));
    }
    assert_eq!(machine.keys.location(), "secret rebound/return-path-keys");
}

#[tokio::test]
async fn keys_are_read_again_after_five_minutes_or_for_an_unknown_one() {
    let machine = Machine::new();
    let known = async |minute| machine.keys.keys(at(minute)).await.unwrap().iter().len();
    assert_eq!(known(0).await, 0);
    machine.write(&with_keys(1)).await;
    assert_eq!(known(4).await, 0);
    assert_eq!(known(5).await, 1);
    machine.write(&with_keys(2)).await;
    assert_eq!(known(5).await, 1);
    assert_eq!(machine.keys.newest(at(5)).await.unwrap().iter().len(), 1);
    assert_eq!(machine.keys.newest(at(6)).await.unwrap().iter().len(), 2);
    machine.write(&with_keys(3)).await;
    // A clock that was set back is no reason to trust what was read "later".
    assert_eq!(known(3).await, 3);
}

#[tokio::test]
async fn keys_that_can_not_be_read_are_an_error_and_no_secret_is_shown() {
    let machine = Machine::new();
    machine.write(&with_keys(1)).await;
    machine.spoil("[[keys]]\nid = 1\nsecret = \"c2hvcnQ=\"\ncreated = \"2026-11-22\"\n");
    let error = machine.keys.keys(at(0)).await.unwrap_err();
    assert!(!error.is_retryable());
    let told = error.to_string();
    assert!(told.contains("key 1: its secret has 5 octets"), "{told}");
    assert!(!told.contains("c2hvcnQ"), "{told}");
}

#[tokio::test]
async fn known_keys_stay_in_use_while_the_store_is_away_and_not_when_it_says_no() {
    let kept = serde_json::json!({"Name": "x", "SecretString": with_keys(1).reveal().as_str()}).to_string();
    let said = |code: &str| format!(r#"{{"__type": "{code}", "message": "no"}}"#);
    let endpoint = Endpoint::start([
        Answer::json(500, &said("InternalServiceError")),
        Answer::json(200, &kept),
        Answer::json(500, &said("InternalServiceError")),
        Answer::json(400, &said("AccessDeniedException")),
        Answer::json(400, &said("ResourceNotFoundException")),
    ])
    .await;
    let keys = ReturnPathKeys::new(client_of(&endpoint), "x");
    assert!(keys.keys(at(0)).await.unwrap_err().is_retryable());
    assert_eq!(keys.keys(at(1)).await.unwrap().iter().len(), 1);
    assert_eq!(keys.keys(at(7)).await.unwrap().iter().len(), 1);
    let denied = keys.keys(at(8)).await.unwrap_err();
    assert!(
        !denied.is_retryable() && denied.to_string().contains("AccessDeniedException"),
        "{denied}"
    );
    assert!(keys.keys(at(9)).await.unwrap().is_empty());
    assert_eq!(endpoint.requests().len(), 5);
}

fn client_of(endpoint: &Endpoint) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(endpoint.url().trim_end_matches("/token"))
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

#[test]
fn random_secrets_differ() {
    assert_ne!(random_secret().unwrap(), random_secret().unwrap());
}
