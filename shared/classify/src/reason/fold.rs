//! Text made comparable: the server's words without the accidents of case, accents, wrapping and quoting, and without
//! whatever somebody else chose (addresses, links, host names), which may contain any word at all.
//!
//! Phrases of the rules go through [`fold_phrase`], texts through [`fold`]; what is equal afterwards is meant to be equal.

use std::ops::Range;

use super::accents::plain;
use crate::words::EnhancedStatus;

/// How much of a text is looked at. Diagnostics are short; only garbage is longer, and the reason is said first.
pub(super) const MAX_TEXT: usize = 32 * 1024;

/// How far the end of a subject is looked for: a line as long as mail may have (RFC 5322 section 2.1.1).
const MAX_SUBJECT: usize = 998;

/// Stands for an address that was masked; rules write `{addr}`.
const ADDR: char = '\u{E000}';
/// Stands for a host name; rules write `{host}`.
const HOST: char = '\u{E001}';
/// Stands for an IP address; rules write `{ip}`.
const IP: char = '\u{E002}';
/// Stands for a link; rules write `{link}`.
const LINK: char = '\u{E003}';

/// What a rule author writes for a masked piece, and what stands for it inside.
const PLACEHOLDERS: [(&str, char); 4] = [("{addr}", ADDR), ("{host}", HOST), ("{ip}", IP), ("{link}", LINK)];

/// A text in the form that phrases are matched against.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// The words: lower case, single spaces, codes and names taken out.
    pub(super) prose: String,
    /// The host names and links that were taken out, lower case, one a line.
    pub(super) names: String,
    /// The first enhanced status code that stood in the text.
    pub(super) status: Option<EnhancedStatus>,
    /// Where in the original the output stopped running in step with it: (offset in prose, offset in the text).
    anchors: Vec<(usize, usize)>,
}

impl Folded {
    /// Adds a name to those that were taken out.
    pub(super) fn add_name(&mut self, name: &str) {
        let from = self.names.len();
        self.names.reserve(name.len() + 64);
        self.names.push_str(name);
        if let Some(added) = self.names.get_mut(from..) {
            added.make_ascii_lowercase();
        }
        self.names.push('\n');
    }

    /// The original's words behind a range of the prose, white space folded.
    pub(super) fn original(&self, text: &str, range: Range<usize>) -> String {
        let from = self.origin(range.start);
        // The end of the last character, not the start of whatever comes behind a mask.
        let last = self.prose.get(..range.end).and_then(|p| p.char_indices().next_back());
        let mut to = last.map_or(from, |(at, _)| self.origin(at));
        to += text.get(to..).and_then(|t| t.chars().next()).map_or(0, char::len_utf8);
        let end_of_mask = text.get(to..).map_or(0, |rest| {
            let masked = last.is_some_and(|(_, c)| PLACEHOLDERS.iter().any(|&(_, mask)| mask == c));
            if masked {
                rest.find(char::is_whitespace).unwrap_or(rest.len())
            } else {
                0
            }
        });
        let words = text.get(from..to + end_of_mask).unwrap_or_default();
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The offset in the text that a byte of the prose came from.
    fn origin(&self, at: usize) -> usize {
        let after = self.anchors.partition_point(|&(out, _)| out <= at);
        after
            .checked_sub(1)
            .and_then(|i| self.anchors.get(i))
            .map_or(at, |&(out, origin)| origin + (at - out))
    }
}

/// Folds a text and takes out what is not the server's own wording.
pub(super) fn fold(text: &str) -> Folded {
    let text = text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default();
    let mut folder = Folder::new(text);
    let mut at = 0;
    while let Some(c) = char_at(text, at) {
        if c.is_whitespace() {
            folder.space();
            at += c.len_utf8();
            continue;
        }
        if matches!(c, 's' | 'S') && folder.space_before() && starts_with_ignore_case(text, at, "subject:") {
            // The original's subject is the sender's wording, whatever it says.
            at += subject_length(rest(text, at));
            folder.space();
            continue;
        }
        let word = plain_word(rest(text, at));
        if word > 0 {
            folder.word(at, at + word);
            at += word;
        } else if u8::try_from(c).is_ok_and(is_run) {
            let length = rest(text, at).bytes().position(|byte| !is_run(byte));
            let end = length.map_or(text.len(), |length| at + length);
            folder.run(at, end);
            at = end;
        } else {
            folder.character(at, c);
            at += c.len_utf8();
        }
    }
    folder.out
}

/// Folds a phrase of a rule: as [`fold`], but nothing is masked and placeholders become what they stand for.
pub(super) fn fold_phrase(phrase: &str) -> String {
    let mut folder = Folder::new(phrase);
    let mut at = 0;
    while let Some(c) = char_at(phrase, at) {
        if let Some(&(name, mask)) = PLACEHOLDERS.iter().find(|(name, _)| rest(phrase, at).starts_with(name)) {
            folder.space();
            folder.emit(at, mask);
            folder.space();
            at += name.len();
        } else if c.is_whitespace() {
            folder.space();
            at += c.len_utf8();
        } else if let word @ 1.. = plain_word(rest(phrase, at)) {
            folder.word(at, at + word);
            at += word;
        } else {
            folder.character(at, c);
            at += c.len_utf8();
        }
    }
    folder.out.prose
}

/// Puts what stands for masked pieces into a pattern.
pub(super) fn fold_pattern(pattern: &str) -> String {
    PLACEHOLDERS
        .iter()
        .fold(pattern.to_owned(), |p, (name, mask)| p.replace(name, &mask.to_string()))
}

/// Whether words of this script are written without spaces between them.
pub(super) const fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0E7F}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}')
}

