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
];

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
    from: String,
    subject: String,
    #[serde(default)]
    header: Vec<String>,
    /// Media type of the words, when they are not `text/plain`.
    #[serde(default)]
    html: bool,
    /// How the words are encoded, when that is not UTF-8.
    charset: Option<String>,
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

impl Case {
    fn raw(&self) -> Vec<u8> {
        let header = self.header.iter().fold(String::new(), |all, field| all + field + "\n");
        let encoding = self.charset.as_deref().unwrap_or("utf-8");
        let kind = if self.html { "html" } else { "plain" };
        let words = format!(
            "Content-Type: text/{kind}; charset={encoding}\nContent-Transfer-Encoding: 8bit\n\n{}",
            self.body
        );
        let about = format!(
            "Return-Path: <>\nFrom: {}\nTo: news@example.org\nSubject: {}\nDate: Tue, 3 Nov 2026 10:00:09 +0000\n{header}MIME-Version: 1.0\n",
            self.from, self.subject
        );
        let text = match &self.status {
            Some(fields) => {
                let returned = if self.returned {
                    format!("\n--=_b\nContent-Type: message/rfc822\n\n{RETURNED}")
                } else {
                    String::new()
                };
                format!(
                    "{about}Content-Type: multipart/report; report-type=delivery-status; boundary=\"=_b\"\n\n--=_b\n{words}\n\
                     --=_b\nContent-Type: message/delivery-status\n\n{fields}{returned}\n--=_b--\n"
                )
            }
            None => format!("{about}{words}{}", if self.returned { RETURNED } else { "" }),
        };
        let encoding = encoding_rs::Encoding::for_label(encoding.as_bytes()).expect("a charset of the standard");
        encoding.encode(&text).0.into_owned()
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

#[test]
fn every_system_is_understood() {
    let classifier = Classifier::new();
    let cases = cases();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.what.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "every message has a name of its own");
    let mut wrong = String::new();
    for case in &cases {
        let differences = case.differences(&classifier.classify(&case.raw()));
        if !differences.is_empty() {
            let _ = writeln!(wrong, "{}:\n{differences}", case.what);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn a_report_that_ends_in_the_middle_never_blames_more_than_the_whole() {
    let classifier = Classifier::new();
    for case in cases() {
        let raw = case.raw();
        let whole = classifier.classify(&raw);
        for tenths in 1..10 {
            let head = raw.get(..raw.len() * tenths / 10).expect("a part of it");
            let report = classifier.classify(head);
            for verdict in report
                .recipients
                .iter()
                .filter(|verdict| verdict.severity == rebound_classify::Severity::Hard)
            {
                // An address may be cut in the middle with the message; what the whole calls hard stays the only hard thing.
                assert!(
                    whole.recipients.iter().any(|other| other.severity == verdict.severity),
                    "{} cut at {tenths}/10: {verdict:#?}",
                    case.what
                );
            }
        }
    }
}
