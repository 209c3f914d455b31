//! What the author wrote, without what they quote, forward or sign with.

use super::fold::fold;
use super::phrases::{FIELD_LABELS, FROM_LABELS, SEPARATORS, WROTE};
use crate::mime::lines_of;

/// Whoever asks for something or goes away says so in the first lines; lists of links and disclaimers follow.
const MAX_OWN_BYTES: usize = 8 << 10;
/// An attribution line is wrapped over this many lines at most.
const MAX_ATTRIBUTION_LINES: usize = 3;
/// And is no longer than this.
const MAX_ATTRIBUTION_BYTES: usize = 400;
/// The header block that Outlook copies follows its `From:` within this many lines.
const HEADER_BLOCK_LINES: usize = 5;
/// No label of a field is longer, in any language.
const MAX_LABEL_BYTES: usize = 40;

/// The author's own words.
#[derive(Debug)]
pub(super) struct Own {
    /// Line by line, quoted lines and everything from the signature on left out.
    pub(super) text: String,
    /// Whether anything was quoted.
    pub(super) quotes: bool,
    /// Whether anything was left out: quoted, signed, or past the limit.
    pub(super) is_part: bool,
}

/// Takes quoted text, forwarded messages and the signature away from `text`.
pub(super) fn own(text: &str) -> Own {
    let mut lines: Vec<&str> = lines_of(within(text)).collect();
    lines.pop_if(|last| last.is_empty());
    for line in &mut lines {
        *line = line.trim_end();
    }
    let mut own = Own {
        text: String::new(),
        quotes: false,
        is_part: within(text).len() < text.len(),
    };
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let rest = lines.get(at..).unwrap_or_default();
        if line.trim_start().starts_with('>') {
            own.quotes = true;
            at += 1;
            continue;
        }
        if let Some(length) = attribution(rest) {
            own.quotes = true;
            let after = rest.get(length..).unwrap_or_default();
            let marked = after
                .iter()
                .find(|line| !line.trim().is_empty())
                .is_some_and(|line| line.trim_start().starts_with('>'));
            if !marked {
                break;
            }
            at += length;
            continue;
        }
        if is_separator(line) || starts_header_block(rest) {
            own.quotes = true;
            break;
        }
        if is_signature_mark(line) && !own.text.trim().is_empty() {
            own.is_part = true;
            break;
        }
        own.text.push_str(line);
        own.text.push('\n');
        at += 1;
    }
    own.is_part |= own.quotes;
    own
}

fn within(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_OWN_BYTES)).unwrap_or(text)
}

/// RFC 3676 section 4.3, with or without its trailing space.
fn is_signature_mark(line: &str) -> bool {
    line == "--"
}

/// How many of the lines, which end with no blank, the introduction of a quotation takes that starts here: "On Monday,
/// Ann wrote:".
fn attribution(lines: &[&str]) -> Option<usize> {
    let mut last = 0;
    for (at, line) in lines.iter().take(MAX_ATTRIBUTION_LINES).enumerate() {
        if line.is_empty() {
            return None;
        }
        last = at;
        if line.ends_with([':', '：']) {
            break;
        }
    }
    let span = lines.get(..=last)?;
    if !span.last()?.ends_with([':', '：']) || !is_attribution(&span.join(" ")) {
        return None;
    }
    // A wrapped one starts with its date; the line above it is the author's.
    let starts_later = (1..span.len()).any(|at| {
        let later = span.get(at..).unwrap_or_default();
        is_dated(later.first().unwrap_or(&"")) && is_attribution(&later.join(" "))
    });
    let starts_here = span.len() == 1 || (is_dated(span.first()?) && !starts_later);
    starts_here.then_some(span.len())
}

/// Whether it holds as many digits as a date does.
fn is_dated(line: &str) -> bool {
    line.bytes().filter(u8::is_ascii_digit).count() >= 3
}

/// Whether a line that ends in a colon introduces a quotation: somebody wrote, and a date or address says who and when.
fn is_attribution(line: &str) -> bool {
    let dated = is_dated(line);
    if line.len() > MAX_ATTRIBUTION_BYTES || (!dated && !line.contains('@')) {
        return false;
    }
    let folded = fold(line, MAX_ATTRIBUTION_BYTES);
    let folded = folded.trim_end_matches([':', ' ']);
    // Some languages have no verb there: "2026年11月1日(日) 10:00 Ann <ann@example.com>:".
    (dated && folded.ends_with('>'))
        || WROTE.iter().any(|wrote| {
            folded.match_indices(wrote).any(|(at, _)| {
                let before = folded.get(..at).and_then(|head| head.chars().next_back());
                let after = folded.get(at + wrote.len()..).and_then(|tail| tail.chars().next());
                let apart = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
                !wrote.is_ascii() || (apart(before) && apart(after))
            })
        })
}

