//! A stretch of a stream that can be looked at before it is taken.

use std::io::{self, Read};

/// What is read from a file at once.
const READ_BYTES: usize = 256 * 1024;

/// How far one can look ahead: the longest `From ` line, and the start of the header behind it.
pub(super) const PEEK_BYTES: usize = 8 * 1024;

/// Buffered reading with a look ahead of [`PEEK_BYTES`].
pub(super) struct Window {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    taken: usize,
    filled: usize,
    ended: bool,
}

impl Window {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            taken: 0,
            filled: 0,
            ended: false,
        }
    }

    /// What comes next: at least [`PEEK_BYTES`], or all that is left; empty at the end.
    pub(super) fn peek(&mut self) -> io::Result<&[u8]> {
        if self.buffer.is_empty() {
            self.buffer.resize(READ_BYTES, 0);
        }
        if self.filled - self.taken < PEEK_BYTES && !self.ended {
            self.buffer.copy_within(self.taken..self.filled, 0);
            self.filled -= self.taken;
            self.taken = 0;
            while self.filled < PEEK_BYTES && !self.ended {
                self.fill()?;
            }
        }
        Ok(self.buffer.get(self.taken..self.filled).unwrap_or_default())
    }

    /// Goes past the next `count` bytes, which were peeked at before.
    pub(super) fn take(&mut self, count: usize) {
        self.taken = self.filled.min(self.taken + count);
    }

    fn fill(&mut self) -> io::Result<()> {
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        match self.input.read(room) {
            Ok(0) => self.ended = true,
            Ok(count) => self.filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Read for Window {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let next = self.peek()?;
        let count = next.len().min(into.len());
        if let (Some(from), Some(to)) = (next.get(..count), into.get_mut(..count)) {
            to.copy_from_slice(from);
        }
        self.take(count);
        Ok(count)
    }
}
