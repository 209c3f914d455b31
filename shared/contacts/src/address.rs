//! Which addresses are one contact.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use icu_normalizer::ComposingNormalizerBorrowed;
use rebound_classify::Address;

/// The longest key: what DynamoDB takes as a sort key, in bytes. Addresses end at 254 octets (RFC 5321 section 4.5.3.1).
const MAX_KEY_BYTES: usize = 1024;

/// Stands for "no address" where DynamoDB needs a key; hence no address itself.
pub(crate) const NO_ADDRESS: &str = "-";

/// An address as contacts are told apart by it, together with the way it was written.
///
/// Two spellings are one contact when they differ only in case, Unicode normalisation (NFC), the form of the domain
/// (`bücher.example` = `xn--bcher-kva.example`, with or without a final dot), quotes that are not needed, or comments
/// (RFC 5322 section 3.2.2). Dots and plus-tags count: whether they matter is the provider's business, and guessing
/// would charge one person with another's bounces. The domain may be missing.
///
/// Comparing and hashing look at the [key](Self::as_str) only.
#[derive(Clone, Debug)]
pub struct ContactAddress {
    key: String,
    spelling: String,
}

impl ContactAddress {
    /// The key: what contacts are stored and compared by.
    pub fn as_str(&self) -> &str {
        &self.key
    }

    /// The address as it was written where it was taken from, for display and for sending.
    pub fn spelling(&self) -> &str {
        &self.spelling
    }

    /// The domain of the key, in its ASCII form.
    pub fn domain(&self) -> Option<&str> {
        // A quoted local part without a domain may hold an `@` of its own.
        let (_, domain) = self.key.rsplit_once('@').filter(|_| !self.key.ends_with('"'))?;
        Some(domain)
    }

    /// The same contact, written as `spelling` writes it.
    #[cfg(feature = "dynamodb")]
    pub(crate) fn spelled(&self, spelling: &str) -> Self {
        Self {
            key: self.key.clone(),
            spelling: spelling.to_owned(),
        }
    }
}

impl TryFrom<&Address> for ContactAddress {
    type Error = InvalidAddress;

    fn try_from(address: &Address) -> Result<Self, InvalidAddress> {
        let spelling = address.as_str();
        let invalid = |why| InvalidAddress {
            text: spelling.chars().take(120).collect(),
            why,
        };
        let key = canonical(spelling).ok_or_else(|| invalid("nothing is left of it without its comments"))?;
        if key.len() > MAX_KEY_BYTES {
            return Err(invalid("it is longer than an address can be"));
        }
        if key == NO_ADDRESS {
            return Err(invalid("a hyphen stands for no address"));
        }
        Ok(Self {
            key,
            spelling: spelling.to_owned(),
        })
    }
}

impl FromStr for ContactAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let address = Address::parse(text).ok_or_else(|| InvalidAddress {
            text: text.chars().take(120).collect(),
            why: "it is empty, too long, or holds spaces or control characters",
        })?;
        Self::try_from(&address)
    }
}

/// Text that can't be a contact's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no address a contact can have: {why}")]
pub struct InvalidAddress {
    text: String,
    why: &'static str,
}

/// The key of an address, or `None` when the local part or the domain turns out empty.
fn canonical(text: &str) -> Option<String> {
    let Parts { local, domain } = Parts::read(text).unwrap_or_else(|| Parts::verbatim(text));
    let local = fold_case(&local);
    let needs_quotes = local.is_empty() || local.contains(|c: char| c.is_whitespace() || "()[]:;@\\,\"".contains(c));
    let mut key = if needs_quotes {
        if local.is_empty() && !text.contains("\"\"") {
            return None;
        }
        format!("\"{}\"", local.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        local
    };
    if let Some(domain) = domain {
        let domain = canonical_domain(&domain);
        if domain.is_empty() {
            return None;
        }
        key.push('@');
        key.push_str(&domain);
    }
    Some(key)
}

/// The domain in its ASCII form; as it stands, but for case, where it can't be one (address literals, damaged names).
fn canonical_domain(domain: &str) -> String {
    let ascii = if domain.starts_with('[') {
        None
    } else {
        idna::domain_to_ascii(domain).ok()
    };
    ascii
        .filter(|ascii| !ascii.contains(is_no_domain_character))
        .unwrap_or_else(|| fold_case(domain))
        .trim_matches('.')
        .to_owned()
}

fn is_no_domain_character(c: char) -> bool {
    c.is_whitespace() || "()<>@\\,\"".contains(c)
}

/// NFC, lower case, NFC: two spellings that a reader takes for the same are the same.
fn fold_case(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    // Letter by letter, because `str::to_lowercase` writes a sigma at the end of a word differently.
    let lower: String = nfc
        .normalize(text)
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .collect();
    nfc.normalize(&lower).into_owned()
}

/// An address taken apart: no comments, no quotes, no escapes.
struct Parts {
    local: String,
    domain: Option<String>,
}

impl Parts {
    /// Reads comments, quoted strings and quoted pairs (RFC 5322 section 3.2); `None` when one of them never ends.
    fn read(text: &str) -> Option<Self> {
        let mut plain = String::with_capacity(text.len());
        let mut last_at = None;
        let mut quoted = false;
        let mut comments = 0_u32;
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' if quoted || comments > 0 => {
                    let escaped = chars.next()?;
                    if comments == 0 {
                        plain.push(escaped);
                    }
                }
                '"' if comments == 0 => quoted = !quoted,
                '(' if !quoted => comments += 1,
                ')' if comments > 0 => comments -= 1,
                _ if comments > 0 => {}
                _ if c.is_whitespace() && !quoted => {}
                _ => {
                    if c == '@' && !quoted {
                        last_at = Some(plain.len());
                    }
                    plain.push(c);
                }
            }
        }
        (!quoted && comments == 0).then(|| Self::split(&plain, last_at))
    }

    /// Quotes and brackets are just characters here.
    fn verbatim(text: &str) -> Self {
        Self::split(text, text.rfind('@'))
    }

    fn split(text: &str, at: Option<usize>) -> Self {
        match at.and_then(|at| text.split_at_checked(at)) {
            Some((local, domain)) => Self {
                local: local.to_owned(),
                domain: Some(domain.replace(is_no_domain_character, "")),
            },
            None => Self {
                local: text.to_owned(),
                domain: None,
            },
        }
    }
}

