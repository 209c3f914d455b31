//! The command as such: its start, its help, how loud and how colourful it is, what it tells the shell.

use std::io::Read;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::support::{mailbox, rebound, stderr, stdout};

/// `rebound` without a word about where to work.
fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rebound"));
    for variable in [
        "REBOUND_DATA",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "REBOUND_COLUMNS",
        "REBOUND_LOG",
    ] {
        command.env_remove(variable);
    }
    command
}

fn sample(name: &str) -> std::path::PathBuf {
    mailbox().join(name)
}

#[test]
fn alone_it_says_where_to_begin_and_later_what_there_is() {
    let folder = TempDir::new().expect("a folder");
    let start = |arguments: &[&str]| stdout(bare().current_dir(folder.path()).args(arguments));
    let first = start(&[]);
    assert!(
        first.contains("Nothing is kept in .rebound yet. To begin:\n  rebound classify PATH "),
        "{first}"
    );
    assert!(!folder.path().join(".rebound").exists(), "looking makes nothing");
    let elsewhere = start(&["--data", "there"]);
    assert!(elsewhere.contains("\n  rebound --data there run PATH "), "{elsewhere}");
    std::fs::create_dir(folder.path().join(".rebound")).expect("a folder");
    let later = start(&[]);
    assert!(
        later.contains("are kept in .rebound.\n  rebound contacts list"),
        "{later}"
    );
}

#[test]
fn exit_codes_are_those_that_help_names() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let help = stdout(bare().arg("--help"));
    for (arguments, code, told) in [
        (&["contacts", "list"][..], 0, "everything was done"),
        (&["run", "/nowhere"], 1, "something was not done"),
        (&["contacts", "why", "nobody@example.com"], 1, "something was not done"),
        (&["frobnicate"], 2, "the command line makes no sense"),
        (
            &["contacts", "export", "--since", "yesterday"],
            2,
            "the command line makes no sense",
        ),
    ] {
        rebound(&data).args(arguments).assert().code(code);
        assert!(help.contains(&format!("{code}  {told}")), "{code}: {help}");
    }
}

#[test]
fn quiet_says_nothing_but_errors_and_verbose_says_what_is_done() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let empty = folder.path().join("empty.eml");
    std::fs::write(&empty, "").expect("a file");
    let said = |level: &[&str]| stderr(rebound(&data).args(["run"]).args(level).arg(&empty));
    assert!(said(&[]).starts_with("note: "));
    assert_eq!(said(&["--quiet"]), "");
    let steps = said(&["-v"]);
    assert!(steps.starts_with("step: opening "), "{steps}");
    assert!(steps.contains("\nnote: "), "{steps}");
    let requests = said(&["-vv"]);
    assert!(
        requests.contains(" DEBUG S3.GetObject") && requests.contains(" close "),
        "{requests}"
    );
    assert!(requests.starts_with("step: opening "), "{requests}");
    let told = stdout(
        rebound(&data)
            .args(["run", "-q"])
            .arg(sample("postfix-no-such-user.eml")),
    );
    assert!(
        told.starts_with("1 message: 1 new"),
        "what was asked for is printed: {told}"
    );
    let complaint = stderr(bare().args(["-q", "--stack", "nobody", "serve"]));
    assert!(
        complaint.contains("error: only a folder") && complaint.contains("\nhint: "),
        "an error keeps its hint: {complaint}"
    );
    rebound(&data).args(["-q", "-v", "contacts", "list"]).assert().code(2);
}

/// What a terminal shows of a run over the sample mailbox; `None` where no terminal can be had.
fn on_a_terminal(level: &str) -> Option<String> {
    let data = TempDir::new().expect("a folder");
    let command = format!(
        "{} --data {} {level} classify --format jsonl {} >/dev/null",
        env!("CARGO_BIN_EXE_rebound"),
        data.path().display(),
        mailbox().display()
    );
    let shown = Process::new("script")
        .args(["-qec", &command, "/dev/null"])
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&shown.stdout).into_owned())
}

