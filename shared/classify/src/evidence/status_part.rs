//! Delivery-status fields (RFC 3464, RFC 6533), also where they stand in plain text or were badly grouped.

use std::borrow::Cow;

use super::words::{MAX_WORDS_BYTES, Words};
use super::{Codes, Evidence, Outcome, Source};
use crate::mime::{lines_of, split_once, trim};
use crate::words::{Address, EnhancedStatus};

/// Recipients of one report; a list of a thousand members fits, a bomb does not.
const MAX_RECIPIENTS: usize = 2_000;

/// The fields that say something; all but the first are about one recipient.
const FIELDS: [&str; 8] = [
    "reporting-mta",
    "final-recipient",
    "original-recipient",
    "action",
    "status",
    "diagnostic-code",
    "remote-mta",
    "x-actual-recipient",
];

/// A delivery-status part.
#[derive(Debug, Default)]
pub(crate) struct StatusReport {
    /// `Reporting-MTA` without its type.
    pub(crate) reporting_mta: Option<String>,
    /// One for each group of per-recipient fields.
    pub(crate) recipients: Vec<Evidence>,
}

/// Reads the fields in `text`. Groups are told apart by blank lines and by fields that come again, because some
/// software forgets the former.
pub(crate) fn read_status_part(text: &str) -> StatusReport {
    let mut report = StatusReport::default();
    let mut group: Option<Evidence> = None;
    let mut after_blank = false;
    let mut lines = lines_of(text).peekable();
    while let Some(line) = lines.next() {
        let trimmed = trim(line);
        if trimmed.is_empty() {
            after_blank = true;
            continue;
        }
        let Some((name, value)) = split_once(trimmed, b':').filter(|(name, _)| is_field_name(name.trim_end())) else {
            continue;
        };
        let name = name.trim_end();
        let spills = name.eq_ignore_ascii_case("diagnostic-code");
        // Continuation lines begin with white space, and in damaged reports with nothing: those end at the next field.
        let indented = is_indented(line);
        let mut value = Cow::Borrowed(trim(value));
        while let Some(next) = lines.peek() {
            let goes_on = is_indented(next) && !indented || spills && !has_field(next);
            let next = trim(next);
            if !goes_on || next.is_empty() || value.len() > MAX_WORDS_BYTES {
                break;
            }
            let value = value.to_mut();
            value.push(' ');
            value.push_str(next);
            lines.next();
        }
        let known = FIELDS.iter().copied().find(|known| known.eq_ignore_ascii_case(name));
        let Some(name) = known else { continue };
        match name {
            "reporting-mta" if report.reporting_mta.is_none() => report.reporting_mta = host(&value),
            "reporting-mta" => {}
            _ => {
                let again = group
                    .as_ref()
                    .is_some_and(|group| has_already(group, name, after_blank));
                if again && let Some(done) = group.take() {
                    push(&mut report.recipients, done);
                }
                let group = group.get_or_insert_with(|| Evidence::new(Source::StatusField));
                fill(group, name, &value);
                after_blank = false;
            }
        }
    }
    if let Some(done) = group {
        push(&mut report.recipients, done);
    }
    report
}

/// `type; address` of a recipient field, its encoding undone. Types that are no mail addresses name nobody.
pub(crate) fn recipient_address(value: &str) -> Option<Address> {
    let (kind, address) = match split_once(value, b';') {
        Some((kind, address)) if !kind.contains('@') => (trim(kind), trim(address)),
        _ => ("rfc822", trim(value)),
    };
    if address.is_empty() {
        return None;
    }
    // `rfc822; Ann <ann@example.com>`, `rfc822;<ann@example.com> (comment)`
    let inner = match (address.rfind('<'), address.rfind('>')) {
        (Some(open), Some(close)) if open < close => address.get(open + 1..close).unwrap_or(address),
        _ => address.split(" (").next().unwrap_or(address),
    };
    let inner = trim(inner).trim_end_matches([',', ';']).trim_matches('\'');
    let decoded = if kind.eq_ignore_ascii_case("utf-8") || inner.contains("\\x{") {
        unitext(inner)
    } else {
        xtext(inner)
    };
    Address::parse(&decoded)
}

