//! Answers to UID FETCH, read without copying a message more than once.
//!
//! The `imap` crate holds a whole answer in memory, copies it and parses it twice; that is well for a line, and not for
//! ten thousand messages.

use super::scan::Piece;
use super::status::StatusLine;

/// What a server said, as far as fetching goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Something about a message.
    Fetched(Fetched),
    /// How a command, or the session, ended.
    Status(StatusLine),
    /// Anything else, which is none of ours.
    Other,
}

/// What a server said about a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fetched {
    /// UID; without it the rest is news about flags that nobody asked for.
    pub(super) uid: Option<u32>,
    /// RFC822.SIZE.
    pub(super) bytes: Option<u64>,
    /// BODY[].
    pub(super) body: Option<Body>,
}

/// A message's raw bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// All of them.
    Whole(Vec<u8>),
    /// They were more than the limit, this many, and were thrown away.
    TooLong(u64),
    /// The server has none: `NIL`.
    None,
}

/// The most that a response may have beside its literals. What is asked for takes a hundred bytes.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// The most literals in one response: one is asked for.
const MAX_LITERALS: usize = 16;

/// A response that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Violation {
    #[error("the server's answer does not end")]
    Endless,
    #[error("the server's answer cannot be understood: {0:?}")]
    Gibberish(String),
}

/// Puts the pieces of a response together.
#[derive(Debug)]
pub(super) struct Assembly {
    text: Vec<u8>,
    literals: Vec<Body>,
    longest_literal: u64,
}

impl Assembly {
    /// Literals of more than `longest_literal` bytes are counted and thrown away.
    pub(super) fn new(longest_literal: u64) -> Self {
        Self {
            text: Vec::new(),
            literals: Vec::new(),
            longest_literal,
        }
    }

    /// Adds a piece; gives what was said when it is complete.
    pub(super) fn add(&mut self, piece: Piece<'_>) -> Result<Option<Said>, Violation> {
        match piece {
            Piece::Text(text) => {
                if self.text.len() + text.len() > MAX_TEXT_BYTES {
                    return Err(Violation::Endless);
                }
                self.text.extend_from_slice(text);
            }
            Piece::Literal(_) if self.literals.len() == MAX_LITERALS => return Err(Violation::Endless),
            Piece::Literal(bytes) => self.literals.push(match usize::try_from(bytes) {
                Ok(room) if bytes <= self.longest_literal => Body::Whole(Vec::with_capacity(room)),
                _ => Body::TooLong(bytes),
            }),
            Piece::Bytes(bytes) => {
                if let Some(Body::Whole(literal)) = self.literals.last_mut() {
                    literal.extend_from_slice(bytes);
                }
            }
            Piece::End => {
                let said = understand(&self.text, &mut self.literals);
                self.text.clear();
                self.literals.clear();
                return said.map(Some);
            }
        }
        Ok(None)
    }
}

fn understand(text: &[u8], literals: &mut [Body]) -> Result<Said, Violation> {
    let gibberish = || Violation::Gibberish(crate::server::printable(text));
    if let Some(status) = StatusLine::read(text) {
        return Ok(Said::Status(status));
    }
    let Some(untagged) = text.strip_prefix(b"* ") else {
        return Err(gibberish());
    };
    let mut rest = Tokens {
        text: untagged,
        literals: literals.iter_mut(),
    };
    if rest.word().iter().all(u8::is_ascii_digit) && rest.space() && rest.word().eq_ignore_ascii_case(b"FETCH") {
        if !rest.space() {
            return Err(gibberish());
        }
        return rest.attributes().map(Said::Fetched).ok_or_else(gibberish);
    }
    Ok(Said::Other)
}

/// What is left of a response.
struct Tokens<'a> {
    text: &'a [u8],
    literals: std::slice::IterMut<'a, Body>,
}

enum Value<'a> {
    Atom(&'a [u8]),
    Quoted(Vec<u8>),
    Literal(Body),
    List,
}

impl<'a> Tokens<'a> {
    fn first(&self) -> Option<u8> {
        self.text.first().copied()
    }

    fn skip(&mut self, bytes: usize) {
        self.text = self.text.get(bytes..).unwrap_or_default();
    }

    fn space(&mut self) -> bool {
        let found = self.first() == Some(b' ');
        while self.first() == Some(b' ') {
            self.skip(1);
        }
        found
    }

    fn is(&mut self, byte: u8) -> bool {
        let found = self.first() == Some(byte);
        if found {
            self.skip(1);
        }
        found
    }

