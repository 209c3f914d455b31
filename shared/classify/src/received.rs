//! What the servers wrote down on a message's way: the `Received` fields (RFC 5321 section 4.4).
//!
//! A heuristic, for there is no syntax that servers keep to. What is known of them:
//!
//! | server | from whom |
//! |---|---|
//! | Postfix, Gmail, sendmail | `from HELO (name [address])`, the name `unknown` when none could be found |
//! | Exim | `from name ([address] helo=HELO)`, `from [address] (helo=HELO)` |
//! | qmail | `from name (HELO HELO) (address)` |
//! | Microsoft 365 | `from HELO (address) by host (address) with Microsoft SMTP Server` |
//! | Dovecot and other LMTP | `from host by host with LMTP`, without an address |
//!
//! `HELO` is what the other side calls itself, so an address in it is nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use memchr::memmem;

use crate::domain::organisational;

/// Fields of one message that are looked at; a forwarded message of a large provider passes a dozen servers.
const MAX_HOPS: usize = 30;

/// When the message reached the last server, seconds since 1970-01-01 UTC: the date of the topmost field, which that
/// server wrote.
pub(crate) fn arrived_at<'r>(mut received: impl Iterator<Item = &'r str>) -> Option<i64> {
    let (_, date) = received.next()?.rsplit_once(';')?;
    let date = mail_parser::DateTime::parse_rfc822(date.trim())?;
    date.is_valid().then(|| date.to_timestamp())
}

/// Who handed the message over to the servers of its recipient: the first address from the top that is neither private
/// nor that of a server of the same organisation. IPv6 addresses are given by their network, `2001:db8:1:2::/64`.
pub(crate) fn handed_over_by<'r>(received: impl Iterator<Item = &'r str>) -> Option<String> {
    received
        .take(MAX_HOPS)
        .filter_map(Hop::read)
        .find(|hop| !hop.is_internal())
        .map(|hop| match hop.address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("{}/64", Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        })
}

/// One server giving the message to the next.
struct Hop<'r> {
    address: IpAddr,
    /// What the address is called, as far as the receiving server says so.
    name: Option<&'r str>,
    by: Option<&'r str>,
    microsoft: bool,
}

impl<'r> Hop<'r> {
    /// `None` for a message that came from no address: handed on inside a machine, or fetched from a mailbox.
    fn read(field: &'r str) -> Option<Self> {
        let field = field.trim_ascii();
        let from = field
            .get(..5)
            .filter(|lead| lead.eq_ignore_ascii_case("from "))
            .and_then(|_| field.get(5..))?;
        let (from, by) = split_at_by(from);
        let with = memmem::find(by.as_bytes(), b"with ").and_then(|at| by.get(at + 5..));
        let way = |lead: &str| with.is_some_and(|way| way.starts_with(lead));
        if way("POP3") || way("IMAP") {
            return None;
        }
        let microsoft = way("Microsoft SMTP Server");
        let sender = Sender::read(from);
        Some(Self {
            address: sender.address?,
            name: sender.name.filter(|_| !microsoft),
            by: by.split_ascii_whitespace().next(),
            microsoft,
        })
    }

    fn is_internal(&self) -> bool {
        let same = || {
            let (name, by) = self.name.zip(self.by)?;
            Some(organisational(name)?.eq_ignore_ascii_case(organisational(by)?))
        };
        is_private(self.address) || self.microsoft && is_microsofts_own(self.address) || same() == Some(true)
    }
}

/// What the part before `by` says.
#[derive(Default)]
struct Sender<'r> {
    address: Option<IpAddr>,
    name: Option<&'r str>,
}

