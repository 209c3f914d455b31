//! Transfer encodings, encoded words and charsets: bytes to text, whatever was declared.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, WINDOWS_1252};

/// Guessing a charset needs no more than this of the bytes that are not ASCII.
const GUESS_BYTES: usize = 16 << 10;

/// `Content-Transfer-Encoding` (RFC 2045 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    Identity,
    Base64,
    QuotedPrintable,
}

impl Transfer {
    pub(super) fn named(name: &[u8]) -> Self {
        let name = name.trim_ascii();
        if name.eq_ignore_ascii_case(b"base64") {
            Self::Base64
        } else if name.eq_ignore_ascii_case(b"quoted-printable") {
            Self::QuotedPrintable
        } else {
            Self::Identity
        }
    }

    pub(super) fn is_identity(self) -> bool {
        self == Self::Identity
    }

    /// Undoes the encoding; what is not encoded after all stays as it is.
    pub(super) fn decode(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Identity => Cow::Borrowed(bytes),
            Self::Base64 if !looks_like_base64(bytes) => Cow::Borrowed(bytes),
            Self::Base64 => Cow::Owned(base64(bytes)),
            Self::QuotedPrintable if memchr::memchr(b'=', bytes).is_none() => Cow::Borrowed(bytes),
            Self::QuotedPrintable => Cow::Owned(quoted_printable(bytes)),
        }
    }
}

/// Bytes as text: by the declared charset if they are in it, else by what they look like.
pub(crate) fn guess_text<'b>(bytes: &'b [u8], declared: Option<&str>) -> Cow<'b, str> {
    let declared = declared
        .map(|label| label.trim().trim_matches(['"', '\'']))
        .filter(|label| !label.is_empty());
    let encoding = declared.and_then(|label| Encoding::for_label_no_replacement(label.as_bytes()));
    let seven_bit = bytes.is_ascii();
    if seven_bit && memchr::memchr(0x1b, bytes).is_none() && encoding.is_none_or(Encoding::is_ascii_compatible) {
        if let Some(label) = declared.filter(|_| encoding.is_none() && memchr::memchr2(b'+', b'~', bytes).is_some())
            && let Some(decode) = rare_charset(label)
        {
            return Cow::Owned(decode(bytes));
        }
        return match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(bytes),
        };
    }
    if seven_bit && memchr::memchr(0x1b, bytes).is_some() {
        return ISO_2022_JP.decode_without_bom_handling(bytes).0;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        // Latin labels on UTF-8 bytes are common, the reverse practically impossible.
        if encoding.is_none_or(|e| e == UTF_8 || e.is_single_byte()) {
            return Cow::Borrowed(text);
        }
    }
    match (encoding, declared) {
        (Some(encoding), _) if encoding != WINDOWS_1252 || has_c1(bytes) => {
            let (text, errors) = encoding.decode_without_bom_handling(bytes);
            // A message cut off in the middle of a character is still in its charset.
            if !errors || text.matches('\u{fffd}').count() * 50 <= text.chars().count() {
                return text;
            }
        }
        (Some(encoding), Some(label))
            if !label.eq_ignore_ascii_case("us-ascii") && !label.eq_ignore_ascii_case("ascii") =>
        {
            return encoding.decode_without_bom_handling(bytes).0;
        }
        (None, Some(label)) => {
            if let Some(decode) = rare_charset(label) {
                return Cow::Owned(decode(bytes));
            }
        }
        _ => {}
    }
    detect(bytes).decode_without_bom_handling(bytes).0
}

/// Decodes encoded words (RFC 2047) in unfolded text, gluing neighbours together even where a character was split
/// between them.
pub(crate) fn decode_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Bytes of the same charset that are not yet text.
    let mut pending: Option<(&str, Vec<u8>)> = None;
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, word) = rest.split_at(at);
        let Some((charset, bytes, len)) = encoded_word(word) else {
            flush(&mut out, &mut pending);
            out.push_str(before);
            out.push_str("=?");
            rest = word.get(2..).unwrap_or_default();
            continue;
        };
        let adjacent = before.trim().is_empty();
        match &mut pending {
            Some((known, collected)) if adjacent && known.eq_ignore_ascii_case(charset) => collected.extend(bytes),
            _ => {
                let after_word = pending.is_some();
                flush(&mut out, &mut pending);
                if !(adjacent && after_word) {
                    out.push_str(before);
                }
                pending = Some((charset, bytes));
            }
        }
        rest = word.get(len..).unwrap_or_default();
    }
    flush(&mut out, &mut pending);
    out.push_str(rest);
    out
}

fn flush(out: &mut String, pending: &mut Option<(&str, Vec<u8>)>) {
    if let Some((charset, bytes)) = pending.take() {
        out.extend(
            guess_text(&bytes, Some(charset))
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c }),
        );
    }
}

