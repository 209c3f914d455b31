//! One way to write an address, so that everybody computes the same reference to it.

use icu_normalizer::ComposingNormalizerBorrowed;

/// An address as references to contacts are computed from it: local part in lower case, without quotes that it does not
/// need; domain in lower case, in its ASCII form (`xn--…`), without a final dot. Outside ASCII, the local part is put
/// into NFC, too.
///
/// `None` for what is no address: a half is missing, or it holds white space or control characters.
pub fn canonical(address: &str) -> Option<String> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    let local = spelled(local)?;
    let domain = domain.trim_end_matches('.');
    let domain = if domain.is_ascii() {
        domain.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(domain).ok()?
    };
    let is_odd = |c: char| c.is_control() || c.is_whitespace();
    let is_sound = !domain.is_empty() && !domain.contains(is_odd) && !local.contains(char::is_control);
    is_sound.then(|| format!("{local}@{domain}"))
}

/// The local part in lower case, in quotes if it cannot do without (RFC 5321 section 4.1.2).
fn spelled(local: &str) -> Option<String> {
    let plain = match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => {
            let mut plain = String::with_capacity(quoted.len());
            let mut chars = quoted.chars();
            while let Some(c) = chars.next() {
                plain.push(if c == '\\' { chars.next()? } else { c });
            }
            plain
        }
        None if local.is_empty() || local.contains(char::is_whitespace) => return None,
        None => local.to_owned(),
    };
    let plain = fold_case(&plain);
    let needs_quotes = plain.is_empty() || plain.contains(|c: char| c.is_whitespace() || "()[]:;@\\,\"".contains(c));
    if !needs_quotes {
        return Some(plain);
    }
    Some(format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// What an atom is made of (RFC 5322 section 3.2.3, RFC 6532 section 3.2).
pub(crate) fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || (!c.is_ascii() && !c.is_control())
}

/// Letter by letter, because `str::to_lowercase` writes a sigma at the end of a word differently.
fn fold_case(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    let lower: String = nfc
        .normalize(text)
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .collect();
    nfc.normalize(&lower).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_one() {
        for (text, expected) in [
            ("Ann@Example.ORG", Some("ann@example.org")),
            (" ann@example.org. ", Some("ann@example.org")),
            ("\"ann.b\"@example.org", Some("ann.b@example.org")),
            ("\"Ann B\"@example.org", Some("\"ann b\"@example.org")),
            ("ann+Tag@BÜCHER.example", Some("ann+tag@xn--bcher-kva.example")),
            ("JOSE\u{301}@example.org", Some("josé@example.org")),
            ("ΟΔΟΣ@example.org", Some("οδοσ@example.org")),
            ("ann@home@example.org", Some("\"ann@home\"@example.org")),
            ("\"a\\nn@home\"@example.org", Some("\"ann@home\"@example.org")),
            ("\"o\\\"b\"@example.org", Some("\"o\\\"b\"@example.org")),
            ("\"ann\\\"@example.org", None),
            ("ann b@example.org", None),
            ("ann", None),
            ("@example.org", None),
            ("ann@", None),
            ("ann@.", None),
            ("ann\u{7}@example.org", None),
            ("", None),
        ] {
            assert_eq!(canonical(text).as_deref(), expected, "{text:?}");
        }
    }
}
