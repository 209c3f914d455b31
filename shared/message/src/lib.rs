//! A message's identity.
//!
//! The SHA-256 of a message's raw bytes names it everywhere: in the archive's keys, in the events table and in what
//! the commands print. It lives in a crate of its own so that nobody needs an AWS crate, or a mail parser, to name a
//! message.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Bytes in a SHA-256 digest (FIPS 180-4).
const DIGEST_BYTES: usize = 32;

/// The SHA-256 of a message's raw bytes, written as 64 lower-case hex digits.
///
/// The bytes are those that were delivered, without an mbox's `From ` line or quoting; one changed byte is another
/// message. Fetching a message again therefore changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageHash([u8; DIGEST_BYTES]);

impl MessageHash {
    /// The identity of the message with these raw bytes.
    pub fn of(message: &[u8]) -> Self {
        Self(Sha256::digest(message).into())
    }

    /// The hash with this digest, as it was stored.
    pub const fn from_bytes(digest: [u8; DIGEST_BYTES]) -> Self {
        Self(digest)
    }

    /// The digest itself.
    pub const fn as_bytes(&self) -> &[u8; DIGEST_BYTES] {
        &self.0
    }
}

impl fmt::Display for MessageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 2 * DIGEST_BYTES];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 0x0f)]);
        }
        f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for MessageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageHash({self})")
    }
}

impl FromStr for MessageHash {
    type Err = InvalidMessageHash;

    /// Takes exactly 64 hex digits in lower case: there is one way to write a hash, so that keys compare as text.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidMessageHash(text.chars().take(2 * DIGEST_BYTES + 1).collect());
        if text.len() != 2 * DIGEST_BYTES {
            return Err(invalid());
        }
        let mut digest = [0; DIGEST_BYTES];
        for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let &[high, low] = pair else { return Err(invalid()) };
            *byte = hex_value(high).ok_or_else(invalid)? << 4 | hex_value(low).ok_or_else(invalid)?;
        }
        Ok(Self(digest))
    }
}

impl Serialize for MessageHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MessageHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A text that is not a message's SHA-256; it holds the first 65 characters of that text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a message's SHA-256: it takes 64 hex digits in lower case")]
pub struct InvalidMessageHash(String);

fn hex_digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' + nibble,
        _ => b'a' + (nibble - 10),
    }
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn is_the_sha_256_in_lower_case_hex() {
        assert_eq!(MessageHash::of(b"abc").to_string(), OF_ABC);
        assert_eq!(OF_ABC.parse(), Ok(MessageHash::of(b"abc")));
    }

    #[test]
    fn has_one_spelling_only() {
        for wrong in [
            "",
            "ba78",
            &OF_ABC.to_uppercase(),
            &format!("{OF_ABC}0"),
            &OF_ABC.replace('b', "g"),
            &"é".repeat(32),
        ] {
            assert!(wrong.parse::<MessageHash>().is_err(), "{wrong}");
        }
    }
}
