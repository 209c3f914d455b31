//! `rebound report` and `rebound campaigns` on the sample mailbox.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{documents, mailbox, rebound, stderr, stdout};

/// Days in which something of the sample mailbox happened. What says no time of its own happened when it was fetched, which is
/// later.
const PERIOD: [&str; 4] = ["--since", "2026-08-01", "--until", "2026-11-10"];

/// The sample mailbox, archived and judged, and a folder beside it.
fn sample() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    rebound(&data(&folder)).arg("run").arg(mailbox()).assert().success();
    folder
}

fn data(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("data")
}

fn numbers(data: &Path, more: &[&str]) -> Value {
    let report = stdout(
        rebound(data)
            .arg("report")
            .args(PERIOD)
            .args(["--format", "json"])
            .args(more),
    );
    serde_json::from_str(&report).expect("one JSON document")
}

/// What the sheet `name` says, each row by the names of its columns.
fn sheet(folder: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut rows = csv::Reader::from_path(folder.join(name).with_extension("csv")).expect("a sheet");
    rows.deserialize()
        .collect::<Result<_, _>>()
        .expect("rows as long as their header")
}

/// Says that a campaign went to 60 contacts of the list `news`.
fn sent_to_60(data: &Path, campaign: &str) {
    let sent = [
        "campaigns",
        "sent",
        campaign,
        "60",
        "--at",
        "2026-08-20",
        "--list",
        "news",
    ];
    rebound(data).args(sent).assert().success();
}

#[test]
fn the_same_numbers_stand_on_the_terminal_on_the_page_and_in_the_sheets() {
    let folder = sample();
    let data = &data(&folder);
    for (name, count) in [("weekly-2026-33", "60"), ("weekly-2026-38", "5000")] {
        rebound(data)
            .args(["campaigns", "sent", name, count, "--at", "2026-09-01"])
            .assert()
            .success();
    }
    let (page, csv) = (folder.path().join("report.html"), folder.path().join("numbers"));
    let shown = stdout(rebound(data).arg("report").args(PERIOD).args([
        "--html",
        &page.to_string_lossy(),
        "--csv",
        &csv.to_string_lossy(),
    ]));
    let called = format!("{} --data {}", env!("CARGO_BIN_EXE_rebound"), data.display());
    insta::assert_snapshot!("report", shown.replace(&called, "rebound"));

    let numbers = numbers(data, &[]);
    let hard = numbers["totals"]["categories"]["hard-bounce"]
        .as_u64()
        .expect("a number");
    let by_day: u64 = sheet(&csv, "days")
        .iter()
        .map(|row| row["hard_bounces"].parse::<u64>().expect("a number"))
        .sum();
    let by_account: u64 = sheet(&csv, "accounts")
        .iter()
        .map(|row| row["hard"].parse::<u64>().expect("a number"))
        .sum();
    assert!(hard > 30);
    assert_eq!((by_day, by_account), (hard, hard));
    let spring = sheet(&csv, "campaigns")
        .into_iter()
        .find(|row| row["campaign"] == "weekly-2026-33")
        .expect("a row");
    assert_eq!(
        (spring["sent"].as_str(), spring["bounce_rate"].as_str()),
        ("60", "0.133333")
    );

    let page = std::fs::read_to_string(page).expect("the page");
    assert!(page.len() < 500_000, "{} bytes", page.len());
    assert!(
        page.contains(&format!("hard bounces</dt><dd>{hard}<")),
        "the page has other numbers"
    );
    assert!(page.contains("campaign <bdi>weekly-2026-33</bdi>: 13.3 % bounced"));
    for active in [
        "<script",
        "<img",
        "<iframe",
        "<object",
        "<link",
        "javascript:",
        " style=",
        " onload=",
        " onerror=",
    ] {
        assert!(!page.contains(active), "{active}");
    }
}

#[test]
fn a_report_is_about_what_is_asked_for() {
    let folder = sample();
    let data = &data(&folder);
    let all = numbers(data, &[])["seen"]["events"].as_u64().expect("a number");
    let campaign = numbers(data, &["--campaign", "weekly-2026-38"]);
    let here = campaign["seen"]["events"].as_u64().expect("a number");
    assert!(0 < here && here < all, "{here} of {all}");
    assert_eq!(campaign["campaigns"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        numbers(data, &["--domain", "FIG.example.com"])["domains"][0]["name"],
        "fig.example.com"
    );
    assert_eq!(numbers(data, &["--account", "nobody"])["seen"]["events"], json!(0));
    let wrong = stderr(rebound(data).args(["report", "--since", "2026-11-10", "--until", "2026-11-01"]));
    assert!(
        wrong.contains("--since 2026-11-10 is after the last day, 2026-11-01"),
        "{wrong}"
    );
}

#[test]
fn what_was_discarded_is_in_no_report() {
    let folder = sample();
    let data = &data(&folder);
    let before = numbers(data, &[])["totals"]["categories"]["hard-bounce"].clone();
    let suppressed = documents(&stdout(rebound(data).args([
        "contacts",
        "list",
        "--suppressed",
        "--format",
        "jsonl",
    ])));
    let who = suppressed
        .iter()
        .find(|contact| contact["suppressed_cause"] == "hard-bounce");
    let address = who
        .and_then(|contact| contact["address"].as_str())
        .expect("somebody is suppressed");
    let story = stdout(rebound(data).args(["contacts", "why", address, "--format", "json"]));
    let story: Value = serde_json::from_str(&story).expect("JSON");
    let message = story["events"][0]["message"].as_str().expect("what suppressed it");
    rebound(data)
        .args([
            "contacts",
            "discard",
            address,
            "--message",
            message,
            "--why",
            "forged",
            "--by",
            "ann",
        ])
        .assert()
        .success();
    let after = numbers(data, &[])["totals"]["categories"]["hard-bounce"].clone();
    assert_eq!(after.as_u64().map(|count| count + 1), before.as_u64());
}

#[test]
fn cron_is_told_by_the_exit_code_that_a_rate_is_alarming() {
    let folder = sample();
    let data = &data(&folder);
    let fail_on = |level| {
        let mut command = rebound(data);
        command.arg("report").args(PERIOD).args(["--fail-on", level]);
        command
    };
    fail_on("warning").assert().success();
    sent_to_60(data, "weekly-2026-33");
    fail_on("warning").assert().code(1);
    let told = stderr(&mut fail_on("warning"));
    assert!(
        told.contains("error: campaign weekly-2026-33: 13.3 % bounced (8 of 60), mostly user-unknown"),
        "{told}"
    );
    let listed = documents(&stdout(rebound(data).args(["campaigns", "list", "--format", "jsonl"])));
    assert_eq!(
        listed,
        [
            json!({"campaign": "weekly-2026-33", "list": "news", "domain": null, "count": 60, "at": "2026-08-20T00:00:00.000Z"})
        ]
    );
}

#[test]
fn campaigns_are_listed_for_spreadsheets_without_a_formula() {
    let folder = TempDir::new().expect("a folder");
    let data = &data(&folder);
    sent_to_60(data, "=1+1");
    assert_eq!(
        stdout(rebound(data).args(["campaigns", "list", "--format", "csv"])),
        "campaign,list,domain,count,at\n'=1+1,news,,60,2026-08-20T00:00:00.000Z\n"
    );
}
