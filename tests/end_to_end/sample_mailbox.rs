//! The main job on the sample mailbox, checked against what a careful reader made of its messages.

use std::collections::BTreeMap;

use crate::support::{beside_mailbox, documents, mailbox, rebound, stdout};
use serde_json::{Value, json};
use tempfile::TempDir;

#[test]
fn every_message_is_judged_as_a_reader_would() {
    let data = TempDir::new().expect("a folder");
    let lines = stdout(
        rebound(data.path())
            .args(["classify", "--format", "jsonl"])
            .arg(mailbox()),
    );
    let root = format!("{}/", mailbox().display());
    let mut verdicts: BTreeMap<String, Value> = documents(&lines)
        .into_iter()
        .map(|verdict| {
            (
                verdict["file"]
                    .as_str()
                    .expect("a name")
                    .trim_start_matches(&root)
                    .to_owned(),
                verdict,
            )
        })
        .collect();

    let mut differences = Vec::new();
    for expected in documents(&beside_mailbox("mailbox.expected.jsonl")) {
        let file = expected["file"].as_str().expect("a name");
        match verdicts.remove(file) {
            None => differences.push(format!("{file}: no verdict")),
            Some(verdict) => differences.extend(compare(&expected, &verdict).map(|what| format!("{file}: {what}"))),
        }
    }
    differences.extend(
        verdicts
            .into_keys()
            .map(|file| format!("{file}: nobody said what to expect")),
    );
    assert!(
        differences.is_empty(),
        "{} differences\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// The first difference between what a reader made of a message and what the classifier did.
fn compare(expected: &Value, verdict: &Value) -> Option<String> {
    if expected["category"] != verdict["category"] {
        return Some(format!("is {}, judged {}", expected["category"], verdict["category"]));
    }
    let recipients = |of: &Value| -> BTreeMap<String, Value> {
        let recipients = of["recipients"].as_array().expect("a list of recipients").iter();
        recipients
            .map(|recipient| (recipient["address"].to_string(), recipient.clone()))
            .collect()
    };
    let (expected, judged) = (recipients(expected), recipients(verdict));
    if !expected.keys().eq(judged.keys()) {
        return Some(format!(
            "is about {:?}, judged about {:?}",
            expected.keys(),
            judged.keys()
        ));
    }
    for (address, expected) in expected {
        let judged = &judged[&address];
        for (key, value) in expected.as_object().expect("a recipient") {
            let undecided = key == "reason" && value.is_null();
            if !undecided && judged[key] != *value {
                return Some(format!(
                    "{address} {key} is {value}, judged {} by {}",
                    judged[key], judged["rule"]
                ));
            }
        }
    }
    None
}

#[test]
fn a_contact_that_a_late_delivery_report_saves_is_not_called_suppressed() {
    let folder = TempDir::new().expect("a folder");
    for (place, name) in ["1-quota", "2-quota", "3-quota", "5-quota", "6-quota", "4-success"]
        .iter()
        .enumerate()
    {
        let message = mailbox().join(format!("soft-then-delivered-{name}.eml"));
        std::fs::copy(message, folder.path().join(format!("{place}.eml"))).expect("a copy");
    }
    let data = TempDir::new().expect("a folder");
    let summary = stdout(
        rebound(data.path())
            .args(["run", "--format", "json"])
            .arg(folder.path()),
    );
    let summary: Value = serde_json::from_str(&summary).expect("a JSON summary");
    assert_eq!(
        (&summary["suppressed_in_all"], &summary["suppressed"]),
        (&json!(0), &json!([])),
        "whatever the order in which they were judged"
    );
}

#[test]
fn the_main_job_ends_with_the_contacts_a_reader_expects_and_a_second_run_changes_nothing() {
    let data = TempDir::new().expect("a folder");
    let expected: Value = serde_json::from_str(&beside_mailbox("mailbox.contacts.expected.json")).expect("JSON");
    let run = || -> Value {
        let summary = stdout(rebound(data.path()).args(["run", "--format", "json"]).arg(mailbox()));
        serde_json::from_str(&summary).expect("a JSON summary")
    };

    let first = run();
    assert_eq!(first["messages"]["seen"], expected["messages"]["files"]);
    assert_eq!(first["messages"]["new"], expected["messages"]["distinct"]);
    assert_eq!(first["messages"]["judged"], expected["messages"]["distinct"]);
    assert_eq!(
        first["suppressed_in_all"].as_u64(),
        expected["suppressed"].as_array().map(|all| all.len() as u64)
    );
    assert_eq!(
        first["unproven_in_all"].as_u64(),
        expected["unproven"].as_array().map(|all| all.len() as u64)
    );
    assert_contacts(&list(data.path()), &expected);
    let held = documents(&stdout(rebound(data.path()).args([
        "contacts",
        "held",
        "--because",
        "unproven",
        "--format",
        "jsonl",
    ])));
    let unproven: Vec<Value> = held
        .iter()
        .map(|held| {
            let at = held["held_at"].as_str().expect("a time").replace(".000Z", "Z");
            json!({"address": held["spelling"], "cause": held["cause"], "at": at})
        })
        .collect();
    assert_eq!(Value::from(unproven), expected["unproven"]);

    let before = list(data.path());
    let second = run();
    assert_eq!(second["messages"]["new"], 0);
    assert_eq!(second["messages"]["judged"], 0);
    assert_eq!(second["messages"]["already_archived"], expected["messages"]["files"]);
    assert_eq!(second["found"], json!({}));
    assert_eq!(list(data.path()), before);
}

#[test]
fn messages_one_by_one_in_any_order_make_the_same_contacts() {
    let (at_once, one_by_one) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    rebound(at_once.path()).arg("run").arg(mailbox()).assert().success();
    // The last of a streak first, the delivery before the bounces it forgives.
    for part in [
        "soft-five-times-5",
        "soft-then-delivered-4",
        "soft-then-delivered-6",
        "soft-five-times-2",
    ] {
        let file = std::fs::read_dir(mailbox())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .find(|path| {
                path.file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with(part))
            });
        rebound(one_by_one.path())
            .arg("run")
            .arg(file.expect(part))
            .assert()
            .success();
    }
    rebound(one_by_one.path()).arg("run").arg(mailbox()).assert().success();
    assert_eq!(list(at_once.path()), list(one_by_one.path()));
}

fn list(data: &std::path::Path) -> Vec<Value> {
    documents(&stdout(rebound(data).args(["contacts", "list", "--format", "jsonl"])))
}

fn assert_contacts(contacts: &[Value], expected: &Value) {
    let suppressed: Vec<Value> = contacts
        .iter()
        .filter(|contact| contact["status"] == "suppressed")
        .map(|contact| {
            let at = contact["suppressed_at"].as_str().expect("a time").replace(".000Z", "Z");
            json!({"address": contact["spelling"], "cause": contact["suppressed_cause"], "at": at})
        })
        .collect();
    assert_eq!(Value::from(suppressed), expected["suppressed"]);
    let unsubscribed: Vec<Value> = contacts
        .iter()
        .filter(|contact| contact["unsubscribed_lists"] != "")
        .map(|contact| contact["spelling"].clone())
        .collect();
    assert_eq!(Value::from(unsubscribed), expected["unsubscribed"]);
    for wanted in expected["counters"].as_array().expect("a list") {
        let contact = contacts.iter().find(|contact| contact["spelling"] == wanted["address"]);
        let contact = contact.unwrap_or_else(|| panic!("no contact {}", wanted["address"]));
        for key in [
            "status",
            "hard_bounces",
            "soft_bounces",
            "soft_streak",
            "blocks",
            "auto_replies",
            "delivered",
            "events",
        ] {
            let value = &wanted[key];
            assert!(
                value.is_null() || contact[key] == *value,
                "{}: {key} is {}, expected {value}",
                wanted["address"],
                contact[key]
            );
        }
    }
    assert_eq!(contacts.len() as u64, expected["contacts"].as_u64().expect("a number"));
}

#[test]
fn a_suppressed_contact_says_why() {
    let data = TempDir::new().expect("a folder");
    rebound(data.path()).arg("run").arg(mailbox()).assert().success();
    let story = stdout(rebound(data.path()).args(["contacts", "why", "Frieda.Lang@ALDER.example.net"]));
    insta::assert_snapshot!("story-of-five-soft-bounces", story);
}
