//! A message on its way: where it ends, and which dots belong to it.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::reply::Violation;

/// How far a message may run over the limit and still be read to its end, to keep the session: room for a server that
/// counts its sizes a little wrong, or a message that grew. What runs on is not a message any more.
pub(super) const MAX_DRAINED_BYTES: u64 = 16 * 1024 * 1024;

/// The most room that is made for a message before its bytes are there, so that a server can't take memory by words.
const MAX_ROOM_AHEAD: u64 = 1024 * 1024;

static DOT_AFTER_LINE_END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\r\n."));

/// Takes the dots off that a server puts in front of lines that begin with one (RFC 1939 section 3), and finds the lone
/// dot at the end.
///
/// Only CR LF is a line end here, for a dot as for the end: a message may hold any other, and keeps it.
#[derive(Debug)]
pub(super) struct Body {
    at: At,
    bytes: Vec<u8>,
    /// How many bytes came, kept or not.
    total: u64,
    limit: u64,
    announced: u64,
}

/// What stands before the next byte.
#[derive(Clone, Copy, Debug)]
enum At {
    /// CR LF, or the server's `+OK` line.
    LineStart,
    /// A dot at the start of a line, not kept yet.
    Dot,
    /// The same, and a CR, not kept yet.
    DotCr,
    /// A CR.
    Cr,
    /// Anything else.
    Text,
}

impl Body {
    /// A message that is listed with `announced` bytes, and not kept if it has more than `limit`.
    pub(super) fn new(announced: u64, limit: u64) -> Self {
        // A few bytes more than announced, because many servers count a line end as one byte.
        let room = announced.saturating_add(announced / 16 + 64);
        let room = room.min(MAX_ROOM_AHEAD).min(limit);
        Self {
            at: At::LineStart,
            bytes: Vec::with_capacity(usize::try_from(room).unwrap_or(0)),
            total: 0,
            limit,
            announced,
        }
    }

    /// Takes bytes off `input`, up to the message's end. True when that is reached.
    pub(super) fn receive(&mut self, input: &mut &[u8]) -> Result<bool, Violation> {
        loop {
            if matches!(self.at, At::Text) {
                if !self.text(input)? {
                    return Ok(false);
                }
                continue;
            }
            let Some((&byte, rest)) = input.split_first() else {
                return Ok(false);
            };
            let taken;
            (self.at, taken) = match (self.at, byte) {
                (At::LineStart, b'.') => (At::Dot, true),
                (At::Dot, b'\r') => (At::DotCr, true),
                (At::DotCr, b'\n') => {
                    *input = rest;
                    return Ok(true);
                }
                (At::DotCr, _) => {
                    self.keep(b"\r")?;
                    (At::Text, false)
                }
                (At::Cr, b'\n') => {
                    self.keep(b"\n")?;
                    (At::LineStart, true)
                }
                _ => (At::Text, false),
            };
            if taken {
                *input = rest;
            }
        }
    }

    /// The whole message, or how long it was if it is too long to be kept.
    pub(super) fn finish(self) -> Result<Vec<u8>, u64> {
        if self.total > self.limit {
            return Err(self.total);
        }
        Ok(self.bytes)
    }

    /// Keeps text up to the next dot at the start of a line. False when `input` has none.
    fn text(&mut self, input: &mut &[u8]) -> Result<bool, Violation> {
        let found = DOT_AFTER_LINE_END.find(input);
        let (text, rest) = input.split_at(found.map_or(input.len(), |found| found + b"\r\n".len()));
        self.keep(text)?;
        self.at = if found.is_some() || text.ends_with(b"\r\n") {
            At::LineStart
        } else if text.ends_with(b"\r") {
            At::Cr
        } else {
            At::Text
        };
        *input = rest;
        Ok(found.is_some())
    }

    fn keep(&mut self, text: &[u8]) -> Result<(), Violation> {
        self.total = self.total.saturating_add(text.len() as u64);
        if self.total <= self.limit {
            self.bytes.extend_from_slice(text);
        } else if self.total - self.limit <= MAX_DRAINED_BYTES {
            self.bytes = Vec::new();
        } else {
            return Err(Violation::Overrun {
                bytes: self.limit + MAX_DRAINED_BYTES,
                announced: self.announced,
            });
        }
        Ok(())
    }
}
