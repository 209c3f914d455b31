//! Addresses in address fields.

use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

use crate::words::Address;

/// An address field that names more than this is a mailing list's member list.
const MAX_ADDRESSES: usize = 500;
/// Enough for that many.
const MAX_FIELD_BYTES: usize = 32 << 10;

/// The addresses of an unfolded, decoded field value, groups opened, display names dropped.
pub(crate) fn addresses(value: &str) -> Vec<Address> {
    let value = super::trim(value);
    if value.is_empty() {
        return Vec::new();
    }
    if let Some(address) = simple(value) {
        return vec![address];
    }
    let mut end = value.len().min(MAX_FIELD_BYTES);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let field = [value.as_bytes().get(..end).unwrap_or_default(), b"\n"].concat();
    let HeaderValue::Address(list) = MessageStream::new(&field).parse_address() else {
        return Vec::new();
    };
    list.iter()
        .filter_map(|entry| match (entry.name.as_deref(), entry.address.as_deref()) {
            // The parser takes a local part in quotes for a display name.
            (Some(local), Some(domain)) if domain.starts_with('@') => Address::parse(&format!("\"{local}\"{domain}")),
            (_, Some(address)) => Address::parse(address),
            (name, None) => Address::parse(name.filter(|name| name.contains('@'))?),
        })
        .take(MAX_ADDRESSES)
        .collect()
}

/// `ann@example.com`, `<ann@example.com>` and `Ann <ann@example.com>` need no parser.
fn simple(value: &str) -> Option<Address> {
    let bytes = value.as_bytes();
    if memchr::memchr3(b'"', b',', b'(', bytes).is_some() || memchr::memchr3(b';', b':', b'\\', bytes).is_some() {
        return None;
    }
    let inner = match memchr::memchr(b'<', bytes) {
        Some(open) => value
            .get(open + 1..)
            .and_then(|tail| tail.strip_suffix('>'))
            .filter(|inner| !inner.contains('<') && memchr::memchr2(b'<', b'>', bytes) == Some(open))?,
        None => value,
    };
    memchr::memchr(b'@', inner.as_bytes())?;
    Address::parse(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_address_fields() {
        for (value, expected) in [
            ("ann@example.com", &["ann@example.com"][..]),
            ("Ann <ann@example.com>", &["ann@example.com"]),
            (
                "\"Doe, Ann\" <ann@example.com>, bob@example.com (Bob)",
                &["ann@example.com", "bob@example.com"],
            ),
            (
                "list: a@example.com, b@example.com;",
                &["a@example.com", "b@example.com"],
            ),
            ("undisclosed-recipients:;", &[]),
            ("\"ann b\"@example.com", &["\"ann b\"@example.com"]),
            (
                "\"ann\"@example.com, bob@example.com",
                &["\"ann\"@example.com", "bob@example.com"],
            ),
            ("<\"ann\"@example.com>", &["\"ann\"@example.com"]),
            ("", &[]),
        ] {
            let found = addresses(value);
            assert_eq!(
                found.iter().map(Address::as_str).collect::<Vec<_>>(),
                expected,
                "{value:?}"
            );
        }
    }
}
