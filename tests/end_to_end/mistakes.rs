//! What people get wrong, and the next step that they are told.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::support::{mailbox, rebound};

/// A place to make mistakes in: a little mail in `data`, and beside it what is no good.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: TempDir::new().expect("a folder"),
        };
        let message = mailbox().join("postfix-no-such-user.eml");
        rebound(&place.data()).arg("run").arg(message).assert().success();
        for (name, content) in [
            ("file", ""),
            ("names.csv", "name,city\nAnn,Ulm\n"),
            ("bad.toml", "[categories]\nhard = \"suppress\"\n"),
        ] {
            fs::write(place.path(name), content).expect("a file");
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// What is said on standard error, with the folder left out; nothing is ever printed on standard output.
    fn told(&self, data: &Path, arguments: &[&str], code: i32) -> String {
        let mut command = rebound(data);
        command.current_dir(self.folder.path()).env("USER", "maria");
        let output = command.args(arguments).assert().get_output().clone();
        let told = String::from_utf8(output.stderr).expect("complaints are UTF-8");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        told.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

#[test]
fn every_likely_mistake_is_told_with_the_next_step() {
    let place = Place::new();
    let data = place.data();
    let mut wrong = Vec::new();
    for (arguments, code, error, hint) in [
        (
            &["classify", "nowhere.eml"][..],
            1,
            "nowhere.eml: cannot be read: No such file",
            "is the path right?",
        ),
        (
            &["run", "nowhere.eml"],
            1,
            "nowhere.eml: cannot be read",
            "is the path right?",
        ),
        (
            &["contacts", "check", "nowhere.csv"],
            1,
            "opening nowhere.csv",
            "is the path right?",
        ),
        (
            &["contacts", "check", "names.csv"],
            1,
            "names no column of addresses",
            "--column NAME",
        ),
        (
            &["contacts", "import", "names.csv"],
            1,
            "names.csv was refused",
            "hint: ",
        ),
        (
            &["contacts", "import", "nowhere.csv"],
            1,
            "nowhere.csv was refused",
            "is the path right?",
        ),
        (
            &["contacts", "why", "@"],
            1,
            "\"@\" is no address",
            "an address is name@example.com",
        ),
        (
            &["contacts", "why", "nobody@example.com"],
            1,
            "nothing was ever recorded about nobody@example.com",
            "`rebound contacts list` names",
        ),
        (
            &["contacts", "suppress", "ann@example", "--why", " "],
            1,
            "--why is empty",
            "--why 'asked by phone'",
        ),
        (
            &["contacts", "suppress", "ann@example.com"],
            2,
            "--why <TEXT>",
            "--help",
        ),
        (
            &["contacts", "export", "--cause", "boredom"],
            1,
            "suppresses nobody",
            "causes: hard-bounce",
        ),
        (
            &["contacts", "export", "--since", "last week"],
            2,
            "'last week'",
            "a day is 2026-11-01",
        ),
        (&["report", "--since", "2026-11-31"], 2, "'2026-11-31'", "--help"),
        (
            &["report", "--since", "2026-11-10", "--until", "2026-11-01"],
            1,
            "--since 2026-11-10 is after the last day",
            "",
        ),
        (
            &["report", "--html", "no/folder/report.html"],
            1,
            "writing no/folder/report.html",
            "is the path right?",
        ),
        (
            &["report", "--csv", "file"],
            1,
            "writing into file",
            "a file where a folder should be",
        ),
        (&["contacts", "lst"], 2, "unrecognized subcommand 'lst'", "'list'"),
        (
            &["contcts", "list"],
            2,
            "unrecognized subcommand 'contcts'",
            "'contacts'",
        ),
        (
            &["contacts", "list", "--formt", "csv"],
            2,
            "unexpected argument '--formt'",
            "'--format'",
        ),
        (
            &["contacts", "list", "--format", "xml"],
            2,
            "invalid value 'xml'",
            "table, json, jsonl, csv",
        ),
        (
            &["run", "--account", "news"],
            1,
            "there is no account called news",
            "`rebound accounts add news` sets it up",
        ),
        (
            &["run", "--all-accounts"],
            1,
            "there are no accounts",
            "`rebound accounts add NAME",
        ),
        (
            &["accounts", "test", "news"],
            1,
            "there is no account called news",
            "`rebound accounts list`",
        ),
        (
            &["policy", "use", "bad.toml"],
            1,
            "bad.toml was refused as a whole",
            "`rebound policy show --built-in`",
        ),
        (
            &["policy", "use", "nowhere.toml"],
            1,
            "reading the policy in nowhere.toml",
            "is the path right?",
        ),
        (
            &["rules", "test", "nowhere.toml"],
            1,
            "reading the rules in nowhere.toml",
            "is the path right?",
        ),
        (
            &["run", "--rules", "bad.toml", "file"],
            1,
            "bad.toml were refused",
            "docs/rules.md",
        ),
        (
            &["classify", "--category", "bounced", "file"],
            2,
            "'bounced'",
            "soft-bounce",
        ),
        (
            &["serve", "--listen", "0.0.0.0:0"],
            1,
            "can be reached from outside",
            "--expose",
        ),
        (
            &["completions", "tcsh"],
            2,
            "invalid value 'tcsh'",
            "bash, elvish, fish",
        ),
        (
            &["man", "file"],
            1,
            "writing the manual pages into file",
            "a file where a folder should be",
        ),
    ] {
        let told = place.told(&data, arguments, code);
        for expected in [error, hint].into_iter().filter(|expected| !told.contains(expected)) {
            wrong.push(format!("{arguments:?}: {expected:?} is not in {told}"));
        }
        let kinds = [
            "error: ",
            "hint: ",
            "note: ",
            "warning: ",
            "  ",
            "Usage: ",
            "For more information",
        ];
        for line in told.lines().filter(|line| !line.is_empty()) {
            assert!(
                kinds.iter().any(|kind| line.starts_with(kind)),
                "{arguments:?}: {line:?}"
            );
        }
        assert!(
            !told.contains("panicked") && !told.contains("stack backtrace"),
            "{told}"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_place_that_cannot_be_used_says_what_to_do() {
    let place = Place::new();
    let told = place.told(&place.path("file"), &["contacts", "list"], 1);
    assert!(
        told.contains("hint: there is a file where a folder should be"),
        "{told}"
    );

    let lock = fs::File::open(place.data().join("lock")).expect("the lock file");
    lock.try_lock().expect("nobody else has it");
    let told = place.told(&place.data(), &["contacts", "list"], 1);
    assert!(
        told.contains("error: opening data: data is in use by another process")
            && told.contains("hint: one command at a time"),
        "{told}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told() {
    let place = Place::new();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rebound"));
    command
        .arg("--data")
        .arg(place.data())
        .args(["contacts", "list"])
        .stdout(full);
    let output = command.output().expect("the command starts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("error: ") && told.contains("hint: make room on the disk"),
        "{told}"
    );
}

#[test]
fn a_stack_that_cannot_be_asked_says_how_to_log_in() {
    let home = TempDir::new().expect("a folder");
    for (variables, told) in [
        (&[][..], "hint: --region NAME says it"),
        (
            &[
                ("AWS_REGION", "eu-central-1"),
                ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
            ],
            "hint: log in as for the AWS CLI",
        ),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rebound"));
        command
            .env_clear()
            .env("HOME", home.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(variables.iter().copied())
            .args(["--stack", "nobody", "contacts", "list"]);
        let output = command.assert().code(1).get_output().clone();
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(said.starts_with("error: ") && said.contains(told), "{said}");
    }
}
