//! What mail servers on the way do to the addresses of senders, undone.

use std::fmt;

/// Longer text is no address, whatever was done to it: an address has at most 254 octets (RFC 5321 section 4.5.3.1.3),
/// and each forwarder adds some 40.
pub(crate) const MAX_INPUT: usize = 1024;
/// How often an address may be wrapped. Two forwarders and a BATV tag make three; SRS1 was made so that chains stay short.
const MAX_WRAPPERS: usize = 8;

/// One thing that was done to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wrapper {
    /// Its local part stood in quotes (RFC 5321 section 4.1.2).
    Quoted,
    /// Its `+` or `=` was written as `%2B`, `%3D` (percent coding) or `=2B`, `=3D` (quoted-printable).
    Coded,
    /// A forwarder's Sender Rewriting Scheme, first hop: `SRS0=hash=day=domain=local`.
    Srs0,
    /// The same, further hops: `SRS1=hash=first-forwarder==hash=day=domain=local`.
    Srs1,
    /// Bounce Address Tag Validation: `prvs=tag=local`, `prvs=local/tag`, `btv1==tag==local`, `msprvs1=tag=local`.
    Batv,
}

impl fmt::Display for Wrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Quoted => "quoted",
            Self::Coded => "coded",
            Self::Srs0 => "srs0",
            Self::Srs1 => "srs1",
            Self::Batv => "batv",
        })
    }
}

/// An address without what was wrapped around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unwrapped {
    /// What stands before the last `@`; all of it where there is none.
    pub local: String,
    /// What stands behind it, without a final dot; empty where there is none.
    pub domain: String,
    /// What was taken off, outermost first.
    pub wrappers: Vec<Wrapper>,
}

impl fmt::Display for Unwrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.local)?;
        if !self.domain.is_empty() {
            write!(f, "@{}", self.domain)?;
        }
        Ok(())
    }
}

/// The address inside `address`: angle brackets, quotes, SRS and BATV are taken off, up to eight times. Characters that
/// are coded stay as they are. Text of more than 1024 octets is no address and gives an empty one.
pub fn unwrapped(address: &str) -> Unwrapped {
    unwrap(address, false)
}

/// The ways to understand an address: as it stands, then with its coded characters decoded, if it has any.
pub(crate) fn readings(address: &str) -> impl Iterator<Item = Unwrapped> {
    let decoded = || {
        let decoded = unwrap(address, true);
        decoded.wrappers.contains(&Wrapper::Coded).then_some(decoded)
    };
    std::iter::once_with(|| Some(unwrap(address, false)))
        .chain(std::iter::once_with(decoded))
        .flatten()
}

fn unwrap(address: &str, decode: bool) -> Unwrapped {
    if address.len() > MAX_INPUT {
        return Unwrapped::default();
    }
    let text = address.trim();
    let text = text.strip_prefix('<').unwrap_or(text);
    let text = text.strip_suffix('>').unwrap_or(text);
    let (local, domain) = text.rsplit_once('@').unwrap_or((text, ""));
    let mut seen = Unwrapped {
        local: local.to_owned(),
        domain: domain.trim_end_matches('.').to_owned(),
        wrappers: Vec::new(),
    };
    if decode && let Some(decoded) = decoded(local) {
        seen.local = decoded;
        seen.wrappers.push(Wrapper::Coded);
    }
    for _ in 0..MAX_WRAPPERS {
        let Some(inner) = peel(&seen.local) else { break };
        seen.local = inner.local;
        if let Some(domain) = inner.domain {
            seen.domain = domain;
        }
        seen.wrappers.push(inner.wrapper);
    }
    seen
}

/// The local part with `%2B`, `%3D`, `=2B` and `=3D` decoded; `None` when there is none of them.
fn decoded(local: &str) -> Option<String> {
    let mut plain = String::with_capacity(local.len());
    let mut rest = local;
    while let Some((before, after)) = rest.split_once(['%', '=']) {
        plain.push_str(before);
        let mark = if rest.as_bytes().get(before.len()) == Some(&b'%') {
            '%'
        } else {
            '='
        };
        let (decoded, behind) = match after.split_at_checked(2) {
            Some((code, behind)) if code.eq_ignore_ascii_case("2B") => ('+', behind),
            Some((code, behind)) if code.eq_ignore_ascii_case("3D") => ('=', behind),
            _ => (mark, after),
        };
        plain.push(decoded);
        rest = behind;
    }
    plain.push_str(rest);
    (plain != local).then_some(plain)
}

/// What one wrapper held.
struct Inner {
    wrapper: Wrapper,
    local: String,
    /// Where the wrapper keeps the sender's domain.
    domain: Option<String>,
}

fn peel(local: &str) -> Option<Inner> {
    unquote(local)
        .or_else(|| srs0(local))
        .or_else(|| srs1(local))
        .or_else(|| batv(local))
}

fn unquote(local: &str) -> Option<Inner> {
    let quoted = local.strip_prefix('"')?.strip_suffix('"')?;
    let mut plain = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { chars.next()? } else { c });
    }
    Some(Inner {
        wrapper: Wrapper::Quoted,
        local: plain,
        domain: None,
    })
}

/// Behind the name stands any of three separators; they are `=` from there on.
fn srs0(local: &str) -> Option<Inner> {
    let rest = strip_name(local, "SRS0")?.strip_prefix(['=', '+', '-'])?;
    srs_path(rest, Wrapper::Srs0)
}