#[test]
fn how_far_long_work_has_come_is_for_terminals_that_are_not_to_be_quiet() {
    let Some(shown) = on_a_terminal("--color auto") else {
        return;
    };
    assert!(shown.contains(" messages, "), "{shown}");
    assert_eq!(on_a_terminal("--quiet").as_deref(), Some(""));
    let piped = stderr(bare().args(["classify", "--format", "jsonl"]).arg(mailbox()));
    assert_eq!(piped, "", "a pipe sees none of it");
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let message = sample("postfix-no-such-user.eml");
    let red = "\u{1b}[31mhard-bounce\u{1b}[0m";
    for (arguments, variables, expected) in [
        (&[][..], &[][..], false),
        (&["--color", "always"], &[], true),
        (&["--color=always"], &[("NO_COLOR", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&[], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "0")], false),
    ] {
        let mut command = bare();
        command
            .envs(variables.iter().copied())
            .arg("classify")
            .args(arguments)
            .arg(&message);
        let told = stdout(&mut command);
        assert_eq!(told.contains(red), expected, "{arguments:?} {variables:?}: {told}");
        assert_eq!(told.contains('\u{1b}'), expected, "{arguments:?} {variables:?}: {told}");
        // For programs there are none, ever.
        let rows = stdout(command.args(["--format", "jsonl"]));
        assert!(!rows.contains('\u{1b}'), "{rows}");
        let complaint = stderr(bare().envs(variables.iter().copied()).args(arguments).arg("frobnicate"));
        assert_eq!(
            complaint.contains('\u{1b}'),
            expected,
            "{arguments:?} {variables:?}: {complaint}"
        );
    }
    let hostile = "\u{1b}[31mred\u{1b}[0m.eml";
    let complaint = stderr(bare().args(["--color", "always", "classify", hostile]));
    assert!(!complaint.contains("\u{1b}[31mred"), "{complaint}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let data = TempDir::new().expect("a folder");
    rebound(data.path()).arg("run").arg(mailbox()).assert().success();
    for arguments in [
        &["contacts", "list"][..],
        &["contacts", "list", "--format", "json"],
        &["contacts", "export"],
        &["rules", "list", "--format", "csv"],
        &["report", "--days", "3000"],
        &["contacts", "rebuild", "--format", "jsonl"],
        &["--help"],
        &["man"],
        &["man", "--markdown"],
        &["completions", "bash"],
    ] {
        let mut child = Process::new(env!("CARGO_BIN_EXE_rebound"))
            .arg("--data")
            .arg(data.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        // Nobody reads.
        drop(child.stdout.take());
        let mut complaint = String::new();
        let mut stderr = child.stderr.take().expect("it is piped");
        stderr.read_to_string(&mut complaint).expect("UTF-8");
        let code = child.wait().expect("our child").code();
        assert_eq!(code, Some(0), "{arguments:?}: {complaint}");
        assert!(!complaint.contains("error"), "{arguments:?}: {complaint}");
    }
}

/// What bash offers for a command line, with the completions that we print.
fn completed(line: &str) -> Vec<String> {
    let script = r#"
        source /dev/stdin
        COMP_LINE=$1 COMP_POINT=${#1}
        read -ra COMP_WORDS <<<"$1"
        [[ $1 == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _rebound rebound "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut bash = Command::new("bash");
    let completions = stdout(bare().args(["completions", "bash"]));
    let offered = bash
        .args(["--norc", "-c", script, "bash", line])
        .write_stdin(completions);
    stdout(offered).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_nouns_verbs_options_and_values() {
    for (line, expected) in [
        ("rebound con", &["contacts"][..]),
        ("rebound contacts re", &["reactivate", "release", "rebuild"]),
        ("rebound contacts export --ca", &["--cause"]),
        ("rebound contacts export --format ", &["csv", "jsonl", "ses", "plain"]),
        ("rebound completions ", &["bash", "elvish", "fish", "powershell", "zsh"]),
    ] {
        let offered = completed(line);
        for word in expected {
            assert!(
                offered.iter().any(|other| other == word),
                "{line:?}: {word} is not in {offered:?}"
            );
        }
    }
}

#[test]
fn every_shell_gets_completions_of_every_verb() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(bare().args(["completions", shell]));
        for word in ["rebound", "contacts", "rebuild", "--dry-run", "doctor"] {
            let word = if shell == "fish" {
                word.trim_start_matches("--")
            } else {
                word
            };
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    bare().args(["completions", "tcsh"]).assert().code(2);
}

#[test]
fn there_is_a_manual_page_for_every_command_that_man_can_set() {
    let folder = TempDir::new().expect("a folder");
    let pages = folder.path().join("share/man/man1");
    bare().arg("man").arg(&pages).assert().success();
    let mut count = 0;
    for entry in std::fs::read_dir(&pages).expect("the folder") {
        let path = entry.expect("readable").path();
        count += 1;
        let Some(set) = man(&path) else { continue };
        let text = String::from_utf8_lossy(&set).into_owned();
        for part in ["NAME", "SYNOPSIS", "OPTIONS", "EXAMPLES"] {
            assert!(text.contains(part), "{}: {part} is missing: {text}", path.display());
        }
    }
    for name in [
        "rebound.1",
        "rebound-contacts.1",
        "rebound-contacts-check.1",
        "rebound-doctor.1",
    ] {
        assert!(pages.join(name).exists(), "{name}");
    }
    assert!(count > 40, "{count}");
    let page = stdout(bare().arg("man"));
    assert!(page.contains(".TH rebound 1"), "{page}");
}

/// The page as `man` sets it, which must have nothing to complain about; `None` where there is no groff.
fn man(page: &Path) -> Option<Vec<u8>> {
    let set = Process::new("groff")
        .args(["-man", "-Kutf8", "-Tutf8", "-ww", "-P-c", "-P-b", "-P-u"])
        .arg(page)
        .output()
        .ok()?;
    let complaints = String::from_utf8_lossy(&set.stderr).into_owned();
    assert_eq!(complaints, "", "{}", page.display());
    Some(set.stdout)
}

#[test]
fn the_reference_is_what_the_command_line_says() {
    let printed = stdout(bare().args(["man", "--markdown"]));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference.md");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&file, &printed).expect("docs/reference.md can be written");
    }
    let kept = std::fs::read_to_string(&file).expect("part of the repository");
    assert!(
        printed == kept,
        "docs/reference.md is not what `rebound man --markdown` prints; UPDATE_REFERENCE=1 makes it so"
    );
}
