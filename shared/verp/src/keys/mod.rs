//! Keys: what tokens are signed with, and the document that holds them.

mod document;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use crate::contact::canonical;
use crate::token::{contact_reference, list_reference};
use crate::{Day, Purpose, Token};
use document::Format;

/// The shortest secret in octets: as long as what HMAC-SHA-256 makes of it (RFC 2104 section 3).
pub const MIN_SECRET_BYTES: usize = 32;
/// The longest document in bytes: what a secret in AWS Secrets Manager can hold. 256 keys take half of it.
pub const MAX_DOCUMENT_BYTES: usize = 65_536;

/// The keys of a sender, at most one for each number. Cheap to clone. Their secrets are never printed.
///
/// Every key verifies; the newest that is not retired signs. They are kept in a document in TOML or JSON:
///
/// ```toml
/// [[keys]]
/// id = 1
/// secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # 32 random octets or more, in base64
/// created = "2026-11-22"
/// retired = "2027-01-01"                                   # optional: verifies, signs no longer
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// In the order of their numbers.
    keys: Vec<Arc<Key>>,
    format: Format,
}

impl Keys {
    /// The keys in a document: JSON when it begins with a brace, else TOML. It may hold none.
    pub fn parse(document: &str) -> Result<Self, InvalidKeys> {
        if document.len() > MAX_DOCUMENT_BYTES {
            return Err(InvalidKeys::TooLong);
        }
        let (keys, format) = document::read(document)?;
        keys.into_iter().try_fold(
            Self {
                keys: Vec::new(),
                format,
            },
            Self::with,
        )
    }

    /// The same keys and one more.
    pub fn with(mut self, key: Key) -> Result<Self, InvalidKeys> {
        match self.keys.binary_search_by_key(&key.id, |known| known.id) {
            Ok(_) => Err(InvalidKeys::Duplicate { id: key.id }),
            Err(place) => {
                self.keys.insert(place, Arc::new(key));
                Ok(self)
            }
        }
    }

    /// The same keys, of which the one with this number signs no longer; `None` when there is no such key. One that is
    /// retired already keeps its day.
    #[must_use]
    pub fn retire(mut self, id: u8, on: Day) -> Option<Self> {
        let key = self.keys.iter_mut().find(|key| key.id == id)?;
        if key.retired.is_none() {
            *key = Arc::new(Key {
                retired: Some(on),
                ..Key::clone(key)
            });
        }
        Some(self)
    }

    /// The key with this number.
    pub fn get(&self, id: u8) -> Option<&Key> {
        self.shared(id).map(|key| &**key)
    }

    pub(crate) fn shared(&self, id: u8) -> Option<&Arc<Key>> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// Every key, in the order of their numbers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Key> {
        self.keys.iter().map(|key| &**key)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key that signs: the newest that is not retired; of several made on one day, the one with the highest number.
    pub fn signing(&self) -> Option<&Key> {
        let able = self.iter().filter(|key| key.retired.is_none());
        able.max_by_key(|key| (key.created, key.id))
    }

    /// A number for the next key: one above the highest, or the first that is free; `None` when all 256 are taken.
    pub fn next_id(&self) -> Option<u8> {
        match self.keys.last() {
            None => Some(1),
            Some(last) => last
                .id
                .checked_add(1)
                .or_else(|| (0..=u8::MAX).find(|id| self.get(*id).is_none())),
        }
    }

    /// A token for one message: what its address is for, the list it goes to, the address of the contact, and the day.
    pub fn sign(&self, purpose: Purpose, list: &str, contact: &str, day: Day) -> Result<Token, SignError> {
        let key = self.signing().ok_or(SignError::NoKey)?;
        if list.is_empty() {
            return Err(SignError::NoList);
        }
        let contact = canonical(contact).ok_or_else(|| SignError::NoAddress(contact.chars().take(254).collect()))?;
        let contact = contact_reference(&key.secret, &contact);
        let list = list_reference(list);
        Ok(Token::signed((key.id, &key.secret), purpose, day, list, contact))
    }

    /// The document with all its secrets: for where it is kept, and nowhere else. In the format it was read from.
    pub fn reveal(&self) -> Zeroizing<String> {
        document::write(self.iter(), self.format)
    }
}

/// One key. Its secret is never printed, and overwritten in memory when the key is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    id: u8,
    secret: Zeroizing<Vec<u8>>,
    created: Day,
    retired: Option<Day>,
}

impl Key {
    /// A key with this number; `secret` is at least 32 random octets.
    pub fn new(id: u8, secret: impl Into<Vec<u8>>, created: Day) -> Result<Self, InvalidKeys> {
        let secret = Zeroizing::new(secret.into());
        if secret.len() < MIN_SECRET_BYTES {
            return Err(InvalidKeys::SecretTooShort {
                key: format!("key {id}"),
                length: secret.len(),
            });
        }
        Ok(Self {
            id,
            secret,
            created,
            retired: None,
        })
    }

    /// Its number, which its tokens name.
    pub const fn id(&self) -> u8 {
        self.id
    }

    /// When it was made.
    pub const fn created(&self) -> Day {
        self.created
    }

    /// Since when it signs no longer.
    pub const fn retired(&self) -> Option<Day> {
        self.retired
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }

    fn secret_in_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64.encode(&*self.secret))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("secret", &"***")
            .field("created", &format_args!("{}", self.created))
            .field("retired", &self.retired.map(|day| day.to_string()))
            .finish()
    }
}

/// Why a document holds no keys that can be used. Shows no part of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKeys {
    /// More than a document can be.
    #[error("the keys are longer than {MAX_DOCUMENT_BYTES} bytes: is this another file?")]
    TooLong,
    /// Neither TOML nor JSON.
    #[error("the keys are no {format}: line {line} can't be read")]
    Syntax {
        /// What the document looked like.
        format: &'static str,
        /// Counted from 1.
        line: usize,
    },
    /// The document says something else.
    #[error("the keys are not what a document of keys looks like: {0}")]
    Shape(String),
    /// Something about one key.
    #[error("{key}: {reason}")]
    Key {
        /// Which one: its number, or its place when that can't be read.
        key: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Two keys of one number.
    #[error(
        "there are two keys with id {id}: give one of them another id, from 0 to 255, that no mail was signed with"
    )]
    Duplicate {
        /// Their number.
        id: u8,
    },
    /// A secret that could be guessed.
    #[error(
        "{key}: its secret has {length} octets and needs {MIN_SECRET_BYTES} or more: make one with `openssl rand -base64 32`"
    )]
    SecretTooShort {
        /// Which one.
        key: String,
        /// Octets.
        length: usize,
    },
}

/// Why nothing was signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// No key, or all of them retired.
    #[error("there is no key to sign with: make one, and let the others verify what they signed")]
    NoKey,
    /// A token is for one list.
    #[error("a token is for one list: name it")]
    NoList,
    /// No mail could have been sent there.
    #[error("{0:?} is no address of a contact")]
    NoAddress(String),
}

#[cfg(test)]
mod tests;