    fn word(&mut self) -> &'a [u8] {
        let end = self.text.iter().position(|byte| b" ()\"{\r\n".contains(byte));
        let (word, rest) = self
            .text
            .split_at_checked(end.unwrap_or(self.text.len()))
            .unwrap_or_default();
        self.text = rest;
        word
    }

    /// `UID`, or `BODY[HEADER.FIELDS (TO)]<0>`.
    fn name(&mut self) -> &'a [u8] {
        let mut inside = false;
        let end = self.text.iter().position(|&byte| {
            match byte {
                b'[' => inside = true,
                b']' => inside = false,
                _ => {}
            }
            !inside && b" ()\"{\r\n".contains(&byte)
        });
        let (name, rest) = self
            .text
            .split_at_checked(end.unwrap_or(self.text.len()))
            .unwrap_or_default();
        self.text = rest;
        name
    }

    fn attributes(&mut self) -> Option<Fetched> {
        let mut fetched = Fetched::default();
        if !self.is(b'(') {
            return None;
        }
        loop {
            self.space();
            if self.is(b')') {
                return Some(fetched);
            }
            let name = self.name();
            if name.is_empty() {
                return None;
            }
            self.space();
            let value = self.value()?;
            if name.eq_ignore_ascii_case(b"UID") {
                fetched.uid = Some(number(&value)?);
            } else if name.eq_ignore_ascii_case(b"RFC822.SIZE") {
                fetched.bytes = Some(number(&value)?);
            } else if name.eq_ignore_ascii_case(b"BODY[]") {
                fetched.body = Some(match value {
                    Value::Literal(body) => body,
                    Value::Quoted(bytes) => Body::Whole(bytes),
                    Value::Atom(atom) if atom.eq_ignore_ascii_case(b"NIL") => Body::None,
                    Value::Atom(_) | Value::List => return None,
                });
            }
        }
    }

    fn value(&mut self) -> Option<Value<'a>> {
        match self.first()? {
            b'"' => self.quoted().map(Value::Quoted),
            b'{' | b'~' => self.literal().map(Value::Literal),
            b'(' => {
                let mut depth = 0_usize;
                loop {
                    match self.first()? {
                        b'(' => {
                            depth += 1;
                            self.skip(1);
                        }
                        b')' => {
                            depth -= 1;
                            self.skip(1);
                            if depth == 0 {
                                return Some(Value::List);
                            }
                        }
                        b'"' => {
                            self.quoted()?;
                        }
                        b'{' => {
                            self.literal()?;
                        }
                        _ => self.skip(1),
                    }
                }
            }
            _ => Some(Value::Atom(self.word())).filter(|value| !matches!(value, Value::Atom(b""))),
        }
    }

    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.skip(1);
        loop {
            let byte = self.first()?;
            self.skip(1);
            match byte {
                b'"' => return Some(bytes),
                b'\r' | b'\n' => return None,
                b'\\' => {
                    bytes.push(self.first()?);
                    self.skip(1);
                }
                _ => bytes.push(byte),
            }
        }
    }

    /// The literal that is announced here. A brace in the middle of a line announces none.
    fn literal(&mut self) -> Option<Body> {
        let line_end = memchr::memchr(b'\n', self.text)?;
        let announcement = self.text.get(..line_end)?.trim_ascii_end();
        announcement.ends_with(b"}").then(|| self.skip(line_end + 1))?;
        self.literals.next().map(|body| std::mem::replace(body, Body::None))
    }
}

