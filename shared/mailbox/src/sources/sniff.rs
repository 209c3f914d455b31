//! What a file is, by its first bytes.

use memchr::memchr;

/// The longest `From ` line: a sender of 254 bytes, a date, and what UUCP and Google put beside them. Anything longer
/// is text.
const MAX_FROM_LINE_BYTES: usize = 1000;

/// Fields of which every mail message has one, in lower case.
const KNOWN_FIELDS: [&[u8]; 14] = [
    b"received",
    b"from",
    b"date",
    b"return-path",
    b"message-id",
    b"delivered-to",
    b"to",
    b"subject",
    b"mime-version",
    b"content-type",
    b"x-original-to",
    b"envelope-to",
    b"reply-to",
    b"sender",
];

/// Whether a file that starts like this is an mbox (RFC 4155): it begins with a `From ` line.
pub(super) fn begins_mbox(start: &[u8]) -> bool {
    from_line(start, true).is_some()
}

/// Whether a file that starts like this is a mail message: it begins with a header (RFC 5322, section 2.2), and one of
/// the fields is one that mail has.
pub(super) fn looks_like_mail(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    // A message may have gone through a Mac of the last century, or through a form that dropped its line feeds.
    let line_end = if memchr(b'\n', start).is_some() { b'\n' } else { b'\r' };
    let mut known = false;
    for (number, line) in start.split(|&byte| byte == line_end).enumerate() {
        let folded = line.first().is_some_and(|&byte| byte == b' ' || byte == b'\t');
        if number > 0 && folded || number == 0 && is_quoted_from(line) {
            continue;
        }
        // What is no field is the empty line, the body, no mail at all, or where the look ahead ends.
        let Some(name) = field_name(line) else { break };
        known |= KNOWN_FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field));
    }
    known
}

/// The length of the `From ` line that `text` begins with, with its line end, if that line parts two messages.
///
/// Writers quote lines of a message that begin with `From `, but not all of them do, and readers that cut at every such
/// line cut letters in two ("From the desk of…"). So the line must look like one that a delivery agent writes:
///
/// - after an empty line (or at the start of the file): a sender and a date, or no more than a sender, or nothing
///   (Thunderbird), and then a header must follow;
/// - after any other line: a sender and a date, and a header must follow.
pub(super) fn from_line(text: &[u8], after_empty_line: bool) -> Option<usize> {
    let rest = text.strip_prefix(b"From ")?;
    let searched = rest.get(..MAX_FROM_LINE_BYTES).unwrap_or(rest);
    let end = match memchr(b'\n', searched) {
        Some(end) => end,
        None if searched.len() == rest.len() => rest.len(),
        None => return None,
    };
    let (line, next) = rest.split_at_checked(end)?;
    let next = next.strip_prefix(b"\n").unwrap_or(next);
    let length = text.len() - next.len();
    let dated = has_date(line);
    let bare = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .count()
        <= 1;
    let parts = match (after_empty_line, dated) {
        (true, true) => true,
        (false, true) => begins_header(next),
        (true, false) => bare && begins_header(next),
        (false, false) => false,
    };
    parts.then_some(length)
}

/// Whether `line` begins with one or more `>` and then `From `: a line of the message that the writer of the mbox quoted.
pub(super) fn is_quoted_from(line: &[u8]) -> bool {
    let depth = line.iter().take_while(|&&byte| byte == b'>').count();
    depth > 0 && line.get(depth..).is_some_and(|rest| rest.starts_with(b"From "))
}

/// Whether a line holds a date as `ctime` writes it, in any order of its parts: a day of the month, a time and a year.
fn has_date(line: &[u8]) -> bool {
    let words = || line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let time = words().any(|word| {
        matches!(word, [h1, h2, b':', m1, m2, ..] if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()))
            || matches!(word, [h, b':', m1, m2, ..] if [h, m1, m2].iter().all(|digit| digit.is_ascii_digit()))
    });
    let year = words().any(|word| matches!(word, [b'1' | b'2', rest @ ..] if rest.len() == 3 && digits(rest)));
    let month = words().any(|word| MONTHS.iter().any(|month| word.eq_ignore_ascii_case(month)));
    time && month && year
}

