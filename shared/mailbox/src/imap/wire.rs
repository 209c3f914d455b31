//! What lies between the `imap` crate and the connection.
//!
//! A client must be prepared for any response at any time (RFC 3501 section 2.2.2), and the crate is not: it takes a line
//! that it cannot read for the end of the session, panics on a warning at the wrong time (an untagged `NO` while a folder
//! is opened), knows no bounds, and forgets the words of a goodbye. So it gets to read one response at a time, and only
//! what it has asked for and can read; what servers say about how a command or the session ended is remembered here.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::answer::Violation;
use super::refusal::refused;
use super::scan::{Piece, Scanner};
use super::status::{Status, StatusLine};
use crate::net::{Check, Stream, lost, read_failure};
use crate::server::{ErrorKind, Limits, MailboxError, Server, Step, printable};

/// What is read at once: several TLS records.
const BUFFER_BYTES: usize = 64 * 1024;

/// How often a server may ask for more within one command. No mechanism that we speak takes more than two answers.
const MAX_CHALLENGES: usize = 4;

/// A connection, cut into responses.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    scanner: Scanner,
    /// What has been read, and how much of it is understood.
    buffer: Box<[u8]>,
    understood: usize,
    filled: usize,
    /// The time that an answer earns as it arrives.
    per_megabyte: Duration,
    /// What the crate has asked for, and is given.
    asked: &'static [&'static str],
    /// A response for the crate, and how much of it the crate has.
    given: (Vec<u8>, usize),
    /// How often the server has asked for more within one command.
    challenges: usize,
    /// How the last command ended.
    ended: Option<StatusLine>,
    /// The server's last words.
    goodbye: Option<StatusLine>,
    /// What was wrong with what came.
    violation: Option<Violation>,
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            scanner: Scanner::default(),
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            understood: 0,
            filled: 0,
            per_megabyte: Duration::ZERO,
            asked: &[],
            given: (Vec::new(), 0),
            challenges: 0,
            ended: None,
            goodbye: None,
            violation: None,
        }
    }

    /// See [`Stream::allow`]. What was read ahead is not counted again. The crate is given nothing that nobody asked for.
    pub(super) fn allow(&mut self, time: Duration, bytes: u64) {
        self.allow_asked(time, bytes, &[]);
    }

    /// The same; the crate is given these kinds of responses, named by their words in capitals.
    pub(super) fn allow_asked(&mut self, time: Duration, bytes: u64, asked: &'static [&'static str]) {
        self.stream.allow(time, bytes);
        self.per_megabyte = Duration::ZERO;
        self.asked = asked;
        self.ended = None;
        self.challenges = 0;
    }

    /// For long answers: how long one is, is the server's word alone, so it gets this much more time for each megabyte as
    /// it arrives, and not because it was announced.
    pub(super) fn allow_long(&mut self, time: Duration, per_megabyte: Duration, bytes: u64) {
        self.allow(time, bytes);
        self.per_megabyte = per_megabyte;
    }

    /// See [`Stream::extend`].
    pub(super) fn extend(&mut self, time: Duration) {
        self.stream.extend(time);
    }

    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// See [`Stream::upgrade`].
    pub(super) fn upgrade(self, server: &Server, limits: &Limits, check: Check) -> Result<Self, MailboxError> {
        let unread = self.buffer.get(self.understood..self.filled).unwrap_or_default();
        let stream = self.stream.upgrade(unread, server, limits, check)?;
        Ok(Self::new(stream))
    }

    /// Sends bytes, all of them.
    pub(super) fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Hands the pieces of what comes to `each`, until it gives something.
    pub(super) fn hear<T>(&mut self, mut each: impl FnMut(Piece<'_>) -> Result<Option<T>, Violation>) -> io::Result<T> {
        loop {
            let mut unread = self.buffer.get(self.understood..self.filled).unwrap_or_default();
            while let Some(piece) = self.scanner.next(&mut unread) {
                let heard = each(piece);
                self.understood = self.filled - unread.len();
                match heard {
                    Ok(Some(heard)) => return Ok(heard),
                    Ok(None) => {}
                    Err(violation) => {
                        self.violation = Some(violation);
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                }
            }
            (self.understood, self.filled) = (0, 0);
            self.filled = match self.stream.read(&mut self.buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
                read => read?,
            };
            let earned = u32::try_from(self.filled).unwrap_or(u32::MAX);
            self.stream.extend(self.per_megabyte.saturating_mul(earned) / 1_000_000);
        }
    }

    /// The next response, whole.
    pub(super) fn response(&mut self) -> io::Result<Vec<u8>> {
        let mut response = Vec::new();
        self.hear(|piece| {
            match piece {
                Piece::Text(bytes) | Piece::Bytes(bytes) => response.extend_from_slice(bytes),
                Piece::Literal(_) => {}
                Piece::End => return Ok(Some(())),
            }
            Ok(None)
        })?;
        Ok(response)
    }

    /// Remembers how a command or the session ended.
    pub(super) fn note(&mut self, line: StatusLine) {
        if line.is_goodbye() {
            self.goodbye = Some(line);
        } else if line.tag.is_some() {
            self.ended = Some(line);
        }
    }

    /// How the last command ended.
    pub(super) fn ended(&self) -> Option<&StatusLine> {
        self.ended.as_ref()
    }

    /// The error of a step at which the connection failed.
    pub(super) fn failure(&self, step: Step, error: &io::Error) -> MailboxError {
        if let Some(violation) = &self.violation {
            return MailboxError::new(step, ErrorKind::Protocol, violation.to_string());
        }
        match (&self.goodbye, error.kind()) {
            (Some(goodbye), kind) if kind != io::ErrorKind::TimedOut => refused(step, goodbye),
            (_, io::ErrorKind::UnexpectedEof) => self.cut_off(lost(step)),
            _ => self.cut_off(read_failure(step, error)),
        }
    }

    /// The error of a step that the crate reports.
    pub(super) fn refusal(&self, step: Step, error: imap::Error) -> MailboxError {
        match (error, &self.ended) {
            (imap::Error::Io(error), _) => self.failure(step, &error),
            (imap::Error::ConnectionLost, _) => self.failure(step, &io::ErrorKind::UnexpectedEof.into()),
            (imap::Error::No(_) | imap::Error::Bad(_), Some(line)) => refused(step, line),
            (imap::Error::Validate(error), _) => MailboxError::new(
                step,
                if step == Step::Login {
                    ErrorKind::Credentials
                } else {
                    ErrorKind::Folder
                },
                "a line end cannot be sent",
            )
            .with_hint(format!("check for a line end that was copied along ({error})")),
            (error, _) => MailboxError::new(
                step,
                ErrorKind::Protocol,
                format!(
                    "the server's answer cannot be understood: {}",
                    printable(error.to_string().as_bytes())
                ),
            ),
        }
    }

    /// What the server had begun to say, where that tells more than its silence.
    fn cut_off(&self, mut error: MailboxError) -> MailboxError {
        if !self.scanner.is_between_responses() {
            error.reason.push_str(", in the middle of an answer");
        }
        error
    }
}

/// What the `imap` crate takes for its connection: a handle, so that bounds can be set and answers be read behind its
/// back.
#[derive(Clone, Debug)]
pub(super) struct Handle(Arc<Mutex<Wire>>);

impl Handle {
    pub(super) fn new(wire: Wire) -> Self {
        Self(Arc::new(Mutex::new(wire)))
    }

    pub(super) fn wire(&self) -> MutexGuard<'_, Wire> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for Handle {
    /// Never more than what is left of one response, so that the crate's own buffer is empty after every answer.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut wire = self.wire();
        while wire.given.1 == wire.given.0.len() {
            let response = match wire.response() {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                response => response?,
            };
            wire.given = (wire.admit(response)?, 0);
        }
        let (response, begin) = &wire.given;
        let rest = response.get(*begin..).unwrap_or_default();
        let given = rest.len().min(into.len());
        for (to, from) in into.iter_mut().zip(rest) {
            *to = *from;
        }
        wire.given.1 += given;
        Ok(given)
    }
}

