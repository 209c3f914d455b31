//! What one message, or one person by hand, says about one address.

use std::fmt;
use std::str::FromStr;

use rebound_classify::{Address, Category, EnhancedStatus, Reason, ReplyCode, Severity, UnknownWord};
use rebound_message::MessageHash;
use serde::Serialize;

use crate::address::{ContactAddress, NO_ADDRESS};
use crate::moment::Moment;

/// One fact in a contact's history: one item of the `events` table, whose attributes the fields are named after.
///
/// It is identified by its message and [recipient](Self::recipient), and never changes once it is recorded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// The message that says so; for a manual action, the hash of what identifies it.
    pub message: MessageHash,
    /// The contact that is charged: the address that was mailed. `None` when the message names nobody.
    pub address: Option<ContactAddress>,
    /// When it happened: what orders a contact's history.
    pub at: Moment,
    /// What it says.
    #[serde(rename = "category")]
    pub kind: EventKind,
    /// How lasting it is.
    pub severity: Severity,
    /// Why.
    pub reason: Reason,
    /// The mailbox account it came in through.
    pub account: Option<String>,
    /// The list that was mailed.
    pub list: Option<String>,
    /// The campaign that was mailed.
    pub campaign: Option<String>,
    /// The enhanced status code.
    pub status: Option<EnhancedStatus>,
    /// The SMTP reply code.
    pub reply: Option<ReplyCode>,
    /// The receiving server's own words.
    pub diagnostic: Option<String>,
    /// The address the last server tried to deliver to (RFC 3464 section 2.3.2).
    pub final_recipient: Option<Address>,
    /// The mailbox provider that refused.
    pub provider: Option<String>,
    /// The host that wrote the report.
    pub reporting_mta: Option<String>,
    /// `Message-ID` of the message that came back, without brackets: what makes several reports about one sent message
    /// count once.
    pub original_message_id: Option<String>,
    /// Its subject.
    pub original_subject: Option<String>,
    /// Where the raw message is kept.
    pub object_key: Option<String>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Version of the rules.
    pub rules_version: Option<String>,
    /// The words that the rule matched.
    pub evidence: Option<String>,
    /// The name of a category of the user's own; the actions go by `category`.
    pub own_category: Option<String>,
    /// Where the recipient can be reached from now on.
    pub new_address: Option<Address>,
    /// How sure it is that the message speaks of mail we sent; `None` when nobody asked: somebody did this by hand, or an
    /// earlier version recorded it.
    pub authenticity: Option<Authenticity>,
    /// What shows that, or what is wrong with it, in words for people.
    pub proof: Option<String>,
    /// When the mail that it is about was sent, as far as that is known; then never later than `at`.
    pub sent_at: Option<Moment>,
    /// Whether it came so long after that mail was sent that it counts no more.
    pub stale: bool,
    /// The server that handed the report over.
    pub server: Option<String>,
    /// When the item may be deleted; stored to the second.
    pub expires_at: Option<Moment>,
    /// Who did it, for manual actions.
    pub actor: Option<String>,
    /// Why they did it.
    pub note: Option<String>,
    /// The message of the event that a [`Ruling`] is about; it speaks of the same contact.
    pub about: Option<MessageHash>,
}

impl Event {
    /// An event that says `kind` about `address` and nothing else; the other fields are for the caller to fill in.
    pub fn new(message: MessageHash, address: Option<ContactAddress>, at: Moment, kind: EventKind) -> Self {
        Self {
            message,
            address,
            at,
            kind,
            severity: Severity::None,
            reason: Reason::Undefined,
            account: None,
            list: None,
            campaign: None,
            status: None,
            reply: None,
            diagnostic: None,
            final_recipient: None,
            provider: None,
            reporting_mta: None,
            original_message_id: None,
            original_subject: None,
            object_key: None,
            rule: None,
            rules_version: None,
            evidence: None,
            own_category: None,
            new_address: None,
            authenticity: None,
            proof: None,
            sent_at: None,
            stale: false,
            server: None,
            expires_at: None,
            actor: None,
            note: None,
            about: None,
        }
    }

    /// A ruling on what the message `about` says of this contact.
    ///
    /// It is identified by what it rules: ruling the same again is the same event.
    pub fn ruling(ruling: Ruling, about: MessageHash, address: ContactAddress, at: Moment) -> Self {
        let identity = format!("{ruling}\n{about}\n{address}", ruling = ruling.as_str());
        let message = MessageHash::of(identity.as_bytes());
        Self {
            about: Some(about),
            ..Self::new(message, Some(address), at, EventKind::Ruling(ruling))
        }
    }