const MONTHS: [&[u8]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

fn digits(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_digit)
}

/// Whether a message's first line could be this: a header field, or a `From ` line of an older delivery.
fn begins_header(text: &[u8]) -> bool {
    field_name(text).is_some() || text.starts_with(b"From ") || is_quoted_from(text)
}

/// The name of the header field that `line` begins with (RFC 5322, section 3.6.8, and the white space before the colon
/// that section 4.5.8 allows).
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let end = line
        .iter()
        .position(|byte| !(0x21..=0x7e).contains(byte) || *byte == b':')?;
    let (name, rest) = line.split_at_checked(end)?;
    let colon = rest.trim_ascii_start().first() == Some(&b':');
    (!name.is_empty() && colon).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_from_line_is_what_delivery_agents_write() {
        for (line, after_empty_line, after_text) in [
            ("From bounce@example.com Thu Jan  1 00:00:00 2026", true, true),
            ("From MAILER-DAEMON Thu Jan  1 00:00:00 2026", true, true),
            ("From - Thu Jan 01 00:00:00 2026", true, true),
            ("From 1786@xxx Thu Jan 01 00:00:00 +0000 2026", true, true),
            ("From bounce@example.com Thu Jan  1 00:00 CET 2026", true, true),
            ("From bounce@example.com  Thu, 1 Jan 2026 00:00:00 +0100", true, true),
            ("From ", true, false),
            ("From -", true, false),
            ("From bounce@example.com", true, false),
            ("From the desk of the postmaster", false, false),
            ("From 10:00 on the office is closed", false, false),
            ("from bounce@example.com Thu Jan  1 00:00:00 2026", false, false),
            (">From bounce@example.com Thu Jan  1 00:00:00 2026", false, false),
            ("From: bounce@example.com", false, false),
        ] {
            for newline in ["\n", "\r\n"] {
                let text = format!("{line}{newline}Received: by mx{newline}");
                let length = line.len() + newline.len();
                assert_eq!(
                    from_line(text.as_bytes(), true),
                    after_empty_line.then_some(length),
                    "{line}"
                );
                assert_eq!(
                    from_line(text.as_bytes(), false),
                    after_text.then_some(length),
                    "{line}"
                );
            }
        }
    }

    #[test]
    fn without_a_header_behind_it_a_from_line_needs_a_date_and_an_empty_line() {
        let dated = b"From bob@example.com Thu Jan  1 00:00:00 2026\nI have moved.\n";
        assert!(from_line(dated, true).is_some());
        assert!(from_line(dated, false).is_none());
        assert!(from_line(b"From bob@example.com\nI have moved.\n", true).is_none());
    }

    #[test]
    fn a_from_line_without_end_is_text() {
        let endless = [
            b"From bob@example.com Thu Jan  1 00:00:00 2026 ".as_slice(),
            &[b'x'; 2000],
        ]
        .concat();
        assert!(from_line(&endless, true).is_none());
    }

    #[test]
    fn mail_is_told_from_other_files() {
        for (mail, start) in [
            (true, "Return-Path: <>\r\nReceived: by mx\r\n\r\nHello"),
            (true, "From: a@example.com\rTo: b@example.com\r\rHello"),
            (true, "\u{feff}Subject: hello\n\n"),
            (true, "\n\nX-Spam: no\n\tfolded: really\nDate : today\n\nHello"),
            (true, ">From a@example.com Thu Jan  1 00:00:00 2026\nReceived: by mx\n"),
            (false, ""),
            (false, "# Bounces\n\nFrom: the archive\n"),
            (false, "Title: a page\n\nSubject: none"),
            (false, "\u{89}PNG\r\n\u{1a}\n"),
            (false, "{\"from\": 1}"),
        ] {
            assert_eq!(looks_like_mail(start.as_bytes()), mail, "{start:?}");
        }
    }
}
