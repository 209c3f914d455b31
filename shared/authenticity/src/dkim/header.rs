//! Header fields as they stand, and as signatures are computed over them (RFC 6376 section 3.4).

/// Enough for any header; what follows is left alone.
const MAX_HEADER_BYTES: usize = 64 << 10;
/// More fields than any real header has.
const MAX_FIELDS: usize = 1_000;

/// One field of a header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'m> {
    name: &'m [u8],
    value: &'m [u8],
    /// Both, with what stands between them.
    whole: &'m [u8],
}

/// The fields at the start of a message, in their order; its lines end with LF or CRLF. They end with the first line that
/// belongs to none.
pub(super) fn fields(raw: &[u8]) -> Vec<Field<'_>> {
    let raw = raw.get(..MAX_HEADER_BYTES).unwrap_or(raw);
    let mut fields = Vec::new();
    let mut at = 0;
    while let Some(rest) = raw
        .get(at..)
        .filter(|rest| !rest.is_empty() && fields.len() < MAX_FIELDS)
    {
        let len = field_len(rest);
        let whole = rest.get(..len).unwrap_or(rest).trim_suffix_line();
        let envelope = at == 0 && (whole.starts_with(b"From ") || whole.starts_with(b">From "));
        at += len;
        if envelope {
            continue;
        }
        let Some(field) = Field::read(whole) else {
            break;
        };
        fields.push(field);
    }
    fields
}

/// Octets of the first field, with the lines it goes on in and its line end.
fn field_len(rest: &[u8]) -> usize {
    let mut end = 0;
    loop {
        let tail = rest.get(end..).unwrap_or_default();
        let Some(newline) = memchr::memchr(b'\n', tail) else {
            return rest.len();
        };
        end += newline + 1;
        if !matches!(rest.get(end), Some(b' ' | b'\t')) {
            return end;
        }
    }
}

impl<'m> Field<'m> {
    fn read(whole: &'m [u8]) -> Option<Self> {
        let colon = memchr::memchr(b':', whole)?;
        let (name, value) = (whole.get(..colon)?.trim_ascii_end(), whole.get(colon + 1..)?);
        let sound = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
        sound.then_some(Self { name, value, whole })
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value on one line, where it is text.
    pub(super) fn text(&self) -> Option<String> {
        let text = std::str::from_utf8(self.value).ok()?;
        Some(text.replace(['\r', '\n'], "").trim().to_owned())
    }
}

/// How a header is brought into the form that was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Canonicalization {
    /// As it stands.
    Simple,
    /// Names in lower case, white space folded.
    Relaxed,
}

impl Canonicalization {
    /// Adds a signed field, with its line end.
    pub(super) fn add(self, out: &mut Vec<u8>, field: &Field<'_>) {
        match self {
            Self::Simple => simple(out, field.whole),
            Self::Relaxed => relaxed(out, field.name, field.value),
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Adds the field of the signature itself: its `b=` empty, and without a line end (RFC 6376 section 3.7).
    pub(super) fn add_signature(self, out: &mut Vec<u8>, field: &Field<'_>) {
        let unsigned = without_signature(field.value);
        match self {
            Self::Simple => {
                let before = field.whole.len().saturating_sub(field.value.len());
                simple(out, field.whole.get(..before).unwrap_or_default());
                simple(out, &unsigned);
            }
            Self::Relaxed => relaxed(out, field.name, &unsigned),
        }
    }
}

/// As it stands, with the line ends that it was sent with.
fn simple(out: &mut Vec<u8>, text: &[u8]) {
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if number > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
    }
}

fn relaxed(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend(name.iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let words = value
        .split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        .filter(|word| !word.is_empty());
    for (number, word) in words.enumerate() {
        if number > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

/// A list of tags with nothing behind `b=`.
fn without_signature(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    for (number, tag) in value.split(|byte| *byte == b';').enumerate() {
        if number > 0 {
            out.push(b';');
        }
        let equals = memchr::memchr(b'=', tag).unwrap_or(0);
        let is_signature = tag.get(..equals).unwrap_or_default().trim_ascii() == b"b";
        out.extend_from_slice(match tag.get(..=equals) {
            Some(name) if is_signature => name,
            _ => tag,
        });
    }
    out
}

trait Line {
    fn trim_suffix_line(&self) -> &Self;
}

impl Line for [u8] {
    /// Without its line end.
    fn trim_suffix_line(&self) -> &Self {
        let line = self.strip_suffix(b"\n").unwrap_or(self);
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6376 section 3.4.5, in both forms.
    #[test]
    fn headers_are_brought_into_the_forms_of_the_standard() {
        for raw in [
            "A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\n",
            "A: X\nB : Y\t\n\tZ  \n\n C \n",
        ] {
            let fields = fields(raw.as_bytes());
            for (form, expected) in [
                (Canonicalization::Relaxed, "a:X\r\nb:Y Z\r\n"),
                (Canonicalization::Simple, "A: X\r\nB : Y\t\r\n\tZ  \r\n"),
            ] {
                let mut out = Vec::new();
                for field in &fields {
                    form.add(&mut out, field);
                }
                assert_eq!(String::from_utf8(out).expect("ASCII"), expected);
            }
        }
    }

    #[test]
    fn only_the_signature_is_taken_out_of_its_field() {
        for (value, expected) in [
            (" v=1; bh=abc=; b=x\r\n y=; s=b", " v=1; bh=abc=; b=; s=b"),
            ("b=xy", "b="),
            (" b = xy ;d=b=c", " b =;d=b=c"),
            ("v=1", "v=1"),
            (";;=;", ";;=;"),
            ("", ""),
        ] {
            assert_eq!(
                String::from_utf8(without_signature(value.as_bytes())).expect("ASCII"),
                expected
            );
        }
    }

    #[test]
    fn a_header_ends_somewhere() {
        let many = "A: b\n".repeat(5_000);
        for (raw, expected) in [
            ("", 0),
            ("\n\nA: b\n", 0),
            ("From ann Mon\nA: b\nno field\nC: d\n", 1),
            ("A: b", 1),
            (" : b", 0),
            (many.as_str(), MAX_FIELDS),
        ] {
            assert_eq!(fields(raw.as_bytes()).len(), expected);
        }
        let long = format!("A: {}\nB: c\n", "x".repeat(MAX_HEADER_BYTES));
        assert_eq!(fields(long.as_bytes()).len(), 1);
    }
}
