//! Any bytes give a report: hostile messages, in bounded time, on a small stack.
#![allow(missing_docs)]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use rebound_classify::Classifier;

/// Messages made to break parsers, each of several megabytes where size is the point.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let report = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nSubject: failure notice\n\n";
    let siblings = |n: usize| {
        let head = "Content-Type: multipart/mixed; boundary=a\n\n".to_owned();
        (0..n).fold(head, |all, i| {
            all + &format!("--a\nContent-Type: multipart/mixed; boundary=never{i}\n\n")
        })
    };
    vec![
        ("nothing", Vec::new()),
        ("one line end", b"\r".to_vec()),
        (
            "22,000 nested messages",
            "Content-Type: message/rfc822\n\n".repeat(22_000).into_bytes(),
        ),
        (
            "nested messages, one boundary",
            "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\n"
                .repeat(20_000)
                .into_bytes(),
        ),
        ("siblings that never end", siblings(20_000).into_bytes()),
        ("one line of 60 MB", vec![b'a'; 60 << 20]),
        (
            "one line of at signs",
            format!("{report}{}", "a@".repeat(2 << 20)).into_bytes(),
        ),
        (
            "one line of angles",
            format!("{report}{}", "<".repeat(4 << 20)).into_bytes(),
        ),
        (
            "lines of dashes",
            format!("{report}{}", "--\n".repeat(1 << 20)).into_bytes(),
        ),
        (
            "lines of recipients",
            format!("{report}{}", "<ann@example.com>:\n550 5.1.1 no\n\n".repeat(100_000)).into_bytes(),
        ),
        (
            "many recipients",
            (0..50_000)
                .fold(report.to_owned(), |all, n| {
                    all + &format!("<a{n}@example.com>: 550 no\n")
                })
                .into_bytes(),
        ),
        (
            "many failed recipients",
            (0..20_000)
                .fold("X-Failed-Recipients: ".to_owned(), |all, n| {
                    all + &format!("a{n}@example.com,\n ")
                })
                .into_bytes(),
        ),
        ("many status groups", {
            let head = format!(
                "{}--b\nContent-Type: message/delivery-status\n\n",
                report.replace("\n\n", "\nContent-Type: multipart/report; boundary=b\n\n")
            );
            (0..50_000)
                .fold(head, |all, n| {
                    all + &format!("\nFinal-Recipient: rfc822; a{n}@example.com\nAction: failed\nStatus: 5.1.1\n")
                })
                .into_bytes()
        }),
        ("header without end", "X-A: b\n".repeat(700_000).into_bytes()),
        (
            "one header of 5 MB",
            format!("Subject: {}\n\n", "=?utf-8?q?a?= ".repeat(370_000)).into_bytes(),
        ),
        (
            "unclosed comments in HTML",
            format!(
                "{}<html>{}",
                report.replace("\n\n", "\nContent-Type: text/html\n\n"),
                "<!-- ".repeat(700_000)
            )
            .into_bytes(),
        ),
        (
            "unclosed tags in HTML",
            format!(
                "{}<html>{}",
                report.replace("\n\n", "\nContent-Type: text/html\n\n"),
                "<p ".repeat(1_000_000)
            )
            .into_bytes(),
        ),
        (
            "addresses with comments",
            format!("From: {}\nSubject: failure notice\n\nx", "(".repeat(1 << 20)).into_bytes(),
        ),
        (
            "deep JSON",
            format!("{report}{}", "{\"a\":[".repeat(40_000)).into_bytes(),
        ),
        (
            "digits",
            format!("{report}{}", "5.5.5.5 550 ".repeat(300_000)).into_bytes(),
        ),
        ("8-bit bytes", [report.as_bytes(), &[0xfe; 5 << 20]].concat()),
        ("escapes", [report.as_bytes(), &[0x1b; 5 << 20]].concat()),
        (
            "header lines in the text",
            format!("{report}{}", "From: a\n".repeat(500_000)).into_bytes(),
        ),
        (
            "phrases all over",
            format!(
                "{report}{}",
                "could not be delivered returned mail user unknown ".repeat(100_000)
            )
            .into_bytes(),
        ),
    ]
}

#[test]
fn hostile_messages_are_judged_in_time_on_a_small_stack() {
    // Ten times what a release build on a busy machine needs; a quadratic path takes minutes.
    const LIMIT: Duration = Duration::from_mins(1);
    let judge = || {
        let classifier = Classifier::new();
        for (name, message) in hostile() {
            let start = Instant::now();
            let report = classifier.classify(&message);
            assert!(start.elapsed() < LIMIT, "{name} took {:?}", start.elapsed());
            assert!(
                report.recipients.len() <= 2_000,
                "{name}: {} recipients",
                report.recipients.len()
            );
        }
    };
    let thread = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(judge)
        .expect("a thread starts");
    thread.join().expect("no message panics");
}

#[test]
fn what_was_left_out_is_said() {
    let classifier = Classifier::new();
    let large = classifier.classify(&vec![b'a'; 20 << 20]);
    assert!(
        large.notes.iter().any(|note| note.contains("size limit")),
        "{:?}",
        large.notes
    );
    let truncated = classifier.classify(b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nwords");
    assert!(
        truncated.notes.iter().any(|note| note.contains("cut off")),
        "{:?}",
        truncated.notes
    );
    assert!(classifier.classify(b"Subject: hello\n\nhow are you\n").notes.is_empty());
}

const REPORT: &str = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nTo: news@example.org\nSubject: Undelivered Mail Returned to Sender\n\
    Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n--b\n\nI could not deliver it.\n\n<ann@example.com>: host mx.example.net[192.0.2.1] said:\n\
    550 5.1.1 User unknown\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; ann@example.com\nAction: failed\n\
    Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n\n--b\nContent-Type: message/rfc822\n\nFrom: news@example.org\nTo: ann@example.com\nSubject: News\n\nwords\n\n--b--\n";

proptest! {
    #[test]
    fn random_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        let report = Classifier::new().classify(&bytes);
        prop_assert_eq!(report.clone(), Classifier::new().classify(&bytes), "the same bytes, the same report");
    }

    #[test]
    fn damaged_reports_are_judged(at in 0..REPORT.len(), junk in proptest::collection::vec(any::<u8>(), 0..64), keep in any::<bool>()) {
        let (head, tail) = REPORT.as_bytes().split_at(at);
        let tail: &[u8] = if keep { tail } else { &[] };
        let damaged = [head, &junk, tail].concat();
        let report = Classifier::new().classify(&damaged);
        for verdict in &report.recipients {
            prop_assert!(!verdict.rule.is_empty());
        }
    }

    #[test]
    fn line_ends_change_nothing(with_return in proptest::collection::vec(any::<bool>(), 64)) {
        let classifier = Classifier::new();
        let plain = classifier.classify(REPORT.as_bytes());
        let mut with_return = with_return.iter().cycle();
        let mixed: String = REPORT
            .split_inclusive('\n')
            .map(|line| if with_return.next() == Some(&true) { line.replace('\n', "\r\n") } else { line.to_owned() })
            .collect();
        prop_assert_eq!(&classifier.classify(mixed.as_bytes()), &plain);
        prop_assert_eq!(&classifier.classify(REPORT.replace('\n', "\r").as_bytes()), &plain);
    }
}
