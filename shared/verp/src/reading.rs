//! Recognising tokens in addresses that came back.

use std::fmt;
use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use crate::contact::canonical;
use crate::keys::Key;
use crate::token::{Claims, TOKEN_CHARS, Token, contact_reference, list_reference};
use crate::unwrap::readings;
use crate::{Day, Keys, Purpose, Unwrapped, Wrapper};

/// Of a token that was cut off, this much shows that it was one: no word and no number is as long as half a token, and
/// begins like one.
const MIN_TRUNCATED: usize = TOKEN_CHARS / 2;
/// What stands between a prefix and its token, also after a mail server has replaced a `+` that it does not like.
const SEPARATORS: [char; 5] = ['+', '-', '_', '=', '.'];
/// Days that a token may be ahead of the reader: its signer may have read the calendar east of Greenwich.
const MAX_AHEAD: u16 = 1;

impl Keys {
    /// What an address says that came back, behind anything that mail servers on the way did to it: upper case, quotes,
    /// coded characters, another separator, SRS, BATV. In linear time; any text gives a reading.
    ///
    /// Never [`Reading::Stripped`], for which the prefix must be known: see [`Self::read_expecting`].
    pub fn read(&self, address: &str) -> Reading {
        self.read_any(address, None)
    }

    /// The same, where mail is only given addresses that begin with `prefix` (`bounces`, or with its domain
    /// `bounces@example.com`): an address that is nothing but the prefix has lost its token.
    pub fn read_expecting(&self, address: &str, prefix: &str) -> Reading {
        self.read_any(address, Some(prefix))
    }

    fn read_any(&self, address: &str, prefix: Option<&str>) -> Reading {
        let mut best = Reading::Absent;
        for seen in readings(address) {
            let reading = self.read_one(seen, prefix);
            if reading.rank() > best.rank() {
                best = reading;
            }
        }
        best
    }

    fn read_one(&self, seen: Unwrapped, prefix: Option<&str>) -> Reading {
        match find(&seen.local) {
            Found::Token(token) => match self.verify(token, seen.wrappers) {
                Ok(verified) => Reading::Signed(verified),
                Err(refusal) => Reading::Refused(refusal),
            },
            Found::Damaged(refusal) => Reading::Refused(refusal),
            Found::Nothing if prefix.is_some_and(|prefix| is_nothing_but(prefix, &seen)) => Reading::Stripped,
            Found::Nothing => Reading::Absent,
        }
    }

    fn verify(&self, token: Token, wrappers: Vec<Wrapper>) -> Result<Verified, Refusal> {
        let claims = token.claims().map_err(|first| Refusal::UnknownVersion { first })?;
        let key = self.shared(claims.key).ok_or(Refusal::UnknownKey { id: claims.key })?;
        if !token.is_signed_with(key.secret()) {
            return Err(Refusal::WrongSignature { id: claims.key });
        }
        Ok(Verified {
            token,
            claims,
            key: Arc::clone(key),
            wrappers,
        })
    }
}

/// What an address says.
#[derive(Clone, Debug)]
pub enum Reading {
    /// A token that one of our keys signed.
    Signed(Verified),
    /// What looks like a token, and proves nothing.
    Refused(Refusal),
    /// The expected prefix and nothing behind it: something on the way cut the token off.
    Stripped,
    /// No token.
    Absent,
}

impl Reading {
    /// The token, if it is signed.
    pub fn signed(&self) -> Option<&Verified> {
        match self {
            Self::Signed(verified) => Some(verified),
            _ => None,
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Stripped => 1,
            Self::Refused(_) => 2,
            Self::Signed(_) => 3,
        }
    }
}

/// Why what looks like a token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Signed with a key that is not here, or claims to be.
    #[error("the token names key {id}, which is not here")]
    UnknownKey {
        /// Its number.
        id: u8,
    },
    /// Made up, or changed on the way.
    #[error("key {id} did not sign this token: it was made up, or changed on the way")]
    WrongSignature {
        /// The key that the token names.
        id: u8,
    },
    /// Written by a later version of this format, or by something else.
    #[error("the token begins with {first:#04x}, and only version 1 for purposes 1 and 2 is known")]
    UnknownVersion {
        /// Its first octet.
        first: u8,
    },
    /// The end is missing.
    #[error("the token is cut off: a whole one has {TOKEN_CHARS} characters")]
    Truncated,
    /// Begins like a token, and can't be read.
    #[error("the token holds other characters than a to z and 2 to 7, or too many")]
    Garbled,
}

