//! What is read from a command line's paths, and what is said about the rest.

#![allow(clippy::unwrap_used)] // a test may panic, and so may what helps it

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use rebound_mailbox::sources::{SourceError, Sources};
use tempfile::TempDir;

const MESSAGE: &str = "From: mailer-daemon@example.com\nSubject: returned\n\nNo such user\n";

/// A folder with these files in it.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// What reading `sources` says, one line a message or error, with paths relative to `root`.
fn lines(sources: Sources, root: &Path) -> Vec<String> {
    let root = format!("{}/", root.display());
    sources
        .map(|item| match item {
            Ok(message) => format!("{} {}", message.origin, message.bytes.escape_ascii()),
            Err(error) => format!("{}{error}", if error.is_failure() { "! " } else { "" }),
        })
        .map(|line| line.replace(&root, ""))
        .collect()
}

fn read(root: &TempDir, name: &str) -> Vec<String> {
    lines(Sources::open([root.path().join(name)]), root.path())
}

#[test]
fn a_folder_is_read_by_name_all_the_way_down_and_the_rest_is_reported() {
    let root = folder(&[
        ("in/b.eml", "b"),
        ("in/a/2.eml", "a2"),
        ("in/a/10.eml", "a10"),
        ("in/c.EML", "\0\u{1}random"),
        ("in/empty.eml", ""),
        ("in/picture.png", "\u{89}PNG"),
        ("in/saved", "Subject: s\n\nx"),
        ("in/.DS_Store", "x"),
        ("in/.git/config.eml", "x"),
        (
            "in/list.mbox",
            "From a@example.com Thu Jan  1 00:00:00 2026\n1\n\nFrom - Thu Jan  1 00:00:00 2026\n2\n",
        ),
    ]);
    assert_eq!(
        read(&root, "in"),
        [
            "in/.DS_Store: not a mail message: skipped",
            "in/.git: not a mail message: skipped",
            "in/a/10.eml a10",
            "in/a/2.eml a2",
            "in/b.eml b",
            "in/c.EML \\x00\\x01random",
            "in/empty.eml: is empty: skipped",
            "in/list.mbox#1 1\\n",
            "in/list.mbox#2 2\\n",
            "in/picture.png: not a mail message: skipped",
            "in/saved Subject: s\\n\\nx",
        ]
    );
}

#[test]
fn a_maildir_gives_cur_and_new_of_all_its_folders_and_never_tmp() {
    let root = folder(&[
        (
            "M/cur/1700000003.a:2,S",
            "From a@example.com Thu Jan  1 00:00:00 2026\ncur",
        ),
        ("M/new/1700000001.b", "new"),
        ("M/new/1700000005.c", "newer"),
        ("M/tmp/1700000002.d", "half a message"),
        ("M/dovecot-uidlist", "3 V1"),
        ("M/maildirsize", "0S"),
        ("M/.Junk/cur/1700000004.e:2,", "junk"),
        ("M/.Junk/new/.hidden", "x"),
        ("M/.Junk/maildirfolder", ""),
        ("M/Work/new/1.f", "work"),
        ("M/Work/cur/.keep", ""),
    ]);
    assert_eq!(
        read(&root, "M"),
        [
            "M/new/1700000001.b new",
            "M/cur/1700000003.a:2,S From a@example.com Thu Jan  1 00:00:00 2026\\ncur",
            "M/new/1700000005.c newer",
            "M/.Junk/new/.hidden: not a mail message: skipped",
            "M/.Junk/cur/1700000004.e:2, junk",
            "M/Work/cur/.keep: not a mail message: skipped",
            "M/Work/new/1.f work",
        ]
    );
    assert_eq!(
        read(&root, "M/new"),
        ["M/new/1700000001.b new", "M/new/1700000005.c newer"]
    );
}