struct Folder<'t> {
    text: &'t str,
    out: Folded,
    space: bool,
    last: Option<char>,
    expected: usize,
}

impl<'t> Folder<'t> {
    fn new(text: &'t str) -> Self {
        let out = Folded {
            prose: String::with_capacity(text.len() + 8),
            anchors: Vec::with_capacity(32),
            ..Folded::default()
        };
        Self {
            text,
            out,
            space: false,
            last: None,
            expected: 0,
        }
    }

    fn space(&mut self) {
        self.space = true;
    }

    /// Whether a new word begins here.
    fn space_before(&self) -> bool {
        self.space || self.last.is_none()
    }

    /// Writes one folded character that came from `at`.
    fn emit(&mut self, at: usize, c: char) {
        if std::mem::take(&mut self.space) && self.last.is_some_and(|last| !(is_unspaced(last) && is_unspaced(c))) {
            self.anchor(at);
            self.out.prose.push(' ');
            self.expected += 1;
        }
        self.anchor(at);
        self.out.prose.push(c);
        self.last = Some(c);
        self.expected = at + c.len_utf8();
    }

    /// A word of plain ASCII letters and the punctuation behind it, in one piece.
    fn word(&mut self, start: usize, end: usize) {
        let Some(word) = self.text.get(start..end) else { return };
        if std::mem::take(&mut self.space) && self.last.is_some() {
            self.anchor(start);
            self.out.prose.push(' ');
            self.expected += 1;
        }
        self.anchor(start);
        let from = self.out.prose.len();
        self.out.prose.push_str(word);
        if let Some(tail) = self.out.prose.get_mut(from..) {
            tail.make_ascii_lowercase();
        }
        self.last = word.chars().next_back().map(|c| c.to_ascii_lowercase());
        self.expected = end;
    }

    fn anchor(&mut self, at: usize) {
        if at != self.expected {
            self.out.anchors.push((self.out.prose.len(), at));
            self.expected = at;
        }
    }

    /// One character of prose.
    fn character(&mut self, at: usize, c: char) {
        match c {
            // Marks that quote or bracket carry no meaning here, and joined words are written in every way.
            '<' | '>' | '"' | '`' | '´' | '“' | '”' | '„' | '«' | '»' | '[' | ']' | '(' | ')' | '{' | '}' | '_'
            | '*' | '「' | '」' | '（' | '）' | '|' | '\u{A0}' => self.space(),
            '-' => {
                // "e-mail" is "email".
                let joins_mail = rest(self.text, at + 1)
                    .get(..4)
                    .is_some_and(|w| w.eq_ignore_ascii_case("mail"));
                let after_e = self.last == Some('e')
                    && self
                        .out
                        .prose
                        .strip_suffix('e')
                        .is_some_and(|p| !p.ends_with(char::is_alphanumeric));
                if !(joins_mail && after_e && !self.space) {
                    self.space();
                }
            }
            '’' | '‘' => self.emit(at, '\''),
            _ if c.is_ascii() => self.emit(at, c.to_ascii_lowercase()),
            _ => match plain(c) {
                "" => c.to_lowercase().for_each(|lower| self.emit(at, lower)),
                letters => letters.chars().for_each(|letter| self.emit(at, letter)),
            },
        }
    }

