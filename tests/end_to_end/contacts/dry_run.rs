//! Looking first: what a dry run says is what happens then, and until then nothing does.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{documents, mailbox, rebound, stderr, stdout};

/// Everything that is known, as programs see it.
fn state(data: &Path) -> String {
    stdout(rebound(data).args(["contacts", "list", "--format", "jsonl"]))
}

/// What is said when it is only tried, and then when it is meant; rows by the keys that are stable.
fn tried_and_meant(data: &Path, verb: &[&str], why: &[&str]) -> (Vec<Value>, Vec<Value>) {
    let before = state(data);
    let mut tried = rebound(data);
    let tried = tried
        .arg("contacts")
        .args(verb)
        .args(["--dry-run", "--format", "jsonl"]);
    let rows = documents(&stdout(tried));
    assert!(
        stderr(tried).contains("note: nothing was recorded: this was a dry run"),
        "{verb:?}"
    );
    assert_eq!(state(data), before, "{verb:?}");
    let mut meant = rebound(data);
    let meant = meant.arg("contacts").args(verb).args(why).args(["--format", "jsonl"]);
    (rows, documents(&stdout(meant)))
}

/// Times differ from run to run.
fn without_times(row: &Value) -> String {
    let told = row["told"].as_str().expect("it is told");
    told.split(" since ").next().expect("there is always one").to_owned()
}

#[test]
fn a_decision_that_is_only_tried_says_what_it_would_change() {
    let folder = TempDir::new().expect("a folder");
    let data = &folder.path().join("data");
    let message = mailbox().join("postfix-no-such-user.eml");
    rebound(data).arg("run").arg(message).assert().success();
    let rows = documents(&state(data));
    let bounced = rows[0]["address"].as_str().expect("an address");
    let why = ["--why", "looked", "--by", "maria"];
    for verb in [
        &["suppress", "ann@example.com"][..],
        &["suppress", "ann@example.com", "--list", "news"],
        &["reactivate", "ann@example.com"],
        &["reactivate", bounced],
        &["correct", "ann@exmaple.com", "ann@example.com"],
    ] {
        let (tried, meant) = tried_and_meant(data, verb, &why);
        let [tried, meant] = [&tried, &meant].map(|rows| rows.iter().map(without_times).collect::<Vec<_>>());
        assert_eq!(tried, meant, "{verb:?}");
        let again = documents(&stdout(
            rebound(data)
                .arg("contacts")
                .args(verb)
                .args(why)
                .args(["--format", "jsonl"]),
        ));
        assert_eq!(
            (&again[0]["changed"], again.len()),
            (&Value::Bool(false), 1),
            "{verb:?}"
        );
    }
    let csv = stdout(rebound(data).args(["contacts", "suppress", "=x@example.com", "--dry-run", "--format", "csv"]));
    assert!(
        csv.starts_with("address,spelling,changed,told\n'=x@example.com,"),
        "{csv}"
    );
}

#[test]
fn a_message_is_discarded_in_thought_before_it_is() {
    let folder = TempDir::new().expect("a folder");
    let data = &folder.path().join("data");
    let message = mailbox().join("postfix-no-such-user.eml");
    rebound(data).arg("run").arg(message).assert().success();
    let rows = documents(&state(data));
    let address = rows[0]["address"].as_str().expect("an address");
    let story = stdout(rebound(data).args(["contacts", "why", address, "--format", "json"]));
    let story: Value = serde_json::from_str(&story).expect("JSON");
    let message = story["events"][0]["message"].as_str().expect("a message");
    let verb = ["discard", address, "--message", message];
    let (tried, meant) = tried_and_meant(data, &verb, &["--why", "their server was broken", "--by", "maria"]);
    assert_eq!(tried, meant);
    assert_eq!(tried[0]["change"], "freed");
}