#[test]
fn an_mbox_is_cut_at_its_from_lines_and_unquoted() {
    let from = "From bounce@example.com Thu Jan  1 00:00:00 2026";
    for (mbox, messages) in [
        (
            format!("{from}\nA: 1\n\none\n\n{from}\nA: 2\n\ntwo\n\n"),
            vec!["A: 1\n\none\n", "A: 2\n\ntwo\n"],
        ),
        (
            format!("{from}\r\nA: 1\r\n\r\none\r\n\r\n{from}\r\nA: 2\r\n"),
            vec!["A: 1\r\n\r\none\r\n", "A: 2\r\n"],
        ),
        (
            format!("{from}\nA: 1\r\n\r\none\r\n\n{from}\nA: 2\r\n\n"),
            vec!["A: 1\r\n\r\none\r\n", "A: 2\r\n"],
        ),
        (
            format!("{from}\nA: 1\n\n>From x\n>>From y\n>Fromage\n> From z\n"),
            vec!["A: 1\n\nFrom x\n>From y\n>Fromage\n> From z\n"],
        ),
        (
            format!("{from}\nA: 1\n\nbye\n\nFrom the desk of Bob\n"),
            vec!["A: 1\n\nbye\n\nFrom the desk of Bob\n"],
        ),
        (
            format!("{from}\nA: 1\n\n\n\n\n{from}\nA: 2"),
            vec!["A: 1\n\n\n\n", "A: 2"],
        ),
        (
            format!("{from}\nA: 1\n\nno empty line\n{from}\nA: 2\n"),
            vec!["A: 1\n\nno empty line\n", "A: 2\n"],
        ),
        (
            format!("{from}\nContent-Length: 9999\n\none\n\n{from}\nA: 2\n"),
            vec!["Content-Length: 9999\n\none\n", "A: 2\n"],
        ),
    ] {
        let read = Sources::open(["-"]).with_standard_input(io::Cursor::new(mbox.clone()));
        let read: Vec<_> = read
            .map(|item| String::from_utf8(item.unwrap().bytes).unwrap())
            .collect();
        assert_eq!(read, messages, "{mbox}");
    }
}

#[test]
fn an_empty_message_of_an_mbox_is_reported_and_numbered() {
    let root = folder(&[(
        "box",
        "From a Thu Jan  1 00:00:00 2026\n\nFrom b Thu Jan  1 00:00:00 2026\nA: 2\n",
    )]);
    assert_eq!(read(&root, "box"), ["box#1: is empty: skipped", "box#2 A: 2\\n"]);
}

#[test]
fn paths_are_read_in_the_order_they_are_named_and_no_such_path_stops_nothing() {
    let root = folder(&[("z.eml", "z"), ("a/a.eml", "a"), ("notes", "no mail, but named")]);
    let path = |name| root.path().join(name);
    let sources = Sources::open([path("z.eml"), path("gone.eml"), "-".into(), path("a"), path("notes")])
        .with_standard_input(MESSAGE.as_bytes());
    assert_eq!(
        lines(sources, root.path()),
        [
            "z.eml z",
            "! gone.eml: cannot be read: No such file or directory (os error 2)",
            &format!("- {}", MESSAGE.escape_default()),
            "a/a.eml a",
            "notes no mail, but named",
        ]
    );
}

#[test]
fn standard_input_may_be_an_mbox_and_may_be_empty() {
    let of = |input: &'static str| {
        let sources = Sources::open(["-"]).with_standard_input(input.as_bytes());
        lines(sources, Path::new("/"))
    };
    assert_eq!(of("From a Thu Jan  1 00:00:00 2026\nA: 1\n"), ["-#1 A: 1\\n"]);
    assert_eq!(of("From the desk of Bob"), ["- From the desk of Bob"]);
    assert_eq!(of(""), ["-: is empty: skipped"]);
}

#[test]
fn a_message_over_the_limit_is_an_error_and_the_next_one_is_read() {
    let from = "From a@example.com Thu Jan  1 00:00:00 2026\n";
    let root = folder(&[
        ("1.eml", &"x".repeat(101)),
        ("2.eml", &"x".repeat(100)),
        (
            "3.mbox",
            &format!(
                "{from}{}\n{from}A: {}\n\n{from}A: 3\n",
                "y\n".repeat(30_000),
                "y".repeat(60_000)
            ),
        ),
        (
            "4.mbox",
            &format!("{from}{}\n\n{from}{}\n\n", "4".repeat(99), "4".repeat(100)),
        ),
    ]);
    let sources = Sources::open([root.path()]).with_max_message_bytes(100);
    let too_long = "longer than 100 bytes, the most that is read of one message: skipped, look at it by hand";
    assert_eq!(
        lines(sources, root.path()),
        [
            format!("! 1.eml: {too_long}"),
            format!("2.eml {}", "x".repeat(100)),
            format!("! 3.mbox#1: {too_long}"),
            format!("! 3.mbox#2: {too_long}"),
            "3.mbox#3 A: 3\\n".to_owned(),
            format!("4.mbox#1 {}\\n", "4".repeat(99)),
            format!("! 4.mbox#2: {too_long}"),
        ]
    );
    let endless = Sources::open(["-"])
        .with_max_message_bytes(100)
        .with_standard_input(io::repeat(b'x'));
    assert_eq!(lines(endless, root.path()), [format!("! -: {too_long}")]);
}

