//! The events of `events/`, for tests: what the functions are to answer, and the objects that the events are about.
//!
//! Every event can be given to the same deployment once, in any order: no two of them are about the same message, but for
//! those that say so. The accounts are `news` and `shop`.

#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rebound_message::MessageHash;
use serde_json::{Value, json};

/// The bucket that the events are about.
pub const BUCKET: &str = "messages";

/// An event, and what is expected of the function that gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Situation {
    /// The name of the event's file, without `.json`.
    pub name: String,
    /// The event.
    pub event: Value,
    /// What is expected.
    pub expected: Expected,
    /// What is counted meanwhile, by metric; of those that are not named, nothing.
    pub counted: BTreeMap<&'static str, u64>,
}

/// What a function is to answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// At least this, see [`includes`].
    Answer(Value),
    /// An error of this type.
    Error(&'static str),
}

/// An object of the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Its user metadata.
    pub metadata: Vec<(&'static str, &'static str)>,
}

/// The records of these numbers are to be delivered again.
fn again(records: &[u32]) -> Expected {
    let failures: Vec<_> = records
        .iter()
        .map(|record| json!({"itemIdentifier": format!("059f36b4-87a3-44ab-83d2-{record:012}")}))
        .collect();
    Expected::Answer(json!({"batchItemFailures": failures}))
}

fn all_well() -> Expected {
    again(&[])
}

/// The events for the classifier.
pub fn classifier() -> Vec<Situation> {
    const HARD: &[(&str, u64)] = &[("Messages", 1), ("Suppressed", 1)];
    const NOTHING: &[(&str, u64)] = &[];
    situations(
        "classifier",
        [
            ("eventbridge-object-created", all_well(), HARD),
            ("eventbridge-object-deleted", all_well(), NOTHING),
            ("reprocess", all_well(), NOTHING),
            ("s3-encoded-key", all_well(), HARD),
            ("s3-multipart-upload", all_well(), HARD),
            ("s3-put", all_well(), HARD),
            ("s3-removed", all_well(), NOTHING),
            ("s3-versioned", all_well(), HARD),
            (
                "sqs-damaged-object",
                again(&[1]),
                &[("Messages", 1), ("Suppressed", 1), ("Failures", 1)],
            ),
            (
                "sqs-duplicate",
                all_well(),
                &[("Messages", 1), ("Suppressed", 1), ("Duplicates", 1)],
            ),
            ("sqs-empty", all_well(), NOTHING),
            (
                "sqs-many",
                all_well(),
                &[("Messages", 5), ("Suppressed", 1), ("Unproven", 2), ("Unrecognised", 1)],
            ),
            ("sqs-missing-object", all_well(), NOTHING),
            ("sqs-one", all_well(), HARD),
            ("sqs-other-prefix", all_well(), NOTHING),
            (
                "sqs-poison",
                again(&[1, 3]),
                &[("Messages", 1), ("Suppressed", 1), ("Failures", 2)],
            ),
            ("sqs-reprocess", all_well(), NOTHING),
            ("sqs-ses-inbound", all_well(), HARD),
            ("sqs-ses-setup-notice", all_well(), NOTHING),
            ("sqs-test-event", all_well(), NOTHING),
            ("unknown", Expected::Error("UnknownEvent"), NOTHING),
        ],
    )
}

/// The events for the fetcher. Its accounts can be fetched, and may have any mail or none.
pub fn fetcher() -> Vec<Situation> {
    const NOTHING: &[(&str, u64)] = &[];
    const TICK: &[(&str, u64)] = &[("Heartbeat", 1), ("Queued", 2)];
    let queued = || Expected::Answer(json!({"queued": ["news", "shop"]}));
    let news = || Expected::Answer(json!({"ok": true, "account": "news"}));
    situations(
        "fetcher",
        [
            ("fetch", news(), NOTHING),
            ("folders", news(), NOTHING),
            ("preview", news(), NOTHING),
            ("rule-tick", queued(), TICK),
            ("scheduler-tick", queued(), TICK),
            ("scheduler-tick-without-input", queued(), TICK),
            ("sqs-empty", all_well(), NOTHING),
            ("sqs-job", all_well(), NOTHING),
            ("sqs-job-of-unknown-account", all_well(), &[("AccountErrors", 1)]),
            ("sqs-many-jobs", all_well(), NOTHING),
            ("sqs-poison-job", again(&[1, 3, 4]), NOTHING),
            ("test", news(), NOTHING),
            ("unknown", Expected::Error("InvalidRequest"), NOTHING),
        ],
    )
}

/// The events for the reporter, which may find anything or nothing to report.
pub fn reporter() -> Vec<Situation> {
    const NOTHING: &[(&str, u64)] = &[];
    const ONE: &[(&str, u64)] = &[("Reports", 1)];
    let of = |since: &str| Expected::Answer(json!({"bucket": BUCKET, "since": since, "until": "2026-11-20"}));
    let invalid = || Expected::Error("InvalidRequest");
    situations(
        "reporter",
        [
            ("report", Expected::Answer(json!({"bucket": BUCKET})), ONE),
            ("report-misspelt", invalid(), NOTHING),
            ("report-of-account", of("2026-11-20"), ONE),
            ("report-of-day", of("2026-11-14"), ONE),
            ("report-of-day-not-over", invalid(), NOTHING),
            ("report-of-list", of("2026-10-22"), ONE),
            ("rule-tick", of("2026-10-22"), ONE),
            ("scheduler-tick", of("2026-10-22"), ONE),
            ("scheduler-tick-without-input", of("2026-10-22"), ONE),
            ("unknown", invalid(), NOTHING),
        ],
    )
}

