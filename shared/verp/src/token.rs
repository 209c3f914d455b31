//! The signed part of an address, octet by octet.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::Day;
use crate::contact::is_atext;

/// Characters of a token: 30 octets in base32, with no bit to spare.
pub const TOKEN_CHARS: usize = 48;
/// The longest local part in octets (RFC 5321 section 4.5.3.1.1).
pub const MAX_LOCAL_PART: usize = 64;
/// The longest address in octets: a path has 256, with its angle brackets (RFC 5321 section 4.5.3.1.3).
const MAX_ADDRESS: usize = 254;

pub(crate) const TOKEN_BYTES: usize = 30;
const SIGNED_BYTES: usize = 18;
pub(crate) const LIST_BYTES: usize = 4;
pub(crate) const CONTACT_BYTES: usize = 10;
const MAC_BYTES: usize = TOKEN_BYTES - SIGNED_BYTES;

/// In the high four bits of the first octet.
const VERSION: u8 = 0x10;

/// Marks between a prefix and a token: what mail servers are told to cut addresses at.
const SEPARATORS: [char; 5] = ['+', '-', '_', '=', '.'];

/// What an address was made for. What is signed for one purpose proves nothing for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Where reports about a message go (RFC 5321 section 4.4).
    ReturnPath,
    /// Where a request to unsubscribe goes: a `mailto` of List-Unsubscribe (RFC 2369 section 3.2).
    Unsubscribe,
}

impl Purpose {
    const fn code(self) -> u8 {
        match self {
            Self::ReturnPath => 1,
            Self::Unsubscribe => 2,
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ReturnPath => "return-path",
            Self::Unsubscribe => "unsubscribe",
        })
    }
}

/// The signed part of an address: 30 octets, written as 48 characters of base32 (RFC 4648 section 6) in lower case.
///
/// | octets | what |
/// |---|---|
/// | 0 | version 1 in the high four bits, [`Purpose`] in the low ones |
/// | 1 | number of the key |
/// | 2-3 | [`Day`], big endian |
/// | 4-7 | list: the first octets of SHA-256(name) |
/// | 8-17 | contact: the first octets of HMAC-SHA-256(key, `contact`, 0, [canonical](crate::canonical) address) |
/// | 18-29 | the first octets of HMAC-SHA-256(key, `token`, 0, octets 0 to 17) |
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token([u8; TOKEN_BYTES]);

