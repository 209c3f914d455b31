//! Contacts in return paths that nobody signed: plain VERP. Hints, and no proof of anything.

use crate::contact::{canonical, is_atext};
use crate::token::MAX_LOCAL_PART;
use crate::unwrap::readings;

/// The longest domain in octets: a path of 256 less its brackets, one character and the `@` (RFC 5321 section 4.5.3.1.3).
const MAX_DOMAIN: usize = 252;
/// The longest label of a domain in octets (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;

/// What list managers call the part of a return path that comes before the contact.
const WORDS: [&str; 8] = [
    "return", "returns", "bounce", "bounces", "bnc", "errors", "error", "verp",
];
/// What Gmail puts before the address that it forwards to, which is not the contact.
const FORWARDED: &str = "caf_=";

/// Marks between the parts of a return path.
const SEPARATORS: [char; 5] = ['+', '-', '_', '=', '.'];

/// The addresses that a return path may have been made for, the likeliest first: plain VERP as `bounces+ann=example.org`,
/// `bounces+ann_example.org`, Mailman's `list-bounces+ann=example.org` and ezmlm's `list-return-123-ann=example.org`, also
/// behind SRS, BATV and coded characters. Numbers of a database give nothing.
///
/// Anybody can write such an address: it says whom to look for, and proves nothing.
pub fn contact_hints(return_path: &str) -> Vec<String> {
    let mut hints: Vec<String> = Vec::new();
    for seen in readings(return_path) {
        for hint in hints_in(&seen.local) {
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
    }
    hints
}

/// `=` between the halves first: `_` may as well belong to a name, and wants a word that says what this is.
fn hints_in(local: &str) -> Vec<String> {
    let mut hints = Vec::new();
    for mark in ['=', '_'] {
        let Some((before, domain)) = local.rsplit_once(mark).filter(|(_, domain)| is_domain(domain)) else {
            continue;
        };
        let (user, named) = user_of(before);
        if !named && mark != '=' {
            continue;
        }
        for user in [without_number(user), user] {
            let hint = format!("{user}@{}", domain.to_ascii_lowercase());
            // A domain outside ASCII must have an ASCII form.
            if is_user(user) && canonical(&hint).is_some() {
                hints.push(hint);
            }
        }
    }
    hints
}

/// What follows the prefix, and whether the prefix says that reports come here.
fn user_of(before: &str) -> (&str, bool) {
    let is_word = |part: &str| WORDS.iter().any(|word| part.eq_ignore_ascii_case(word));
    if let Some((prefix, user)) = before.split_once('+') {
        return (user, prefix.split(SEPARATORS).any(is_word));
    }
    let mut rest = before;
    while let Some((part, behind)) = rest.split_once(SEPARATORS) {
        if is_word(part) {
            return (behind, true);
        }
        rest = behind;
    }
    (before, false)
}

/// The number of the message, which ezmlm and others put before the contact.
fn without_number(user: &str) -> &str {
    match user.split_once(['-', '+', '.']) {
        Some((number, rest)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => user,
    }
}

/// A dot-string (RFC 5321 section 4.1.2).
fn is_user(user: &str) -> bool {
    let forwarded = user
        .get(..FORWARDED.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(FORWARDED));
    let sound = user
        .split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atext));
    sound && !forwarded && user.len() <= MAX_LOCAL_PART
}

/// Labels with dots between them, the last of them no number.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        let inner = label.chars().all(|c| c == '-' || c.is_alphanumeric());
        inner && (1..=MAX_LABEL).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let top = domain.rsplit_once('.').map(|(_, top)| top);
    let topped = top.is_some_and(|top| top.len() > 1 && !top.bytes().all(|byte| byte.is_ascii_digit()));
    topped && domain.len() <= MAX_DOMAIN && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_return_paths_hint_at_their_contact() {
        for (return_path, hints) in [
            ("bounces+ann=example.org@lists.example.com", &["ann@example.org"][..]),
            ("Bounces+Ann.B=Example.ORG@lists.example.com", &["Ann.B@example.org"]),
            (
                "bounces+ann+tag=example.org@lists.example.com",
                &["ann+tag@example.org"],
            ),
            ("bounces+a=b=example.org@lists.example.com", &["a=b@example.org"]),
            ("bounces+ann_example.org@lists.example.com", &["ann@example.org"]),
            ("bounce-ann_b_mail.example.org@example.com", &["ann_b@mail.example.org"]),
            ("news-bounces+ann=example.org@lists.example.com", &["ann@example.org"]),
            ("news-bounces-ann=example.org@lists.example.com", &["ann@example.org"]),
            (
                "news-return-123-ann-marie=example.org@lists.example.com",
                &["ann-marie@example.org", "123-ann-marie@example.org"],
            ),
            ("ann=example.org@bounces.example.com", &["ann@example.org"]),
            ("bounces%2Bann%3Dexample.org@example.com", &["ann@example.org"]),
            (
                "SRS0=Hx7f=2B=lists.example.com=bounces+ann=example.org@relay.example.net",
                &["ann@example.org"],
            ),
            (
                "prvs=0123abcdef=bounces+ann=example.org@example.com",
                &["ann@example.org"],
            ),
            (
                "bounces+ann=xn--bcher-kva.example@example.com",
                &["ann@xn--bcher-kva.example"],
            ),
        ] {
            assert_eq!(contact_hints(return_path), hints, "{return_path}");
        }
    }

    #[test]
    fn other_return_paths_hint_at_nobody() {
        for return_path in [
            "",
            "<>",
            "bounces@example.com",
            "bounces+12345@example.com",
            "bounce-123-456@example.com",
            "bounces+12.34=56.78@example.com",
            "msgid-1763800000.77-ab12cd34@mail.example.com",
            "bounces+ann=localhost@example.com",
            "bounces+=example.org@example.com",
            "bounces+ann..b=example.org@example.com",
            "bounces+ann=-example.org@example.com",
            "bounces+ann=example..org@example.com",
            "john_smith.jr@example.com",
            "ann+newsletters_shop.example@example.com",
            "ann+caf_=bob=example.org@example.com",
            "prvs=0123abcdef=ann@example.com",
            "SRS0=Hx7f=2B=example.org=ann@relay.example.net",
        ] {
            assert_eq!(contact_hints(return_path), [""; 0], "{return_path}");
        }
    }

    proptest! {
        #[test]
        fn only_addresses_come_out(return_path in "(bounces?|news-return)?[+-]?[a-z0-9._=+%é\\\"-]{0,60}(@example\\.com)?") {
            for hint in contact_hints(&return_path) {
                let (user, domain) = hint.rsplit_once('@').expect("an address");
                prop_assert!(is_user(user) && is_domain(domain), "{hint}");
            }
        }
    }
}
