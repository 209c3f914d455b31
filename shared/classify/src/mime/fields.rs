//! Header fields, found in one pass and decoded only when asked for.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use super::decode::{decode_words, guess_text};
use super::{any, trim};

/// More fields than any real header has; what follows is left alone.
const MAX_FIELDS: usize = 1_000;
/// No name is longer.
const MAX_NAME_BYTES: usize = 128;
/// No header value that matters is longer; a hostile one is cut.
const MAX_VALUE_BYTES: usize = 64 << 10;

/// Bits that tell what is there, in words: many more than a header has fields.
const PRESENT_WORDS: usize = 4;

/// One field of a header, as ranges of the buffer it was found in.
#[derive(Clone, Debug)]
pub(super) struct Field {
    name: Range<usize>,
    value: Range<usize>,
    /// The value, unless it is to be read as it stands.
    decoded: OnceCell<Option<Box<str>>>,
}

/// The fields of one header block: names are ASCII case-insensitive, values unfolded and decoded (RFC 2047).
#[derive(Debug)]
pub(crate) struct Fields<'b> {
    bytes: &'b [u8],
    table: Cow<'b, FieldTable>,
}

impl<'b> Fields<'b> {
    /// Reads the block at the start of `bytes`; it ends at the first line that is no field.
    pub(crate) fn parse(bytes: &'b [u8]) -> Self {
        Self {
            bytes,
            table: Cow::Owned(FieldTable::parse(bytes, 0)),
        }
    }

    /// Those of a block in `bytes` that was read before.
    pub(super) fn of_table(bytes: &'b [u8], table: &'b FieldTable) -> Self {
        Self {
            bytes,
            table: Cow::Borrowed(table),
        }
    }

    /// The first field of that name.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.table.get(self.bytes, name)
    }

    /// All fields as (name as written, value), in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.table.iter(self.bytes)
    }
}

/// The same without its buffer, for owners of both.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldTable {
    fields: Vec<Field>,
    /// Of the names of all fields.
    signatures: Vec<Signature>,
    /// One bit for each signature, shared with some others: most names that are asked for are not there.
    present: [u64; PRESENT_WORDS],
    end: usize,
}

impl FieldTable {
    /// Reads the block that starts at offset `at`.
    pub(super) fn parse(bytes: &[u8], mut at: usize) -> Self {
        let mut fields: Vec<Field> = Vec::with_capacity(16);
        let mut signatures = Vec::with_capacity(32);
        let mut present = [0; PRESENT_WORDS];
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let line_len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest.get(..line_len).unwrap_or_default();
            let next = (at + line_len + 1).min(bytes.len());
            match line.first() {
                None => {
                    at = next;
                    break;
                }
                Some(b' ' | b'\t') if !fields.is_empty() => {
                    if line.iter().all(|b| matches!(b, b' ' | b'\t')) && !continues(bytes, next) {
                        at = next;
                        break;
                    }
                    if let Some(last) = fields.last_mut() {
                        last.value.end = at + line_len;
                    }
                }
                Some(b'b' | b'B') if continues_content_type(bytes, &fields, line) => {
                    if let Some(last) = fields.last_mut() {
                        last.value.end = at + line_len;
                    }
                }
                _ => {
                    let envelope = fields.is_empty() && (line.starts_with(b"From ") || line.starts_with(b">From "));
                    if !envelope {
                        let Some(colon) = field_name_len(line).filter(|_| fields.len() < MAX_FIELDS) else {
                            break;
                        };
                        let name = line.get(..colon).unwrap_or_default().trim_ascii_end();
                        let signature = Signature::of(name);
                        if let Some(present) = present.get_mut(signature.bit() / 64) {
                            *present |= 1 << (signature.bit() % 64);
                        }
                        signatures.push(signature);
                        fields.push(Field {
                            name: at..at + name.len(),
                            value: at + colon + 1..at + line_len,
                            decoded: OnceCell::new(),
                        });
                    }
                }
            }
            at = next;
        }
        Self {
            fields,
            signatures,
            present,
            end: at,
        }
    }

    /// Whether there may be a field of that signature.
    fn may_hold(&self, signature: Signature) -> bool {
        let present = self.present.get(signature.bit() / 64).copied().unwrap_or_default();
        present & (1 << (signature.bit() % 64)) != 0
    }

    /// Whether there is no field at all.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Offset of the first byte after the block and its blank separator line.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Where the raw value of the first field of that name stands.
    pub(super) fn raw(&self, bytes: &[u8], name: &str) -> Option<Range<usize>> {
        self.named(bytes, name).next().map(|field| field.value.clone())
    }

    /// The first field of that name. Most that are asked for are not there: that is known before anything is called.
    #[inline]
    pub(super) fn get<'b>(&'b self, bytes: &'b [u8], name: &str) -> Option<&'b str> {
        if self.may_hold(Signature::of(name.as_bytes())) {
            self.first(bytes, name)
        } else {
            None
        }
    }

    #[inline(never)]
    fn first<'b>(&'b self, bytes: &'b [u8], name: &str) -> Option<&'b str> {
        self.named(bytes, name).next().map(|field| field.text(bytes))
    }

    pub(super) fn all<'b>(&'b self, bytes: &'b [u8], name: &'b str) -> impl Iterator<Item = &'b str> {
        self.named(bytes, name).map(|field| field.text(bytes))
    }

    /// The raw values of all fields of that name.
    pub(super) fn all_raw<'b>(&'b self, bytes: &'b [u8], name: &'b str) -> impl Iterator<Item = &'b [u8]> {
        self.named(bytes, name)
            .map(|field| bytes.get(field.value.clone()).unwrap_or_default())
    }

    pub(super) fn iter<'b>(&'b self, bytes: &'b [u8]) -> impl Iterator<Item = (&'b str, &'b str)> {
        self.fields.iter().map(move |field| {
            let name = bytes.get(field.name.clone()).unwrap_or_default();
            (std::str::from_utf8(name).unwrap_or_default(), field.text(bytes))
        })
    }

    fn named<'t, 'n>(&'t self, bytes: &'n [u8], name: &'n str) -> impl Iterator<Item = &'t Field> + use<'t, 'n> {
        let signature = Signature::of(name.as_bytes());
        let signatures = if self.may_hold(signature) {
            self.signatures.as_slice()
        } else {
            &[]
        };
        let same = signatures
            .iter()
            .zip(&self.fields)
            .filter(move |(other, _)| **other == signature);
        same.map(|(_, field)| field).filter(move |field| {
            bytes
                .get(field.name.clone())
                .is_some_and(|written| written.eq_ignore_ascii_case(name.as_bytes()))
        })
    }
}