/// `=?charset*lang?B|Q?payload?=` at the start of `text`: charset, decoded bytes, length.
fn encoded_word(text: &str) -> Option<(&str, Vec<u8>, usize)> {
    /// RFC 2047 says 75; real ones run on.
    const MAX_WORD_BYTES: usize = 4096;
    let body = text.strip_prefix("=?")?;
    let (charset, body) = body.split_once('?').filter(|(c, _)| c.len() <= 40)?;
    let (encoding, body) = body.split_once('?').filter(|(e, _)| e.len() == 1)?;
    let window = body.as_bytes().get(..MAX_WORD_BYTES).unwrap_or(body.as_bytes());
    let end = memchr::memmem::find(window, b"?=")?;
    let payload = body.get(..end)?;
    let bytes = match encoding {
        "B" | "b" => base64(payload.as_bytes()),
        "Q" | "q" => quoted_printable(payload.replace('_', " ").as_bytes()),
        _ => return None,
    };
    let charset = charset.split('*').next().unwrap_or(charset);
    let len = text.len() - body.len() + end + 2;
    Some((charset, bytes, len))
}

fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'=', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        let after = rest.get(at + 1..).unwrap_or_default();
        let blanks = after.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        if let (Some(high), Some(low)) = (
            after.first().copied().and_then(hex),
            after.get(1).copied().and_then(hex),
        ) {
            out.push(high << 4 | low);
            rest = after.get(2..).unwrap_or_default();
        } else if matches!(after.get(blanks), Some(b'\n')) {
            rest = after.get(blanks + 1..).unwrap_or_default();
        } else if after.is_empty() {
            rest = after;
        } else {
            out.push(b'=');
            rest = after;
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Lenient: white space and strange bytes are skipped, missing padding is no error, and what follows padding starts
/// anew (concatenated encodings).
fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3 + 3);
    let (mut bits, mut have) = (0u32, 0u8);
    for byte in bytes {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                (bits, have) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push((bits >> have & 0xff) as u8);
            bits &= (1 << have) - 1;
        }
    }
    out
}

/// Text that was merely labelled base64 has words in it.
fn looks_like_base64(bytes: &[u8]) -> bool {
    let sample = bytes.get(..512).unwrap_or(bytes);
    let strange = sample
        .iter()
        .filter(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'+' | b'/' | b'=' | b'\n' | b'\r'))
        .count();
    strange * 20 <= sample.len()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Whether there are bytes that windows-1252 has and ISO 8859-1 text has not: a hint that the label is meant.
fn has_c1(bytes: &[u8]) -> bool {
    bytes.iter().any(|b| matches!(b, 0x80..=0x9f))
}

/// Charsets outside the WHATWG registry: UTF-7, code page 850 and the like.
fn rare_charset(label: &str) -> Option<fn(&[u8]) -> String> {
    (!label.is_empty() && label.len() <= 40)
        .then(|| mail_parser::decoders::charsets::map::charset_decoder(label.as_bytes()))?
}

fn detect(bytes: &[u8]) -> &'static Encoding {
    let start = bytes.iter().position(|b| !b.is_ascii()).unwrap_or(0);
    let window = bytes.get(start..).unwrap_or_default();
    let window = window.get(..GUESS_BYTES).unwrap_or(window);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(window, true);
    detector.guess(None, Utf8Detection::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_glued() {
        for (text, expected) in [
            ("=?utf-8?q?a_b?= =?utf-8?b?w7w=?=", "a bü"),
            ("=?UTF-8?Q?=C3?= =?utf-8?Q?=BC?= tail", "ü tail"),
            ("x =?iso-8859-1?q?caf=E9?= y", "x café y"),
            ("=?iso-2022-jp?B?GyRCJDMkcxsoQg==?=", "こん"),
            ("=?bogus", "=?bogus"),
            ("=?a?z?x?=", "=?a?z?x?="),
        ] {
            assert_eq!(decode_words(text), expected, "{text:?}");
        }
    }

    #[test]
    fn undeclared_charsets_are_guessed() {
        for (bytes, declared, expected) in [
            (&b"plain"[..], None, "plain"),
            ("größer".as_bytes(), Some("iso-8859-1"), "größer"),
            (b"gr\xf6\xdfer", Some("iso-8859-1"), "größer"),
            (b"\x1b$B$3$s\x1b(B", None, "こん"),
            (
                b"\xd3\xca\xcf\xe4\xb2\xbb\xb4\xe6\xd4\xda\xa3\xac\xcd\xcb\xd0\xc5",
                None,
                "邮箱不存在，退信",
            ),
            (
                b"\xc1\xc4\xd2\xc5\xd3 \xce\xc5 \xd3\xd5\xdd\xc5\xd3\xd4\xd7\xd5\xc5\xd4 \xd0\xcf\xde\xd4\xc1",
                None,
                "адрес не существует почта",
            ),
            (b"\xd3\xca\xcf\xe4", Some("gb2312"), "邮箱"),
        ] {
            assert_eq!(guess_text(bytes, declared), expected, "{declared:?}");
        }
    }

    #[test]
    fn encodings_are_lenient() {
        assert_eq!(
            &*Transfer::QuotedPrintable.decode(b"a=3Db=\nc =zz=E9="),
            b"a=bc =zz\xe9"
        );
        assert_eq!(&*Transfer::Base64.decode(b"aGVs\nbG8=aGk="), b"hellohi");
        assert_eq!(
            &*Transfer::Base64.decode(b"not base64, really: it is text."),
            b"not base64, really: it is text."
        );
    }
}