    /// The second half of its identity: the contact's key, `-` when the message names nobody.
    pub fn recipient(&self) -> &str {
        self.address.as_ref().map_or(NO_ADDRESS, ContactAddress::as_str)
    }

    /// The UTC day it happened, `2026-11-21`.
    pub fn day(&self) -> String {
        self.at.day()
    }

    /// The message that it takes out of the contact's history.
    pub(crate) fn discards(&self) -> Option<MessageHash> {
        self.about.filter(|_| self.kind == EventKind::Ruling(Ruling::Discard))
    }

    /// Which list an unsubscription is about: the one that was mailed, else all that the account stands for.
    pub(crate) fn list_or_account(&self) -> Option<&str> {
        self.list.as_deref().or(self.account.as_deref())
    }
}

/// What an event says. Written as one word, the attribute `category`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// The classifier's verdict on a message.
    Mail(Category),
    /// What somebody decided by hand.
    Manual(ManualAction),
    /// What is to be made of another event of the same contact: the one of the message [`Event::about`].
    Ruling(Ruling),
}

impl EventKind {
    /// The stable wire name, kebab-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail(category) => category.as_str(),
            Self::Manual(action) => action.as_str(),
            Self::Ruling(ruling) => ruling.as_str(),
        }
    }

    /// The verdict, if it is one.
    pub const fn category(self) -> Option<Category> {
        match self {
            Self::Mail(category) => Some(category),
            Self::Manual(_) | Self::Ruling(_) => None,
        }
    }
}

impl FromStr for EventKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let action = ManualAction::ALL.iter().find(|action| action.as_str() == word);
        let ruling = Ruling::ALL.iter().find(|ruling| ruling.as_str() == word);
        match (action, ruling) {
            (Some(action), _) => Ok(Self::Manual(*action)),
            (None, Some(ruling)) => Ok(Self::Ruling(*ruling)),
            (None, None) => word.parse().map(Self::Mail),
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for EventKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What a person can decide about a contact.
///
/// With a `list` in the event, suppressing and reactivating concern that list only: off it, or on it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ManualAction {
    /// Stop mailing the contact.
    Suppress,
    /// Mail it again; nothing that happened before counts any more.
    Reactivate,
    /// Stop mailing the contact because it was misspelt; [`Event::new_address`] is what was meant.
    Correct,
}

impl ManualAction {
    /// Every manual action.
    pub const ALL: &'static [Self] = &[Self::Suppress, Self::Reactivate, Self::Correct];

    /// The stable wire name, kebab-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suppress => "suppress",
            Self::Reactivate => "reactivate",
            Self::Correct => "correct",
        }
    }
}

/// What is to be made of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ruling {
    /// It suppresses nobody until somebody has looked at it: the circuit breaker was open.
    Hold,
    /// It suppresses after all, from the time of this ruling on. Without a hold this changes nothing.
    Release,
    /// The contact is what it would be had the event never happened.
    Discard,
}

impl Ruling {
    /// Every ruling.
    pub const ALL: &'static [Self] = &[Self::Hold, Self::Release, Self::Discard];

    /// The stable wire name, kebab-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Discard => "discard",
        }
    }
}

/// How sure it is that a message speaks of mail we sent. A greater one is surer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authenticity {
    /// Nothing speaks for it, or something against it.
    #[default]
    None,
    /// What came back names our domain and is recent. Anybody who has mail of ours can write that.
    Plausible,
    /// What came back bears a signature of our domain (DKIM, RFC 6376) over a header that names the contact.
    Dkim,
    /// The sender has noted down that the mail which came back went to the contact, and to nobody else.
    Ledger,
    /// It came to an address that was signed for the contact.
    Signed,
}

impl Authenticity {
    /// From the least to the surest.
    pub const ALL: &'static [Self] = &[Self::None, Self::Plausible, Self::Dkim, Self::Ledger, Self::Signed];

    /// The stable wire name, kebab-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Plausible => "plausible",
            Self::Dkim => "dkim",
            Self::Ledger => "ledger",
            Self::Signed => "signed",
        }
    }

    /// Whether no stranger can have written it.
    pub fn is_proof(self) -> bool {
        self >= Self::Dkim
    }
}

impl fmt::Display for Authenticity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Authenticity {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let known = Self::ALL.iter().find(|known| known.as_str() == word);
        known.copied().ok_or_else(|| UnknownWord {
            vocabulary: "Authenticity",
            word: word.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        let kinds = (Category::ALL.iter().map(|category| EventKind::Mail(*category)))
            .chain(ManualAction::ALL.iter().map(|action| EventKind::Manual(*action)))
            .chain(Ruling::ALL.iter().map(|ruling| EventKind::Ruling(*ruling)));
        for kind in kinds {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert!("burned".parse::<EventKind>().is_err());
    }
}
