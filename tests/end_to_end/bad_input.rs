//! Whatever is given: a clear line, the rest is done, nothing is lost.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::support::{mailbox, rebound, stderr};
use serde_json::Value;
use tempfile::TempDir;

/// A report that is taken for one.
fn good() -> Vec<u8> {
    fs::read(mailbox().join("postfix-no-such-user.eml")).expect("part of the sample mailbox")
}

struct Run {
    code: Option<i32>,
    summary: Value,
    complaints: String,
}

fn run(path: &Path) -> Run {
    let data = TempDir::new().expect("a folder");
    let mut command = rebound(data.path());
    let output = command
        .args(["run", "--format", "json"])
        .arg(path)
        .assert()
        .get_output()
        .clone();
    Run {
        code: output.status.code(),
        summary: serde_json::from_slice(&output.stdout).expect("a summary, whatever happened"),
        complaints: String::from_utf8(output.stderr).expect("complaints are UTF-8"),
    }
}

#[test]
fn a_path_that_is_not_there_is_named_and_fails() {
    let run = run(Path::new("/nowhere/at all"));
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.complaints,
        "error: /nowhere/at all: cannot be read: No such file or directory (os error 2)\n\
         hint: is the path right? A relative one begins at the folder that you are in\n"
    );
}

#[test]
fn an_empty_file_is_a_note_and_no_failure() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("empty.eml"), "").expect("a file");
    let run = run(folder.path());
    assert_eq!(run.code, Some(0));
    assert!(
        run.complaints.starts_with("note: ") && run.complaints.contains("empty.eml: is empty"),
        "{}",
        run.complaints
    );
}

#[test]
fn random_bytes_and_cut_reports_are_kept_for_review() {
    let folder = TempDir::new().expect("a folder");
    // A linear congruential generator: the same noise every time.
    let noise = (0..100_000_u32).scan(1_u32, |state, _| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((*state >> 24) as u8)
    });
    fs::write(folder.path().join("noise.eml"), noise.collect::<Vec<u8>>()).expect("a file");
    let report = good();
    for (name, length) in [("cut-in-headers.eml", 200), ("cut-in-status.eml", report.len() * 2 / 3)] {
        fs::write(folder.path().join(name), report.get(..length).expect("long enough")).expect("a file");
    }
    let run = run(folder.path());
    assert_eq!((run.code, run.complaints.as_str()), (Some(0), ""));
    assert_eq!(run.summary["messages"]["judged"], 3);
    assert!(
        run.summary["found"]["unrecognised"].as_u64() >= Some(1),
        "{}",
        run.summary
    );
}

#[test]
fn sixty_megabytes_of_one_line_are_archived_and_judged() {
    let folder = TempDir::new().expect("a folder");
    let mut file = fs::File::create(folder.path().join("line.eml")).expect("a file");
    let megabyte = vec![b'x'; 1 << 20];
    (0..60).for_each(|_| file.write_all(&megabyte).expect("room on the disk"));
    let run = run(folder.path());
    assert_eq!((run.code, run.complaints.as_str()), (Some(0), ""));
    assert_eq!(run.summary["found"]["unrecognised"], 1);
}

#[test]
fn more_than_the_limit_is_named_and_left_where_it_is() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("good.eml"), good()).expect("a file");
    fs::File::create(folder.path().join("huge.eml"))
        .and_then(|file| file.set_len(65 << 20))
        .expect("a sparse file");
    let run = run(folder.path());
    assert_eq!(run.code, Some(1));
    assert!(
        run.complaints.contains("huge.eml: longer than 67108864 bytes"),
        "{}",
        run.complaints
    );
    assert_eq!(run.summary["messages"]["new"], 1);
    assert!(folder.path().join("huge.eml").exists());
}

#[test]
fn junk_among_the_messages_is_noted_and_the_rest_is_done() {
    let folder = TempDir::new().expect("a folder");
    for number in 0..90 {
        let mut message = format!("X-Number: {number}\r\n").into_bytes();
        message.extend(good());
        fs::write(folder.path().join(format!("{number}.eml")), message).expect("a file");
    }
    for number in 0..10 {
        fs::write(folder.path().join(format!("{number}.jpg")), b"\xff\xd8\xff\xe0 no mail").expect("a file");
    }
    let run = run(folder.path());
    assert_eq!(run.code, Some(0));
    assert_eq!(
        run.complaints
            .lines()
            .filter(|line| line.ends_with(".jpg: not a mail message: skipped"))
            .count(),
        10
    );
    assert_eq!(run.summary["messages"]["judged"], 90);
}

#[test]
fn standard_input_takes_a_message_or_an_mbox() {
    let mut mbox = b"From MAILER-DAEMON Tue Aug  4 04:00:51 2026\n".to_vec();
    mbox.extend(good());
    mbox.extend_from_slice(b"\nFrom someone Tue Aug  4 05:00:51 2026\nFrom: ann@example.com\n\nhello\n");
    for (input, expected) in [(good(), 1), (mbox, 2)] {
        let data = TempDir::new().expect("a folder");
        let mut command = rebound(data.path());
        let output = command
            .args(["run", "--format", "json", "-"])
            .write_stdin(input)
            .assert()
            .success()
            .get_output()
            .clone();
        let summary: Value = serde_json::from_slice(&output.stdout).expect("a summary");
        assert_eq!(summary["messages"]["judged"], expected);
    }
}

#[test]
fn wrong_usage_says_what_is_right() {
    let data = TempDir::new().expect("a folder");
    for (arguments, expected) in [
        (&["run"][..], "<PATH>"),
        (&["run", "--account", "No Such/Name", "x.eml"], "--account"),
        (&["contacts", "show", "@"], "is no address"),
        (&["classify", "--category", "bounced", "x.eml"], "bounced"),
        (&["frobnicate"], "frobnicate"),
    ] {
        let mut command = rebound(data.path());
        let complaint = stderr(command.args(arguments));
        assert!(complaint.contains(expected), "{arguments:?}: {complaint}");
        command.assert().failure();
    }
}

#[test]
fn a_folder_in_use_is_refused_by_name() {
    let data = TempDir::new().expect("a folder");
    rebound(data.path()).args(["contacts", "list"]).assert().success();
    let lock = fs::File::open(data.path().join("lock")).expect("the lock file");
    lock.try_lock().expect("nobody else has it");
    let complaint = stderr(rebound(data.path()).args(["contacts", "list"]));
    assert!(complaint.contains(&data.path().display().to_string()), "{complaint}");
    rebound(data.path()).args(["contacts", "list"]).assert().code(1);
}