impl<'r> Sender<'r> {
    fn read(from: &'r str) -> Self {
        let head = from.split_ascii_whitespace().next().unwrap_or_default();
        let mut outside = None;
        let mut inside = None;
        // What a name service says goes before what the other side says.
        let mut name = None;
        let mut nameless = false;
        let mut depth = 0_usize;
        let mut skipping = false;
        let mut rest = from;
        while !rest.is_empty() {
            let ends = |byte: &u8| matches!(byte, b'(' | b')' | b'[' | b']' | b',' | b' ' | b'\t' | b'\n');
            let end = rest.as_bytes().iter().position(ends).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(end);
            skipping |= depth > 0 && begins_what_is_claimed(word);
            match address(word) {
                Some(address) if depth == 0 => outside = outside.or(Some(address)),
                Some(address) if !skipping => inside = Some(address),
                None if depth > 0 && !skipping && !word.is_empty() => {
                    nameless |= word == "unknown";
                    if name.is_none() && word.contains('.') && !word.contains(['=', ':']) {
                        name = Some(word.rsplit('@').next().unwrap_or(word));
                    }
                }
                _ => {}
            }
            match tail.as_bytes().first() {
                Some(b'(') => depth += 1,
                Some(b')') => {
                    depth = depth.saturating_sub(1);
                    skipping = false;
                }
                _ => {}
            }
            rest = tail.get(1..).unwrap_or_default();
        }
        Self {
            address: inside.or(outside),
            name: name.or(Some(head).filter(|head| !nameless && !head.starts_with('['))),
        }
    }
}

/// `helo=name`, `ident=name`, and qmail's `HELO name`.
fn begins_what_is_claimed(word: &str) -> bool {
    let spoken = |lead: &str| {
        word.get(..lead.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(lead))
    };
    matches!(word.as_bytes().first(), Some(b'h' | b'H' | b'i' | b'I'))
        && (spoken("helo=") || spoken("ident=") || word.eq_ignore_ascii_case("helo"))
}

/// Before and behind the word `by` outside comments; a field whose comments never end is taken as it stands.
fn split_at_by(from: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    let outside = from.bytes().enumerate().find_map(|(at, byte)| {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b' ' | b'\t' | b'\n' if depth == 0 && is_by(from, at) => return Some(at),
            _ => {}
        }
        None
    });
    let at = outside.or_else(|| from.find(" by ")).unwrap_or(from.len());
    (
        from.get(..at).unwrap_or_default(),
        from.get(at + 4..).unwrap_or_default(),
    )
}

/// Whether the white space at `at` is followed by the word `by`.
fn is_by(from: &str, at: usize) -> bool {
    let word = from.as_bytes().get(at + 1..at + 4).unwrap_or_default();
    matches!(word, [b'b' | b'B', b'y' | b'Y', end] if end.is_ascii_whitespace())
}

/// `192.0.2.1`, `IPv6:2001:db8::1`, `somebody@192.0.2.1`.
fn address(word: &str) -> Option<IpAddr> {
    let last = *word.as_bytes().last()?;
    if !(last.is_ascii_hexdigit() || last == b':') || memchr::memchr2(b'.', b':', word.as_bytes()).is_none() {
        return None;
    }
    let word = memchr::memrchr(b'@', word.as_bytes())
        .and_then(|at| word.get(at + 1..))
        .unwrap_or(word);
    let word = match word.get(..5) {
        Some(lead) if lead.eq_ignore_ascii_case("ipv6:") => word.get(5..)?,
        _ => word,
    };
    word.parse().ok().map(|address: IpAddr| address.to_canonical())
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            // RFC 6598: shared address space behind a provider's translation.
            let shared = a == 100 && (64..128).contains(&b);
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address == Ipv4Addr::UNSPECIFIED
                || shared
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
    }
}