impl PartialEq for ContactAddress {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for ContactAddress {}

impl PartialOrd for ContactAddress {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ContactAddress {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl Hash for ContactAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Display for ContactAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.key)
    }
}

impl serde::Serialize for ContactAddress {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_contact_have_one_key() {
        for (text, expected) in [
            ("Ann@Example.COM", Some("ann@example.com")),
            ("ann@example.com.", Some("ann@example.com")),
            ("\"ann\"@example.com", Some("ann@example.com")),
            ("\"ann.b\"@example.com", Some("ann.b@example.com")),
            ("\"ann b\"@example.com", Some("\"ann b\"@example.com")),
            ("\"a\\n\\n b\"@example.com", Some("\"ann b\"@example.com")),
            ("\"ann@home\"@example.com", Some("\"ann@home\"@example.com")),
            ("ann@home@example.com", Some("\"ann@home\"@example.com")),
            ("ann(at(work))@example.com", Some("ann@example.com")),
            ("ann@(the)example.com(firm)", Some("ann@example.com")),
            ("an.n+tag@example.com", Some("an.n+tag@example.com")),
            ("a..b.@docomo.example", Some("a..b.@docomo.example")),
            ("ANN@BÜCHER.example", Some("ann@xn--bcher-kva.example")),
            ("ann@bu\u{308}cher.example", Some("ann@xn--bcher-kva.example")),
            ("ann@xn--bcher-kva.EXAMPLE", Some("ann@xn--bcher-kva.example")),
            ("JOSE\u{301}@example.com", Some("josé@example.com")),
            ("ΟΔΟΣ@example.com", Some("οδοσ@example.com")),
            ("οδος@example.com", Some("οδοσ@example.com")),
            ("ann@[192.0.2.1]", Some("ann@[192.0.2.1]")),
            ("ann@under_score.example", Some("ann@under_score.example")),
            ("ScreenName", Some("screenname")),
            ("\"a@b\"", Some("\"a@b\"")),
            ("user%Host@gateway.example", Some("user%host@gateway.example")),
            ("\"\"@example.com", Some("\"\"@example.com")),
            ("o\"brien@example.com", Some("\"o\\\"brien\"@example.com")),
            ("(nobody)@example.com", None),
            ("ann@(nowhere)", None),
            ("ann@...", None),
            ("-", None),
            ("", None),
        ] {
            let read = text.parse::<ContactAddress>().ok();
            assert_eq!(read.as_ref().map(ContactAddress::as_str), expected, "{text:?}");
        }
    }

    #[test]
    fn keeps_the_spelling_and_knows_the_domain() {
        let address: ContactAddress = "<Ann.B@BÜCHER.example>".parse().unwrap();
        assert_eq!(address.spelling(), "Ann.B@BÜCHER.example");
        assert_eq!(address.domain(), Some("xn--bcher-kva.example"));
        assert_eq!("\"a@b\"".parse::<ContactAddress>().unwrap().domain(), None);
        assert_eq!("screenname".parse::<ContactAddress>().unwrap().domain(), None);
    }

    #[test]
    fn an_address_longer_than_a_key_is_refused() {
        let quoted = format!("\"{}\"@example.com", "\\\"".repeat(240));
        assert!(quoted.parse::<ContactAddress>().is_ok());
        let swelling = format!("{}@example.com", "Ⱥ\u{345}".repeat(120));
        assert!(swelling.len() <= 512 && swelling.parse::<ContactAddress>().is_ok());
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in "\\PC{0,40}") {
            if let Ok(address) = text.parse::<ContactAddress>() {
                let again: ContactAddress = address.as_str().parse().unwrap();
                prop_assert_eq!(again.as_str(), address.as_str());
            }
        }

        #[test]
        fn a_key_of_odd_characters_is_its_own_key(text in "[\"\\\\()@. aAß\u{ff20}．ÅΣ\u{301}\\[\\]:]{1,12}") {
            if let Ok(address) = text.parse::<ContactAddress>() {
                let again: ContactAddress = address.as_str().parse().unwrap();
                prop_assert_eq!(again.as_str(), address.as_str());
                prop_assert_eq!(again.domain(), address.domain());
            }
        }
    }
}