    fn characters(&mut self, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            let Some(c) = char_at(self.text, at) else { break };
            self.character(at, c);
            at += c.len_utf8();
        }
    }

    /// A run of ASCII that may be or contain a link, an address, a host name or a code.
    fn run(&mut self, start: usize, end: usize) {
        let run = self.text.get(start..end).unwrap_or_default();
        if let Some(slashes) = run.as_bytes().windows(3).position(|three| three == b"://") {
            let head = run.get(..slashes).unwrap_or_default();
            let scheme = head.rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |i| i + 1);
            self.pieces(start, start + scheme);
            self.mask(start + scheme, end, LINK);
        } else if let Some(at_sign) = run
            .bytes()
            .position(|b| b == b'@')
            .filter(|&i| i > 0 && i + 1 < run.len())
        {
            let head = run.get(..at_sign).unwrap_or_default();
            let local = head.rfind([':', '/']).map_or(0, |i| i + 1);
            let tail = run.get(at_sign + 1..).unwrap_or_default();
            let domain = tail
                .find(|c: char| !(c.is_ascii_alphanumeric() || "@.-_".contains(c)))
                .unwrap_or(tail.len());
            let after = start + at_sign + 1 + domain;
            self.pieces(start, start + local);
            self.mask(start + local, after, ADDR);
            self.characters(after, end);
        } else {
            self.pieces(start, end);
        }
    }

    /// A run without link or address, in pieces that are each a host name, a code or prose.
    fn pieces(&mut self, start: usize, end: usize) {
        let run = self.text.get(start..end).unwrap_or_default();
        let mut from = start;
        for piece in run.split_inclusive(ends_piece) {
            let to = from + piece.len();
            let piece = if let Some(line) = after_reply(piece) {
                // "550-Mailbox unknown": a line of a longer reply.
                self.space();
                from = to - line.len();
                line
            } else {
                piece
            };
            let word = piece.trim_end_matches(|c: char| c.is_ascii_punctuation());
            let end = from + word.len();
            match kind(word) {
                Piece::Word if is_reply(word) && status_at(rest(self.text, end)).is_some() => self.space(),
                Piece::Word => self.characters(from, to),
                Piece::Code => match EnhancedStatus::read(word) {
                    Some(status) => {
                        self.out.status.get_or_insert(status);
                        self.space();
                    }
                    None => self.characters(from, to),
                },
                Piece::Ip => {
                    self.mask(from, end, IP);
                    self.characters(end, to);
                }
                Piece::Host => {
                    self.mask(from, end, HOST);
                    self.characters(end, to);
                }
            }
            from = to;
        }
    }

    fn mask(&mut self, start: usize, end: usize, mask: char) {
        if mask == HOST || mask == LINK {
            let name = self.text.get(start..end).unwrap_or_default();
            self.out.add_name(name);
        }
        self.space();
        self.emit(start, mask);
        self.space();
        self.expected = start + mask.len_utf8();
    }
}

/// How long a subject is, `Subject:` included: to the end of the line. Where lines were joined, to the next label; if
/// there is none either, nobody can tell, and only `Subject:` itself goes.
fn subject_length(text: &str) -> usize {
    let label = "subject:".len();
    let near = text
        .get(label..text.floor_char_boundary(label + MAX_SUBJECT))
        .unwrap_or_default();
    if let Some(end) = near.find(['\n', '\r']) {
        return label + end;
    }
    let mut at = label;
    for word in near.split_inclusive(char::is_whitespace) {
        let trimmed = word.trim_end();
        if trimmed.ends_with(':') && trimmed.len() > "Fwd:".len() {
            return at;
        }
        at += word.len();
    }
    label
}

/// How long the word of plain letters is that stands here between spaces, with one mark behind it; 0 for anything else.
fn plain_word(text: &str) -> usize {
    let bytes = text.as_bytes();
    let letters = bytes
        .iter()
        .position(|b| !b.is_ascii_alphabetic())
        .unwrap_or(bytes.len());
    let mark = usize::from(matches!(
        bytes.get(letters),
        Some(b'.' | b',' | b':' | b';' | b'!' | b'?')
    ));
    let ends = bytes.get(letters + mark).is_none_or(|b| *b == b' ');
    if letters > 0 && ends { letters + mark } else { 0 }
}

/// Characters of a run that stand between host names, codes and words.
const fn ends_piece(c: char) -> bool {
    matches!(
        c,
        ':' | '/' | '=' | ',' | ';' | '?' | '&' | '#' | '!' | '+' | '%' | '~' | '^' | '$' | '\''
    )
}

enum Piece {
    Word,
    Code,
    Ip,
    Host,
}

fn kind(word: &str) -> Piece {
    let bytes = word.as_bytes();
    if !word.contains('.') {
        return Piece::Word;
    }
    if bytes.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
        return match word.split('.').filter(|part| !part.is_empty()).count() {
            4 => Piece::Ip,
            3 => Piece::Code,
            _ => Piece::Word,
        };
    }
    let mut labels = word.rsplit('.');
    let top = labels.next().unwrap_or_default();
    let one_case = top.bytes().all(|b| b.is_ascii_lowercase()) || top.bytes().all(|b| b.is_ascii_uppercase());
    // "unknown.Please" is two sentences, "RESOLVER.ADR.RecipNotFound" a code word; neither is a host.
    let is_host = top.len() >= 2
        && one_case
        && labels.all(|l| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    if is_host { Piece::Host } else { Piece::Word }
}