fn number<N: std::str::FromStr>(value: &Value<'_>) -> Option<N> {
    match value {
        Value::Atom(digits) => str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::scan::Scanner;
    use super::super::status::Status;
    use super::*;

    fn read(mut said: &[u8], longest_literal: u64) -> Result<Vec<Said>, Violation> {
        let (mut scanner, mut assembly) = (Scanner::default(), Assembly::new(longest_literal));
        let mut all = Vec::new();
        while let Some(piece) = scanner.next(&mut said) {
            all.extend(assembly.add(piece)?);
        }
        Ok(all)
    }

    fn fetched(uid: u32, bytes: Option<u64>, body: Option<Body>) -> Said {
        Said::Fetched(Fetched {
            uid: Some(uid),
            bytes,
            body,
        })
    }

    fn whole(bytes: &str) -> Body {
        Body::Whole(bytes.as_bytes().to_vec())
    }

    #[test]
    fn messages_are_read_however_servers_put_it() {
        for (said, meant) in [
            (
                "* 1 FETCH (UID 7 BODY[] {2}\r\nab)\r\n",
                fetched(7, None, Some(whole("ab"))),
            ),
            (
                "* 1 FETCH (BODY[] {2}\r\nab UID 7)\r\n",
                fetched(7, None, Some(whole("ab"))),
            ),
            (
                "* 1 fetch (uid 7 body[] {0}\r\n)\r\n",
                fetched(7, None, Some(whole(""))),
            ),
            (
                "* 1 FETCH (UID 7 BODY[] \"a\\\"b\")\r\n",
                fetched(7, None, Some(whole("a\"b"))),
            ),
            ("* 1 FETCH (UID 7 BODY[] NIL)\r\n", fetched(7, None, Some(Body::None))),
            (
                "* 1 FETCH (UID 7 BODY[] {9}\r\n123456789)\r\n",
                fetched(7, None, Some(Body::TooLong(9))),
            ),
            (
                "* 1 FETCH (UID 7 RFC822.SIZE 5000000000)\r\n",
                fetched(7, Some(5_000_000_000), None),
            ),
            // Dovecot with CONDSTORE, Gmail, a server with a space too many, and one with a literal for a label.
            (
                "* 1 FETCH (UID 7 RFC822.SIZE 5 MODSEQ (12) FLAGS (\\Seen $Junk))\r\n",
                fetched(7, Some(5), None),
            ),
            (
                "* 1 FETCH (X-GM-LABELS (\"\\\\Inbox\" \"a)\\\"\" b) UID 7 RFC822.SIZE 5)\r\n",
                fetched(7, Some(5), None),
            ),
            ("* 1 FETCH ( UID 7  RFC822.SIZE 5 )\r\n", fetched(7, Some(5), None)),
            (
                "* 1 FETCH (X-GM-LABELS (a {3}\r\n)( ) UID 7 BODY[] {2}\r\nab)\r\n",
                fetched(7, None, Some(whole("ab"))),
            ),
            (
                "* 1 FETCH (BODY[HEADER.FIELDS (TO CC)] {2}\r\nxx UID 7)\r\n",
                fetched(7, None, None),
            ),
        ] {
            assert_eq!(read(said.as_bytes(), 8), Ok(vec![meant]), "{said}");
        }
    }

    #[test]
    fn a_message_cannot_speak_for_the_server() {
        let said = b"* 1 FETCH (UID 7 BODY[] {27}\r\n)\r\nf1 OK done\r\n* BYE gone\r\n)\r\nf1 NO really\r\n";
        let all = read(said, 100).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(
            all[0],
            fetched(7, None, Some(whole(")\r\nf1 OK done\r\n* BYE gone\r\n")))
        );
        assert!(matches!(&all[1], Said::Status(line) if line.ends("f1") && line.status == Status::No));
    }

    #[test]
    fn what_is_not_about_messages_is_passed_over() {
        for said in [
            "* 5 EXISTS\r\n",
            "* FLAGS (\\Seen)\r\n",
            "* SEARCH 1 2\r\n",
            "* VANISHED 5\r\n",
            "* X\r\n",
        ] {
            assert_eq!(read(said.as_bytes(), 8), Ok(vec![Said::Other]), "{said}");
        }
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for said in [
            "hello\r\n",
            "\r\n",
            "* 1 FETCH\r\n",
            "* 1 FETCH x\r\n",
            "* 1 FETCH (UID)\r\n",
            "* 1 FETCH (UID x)\r\n",
            "* 1 FETCH (UID 4294967296)\r\n",
            "* 1 FETCH (UID 7 BODY[] {2}\r\nab\r\n",
            "* 1 FETCH (UID 7 BODY[] \"a\r\n",
            "* 1 FETCH (UID 7 FLAGS (a\r\n",
            "* 1 FETCH (UID 7 BODY[] x)\r\n",
        ] {
            assert!(
                matches!(read(said.as_bytes(), 8), Err(Violation::Gibberish(_))),
                "{said}"
            );
        }
        let endless = format!("* {}\r\n", "x".repeat(MAX_TEXT_BYTES));
        assert_eq!(read(endless.as_bytes(), 8), Err(Violation::Endless));
        let endless = "* 1 FETCH (A {0}\r\n".to_owned() + &" B {0}\r\n".repeat(MAX_LITERALS);
        assert_eq!(read(endless.as_bytes(), 8), Err(Violation::Endless));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_an_error(said in "(\\* 1 FETCH |[a-z(){}\"\\[\\] \r\n0-9\\\\]|UID 7|BODY\\[\\]|\\{3\\}\r\n){0,20}\r\n") {
            let _ = read(said.as_bytes(), 8);
        }
    }
}