/// A token that one of our keys signed. When it was signed is for the caller to judge: see [`Self::is_current`].
#[derive(Clone)]
pub struct Verified {
    token: Token,
    claims: Claims,
    key: Arc<Key>,
    wrappers: Vec<Wrapper>,
}

impl Verified {
    /// The token itself, as it was made: the same message, the same token.
    pub const fn token(&self) -> Token {
        self.token
    }

    /// What the address was made for.
    pub const fn purpose(&self) -> Purpose {
        self.claims.purpose
    }

    /// The number of the key that signed it.
    pub const fn key_id(&self) -> u8 {
        self.claims.key
    }

    /// The day it was signed.
    pub const fn day(&self) -> Day {
        self.claims.day
    }

    /// What was taken off the address to find it, outermost first.
    pub fn wrappers(&self) -> &[Wrapper] {
        &self.wrappers
    }

    /// Whether it was signed for this list.
    pub fn is_for_list(&self, list: &str) -> bool {
        list_reference(list).ct_eq(&self.claims.list).into()
    }

    /// Whether it was signed for this address, in any spelling. Compared in constant time.
    pub fn is_for_contact(&self, address: &str) -> bool {
        canonical(address).is_some_and(|address| {
            contact_reference(self.key.secret(), &address)
                .ct_eq(&self.claims.contact)
                .into()
        })
    }

    /// Days from when it was signed until `today`; `None` when it was signed after tomorrow, which nobody can have done.
    pub fn age(&self, today: Day) -> Option<u32> {
        let (signed, today) = (self.day().days(), today.days());
        (signed <= today.saturating_add(MAX_AHEAD)).then(|| u32::from(today.saturating_sub(signed)))
    }

    /// Whether it was signed in the last `days` days, as seen on `today`.
    pub fn is_current(&self, today: Day, days: u32) -> bool {
        self.age(today).is_some_and(|age| age <= days)
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("purpose", &self.purpose())
            .field("key", &self.key_id())
            .field("day", &format_args!("{}", self.day()))
            .field("wrappers", &self.wrappers)
            .finish_non_exhaustive()
    }
}

enum Found {
    Token(Token),
    Damaged(Refusal),
    Nothing,
}

/// A token ends its local part, and stands alone or behind a separator.
fn find(local: &str) -> Found {
    let plain = |c: char| c.is_ascii_alphanumeric();
    let prefix = local.trim_end_matches(plain);
    let run = local.strip_prefix(prefix).unwrap_or_default();
    // `=2B` and `%2B` end in what may as well begin a token.
    let (separated, run) = match run.split_at_checked(2) {
        Some((code, rest)) if prefix.ends_with(['=', '%']) && rest.len() == TOKEN_CHARS && is_coded(code) => {
            (true, rest)
        }
        _ => (prefix.is_empty() || prefix.ends_with(SEPARATORS), run),
    };
    match Token::decode(run) {
        Some(token) if separated => Found::Token(token),
        _ if run.len() < MIN_TRUNCATED || !begins_like_a_token(run) => Found::Nothing,
        _ if run.len() < TOKEN_CHARS && run.bytes().all(is_base32) => Found::Damaged(Refusal::Truncated),
        _ => Found::Damaged(Refusal::Garbled),
    }
}

fn is_coded(code: &str) -> bool {
    code.eq_ignore_ascii_case("2B") || code.eq_ignore_ascii_case("3D")
}

/// Version 1 and purpose 1 or 2 are the first eight bits of the first two characters.
fn begins_like_a_token(run: &str) -> bool {
    let mut bytes = run.bytes().map(|byte| byte.to_ascii_lowercase());
    bytes.next() == Some(b'c') && matches!(bytes.next(), Some(b'e'..=b'l'))
}

fn is_base32(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'2'..=b'7')
}

fn is_nothing_but(prefix: &str, seen: &Unwrapped) -> bool {
    let (prefix, domain) = prefix.rsplit_once('@').unwrap_or((prefix, ""));
    let bare = |local: &str| local.trim_end_matches(SEPARATORS).to_ascii_lowercase();
    let domain_fits = domain.is_empty() || seen.domain.eq_ignore_ascii_case(domain);
    domain_fits && !prefix.is_empty() && bare(prefix) == bare(&seen.local)
}
