//! Where a server's responses begin and end: lines, and the literals in them. No socket, and no memory but for a few
//! bytes of the line.

use memchr::memchr;

/// A part of a response, as it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Bytes of a line, its end included.
    Text(&'a [u8]),
    /// The line has announced a literal of so many bytes, which follow. It may be one of 0.
    Literal(u64),
    /// Bytes of the literal.
    Bytes(&'a [u8]),
    /// The response is complete.
    End,
}

/// Cuts what a server says into responses (RFC 3501 section 2.2.2). A literal is counted, never looked into, so that
/// nothing in a message can be taken for a response.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    state: State,
    /// The response's first bytes, in capitals.
    head: Vec<u8>,
    /// The line's last bytes.
    tail: Vec<u8>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Line,
    Announced(u64),
    Literal(u64),
    End,
}

/// Enough of a response to tell what it is: `* PREAUTH `, or a tag and a status.
const HEAD_BYTES: usize = 24;

/// Enough of a line to hold the announcement of any literal, and its line end.
const TAIL_BYTES: usize = 26;

impl Scanner {
    /// The next piece of `input`, which is taken from it; `None` when more must arrive.
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        match self.state {
            State::Line => {
                let line_end = memchr(b'\n', input);
                let text = take(input, line_end.map_or(usize::MAX, |at| at + 1));
                if text.is_empty() {
                    return None;
                }
                self.remember(text);
                if line_end.is_some() {
                    self.state = self.announced().map_or(State::End, State::Announced);
                    self.tail.clear();
                }
                Some(Piece::Text(text))
            }
            State::Announced(bytes) => {
                self.state = State::Literal(bytes);
                Some(Piece::Literal(bytes))
            }
            State::Literal(0) => {
                self.state = State::Line;
                self.next(input)
            }
            State::Literal(left) => {
                let bytes = take(input, usize::try_from(left).unwrap_or(usize::MAX));
                self.state = State::Literal(left - bytes.len() as u64);
                (!bytes.is_empty()).then_some(Piece::Bytes(bytes))
            }
            State::End => {
                *self = Self::default();
                Some(Piece::End)
            }
        }
    }

    /// Whether nothing of a response has arrived yet.
    pub(super) fn is_between_responses(&self) -> bool {
        matches!(self.state, State::Line) && self.head.is_empty()
    }

    fn remember(&mut self, text: &[u8]) {
        let room = HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend(text.iter().take(room).map(u8::to_ascii_uppercase));
        let last = text.len().saturating_sub(TAIL_BYTES);
        self.tail.extend(text.iter().skip(last));
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
    }

    /// The size of the literal that the line ends with: `{42}`; also as LITERAL+ and BINARY spell it.
    fn announced(&self) -> Option<u64> {
        if self.is_prose() {
            return None;
        }
        let line = self.tail.strip_suffix(b"\n")?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line.strip_suffix(b"}")?;
        let line = line.strip_suffix(b"+").unwrap_or(line);
        let open = line.iter().rposition(|&byte| byte == b'{')?;
        let digits = line.get(open + 1..)?;
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        str::from_utf8(digits).ok()?.parse().ok()
    }

    /// Whether the response ends in words for people, which may look like anything.
    fn is_prose(&self) -> bool {
        const STATUSES: [&[u8]; 5] = [b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"];
        let mut words = self.head.split(u8::is_ascii_whitespace);
        let first = words.next().unwrap_or_default();
        let second = words.next().unwrap_or_default();
        first == b"+" || STATUSES.contains(&second)
    }
}

fn take<'a>(input: &mut &'a [u8], most: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at_checked(most).unwrap_or((*input, &[]));
    *input = rest;
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the scanner makes of bytes that arrive in chunks: `|` after a literal's announcement, `/` after a response.
    fn scan(bytes: &[u8], chunk: usize) -> String {
        let mut scanner = Scanner::default();
        let mut out = String::new();
        for mut input in bytes.chunks(chunk) {
            while let Some(piece) = scanner.next(&mut input) {
                match piece {
                    Piece::Text(bytes) | Piece::Bytes(bytes) => out.push_str(&String::from_utf8_lossy(bytes)),
                    Piece::Literal(bytes) => out.extend(["<", &bytes.to_string(), ">"]),
                    Piece::End => out.push('/'),
                }
            }
            assert!(input.is_empty());
        }
        out
    }

    #[test]
    fn responses_end_where_they_end_however_they_arrive() {
        for (said, scanned) in [
            ("* OK hi\r\na1 OK done\r\n", "* OK hi\r\n/a1 OK done\r\n/"),
            ("* 1 FETCH (X {3}\r\na\r\n)\r\n", "* 1 FETCH (X {3}\r\n<3>a\r\n)\r\n/"),
            ("* 1 FETCH (X {0}\r\n)\r\n", "* 1 FETCH (X {0}\r\n<0>)\r\n/"),
            (
                "* LIST () {2+}\r\nab {1}\r\nc\r\n",
                "* LIST () {2+}\r\n<2>ab {1}\r\n<1>c\r\n/",
            ),
            ("* 1 FETCH (X {5}\r\n* OK\n)\n", "* 1 FETCH (X {5}\r\n<5>* OK\n)\n/"),
            // Words for people announce nothing.
            (
                "* OK see {5}\r\na1 NO {1}\r\n+ {2}\r\n",
                "* OK see {5}\r\n/a1 NO {1}\r\n/+ {2}\r\n/",
            ),
            ("* bye {5}\r\n", "* bye {5}\r\n/"),
            // No size that can be counted.
            ("* X {99999999999999999999}\r\n", "* X {99999999999999999999}\r\n/"),
            ("* X {}\r\n* X {a}\r\n* X }\r\n", "* X {}\r\n/* X {a}\r\n/* X }\r\n/"),
        ] {
            for chunk in [1, 2, 3, 7, 1000] {
                assert_eq!(scan(said.as_bytes(), chunk), scanned, "in chunks of {chunk}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_made_up(bytes: Vec<u8>, chunk in 1_usize..20) {
            let mut scanner = Scanner::default();
            let mut out = Vec::new();
            for mut input in bytes.chunks(chunk) {
                while let Some(piece) = scanner.next(&mut input) {
                    if let Piece::Text(part) | Piece::Bytes(part) = piece {
                        out.extend_from_slice(part);
                    }
                }
            }
            prop_assert_eq!(out, bytes);
        }
    }
}
