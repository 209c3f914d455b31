//! Rows, read one by one with their bytes as they are.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memchr2};

/// The longest row. Nobody's recipient takes more, and a quotation mark that never ends must not swallow the file.
const MAX_ROW_BYTES: usize = 64 << 10;

/// How much is read at a time.
const READ_BYTES: usize = 64 << 10;

/// The byte order mark that some editors put before UTF-8.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads rows that end in line feeds; with a delimiter, also those whose quoted cells (RFC 4180 section 2) hold line
/// feeds. In bounded memory.
pub(crate) struct Rows<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    at_end: bool,
    line: u64,
    delimiter: Option<u8>,
}

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    /// The line it begins on, from 1.
    pub line: u64,
    /// All of it, with the line feed it ends in.
    pub bytes: &'a [u8],
}

/// A row that could not be read. The next one begins on the next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadRow {
    /// The line it begins on, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Where a row ends.
enum End {
    /// Before this byte.
    At(usize),
    /// Nowhere so far.
    Beyond { in_quotes: bool },
}

impl<R: Read> Rows<R> {
    /// Rows of this source, one a line until [`Rows::delimited_by`] says otherwise. A byte order mark is left out.
    pub(crate) fn new(source: R) -> io::Result<Self> {
        let mut rows = Self {
            source,
            buffer: Vec::new(),
            start: 0,
            at_end: false,
            line: 1,
            delimiter: None,
        };
        while rows.buffer.len() < UTF8_MARK.len() && !rows.at_end {
            rows.fill()?;
        }
        if rows.buffer.starts_with(UTF8_MARK) {
            rows.start = UTF8_MARK.len();
        } else if rows.buffer.starts_with(b"\xff\xfe") || rows.buffer.starts_with(b"\xfe\xff") {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is UTF-16; save it as UTF-8",
            ));
        }
        Ok(rows)
    }

    /// From now on rows have cells with this between them.
    pub(crate) fn delimited_by(&mut self, delimiter: u8) {
        self.delimiter = Some(delimiter);
    }

    /// The rest of the first line, without reading past it.
    pub(crate) fn peek_line(&mut self) -> io::Result<&[u8]> {
        loop {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            let end = memchr(b'\n', rest);
            if end.is_some() || self.at_end || rest.len() > MAX_ROW_BYTES {
                let end = end.unwrap_or(rest.len()).min(MAX_ROW_BYTES);
                return Ok(self.buffer.get(self.start..self.start + end).unwrap_or_default());
            }
            self.fill()?;
        }
    }

    /// The next row; `None` when there is no more.
    pub(crate) fn next(&mut self) -> io::Result<Option<Result<Row<'_>, BadRow>>> {
        let line = self.line;
        loop {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            match end_of_row(rest, self.delimiter) {
                End::At(end) => return Ok(Some(Ok(self.take(line, end)))),
                End::Beyond { .. } if !self.at_end && rest.len() <= MAX_ROW_BYTES => self.fill()?,
                End::Beyond { in_quotes: true } => {
                    self.skip_line()?;
                    return Ok(Some(Err(BadRow {
                        line,
                        what: "a quotation mark that never ends",
                    })));
                }
                End::Beyond { in_quotes: false } if self.at_end => {
                    let end = rest.len();
                    return Ok((end > 0).then(|| Ok(self.take(line, end))));
                }
                End::Beyond { in_quotes: false } => {
                    self.skip_line()?;
                    return Ok(Some(Err(BadRow {
                        line,
                        what: "longer than 64 KiB",
                    })));
                }
            }
        }
    }

    fn take(&mut self, line: u64, length: usize) -> Row<'_> {
        let bytes = self.buffer.get(self.start..self.start + length).unwrap_or_default();
        self.start += length;
        self.line += memchr_iter(b'\n', bytes).count() as u64;
        Row { line, bytes }
    }

    /// Leaves out everything up to the next line.
    fn skip_line(&mut self) -> io::Result<()> {
        self.line += 1;
        loop {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            match memchr(b'\n', rest) {
                Some(end) => {
                    self.start += end + 1;
                    return Ok(());
                }
                None if self.at_end => {
                    self.start = self.buffer.len();
                    return Ok(());
                }
                None => {
                    self.start = self.buffer.len();
                    self.fill()?;
                }
            }
        }
    }

    /// Reads more, after making room for it.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let read = (&mut self.source)
            .take(READ_BYTES as u64)
            .read_to_end(&mut self.buffer)?;
        self.at_end = read == 0;
        Ok(())
    }
}

