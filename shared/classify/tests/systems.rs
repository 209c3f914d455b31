//! Every mail system that has a layout of its own: one message each, tersely built, in that system's real layout.
//!
//! The tables are `systems/*.toml`. The header that all have in common, the parts of a `multipart/report` and the returned
//! message are put around what they give.
#![allow(missing_docs, clippy::expect_used)] // a test may panic, and so may what helps it

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rebound_classify::{Classifier, Report};
use serde::Deserialize;

const TABLES: &[&str] = &[
    include_str!("systems/servers.toml"),
    include_str!("systems/services.toml"),
    include_str!("systems/providers.toml"),
    include_str!("systems/filters.toml"),
    include_str!("systems/kinds.toml"),
];

/// What a list server sends its owner when it can make nothing of a report.
const WRAPPER: &str = "Return-Path: <mailman-bounces@lists.example.net>\nFrom: mailman-bounces@lists.example.net\nTo: list-owner@lists.example.net\n\
    Subject: Uncaught bounce notification\nX-Mailman-Version: 2.1.39\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"=_list\"\n\n\
    --=_list\nContent-Type: text/plain\n\nThe attached message was received as a bounce, but either the bounce format was not recognized, or no member \
    addresses could be extracted from it.\n\n--=_list\nContent-Type: message/rfc822\n\n";

/// The message that all of these are about.
const RETURNED: &str = "Message-ID: <w45.ann@news.example.org>\nDate: Tue, 3 Nov 2026 10:00:00 +0000\n\
    From: Example Weekly <news@example.org>\nTo: ann@example.com\nSubject: Example Weekly 45\n\nIn this issue: apples\n";

#[derive(Deserialize)]
struct Table {
    mail: Vec<Case>,
}

/// One message and what a reader makes of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    what: String,
    /// All of it; then nothing else is given.
    raw: Option<String>,
    #[serde(default)]
    from: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    header: Vec<String>,
    /// Media type of the words, when they are not `text/plain`.
    #[serde(default)]
    html: bool,
    /// How the words are encoded, when that is not UTF-8.
    charset: Option<String>,
    #[serde(default)]
    body: String,
    /// The fields of a delivery-status part; their presence makes the message a `multipart/report`.
    status: Option<String>,
    /// Whether the sent message follows, in the text or as a part.
    #[serde(default)]
    returned: bool,
    dialect: Option<String>,
    category: String,
    /// `address category reason reply status`, `-` where there is none.
    recipients: Vec<String>,
}

/// How the same words may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Plain,
    Base64,
    QuotedPrintable,
    /// As HTML alone.
    Html,
    /// Without a single MIME header, as before 1992.
    Bare,
    /// Attached to what a list server tells its owner.
    Wrapped,
}

impl Case {
    fn raw(&self, shape: Shape) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return self.encoded(raw);
        }
        let charset = self.charset.as_deref().unwrap_or("utf-8");
        let body = match (&self.status, self.returned) {
            (None, true) => format!("{}{RETURNED}", self.body),
            _ => self.body.clone(),
        };
        let (kind, encoding, words) = match shape {
            Shape::Html => ("html", "8bit", self.encoded(&html(&body))),
            Shape::Base64 => ("plain", "base64", base64(&self.encoded(&body)).into_bytes()),
            Shape::QuotedPrintable => (
                "plain",
                "quoted-printable",
                quoted_printable(&self.encoded(&body)).into_bytes(),
            ),
            _ => ("plain", "8bit", self.encoded(&body)),
        };
        let kind = if self.html { "html" } else { kind };
        let words = [
            format!("Content-Type: text/{kind}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n")
                .as_bytes(),
            &words,
        ]
        .concat();
        let header = self.header.iter().fold(String::new(), |all, field| all + field + "\n");
        let about = self.encoded(&format!(
            "Return-Path: <>\nFrom: {}\nTo: news@example.org\nSubject: {}\nDate: Tue, 3 Nov 2026 10:00:09 +0000\n{header}",
            self.from, self.subject
        ));
        let message = match &self.status {
            Some(fields) => {
                let returned = if self.returned {
                    format!("\n--=_b\nContent-Type: message/rfc822\n\n{RETURNED}")
                } else {
                    String::new()
                };
                let kind = b"MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"=_b\"\n\n--=_b\n";
                let fields = format!("\n--=_b\nContent-Type: message/delivery-status\n\n{fields}{returned}\n--=_b--\n");
                [&about, &kind[..], &words, fields.as_bytes()].concat()
            }
            None if shape == Shape::Bare => [&about, &b"\n"[..], &self.encoded(&body)].concat(),
            None => [&about, &b"MIME-Version: 1.0\n"[..], &words].concat(),
        };
        if shape == Shape::Wrapped {
            return [WRAPPER.as_bytes(), &message, b"\n--=_list--\n"].concat();
        }
        message
    }

    fn encoded(&self, text: &str) -> Vec<u8> {
        let charset = self.charset.as_deref().unwrap_or("utf-8");
        let encoding = encoding_rs::Encoding::for_label(charset.as_bytes()).expect("a charset of the standard");
        encoding.encode(text).0.into_owned()
    }

    /// Whether its words may come in this shape.
    fn takes(&self, shape: Shape) -> bool {
        match shape {
            Shape::Plain => true,
            Shape::Base64 | Shape::QuotedPrintable => self.raw.is_none() && !self.html,
            // The layout alone tells a screen name from a word, and HTML loses it.
            Shape::Html => {
                let is_json = self.body.trim_start().starts_with('{');
                self.raw.is_none() && !self.html && !is_json && self.recipients.iter().all(|row| row.contains('@'))
            }
            Shape::Bare => self.raw.is_none() && self.status.is_none() && !self.html && self.body.is_ascii(),
            Shape::Wrapped => self.status.is_some(),
        }
    }

    /// What is judged otherwise than a reader would.
    fn differences(&self, report: &Report) -> String {
        let mut found = String::new();
        if report.category.as_str() != self.category {
            let _ = writeln!(found, "  is {}, judged {}", self.category, report.category);
        }
        if report.dialect.as_deref() != self.dialect.as_deref() {
            let _ = writeln!(
                found,
                "  was written by {:?}, judged {:?}",
                self.dialect, report.dialect
            );
        }
        let judged: Vec<String> = report.recipients.iter().map(row).collect();
        if judged != self.recipients {
            let rules: Vec<_> = report.recipients.iter().map(|v| (&v.rule, &v.diagnostic)).collect();
            let _ = writeln!(
                found,
                "  expected {:#?}\n  judged {judged:#?}\n  by {rules:?}",
                self.recipients
            );
        }
        found
    }
}