/// 2603:1000::/24: where Microsoft 365 passes mail on inside itself, under names of several domains.
fn is_microsofts_own(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.to_bits() >> 104 == 0x26_0310)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_handed_it_over_is_told_whatever_server_wrote_it_down() {
        let cases: &[(&str, &[&str], Option<&str>)] = &[
            (
                "Postfix",
                &[
                    "from mx.example.net (mx.example.net [192.0.2.1]) by in.example.org (Postfix) with ESMTPS id 4A for <b@example.org>; Sun, 22 Nov 2026 10:00:00 +0000 (UTC)",
                ],
                Some("192.0.2.1"),
            ),
            (
                "Postfix, IPv6",
                &[
                    "from mx.example.net (unknown [IPv6:2001:db8:1:2:3:4:5:6]) by in.example.org (Postfix) with ESMTP id 4A; Sun, 22 Nov 2026 10:00:00 +0000",
                ],
                Some("2001:db8:1:2::/64"),
            ),
            (
                "Postfix behind its own filter",
                &[
                    "from localhost (localhost [127.0.0.1]) by in.example.org (Postfix) with ESMTP id 4B; Sun, 22 Nov 2026 10:00:01 +0000",
                    "from in.example.org ([127.0.0.1]) by localhost (in.example.org [127.0.0.1]) (amavis, port 10024) with ESMTP id 4C; Sun, 22 Nov 2026 10:00:01 +0000",
                    "from mx.example.net (mx.example.net [192.0.2.1]) by in.example.org (Postfix) with ESMTPS id 4A; Sun, 22 Nov 2026 10:00:00 +0000",
                ],
                Some("192.0.2.1"),
            ),
            (
                "a HELO that gives another address",
                &[
                    "from [198.51.100.9] (unknown [192.0.2.1]) by in.example.org (Postfix) with ESMTP id 4A; Sun, 22 Nov 2026 10:00:00 +0000",
                ],
                Some("192.0.2.1"),
            ),
            (
                "a HELO that calls itself ours",
                &[
                    "from mx.example.org (unknown [192.0.2.1]) by in.example.org (Postfix) with ESMTP id 4A; Sun, 22 Nov 2026 10:00:00 +0000",
                    "from x (x [198.51.100.9]) by mx.example.org with ESMTP id 1; Sun, 22 Nov 2026 10:00:00 +0000",
                ],
                Some("192.0.2.1"),
            ),
            (
                "Exim",
                &[
                    "from mx.example.net ([192.0.2.1]) by in.example.org with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.96) (envelope-from <>) id 1xYz-0001; Sun, 22 Nov 2026 10:00:00 +0000",
                ],
                Some("192.0.2.1"),
            ),
            (
                "Exim, nameless",
                &[
                    "from [192.0.2.1] (port=41234 helo=[198.51.100.9]) by in.example.org with esmtp (Exim 4.96) id 1xYz-0001; Sun, 22 Nov 2026 10:00:00 +0000",
                ],
                Some("192.0.2.1"),
            ),
            (
                "Exim, another HELO",
                &[
                    "from mx.example.net ([192.0.2.1]:25 helo=x.example.com ident=[198.51.100.9]) by in.example.org with esmtp (Exim 4.96) id 1xYz-0001; Sun, 22 Nov 2026 10:00:00 +0000",
                ],
                Some("192.0.2.1"),
            ),
            (
                "Gmail",
                &[
                    "by 2002:a05:6a00:1234:b0:5f2:abcd:1234 with SMTP id x1csp; Sun, 22 Nov 2026 02:00:01 -0800 (PST)",
                    "from mx.example.net (mx.example.net. [2001:db8:1:2::99]) by mx.google.com with ESMTPS id y2 for <b@example.org> (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256); Sun, 22 Nov 2026 02:00:00 -0800 (PST)",
                ],
                Some("2001:db8:1:2::/64"),
            ),
            (
                "Gmail's own report to Gmail",
                &[
                    "from mail-sor-f69.google.com (mail-sor-f69.google.com. [209.85.220.69]) by mx.google.com with SMTPS id y2; Sun, 22 Nov 2026 02:00:00 -0800 (PST)",
                ],
                None,
            ),
            (
                "Microsoft 365",
                &[
                    "from AM0PR01MB1.eurprd01.prod.exchangelabs.com (2603:10a6:208:1::20) by DB7PR01MB2.eurprd01.prod.exchangelabs.com with HTTPS; Sun, 22 Nov 2026 10:00:03 +0000",
                    "from AM0PR01CA1.eurprd01.prod.exchangelabs.com (2603:10a6:208::23) by AM0PR01MB1.eurprd01.prod.outlook.com (2603:10a6:208:1::20) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.20.1; Sun, 22 Nov 2026 10:00:02 +0000",
                    "from mx.outlook.com (192.0.2.1) by AM5EUR03FT012.mail.protection.outlook.com (10.152.16.1) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.20.1; Sun, 22 Nov 2026 10:00:00 +0000",
                ],
                Some("192.0.2.1"),
            ),
            (
                "Dovecot LMTP",
                &[
                    "from in.example.org by store.example.org with LMTP id kD4 (envelope-from <>) for <b@example.org>; Sun, 22 Nov 2026 10:00:01 +0000",
                    "from mx.example.net (mx.example.net [192.0.2.1]) by in.example.org (Postfix) with ESMTPS id 4A; Sun, 22 Nov 2026 10:00:00 +0000",
                ],
                Some("192.0.2.1"),
            ),
            (
                "qmail",
                &[
                    "(qmail 4711 invoked by uid 89); 22 Nov 2026 10:00:01 -0000",
                    "from unknown (HELO mx.example.net) (192.0.2.1) by in.example.org with SMTP; 22 Nov 2026 10:00:00 -0000",
                ],
                Some("192.0.2.1"),
            ),
            (
                "qmail with a name and an ident",
                &[
                    "from mx.example.net (HELO [198.51.100.9]) (x@192.0.2.1) by in.example.org with SMTP; 22 Nov 2026 10:00:00 -0000",
                ],
                Some("192.0.2.1"),
            ),
            (
                "sendmail",
                &[
                    "from mx.example.net (host1.example.net [192.0.2.1] (may be forged)) by in.example.org (8.17/8.17) with ESMTP id 5; Sun, 22 Nov 2026 10:00:00 GMT",
                ],
                Some("192.0.2.1"),
            ),
            (
                "two servers of ours with public addresses",
                &[
                    "from mx1.example.org (mx1.example.org [203.0.113.5]) by store.example.org (Postfix) with ESMTP id 4B; Sun, 22 Nov 2026 10:00:01 +0000",
                    "from mx.example.net (mx.example.net [192.0.2.1]) by mx1.example.org (Postfix) with ESMTP id 4A; Sun, 22 Nov 2026 10:00:00 +0000",
                ],
                Some("192.0.2.1"),
            ),
            (
                "strangers under one public suffix",
                &[
                    "from mx.they.co.uk (mx.they.co.uk [192.0.2.1]) by in.we.co.uk (Postfix) with ESMTP id 4A; Sun, 22 Nov 2026 10:00:00 +0000",
                ],
                Some("192.0.2.1"),
            ),
            (
                "fetched from a mailbox",
                &[
                    "from pop.example.com [203.0.113.5] by desk.example.org with POP3 (fetchmail-6.4.37) for <b@localhost> (single-drop); Sun, 22 Nov 2026 11:00:00 +0000",
                    "from mx.example.net (mx.example.net [192.0.2.1]) by in.example.com (Postfix) with ESMTP id 4A; Sun, 22 Nov 2026 10:00:00 +0000",
                ],
                Some("192.0.2.1"),
            ),
            (
                "handed on inside",
                &[
                    "from app (10.0.0.7) by relay.example.org with ESMTP; Sun, 22 Nov 2026 10:00:00 +0000",
                    "from x ([100.64.1.1]) by y; z",
                    "from l ([fe80::1]) by y; z",
                ],
                None,
            ),
            (
                "damaged",
                &["from ((( [192.0.2.1 by ; ;", "from", "", "from  by "],
                Some("192.0.2.1"),
            ),
            ("nothing", &[], None),
        ];
        for (what, received, expected) in cases {
            assert_eq!(handed_over_by(received.iter().copied()).as_deref(), *expected, "{what}");
        }
    }

    #[test]
    fn folding_changes_nothing() {
        let folded = "from mx.example.net\n (mx.example.net\n\t[192.0.2.1])\n\tby in.example.org (Postfix)\n\twith ESMTPS id 4A\n for <b@example.org>;\n\tSun, 22 Nov 2026\n 10:00:00 +0000";
        assert_eq!(handed_over_by([folded].into_iter()).as_deref(), Some("192.0.2.1"));
        assert_eq!(arrived_at([folded].into_iter()), Some(1_795_341_600));
        let inside = folded.replace("[192.0.2.1]", "[10.0.0.1]");
        let fetched = folded.replace("ESMTPS", "POP3");
        assert_eq!(handed_over_by([inside.as_str(), &fetched].into_iter()), None);
    }

    #[test]
    fn it_arrived_when_the_last_server_says() {
        for (received, expected) in [
            (
                &[
                    "from a by b; Sun, 22 Nov 2026 10:00:00 +0000 (UTC)",
                    "from c by a; Sat, 21 Nov 2026 10:00:00 +0000",
                ][..],
                Some(1_795_341_600),
            ),
            (
                &["(qmail 4711 invoked by uid 89); 22 Nov 2026 10:00:00 -0000"],
                Some(1_795_341_600),
            ),
            (
                &["by 2002:a05:: with SMTP id x1csp; Sun, 22 Nov 2026 02:00:00 -0800 (PST)"],
                Some(1_795_341_600),
            ),
            (&["from a by b; long ago"], None),
            (&["from a by b"], None),
            (&[], None),
        ] {
            assert_eq!(arrived_at(received.iter().copied()), expected, "{received:?}");
        }
    }
}