#[test]
fn what_is_held_is_released_in_thought_before_it_is() {
    let folder = TempDir::new().expect("a folder");
    let data = &folder.path().join("data");
    let policy = folder.path().join("policy.toml");
    fs::write(&policy, "[breaker]\nsuppressions = 0\npercent = 0\n").expect("a file");
    rebound(data).args(["policy", "use"]).arg(&policy).assert().success();
    for name in ["postfix-no-such-user.eml", "postfix-null-mx.eml"] {
        rebound(data).arg("run").arg(mailbox().join(name)).assert().success();
    }
    let held = documents(&stdout(rebound(data).args(["contacts", "held", "--format", "jsonl"])));
    let first = held[0]["address"].as_str().expect("an address");
    let why = ["--why", "looked", "--by", "maria"];
    let (tried, meant) = tried_and_meant(data, &["discard", "--held", first], &why);
    assert_eq!((tried.len(), &tried[0]["address"]), (1, &meant[0]["address"]));
    let (tried, meant) = tried_and_meant(data, &["release", "--all"], &why);
    assert_eq!(tried.len(), held.len() - 1);
    assert_eq!(tried[0]["address"], meant[0]["address"]);
    assert_eq!(tried[0]["told"], "would be suppressed by hard-bounce");
    assert_eq!(meant[0]["told"], "now suppressed by hard-bounce");
}

#[test]
fn a_policy_says_in_what_it_differs_before_it_is_in_force() {
    let folder = TempDir::new().expect("a folder");
    let data = &folder.path().join("data");
    let file = folder.path().join("policy.toml");
    fs::write(&file, "[categories]\nhard-bounce = \"count\"\n[count]\nthreshold = 3\n").expect("a file");
    let differences = |arguments: &[&str]| {
        let mut command = rebound(data);
        let command = command.arg("policy").args(arguments).args(["--format", "jsonl"]);
        let rows = documents(&stdout(command));
        let told = |row: &Value| format!("{}: {} → {}", row["what"], row["before"], row["after"]).replace('"', "");
        rows.iter().map(told).collect::<Vec<_>>()
    };
    let path = file.to_string_lossy().into_owned();
    let expected = [
        "hard-bounce: suppress → count",
        "soft bounces: 5 within 180 days suppress → 3 within 180 days suppress",
    ];
    assert_eq!(differences(&["use", &path, "--dry-run"]), expected);
    let shown = || stderr(rebound(data).args(["policy", "show"]));
    assert!(shown().contains("no file of your own is in force"));
    assert_eq!(differences(&["use", &path]), expected);
    assert_eq!(shown(), "");
    assert_eq!(differences(&["use", &path]), Vec::<String>::new());
    assert_eq!(differences(&["reset", "--dry-run"])[0], "hard-bounce: count → suppress");
    assert_eq!(shown(), "");
}

#[test]
fn an_import_says_what_is_in_a_list_for_programs_too() {
    let folder = TempDir::new().expect("a folder");
    let data = &folder.path().join("data");
    let list = folder.path().join("suppression_bounces.csv");
    fs::write(
        &list,
        "status,reason,email,created\n5.1.1,550 no such user,ann@example.com,1795292617\n",
    )
    .expect("a file");
    let imported = |more: &[&str]| {
        let mut command = rebound(data);
        let told = stdout(
            command
                .args(["contacts", "import", "--format", "json"])
                .arg(&list)
                .args(more),
        );
        serde_json::from_str::<Value>(&told).expect("one JSON document")
    };
    let tried = imported(&["--dry-run"]);
    assert_eq!(
        (&tried["events"], &tried["recorded"]),
        (&1.into(), &Value::Null),
        "{tried}"
    );
    assert_eq!(state(data), "");
    let meant = imported(&[]);
    assert_eq!(
        (&meant["rows"], &meant["recorded"]["suppressed"]),
        (&tried["rows"], &1.into()),
        "{meant}"
    );
    assert_eq!(imported(&[])["recorded"]["known"], 1);
}

#[test]
fn nothing_is_both_tried_and_meant() {
    let data = TempDir::new().expect("a folder");
    for verb in [&["reprocess"][..], &["contacts", "rebuild"]] {
        rebound(data.path())
            .args(verb)
            .args(["--dry-run", "--apply"])
            .assert()
            .code(2);
        rebound(data.path()).args(verb).arg("--dry-run").assert().success();
    }
}
