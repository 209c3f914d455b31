//! The objects of a JSON document, one by one.

use std::io::{self, Read};

use serde_json::{Map, Value};

use super::rows::BadRow;

/// The longest object that is a row.
const MAX_OBJECT_BYTES: usize = 64 << 10;

/// Reads the objects of JSON Lines, of an array, or of the arrays in an object (`{"Suppressions": [{…}, …]}`), in
/// bounded memory.
pub(crate) struct Objects<R: Read> {
    bytes: io::Bytes<io::BufReader<R>>,
    line: u64,
    /// What is open around the rows.
    around: Vec<u8>,
}

/// An object, or what is wrong with it.
pub(crate) type ObjectRow = Result<(u64, Map<String, Value>), BadRow>;

/// An object that is being read.
#[derive(Default)]
struct Open {
    line: u64,
    text: Vec<u8>,
    /// What is open in it, itself first.
    inside: Vec<u8>,
    in_string: bool,
    escaped: bool,
    too_long: bool,
}

impl<R: Read> Objects<R> {
    /// The objects of this source.
    pub(crate) fn new(source: R) -> Self {
        Self {
            bytes: io::BufReader::new(source).bytes(),
            line: 1,
            around: Vec::new(),
        }
    }

    /// The next one; `None` when there is no more.
    pub(crate) fn next(&mut self) -> io::Result<Option<ObjectRow>> {
        let mut open: Option<Open> = None;
        let mut text_around = false;
        while let Some(byte) = self.bytes.next().transpose()? {
            if byte == b'\n' {
                self.line += 1;
            }
            if let Some(row) = &mut open {
                if row.take(byte) {
                    return Ok(open.take().map(Open::finish));
                }
                // An array of objects in an outermost object: those are the rows, and this is what is around them.
                if row.inside == [b'{', b'[', b'{'] && self.around.is_empty() {
                    self.around = vec![b'{', b'['];
                    open = Some(Open::new(self.line));
                }
                continue;
            }
            match byte {
                // A name or a value around the rows; quotes in it are escaped.
                b'"' if text_around => text_around = false,
                b'\\' if text_around => drop(self.bytes.next().transpose()?),
                _ if text_around => {}
                b'"' => text_around = true,
                b'{' if self.around.last() != Some(&b'{') => open = Some(Open::new(self.line)),
                b'{' | b'[' => self.around.push(byte),
                b'}' | b']' => drop(self.around.pop()),
                _ => {}
            }
        }
        Ok(open.map(|row| {
            Err(BadRow {
                line: row.line,
                what: "an object that never ends",
            })
        }))
    }
}

impl Open {
    fn new(line: u64) -> Self {
        Self {
            line,
            text: vec![b'{'],
            inside: vec![b'{'],
            ..Self::default()
        }
    }

    /// Takes one more byte; whether the object is complete.
    fn take(&mut self, byte: u8) -> bool {
        if self.text.len() < MAX_OBJECT_BYTES {
            self.text.push(byte);
        } else {
            self.too_long = true;
        }
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string => {}
            b'{' | b'[' if self.inside.len() < MAX_OBJECT_BYTES => self.inside.push(byte),
            b'}' | b']' => drop(self.inside.pop()),
            _ => {}
        }
        self.inside.is_empty()
    }

    fn finish(self) -> ObjectRow {
        let line = self.line;
        let bad = |what| BadRow { line, what };
        if self.too_long {
            return Err(bad("an object longer than 64 KiB"));
        }
        serde_json::from_slice(&self.text)
            .map(|object| (line, object))
            .map_err(|_| bad("no JSON object"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_wherever_they_stand() {
        for (text, expected) in [
            ("", "[]"),
            ("{\"a\":1}\n{\"a\":2}\n", "[(1, 1), (2, 2)]"),
            ("[{\"a\":1},\n {\"a\":2}]", "[(1, 1), (2, 2)]"),
            (
                "{\n\"Next\": \"x]\\\"}\", \"S\": [\n{\"a\":1},\n{\"a\":2}\n], \"T\": {\"b\": [1]}}",
                "[(3, 1), (4, 2)]",
            ),
            ("{\"S\":[{\"a\":1}]}\n{\"S\":[{\"a\":2}]}", "[(1, 1), (2, 2)]"),
            (
                "{\"a\":1,\"tags\":[\"x\",\"{\"]}\n{\"a\":2,\"b\":{\"c\":[{}]}}",
                "[(1, 1), (2, 2)]",
            ),
            (
                "{\"a\":1}\n{\"a\":}\n{\"a\":3}",
                "[(1, 1), (2, no JSON object), (3, 3)]",
            ),
            ("{\"a\":1}\n{\"a\":\"", "[(1, 1), (2, an object that never ends)]"),
        ] {
            let mut objects = Objects::new(text.as_bytes());
            let mut found = Vec::new();
            while let Some(row) = objects.next().unwrap() {
                found.push(match row {
                    Ok((line, object)) => format!("({line}, {})", object["a"]),
                    Err(bad) => format!("({}, {})", bad.line, bad.what),
                });
            }
            assert_eq!(format!("[{}]", found.join(", ")), expected, "{text}");
        }
    }

    #[test]
    fn a_long_object_is_named_in_bounded_memory() {
        let long = format!("{{\"a\":\"{}\"}}\n{{\"a\":2}}", "x".repeat(10 * MAX_OBJECT_BYTES));
        let mut objects = Objects::new(long.as_bytes());
        assert_eq!(
            objects.next().unwrap().unwrap().unwrap_err().what,
            "an object longer than 64 KiB"
        );
        assert_eq!(objects.next().unwrap().unwrap().unwrap().0, 2);
    }
}
