//! Reply codes and enhanced status codes in running text, told apart from addresses, versions and queue ids.

use crate::words::{EnhancedStatus, ReplyCode};

/// The codes of one server's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Codes {
    pub(crate) reply: Option<ReplyCode>,
    pub(crate) status: Option<EnhancedStatus>,
}

/// How sure it is that a number is the code it looks like.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    Standing,
    Marked,
    Paired,
}

impl Codes {
    /// Finds them in `text`: a pair (`550 5.1.1`) before a marked one (`#5.1.1`, `said: 550`) before one that merely
    /// stands there; the first of equals. Failures (4xx, 5xx) only.
    pub(crate) fn find(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut reply: Option<(Sure, ReplyCode)> = None;
        let mut status: Option<(Sure, EnhancedStatus)> = None;
        let mut at = 0;
        while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'4', b'5', rest)) {
            let start = at + found;
            at = start + 1;
            let before = start.checked_sub(1).and_then(|i| bytes.get(i)).copied();
            if before.is_some_and(|b| {
                b.is_ascii_alphanumeric()
                    || matches!(b, b'.' | b'_' | b'@' | b'%' | b'+')
                    || b >= 0x80 && !starts_after_wide(text, start)
            }) {
                at = skip_number(bytes, at);
                continue;
            }
            if let Some((code, end)) = status_at(text, start) {
                at = end;
                if is_version(text, start) {
                    continue;
                }
                let sure = match before {
                    None | Some(b'#' | b'(' | b'[' | b'\n') => Sure::Marked,
                    _ if follows_label(text, start) => Sure::Marked,
                    _ => Sure::Standing,
                };
                if status.is_none_or(|(known, _)| sure > known) {
                    status = Some((sure, code));
                }
            } else if let Some((code, end)) = reply_at(text, start) {
                at = end;
                // `550 5.1.1`, `550-5.1.1`, `550 #5.1.1`, `550: 5.1.1`
                let tail = text.get(end..).unwrap_or_default();
                let gap = tail
                    .bytes()
                    .take(3)
                    .take_while(|b| matches!(b, b' ' | b'-' | b'#' | b':' | b'(' | b'[' | b'/' | b'\''))
                    .count();
                if let Some((pair, pair_end)) = status_at(text, end + gap).filter(|_| gap > 0) {
                    at = pair_end;
                    if status.is_none_or(|(known, _)| Sure::Paired > known) {
                        status = Some((Sure::Paired, pair));
                    }
                    if reply.is_none_or(|(known, _)| Sure::Paired > known) {
                        reply = Some((Sure::Paired, code));
                    }
                    continue;
                }
                let starts_line = matches!(before, None | Some(b'\n'));
                let marked = starts_line
                    || follows_label(text, start)
                    || matches!(before, Some(b'[' | b'#' | b'(' | b'<' | b'"' | b'\''));
                let sure = if marked { Sure::Marked } else { Sure::Standing };
                if reply.is_none_or(|(known, _)| sure > known) && (marked || has_reply_company(text, start, end)) {
                    reply = Some((sure, code));
                }
            } else {
                at = skip_number(bytes, at);
            }
        }
        Self {
            reply: reply.map(|(_, code)| code),
            status: status.map(|(_, code)| code),
        }
    }
}

/// A multi-byte character before a code is punctuation or text of a language without spaces, never part of a number.
fn starts_after_wide(text: &str, start: usize) -> bool {
    text.get(..start)
        .and_then(|before| before.chars().next_back())
        .is_some_and(|c| !c.is_ascii())
}

fn skip_number(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'.') {
        at += 1;
    }
    at
}

/// An enhanced status of class 4 or 5 at `start`, and where it ends.
fn status_at(text: &str, start: usize) -> Option<(EnhancedStatus, usize)> {
    let rest = text.get(start..)?;
    let len = rest
        .bytes()
        .take_while(|b| b.is_ascii_digit() || *b == b'.')
        .take(12)
        .count();
    let candidate = rest.get(..len)?;
    let candidate = candidate.strip_suffix('.').unwrap_or(candidate);
    let code = EnhancedStatus::read(candidate).filter(|code| !code.is_success())?;
    let after = rest.as_bytes().get(candidate.len()).copied();
    if after.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'@') {
        return None;
    }
    // A date or an amount, not a code.
    (code.subject <= 9).then_some((code, start + candidate.len()))
}

/// A reply code at `start`, and where it ends.
fn reply_at(text: &str, start: usize) -> Option<(ReplyCode, usize)> {
    let code = ReplyCode::read(text.get(start..start + 3)?)?;
    let mut after = text.get(start + 3..)?.bytes();
    match (after.next(), after.next()) {
        (Some(b), _) if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'@' | b'%') => None,
        (Some(b'.' | b','), Some(b)) if b.is_ascii_digit() => None,
        (Some(b'-'), Some(b))
            if b.is_ascii_digit() && text.get(start + 4..).is_none_or(|t| status_at(t, 0).is_none()) =>
        {
            None
        }
        (Some(b'/'), Some(b))
            if b.is_ascii_digit() && text.get(start + 4..).is_none_or(|t| status_at(t, 0).is_none()) =>
        {
            None
        }
        _ => Some((code, start + 3)),
    }
}