fn is_field_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 40
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_indented(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

fn has_field(line: &str) -> bool {
    split_once(line, b':').is_some_and(|(name, _)| {
        let name = trim(name);
        let bare = ["action", "status"].iter().any(|bare| bare.eq_ignore_ascii_case(name));
        bare || is_field_name(name) && name.contains('-')
    })
}

fn has_already(group: &Evidence, name: &str, after_blank: bool) -> bool {
    match name {
        "final-recipient" => group.recipient.is_some(),
        "original-recipient" => group.original.is_some() || after_blank && group.recipient.is_some(),
        "action" => group.outcome.is_some() && after_blank,
        "status" => group.status.is_some() && after_blank,
        _ => false,
    }
}

fn fill(group: &mut Evidence, name: &str, value: &str) {
    match name {
        "final-recipient" => group.recipient = recipient_address(value),
        "original-recipient" => group.original = recipient_address(value),
        "x-actual-recipient" if group.recipient.is_none() => group.recipient = recipient_address(value),
        "action" => group.outcome = Outcome::named(value),
        "status" => {
            // `5.1.1 (bad destination mailbox address)`, and now and then only `5.1`.
            let code = value
                .split(|c: char| !(c.is_ascii_digit() || c == '.'))
                .next()
                .unwrap_or_default();
            group.status = EnhancedStatus::read(code).or_else(|| Codes::find(value).status);
            if value.len() > code.len() + 3 && group.words.is_empty() {
                // The comment is the only explanation some reports have; a diagnostic replaces it.
                group.words.append(
                    value
                        .get(code.len()..)
                        .unwrap_or_default()
                        .trim()
                        .trim_start_matches('(')
                        .trim_end_matches(')'),
                );
            }
        }
        "remote-mta" => group.remote_mta = host(value),
        "diagnostic-code" => {
            let words = match split_once(value, b';') {
                Some((kind, words)) if kind.len() <= 24 && !kind.trim().contains(' ') => words,
                _ => value,
            };
            group.words = Words::from(words);
        }
        _ => {}
    }
}

fn push(recipients: &mut Vec<Evidence>, mut group: Evidence) {
    let says_nothing =
        group.recipient.is_none() && group.original.is_none() && group.outcome.is_none() && group.status.is_none();
    if says_nothing || recipients.len() >= MAX_RECIPIENTS {
        return;
    }
    if group.recipient.is_none() {
        group.recipient.clone_from(&group.original);
    }
    recipients.push(group);
}

/// `dns; mx.example.com (192.0.2.1)` without the type.
fn host(value: &str) -> Option<String> {
    let name = split_once(value, b';').map_or(value, |(_, name)| name);
    let name = trim(name)
        .split([' ', '\t'])
        .next()
        .unwrap_or_default()
        .trim_matches(['[', ']', '"']);
    (!name.is_empty() && name.len() <= 255).then(|| name.to_owned())
}

/// RFC 3461 section 4: `+2B` and `+3D` are the only characters that need encoding; anything else after a plus is a
/// sub-address and stays.
fn xtext(text: &str) -> String {
    if !text.contains("+2B") && !text.contains("+3D") {
        return text.to_owned();
    }
    text.replace("+2B", "+").replace("+3D", "=")
}

/// RFC 6533 section 3: `\x{E9}` is the character U+00E9.
fn unitext(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("\\x{") {
        out.push_str(before);
        let decoded = tail.split_once('}').and_then(|(digits, after)| {
            let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
            Some((c, after))
        });
        if let Some((c, after)) = decoded {
            out.push(c);
            rest = after;
        } else {
            out.push_str("\\x{");
            rest = tail;
        }
    }
    out.push_str(rest);
    xtext(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_decoded() {
        for (value, expected) in [
            ("rfc822; ann@example.com", Some("ann@example.com")),
            ("RFC822;<ann@example.com>", Some("ann@example.com")),
            ("rfc822; Ann Example <ann@example.com>", Some("ann@example.com")),
            ("rfc822; ann+2Btag@example.com", Some("ann+tag@example.com")),
            ("rfc822; ann+ABtag@example.com", Some("ann+ABtag@example.com")),
            ("utf-8; j\\x{F6}rg@example.com", Some("jörg@example.com")),
            ("utf-8; 用户@例子.example", Some("用户@例子.example")),
            ("ann@example.com", Some("ann@example.com")),
            ("rfc822;screenname", Some("screenname")),
            ("rfc822;", None),
        ] {
            assert_eq!(
                recipient_address(value).as_ref().map(Address::as_str),
                expected,
                "{value:?}"
            );
        }
    }

    #[test]
    fn groups_are_told_apart_with_and_without_blank_lines() {
        let spaced = "Reporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; a@example.com\nAction: failed\nStatus: 5.1.1\n\
            Diagnostic-Code: smtp; 550 5.1.1 no\n such user\n\nOriginal-Recipient: rfc822;b@example.com\nFinal-Recipient: rfc822; b2@example.com\nAction: delayed (later)\nStatus: 4.4.1\n";
        for text in [
            spaced.to_owned(),
            spaced
                .replace("\n\nOriginal-Recipient: rfc822;b@example.com", "")
                .replace("\n\n", "\n"),
        ] {
            let report = read_status_part(&text);
            assert_eq!(report.reporting_mta.as_deref(), Some("mx.example.com"));
            let read: Vec<_> = report
                .recipients
                .iter()
                .map(|e| (e.recipient.as_ref().map(Address::as_str), e.outcome, &*e.words))
                .collect();
            assert_eq!(
                read,
                [
                    (Some("a@example.com"), Some(Outcome::Failed), "550 5.1.1 no such user"),
                    (Some("b2@example.com"), Some(Outcome::Delayed), "")
                ]
            );
        }
    }
}
