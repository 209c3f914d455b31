//! A message as its reader sees it: header fields, parts, and the words its author wrote.
//!
//! Any bytes are a message. The walk over the parts is our own, because it has to be total: one pass, an explicit
//! stack, named limits. `mail-parser` does what it does best, the leaves (addresses, dates, rare charsets, entities);
//! its own walk recurses and rescans, so it never sees a whole message.
//!
//! Line ends are LF from here on: CRLF, bare CR and mixtures are folded to it before anything else looks.

mod address;
mod decode;
mod fields;
mod html;
mod running;
mod walk;

use std::borrow::Cow;
use std::cell::OnceCell;

pub(crate) use address::addresses;
pub(crate) use fields::Fields;
pub(crate) use running::{addresses_in_text, addresses_with_places};

use crate::words::Address;

/// Larger messages are judged by their head and tail: what a report says stands at its beginning, and what it
/// returns at its end. Twice this is what one message costs in memory.
const MAX_MESSAGE_BYTES: usize = 6 << 20;
/// The part of [`MAX_MESSAGE_BYTES`] that is kept from the end.
const TAIL_BYTES: usize = 1 << 20;
/// No report needs more words than this; attached logs do.
const MAX_OWN_TEXT_BYTES: usize = 512 << 10;

/// A plain twin shorter than this ("see the HTML") is no twin.
const MIN_TWIN_BYTES: usize = 24;

/// What a part is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Human-readable words of this message's author.
    OwnText,
    /// `message/delivery-status` (RFC 3464) or its global twin (RFC 6533).
    DeliveryStatus,
    /// The whole message that came back.
    ReturnedMessage,
    /// Its header only (RFC 6522).
    ReturnedHeaders,
    /// `message/feedback-report` (RFC 5965).
    FeedbackReport,
    /// `message/disposition-notification` (RFC 8098).
    DispositionNotification,
    /// Containers, attachments, anything else.
    Other,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Mail<'a> {
    bytes: Cow<'a, [u8]>,
    parts: Vec<walk::RawPart>,
    cut: bool,
    damaged: bool,
    own_text: OnceCell<String>,
    from: OnceCell<Vec<Address>>,
    reply_to: OnceCell<Vec<Address>>,
    sender: OnceCell<Vec<Address>>,
    to: OnceCell<Vec<Address>>,
    return_path: OnceCell<Vec<Address>>,
}

impl<'a> Mail<'a> {
    /// Reads a message. Never fails: whatever can't be understood is text.
    pub(crate) fn parse(raw: &'a [u8]) -> Self {
        let (bytes, cut) = within_limit(raw);
        let bytes = fold_line_ends(bytes);
        let walk::Walk { parts, damaged } = walk::walk(&bytes);
        Self {
            bytes,
            parts,
            cut,
            damaged,
            own_text: OnceCell::new(),
            from: OnceCell::new(),
            reply_to: OnceCell::new(),
            sender: OnceCell::new(),
            to: OnceCell::new(),
            return_path: OnceCell::new(),
        }
    }

