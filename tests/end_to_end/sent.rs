//! `rebound sent`: which message went to whom.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::serve::Serving;
use crate::support::{rebound, stderr, stdout};

/// The folder with a `python` that has boto3.
const TOOLS: &str = "REBOUND_REPORTING_TOOLS";

fn import(data: &Path, name: &str, text: &str, arguments: &[&str]) -> assert_cmd::Command {
    let file = data.join(name);
    fs::write(&file, text).expect("a file");
    let mut command = rebound(data);
    command.args(["sent", "import"]).arg(file).args(arguments);
    command
}

fn show(data: &Path, message_id: &str) -> Value {
    let output = rebound(data)
        .args(["sent", "show", message_id, "--format", "json"])
        .output()
        .expect("it runs");
    serde_json::from_slice(&output.stdout).expect("a document")
}

#[test]
fn a_senders_log_is_taken_in_every_form_and_the_same_again_changes_nothing() {
    let expected = json!({
        "message_id": "1.a@news.example.com",
        "sent": "to",
        "address": "ann@example.com",
        "list": "news",
        "campaign": "spring",
        "sent_at": "2099-11-01T08:00:00.000Z",
        "expires_at": "2100-01-30T08:00:00.000Z",
    });
    for (name, text, arguments) in [
        (
            "sent.csv",
            "Message-ID,Email,List,Campaign,Sent At,Status\n\
             <1.a@news.example.com>,Ann <Ann@Example.com>,news,spring,2099-11-01T08:00:00Z,ok\n",
            &[][..],
        ),
        (
            "sent.tsv",
            "\n\"message_id\"\trcpt_to\ttimestamp\n1.a@news.example.com\tann@example.com\t4097203200\n",
            &["--list", "news", "--campaign", "spring"],
        ),
        (
            "sent.jsonl",
            "{\"smtp-id\":\"<1.a@news.example.com>\",\"to\":\"ann@example.com\",\"date\":4097203200000,\"list\":\"news\",\
             \"campaign\":\"spring\"}\n",
            &["--list", "other"],
        ),
        (
            // Keys that only a later object has.
            "sent.json",
            "[{\"message_id\":\"0@news.example.com\",\"address\":\"bob@example.com\"},\
             {\"message_id\":\"1.a@news.example.com\",\"address\":\"ann@example.com\",\"sent_at\":\"2099-11-01T08:00:00Z\",\
             \"list\":\"news\",\"campaign\":\"spring\"}]",
            &[],
        ),
    ] {
        let data = TempDir::new().expect("a folder");
        let first = stdout(&mut import(data.path(), name, text, arguments));
        assert!(
            first.ends_with(" noted. Each is forgotten 90 days after it was sent.\n"),
            "{name}: {first}"
        );
        let known = show(data.path(), "<1.a@news.example.com>");
        assert_eq!(known, expected, "{name}");
        assert_eq!(stdout(&mut import(data.path(), name, text, arguments)), first, "{name}");
        assert_eq!(show(data.path(), "1.a@news.example.com"), expected, "{name}");
    }
}

#[test]
fn rows_that_cannot_be_used_are_named_and_the_others_noted() {
    let data = TempDir::new().expect("a folder");
    let text = "message_id,address,sent_at\n\
                <1@example.com>,ann@example.com,\n\
                ,bob@example.com,\n\
                <2@example.com> <3@example.com>,bob@example.com,\n\
                <4@example.com>,nobody,\n\
                <5@example.com>,bob@example.com,yesterday\n\
                <6@example.com>,bob@example.com,2020-01-01\n\
                <7@example.com>,ann@example.com,\n\
                <7@example.com>,bob@example.com,\n";
    let mut dry = import(data.path(), "sent.csv", text, &["--dry-run"]);
    let told = stdout(&mut dry);
    assert_eq!(
        told,
        "  3  messages to one recipient each\n  1  so old that they are forgotten already: left out\n  \
         4  can't be read: left out\nNothing was noted: this was a dry run.\n"
    );
    assert_eq!(show(data.path(), "1@example.com")["sent"], "unknown");

    let mut command = import(
        data.path(),
        "sent.csv",
        text,
        &["--keep-days", "30", "--format", "json"],
    );
    let document: Value = serde_json::from_str(&stdout(&mut command)).expect("a document");
    let expected = json!({"entries": 3, "shared": 2, "too_old": 1, "unreadable": 4, "noted": 3});
    assert_eq!(document, expected);
    let complaints = stderr(&mut command);
    for expected in [
        "warning: line 3: no Message-ID",
        "warning: line 4: not a Message-ID",
        "warning: line 5: has no domain",
        "warning: line 6: has a time that nobody can read",
        "warning: 2 of them share their Message-ID with another recipient, and prove nothing",
        "hint: give every copy of a message a Message-ID of its own: docs/sent-ledger.md",
    ] {
        assert!(complaints.contains(expected), "{complaints}");
    }
    assert_eq!(show(data.path(), "1@example.com")["sent"], "to");
    assert_eq!(show(data.path(), "6@example.com")["sent"], "unknown");
    assert_eq!(show(data.path(), "7@example.com")["sent"], "shared");
}

