//! Any bytes give a report: hostile messages, in bounded time, on a small stack.
#![allow(missing_docs)]

mod hostile_messages;

use std::time::{Duration, Instant};

use hostile_messages::hostile;
use proptest::prelude::*;
use rebound_classify::{Classifier, returned_original};

#[test]
fn hostile_messages_are_judged_in_time_on_a_small_stack() {
    // Ten times what a release build on a busy machine needs; a quadratic path takes minutes.
    const LIMIT: Duration = Duration::from_mins(1);
    let judge = || {
        let classifier = Classifier::new();
        for (name, message) in hostile() {
            let start = Instant::now();
            let report = classifier.classify(&message);
            let returned = returned_original(&message);
            assert!(
                returned.is_none_or(|returned| returned.raw.len() <= message.len()),
                "{name}: more than there was"
            );
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
fn time_grows_no_faster_than_hostile_messages_do() {
    /// How much longer the longer message is.
    const TIMES: u32 = 4;
    /// Between [`TIMES`] and its square, which quadratic time would take.
    const LIMIT: u32 = 3 * TIMES;
    /// The shortest times count, and another try is made before anything is wrong: a busy machine proves nothing.
    const TRIES: usize = 6;
    let classifier = Classifier::new();
    let time = |message: &[u8]| {
        let start = Instant::now();
        classifier.classify(message);
        start.elapsed()
    };
    // The beginning of such a message is such a message.
    let all = hostile();
    let lengths = all
        .iter()
        .map(|(name, message)| (name, message, message.len().min(1 << 20)));
    for (name, message, length) in lengths.filter(|(.., length)| *length > 64 << 10) {
        let (mut short, mut long) = (Duration::MAX, Duration::MAX);
        let linear = (0..TRIES).any(|_| {
            short = short.min(time(&message[..length / TIMES as usize]));
            long = long.min(time(&message[..length]));
            long < short * LIMIT
        });
        assert!(linear, "{name}: {short:?}, and {long:?} for {TIMES} times as much");
    }
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
