//! What is known about a message beside its bytes, kept as the object's user metadata.

use std::collections::HashMap;

use jiff::Timestamp;
use rebound_accounts::{Account, AccountName, ListName};

const ACCOUNT: &str = "account";
const LIST: &str = "list";
const FETCHED_AT: &str = "fetched-at";
const UID: &str = "uid";
const UIDL: &str = "uidl";
const SOURCE: &str = "source";

/// The most bytes that the place a message was found at may take. S3 allows 2 KB of metadata in all; an account's name
/// (64), a list's name in its worst encoding (768), the time and the names of the fields leave this much.
const MAX_FOUND_AS_BYTES: usize = 1000;

/// Stands before a place whose beginning was left out.
const LEFT_OUT: &str = "...";

/// How a message came into the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// What it was called where it was found.
    pub found_as: FoundAs,
    /// When it was fetched.
    pub fetched_at: Timestamp,
}

/// What a message was called where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundAs {
    /// In an IMAP folder: UIDVALIDITY and UID (RFC 9051, section 2.3.1.1).
    Uid {
        /// UIDVALIDITY.
        validity: u32,
        /// UID.
        uid: u32,
    },
    /// In a POP3 mailbox: its unique id (RFC 1939, section 7).
    Uidl(String),
    /// On this machine: `box.mbox#17`. Of a very long path the archive keeps the end.
    Source(String),
}

/// What the archive knows about a message beside its bytes. An object that another program has put there may lack any
/// of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The account it was fetched from.
    pub account: Option<AccountName>,
    /// The list that it is about.
    pub list: Option<ListName>,
    /// What it was called where it was found.
    pub found_as: Option<FoundAs>,
    /// When it was fetched.
    pub fetched_at: Option<Timestamp>,
}

/// The user metadata of a message of `account`.
pub(crate) fn to_user_metadata(account: &Account, provenance: &Provenance) -> HashMap<String, String> {
    let (name, place) = match &provenance.found_as {
        FoundAs::Uid { validity, uid } => (UID, format!("{validity}.{uid}")),
        FoundAs::Uidl(uidl) => (UIDL, encode(uidl)),
        FoundAs::Source(source) => (SOURCE, encode_end(source)),
    };
    HashMap::from([
        (ACCOUNT.to_owned(), account.name.to_string()),
        (LIST.to_owned(), encode(account.list.as_str())),
        (FETCHED_AT.to_owned(), provenance.fetched_at.to_string()),
        (name.to_owned(), place),
    ])
}

impl Metadata {
    /// Reads what can be read; nothing here is worth not judging a message for.
    pub(crate) fn from_user_metadata(metadata: &HashMap<String, String>) -> Self {
        let get = |name| metadata.get(name).map(String::as_str);
        let uid = || {
            let (validity, uid) = get(UID)?.split_once('.')?;
            Some(FoundAs::Uid {
                validity: validity.parse().ok()?,
                uid: uid.parse().ok()?,
            })
        };
        let uidl = || get(UIDL).map(decode).map(FoundAs::Uidl);
        let source = || get(SOURCE).map(decode).map(FoundAs::Source);
        Self {
            account: get(ACCOUNT).and_then(|name| name.parse().ok()),
            list: get(LIST).and_then(|name| decode(name).parse().ok()),
            found_as: uid().or_else(uidl).or_else(source),
            fetched_at: get(FETCHED_AT).and_then(|time| time.parse().ok()),
        }
    }
}

/// Metadata travels as HTTP header fields, which are ASCII; so everything but visible ASCII, and `%`, is written as
/// `%` and two hex digits (RFC 3986, section 2.1). Spaces inside stay as they are, for people to read.
fn encode(text: &str) -> String {
    let last = text.len().saturating_sub(1);
    let mut encoded = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        let inner_space = byte == b' ' && at > 0 && at < last;
        if inner_space || byte.is_ascii_graphic() && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', hex_digit(byte >> 4), hex_digit(byte & 0x0f)]);
        }
    }
    encoded
}

