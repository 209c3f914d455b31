//! Suppressing and reactivating by hand.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{mailbox, rebound, stderr, stdout};

fn decide(data: &Path, verb: &str, arguments: &[&str]) -> String {
    let mut command = rebound(data);
    command
        .args(["contacts", verb, "--by", "maria", "--why", "she wrote"])
        .args(arguments);
    // Times differ from run to run.
    let told = stdout(&mut command);
    let words = told.split_whitespace().map(|word| {
        if word.trim_end_matches(';').ends_with('Z') && word.starts_with("20") {
            "TIME"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn shown(data: &Path, address: &str) -> Value {
    let json = stdout(rebound(data).args(["contacts", "show", address, "--format", "json"]));
    serde_json::from_str(&json).expect("JSON")
}

#[test]
fn a_decision_says_what_it_changed_and_what_was_so_already() {
    let data = TempDir::new().expect("a folder");
    let data = data.path();
    for (verb, arguments, told) in [
        (
            "suppress",
            &["Ann@example.com"][..],
            "Ann@example.com was active; now suppressed",
        ),
        (
            "suppress",
            &["ann@EXAMPLE.com"],
            "ann@EXAMPLE.com already suppressed since TIME by manual; nothing to do",
        ),
        (
            "reactivate",
            &["ann@example.com"],
            "ann@example.com was suppressed since TIME by manual; now active",
        ),
        (
            "reactivate",
            &["ann@example.com"],
            "ann@example.com already active; nothing to do",
        ),
        (
            "suppress",
            &["ann@example.com", "--list", "news"],
            "ann@example.com was on the list news; now off it",
        ),
        (
            "suppress",
            &["ann@example.com", "--list", "news"],
            "ann@example.com already off the list news, since TIME nothing to do",
        ),
        (
            "reactivate",
            &["ann@example.com", "--list", "news"],
            "ann@example.com was off the list news; now on it",
        ),
        (
            "reactivate",
            &["ann@example.com", "--list", "news"],
            "ann@example.com is not off the list news; nothing to do",
        ),
        (
            "suppress",
            &["ann@example.com"],
            "ann@example.com was active; now suppressed",
        ),
    ] {
        assert_eq!(decide(data, verb, arguments), told, "{verb} {arguments:?}");
    }
    let shown = shown(data, "ann@example.com");
    let events: Vec<_> = shown["events"].as_array().expect("a list").iter().collect();
    assert_eq!(events.len(), 5, "what changed nothing is not recorded");
    assert!(
        events
            .iter()
            .all(|event| event["actor"] == "maria" && event["note"] == "she wrote")
    );
}

#[test]
fn a_bounced_contact_is_clean_from_its_reactivation_on() {
    let data = TempDir::new().expect("a folder");
    let data = data.path();
    rebound(data)
        .arg("run")
        .arg(mailbox().join("postfix-no-such-user.eml"))
        .assert()
        .success();
    let listed = stdout(rebound(data).args(["contacts", "list", "--suppressed", "--format", "jsonl"]));
    let contact: Value = serde_json::from_str(&listed).expect("one contact");
    let address = contact["address"].as_str().expect("text");
    assert_eq!(
        decide(data, "suppress", &[address]),
        format!("{address} already suppressed since TIME by hard-bounce; your decision is recorded beside it")
    );
    assert_eq!(
        decide(data, "reactivate", &[address]),
        format!("{address} was suppressed since TIME by hard-bounce; now active")
    );
    assert_eq!(
        shown(data, address)["contact"]["hard_bounces"],
        1,
        "what happened stays"
    );
}

#[test]
fn a_mistake_is_named_and_nothing_is_changed() {
    let data = TempDir::new().expect("a folder");
    for (arguments, expected) in [
        (&["suppress", "ann@example.com"][..], "--why"),
        (&["suppress", "ann@example.com", "--why", " "], "--why is empty"),
        (
            &["suppress", "ann@example.com", "bob", "--why", "x"],
            "\"bob\": has no domain; nothing was changed",
        ),
        (&["reactivate", "@", "--why", "x"], "is no address"),
        (&["suppress", "--why", "x"], "ADDRESS"),
    ] {
        let mut command = rebound(data.path());
        let complaint = stderr(command.env("USER", "maria").arg("contacts").args(arguments));
        assert!(complaint.contains(expected), "{arguments:?}: {complaint}");
        command.assert().failure();
    }
    assert_eq!(
        stdout(rebound(data.path()).args(["contacts", "list", "--format", "jsonl"])),
        ""
    );
    let mut command = rebound(data.path());
    for name in ["USER", "LOGNAME", "USERNAME"] {
        command.env_remove(name);
    }
    let complaint = stderr(command.args(["contacts", "suppress", "ann@example.com", "--why", "x"]));
    assert!(complaint.contains("hint: --by NAME"), "{complaint}");
}

#[test]
fn a_corrected_address_is_suppressed_and_the_right_one_is_left_alone() {
    let data = TempDir::new().expect("a folder");
    let data = data.path();
    for told in [
        "ann@exmaple.com was active; now suppressed; what was meant is Ann@example.com",
        "ann@exmaple.com already suppressed since TIME by corrected; nothing to do",
    ] {
        assert_eq!(decide(data, "correct", &["ann@exmaple.com", "Ann@example.com"]), told);
    }
    let contact = &shown(data, "ann@exmaple.com")["contact"];
    assert_eq!(
        (&contact["suppressed_cause"], &contact["new_address"]),
        (&"corrected".into(), &"Ann@example.com".into())
    );
    assert_eq!(
        stdout(rebound(data).args(["contacts", "list", "--format", "jsonl"]))
            .lines()
            .count(),
        1
    );
    let complaint = stderr(rebound(data).args([
        "contacts",
        "correct",
        "a@example.com",
        "A@example.com",
        "--by",
        "m",
        "--why",
        "x",
    ]));
    assert!(complaint.contains("same contact; nothing was changed"), "{complaint}");
}

#[test]
fn a_protected_address_is_not_suppressed() {
    let data = TempDir::new().expect("a folder");
    let mut command = rebound(data.path());
    command.args([
        "contacts",
        "suppress",
        "postmaster@example.com",
        "ann@example.com",
        "--by",
        "m",
        "--why",
        "x",
    ]);
    let complaint = stderr(&mut command);
    assert!(
        complaint.starts_with("error: postmaster@example.com: the policy protects it")
            && complaint.contains("hint: [protected]"),
        "{complaint}"
    );
    command.assert().code(1);
    let listed = stdout(rebound(data.path()).args(["contacts", "list", "--suppressed", "--format", "jsonl"]));
    assert_eq!(listed.lines().count(), 1, "the others are");
}
