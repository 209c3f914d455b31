//! The messages of an mbox.

use memchr::memchr;

use super::sniff;
use super::window::Window;
use super::{Origin, SourceError, SourceMessage};

/// Above this size a message gives back the memory it did not use: it may wait a while to be stored.
const TRIMMED_BYTES: usize = 1024 * 1024;

/// The messages of an mbox (RFC 4155), one at a time.
///
/// Lines that begin with `>From ` lose one `>`: that undoes both kinds of quoting, mboxo (only `From ` is quoted) and
/// mboxrd (`>From ` too). Where a line began with `>From ` before mboxo wrote it, nothing tells so, and it is read as
/// mboxrd. A `Content-Length` is not looked at: whoever edits a message forgets it, and believing it once loses every
/// message behind.
pub(super) struct Mbox {
    origin: Origin,
    window: Window,
    limit: usize,
    number: u64,
    failed: bool,
}

impl Mbox {
    /// The messages of `window`, which begins with a `From ` line; those longer than `limit` bytes are errors.
    pub(super) fn new(origin: Origin, window: Window, limit: usize) -> Self {
        Self {
            origin,
            window,
            limit,
            number: 0,
            failed: false,
        }
    }

    fn read(&mut self) -> std::io::Result<Option<Body>> {
        let start = self.window.peek()?;
        if start.is_empty() {
            return Ok(None);
        }
        let from_line = sniff::from_line(start, true).unwrap_or_default();
        self.window.take(from_line);

        let mut body = Body::new(self.limit);
        // A message may be nothing but the empty line that ends it.
        let mut after_empty_line = true;
        loop {
            let next = self.window.peek()?;
            let separates = sniff::from_line(next, after_empty_line).is_some();
            if next.is_empty() || separates {
                break;
            }
            let quoting = usize::from(sniff::is_quoted_from(next));
            let (lines, complete) = plain_lines(next, quoting);
            body.append(lines);
            let length = quoting + lines.len();
            after_empty_line = ends_with_empty_line(lines);
            self.window.take(length);
            if !complete {
                self.read_rest_of_line(&mut body)?;
                after_empty_line = false;
            }
        }
        body.drop_separating_line();
        Ok(Some(body))
    }

    /// A line longer than what one can look ahead, up to and with its end.
    fn read_rest_of_line(&mut self, body: &mut Body) -> std::io::Result<()> {
        loop {
            let next = self.window.peek()?;
            let end = memchr(b'\n', next);
            let part = next.get(..end.map_or(next.len(), |end| end + 1)).unwrap_or_default();
            let length = part.len();
            body.append(part);
            self.window.take(length);
            if end.is_some() || length == 0 {
                return Ok(());
            }
        }
    }
}

impl Iterator for Mbox {
    type Item = Result<SourceMessage, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let body = match self.read() {
            Ok(body) => body?,
            Err(error) => {
                self.failed = true;
                let origin = Origin::numbered(self.origin.path(), self.number + 1);
                return Some(Err(SourceError::unreadable(origin, error)));
            }
        };
        self.number += 1;
        let origin = Origin::numbered(self.origin.path(), self.number);
        Some(if body.too_long() {
            Err(SourceError::TooLong {
                origin,
                limit: self.limit,
            })
        } else if body.bytes.is_empty() {
            Err(SourceError::Empty { origin })
        } else {
            Ok(SourceMessage {
                origin,
                bytes: body.into_bytes(),
            })
        })
    }
}

/// The bytes of the message that is being read, as long as they are within the limit.
struct Body {
    bytes: Vec<u8>,
    limit: usize,
    overflowed: bool,
}

impl Body {
    fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            overflowed: false,
        }
    }

    fn append(&mut self, part: &[u8]) {
        // The line that parts it from the next message is not known as such before the next message begins.
        const SEPARATING_LINE_BYTES: usize = 2;
        if self.bytes.len() + part.len() > self.limit.saturating_add(SEPARATING_LINE_BYTES) {
            self.overflowed = true;
            self.bytes = Vec::new();
        }
        if !self.overflowed {
            self.bytes.extend_from_slice(part);
        }
    }

    fn drop_separating_line(&mut self) {
        let ([rest @ .., b'\r', b'\n'] | [rest @ .., b'\n']) = self.bytes.as_slice() else {
            return;
        };
        if rest.is_empty() || rest.ends_with(b"\n") {
            self.bytes.truncate(rest.len());
        }
    }

    fn too_long(&self) -> bool {
        self.overflowed || self.bytes.len() > self.limit
    }

    fn into_bytes(mut self) -> Vec<u8> {
        if self.bytes.len() > TRIMMED_BYTES {
            self.bytes.shrink_to_fit();
        }
        self.bytes
    }
}

/// The whole lines that `text` begins with, behind its first `quoting` bytes, up to a line that may begin with `From `
/// or with `From ` in quotes; always the first line. And whether that line was complete.
fn plain_lines(text: &[u8], quoting: usize) -> (&[u8], bool) {
    let text = text.get(quoting..).unwrap_or_default();
    let mut end = 0;
    while let Some(line) = text.get(end..).filter(|line| !line.is_empty()) {
        let interesting = match line.first() {
            Some(b'F') => line.starts_with(b"From "),
            Some(b'>') => sniff::is_quoted_from(line),
            _ => false,
        };
        match memchr(b'\n', line) {
            Some(newline) if end == 0 || !interesting => end += newline + 1,
            None if end == 0 => return (text, false),
            _ => break,
        }
    }
    (text.get(..end).unwrap_or_default(), true)
}

fn ends_with_empty_line(lines: &[u8]) -> bool {
    matches!(lines, b"\n" | b"\r\n" | [.., b'\n', b'\n'] | [.., b'\n', b'\r', b'\n'])
}
