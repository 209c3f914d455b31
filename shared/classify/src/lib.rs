//! What a returned mail means.
//!
//! [`Classifier::classify`] takes the raw bytes of a message and says what it is, whom it is about, why, and which
//! words decided. It is pure: no I/O, no clock, no async, no global state. Any bytes give a report.
//!
//! ```
//! use rebound_classify::{Category, Classifier, Reason};
//!
//! let classifier = Classifier::new();
//! let report = classifier.classify(
//!     b"Return-Path: <>\r\n\
//!       From: MAILER-DAEMON@mx.example.com\r\n\
//!       To: news@example.org\r\n\
//!       Subject: failure notice\r\n\r\n\
//!       Hi. This is the qmail-send program at mx.example.com.\r\n\r\n\
//!       <ann@example.net>:\r\n\
//!       Sorry, no mailbox here by that name. (#5.1.1)\r\n",
//! );
//! assert_eq!(report.category, Category::HardBounce);
//! for verdict in &report.recipients {
//!     assert_eq!(verdict.address.as_ref().map(|address| address.as_str()), Some("ann@example.net"));
//!     assert_eq!(verdict.reason, Reason::UserUnknown);
//!     println!("{:?}: {} because of {:?}", verdict.address, verdict.action, verdict.evidence);
//! }
//! ```
//!
//! A [`Report`] has a [`Verdict`] per recipient: the address that was mailed, a [`Category`], a [`Reason`], codes, and the
//! rule and words that decided. It serialises (serde). [`Classifier::explain`] tells how it came about. Users' own rules
//! ([`reason::RuleSet`]) are asked before the built-in ones, and their [`SentMail`] says where their mail names its contact.
//!
//! What it does not do: fetch mail, remember anything, look anything up, check signatures. Of a message over the size
//! limit it reads head and tail, and [`Report::notes`] says so.
//!
//! The way through it: bytes → parts (`mime`) → evidence, each piece with the recipient it names and the place it
//! was found in (`evidence`) → one piece per recipient (`merge`) → who wrote it (`dialect`) → why → and, apart
//! from all that, what it means for the contact (`decide`).

mod decide;
mod dialect;
mod domain;
mod evidence;
pub mod explain;
mod feedback;
mod kinds;
mod merge;
mod mime;
mod original;
mod phrases;
mod pipeline;
mod prefixes;
mod proof;
mod provenance;
pub mod reason;
mod received;
mod report;
mod returned;
mod sent;
mod verdict;
mod words;

use std::cell::RefCell;

use explain::{Explanation, Notes};

pub use domain::organisational;
pub use evidence::Outcome;
pub use provenance::Provenance;
pub use report::{Original, Report, Verdict};
pub use returned::{ReturnedOriginal, returned_original};
pub use sent::{InvalidVerpPattern, SentMail, VerpPattern};
pub use words::{Action, Address, Category, EnhancedStatus, Reason, ReplyCode, Severity, UnknownWord};

/// Judges messages. Make one and use it for all of them; it is cheap to share and holds no state between messages.
#[derive(Debug)]
pub struct Classifier {
    engine: pipeline::Engine,
}

impl Classifier {
    /// A classifier with the built-in rules.
    pub fn new() -> Self {
        let engine = pipeline::Engine {
            rules: None,
            phrases: evidence::Phrases::new(),
            dialects: dialect::Dialects::new(),
            signs: proof::Signs::new(),
            sent: SentMail::default(),
        };
        Self { engine }
    }

    /// The same with users' rules in front of the built-in ones, see [`reason::Rules::with_user_rules`], and with what they
    /// say about their mail in front of what is known of everybody's.
    #[must_use]
    pub fn with_rules(mut self, rules: reason::Rules) -> Self {
        self.engine.sent = SentMail::default().after(rules.sent_mail());
        self.engine.rules = Some(rules);
        self
    }

    /// The same, finding contact and campaign of the sent messages where `sent` says and nowhere else.
    #[must_use]
    pub fn with_sent_mail(mut self, sent: SentMail) -> Self {
        self.engine.sent = sent;
        self
    }

    /// The fields of sent mail that name its contact, the first to be asked first.
    pub fn contact_fields(&self) -> &[String] {
        &self.engine.sent.contact_headers
    }

    /// The rules that it asks.
    pub fn rules(&self) -> &reason::Rules {
        self.engine.rules()
    }

    /// Judges one message. Total: any bytes give a report, in time linear in their number.
    pub fn classify(&self, raw: &[u8]) -> Report {
        self.engine.judge(raw, Notes::NOT_TAKEN)
    }

    /// The report that [`Self::classify`] gives, and how it came about.
    pub fn explain(&self, raw: &[u8]) -> (Report, Explanation) {
        let explanation = RefCell::default();
        let report = self.engine.judge(raw, Notes::into(&explanation));
        (report, explanation.into_inner())
    }
}

impl Default for Classifier {
    fn default() -> Self {
        Self::new()
    }
}
