//! Damage done to every message of the sample mailbox, always the same damage: a blind complement to fuzzing.
#![allow(missing_docs, clippy::expect_used)] // a test may panic

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rebound_classify::{Category, Classifier, Report, Severity};
use rebound_mailbox::sources::Sources;

/// What a mail breaks at: line ends, boundaries, encodings, the words reports are made of.
const JUNK: &[&str] = &[
    "\r",
    "\n",
    "\r\n\r\n",
    "\0",
    "--",
    "=",
    "=?utf-8?b?",
    "\u{feff}",
    "\x1b$B",
    "<",
    ">",
    "<!--",
    "@",
    ":",
    ";",
    "(",
    "\"",
    "\\x{",
    "Content-Type: multipart/mixed; boundary=",
    "Content-Type: message/rfc822\n\n",
    "Content-Transfer-Encoding: base64\n",
    "Final-Recipient: rfc822; ",
    "Action: delayed\n",
    "Status: 4.4.7\n",
    "X-Failed-Recipients: eve@example.net\n",
    "<eve@example.net>:",
    "550 5.1.1 ",
    "--- Below this line is a copy of the message.\n",
    "{\"notificationType\":",
];

#[derive(Clone, Debug)]
enum Damage {
    Cut(usize),
    Insert(usize, usize),
    Flip(usize, u8),
    Remove(usize, usize),
    Repeat(usize, usize),
}

impl Damage {
    /// Places are taken modulo what is there.
    fn apply(&self, message: &mut Vec<u8>) {
        let place = |at: usize, message: &Vec<u8>| at % (message.len() + 1);
        match *self {
            Self::Cut(at) => message.truncate(place(at, message)),
            Self::Insert(at, which) => {
                let junk = JUNK.get(which % JUNK.len()).expect("one of them");
                let at = place(at, message);
                message.splice(at..at, junk.bytes());
            }
            Self::Flip(at, bits) => {
                let at = place(at, message);
                if let Some(byte) = message.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Self::Remove(at, length) => {
                let at = place(at, message);
                message.drain(at..(at + length).min(message.len()));
            }
            Self::Repeat(at, length) => {
                let at = place(at, message);
                let piece = message
                    .get(at..(at + length).min(message.len()))
                    .unwrap_or_default()
                    .to_vec();
                message.splice(at..at, piece.repeat(3));
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let at = || any::<usize>();
    let one = prop_oneof![
        at().prop_map(Damage::Cut),
        (at(), at()).prop_map(|(at, which)| Damage::Insert(at, which)),
        (at(), 1..=255_u8).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        (at(), 1..200_usize).prop_map(|(at, length)| Damage::Remove(at, length)),
        (at(), 1..2_000_usize).prop_map(|(at, length)| Damage::Repeat(at, length)),
    ];
    proptest::collection::vec(one, 1..6)
}

/// What holds for every report, whatever the message.
fn check(report: &Report) -> Result<(), TestCaseError> {
    for verdict in &report.recipients {
        prop_assert!(!verdict.rule.is_empty(), "every verdict names its rule: {verdict:?}");
        prop_assert!(
            verdict.severity != Severity::Hard
                || verdict.category.is_failure()
                || verdict.category == Category::AddressChange,
            "only failures and known successors are hard: {verdict:?}"
        );
        prop_assert!(
            verdict.category != Category::HardBounce || verdict.severity == Severity::Hard,
            "a hard bounce is hard: {verdict:?}"
        );
    }
    Ok(())
}

#[test]
fn damaged_messages_are_judged_the_same_way_twice() {
    const ROUNDS_PER_MESSAGE: u32 = 12;
    let classifier = Classifier::new();
    let mailbox = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/mailbox");
    for (number, message) in (0_u8..).zip(Sources::open([mailbox])) {
        let message = message.expect("part of the repository");
        // Seeded by the place in the test, not by chance: a failure here fails everywhere.
        let config = Config {
            cases: ROUNDS_PER_MESSAGE,
            failure_persistence: None,
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[number; 32]));
        let judged = runner.run(&damage(), |damages| {
            let mut bytes = message.bytes.clone();
            for damage in &damages {
                damage.apply(&mut bytes);
            }
            let report = classifier.classify(&bytes);
            prop_assert_eq!(&report, &classifier.classify(&bytes));
            check(&report)
        });
        if let Err(error) = judged {
            panic!("{}: {error}", message.origin);
        }
    }
}