fn row(verdict: &rebound_classify::Verdict) -> String {
    fn or_none<T: ToString>(value: Option<&T>) -> String {
        value.map_or_else(|| "-".to_owned(), T::to_string)
    }
    format!(
        "{} {} {} {} {}",
        or_none(verdict.address.as_ref()),
        verdict.category,
        verdict.reason,
        or_none(verdict.reply.as_ref()),
        or_none(verdict.status.as_ref())
    )
}

fn cases() -> Vec<Case> {
    TABLES
        .iter()
        .flat_map(|table| toml::from_str::<Table>(table).expect("the table is well-formed").mail)
        .collect()
}

fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<html><head><style>p {{ color: red }}</style></head><body><pre>{escaped}</pre></body></html>\n")
}

fn quoted_printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'\n' => text.push('\n'),
            b'=' | 0..=31 | 127.. => {
                let _ = write!(text, "={byte:02X}");
            }
            _ => text.push(char::from(*byte)),
        }
        // Soft breaks fall anywhere, in the middle of an address too.
        if text.rsplit('\n').next().is_some_and(|line| line.len() >= 70) {
            text.push_str("=\n");
        }
    }
    text
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (index, three) in bytes.chunks(3).enumerate() {
        if index > 0 && index % 19 == 0 {
            text.push('\n');
        }
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS.get(bits >> (18 - 6 * place) & 63).copied().expect("six bits");
            text.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text + "\n"
}

#[test]
fn every_system_is_understood() {
    let classifier = Classifier::new();
    let cases = cases();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.what.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "every message has a name of its own");
    let mut wrong = String::new();
    for case in &cases {
        let differences = case.differences(&classifier.classify(&case.raw(Shape::Plain)));
        if !differences.is_empty() {
            let _ = writeln!(wrong, "{}:\n{differences}", case.what);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn the_same_words_say_the_same_in_any_shape() {
    let classifier = Classifier::new();
    let mut wrong = String::new();
    for case in cases() {
        let plain = classifier.classify(&case.raw(Shape::Plain));
        for shape in [
            Shape::Base64,
            Shape::QuotedPrintable,
            Shape::Html,
            Shape::Bare,
            Shape::Wrapped,
        ] {
            if case.takes(shape) {
                let report = classifier.classify(&case.raw(shape));
                let (found, wanted): (Vec<_>, Vec<_>) = (
                    report.recipients.iter().map(row).collect(),
                    plain.recipients.iter().map(row).collect(),
                );
                if (report.category, &found) != (plain.category, &wanted) {
                    let _ = writeln!(
                        wrong,
                        "{} as {shape:?}: {} {found:?}, not {} {wanted:?}",
                        case.what, report.category, plain.category
                    );
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn line_ends_and_the_line_of_an_mbox_change_nothing() {
    let classifier = Classifier::new();
    for case in cases().iter().filter(|case| case.charset.is_none()) {
        let raw = String::from_utf8(case.raw(Shape::Plain)).expect("it is UTF-8");
        let plain = classifier.classify(raw.as_bytes());
        let mut returns = [true, false, false].into_iter().cycle();
        let mixed: String = raw
            .split_inclusive('\n')
            .map(|line| match returns.next() {
                Some(true) => line.replace('\n', "\r\n"),
                _ => line.to_owned(),
            })
            .collect();
        for (shape, message) in [
            ("CRLF", raw.replace('\n', "\r\n")),
            ("CR", raw.replace('\n', "\r")),
            ("mixed", mixed),
            ("mbox", format!("From MAILER-DAEMON Tue Nov  3 10:00:09 2026\n{raw}")),
        ] {
            assert_eq!(
                classifier.classify(message.as_bytes()),
                plain,
                "{} with {shape}",
                case.what
            );
        }
    }
}

#[test]
fn a_report_that_ends_in_the_middle_never_blames_more_than_the_whole() {
    let classifier = Classifier::new();
    for case in cases() {
        let raw = case.raw(Shape::Plain);
        let whole = classifier.classify(&raw);
        for tenths in 1..10 {
            let head = raw.get(..raw.len() * tenths / 10).expect("a part of it");
            let report = classifier.classify(head);
            for verdict in report
                .recipients
                .iter()
                .filter(|verdict| verdict.severity == rebound_classify::Severity::Hard)
            {
                assert!(
                    whole.recipients.iter().any(|other| other.severity == verdict.severity),
                    "{} cut at {tenths}/10: {verdict:#?}",
                    case.what
                );
            }
        }
    }
}
