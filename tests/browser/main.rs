//! The report's page in a real browser, and its CSV files in a spreadsheet's reader.
//!
//! The real command makes the pages; what is looked at, and how, is in the `.mjs` files beside this one, run by Node.js's own
//! test runner. `REBOUND_BROWSER` names the folder that `tests/tools/browser` makes; without it these tests say that they
//! are skipped.

#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod hostile;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Days in which something of both mailboxes happened. What says no time of its own happened when it was read, which is
/// later.
const PERIOD: [&str; 4] = ["--since", "2026-08-01", "--until", "2026-11-10"];

/// How much of what the sample mailbox names was sent, so that there are rates; one of them is alarming.
const SENT: [(&str, &str, &str); 14] = [
    ("weekly-2026-32", "180", "2026-08-04"),
    ("weekly-2026-33", "190", "2026-08-11"),
    ("weekly-2026-34", "1880", "2026-08-18"),
    ("weekly-2026-35", "186", "2026-08-25"),
    ("weekly-2026-36", "185", "2026-09-01"),
    ("weekly-2026-37", "42", "2026-09-08"),
    ("weekly-2026-38", "240", "2026-09-15"),
    ("weekly-2026-39", "178", "2026-09-22"),
    ("weekly-2026-40", "108", "2026-09-29"),
    ("weekly-2026-41", "175", "2026-10-06"),
    ("weekly-2026-42", "172", "2026-10-13"),
    ("weekly-2026-43", "171", "2026-10-20"),
    ("weekly-2026-44", "1700", "2026-10-27"),
    ("weekly-2026-45", "1680", "2026-11-03"),
];

#[test]
fn the_page_of_the_sample_mailbox_is_right_legible_and_usable() {
    let Some(tools) = tools() else { return };
    run(&tools, &["sample.test.mjs", "pictures.test.mjs"], sample().path());
}

#[test]
fn every_check_refuses_a_page_that_is_broken() {
    let Some(tools) = tools() else { return };
    run(&tools, &["controls.test.mjs"], sample().path());
}

#[test]
fn a_hostile_mailbox_is_shown_and_does_nothing() {
    let Some(tools) = tools() else { return };
    let pages = TempDir::new().expect("a folder");
    let store = Store::new(pages.path());
    let mailbox = pages.path().join("mailbox");
    hostile::write(&mailbox);
    store.rebound(&["run", &named(&mailbox)]);
    for (index, name) in (0_u64..).zip(hostile::NAMES) {
        let (list, sent) = (format!("--list={name}"), (30 + index).to_string());
        store.rebound(&["campaigns", "sent", "--at", "2026-09-01", &list, "--", name, &sent]);
    }
    store.report("hostile", &[]);
    store.report(
        "narrowed",
        &["--campaign", hostile::NAMES[0], "--list", hostile::NAMES[1]],
    );
    store.contacts("hostile");
    run(&tools, &["hostile.test.mjs", "sheets.test.mjs"], pages.path());
}

#[test]
fn a_page_of_nothing_says_so() {
    let Some(tools) = tools() else { return };
    let pages = TempDir::new().expect("a folder");
    Store::new(pages.path()).report("empty", &[]);
    run(&tools, &["empty.test.mjs"], pages.path());
}

/// What `tests/tools/browser` installed.
fn tools() -> Option<OsString> {
    let tools = std::env::var_os("REBOUND_BROWSER").filter(|tools| !tools.is_empty());
    if tools.is_none() {
        eprintln!("SKIPPED: REBOUND_BROWSER names no browser (tests/tools/browser finds one, tests/run does it all)");
    }
    tools
}

/// The page of the sample mailbox.
fn sample() -> TempDir {
    let pages = TempDir::new().expect("a folder");
    let store = Store::new(pages.path());
    store.rebound(&["run", &named(&here().join("../mailbox"))]);
    for (campaign, count, day) in SENT {
        store.rebound(&["campaigns", "sent", campaign, count, "--at", day]);
    }
    store.report("sample", &[]);
    pages
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/browser")
}

fn named(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}

/// Runs a file of tests on the pages in a folder.
fn run(tools: &OsString, tests: &[&str], pages: &Path) {
    for test in tests {
        let mut node = Command::new("node");
        if let Some(pictures) = std::env::var_os("REBOUND_SCREENSHOTS") {
            node.env("REBOUND_SCREENSHOTS", here().join("../..").join(pictures));
        }
        let output = node
            .args(["--test", "--test-reporter=spec"])
            .arg(here().join(test))
            .env("REBOUND_BROWSER", tools)
            .env("REBOUND_PAGES", pages)
            .output()
            .expect("Node.js runs");
        let Output { status, stdout, stderr } = output;
        let [told, complaints] = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(status.success(), "{test}\n{told}\n{complaints}");
        // Node.js calls it a success when no test is found.
        assert!(told.contains("pass ") && !told.contains("pass 0"), "{test}\n{told}");
    }
}

/// Embedded storage, and the pages made of it beside it.
struct Store<'a> {
    pages: &'a Path,
}

impl<'a> Store<'a> {
    fn new(pages: &'a Path) -> Self {
        Self { pages }
    }

    /// Runs the command; what it prints.
    fn rebound(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new(env!("CARGO_BIN_EXE_rebound"))
            .env_remove("REBOUND_DATA")
            .arg("--data")
            .arg(self.pages.join("data"))
            .args(arguments)
            .output()
            .expect("rebound runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The report as a page, as JSON and as CSV files, in a folder of this name.
    fn report(&self, name: &str, selection: &[&str]) {
        let folder = self.pages.join(name);
        fs::create_dir(&folder).expect("a new folder");
        let (page, sheets) = (folder.join("report.html"), folder.join("sheets"));
        let files = ["--format", "json", "--html", &named(&page), "--csv", &named(&sheets)];
        let arguments = [&["report"], &PERIOD[..], selection, &files[..]].concat();
        fs::write(folder.join("report.json"), self.rebound(&arguments)).expect("written");
    }

    /// What other commands print as CSV, beside the report's own files, and the same as JSON.
    fn contacts(&self, name: &str) {
        let folder = self.pages.join(name).join("contacts");
        fs::create_dir(&folder).expect("a new folder");
        for (file, arguments) in [
            ("list.csv", ["contacts", "list", "--format", "csv"]),
            ("list.jsonl", ["contacts", "list", "--format", "jsonl"]),
            ("campaigns.csv", ["campaigns", "list", "--format", "csv"]),
            ("export.csv", ["contacts", "export", "--format", "csv"]),
            ("export.jsonl", ["contacts", "export", "--format", "jsonl"]),
        ] {
            fs::write(folder.join(file), self.rebound(&arguments)).expect("written");
        }
    }
}