impl Write for Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wire().stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wire().stream.flush()
    }
}

impl Wire {
    /// The response as the crate gets it: as it is, made readable, or not at all.
    fn admit(&mut self, response: Vec<u8>) -> io::Result<Vec<u8>> {
        if let Some(line) = StatusLine::read(&response) {
            let admitted = match (&line.tag, line.status) {
                // Its words are kept here, and may hold what the crate cannot read.
                (Some(tag), Status::Ok) => format!("{tag} OK done\r\n"),
                (Some(tag), Status::No) => format!("{tag} NO refused\r\n"),
                (Some(tag), Status::Bad) => format!("{tag} BAD refused\r\n"),
                _ => String::new(),
            };
            let given = match (&line.code, line.status) {
                (Some(code), Status::Ok) if line.tag.is_none() && self.asked.contains(&code.as_str()) => {
                    readable(format!("* OK [{code} {}] done\r\n", line.argument).as_bytes())
                }
                _ => None,
            };
            self.note(line);
            return Ok(given.unwrap_or_else(|| admitted.into_bytes()));
        }
        if response.starts_with(b"+") && self.challenges < MAX_CHALLENGES {
            self.challenges += 1;
            return Ok(response);
        }
        if response.starts_with(b"* ") {
            let is_asked = self
                .asked
                .iter()
                .any(|asked| kind(&response).eq_ignore_ascii_case(asked.as_bytes()));
            let given = if is_asked { readable(&response) } else { None };
            return Ok(given.unwrap_or_default());
        }
        self.violation = Some(Violation::Gibberish(printable(&response)));
        Err(io::ErrorKind::InvalidData.into())
    }
}

