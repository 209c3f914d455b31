//! An address in a list of recipients.

use rebound_classify::Address;
use rebound_contacts::ContactAddress;

use crate::output::printable;

/// The address that a line or a cell of a recipient list names: `ann@example.com`, `<ann@example.com>` or
/// `Ann <ann@example.com>` (RFC 5322 section 3.4).
///
/// Stricter than [`ContactAddress`], which takes what damaged reports name: what is let through here will be mailed, and
/// two addresses run together are nobody's. `Err` says what is wrong.
pub(crate) fn recipient(text: &str) -> Result<ContactAddress, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("no address");
    }
    let text = match text.strip_suffix('>').and_then(|named| named.rsplit_once('<')) {
        Some((_, address)) => address.trim(),
        None => text,
    };
    let address = Address::parse(text).ok_or("not an address")?;
    let spelled = address.as_str();
    let address = ContactAddress::try_from(&address).map_err(|_| "not an address")?;
    if printable(spelled) != spelled {
        return Err("holds characters that nobody can see");
    }
    let Some(domain) = address.domain() else {
        return Err("has no domain");
    };
    // The key leaves out what a domain can't hold; here it is a slip of the pen.
    let slips = |written: &str| written.contains([',', '"', '\\']);
    if !is_domain(domain) || spelled.rsplit('@').next().is_some_and(slips) {
        return Err("has no domain that could exist");
    }
    if address.as_str().starts_with('"') && !spelled.starts_with('"') {
        return Err("not one address");
    }
    Ok(address)
}

/// Labels between dots, or an address literal; in ASCII.
fn is_domain(domain: &str) -> bool {
    let is_literal = domain.starts_with('[') && domain.ends_with(']');
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.contains(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '-' && c != '_')
    };
    is_literal || domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_found_and_anything_else_is_named() {
        for (text, expected) in [
            ("ann@example.com", Ok("ann@example.com")),
            ("  Ann@Example.COM\t", Ok("ann@example.com")),
            ("<ann@example.com>", Ok("ann@example.com")),
            ("Ann Lee <ann@example.com>", Ok("ann@example.com")),
            ("\"Lee, Ann\" <ann@example.com>", Ok("ann@example.com")),
            ("ann+news@bücher.example", Ok("ann+news@xn--bcher-kva.example")),
            ("\"ann lee\"@example.com", Ok("\"ann lee\"@example.com")),
            ("ann@[192.0.2.1]", Ok("ann@[192.0.2.1]")),
            ("", Err("no address")),
            ("ann", Err("has no domain")),
            ("ann@", Err("not an address")),
            ("ann lee@example.com", Err("not an address")),
            ("ann@example.com bob@example.com", Err("not an address")),
            ("ann@example.com,bob@example.com", Err("not one address")),
            ("ann@example.com,", Err("has no domain that could exist")),
            ("ann@example.com;", Err("has no domain that could exist")),
            ("ann@example.com;bob@example.com", Err("not one address")),
            ("ann@home@example.com", Err("not one address")),
            ("ann@example..com", Err("has no domain that could exist")),
            ("ann@example,com", Err("has no domain that could exist")),
            ("ann@exam/ple.com", Err("has no domain that could exist")),
            ("ann\u{200b}@example.com", Err("holds characters that nobody can see")),
        ] {
            let found = recipient(text);
            assert_eq!(
                found.as_ref().map(ContactAddress::as_str),
                expected.as_ref().copied(),
                "{text:?}"
            );
        }
    }
}
