//! Listing keys in the order of their bytes, a page at a time, with common prefixes rolled up.

use rusqlite::{Connection, params};

use super::Store;
use super::objects::bucket_id;
use crate::error::StoreError;

/// Where a page starts: the smallest key that may be on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position(Vec<u8>);

impl Position {
    /// Everything after `key`.
    pub(crate) fn after(key: &str) -> Self {
        // The next string in byte order.
        Self([key.as_bytes(), &[0]].concat())
    }

    /// Where the first version of listings goes on behind `marker`: a key, or a common prefix that was rolled up.
    pub(crate) fn behind(marker: &str, prefix: &str, delimiter: &str) -> Self {
        let rolled_up = marker
            .strip_prefix(prefix)
            .is_some_and(|rest| find(rest.as_bytes(), delimiter.as_bytes()) == Some(rest.len()));
        let after = rolled_up.then(|| Self::after_prefix(marker.as_bytes())).flatten();
        after.unwrap_or_else(|| Self::after(marker))
    }

    /// Everything after all keys that start with `prefix`; `None` if nothing can come after those.
    fn after_prefix(prefix: &[u8]) -> Option<Self> {
        let kept = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
        let mut bytes = prefix.get(..=kept)?.to_vec();
        if let Some(last) = bytes.last_mut() {
            *last += 1;
        }
        Some(Self(bytes))
    }

    /// As an opaque continuation token.
    pub(crate) fn to_token(&self) -> String {
        use std::fmt::Write as _;
        self.0
            .iter()
            .fold(String::with_capacity(self.0.len() * 2), |mut token, byte| {
                let _ = write!(token, "{byte:02x}");
                token
            })
    }

    /// `None` if this is no token of ours.
    pub(crate) fn from_token(token: &str) -> Option<Self> {
        let (pairs, rest) = token.as_bytes().as_chunks::<2>();
        let digits = pairs.iter().all(|pair| pair.iter().all(u8::is_ascii_hexdigit));
        let bytes = pairs
            .iter()
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        if digits && rest.is_empty() {
            Some(Self(bytes.collect::<Option<_>>()?))
        } else {
            None
        }
    }
}

/// What to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    /// Keys that share everything up to and with its first occurrence after the prefix are rolled into one entry.
    pub(crate) delimiter: Option<String>,
    pub(crate) from: Position,
    /// Entries at most: objects and common prefixes together.
    pub(crate) max: usize,
}

/// One page of a listing.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) objects: Vec<ListedObject>,
    pub(crate) common_prefixes: Vec<String>,
    /// Where the next page starts, when there is more.
    pub(crate) next: Option<Position>,
}

/// One object of a listing.
#[derive(Debug)]
pub(crate) struct ListedObject {
    pub(crate) key: String,
    pub(crate) size: i64,
    pub(crate) etag: String,
    pub(crate) modified_ms: i64,
}

impl Store {
    pub(crate) async fn list(&self, page: Page) -> Result<Listed, StoreError> {
        self.read(move |connection| list(connection, &page)).await
    }
}

fn list(connection: &Connection, page: &Page) -> Result<Listed, StoreError> {
    let bucket = bucket_id(connection, &page.bucket)?;
    let prefix = page.prefix.as_bytes();
    let mut listed = Listed::default();
    let mut from = if page.from.0.as_slice() < prefix {
        prefix.to_vec()
    } else {
        page.from.0.clone()
    };
    let mut statement = connection.prepare_cached(
        "SELECT key, size, etag, modified_ms FROM objects WHERE bucket = ?1 AND key >= ?2 ORDER BY key",
    )?;
    // One turn for each run of plain keys; a common prefix is jumped over with a new seek.
    'seek: loop {
        let mut rows = statement.query(params![bucket, from])?;
        while let Some(row) = rows.next()? {
            let key = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
            let Some(rest) = key.strip_prefix(prefix) else {
                return Ok(listed);
            };
            if listed.objects.len() + listed.common_prefixes.len() >= page.max {
                listed.next = Some(Position(from));
                return Ok(listed);
            }
            let rolled = page
                .delimiter
                .as_deref()
                .and_then(|delimiter| find(rest, delimiter.as_bytes()));
            if let Some(common) = rolled.and_then(|end| key.get(..prefix.len() + end)) {
                listed
                    .common_prefixes
                    .push(String::from_utf8_lossy(common).into_owned());
                match Position::after_prefix(common) {
                    Some(Position(next)) => from = next,
                    None => return Ok(listed),
                }
                continue 'seek;
            }
            let key = String::from_utf8_lossy(key).into_owned();
            from = Position::after(&key).0;
            listed.objects.push(ListedObject {
                key,
                size: row.get(1)?,
                etag: row.get(2)?,
                modified_ms: row.get(3)?,
            });
        }
        return Ok(listed);
    }
}

/// Where the first `needle` in `haystack` ends.
fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return None;
    }
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
        .map(|start| start + needle.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_round_trip_and_foreign_tokens_are_refused() {
        let position = Position::after("raw/é/\u{7f}");
        assert_eq!(Position::from_token(&position.to_token()), Some(position));
        for foreign in ["x", "abc", "zz", "+1"] {
            assert_eq!(Position::from_token(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_page_goes_on_behind_a_key_or_behind_all_that_was_rolled_up() {
        let table = [
            ("a/b", "", "", Position::after("a/b")),
            ("a/b", "", "/", Position::after("a/b")),
            ("a/", "", "", Position::after("a/")),
            ("a/", "", "/", Position(b"a0".to_vec())),
            ("raw/a/", "raw/", "/", Position(b"raw/a0".to_vec())),
            ("raw/", "raw/", "/", Position::after("raw/")),
        ];
        for (marker, prefix, delimiter, expected) in table {
            assert_eq!(Position::behind(marker, prefix, delimiter), expected, "{marker}");
        }
    }

    #[test]
    fn after_a_prefix_comes_the_next_byte_string_that_does_not_start_with_it() {
        let table: [(&[u8], Option<&[u8]>); 4] = [
            (b"a/", Some(b"a0")),
            (b"a\xff", Some(b"b")),
            (b"\xff\xff", None),
            (b"", None),
        ];
        for (prefix, expected) in table {
            assert_eq!(
                Position::after_prefix(prefix).map(|position| position.0).as_deref(),
                expected
            );
        }
    }
}
