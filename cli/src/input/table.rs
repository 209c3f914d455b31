//! Tables: a header that names columns, and rows of cells.

use std::borrow::Cow;

/// What stands between cells, the usual one first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The columns of a table, as its first row names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// What stands between cells.
    pub delimiter: u8,
    /// The names as they are written.
    pub columns: Vec<String>,
}

impl Header {
    /// Reads a first line with the delimiter that gives the most columns.
    pub(crate) fn read(line: &[u8]) -> Self {
        let read = |delimiter| Self {
            delimiter,
            columns: fields(line, delimiter).map(|name| name.trim().to_owned()).collect(),
        };
        let headers = DELIMITERS.map(read);
        let [usual, ..] = &headers;
        let most = headers.iter().rev().max_by_key(|header| header.columns.len());
        most.unwrap_or(usual).clone()
    }

    /// Where the column of this name is, however it is written.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        let name = plain_name(name);
        self.columns.iter().position(|column| plain_name(column) == name)
    }
}

/// The cells of a row, without their quotation marks; what is no UTF-8 becomes `�`.
pub(crate) fn fields(row: &[u8], delimiter: u8) -> impl Iterator<Item = Cow<'_, str>> {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    let mut rest = Some(row.strip_suffix(b"\r").unwrap_or(row));
    std::iter::from_fn(move || {
        let row = rest?;
        let (field, after) = match row.strip_prefix(b"\"") {
            Some(quoted) => quoted_field(quoted, delimiter),
            None => plain_field(row, delimiter),
        };
        rest = after;
        Some(field)
    })
}

fn plain_field(row: &[u8], delimiter: u8) -> (Cow<'_, str>, Option<&[u8]>) {
    match memchr::memchr(delimiter, row).and_then(|end| row.split_at_checked(end)) {
        Some((field, rest)) => (String::from_utf8_lossy(field), rest.get(1..)),
        None => (String::from_utf8_lossy(row), None),
    }
}

/// Up to its closing mark, and whatever stands behind that and before the next delimiter.
fn quoted_field(row: &[u8], delimiter: u8) -> (Cow<'_, str>, Option<&[u8]>) {
    let mut text = Vec::new();
    let mut rest = row;
    loop {
        let Some((part, behind)) = memchr::memchr(b'"', rest).and_then(|end| rest.split_at_checked(end)) else {
            text.extend_from_slice(rest);
            return (lossy(text), None);
        };
        text.extend_from_slice(part);
        rest = behind.get(1..).unwrap_or_default();
        match rest.strip_prefix(b"\"") {
            Some(more) => {
                text.push(b'"');
                rest = more;
            }
            None => break,
        }
    }
    let (tail, after) = plain_field(rest, delimiter);
    text.extend_from_slice(tail.as_bytes());
    (lossy(text), after)
}

fn lossy(text: Vec<u8>) -> Cow<'static, str> {
    Cow::Owned(String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// A column's name without what people write differently: case, spaces, hyphens, underscores.
pub(crate) fn plain_name(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_lose_their_quotation_marks() {
        for (row, expected) in [
            ("a,b\r\n", vec!["a", "b"]),
            ("a,,", vec!["a", "", ""]),
            ("", vec![""]),
            ("\"a,b\",\"c \"\"d\"\"\"\n", vec!["a,b", "c \"d\""]),
            ("\"a\"x,b", vec!["ax", "b"]),
            ("5\" disk,b", vec!["5\" disk", "b"]),
            ("\"a\nb\",c\n", vec!["a\nb", "c"]),
        ] {
            assert_eq!(fields(row.as_bytes(), b',').collect::<Vec<_>>(), expected, "{row:?}");
        }
        assert_eq!(fields(b"a\xff,b", b',').collect::<Vec<_>>(), ["a\u{fffd}", "b"]);
    }

    #[test]
    fn the_header_tells_the_delimiter_and_finds_columns_however_they_are_written() {
        for (line, delimiter) in [
            ("name,E-Mail Address,since\r\n", b','),
            ("name;E-Mail Address;since", b';'),
            ("name\tE-Mail Address\tsince", b'\t'),
        ] {
            let header = Header::read(line.as_bytes());
            assert_eq!(header.delimiter, delimiter, "{line:?}");
            assert_eq!(header.position("email_address"), Some(1));
            assert_eq!(header.position("address"), None);
        }
        assert_eq!(Header::read(b"email").columns, ["email"]);
    }
}