fn srs1(local: &str) -> Option<Inner> {
    let rest = strip_name(local, "SRS1")?.strip_prefix(['=', '+', '-'])?;
    let (_hash, rest) = rest.split_once('=')?;
    let (_forwarder, rest) = rest.split_once('=')?;
    srs_path(rest.strip_prefix(['=', '+', '-'])?, Wrapper::Srs1)
}

/// `hash=day=domain=local`
fn srs_path(rest: &str, wrapper: Wrapper) -> Option<Inner> {
    let mut parts = rest.splitn(4, '=');
    let (_hash, _day, domain, local) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (!domain.is_empty() && !local.is_empty()).then(|| Inner {
        wrapper,
        local: local.to_owned(),
        domain: Some(domain.trim_end_matches('.').to_owned()),
    })
}

fn batv(local: &str) -> Option<Inner> {
    let inner = if let Some(rest) = strip_name(local, "prvs=") {
        match rest.split_once('=') {
            Some((tag, local)) if is_tag(tag) => local,
            _ => rest.rsplit_once('/').filter(|(_, tag)| is_tag(tag))?.0,
        }
    } else if let Some(rest) = strip_name(local, "btv1==") {
        rest.split_once("==")?.1
    } else {
        strip_name(local, "msprvs1=")?.split_once('=')?.1
    };
    (!inner.is_empty()).then(|| Inner {
        wrapper: Wrapper::Batv,
        local: inner.to_owned(),
        domain: None,
    })
}

/// A key's digit, then the day and a hash: ten characters in draft-levine-smtp-batv, more or fewer elsewhere.
fn is_tag(tag: &str) -> bool {
    let begins = tag.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    begins && (4..=24).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn strip_name<'a>(local: &'a str, name: &str) -> Option<&'a str> {
    let (head, rest) = local.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_around_an_address_comes_off() {
        use Wrapper::{Batv, Quoted, Srs0, Srs1};
        for (wrapped, address, wrappers) in [
            ("news@example.com", "news@example.com", &[][..]),
            (" <News@Example.com.> ", "News@Example.com", &[]),
            ("\"news\"@example.com", "news@example.com", &[Quoted]),
            ("\"a\\@b\"@example.com", "a@b@example.com", &[Quoted]),
            (
                "SRS0=Hx7f=2B=example.com=news@relay.example.net",
                "news@example.com",
                &[Srs0],
            ),
            (
                "srs0+hx7f=tt=example.com=a=b@relay.example.net",
                "a=b@example.com",
                &[Srs0],
            ),
            (
                "SRS0-hx7f=tt=example.com=news@relay.example.net",
                "news@example.com",
                &[Srs0],
            ),
            (
                "SRS1=Ab1=relay.example.net==Hx7f=2B=example.com=news@far.example.net",
                "news@example.com",
                &[Srs1],
            ),
            (
                "SRS1+Ab1=relay.example.net=-Hx7f=2B=example.com=news@far.example.net",
                "news@example.com",
                &[Srs1],
            ),
            ("prvs=0123abcdef=news@example.com", "news@example.com", &[Batv]),
            ("PRVS=news/0123ABCDEF@example.com", "news@example.com", &[Batv]),
            ("prvs=a=b/0123abcdef@example.com", "a=b@example.com", &[Batv]),
            ("btv1==012abc==news@example.com", "news@example.com", &[Batv]),
            ("msprvs1=17aBc-De_=news@example.com", "news@example.com", &[Batv]),
            (
                "SRS0=Hx7f=2B=example.com=prvs=0123abcdef=news@relay.example.net",
                "news@example.com",
                &[Srs0, Batv],
            ),
            (
                "\"SRS0=Hx7f=2B=example.com=news\"@relay.example.net",
                "news@example.com",
                &[Quoted, Srs0],
            ),
        ] {
            let unwrapped = unwrapped(wrapped);
            assert_eq!(unwrapped.to_string(), address, "{wrapped}");
            assert_eq!(unwrapped.wrappers, wrappers, "{wrapped}");
        }
    }

    #[test]
    fn what_only_looks_like_a_wrapper_stays() {
        for address in [
            "SRS0@example.com",
            "SRS0=only=three=parts@example.com",
            "SRS0=h=t==news@example.com",
            "SRS1=h=relay=h=t=example.com@example.net",
            "prvs=news@example.com",
            "prvs=tag=news@example.com",
            "btv1=012abc=news@example.com",
            "news=prvs=0123abcdef@example.com",
            "\"news@example.com",
            "\"news\\\"@example.com",
            "",
        ] {
            assert_eq!(unwrapped(address).to_string(), address);
            assert_eq!(unwrapped(address).wrappers, [], "{address}");
        }
    }

    #[test]
    fn wrappers_end_somewhere_and_so_do_addresses() {
        let deep = format!("{}news@example.com", "prvs=0123abcdef=".repeat(20));
        assert_eq!(unwrapped(&deep).wrappers.len(), MAX_WRAPPERS);
        assert_eq!(unwrapped(&"x".repeat(MAX_INPUT + 1)), Unwrapped::default());
    }

    #[test]
    fn coded_characters_are_a_second_reading() {
        let read = |address| readings(address).map(|seen| seen.to_string()).collect::<Vec<_>>();
        assert_eq!(read("a+b@example.com"), ["a+b@example.com"]);
        assert_eq!(read("a%2Bb@example.com"), ["a%2Bb@example.com", "a+b@example.com"]);
        assert_eq!(
            read("a=2bb%3dc@example.com"),
            ["a=2bb%3dc@example.com", "a+b=c@example.com"]
        );
        assert_eq!(read("a=é%é=2@example.com"), ["a=é%é=2@example.com"]);
    }
}