#[test]
fn a_read_error_in_an_mbox_names_the_message_and_ends_that_mbox_only() {
    let broken = b"From a Thu Jan  1 00:00:00 2026\nA: 1\n".chain(Broken);
    let root = folder(&[("a.eml", "a")]);
    let sources = Sources::open(["-".into(), root.path().join("a.eml")]).with_standard_input(broken);
    assert_eq!(
        lines(sources, root.path()),
        ["! -: cannot be read: the disk is broken", "a.eml a"]
    );

    let long = format!("From a Thu Jan  1 00:00:00 2026\n{}", "A: 1\n".repeat(10_000));
    let sources = Sources::open(["-"]).with_standard_input(io::Cursor::new(long).chain(Broken));
    assert_eq!(
        lines(sources, root.path()),
        ["! -#1: cannot be read: the disk is broken"]
    );
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is broken"))
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_special_files_do_not_block() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    let root = folder(&[("in/a/1.eml", "1"), ("out/2.eml", "2")]);
    let path = |name: &str| root.path().join(name);
    symlink(path("in"), path("in/a/circle")).unwrap();
    symlink(path("out"), path("in/b")).unwrap();
    symlink(path("out"), path("in/c")).unwrap();
    symlink(path("out/2.eml"), path("in/d.eml")).unwrap();
    symlink(path("nowhere"), path("in/e.eml")).unwrap();
    let _listener = UnixListener::bind(path("in/f.eml")).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(path("in/g.eml"))
            .status()
            .unwrap()
            .success()
    );

    assert_eq!(
        read(&root, "in"),
        [
            "in/a/1.eml 1",
            "in/a/circle: leads to a folder that was already read: skipped",
            "in/b/2.eml 2",
            "in/c: leads to a folder that was already read: skipped",
            "in/d.eml 2",
            "! in/e.eml: cannot be read: No such file or directory (os error 2)",
            "in/f.eml: a socket, not a file: skipped",
            "in/g.eml: a pipe, not a file: skipped",
        ]
    );
    assert_eq!(read(&root, "in/f.eml"), ["! in/f.eml: cannot be read: it is a socket"]);
    assert_eq!(
        lines(Sources::open(["/dev/zero"]), root.path()),
        ["! /dev/zero: cannot be read: it is a device"]
    );
}

#[test]
fn a_name_cannot_break_the_line_or_command_the_terminal() {
    let root = folder(&[("a\n\u{1b}[2Jb", "\0")]);
    assert_eq!(read(&root, ""), ["a\\n\\u{1b}[2Jb: not a mail message: skipped"]);
}

#[test]
fn messages_are_counted_without_being_read() {
    let from = "From a@example.com Thu Jan  1 00:00:00 2026\n";
    let mbox = format!("{from}A: 1\n\n{from}A: 2\n\n{from}A: 3\n");
    let root = folder(&[
        ("in/1.eml", MESSAGE),
        ("in/2.eml", MESSAGE),
        ("in/3.mbox", &mbox),
        ("in/4.png", "\u{89}PNG"),
        ("M/cur/1", MESSAGE),
        ("M/new/2", MESSAGE),
        ("M/tmp/3", MESSAGE),
        ("box", &mbox),
    ]);
    let hint = |names: &[&str]| Sources::open(names.iter().map(|name| root.path().join(name))).count_hint();
    assert_eq!(hint(&["in/1.eml"]), Some(1));
    assert_eq!(hint(&["gone"]), Some(0));
    assert_eq!(
        hint(&["in"]),
        Some(6),
        "two messages, an mbox of three, and a file that may be one"
    );
    assert_eq!(hint(&["M", "box"]), Some(5));
    assert_eq!(Sources::open(["-"]).count_hint(), None);
}

#[test]
fn an_error_knows_what_it_is_about() {
    let error = Sources::open(["gone.eml"]).next().unwrap().unwrap_err();
    assert_eq!(error.origin().path(), Path::new("gone.eml"));
    assert!(matches!(error, SourceError::Unreadable { .. }));
}
