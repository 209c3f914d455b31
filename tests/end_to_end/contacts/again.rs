//! Folding, judging and deciding again: rebuild, reprocess, discard.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::crash::{folder_size, run_until};
use crate::support::{documents, mailbox, rebound, stderr, stdout};

/// Takes every full mailbox for a person who is gone.
const BAD_RULES: &str = r#"
[[rule]]
id = "ours.too-strict"
reason = "user-unknown"
phrases = ["mailbox is full", "over quota", "quota exceeded", "mailbox full"]
examples = ["552 5.2.2 Mailbox over quota"]
"#;

const STRICTER: &str = "[count]\nthreshold = 1\n";

/// Everything that is recorded about everybody.
fn state(data: &Path) -> Vec<Value> {
    let contacts = documents(&stdout(rebound(data).args(["contacts", "list", "--format", "jsonl"])));
    let addresses = contacts
        .iter()
        .map(|contact| contact["address"].as_str().expect("an address"));
    let known = addresses.map(|address| {
        let json = stdout(rebound(data).args(["contacts", "why", address, "--format", "json"]));
        let mut known: Value = serde_json::from_str(&json).expect("JSON");
        for event in known["events"].as_array_mut().expect("events") {
            // What differs when the same is said by other rules, and says nothing about the contact.
            event["rules_version"] = Value::Null;
        }
        known
    });
    known.collect()
}

fn contacts(data: &Path) -> Vec<Value> {
    documents(&stdout(rebound(data).args(["contacts", "list", "--format", "jsonl"])))
}

fn rows(data: &Path, arguments: &[&str]) -> Vec<Value> {
    documents(&stdout(rebound(data).args(arguments).args(["--format", "jsonl"])))
}

fn changes<'a>(rows: &'a [Value], change: &str) -> Vec<&'a str> {
    let such = rows.iter().filter(|row| row["change"] == change);
    such.map(|row| row["address"].as_str().expect("an address")).collect()
}

/// A mailbox of messages whose contacts' mailboxes are full, and a few others.
fn messages(folder: &Path) -> String {
    let from = folder.join("mail");
    fs::create_dir(&from).expect("a folder");
    for (nth, who, words) in [
        (1, "ann", "552 5.2.2 Mailbox over quota"),
        (2, "bob", "552 5.2.2 Quota exceeded (mailbox for user is full)"),
        (3, "bob", "452 4.2.2 Mailbox full"),
        (4, "cid", "550 5.1.1 No such user here"),
    ] {
        let message = format!(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.org\r\nTo: bounces@lists.example.net\r\nDate: Tue, {nth} Sep 2026 04:00:00 +0000\r\n\
             Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n\
             Final-Recipient: rfc822; {who}@example.com\r\nAction: failed\r\nStatus: {}\r\n\
             Diagnostic-Code: smtp; {words}\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n\
             From: news@lists.example.net\r\nTo: {who}@example.com\r\n\r\n--b--\r\n",
            words.split_whitespace().nth(1).expect("a status")
        );
        fs::write(from.join(format!("{nth}.eml")), message).expect("a file");
    }
    from.display().to_string()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file");
        }
    }
}

#[test]
fn a_changed_threshold_is_shown_first_and_then_applies_to_the_past() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    stdout(rebound(&data).arg("run").arg(messages(folder.path())));
    let stricter = folder.path().join("stricter.toml");
    fs::write(&stricter, STRICTER).expect("a file");
    let stricter = stricter.to_str().expect("a path");
    let before = state(&data);

    assert_eq!(rows(&data, &["contacts", "rebuild"]), [] as [Value; 0]);
    let shown = rows(&data, &["contacts", "rebuild", "--policy", stricter]);
    let mut suppressed = changes(&shown, "suppressed");
    suppressed.sort_unstable();
    assert_eq!(suppressed, ["ann@example.com", "bob@example.com"]);
    assert_eq!(state(&data), before, "nothing is written unless it is asked for");

    let told = stdout(rebound(&data).args(["contacts", "rebuild", "--policy", stricter]));
    assert!(
        told.contains("ann@example.com  now suppressed since 2026-09-01 by soft-bounce"),
        "{told}"
    );
    assert!(told.contains("Mailbox over quota"), "{told}");
    let complaint = stderr(rebound(&data).args(["contacts", "rebuild", "--policy", stricter, "--apply"]));
    assert!(complaint.contains("2 newly suppressed, 0 freed"), "{complaint}");
    assert!(complaint.contains("is not the policy in force"), "{complaint}");
    let csv = stdout(rebound(&data).args(["contacts", "rebuild", "--format", "csv"]));
    assert_eq!(csv.lines().count(), 3, "{csv}");

    // Put in force, it is what stands; taken away again, it never was.
    stdout(rebound(&data).args(["policy", "use", stricter]));
    assert_eq!(rows(&data, &["contacts", "rebuild", "--apply"]), [] as [Value; 0]);
    stdout(rebound(&data).args(["policy", "reset"]));
    let freed = rows(&data, &["contacts", "rebuild", "--apply"]);
    assert_eq!(changes(&freed, "freed").len(), 2);
    assert_eq!(state(&data), before);
}

