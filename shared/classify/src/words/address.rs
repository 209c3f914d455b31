//! An address as it was written in a message.

use std::fmt;

use crate::mime::{any, trim};

/// The longest address taken from a message: RFC 5321's 254 octets, and room for wrapped and generated ones.
const MAX_ADDRESS_BYTES: usize = 512;

/// A mail address as a message spells it: no brackets, no white space, no control characters.
///
/// The domain may be missing (screen names) and the local part may hold anything a gateway put there
/// (`user%domain@host`). Comparing addresses as contacts is the business of whoever keeps contacts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// Takes `text` as an address, after trimming white space, one pair of angle brackets, one of the single quotes that
    /// Outlook writes (`'ann@example.com'`) and a leading `mailto:`.
    ///
    /// `None` when nothing is left, when it holds white space outside quotes or control characters, or when it is
    /// longer than an address can be.
    pub fn parse(text: &str) -> Option<Self> {
        let text = trim(text);
        let text = match text.strip_prefix('<') {
            Some(rest) => trim(rest.strip_suffix('>').unwrap_or(rest)),
            None => text,
        };
        let text = text
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''))
            .unwrap_or(text);
        let text = match text.get(..7) {
            Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => text.get(7..).unwrap_or_default(),
            _ => text,
        };
        if text.is_empty() || text.len() > MAX_ADDRESS_BYTES {
            return None;
        }
        let quoted = text.starts_with('"');
        let strange = |c: char| match c {
            '\u{21}'..='\u{7e}' => matches!(c, '<' | '>'),
            _ => c.is_control() || c.is_whitespace() && !quoted,
        };
        let hollow = text.starts_with('@') || text.ends_with('@');
        let odd = |byte: u8| !matches!(byte, 0x21..=0x7e) || matches!(byte, b'<' | b'>');
        let plain = !any(text.as_bytes(), odd);
        (!hollow && (plain || !text.contains(strange))).then(|| Self(text.to_owned()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the last `@`, as it was written.
    pub fn domain(&self) -> Option<&str> {
        self.0.rsplit_once('@').map(|(_, domain)| domain)
    }

    /// What stands before the last `@`, or all of it where there is none.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or(&self.0, |(local, _)| local)
    }

    /// The same address but for ASCII case.
    pub fn same(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_messages_write() {
        for (text, expected) in [
            ("<ann@example.com>", Some("ann@example.com")),
            (" mailto:Ann@Example.com ", Some("Ann@Example.com")),
            ("'ann@example.com'", Some("ann@example.com")),
            ("<o'neill@example.com>", Some("o'neill@example.com")),
            ("screenname", Some("screenname")),
            ("user%host@gateway.example", Some("user%host@gateway.example")),
            ("\"ann b\"@example.com", Some("\"ann b\"@example.com")),
            ("ann b@example.com", None),
            ("@example.com", None),
            ("ann@", None),
            ("<>", None),
            ("a\u{0}b@example.com", None),
        ] {
            assert_eq!(Address::parse(text).as_ref().map(Address::as_str), expected, "{text:?}");
        }
    }
}