/// Words after which a number is what it says.
fn follows_label(text: &str, start: usize) -> bool {
    const LABELS: &[&str] = &[
        "said:",
        "said",
        "error:",
        "error",
        "code:",
        "code",
        "status:",
        "status",
        "smtp;",
        "reason:",
        "response:",
        "reply:",
        "<<<",
        "command:",
        "responded:",
        "message:",
        "error_code",
        "]:",
        "):",
        "returned",
        "smtp",
        "x-postfix;",
        "was:",
        "response",
        "replied:",
        "answer:",
        "fehler",
        "diagnostic:",
        "with:",
        "mit:",
        "data):",
        "command)",
        "kod błędu",
        "fehlercode",
        "code d'erreur",
        "código de error",
        "código do erro",
        "código de erro",
        "codice errore",
        "codice di errore",
        "foutcode",
        "felkod",
        "chybový kód",
        "код ошибки",
        "код помилки",
        "エラーコード",
        "错误代码",
        "錯誤代碼",
    ];
    let from = text.floor_char_boundary(start.saturating_sub(24));
    let before = text
        .get(from..start)
        .unwrap_or_default()
        .trim_end_matches([' ', '\t', '"', '\'', '(', '[', '=', ':']);
    let with_colon = text.get(from..start).unwrap_or_default().trim_end();
    let windows: &[&str] = if before.len() == with_colon.len() {
        &[before]
    } else {
        &[before, with_colon]
    };
    windows.iter().any(|window| {
        let last = window.bytes().next_back().map(|last| last.to_ascii_lowercase());
        let ending = LABELS.iter().filter(|label| label.bytes().next_back() == last);
        ending.into_iter().any(|label| {
            let tail = window.len().checked_sub(label.len()).and_then(|at| window.get(at..));
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case(label))
        })
    })
}

/// A lone number counts as a reply code only when words follow it, as they do in a reply.
fn has_reply_company(text: &str, start: usize, end: usize) -> bool {
    let after = text.get(end..).unwrap_or_default();
    let mut rest = after.bytes();
    let separator = matches!(rest.next(), Some(b' ' | b'-' | b':' | b';'));
    let word = after.trim_start_matches([' ', '-', ':', ';']).chars().next();
    let units = [
        "bytes",
        "kb",
        "mb",
        "messages",
        "recipients",
        "seconds",
        "minutes",
        "hours",
        "days",
        "lines",
        "characters",
        "port",
        "octets",
    ];
    let unit = after.split_ascii_whitespace().next().is_some_and(|w| {
        units
            .iter()
            .any(|u| u.eq_ignore_ascii_case(w.trim_end_matches(['.', ',', ';', ')'])))
    });
    let from = text.floor_char_boundary(start.saturating_sub(6));
    let port = text.as_bytes().get(from..start).is_some_and(|before| {
        let mut fours = before.windows(4);
        fours.any(|four| four.eq_ignore_ascii_case(b"port"))
    });
    separator
        && !unit
        && !port
        && word.is_some_and(|c| c.is_alphabetic() || matches!(c, '<' | '[' | '(' | '"' | '\'' | '*' | '#'))
}

/// `Exim 4.94.2`, `version 5.1.2`: software, not a status.
fn is_version(text: &str, start: usize) -> bool {
    const SOFTWARE: &[&str] = &[
        "exim",
        "postfix",
        "sendmail",
        "version",
        "ver",
        "v",
        "server",
        "smtpd",
        "release",
        "build",
        "mdaemon",
        "service",
        "mail",
        "client",
        "agent",
        "rev",
        "qmail",
        "php",
        "hmailserver",
        "exchange",
    ];
    let from = text.floor_char_boundary(start.saturating_sub(16));
    let Some(before) = text.get(from..start) else {
        return false;
    };
    let word = before
        .trim_end_matches([' ', '/', '(', '-', '.'])
        .rsplit(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or_default();
    !word.is_empty() && SOFTWARE.iter().any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_from_other_numbers() {
        for (text, reply, status) in [
            (
                "550 5.1.1 <ann@example.com>... User unknown",
                Some("550"),
                Some("5.1.1"),
            ),
            ("smtp; 550-5.1.1 no", Some("550"), Some("5.1.1")),
            ("host mx.example.com[192.0.2.55] said: 554 refused", Some("554"), None),
            ("Sorry, no mailbox here by that name. (#5.1.1)", None, Some("5.1.1")),
            ("running Exim 4.94.2 said 450 later", Some("450"), None),
            ("from 5.1.1.5 port 587 refused", None, None),
            ("id 5501234 at 12:45:51, 552 bytes", None, None),
            ("Remote host said: 552 Error: quota", Some("552"), None),
            ("<<< 550-Mailbox unknown", Some("550"), None),
            ("#5.2.2 smtp;552 over quota", Some("552"), Some("5.2.2")),
            ("user450@example.com and 5.1.1x", None, None),
            ("250 OK then 421 4.4.2 timeout", Some("421"), Some("4.4.2")),
            (
                "5.1.0 - Unknown address error 550-'5.7.1 Access denied'",
                Some("550"),
                Some("5.7.1"),
            ),
            ("", None, None),
        ] {
            let found = Codes::find(text);
            assert_eq!(found.reply, reply.and_then(|code| code.parse().ok()), "{text:?}");
            assert_eq!(found.status, status.and_then(|code| code.parse().ok()), "{text:?}");
        }
    }
}