#[test]
fn a_bad_rule_that_was_taken_away_has_never_been() {
    let folder = TempDir::new().expect("a folder");
    let (right, wrong) = (folder.path().join("right"), folder.path().join("wrong"));
    let mail = messages(folder.path());
    let rules = folder.path().join("rules.toml");
    fs::write(&rules, BAD_RULES).expect("a file");
    stdout(rebound(&right).args(["run", &mail]));
    stdout(rebound(&wrong).args(["run", &mail, "--rules"]).arg(&rules));
    let harmed = state(&wrong);
    assert_ne!(harmed, state(&right));

    let shown = rows(&wrong, &["reprocess"]);
    let mut freed = changes(&shown, "freed");
    freed.sort_unstable();
    assert_eq!(freed, ["ann@example.com", "bob@example.com"]);
    let verdicts: Vec<_> = shown.iter().filter(|row| row["kind"] == "verdict").collect();
    assert_eq!(verdicts.len(), 3);
    assert!(verdicts.iter().all(|row| row["before"]["rule"] == "ours.too-strict"));
    assert_eq!(state(&wrong), harmed, "nothing is written unless it is asked for");
    assert_eq!(
        rows(&wrong, &["reprocess", "--category", "out-of-office"]),
        [] as [Value; 0]
    );
    assert_eq!(rows(&wrong, &["reprocess", "--account", "another"]), [] as [Value; 0]);
    let some = rows(&wrong, &["reprocess", "--since", "2026-09-02"]);
    assert_eq!(some.iter().filter(|row| row["kind"] == "verdict").count(), 2);

    let complaint = stderr(rebound(&wrong).args(["reprocess", "--apply"]));
    assert!(
        complaint.contains("4 messages judged again, 3 say something else"),
        "{complaint}"
    );
    assert!(complaint.contains("0 newly suppressed, 2 freed"), "{complaint}");
    assert_eq!(state(&wrong), state(&right));
    assert_eq!(rows(&wrong, &["reprocess", "--apply"]), [] as [Value; 0]);
    assert_eq!(rows(&wrong, &["contacts", "rebuild"]), [] as [Value; 0]);
}

#[test]
fn killed_in_the_middle_and_run_again_it_is_all_done() {
    let folder = TempDir::new().expect("a folder");
    let (right, killed) = (folder.path().join("right"), folder.path().join("killed"));
    let rules = folder.path().join("rules.toml");
    fs::write(&rules, BAD_RULES).expect("a file");
    stdout(rebound(&right).arg("run").arg(mailbox()));
    // The same messages, and fetched at the same time: that is when those without a date happened.
    copy(&right, &killed);
    stdout(rebound(&killed).args(["reprocess", "--apply", "--rules"]).arg(&rules));
    assert_ne!(contacts(&right), contacts(&killed));
    // Each is killed once the store has grown by some more: no clock decides where.
    for grown in [0, 40_000, 200_000] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rebound"));
        command.arg("--data").arg(&killed).args(["reprocess", "--apply"]);
        let size = folder_size(&killed);
        run_until(&mut command, || folder_size(&killed) > size + grown);
    }
    stdout(rebound(&killed).args(["reprocess", "--apply"]));
    assert_eq!(contacts(&killed), contacts(&right));
    assert_eq!(rows(&killed, &["contacts", "rebuild"]), [] as [Value; 0]);
}

#[test]
fn a_discarded_message_counts_no_more() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    stdout(rebound(&data).arg("run").arg(messages(folder.path())));
    let json = stdout(rebound(&data).args(["contacts", "why", "cid@example.com", "--format", "json"]));
    let known: Value = serde_json::from_str(&json).expect("JSON");
    let message = known["events"][0]["message"].as_str().expect("a hash").to_owned();
    let discard = |message: &str| {
        let mut command = rebound(&data);
        command.args([
            "contacts",
            "discard",
            "cid@example.com",
            "--why",
            "a mistake",
            "--by",
            "maria",
        ]);
        command.args(["--message", message]);
        command
    };
    let told = stdout(&mut discard(message.get(..12).expect("64 digits")));
    assert!(
        told.contains("cid@example.com  now active; was suppressed since 2026-09-04 by hard-bounce"),
        "{told}"
    );
    assert!(told.contains("was discarded"), "{told}");
    assert_eq!(rows(&data, &["contacts", "rebuild"]), [] as [Value; 0]);
    let again = stderr(&mut discard(&message));
    assert!(again.contains("discarded before"), "{again}");
    for (wrong, expected) in [
        ("ffff", "begins with ffff"),
        (&"0".repeat(64), "says nothing about cid@example.com"),
    ] {
        let complaint = stderr(&mut discard(wrong));
        assert!(complaint.contains(expected), "{complaint}");
        discard(wrong).assert().failure();
    }
}
