//! The sent ledger: which message went to whom, as its sender noted it, so that a report about it can be believed.
//!
//! A Message-ID (RFC 5322 section 3.6.4) that one recipient only has seen is proof: who sends it back has had that
//! recipient's mail. One that several recipients have seen proves nothing, for each of them knows it.

use std::fmt;
use std::str::FromStr;

use crate::address::ContactAddress;
use crate::moment::Moment;

/// The longest Message-ID, in bytes: a header field's line is no longer (RFC 5322 section 2.1.1), and DynamoDB takes
/// keys of 2048.
const MAX_MESSAGE_ID_BYTES: usize = 998;

/// A Message-ID as entries are found by it: without its brackets and without white space, which lines are folded at.
/// Case counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(String);

/// One message to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The message.
    pub message_id: MessageId,
    /// Who it was sent to. Only its key is kept.
    pub address: ContactAddress,
    /// From which list.
    pub list: Option<String>,
    /// In which campaign.
    pub campaign: Option<String>,
    /// When.
    pub sent_at: Moment,
    /// From when on it is forgotten, to the second; `None` when it is kept for ever.
    pub expires_at: Option<Moment>,
}

/// What the ledger knows of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentMessage {
    /// Nothing, or nothing any more.
    Unknown,
    /// It went to this recipient and nobody else.
    To(LedgerEntry),
    /// It went to several recipients, so that it tells none of them from the others.
    Shared,
}

impl MessageId {
    /// As it is kept, `1@news.example.com`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MessageId {
    type Err = InvalidMessageId;

    fn from_str(text: &str) -> Result<Self, InvalidMessageId> {
        let invalid = |why| InvalidMessageId {
            text: text.chars().take(120).collect(),
            why,
        };
        let id: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let id = id.strip_prefix('<').unwrap_or(&id);
        let id = id.strip_suffix('>').unwrap_or(id);
        if id.is_empty() {
            return Err(invalid("it is empty"));
        }
        if id.len() > MAX_MESSAGE_ID_BYTES {
            return Err(invalid("it is longer than 998 bytes"));
        }
        if id.contains(['<', '>']) {
            return Err(invalid("it is more than one"));
        }
        if id.chars().any(char::is_control) {
            return Err(invalid("it holds control characters"));
        }
        Ok(Self(id.to_owned()))
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is no Message-ID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no Message-ID: {why}")]
pub struct InvalidMessageId {
    text: String,
    why: &'static str,
}

impl InvalidMessageId {
    /// What is wrong with it.
    pub const fn why(&self) -> &'static str {
        self.why
    }
}

impl LedgerEntry {
    /// Whether it is to be forgotten at this time.
    pub fn is_expired(&self, now: Moment) -> bool {
        self.expires_at.is_some_and(|expiry| expiry <= now)
    }
}

impl SentMessage {
    /// What these entries of one message come to, in whatever order: those that are expired are as good as gone, and of
    /// several about the same recipient the latest holds.
    pub fn of(entries: impl IntoIterator<Item = LedgerEntry>, now: Moment) -> Self {
        let valid = entries.into_iter().filter(|entry| !entry.is_expired(now));
        valid.fold(Self::Unknown, |known, entry| match known {
            Self::Unknown => Self::To(entry),
            Self::To(known) if known.address == entry.address => {
                Self::To(if known.sent_at < entry.sent_at { entry } else { known })
            }
            Self::To(_) | Self::Shared => Self::Shared,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_message_id_is_the_same_however_it_was_folded_and_bracketed() {
        for (text, expected) in [
            ("<1@news.example.com>", Ok("1@news.example.com")),
            ("1@news.example.com", Ok("1@news.example.com")),
            ("\r\n\t<1@news.\r\n example.com> \r\n", Ok("1@news.example.com")),
            ("<Case.Counts@Example.com>", Ok("Case.Counts@Example.com")),
            ("<no-at-sign>", Ok("no-at-sign")),
            ("", Err("it is empty")),
            (" <> ", Err("it is empty")),
            ("<1@example.com> <2@example.com>", Err("it is more than one")),
            ("<1@example.com\u{0}>", Err("it holds control characters")),
        ] {
            let read = text.parse::<MessageId>();
            let read = read.as_ref().map(MessageId::as_str).map_err(InvalidMessageId::why);
            assert_eq!(read, expected, "{text:?}");
        }
        let longest = "x".repeat(MAX_MESSAGE_ID_BYTES);
        assert_eq!(format!("<{longest}>").parse(), Ok(MessageId(longest.clone())));
        assert!(format!("{longest}x").parse::<MessageId>().is_err());
    }

    fn entry(who: u8, sent_at: i64, expires_at: Option<i64>) -> LedgerEntry {
        LedgerEntry {
            message_id: "1@example.com".parse().unwrap(),
            address: format!("ann{who}@example.com").parse().unwrap(),
            list: None,
            campaign: None,
            sent_at: Moment::from_millis(sent_at),
            expires_at: expires_at.map(Moment::from_millis),
        }
    }

    #[test]
    fn only_one_recipient_who_is_not_forgotten_is_known() {
        let now = Moment::from_millis(10);
        for (entries, expected) in [
            (vec![], SentMessage::Unknown),
            (vec![entry(1, 1, Some(10))], SentMessage::Unknown),
            (vec![entry(1, 1, Some(11))], SentMessage::To(entry(1, 1, Some(11)))),
            (vec![entry(1, 1, None)], SentMessage::To(entry(1, 1, None))),
            (vec![entry(1, 1, None), entry(2, 1, None)], SentMessage::Shared),
            (
                vec![entry(1, 1, None), entry(2, 1, Some(9))],
                SentMessage::To(entry(1, 1, None)),
            ),
            (
                vec![entry(1, 2, None), entry(1, 1, None)],
                SentMessage::To(entry(1, 2, None)),
            ),
        ] {
            assert_eq!(SentMessage::of(entries.clone(), now), expected, "{entries:?}");
        }
    }

    proptest! {
        #[test]
        fn the_order_of_entries_does_not_matter(
            entries in prop::collection::vec((0_u8..3, 0_i64..5, prop::option::of(5_i64..15)), 0..6),
            turns in 0_usize..6,
        ) {
            // One for each recipient and time, as the table keeps them.
            let mut entries = entries;
            entries.sort_unstable();
            entries.dedup_by_key(|(who, at, _)| (*who, *at));
            let entries: Vec<_> = entries.into_iter().map(|(who, at, expiry)| entry(who, at, expiry)).collect();
            let mut turned = entries.clone();
            turned.rotate_left(turns.min(entries.len()));
            let now = Moment::from_millis(10);
            prop_assert_eq!(SentMessage::of(entries, now), SentMessage::of(turned, now));
        }
    }
}
