//! The sample mailbox, judged: `tests/mailbox` against `tests/mailbox.expected.jsonl`, which a reader wrote.
//!
//! What a key means, and that a missing one is not checked, stands in `tests/mailbox.README.md`.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may panic, and so may what helps it

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use rebound_classify::Classifier;
use rebound_mailbox::sources::Sources;
use serde_json::Value;

#[test]
fn every_message_of_the_sample_mailbox_is_judged_as_a_reader_would() {
    let judged = judged();
    let expected = expected();
    assert_eq!(
        judged.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>(),
        "the messages found are those expected"
    );
    let mut complaints = String::new();
    for (file, wanted) in &expected {
        for difference in differences(&judged[file], wanted) {
            let _ = writeln!(complaints, "{file}: {difference}");
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

/// Every message of the mailbox by its name there, as the classifier reports it.
fn judged() -> BTreeMap<String, Value> {
    let root = tests().join("mailbox");
    let prefix = format!("{}/", root.display());
    let classifier = Classifier::new();
    Sources::open([root])
        .map(|message| {
            let message = message.expect("every message of the sample can be read");
            let file = message.origin.to_string();
            let report = serde_json::to_value(classifier.classify(&message.bytes)).expect("a report is JSON");
            (file.strip_prefix(&prefix).unwrap_or(&file).to_owned(), report)
        })
        .collect()
}

fn expected() -> BTreeMap<String, Value> {
    let lines = fs::read_to_string(tests().join("mailbox.expected.jsonl")).expect("the expectations can be read");
    lines
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).expect("every line is JSON");
            (line["file"].as_str().expect("a file").to_owned(), line)
        })
        .collect()
}

/// What the reader sees otherwise than the classifier, in words.
fn differences(report: &Value, wanted: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if report["category"] != wanted["category"] {
        found.push(format!("is {}, judged {}", wanted["category"], report["category"]));
    }
    if wanted
        .get("dialect")
        .is_some_and(|dialect| report["dialect"] != *dialect)
    {
        found.push(format!(
            "was written by {}, judged {}",
            wanted["dialect"], report["dialect"]
        ));
    }
    let none = Vec::new();
    let verdicts = report["recipients"].as_array().unwrap_or(&none);
    let recipients = wanted["recipients"].as_array().unwrap_or(&none);
    if verdicts.len() != recipients.len() {
        found.push(format!(
            "is about {} recipients, judged {}",
            recipients.len(),
            verdicts.len()
        ));
    }
    for recipient in recipients {
        let address = &recipient["address"];
        let Some(verdict) = verdicts.iter().find(|verdict| verdict["address"] == *address) else {
            found.push(format!("is about {address}, nothing judged"));
            continue;
        };
        for (key, value) in recipient.as_object().into_iter().flatten() {
            let any_reason = key == "reason" && value.is_null();
            if !any_reason && verdict[key] != *value {
                found.push(format!(
                    "{address} has {key} {value}, judged {} by {} {}",
                    verdict[key], verdict["rule"], verdict["evidence"]
                ));
            }
        }
    }
    found
}

fn tests() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}