    /// Whether the message was larger than the limit, so that its middle was left out.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Whether a container was never closed: cut off on its way, or badly made.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// The first header field of that name, unfolded and decoded.
    #[inline]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.parts.first()?.fields.get(&self.bytes, name)
    }

    /// All header fields of that name.
    pub(crate) fn headers<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.parts
            .iter()
            .take(1)
            .flat_map(move |root| root.fields.all(&self.bytes, name))
    }

    /// The same as they stand, in ASCII: what no person writes needs no decoding.
    pub(crate) fn raw_headers<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        let root = self.parts.iter().take(1);
        root.flat_map(move |root| root.fields.all_raw(&self.bytes, name))
            .filter_map(|raw| std::str::from_utf8(raw).ok())
    }

    /// The header of the message itself.
    pub(crate) fn fields(&self) -> Fields<'_> {
        match self.parts.first() {
            Some(root) => Fields::of_table(&self.bytes, &root.fields),
            None => Fields::parse(&[]),
        }
    }

    /// The decoded subject, empty when there is none.
    pub(crate) fn subject(&self) -> &str {
        self.header("subject").unwrap_or_default()
    }

    /// The author's address.
    pub(crate) fn from(&self) -> Option<&Address> {
        self.addresses_of(&self.from, "from").first()
    }

    /// Where answers go.
    pub(crate) fn reply_to(&self) -> Option<&Address> {
        self.addresses_of(&self.reply_to, "reply-to").first()
    }

    /// Who sent it for the author.
    pub(crate) fn sender(&self) -> Option<&Address> {
        self.addresses_of(&self.sender, "sender").first()
    }

    /// The envelope sender as the last server wrote it down; `None` also for the null sender.
    pub(crate) fn return_path(&self) -> Option<&Address> {
        self.addresses_of(&self.return_path, "return-path").first()
    }

    /// `Return-Path: <>`, or an mbox separator that names the daemon.
    pub(crate) fn has_null_sender(&self) -> bool {
        match self.header("return-path") {
            Some(path) => matches!(path.trim(), "<>" | "" | "<MAILER-DAEMON>"),
            None => false,
        }
    }

    /// Whom it is addressed to.
    pub(crate) fn to(&self) -> &[Address] {
        self.addresses_of(&self.to, "to")
    }

    /// The message's own human-readable words: text parts outside any returned message, HTML reduced to text.
    pub(crate) fn own_text(&self) -> &str {
        self.own_text.get_or_init(|| self.collect_own_text())
    }

    /// All parts, depth first; the first is the message itself.
    pub(crate) fn parts(&self) -> impl DoubleEndedIterator<Item = Part<'_>> {
        self.parts.iter().map(|raw| Part { mail: self, raw })
    }

    /// The first part of that role outside any returned message.
    pub(crate) fn part(&self, role: Role) -> Option<Part<'_>> {
        self.parts()
            .find(|part| part.role() == role && !part.is_inside_returned())
    }

    fn addresses_of<'s>(&'s self, cell: &'s OnceCell<Vec<Address>>, name: &str) -> &'s [Address] {
        cell.get_or_init(|| self.headers(name).flat_map(addresses).collect())
    }

    fn collect_own_text(&self) -> String {
        let mut own = String::new();
        for part in self
            .parts()
            .filter(|part| part.role() == Role::OwnText && !part.is_inside_returned())
        {
            if part.is_html() && self.has_plain_twin(&part) {
                continue;
            }
            let text = part.text();
            let room = MAX_OWN_TEXT_BYTES.saturating_sub(own.len());
            if !own.is_empty() && !own.ends_with('\n') {
                own.push('\n');
            }
            own.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
        }
        if own.trim().is_empty() {
            own = self.text_of_broken_container();
        }
        own
    }

    /// A container that holds no part at all, or a text of a strange type: what stands there is all there is to read.
    fn text_of_broken_container(&self) -> String {
        let Some(root) = self.parts().next().filter(|_| self.parts.len() == 1) else {
            return String::new();
        };
        let kind = root.content_type();
        let readable = ["multipart/", "text/", "message/"]
            .iter()
            .any(|lead| walk::starts_with_ignore_case(kind.as_bytes(), lead.as_bytes()));
        if !readable || root.role() != Role::Other {
            return String::new();
        }
        let text = root.text();
        text.get(..text.floor_char_boundary(MAX_OWN_TEXT_BYTES))
            .unwrap_or_default()
            .to_owned()
    }

    /// Whether the same words stand beside it as plain text (`multipart/alternative`).
    fn has_plain_twin(&self, html: &Part<'_>) -> bool {
        html.raw.parent.is_some()
            && self.parts().any(|part| {
                part.role() == Role::OwnText
                    && part.raw.parent == html.raw.parent
                    && !part.is_html()
                    && part.has_words()
            })
    }
}

/// One part of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'m> {
    mail: &'m Mail<'m>,
    raw: &'m walk::RawPart,
}

impl<'m> Part<'m> {
    /// What it is for.
    pub(crate) fn role(&self) -> Role {
        self.raw.role
    }

    /// Whether it belongs to a returned or attached message rather than to this one.
    pub(crate) fn is_inside_returned(&self) -> bool {
        self.raw.inside.is_some()
    }