#[test]
fn a_message_is_shown_to_people() {
    let data = TempDir::new().expect("a folder");
    let text = "message_id,address,campaign,sent_at\n<1@example.com>,ann@example.com,spring,2099-11-01\n\
                <2@example.com>,ann@example.com,,\n<2@example.com>,bob@example.com,,\n";
    import(data.path(), "sent.csv", text, &["--quiet"]).assert().success();
    let show = |id: &str| {
        let mut command = rebound(data.path());
        command.args(["sent", "show", id]);
        command
    };
    assert_eq!(
        stdout(&mut show("<1@example.com>")),
        "to         ann@example.com\ncampaign   spring\nsent       2099-11-01T00:00:00.000Z\nforgotten  \
         2100-01-30T00:00:00.000Z\n"
    );
    show("<2@example.com>").assert().success();
    let shared = stderr(&mut show("<2@example.com>"));
    assert!(shared.contains("went to several recipients"), "{shared}");
    show("<3@example.com>").assert().code(1);
    let unknown = stderr(&mut show("<3@example.com>"));
    assert!(
        unknown.contains("it was not noted who 3@example.com went to"),
        "{unknown}"
    );
    show("<>").assert().code(1);
    let nothing = stderr(&mut show("<>"));
    assert!(
        nothing.contains("no Message-ID: it is empty") && nothing.contains("hint: "),
        "{nothing}"
    );
}

#[test]
fn files_without_anything_to_note_are_refused() {
    for (text, expected) in [
        ("", "there is nothing in it"),
        ("name,email\nAnn,ann@example.com\n", "no column of Message-IDs"),
        (
            "message_id,name\n<1@example.com>,Ann\n",
            "or none of addresses, is among message_id, name",
        ),
        ("message_id,email\n", "no row of it can be used"),
        ("message_id,email\n<1@example.com>,Ann\n", "no row of it can be used"),
    ] {
        let data = TempDir::new().expect("a folder");
        let mut command = import(data.path(), "sent.csv", text, &[]);
        command.assert().code(1);
        let complaints = stderr(&mut command);
        assert!(
            complaints.contains("was refused") && complaints.contains(expected),
            "{text:?}: {complaints}"
        );
    }
}

#[test]
fn what_a_sender_writes_by_itself_as_the_page_says_is_known() {
    let Some(tools) = std::env::var_os(TOOLS) else {
        eprintln!("SKIPPED: {TOOLS} names no folder with a python that has boto3 (tests/tools/reporting)");
        return;
    };
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sent-ledger.md");
    let page = fs::read_to_string(page).expect("part of the repository");
    let (_, example) = page.split_once("```python\n").expect("an example");
    let (example, _) = example.split_once("```").expect("its end");

    let data = TempDir::new().expect("a folder");
    let serving = Serving::start(data.path());
    let addresses: Vec<_> = (0..30).map(|nth| format!("Reader{nth}@Example.com")).collect();
    let mut python = Command::new(Path::new(&tools).join("python"));
    python.args(["-c", example, "rebound-sent"]).args(&addresses);
    python
        .env("AWS_ENDPOINT_URL", &serving.url)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local");
    let output = python.output().expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    drop(serving);
    let copies = String::from_utf8(output.stdout).expect("text");
    let copies: Vec<_> = copies.lines().filter_map(|line| line.split_once(' ')).collect();
    assert_eq!(copies.len(), addresses.len());
    for (message_id, address) in copies.iter().step_by(10) {
        let known = show(data.path(), message_id);
        assert_eq!(known["address"], address.to_lowercase(), "{known}");
        assert_eq!((&known["list"], &known["campaign"]), (&json!("news"), &json!("spring")));
    }
}
