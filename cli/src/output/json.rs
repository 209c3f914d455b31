//! JSON documents, one after the other or as one array.

use std::io::{self, Write};

use serde::Serialize;

/// Writes documents as they come, as lines or as the elements of one array, in bounded memory.
pub(crate) struct JsonStream<W: Write> {
    out: W,
    lines: bool,
    written: usize,
}

impl<W: Write> JsonStream<W> {
    /// One document a line (JSON Lines).
    pub(crate) fn lines(out: W) -> Self {
        Self {
            out,
            lines: true,
            written: 0,
        }
    }

    /// One array.
    pub(crate) fn array(out: W) -> Self {
        Self {
            out,
            lines: false,
            written: 0,
        }
    }

    /// Writes one document.
    pub(crate) fn write(&mut self, document: &impl Serialize) -> io::Result<()> {
        if self.lines {
            serde_json::to_writer(&mut self.out, document)?;
            self.out.write_all(b"\n")?;
        } else {
            self.out.write_all(if self.written == 0 { b"[\n" } else { b",\n" })?;
            serde_json::to_writer_pretty(&mut self.out, document)?;
        }
        self.written += 1;
        Ok(())
    }

    /// Ends the array, if it is one, and flushes.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if !self.lines {
            self.out.write_all(if self.written == 0 { b"[]\n" } else { b"\n]\n" })?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<'a>(open: fn(&'a mut Vec<u8>) -> JsonStream<&'a mut Vec<u8>>, out: &'a mut Vec<u8>, documents: &[u8]) {
        let mut stream = open(out);
        for document in documents {
            stream.write(document).expect("writing to memory");
        }
        stream.finish().expect("writing to memory");
    }

    #[test]
    fn lines_and_arrays_of_any_length_are_json() {
        for (documents, lines, array) in [
            (&[][..], "", "[]\n"),
            (&[7], "7\n", "[\n7\n]\n"),
            (&[7, 8], "7\n8\n", "[\n7,\n8\n]\n"),
        ] {
            let (mut as_lines, mut as_array) = (Vec::new(), Vec::new());
            written(JsonStream::lines, &mut as_lines, documents);
            written(JsonStream::array, &mut as_array, documents);
            assert_eq!(
                (as_lines.as_slice(), as_array.as_slice()),
                (lines.as_bytes(), array.as_bytes())
            );
        }
    }
}