    /// The media type as written, without parameters; empty when there is none.
    pub(crate) fn content_type(&self) -> &'m str {
        std::str::from_utf8(walk::type_of(&self.mail.bytes, &self.raw.content_type)).unwrap_or_default()
    }

    /// A parameter of `Content-Type`.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'m str> {
        let range = walk::parameter(&self.mail.bytes, &self.raw.content_type, name.as_bytes())?;
        std::str::from_utf8(self.mail.bytes.get(range)?).ok()
    }

    /// The content, transfer encoding undone.
    pub(crate) fn bytes(&self) -> Cow<'m, [u8]> {
        self.raw
            .transfer
            .decode(self.mail.bytes.get(self.raw.body.clone()).unwrap_or_default())
    }

    /// The content as text: charset undone (guessed when undeclared or wrong), HTML reduced to what a reader sees.
    pub(crate) fn text(&self) -> Cow<'m, str> {
        let charset = self.parameter("charset");
        let text = match self.bytes() {
            Cow::Borrowed(bytes) => decode::guess_text(bytes, charset),
            Cow::Owned(bytes) => Cow::Owned(match fold_line_ends(&bytes) {
                Cow::Borrowed(bytes) => decode::guess_text(bytes, charset).into_owned(),
                Cow::Owned(bytes) => decode::guess_text(&bytes, charset).into_owned(),
            }),
        };
        if self.is_html() {
            Cow::Owned(html::text(&text))
        } else {
            text
        }
    }

    /// The header of the message that it holds, where it begins with one in plain ASCII.
    pub(crate) fn held_header(&self) -> Option<Fields<'m>> {
        let parts = &self.mail.parts;
        let index = parts.iter().position(|part| std::ptr::eq(part, self.raw))?;
        let held = parts.get(index + 1).filter(|held| held.inside == Some(index))?;
        let block = self.mail.bytes.get(self.raw.body.start..held.fields.end())?;
        let plain = !held.fields.is_empty() && block.is_ascii() && memchr::memchr(0x1b, block).is_none();
        plain.then(|| Fields::of_table(&self.mail.bytes, &held.fields))
    }

    /// Whether there is something to read near its beginning.
    fn has_words(&self) -> bool {
        let raw = self.mail.bytes.get(self.raw.body.clone()).unwrap_or_default();
        let window = raw.get(..4096).unwrap_or(raw);
        window.iter().filter(|b| !b.is_ascii_whitespace()).count() >= MIN_TWIN_BYTES
    }

    /// The first `limit` bytes of the content as text; a returned message's header is at its beginning.
    pub(crate) fn head_text(&self, limit: usize) -> Cow<'m, str> {
        let raw = self.mail.bytes.get(self.raw.body.clone()).unwrap_or_default();
        if raw.len() <= limit || !self.raw.transfer.is_identity() {
            return self.text();
        }
        decode::guess_text(raw.get(..limit).unwrap_or(raw), self.parameter("charset"))
    }

    /// Whether the content is HTML, by its type or by its first words.
    pub(crate) fn is_html(&self) -> bool {
        let kind = self.content_type();
        if kind.eq_ignore_ascii_case("text/html") || kind.eq_ignore_ascii_case("text/x-html") {
            return true;
        }
        let raw = self
            .mail
            .bytes
            .get(self.raw.body.clone())
            .unwrap_or_default()
            .trim_ascii_start();
        self.raw.transfer.is_identity()
            && (walk::starts_with_ignore_case(raw, b"<html") || walk::starts_with_ignore_case(raw, b"<!doctype html"))
    }
}

/// Head and tail of a message over the limit; whether something was left out.
fn within_limit(raw: &[u8]) -> (Cow<'_, [u8]>, bool) {
    if raw.len() <= MAX_MESSAGE_BYTES {
        return (Cow::Borrowed(raw), false);
    }
    let head = raw.get(..MAX_MESSAGE_BYTES - TAIL_BYTES).unwrap_or(raw);
    let tail = raw.get(raw.len() - TAIL_BYTES..).unwrap_or_default();
    (Cow::Owned([head, b"\n", tail].concat()), true)
}

/// CRLF, bare CR and CR CR LF become LF.
fn fold_line_ends<'b>(bytes: impl Into<Cow<'b, [u8]>>) -> Cow<'b, [u8]> {
    let bytes = bytes.into();
    let Some(first) = memchr::memchr(b'\r', &bytes) else {
        return bytes;
    };
    let mut folded = Vec::with_capacity(bytes.len());
    folded.extend_from_slice(bytes.get(..first).unwrap_or_default());
    let mut rest = bytes.get(first..).unwrap_or_default();
    while let Some(at) = memchr::memchr(b'\r', rest) {
        folded.extend_from_slice(rest.get(..at).unwrap_or_default());
        let tail = rest.get(at..).unwrap_or_default();
        let returns = tail.iter().take_while(|b| **b == b'\r').count();
        let ends_line = tail.get(returns) == Some(&b'\n');
        // CR LF and CR CR LF end one line each; without LF every CR ends its own.
        folded.extend(std::iter::repeat_n(b'\n', if ends_line { 1 } else { returns }));
        rest = tail.get(returns + usize::from(ends_line)..).unwrap_or_default();
    }
    folded.extend_from_slice(rest);
    Cow::Owned(folded)
}