/// The end of `text`, encoded in at most [`MAX_FOUND_AS_BYTES`]: of a path the end says most.
fn encode_end(text: &str) -> String {
    let whole = encode(text);
    if whole.len() <= MAX_FOUND_AS_BYTES {
        return whole;
    }
    let mut room = MAX_FOUND_AS_BYTES - LEFT_OUT.len();
    let mut start = text.len();
    for (at, character) in text.char_indices().rev() {
        let needed = if character.is_ascii_graphic() && character != '%' {
            1
        } else {
            3 * character.len_utf8()
        };
        if needed > room {
            break;
        }
        room -= needed;
        start = at;
    }
    LEFT_OUT.to_owned() + &encode(text.get(start..).unwrap_or_default())
}

fn decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let escaped = match behind {
            [high, low, behind @ ..] if *first == b'%' => hex(*high).zip(hex(*low)).map(|(h, l)| (h << 4 | l, behind)),
            _ => None,
        };
        let (byte, behind) = escaped.unwrap_or((*first, behind));
        decoded.push(byte);
        rest = behind;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(nibble.into(), 16).unwrap_or('0').to_ascii_uppercase()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account(list: &str) -> Account {
        Account {
            list: list.parse().unwrap(),
            ..Account::new("news".parse().unwrap())
        }
    }

    fn there_and_back(list: &str, found_as: FoundAs) -> Metadata {
        let fetched_at = "2026-11-21T20:00:00Z".parse().unwrap();
        let metadata = to_user_metadata(&account(list), &Provenance { found_as, fetched_at });
        Metadata::from_user_metadata(&metadata)
    }

    #[test]
    fn is_readable_in_the_console() {
        let provenance = Provenance {
            found_as: FoundAs::Source("in box/Größe 100%.eml ".to_owned()),
            fetched_at: "2026-11-21T20:00:00Z".parse().unwrap(),
        };
        let metadata = to_user_metadata(&account("News"), &provenance);
        let mut fields: Vec<_> = metadata
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        fields.sort();
        assert_eq!(
            fields,
            [
                "account: news",
                "fetched-at: 2026-11-21T20:00:00Z",
                "list: News",
                "source: in box/Gr%C3%B6%C3%9Fe 100%25.eml%20",
            ]
        );
    }

    #[test]
    fn every_place_comes_back() {
        for place in [
            FoundAs::Uid {
                validity: u32::MAX,
                uid: 1,
            },
            FoundAs::Uidl("%41 00012-x".to_owned()),
            FoundAs::Source("box.mbox#17".to_owned()),
        ] {
            assert_eq!(there_and_back("News", place.clone()).found_as, Some(place));
        }
    }

    #[test]
    fn the_longest_metadata_fits_into_what_s3_allows() {
        const ALLOWED: usize = 2048;
        let account = Account {
            name: "x".repeat(64).parse().unwrap(),
            list: "ü".repeat(128).parse().unwrap(),
        };
        let provenance = Provenance {
            found_as: FoundAs::Source(format!("{}/inbox/17.eml", "ü".repeat(5000))),
            fetched_at: "2026-11-21T20:00:00.123456789Z".parse().unwrap(),
        };
        let metadata = to_user_metadata(&account, &provenance);
        assert!(
            metadata
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum::<usize>()
                <= ALLOWED
        );
        assert!(metadata["source"].starts_with("...%C3%BC") && metadata["source"].ends_with("/inbox/17.eml"));
    }

    #[test]
    fn damaged_or_missing_metadata_is_unknown() {
        assert_eq!(Metadata::from_user_metadata(&HashMap::new()), Metadata::default());
        let damaged = [
            ("account", "No Name"),
            ("list", "%00"),
            ("uid", "7"),
            ("fetched-at", "today"),
        ];
        let damaged = damaged.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(Metadata::from_user_metadata(&damaged), Metadata::default());
    }

    proptest! {
        #[test]
        fn any_text_is_visible_ascii_and_comes_back(text: String) {
            let encoded = encode(&text);
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
            prop_assert_eq!(encoded.trim(), &encoded);
            prop_assert_eq!(decode(&encoded), text);
        }

        #[test]
        fn any_text_can_be_decoded(text: String) {
            decode(&text);
        }
    }
}