/// Where the first row ends, its line feed included. A quotation mark opens a quoted cell only where the cell begins, so
/// that one in the middle of a name does no harm.
fn end_of_row(bytes: &[u8], delimiter: Option<u8>) -> End {
    let Some(delimiter) = delimiter else {
        return memchr(b'\n', bytes).map_or(End::Beyond { in_quotes: false }, |end| End::At(end + 1));
    };
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.first() == Some(&b'"') {
            match end_of_quoted(rest) {
                Some(end) => at += end,
                None => return End::Beyond { in_quotes: true },
            }
        }
        let rest = bytes.get(at..).unwrap_or_default();
        at += memchr2(delimiter, b'\n', rest).unwrap_or(rest.len());
        match bytes.get(at) {
            Some(b'\n') => return End::At(at + 1),
            Some(_) => at += 1,
            None => return End::Beyond { in_quotes: false },
        }
    }
}

/// How long the quoted text is that begins here, with its marks; two of them inside are one.
fn end_of_quoted(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr(b'"', bytes.get(at..)?)? + 1;
        if bytes.get(at) != Some(&b'"') {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out a few bytes at a time.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len()).min(self.0.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn read(text: &[u8], delimiter: Option<u8>, step: usize) -> Vec<(u64, String)> {
        let mut rows = Rows::new(Trickle(text, step)).unwrap();
        if let Some(delimiter) = delimiter {
            rows.delimited_by(delimiter);
        }
        let mut read = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            read.push(match row {
                Ok(row) => (row.line, String::from_utf8_lossy(row.bytes).into_owned()),
                Err(bad) => (bad.line, format!("! {}", bad.what)),
            });
        }
        read
    }

    #[test]
    fn rows_come_out_byte_by_byte_as_they_are() {
        let never_ends = "! a quotation mark that never ends";
        for (text, delimiter, expected) in [
            ("", None, vec![]),
            ("a\r\nb", None, vec![(1, "a\r\n"), (2, "b")]),
            ("\u{feff}a\n\nb\n", None, vec![(1, "a\n"), (2, "\n"), (3, "b\n")]),
            ("\"a\nb", None, vec![(1, "\"a\n"), (2, "b")]),
            ("\"a\nb\",c\nd\n", Some(b','), vec![(1, "\"a\nb\",c\n"), (3, "d\n")]),
            ("\"a\"\"\n\"\n,b\n", Some(b','), vec![(1, "\"a\"\"\n\"\n"), (3, ",b\n")]),
            (
                "5\" disk,b\nc,\"d\"\n",
                Some(b','),
                vec![(1, "5\" disk,b\n"), (2, "c,\"d\"\n")],
            ),
            ("\"a\"x,\"b\nc\"\n", Some(b','), vec![(1, "\"a\"x,\"b\nc\"\n")]),
            (
                "a,\"b\nc,d\ne\n",
                Some(b','),
                vec![(1, never_ends), (2, "c,d\n"), (3, "e\n")],
            ),
            ("a;\"b;\"\n", Some(b';'), vec![(1, "a;\"b;\"\n")]),
        ] {
            let expected: Vec<(u64, String)> = expected.into_iter().map(|(line, row)| (line, row.to_owned())).collect();
            for step in [1, 3, 1 << 20] {
                assert_eq!(read(text.as_bytes(), delimiter, step), expected, "{text:?} by {step}");
            }
        }
    }

    #[test]
    fn a_row_without_end_is_left_out_in_bounded_memory() {
        let mut text = vec![b'x'; 3 * MAX_ROW_BYTES];
        text.extend_from_slice(b"\nann@example.com\n");
        let expected = [
            (1, "! longer than 64 KiB".to_owned()),
            (2, "ann@example.com\n".to_owned()),
        ];
        assert_eq!(read(&text, None, 1 << 20), expected);
        let mut rows = Rows::new(text.as_slice()).unwrap();
        while rows.next().unwrap().is_some() {
            assert!(
                rows.buffer.capacity() <= 4 * MAX_ROW_BYTES,
                "{}",
                rows.buffer.capacity()
            );
        }
    }

    #[test]
    fn utf_16_is_named() {
        let refused = Rows::new(b"\xff\xfea\0".as_slice()).map(drop).unwrap_err();
        assert_eq!(refused.to_string(), "it is UTF-16; save it as UTF-8");
    }
}
