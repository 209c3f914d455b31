//! What the classifier says about one message.

use std::borrow::Cow;

use serde::Serialize;

use crate::evidence::Outcome;
use crate::provenance::Provenance;
use crate::words::{Action, Address, Category, EnhancedStatus, Reason, ReplyCode, Severity};

/// The verdict on one message.
///
/// Serialises to the keys that `rebound classify --format jsonl` prints; absent is `null` and keys stay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What the message is: the weightiest of its recipients' categories. Where delivery is merely late for all of them it
    /// is a `delivery-report`, although each of them is a `possible-failure`.
    pub category: Category,
    /// One verdict per recipient the message speaks of; empty when it speaks of none.
    pub recipients: Vec<Verdict>,
    /// The message that came back, as far as it was returned.
    pub original: Original,
    /// `Feedback-Type` of an abuse report (RFC 5965 section 3.1), lower case.
    pub feedback_type: Option<String>,
    /// The software whose style the report is written in, `postfix` for example.
    pub dialect: Option<Cow<'static, str>>,
    /// Version of the rules that judged.
    pub rules_version: Cow<'static, str>,
    /// The host that wrote the report (`Reporting-MTA`, RFC 3464 section 2.2.2), without its type.
    #[serde(skip)]
    pub reporting_mta: Option<String>,
    /// When the report was written, seconds since 1970-01-01 UTC, as it claims itself.
    #[serde(skip)]
    pub written_at: Option<i64>,
    /// What it shows of its origin, and of that of the message that came back. Not looked for where there is no verdict.
    #[serde(skip)]
    pub provenance: Provenance,
    /// What a reviewer should know: cut short, damaged, over a limit.
    pub notes: Vec<Cow<'static, str>>,
}

/// What a message says about one recipient.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The contact address: the one that was mailed, and the one that is charged.
    pub address: Option<Address>,
    /// Every address that may be the contact, the most trustworthy first, each once: where something proves whom the mail
    /// was sent to, it proves one of these.
    #[serde(skip)]
    pub candidates: Vec<Address>,
    /// The address the last server tried to deliver to (RFC 3464 section 2.3.2).
    pub final_recipient: Option<Address>,
    /// What happened to the delivery, in the words of RFC 3464 section 2.3.3; none where the message reports no delivery.
    pub outcome: Option<Outcome>,
    /// What it means for the contact.
    pub category: Category,
    /// Why.
    pub reason: Reason,
    /// How lasting it is.
    pub severity: Severity,
    /// What the default policy does about it.
    pub action: Action,
    /// The enhanced status code.
    pub status: Option<EnhancedStatus>,
    /// The SMTP reply code.
    pub reply: Option<ReplyCode>,
    /// The receiving server's own words.
    pub diagnostic: Option<String>,
    /// The host that said them.
    pub remote_mta: Option<String>,
    /// Where the recipient can be reached from now on.
    pub new_address: Option<Address>,
    /// Which rule decided.
    pub rule: Cow<'static, str>,
    /// The words of the message that the rule matched.
    pub evidence: Option<String>,
    /// The status says something else than the words; the words were believed.
    pub contradicts_status: bool,
    /// The mailbox provider that refused, `google` for example.
    #[serde(skip)]
    pub provider: Option<Cow<'static, str>>,
    /// The name of a category of the user's own that a rule of theirs gave; `category` stays what it would have been.
    /// A key only where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_category: Option<String>,
}

/// The message that came back. Only what was returned can be known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Original {
    /// `Message-ID` without its angle brackets.
    pub message_id: Option<String>,
    /// Decoded subject.
    pub subject: Option<String>,
    /// Address of the author.
    pub from: Option<Address>,
    /// Address of the recipient, when `To` names just one.
    pub to: Option<Address>,
    /// `Date` as written.
    pub date: Option<String>,
    /// `List-Id` without its phrase and brackets (RFC 2919).
    pub list: Option<String>,
    /// The campaign, from the header the sending service uses for it.
    pub campaign: Option<String>,
}
