//! Finding many phrases in a text at once, with next to no start-up.
//!
//! Every phrase is filed under a hash of its first four bytes, and the text is walked once, looking up
//! every four bytes. An Aho-Corasick automaton over as many phrases takes milliseconds to build, which a function that starts for
//! a single message can't afford; this takes microseconds, and runs faster where matches are rare.

use std::borrow::Cow;

/// Buckets; a power of two, many times the number of phrases.
const BUCKETS: usize = 1 << 13;
/// Bytes that a phrase is filed under. Shorter phrases can't be found.
const KEY_BYTES: usize = 4;
/// End of a chain.
const NONE: u16 = u16::MAX;

/// A set of phrases, compared without regard to ASCII case.
#[derive(Debug)]
pub(crate) struct PhraseSet {
    buckets: Vec<u16>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    key: u32,
    next: u16,
    phrase: Cow<'static, str>,
}

/// Where a phrase was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    /// Which phrase, by its number in the list the set was made of.
    pub(crate) index: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl PhraseSet {
    /// Files `phrases`, which are in lower case.
    pub(crate) fn new<P: Into<Cow<'static, str>>>(phrases: impl IntoIterator<Item = P>) -> Self {
        let mut set = Self {
            buckets: vec![NONE; BUCKETS],
            entries: Vec::new(),
        };
        for phrase in phrases {
            let phrase: Cow<'static, str> = phrase.into();
            let key = phrase.as_bytes().get(..KEY_BYTES).and_then(key_of).unwrap_or_default();
            let number = u16::try_from(set.entries.len()).unwrap_or(NONE);
            let mut next = NONE;
            if let Some(bucket) = set
                .buckets
                .get_mut(bucket_of(key))
                .filter(|_| phrase.len() >= KEY_BYTES)
            {
                next = std::mem::replace(bucket, number);
            }
            set.entries.push(Entry { key, next, phrase });
        }
        set
    }

    /// Every phrase in `text`, overlapping ones too, in the order of their beginnings.
    pub(crate) fn find<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Match> + 't {
        let bytes = text.as_bytes();
        let hits = bytes.windows(KEY_BYTES).enumerate().filter_map(move |(start, window)| {
            let key = key_of(window)?;
            let first = *self.buckets.get(bucket_of(key))?;
            (first != NONE).then_some((start, key, first))
        });
        hits.flat_map(move |(start, key, first)| {
            self.chain(first).filter_map(move |(index, entry)| {
                let end = start + entry.phrase.len();
                let same = entry.key == key
                    && bytes
                        .get(start..end)
                        .is_some_and(|found| found.eq_ignore_ascii_case(entry.phrase.as_bytes()));
                same.then_some(Match { index, start, end })
            })
        })
    }

    fn chain(&self, first: u16) -> impl Iterator<Item = (usize, &Entry)> {
        let at = |number: u16| {
            self.entries
                .get(usize::from(number))
                .map(|entry| (usize::from(number), entry))
        };
        std::iter::successors(at(first), move |(_, entry)| at(entry.next))
    }
}

/// Four bytes as a number; the bit that tells cases apart is set, which also makes some other bytes equal.
fn key_of(window: &[u8]) -> Option<u32> {
    let window: [u8; KEY_BYTES] = window.try_into().ok()?;
    Some(u32::from_le_bytes(window) | 0x2020_2020)
}

fn bucket_of(key: u32) -> usize {
    (key.wrapping_mul(0x9E37_79B1) >> 19) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_all_overlapping_and_in_any_case() {
        let set = PhraseSet::new(["user unknown", "unknown", "known host", "straße", "abc"]);
        let found: Vec<_> = set
            .find("550 User UNKNOWN hosts on unknown known Host Straße")
            .map(|m| (m.index, m.start))
            .collect();
        assert_eq!(found, [(0, 4), (1, 9), (2, 11), (1, 26), (2, 34), (3, 45)]);
        assert_eq!(set.find("abc").count() + set.find("").count(), 0, "shorter than a key");
    }

    #[test]
    fn buckets_are_within_reach() {
        for key in [0, 1, u32::MAX, 0x7573_6572] {
            assert!(bucket_of(key) < BUCKETS);
        }
    }
}