/// As [`str::trim`], at next to no cost where there is no white space beyond ASCII.
#[inline]
pub(crate) fn trim(text: &str) -> &str {
    let text = text.trim_ascii();
    match (text.as_bytes().first(), text.as_bytes().last()) {
        (None, _) => text,
        (Some(first), Some(last)) if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// Whether any of `bytes`, few and most often none, is such a one. All of them are asked, so that many can be at a time.
#[inline]
pub(crate) fn any(bytes: &[u8], such: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(0, |any, byte| any | u8::from(such(*byte))) != 0
}

/// Splits at the first `byte`, which is ASCII; as [`str::split_once`], at memory speed.
pub(crate) fn split_once(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(byte, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// What stands between line ends; as `split('\n')`, at memory speed.
pub(crate) fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        match memchr::memchr(b'\n', text.as_bytes()) {
            Some(end) => {
                rest = text.get(end + 1..);
                text.get(..end)
            }
            None => rest.take(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "From daemon Mon Jan  1\nReturn-Path: <>\nSubject: =?utf-8?q?f=C3=A4iled?=\nFrom: Mail <daemon@example.com>\n\
        MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n boundary=\"b;1\"\n\npreamble\n\
        --b;1\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nNo s=\nuch =C3=BCser\n\n\
        --b;1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n\
        --b;1\nContent-Type: message/rfc822\n\nSubject: hello\nContent-Type: multipart/mixed; boundary=in\n\n--in\n\ninner words\n--in--\n\n--b;1--\nepilogue\n";

    fn roles(mail: &Mail<'_>) -> Vec<(Role, bool)> {
        mail.parts()
            .map(|part| (part.role(), part.is_inside_returned()))
            .collect()
    }

    #[test]
    fn a_report_is_read_the_same_with_any_line_ends() {
        for ends in ["\n", "\r\n", "\r", "\r\r\n"] {
            let raw = REPORT.replace('\n', ends);
            let mail = Mail::parse(raw.as_bytes());
            assert_eq!(mail.subject(), "fäiled", "{ends:?}");
            assert_eq!(mail.from().map(Address::as_str), Some("daemon@example.com"));
            assert!(mail.has_null_sender() && mail.return_path().is_none() && !mail.is_damaged());
            assert_eq!(mail.own_text().trim(), "No such üser");
            assert_eq!(
                roles(&mail),
                [
                    (Role::Other, false),
                    (Role::OwnText, false),
                    (Role::DeliveryStatus, false),
                    (Role::ReturnedMessage, false),
                    (Role::Other, true),
                    (Role::OwnText, true)
                ]
            );
            let returned = mail.part(Role::ReturnedMessage).expect("there is one");
            assert!(returned.text().starts_with("Subject: hello\n"));
            assert!(returned.text().ends_with("--in--\n"), "{:?}", returned.text());
        }
    }

    #[test]
    fn a_message_without_header_is_text() {
        let mail = Mail::parse(b"Hello,\nno header here: none\n");
        assert_eq!(mail.own_text(), "Hello,\nno header here: none\n");
        assert_eq!(mail.subject(), "");
        assert_eq!(Mail::parse(b"").own_text(), "");
    }

    #[test]
    fn a_container_that_never_ends_is_noticed() {
        let mail = Mail::parse(b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nwords\n");
        assert!(mail.is_damaged());
        assert_eq!(mail.own_text(), "words\n");
    }

    #[test]
    fn html_stands_in_for_missing_plain_text() {
        let html = "--x\nContent-Type: text/html\n\n<p>full story &auml;\n";
        let plain = "--x\nContent-Type: text/plain\n\nThe same words, as plain text and long enough.\n";
        let head = "Content-Type: multipart/alternative; boundary=x\n\n";
        assert_eq!(
            Mail::parse(format!("{head}{html}--x--\n").as_bytes()).own_text().trim(),
            "full story ä"
        );
        let both = format!("{head}{plain}{html}--x--\n");
        assert_eq!(
            Mail::parse(both.as_bytes()).own_text().trim(),
            "The same words, as plain text and long enough."
        );
    }

    #[test]
    fn nesting_ends_somewhere() {
        let nested = "Content-Type: message/rfc822\n\n".repeat(22_000);
        assert!(Mail::parse(nested.as_bytes()).parts().count() < 30);
        let siblings: String = std::iter::once("Content-Type: multipart/mixed; boundary=a\n\n".to_owned())
            .chain((0..30_000).map(|n| format!("--a\nContent-Type: multipart/mixed; boundary=n{n}\n\n")))
            .collect();
        assert!(Mail::parse(siblings.as_bytes()).parts().count() <= MAX_TEST_PARTS);
    }

    const MAX_TEST_PARTS: usize = 400;
}