/// What most names differ in: length, first and last letter. Compared before the names are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Signature(u32);

impl Signature {
    fn of(name: &[u8]) -> Self {
        let letter = |byte: Option<&u8>| u32::from(byte.map_or(0, u8::to_ascii_lowercase));
        let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
        Self(length << 16 | letter(name.first()) << 8 | letter(name.last()))
    }

    /// Which of the bits that tell what is there.
    fn bit(self) -> usize {
        (self.0.wrapping_mul(0x9E37_79B1) >> 16) as usize % (PRESENT_WORDS * 64)
    }
}

impl Field {
    fn text<'b>(&'b self, bytes: &'b [u8]) -> &'b str {
        let raw = bytes.get(self.value.clone()).unwrap_or_default();
        let decoded = self
            .decoded
            .get_or_init(|| (!is_plain(raw)).then(|| header_value(raw).into_boxed_str()));
        match decoded {
            Some(decoded) => decoded,
            None => trim(std::str::from_utf8(raw).unwrap_or_default()),
        }
    }
}

/// Whether a raw value is one line of ASCII without encoded words.
fn is_plain(raw: &[u8]) -> bool {
    let strange = |byte: u8| matches!(byte, 0x80..|b'\n'| 0x1b);
    let encodes = |at: usize| raw.get(at + 1) == Some(&b'?');
    // One look at every byte tells for most.
    let plain = !any(raw, |byte| strange(byte) || byte == b'=')
        || !any(raw, strange) && !memchr::memchr_iter(b'=', raw).any(encodes);
    plain && raw.len() <= MAX_VALUE_BYTES
}

/// Unfolds and decodes a raw field value.
pub(crate) fn header_value(raw: &[u8]) -> String {
    let raw = raw.get(..MAX_VALUE_BYTES).unwrap_or(raw);
    let text = guess_text(raw, None);
    let mut unfolded = String::with_capacity(text.len());
    for line in text.lines() {
        if unfolded.is_empty() {
            unfolded.push_str(line.trim());
        } else {
            unfolded.push(' ');
            unfolded.push_str(line.trim());
        }
    }
    decode_words(&unfolded)
}

/// `boundary=` at the beginning of a line: a folded `Content-Type` whose white space got lost.
fn continues_content_type(bytes: &[u8], fields: &[Field], line: &[u8]) -> bool {
    line.get(..9)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"boundary="))
        && fields
            .last()
            .and_then(|last| bytes.get(last.value.clone()))
            .is_some_and(|value| value.trim_ascii_end().ends_with(b";"))
}

/// A folded field goes on after a line of blanks only when more folding follows.
fn continues(bytes: &[u8], next: usize) -> bool {
    matches!(bytes.get(next), Some(b' ' | b'\t'))
}

/// Length of the field name when the line is `Name: value` (RFC 5322 section 2.2; blanks before the colon are obsolete
/// syntax and still seen).
fn field_name_len(line: &[u8]) -> Option<usize> {
    if line.starts_with(b"--") {
        return None; // a boundary, whatever it is made of
    }
    let name = line.iter().position(|b| *b == b':' || !matches!(b, 33..=126))?;
    let blanks = line
        .get(name..)?
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    let well_formed = (1..=MAX_NAME_BYTES).contains(&name) && line.get(name + blanks) == Some(&b':');
    well_formed.then_some(name + blanks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_unfolded_and_decoded() {
        let block = b"From daemon Mon Jan  1 00:00:00 2026\nSubject: one\n two\nX-Empty:\nFrom : =?utf-8?q?J=C3=B6rg?= <j@example.com>\n\nbody: no";
        let fields = Fields::parse(block);
        let end = FieldTable::parse(block, 0).end();
        assert_eq!(fields.get("subject"), Some("one two"));
        assert_eq!(fields.get("x-empty"), Some(""));
        assert_eq!(fields.get("FROM"), Some("Jörg <j@example.com>"));
        assert_eq!(fields.get("body"), None);
        assert_eq!(block.get(end..), Some(&b"body: no"[..]));
    }

    #[test]
    fn text_is_not_a_header() {
        let table = FieldTable::parse(b"Hello there,\nthis: is text", 0);
        assert_eq!((table.fields.len(), table.end()), (0, 0));
    }
}