/// `-----Original Message-----` and its like.
fn is_separator(line: &str) -> bool {
    let line = line.trim();
    if line.is_empty() || line.len() > 160 {
        return false;
    }
    let drawn = line.starts_with("--") || line.starts_with("==") || line.starts_with("__") || line.starts_with("**");
    let apple = line.ends_with(':');
    if !drawn && !apple {
        return false;
    }
    let folded = fold(line, 200);
    let words = folded.trim_matches(|c: char| matches!(c, '-' | '_' | '=' | '*' | ' ' | ':' | '>'));
    SEPARATORS.iter().any(|separator| {
        words == *separator || (drawn && words.starts_with(separator)) || (drawn && words.ends_with(separator))
    })
}

/// `From: … / Sent: … / To: … / Subject: …` copied from another message, in the mailer's language.
fn starts_header_block(lines: &[&str]) -> bool {
    let Some(first) = lines.first() else {
        return false;
    };
    if !has_label(first, &FROM_LABELS) {
        return false;
    }
    let fields = lines
        .iter()
        .skip(1)
        .take(HEADER_BLOCK_LINES)
        .filter(|line| has_label(line, &FIELD_LABELS))
        .count();
    fields >= 2
}

fn has_label(line: &str, labels: &[&str]) -> bool {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || c == '*' || c == '>');
    let near = line
        .get(..line.floor_char_boundary(MAX_LABEL_BYTES + 3))
        .unwrap_or(line);
    let colon = memchr::memchr(b':', near.as_bytes());
    let wide = if near.is_ascii() { None } else { near.find('：') };
    let colon = [colon, wide].into_iter().flatten().min();
    let Some(label) = colon
        .filter(|colon| *colon <= MAX_LABEL_BYTES)
        .and_then(|end| near.get(..end))
    else {
        return false;
    };
    let folded = fold(label, 80);
    let folded = folded.trim_end_matches(|c: char| c == '*' || c.is_whitespace());
    labels.binary_search(&folded).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_authors_words_stay() {
        let quoted = "Unsubscribe here\nmore";
        for (what, text) in [
            (
                "marked",
                "mine\n\nOn Mon, 2 Nov 2026 at 10:00, News <news@example.org> wrote:\n> Unsubscribe here\n",
            ),
            (
                "unmarked",
                "mine\n\nOn Mon, 2 Nov 2026, News wrote:\n\nUnsubscribe here\nmore",
            ),
            (
                "wrapped",
                "mine\nOn Mon, 2 Nov 2026 at 10:00, Example Weekly News\n<news@example.org> wrote:\n\nUnsubscribe here",
            ),
            ("german", "mine\nAm 02.11.2026 um 10:00 schrieb News:\nUnsubscribe here"),
            (
                "french",
                "mine\nLe lun. 2 nov. 2026 à 10:00, News <news@example.org> a écrit :\nUnsubscribe here",
            ),
            (
                "japanese",
                "mine\n2026年11月2日(月) 10:00 News <news@example.org>:\nUnsubscribe here",
            ),
            (
                "chinese",
                "mine\nNews <news@example.org> 于2026年11月2日周一 10:00写道：\nUnsubscribe here",
            ),
            (
                "korean",
                "mine\n2026년 11월 2일 (월) 오전 10:00, News <news@example.org>님이 작성:\nUnsubscribe here",
            ),
            (
                "russian",
                "mine\nпн, 2 нояб. 2026 г. в 10:00, News <news@example.org>:\nUnsubscribe here",
            ),
            (
                "outlook",
                "mine\n________________________________\nFrom: News\nSent: Monday\nTo: me\nSubject: x\n\nUnsubscribe here",
            ),
            (
                "outlook german",
                "mine\nVon: News\nGesendet: Montag\nAn: ich\nBetreff: x\n\nUnsubscribe here",
            ),
            (
                "outlook bold",
                "mine\n*From:* News\n*Sent:* Monday\n*To:* me\n*Subject:* x\n\nUnsubscribe here",
            ),
            (
                "outlook spanish",
                "mine\nDe: News\nEnviado el: lunes\nPara: yo\nAsunto: x\nUnsubscribe here",
            ),
            ("original message", "mine\n-----Original Message-----\nUnsubscribe here"),
            (
                "original german",
                "mine\n-----Ursprüngliche Nachricht-----\nUnsubscribe here",
            ),
            (
                "forwarded",
                "mine\n---------- Forwarded message ---------\nUnsubscribe here",
            ),
            ("apple", "mine\nBegin forwarded message:\nUnsubscribe here"),
        ] {
            let own = own(text);
            assert_eq!(own.text.trim().trim_matches('_').trim(), "mine", "{what}");
            assert!(own.quotes, "{what}: {quoted}");
        }
    }

    #[test]
    fn answers_between_quoted_lines_stay() {
        let own = own("On 2 Nov 2026, Ann wrote:\n> one?\nyes\n> two?\nno\n-- \nAnn\n");
        assert_eq!(own.text, "yes\nno\n");
    }

    #[test]
    fn ordinary_lines_are_no_quotation() {
        for text in [
            "Please note the following 3 points in 2026:\none",
            "From: here on it is easy\nand more\nand more",
            "My new address is ann@example.com:\nthanks",
            "--\nonly a signature",
        ] {
            let own = own(text);
            assert_eq!(own.text.trim(), text.trim(), "{text:?}");
            assert!(!own.quotes, "{text:?}");
        }
    }
}
