//! What people see, at the widths of usual terminals, with colours and without.

use std::path::Path;

use tempfile::TempDir;

use crate::support::{mailbox, rebound, stdout};

/// Columns of a terminal as it opens, and of a wide one.
const WIDTHS: [&str; 2] = ["80", "120"];

/// What the command shows at this width; paths, and times that are now, by a name.
fn screen(data: &Path, columns: &str, color: &str, arguments: &[&str]) -> String {
    let mut command = rebound(data);
    command
        .current_dir(mailbox())
        .env("REBOUND_COLUMNS", columns)
        .args(["--color", color])
        .args(arguments);
    let shown = stdout(&mut command);
    let called = format!("{} --data {}", env!("CARGO_BIN_EXE_rebound"), data.display());
    shown.replace(&called, "rebound").replace('\u{1b}', "␛")
}

#[test]
fn screens_fit_their_terminals_and_colours_change_no_word() {
    let folder = TempDir::new().expect("a folder");
    let data = &folder.path().join("data");
    // Only what says its own time, so that every day looks like this one; and which of five soft bounces comes last is
    // nobody's business.
    let (postfix, soft) = (messages("postfix-"), messages("soft-five-times-"));
    let run: Vec<&str> = ["run"].into_iter().chain(postfix.iter().map(String::as_str)).collect();
    for (name, arguments) in [
        ("run", run.as_slice()),
        ("report", &["report", "--since", "2026-08-01", "--until", "2026-11-10"]),
        ("list", &["contacts", "list"]),
        ("why", &["contacts", "why", "frieda.lang@alder.example.net"]),
        (
            "classify",
            &[
                "classify",
                "postfix-null-mx.eml",
                "soft-five-times-1-over-quota.eml",
                "unreadable-bytes.eml",
            ],
        ),
    ] {
        if name == "report" {
            rebound(data)
                .current_dir(mailbox())
                .arg("run")
                .args(&soft)
                .assert()
                .success();
        }
        for columns in WIDTHS {
            if name == "run" {
                // Each time as if it were the first.
                let _ = std::fs::remove_dir_all(data);
            }
            let plain = screen(data, columns, "never", arguments);
            if name == "run" {
                let _ = std::fs::remove_dir_all(data);
            }
            let colored = screen(data, columns, "always", arguments);
            let bare = without_colors(&colored);
            assert_eq!(bare, plain, "{name} at {columns}");
            insta::assert_snapshot!(format!("{name}-{columns}"), plain);
            assert!(colored.contains('␛'), "{name} at {columns} is in colour: {colored}");
            if columns == "80" {
                insta::assert_snapshot!(format!("{name}-in-colour"), first_lines(&colored));
            }
            let width: usize = columns.parse().expect("a number");
            let too_long = plain
                .lines()
                .find(|line| line.chars().count() > width && !is_unbreakable(line));
            assert_eq!(too_long, None, "{name} at {columns}");
        }
    }
}

/// The messages of the sample mailbox whose names begin so.
fn messages(beginning: &str) -> Vec<String> {
    let entries = std::fs::read_dir(mailbox()).expect("part of the repository");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(beginning)).collect();
    names.sort();
    names
}

/// Commands to be copied, and what a server said about one event, are never cut.
fn is_unbreakable(line: &str) -> bool {
    line.contains("rebound ") || line.starts_with("  ")
}

fn first_lines(text: &str) -> String {
    text.lines().take(30).fold(String::new(), |all, line| all + line + "\n")
}

fn without_colors(text: &str) -> String {
    let mut parts = text.split("␛[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        all + part.split_once('m').map_or("", |(_, rest)| rest)
    })
}
