//! Short messages in many languages, each recognised or left alone: `tests/kinds/*.toml`.

use serde::Deserialize;

use super::robot::{Nature, robot};
use super::{Kind, recognise};
use crate::mime::Mail;
use crate::words::Address;

#[derive(Deserialize)]
struct Table {
    mail: Vec<Case>,
}

/// One message and what it is; nothing when no category is given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    what: String,
    #[serde(default = "ann")]
    from: String,
    #[serde(default = "news")]
    to: String,
    subject: String,
    #[serde(default)]
    header: Vec<String>,
    body: String,
    category: Option<String>,
    reason: Option<String>,
    address: Option<String>,
    new_address: Option<String>,
}

fn ann() -> String {
    "ann@example.com".to_owned()
}

fn news() -> String {
    "news@news.example.org".to_owned()
}

impl Case {
    fn raw(&self) -> String {
        let charset = if self.header.iter().any(|field| field.starts_with("Content-Type")) {
            ""
        } else {
            "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
        };
        let header = self.header.join("\n") + if self.header.is_empty() { "" } else { "\n" };
        format!(
            "From: {}\nTo: {}\nSubject: {}\n{charset}{header}\n{}",
            self.from, self.to, self.subject, self.body
        )
    }

    /// What is wrong with the answer, if anything.
    fn verdict(&self, kind: Option<&Kind>) -> Option<String> {
        let got = kind.map(|kind| kind.category.as_str());
        let text = |address: &Option<Address>| address.as_ref().map(|address| address.as_str().to_owned());
        let new = kind.and_then(|kind| text(&kind.new_address));
        let fits = got == self.category.as_deref()
            && new == self.new_address
            && (self.address.is_none() || kind.and_then(|kind| text(&kind.address)) == self.address)
            && self
                .reason
                .as_deref()
                .is_none_or(|reason| kind.is_some_and(|kind| kind.reason.as_str() == reason));
        (!fits).then(|| {
            format!(
                "{}: expected {:?} {:?}, got {kind:?}",
                self.what, self.category, self.new_address
            )
        })
    }
}

fn cases() -> Vec<Case> {
    [
        include_str!("../../tests/kinds/automatic.toml"),
        include_str!("../../tests/kinds/moved.toml"),
        include_str!("../../tests/kinds/challenge.toml"),
        include_str!("../../tests/kinds/lists.toml"),
        include_str!("../../tests/kinds/robots.toml"),
        include_str!("../../tests/kinds/wording.toml"),
        include_str!("../../tests/kinds/traps.toml"),
    ]
    .into_iter()
    .flat_map(|text| toml::from_str::<Table>(text).expect("the table is well-formed").mail)
    .collect()
}

#[test]
fn every_message_is_what_it_is_and_nothing_else() {
    let cases = cases();
    assert!(cases.len() >= 120 && cases.iter().filter(|case| case.category.is_none()).count() >= 40);
    let wrong: Vec<String> = cases
        .iter()
        .flat_map(|case| {
            ["\n", "\r\n", "\r"].map(|ends| {
                let raw = case.raw().replace('\n', ends);
                case.verdict(recognise(&Mail::parse(raw.as_bytes())).as_ref())
            })
        })
        .flatten()
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_recognised_says_why() {
    for case in cases().iter().filter(|case| case.category.is_some()) {
        let raw = case.raw();
        let kind = recognise(&Mail::parse(raw.as_bytes())).expect("it is recognised");
        assert!(!kind.rule.is_empty(), "{}", case.what);
        let structural = kind.rule.starts_with("report.") || kind.rule.starts_with("complaint.");
        assert!(structural || kind.evidence.is_some(), "{}: {kind:?}", case.what);
    }
}

#[test]
fn a_robot_is_known_by_its_header() {
    for (header, expected) in [
        ("Auto-Submitted: auto-replied", true),
        ("Auto-Submitted: auto-generated; owner-email=\"ann@example.com\"", true),
        ("Auto-Submitted: no", false),
        ("Precedence: auto_reply", true),
        ("Precedence: bulk", false),
        ("X-Autoreply: yes", true),
        ("X-Autoreply: no", false),
        ("X-Auto-Response-Suppress: All", false),
        ("Subject: Automatic reply", false),
    ] {
        let raw = format!("From: ann@example.com\n{header}\n\nwords\n");
        let automatic = robot(&Mail::parse(raw.as_bytes())).nature >= Nature::Generated;
        assert_eq!(automatic, expected, "{header}");
    }
}