impl Token {
    /// The address with this token: `bounces+TOKEN@example.com` for the prefix `bounces`. A prefix that ends in one of
    /// `+-_=.` brings its own separator, and an empty one takes none (mail for a whole domain).
    pub fn address(&self, prefix: &str, domain: &str) -> Result<String, AddressError> {
        let local = self.local_part(prefix)?;
        let no_domain = || AddressError::Domain(domain.chars().take(MAX_ADDRESS).collect());
        let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| no_domain())?;
        if ascii.is_empty() || ascii.ends_with('.') {
            return Err(no_domain());
        }
        let address = format!("{local}@{ascii}");
        if address.len() > MAX_ADDRESS {
            return Err(AddressError::TooLong { length: address.len() });
        }
        Ok(address)
    }

    /// What stands before the `@` of that address.
    pub fn local_part(&self, prefix: &str) -> Result<String, AddressError> {
        let separator = if prefix.is_empty() || prefix.ends_with(SEPARATORS) {
            ""
        } else {
            "+"
        };
        let length = prefix.len() + separator.len() + TOKEN_CHARS;
        if length > MAX_LOCAL_PART {
            return Err(AddressError::LocalPartTooLong {
                prefix: prefix.chars().take(MAX_LOCAL_PART).collect(),
                length,
            });
        }
        let mut atoms = prefix.strip_suffix('.').unwrap_or(prefix).split('.');
        let is_dotted = prefix.is_ascii() && atoms.all(|atom| !atom.is_empty() && atom.chars().all(is_atext));
        if !prefix.is_empty() && !is_dotted {
            return Err(AddressError::Prefix(prefix.to_owned()));
        }
        Ok(format!("{prefix}{separator}{self}"))
    }

    pub(crate) fn signed(
        key: (u8, &[u8]),
        purpose: Purpose,
        day: Day,
        list: [u8; LIST_BYTES],
        contact: [u8; CONTACT_BYTES],
    ) -> Self {
        let (id, secret) = key;
        let [high, low] = day.days().to_be_bytes();
        let head = [VERSION | purpose.code(), id, high, low];
        let signed: [u8; SIGNED_BYTES] = leading(head.into_iter().chain(list).chain(contact));
        let mac = Self::mac(secret, &signed).finalize().into_bytes();
        Self(leading(signed.into_iter().chain(mac)))
    }

    /// The token written in `text`, in any case; `None` when this is not 48 characters of base32.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let upper = text.to_ascii_uppercase();
        BASE32_NOPAD.decode(upper.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// What the token says, believed or not; `Err` with the first octet when this is not its version, or nobody knows
    /// its purpose.
    pub(crate) fn claims(&self) -> Result<Claims, u8> {
        let [first, key, high, low, l0, l1, l2, l3, contact @ ..] = self.0;
        let purpose = [Purpose::ReturnPath, Purpose::Unsubscribe]
            .into_iter()
            .find(|purpose| VERSION | purpose.code() == first)
            .ok_or(first)?;
        Ok(Claims {
            purpose,
            key,
            day: Day::from_days(u16::from_be_bytes([high, low])),
            list: [l0, l1, l2, l3],
            contact: leading(contact),
        })
    }

    /// Whether this key signed it, compared in constant time.
    pub(crate) fn is_signed_with(&self, secret: &[u8]) -> bool {
        let mac: [u8; MAC_BYTES] = leading(self.0.into_iter().skip(SIGNED_BYTES));
        let signed: [u8; SIGNED_BYTES] = leading(self.0);
        Self::mac(secret, &signed).verify_truncated_left(&mac).is_ok()
    }

    fn mac(secret: &[u8], signed: &[u8; SIGNED_BYTES]) -> Hmac<Sha256> {
        let mut mac = keyed(secret);
        mac.update(b"token\0");
        mac.update(signed);
        mac
    }
}

/// What a token says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claims {
    pub(crate) purpose: Purpose,
    pub(crate) key: u8,
    pub(crate) day: Day,
    pub(crate) list: [u8; LIST_BYTES],
    pub(crate) contact: [u8; CONTACT_BYTES],
}

/// The reference to a list: strangers may compute it, but not sign it.
pub(crate) fn list_reference(list: &str) -> [u8; LIST_BYTES] {
    leading(Sha256::digest(list.as_bytes()))
}

/// The reference to a contact, whose address is [canonical](crate::canonical): strangers can't compute it.
pub(crate) fn contact_reference(secret: &[u8], canonical: &str) -> [u8; CONTACT_BYTES] {
    let mut mac = keyed(secret);
    mac.update(b"contact\0");
    mac.update(canonical.as_bytes());
    leading(mac.finalize().into_bytes())
}

/// The first octets of what has at least so many.
fn leading<const N: usize>(octets: impl IntoIterator<Item = u8>) -> [u8; N] {
    let mut bytes = [0; N];
    for (byte, value) in bytes.iter_mut().zip(octets) {
        *byte = value;
    }
    bytes
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104 section 3)")]
fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret).expect("a key of any length")
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({self})")
    }
}

/// Why a token makes no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The prefix leaves no room for a token.
    #[error(
        "a local part has at most {MAX_LOCAL_PART} octets and this one would have {length}: of the prefix {prefix:?} and \
         its separator, {} fit beside a token",
        MAX_LOCAL_PART - TOKEN_CHARS
    )]
    LocalPartTooLong {
        /// What stands before the token.
        prefix: String,
        /// Octets of the whole local part.
        length: usize,
    },
    /// The whole is longer than an address can be.
    #[error("an address has at most {MAX_ADDRESS} octets and this one would have {length}: take a shorter domain")]
    TooLong {
        /// Octets of the whole address.
        length: usize,
    },
    /// No local part begins so.
    #[error("{0:?} can't stand before a token: take letters, digits and marks such as `-` (RFC 5322 section 3.2.3)")]
    Prefix(String),
    /// No mail could come there.
    #[error("{0:?} is no domain that mail is sent to")]
    Domain(String),
}
