//! Which organisation a host name belongs to, as far as the name tells.

/// What stands below a country where that gives out names in kinds: `example.co.uk` belongs to one organisation, `co.uk`
/// to none.
const KINDS: &[&str] = &[
    "ac", "asn", "co", "com", "edu", "go", "gob", "gouv", "gov", "gv", "id", "ltd", "me", "mil", "ne", "net", "nhs",
    "nom", "or", "org", "plc", "sch",
];

/// The part of a host name that looks as if somebody had registered it: its last two labels, or three where the last but
/// one is a kind (`co.uk`). The public suffix list knows more, and grows; what is compared with this needs no more.
///
/// `None` for an address literal or a name of one label.
pub fn organisational(host: &str) -> Option<&str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let mut dots = memchr::memrchr_iter(b'.', host.as_bytes());
    let last = dots.next()?;
    let top = host.get(last + 1..)?;
    if top.is_empty() || top.bytes().all(|byte| byte.is_ascii_digit()) || host.contains([':', '[', '@', ' ']) {
        return None;
    }
    let Some(second) = dots.next() else {
        return Some(host).filter(|_| last > 0);
    };
    let kind = host.get(second + 1..last)?;
    let deeper = top.len() == 2 && KINDS.iter().any(|known| known.eq_ignore_ascii_case(kind));
    let start = match (deeper, dots.next()) {
        (false, _) => second + 1,
        (true, Some(third)) => third + 1,
        (true, None) => 0,
    };
    host.get(start..).filter(|name| !name.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_is_told_by_its_hosts() {
        for (host, expected) in [
            ("mx.mail.example.org", Some("example.org")),
            ("example.org.", Some("example.org")),
            ("mx.example.co.uk", Some("example.co.uk")),
            ("example.co.uk", Some("example.co.uk")),
            ("a.b.example.com.br", Some("example.com.br")),
            ("mail.co.com", Some("co.com")),
            ("localhost", None),
            ("192.0.2.1", None),
            ("[2001:db8::1]", None),
            (".org", None),
            ("..org", None),
            ("", None),
        ] {
            assert_eq!(organisational(host), expected, "{host}");
        }
    }
}
