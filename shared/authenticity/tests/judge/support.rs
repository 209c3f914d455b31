//! Reports as servers write them, and what they are judged with.

use std::sync::LazyLock;

use rebound_authenticity::{Context, Settings, judge};
use rebound_classify::Classifier;
use rebound_contacts::{Finding, SentMessage};
use rebound_verp::{Day, Keys, Purpose};

static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(Classifier::new);

/// 2026-11-22 10:00 UTC.
pub(crate) const ARRIVED: i64 = 1_795_341_600;
pub(crate) const TODAY: &str = "2026-11-22";

pub(crate) fn keys() -> Keys {
    keyed(1, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
}

pub(crate) fn other_keys() -> Keys {
    keyed(9, "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=")
}

fn keyed(id: u8, secret: &str) -> Keys {
    let document = format!("[[keys]]\nid = {id}\nsecret = \"{secret}\"\ncreated = \"2024-01-01\"\n");
    Keys::parse(&document).expect("keys")
}

pub(crate) fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

/// An address that we signed.
pub(crate) fn address_for(contact: &str, purpose: Purpose, list: &str, day: Day) -> String {
    let token = keys().sign(purpose, list, contact, day).expect("a token");
    let prefix = match purpose {
        Purpose::ReturnPath => "bounces",
        Purpose::Unsubscribe => "leave",
    };
    token.address(prefix, "example.com").expect("an address")
}

/// A message with all that is known besides.
pub(crate) struct Case {
    pub(crate) raw: String,
    pub(crate) settings: Settings,
    pub(crate) keys: Keys,
    pub(crate) ledger: SentMessage,
    pub(crate) fetched_at: i64,
}

impl Case {
    pub(crate) fn new(raw: String) -> Self {
        Self {
            raw,
            settings: Settings {
                domains: vec!["example.com".to_owned()],
                lists: vec!["weekly".to_owned(), "news".to_owned()],
                ..Settings::default()
            },
            keys: keys(),
            ledger: SentMessage::Unknown,
            fetched_at: ARRIVED + 60,
        }
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        let report = CLASSIFIER.classify(self.raw.as_bytes());
        let context = Context {
            settings: &self.settings,
            keys: &self.keys,
            ledger: &self.ledger,
            dkim: None,
            fetched_at: self.fetched_at,
        };
        judge(&report, &context)
    }
}

/// A server's report that a message to Ann failed.
#[derive(Clone)]
pub(crate) struct Bounce {
    to: String,
    field: String,
    words: String,
    received: bool,
    about: Vec<String>,
    sent_to: String,
    date: Option<String>,
    returned_path: String,
    returning: bool,
}

impl Bounce {
    pub(crate) fn to(path: &str) -> Self {
        Self {
            to: path.to_owned(),
            field: "X-Nothing: here".to_owned(),
            words: String::new(),
            received: true,
            about: vec!["ann@example.org".to_owned()],
            sent_to: "ann@example.org".to_owned(),
            date: Some("Sun, 22 Nov 2026 09:00:00 +0000".to_owned()),
            returned_path: "news@example.com".to_owned(),
            returning: true,
        }
    }

    pub(crate) fn about(mut self, recipients: &[&str]) -> Self {
        self.about = recipients.iter().map(|recipient| (*recipient).to_owned()).collect();
        self
    }

    pub(crate) fn sent_to(mut self, recipient: &str) -> Self {
        recipient.clone_into(&mut self.sent_to);
        self
    }

    pub(crate) fn dated(&self, date: Option<&str>) -> Self {
        Self {
            date: date.map(str::to_owned),
            ..self.clone()
        }
    }

    pub(crate) fn not_received(mut self) -> Self {
        self.received = false;
        self
    }

    pub(crate) fn returning_nothing(&self) -> Self {
        Self {
            returning: false,
            ..self.clone()
        }
    }

    pub(crate) fn with_field(&self, field: &str) -> String {
        let field = field.to_owned();
        Self { field, ..self.clone() }.raw()
    }

    pub(crate) fn saying(&self, words: &str) -> String {
        let words = words.to_owned();
        Self { words, ..self.clone() }.raw()
    }

    pub(crate) fn returning_to(&self, path: &str) -> String {
        let returned_path = path.to_owned();
        Self {
            returned_path,
            ..self.clone()
        }
        .raw()
    }

    pub(crate) fn raw(&self) -> String {
        let Self {
            to,
            field,
            words,
            sent_to,
            returned_path,
            ..
        } = self;
        let received = if self.received {
            "Received: from mx.example.net (mx.example.net [192.0.2.1]) by in.example.com (Postfix) with ESMTP id 1; Sun, 22 Nov 2026 10:00:00 +0000\n"
        } else {
            ""
        };
        let about: Vec<String> = self
            .about
            .iter()
            .map(|recipient| format!("\nFinal-Recipient: rfc822; {recipient}\nAction: failed\nStatus: 5.1.1\n"))
            .collect();
        let about = about.concat();
        let date = self
            .date
            .as_ref()
            .map(|date| format!("Date: {date}\n"))
            .unwrap_or_default();
        let returned = if self.returning {
            format!(
                "--b\nContent-Type: message/rfc822\n\nReturn-Path: <{returned_path}>\nFrom: News <news@example.com>\nTo: {sent_to}\n\
                 Subject: News\n{date}Message-ID: <1@example.com>\nList-Id: News <news.example.com>\n\nHello\n\n"
            )
        } else {
            String::new()
        };
        format!(
            "{received}{field}\nFrom: MAILER-DAEMON@mx.example.net\nTo: <{to}>\nSubject: Undelivered Mail\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nIt failed. {words}\n\n\
             --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n{about}\n{returned}--b--\n"
        )
    }
}

/// A provider's report that Ann complained about a message with this return path and this unsubscribe address.
pub(crate) fn complaint(to: &str, path: &str, leave: &str) -> String {
    format!(
        "Received: from mx.example.net (mx.example.net [192.0.2.1]) by in.example.com with ESMTP id 1; Sun, 22 Nov 2026 10:00:00 +0000\n\
         From: fbl@example.net\nTo: {to}\nSubject: complaint\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n\
         --b\n\nA complaint.\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\nUser-Agent: x/1\n\
         Original-Rcpt-To: <ann@example.org>\n\n--b\nContent-Type: message/rfc822\n\nReturn-Path: <{path}>\nFrom: news@example.com\nTo: ann@example.org\n\
         Date: Sun, 22 Nov 2026 09:00:00 +0000\nList-Unsubscribe: <https://example.com/leave>, <mailto:{leave}?subject=leave>\nSubject: News\n\nHello\n\n--b--\n"
    )
}

/// A person's letter that asks to be taken off a list.
pub(crate) fn letter(from: &str, to: &str) -> String {
    format!(
        "Received: from mx.example.net (mx.example.net [192.0.2.1]) by in.example.com with ESMTP id 1; Sun, 22 Nov 2026 10:00:00 +0000\n\
         From: Somebody <{from}>\nTo: <{to}>\nSubject: unsubscribe\n\nunsubscribe\n"
    )
}