/// The objects that the classifier's events are about.
pub fn objects() -> Vec<Object> {
    let archived = [
        ("abuse-report-arf.eml", "shop"),
        ("domino-user-not-listed.eml", "news"),
        ("exim-modern-report-no-such-user.eml", "news"),
        ("google-address-not-found.eml", "news"),
        ("groupwise-not-found.eml", "news"),
        ("ironport-unknown-address.eml", "news"),
        ("newsletter-about-bounces.eml", "news"),
        ("out-of-office-polish.eml", "news"),
        ("postfix-host-not-found.eml", "news"),
        ("postfix-mail-ru-account-disabled.eml", "news"),
        ("postfix-no-such-user.eml", "news"),
        ("powermta-inactive-mailbox.eml", "news"),
        ("qmail-no-mailbox-by-that-name.eml", "news"),
        ("unsubscribe-by-mailto.eml", "shop"),
        ("yahoo-no-mx-record-for-domain.eml", "news"),
    ];
    let archived = archived.map(|(file, account)| {
        let bytes = message(file);
        let hash = MessageHash::of(&bytes).to_string();
        let shard: String = hash.chars().take(2).collect();
        Object {
            key: format!("raw/{account}/{shard}/{hash}.eml"),
            bytes,
            metadata: vec![("account", account), ("fetched-at", "2026-11-21T20:00:00Z")],
        }
    });
    let others = [
        (
            "inbound/shop/Returned mail: see transcript (50% é+).eml".to_owned(),
            message("sendmail-user-unknown.eml"),
        ),
        (
            "inbound/news/o3vrnil0e2ic28trm7dfhrc2v0cnbp0g1k0dl4o1".to_owned(),
            message("amazon-ses-no-such-user.eml"),
        ),
        (
            "inbound/news/AMAZON_SES_SETUP_NOTIFICATION".to_owned(),
            b"Subject: Amazon SES Setup Notification\r\n\r\nHello,\r\n".to_vec(),
        ),
        // Its bytes have another hash.
        (format!("raw/news/11/{}.eml", "1".repeat(64)), b"bytes".to_vec()),
        ("config/rules.toml".to_owned(), Vec::new()),
    ];
    let others = others.map(|(key, bytes)| Object {
        key,
        bytes,
        metadata: Vec::new(),
    });
    archived.into_iter().chain(others).collect()
}

/// A message of the sample mailbox.
pub fn message(file: &str) -> Vec<u8> {
    let path = tests().join("mailbox").join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether everything that is expected is there: of an object each of the expected entries, of anything else all of it.
pub fn includes(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => expected
            .iter()
            .all(|(key, expected)| actual.get(key).is_some_and(|actual| includes(actual, expected))),
        (actual, expected) => actual == expected,
    }
}

/// The name of an event, what is to be answered, and what is to be counted.
type Row = (&'static str, Expected, &'static [(&'static str, u64)]);

fn situations<const N: usize>(function: &str, expectations: [Row; N]) -> Vec<Situation> {
    expectations
        .into_iter()
        .map(|(name, expected, counted)| {
            let path = folder(function).join(format!("{name}.json"));
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            Situation {
                name: name.to_owned(),
                event: serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
                expected,
                counted: counted.iter().copied().collect(),
            }
        })
        .collect()
}

fn folder(function: &str) -> PathBuf {
    tests().join("../events").join(function)
}

fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the folder of this crate is in tests/")
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::eventbridge::EventBridgeEvent;
    use aws_lambda_events::s3::S3Event;
    use aws_lambda_events::sqs::SqsEvent;

    use super::*;

    #[test]
    fn every_event_has_an_expectation() {
        for (function, situations) in [
            ("classifier", classifier()),
            ("fetcher", fetcher()),
            ("reporter", reporter()),
        ] {
            let expected: Vec<_> = situations.into_iter().map(|situation| situation.name).collect();
            let files = std::fs::read_dir(folder(function)).expect("part of the repository");
            let mut there: Vec<_> = files
                .map(|file| file.expect("readable").path())
                .map(|path| path.file_stem().expect("a file").to_string_lossy().into_owned())
                .collect();
            there.sort();
            assert_eq!(there, expected, "events/{function}, and the table in tests/events");
        }
    }

    #[test]
    fn events_have_the_shapes_that_aws_sends() {
        for Situation { name, event, .. } in classifier().into_iter().chain(fetcher()).chain(reporter()) {
            let event = event.clone();
            let wrong = match name.split('-').next() {
                Some("sqs") => serde_json::from_value::<SqsEvent>(event).map(drop).err(),
                Some("s3") => serde_json::from_value::<S3Event>(event).map(drop).err(),
                Some("eventbridge" | "rule") => {
                    serde_json::from_value::<EventBridgeEvent<Value>>(event).map(drop).err()
                }
                _ => None,
            };
            assert!(wrong.is_none(), "{name}: {wrong:?}");
        }
    }

    #[test]
    fn what_is_expected_may_be_a_part() {
        let actual = json!({"ok": true, "error": null, "messages": [1, 2]});
        assert!(includes(&actual, &json!({"ok": true, "messages": [1, 2]})));
        for wrong in [json!({"ok": false}), json!({"messages": [1]}), json!({"no": null})] {
            assert!(!includes(&actual, &wrong), "{wrong}");
        }
    }
}