/// The word that says what an untagged response is about: `LIST` of `* LIST …`, `EXISTS` of `* 3 EXISTS`.
fn kind(response: &[u8]) -> &[u8] {
    let mut words = response.split(u8::is_ascii_whitespace).skip(1);
    let first = words.next().unwrap_or_default();
    if first.iter().all(u8::is_ascii_digit) {
        words.next().unwrap_or_default()
    } else {
        first
    }
}

/// A response that the crate's parser can read; `None` when it cannot be made so.
fn readable(response: &[u8]) -> Option<Vec<u8>> {
    let is = |begins: &[u8]| {
        response
            .get(..begins.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(begins))
    };
    let response = if is(b"* SEARCH") {
        // Exchange puts a space behind the last number, and behind no number.
        [response.trim_ascii_end(), b"\r\n"].concat()
    } else if is(b"* LIST ") || is(b"* STATUS ") {
        with_literals(response)
    } else {
        response.to_vec()
    };
    match imap_proto::parser::parse_response(&response) {
        Ok(([], _)) => Some(response),
        _ => None,
    }
}

/// A response with literals for those names that the crate's parser gets wrong: it leaves `\"` in quoted ones as it is, and
/// takes only ASCII there.
fn with_literals(response: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(response.len());
    let mut rest = response;
    while let Some(at) = rest.iter().position(|byte| b"\"{".contains(byte)) {
        let (before, from) = rest.split_at_checked(at).unwrap_or_default();
        out.extend_from_slice(before);
        let length = literal_length(from);
        if let Some(length) = length {
            let (literal, behind) = from.split_at_checked(length).unwrap_or((from, &[]));
            out.extend_from_slice(literal);
            rest = behind;
            continue;
        }
        let Some((text, length)) = quoted(from) else {
            rest = from;
            break;
        };
        let (as_it_is, behind) = from.split_at_checked(length).unwrap_or((from, &[]));
        // A delimiter of one character has to stay quoted.
        if text.len() > 1 && (text.len() + 2 != length || !text.is_ascii()) {
            out.extend_from_slice(format!("{{{}}}\r\n", text.len()).as_bytes());
            out.extend_from_slice(&text);
        } else {
            out.extend_from_slice(as_it_is);
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
    out
}

/// How long a literal is, with its announcement, if one is announced here.
fn literal_length(from: &[u8]) -> Option<usize> {
    let line_end = memchr::memchr(b'\n', from)?;
    let digits = from.get(1..line_end)?.trim_ascii_end().strip_suffix(b"}")?;
    let bytes: usize = str::from_utf8(digits).ok()?.parse().ok()?;
    from.starts_with(b"{").then(|| bytes.saturating_add(line_end + 1))
}

/// A quoted string, and how long it is as it is written.
fn quoted(from: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut text = Vec::new();
    let mut bytes = from.iter().enumerate().skip(1);
    loop {
        match bytes.next()? {
            (at, b'"') => return Some((text, at + 1)),
            (_, b'\\') => text.push(*bytes.next()?.1),
            (_, byte) => text.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_crate_gets_what_it_can_read() {
        for (said, given) in [
            (
                "* LIST (\\HasNoChildren) \"/\" INBOX\r\n",
                Some("* LIST (\\HasNoChildren) \"/\" INBOX\r\n"),
            ),
            (
                "* LIST () \"\\\\\" \"a\\\"b\"\r\n",
                Some("* LIST () \"\\\\\" {3}\r\na\"b\r\n"),
            ),
            ("* LIST () NIL \"ü\"\r\n", Some("* LIST () NIL {2}\r\nü\r\n")),
            (
                "* STATUS {3}\r\na\"b (MESSAGES 1)\r\n",
                Some("* STATUS {3}\r\na\"b (MESSAGES 1)\r\n"),
            ),
            (
                "* STATUS \"a\\\\b\" (MESSAGES 1)\r\n",
                Some("* STATUS {3}\r\na\\b (MESSAGES 1)\r\n"),
            ),
            ("* LIST () \"/\" \"a\r\n", None),
            ("* LIST () \"/\" {x}\r\n", None),
            ("* SEARCH 1 2 \r\n", Some("* SEARCH 1 2\r\n")),
            ("* SEARCH \r\n", Some("* SEARCH\r\n")),
            ("* SEARCH x\r\n", None),
            ("* OK [UIDVALIDITY 5] gut\r\n", Some("* OK [UIDVALIDITY 5] gut\r\n")),
            ("* OK schön\r\n", None),
            ("* 1 RECENTLY\r\n", None),
            ("* X-UNKNOWN\r\n", None),
        ] {
            let readable = readable(said.as_bytes());
            assert_eq!(readable.as_deref(), given.map(str::as_bytes), "{said}");
        }
    }

    #[test]
    fn a_response_is_about_its_first_word_that_is_no_number() {
        for (said, about) in [
            ("* LIST () NIL a\r\n", "LIST"),
            ("* 3 EXISTS\r\n", "EXISTS"),
            ("* SEARCH\r\n", "SEARCH"),
            ("* 3\r\n", ""),
            ("* \r\n", ""),
        ] {
            assert_eq!(kind(said.as_bytes()), about.as_bytes(), "{said:?}");
        }
    }

    proptest! {
        #[test]
        fn any_response_is_readable_or_not(
            said in "\\* (LIST|STATUS|SEARCH|CAPABILITY|[0-9]{1,12} EXISTS|OK \\[UIDVALIDITY)[ a-z0-9(){}\"\\\\\\[\\]\r\nü]{0,30}\r\n",
        ) {
            let _ = readable(said.as_bytes());
        }
    }
}
