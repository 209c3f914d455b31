//! What a report says about a recipient, each saying with where it stands. Nothing is judged here.

mod codes;
mod mention;
mod notification;
mod phrases;
mod speaker;
mod status_part;
mod tells;
mod text;
mod transcript;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use codes::Codes;
pub(crate) use notification::read_notification;
pub(crate) use phrases::Phrases;
pub(crate) use status_part::{StatusReport, read_status_part};
pub(crate) use tells::Tells;
pub(crate) use text::{TextReport, read_text};
pub(crate) use words::Words;

use crate::words::{Address, EnhancedStatus, ReplyCode};

/// Where a piece of evidence stands, the most trustworthy first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A field of a delivery-status part, or the same fields in plain text.
    StatusField,
    /// A header field such as `X-Failed-Recipients`.
    Header,
    /// A line of the report that begins with the recipient.
    RecipientLine,
    /// A labelled recipient, `Recipient: <ann@example.com>`.
    Label,
    /// A recipient in a sentence.
    Sentence,
    /// A recipient that only an SMTP reply names.
    Transcript,
    /// Nobody is named; the returned message says whom it was for.
    Returned,
}

/// What happened, in the words of RFC 3464 section 2.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Delivery was given up.
    Failed,
    /// Delivery is still being tried.
    Delayed,
    /// The message arrived.
    Delivered,
    /// It went on to a system that reports no more.
    Relayed,
    /// It went on to several recipients.
    Expanded,
}

impl Outcome {
    /// The stable wire name, as in an `Action` field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
        }
    }

    /// The value of an `Action` field; what follows the word is a comment.
    pub(crate) fn named(value: &str) -> Option<Self> {
        const NAMES: &[(&str, Outcome)] = &[
            ("failed", Outcome::Failed),
            ("failure", Outcome::Failed),
            ("delayed", Outcome::Delayed),
            ("deferred", Outcome::Delayed),
            ("delivered", Outcome::Delivered),
            ("deliverable", Outcome::Delivered),
            ("relayed", Outcome::Relayed),
            ("expanded", Outcome::Expanded),
        ];
        let word = value.trim().split(|c: char| !c.is_ascii_alphabetic()).next()?;
        NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word))
            .map(|(_, outcome)| *outcome)
    }
}

/// One saying about one recipient.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) source: Source,
    /// The address the last server tried to deliver to.
    pub(crate) recipient: Option<Address>,
    /// The address the sender gave, where the report tells it apart.
    pub(crate) original: Option<Address>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) status: Option<EnhancedStatus>,
    pub(crate) reply: Option<ReplyCode>,
    /// The server's own words.
    pub(crate) words: Words,
    /// The host that said them.
    pub(crate) remote_mta: Option<String>,
    /// The SMTP command that was refused.
    pub(crate) command: Option<&'static str>,
}

impl Evidence {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            recipient: None,
            original: None,
            outcome: None,
            status: None,
            reply: None,
            words: Words::default(),
            remote_mta: None,
            command: None,
        }
    }

    /// Takes from the words what they tell: codes, the command that was refused, and by whom.
    pub(crate) fn read_words(&mut self, phrases: &Phrases) {
        let codes = self.words.codes();
        let speaker = self.words.speaker(phrases);
        (self.reply, self.status) = (codes.reply, codes.status);
        (self.command, self.remote_mta) = (speaker.command, speaker.host.clone());
    }
}
