//! Keeps web pages out. A browser on this machine runs pages from anywhere, and every page may send requests to
//! loopback addresses. So that none reads or changes anything here:
//!
//! - The host must be an IP address or a name that nobody can register. A page whose own name is made to point to
//!   127.0.0.1 (DNS rebinding) would otherwise count as being from here, and could read what it gets.
//! - What carries an `Origin`, or comes by `Sec-Fetch-Site` from another page, is refused: no AWS client sends either,
//!   and browsers send the first with everything that could change something. A presigned address that a person opens
//!   (`Sec-Fetch-Site: none`) is fine.
//! - Everything must be signed. A page could do that too, but not without asking first by a preflight, which carries an
//!   `Origin`.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Uri};

/// Names, alone or at the end of longer ones, that mean this machine wherever they are asked for: RFC 6761, section 6.3,
/// and how containers know it.
const NAMES: [&str; 2] = ["localhost", "host.docker.internal"];

/// Why a request is not even read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("a request names exactly one host")]
    NoHost,
    #[error(
        "ask by an IP address or as localhost: by any other name this could be a web page that wants to look like one of ours"
    )]
    Host,
    #[error("web pages are not answered")]
    Page,
}

/// The host that the request names, with its port, if it may be answered.
pub(super) fn admit<'a>(uri: &Uri, headers: &'a HeaderMap) -> Result<&'a str, Refused> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts
        .next()
        .and_then(|host| host.to_str().ok())
        .ok_or(Refused::NoHost)?;
    if hosts.next().is_some() || uri.authority().is_some_and(|authority| authority.as_str() != host) {
        return Err(Refused::NoHost);
    }
    if !is_here(host) {
        return Err(Refused::Host);
    }
    let site = headers.get("sec-fetch-site");
    if headers.contains_key(ORIGIN) || site.is_some_and(|site| site != "none") {
        return Err(Refused::Page);
    }
    Ok(host)
}

fn is_here(host: &str) -> bool {
    if let Some(v6) = host.strip_prefix('[') {
        let address = v6.split_once(']').map(|(address, _port)| address.parse::<Ipv6Addr>());
        return matches!(address, Some(Ok(_)));
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    let known = |known: &str| {
        name.len()
            .checked_sub(known.len())
            .and_then(|start| name.split_at_checked(start))
            .is_some_and(|(before, end)| {
                end.eq_ignore_ascii_case(known) && (before.is_empty() || before.ends_with('.'))
            })
    };
    name.parse::<Ipv4Addr>().is_ok() || NAMES.into_iter().any(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(headers: &[(&'static str, &'static str)]) -> Result<String, Refused> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        admit(&Uri::from_static("/"), &map).map(ToOwned::to_owned)
    }

    #[test]
    fn only_addresses_and_names_of_this_machine_are_answered() {
        let ours = [
            "127.0.0.1:4566",
            "127.0.0.1",
            "172.17.0.1:80",
            "[::1]:4566",
            "localhost:4566",
            "LOCALHOST",
            "messages.localhost:4566",
            "host.docker.internal:4566",
            "messages.host.docker.internal",
        ];
        for host in ours {
            assert_eq!(admitted(&[("host", host)]), Ok(host.to_owned()));
        }
        let others = [
            "example.com",
            "localhost.example.com:4566",
            "notlocalhost",
            "127.0.0.1.example.com",
            "[::1",
            "[localhost]",
            "",
            "é.localhost.",
        ];
        for host in others {
            assert!(admitted(&[("host", host)]).is_err(), "{host}");
        }
        assert_eq!(admitted(&[]), Err(Refused::NoHost));
        let two = [("host", "localhost"), ("host", "localhost")];
        assert_eq!(admitted(&two), Err(Refused::NoHost));
    }

    #[test]
    fn a_host_in_the_address_must_be_the_one_in_the_header() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "localhost".parse().unwrap());
        let other = Uri::from_static("http://example.com/");
        assert_eq!(admit(&other, &headers), Err(Refused::NoHost));
        let same = Uri::from_static("http://localhost/");
        assert_eq!(admit(&same, &headers), Ok("localhost"));
    }

    #[test]
    fn pages_are_refused_and_what_a_person_opens_is_not() {
        let table = [
            (("origin", "http://127.0.0.1:4566"), false),
            (("origin", "null"), false),
            (("sec-fetch-site", "cross-site"), false),
            (("sec-fetch-site", "same-origin"), false),
            (("sec-fetch-site", "none"), true),
        ];
        for (header, fine) in table {
            assert_eq!(admitted(&[("host", "localhost"), header]).is_ok(), fine, "{header:?}");
        }
    }
}