/// Three digits that may be a reply code.
fn is_reply(word: &str) -> bool {
    matches!(word.as_bytes(), [b'2' | b'4' | b'5', b'0'..=b'9', b'0'..=b'9'])
}

/// What follows the reply code of a line that is not a reply's last.
fn after_reply(piece: &str) -> Option<&str> {
    let (reply, line) = piece.split_once('-')?;
    (is_reply(reply) && !line.is_empty()).then_some(line)
}

/// The status that a text goes on with.
fn status_at(text: &str) -> Option<EnhancedStatus> {
    EnhancedStatus::read(text.split_whitespace().next()?)
}

/// Whether addresses, links, host names and codes are made of such bytes.
#[inline]
const fn is_run(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'.' | b'-'
                | b'_'
                | b'@'
                | b':'
                | b'/'
                | b'='
                | b'?'
                | b'&'
                | b'#'
                | b'%'
                | b'+'
                | b'~'
                | b'!'
                | b'$'
                | b'^'
                | b','
                | b';'
                | b'\''
                | b'*'
                | b'|'
        )
}

fn char_at(text: &str, at: usize) -> Option<char> {
    rest(text, at).chars().next()
}

fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

fn starts_with_ignore_case(text: &str, at: usize, word: &str) -> bool {
    rest(text, at)
        .get(..word.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn readable(text: &str) -> String {
        PLACEHOLDERS
            .iter()
            .fold(fold(text).prose, |prose, &(name, mask)| prose.replace(mask, name))
    }

    #[test]
    fn what_the_server_did_not_word_itself_is_masked() {
        for (text, expected) in [
            (
                "550 5.1.1 <Full@spam.example.com>... User Unknown",
                "{addr} ... user unknown",
            ),
            (
                "550-5.1.1 The email account\r\n550-5.1.1 does not exist. Try https://example.com/user-blocked?x=1 now",
                "the email account does not exist. try {link} now",
            ),
            ("550-Mailbox unknown", "mailbox unknown"),
            (
                "550 5.7.1 blocked using zen.blocklist.example; see [192.0.2.1]",
                "blocked using {host} ; see {ip}",
            ),
            ("Subject: Your mailbox is full\nUser unknown", "user unknown"),
            (
                "To: you Subject: Re: mailbox full Sent: today. User unknown",
                "to: you sent: today. user unknown",
            ),
            ("Subject: Re: Hello 550 User unknown", "re: hello 550 user unknown"),
            (
                "sorry, no mailbox here by that name (#5.1.1)",
                "sorry, no mailbox here by that name #",
            ),
            ("User unknown.Please check", "user unknown.please check"),
            (
                "RESOLVER.ADR.RecipNotFound; not found",
                "resolver.adr.recipnotfound; not found",
            ),
            ("e-mail over-quota, USER_UNKNOWN", "email over quota, user unknown"),
            (
                "Boîte aux lettres pleine; Größe; Łódź",
                "boite aux lettres pleine; grosse; lodz",
            ),
            ("Почтовый ящик", "почтовый ящик"),
            ("メールボックスが\n 一杯です", "メールボックスが一杯です"),
            ("mailto:full@example.com", "mailto: {addr}"),
            ("doesn’t exist", "doesn't exist"),
        ] {
            assert_eq!(readable(text), expected, "{text:?}");
        }
    }

    #[test]
    fn names_are_kept_apart() {
        let folded =
            fold("blocked using ZEN.blocklist.example, see https://example.com/Q?x=1 for mx.example.net[192.0.2.1]:25");
        assert_eq!(
            folded.names,
            "zen.blocklist.example\nhttps://example.com/q?x=1\nmx.example.net\n"
        );
    }

    #[test]
    fn evidence_is_quoted_as_it_was_written() {
        let text = "550 5.1.1 <a@example.com>:  Recipient Größe\r\n  Unknown here";
        let folded = fold(text);
        let start = folded.prose.find("recipient").unwrap();
        let end = folded.prose.find("unknown").unwrap() + "unknown".len();
        assert_eq!(folded.original(text, start..end), "Recipient Größe Unknown");
    }

    #[test]
    fn the_first_status_in_the_text_is_noticed() {
        assert_eq!(
            fold("smtp; 550-5.7.26 This").status,
            Some(EnhancedStatus::new(5, 7, 26))
        );
        assert_eq!(fold("version 1.2.3 of 4").status, None);
    }

    proptest! {
        #[test]
        fn any_text_folds_and_any_range_can_be_quoted(text in "\\PC{0,80}", start in 0_usize..90, len in 0_usize..40) {
            let folded = fold(&text);
            let _ = folded.original(&text, start..start + len);
        }

        #[test]
        fn folding_prose_twice_changes_nothing(text in "[a-zA-Zéüñ' \n]{0,60}") {
            let once = fold(&text).prose;
            prop_assert_eq!(fold(&once).prose, once);
        }
    }
}
