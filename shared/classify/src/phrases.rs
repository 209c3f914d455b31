//! Finding many phrases in a text at once, with next to no start-up.
//!
//! An Aho-Corasick automaton over as many phrases takes milliseconds to build, which a function that starts for a single
//! message can't afford; this takes microseconds, and runs faster where matches are rare.
//!
//! The text is looked at every few bytes only, four bytes at a time. Each phrase is filed under as many neighbouring
//! fours of its own as there are bytes in a step, so that one of these looks falls upon one of them wherever the phrase
//! stands; and under those of its fours that the set has least of, so that ordinary words cost next to nothing.

use std::borrow::Cow;

/// Bytes that a phrase is filed under. Shorter phrases can't be found.
const KEY_BYTES: usize = 4;
/// A longer step would file every phrase under more keys than it saves looks.
const MAX_STEP: usize = 4;
/// Bits of a hash; many times more values than there are keys, so that most looks end with it.
const HASH_BITS: u32 = 15;
/// One bit for each hash.
const HASH_WORDS: usize = 1 << (HASH_BITS - 6);
/// Chains of keys, by a part of the hash; a power of two.
const CHAINS: usize = 1 << 10;
/// End of a chain.
const NONE: u16 = u16::MAX;

/// A set of phrases, compared without regard to ASCII case.
#[derive(Debug)]
pub(crate) struct PhraseSet {
    phrases: Vec<Cow<'static, str>>,
    step: usize,
    /// One bit for each hash that a key has.
    hashes: Box<[u64; HASH_WORDS]>,
    chains: Vec<u16>,
    keys: Vec<Key>,
}

/// Four bytes of a phrase.
#[derive(Debug)]
struct Key {
    bytes: u32,
    next: u16,
    phrase: u16,
    /// How many bytes of the phrase stand before them.
    offset: usize,
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
        let phrases: Vec<Cow<'static, str>> = phrases.into_iter().map(Into::into).collect();
        let lengths = phrases.iter().map(|phrase| phrase.len());
        let shortest = lengths.filter(|length| *length >= KEY_BYTES).min().unwrap_or(KEY_BYTES);
        let mut set = Self {
            step: (shortest - KEY_BYTES + 1).min(MAX_STEP),
            hashes: Box::new([0; HASH_WORDS]),
            chains: vec![NONE; CHAINS],
            keys: Vec::new(),
            phrases: Vec::new(),
        };
        let mut uses = vec![0_u16; 1 << HASH_BITS];
        for bytes in phrases.iter().flat_map(|phrase| fours(phrase)) {
            if let Some(uses) = uses.get_mut(hash_of(bytes)) {
                *uses = uses.saturating_add(1);
            }
        }
        for (number, phrase) in (0_u16..).zip(&phrases) {
            let uses: Vec<u32> = fours(phrase)
                .map(|bytes| uses.get(hash_of(bytes)).copied().unwrap_or_default().into())
                .collect();
            let rarest = uses
                .windows(set.step)
                .enumerate()
                .min_by_key(|(_, uses)| uses.iter().sum::<u32>());
            let offset = rarest.map_or(0, |(offset, _)| offset);
            for (offset, bytes) in fours(phrase).enumerate().skip(offset).take(set.step) {
                set.file(number, offset, bytes);
            }
        }
        Self { phrases, ..set }
    }

    fn file(&mut self, phrase: u16, offset: usize, bytes: u32) {
        let hash = hash_of(bytes);
        let number = u16::try_from(self.keys.len()).unwrap_or(NONE);
        if let (Some(bits), Some(chain)) = (self.hashes.get_mut(hash / 64), self.chains.get_mut(hash % CHAINS)) {
            *bits |= 1 << (hash % 64);
            let next = std::mem::replace(chain, number);
            self.keys.push(Key {
                bytes,
                next,
                phrase,
                offset,
            });
        }
    }

    /// Every phrase in `text`, overlapping ones too, in the order of their beginnings; of those that begin at the same
    /// place the last of the list comes first.
    pub(crate) fn find(&self, text: &str) -> std::vec::IntoIter<Match> {
        let text = text.as_bytes();
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(window) = text.get(at..).and_then(|rest| rest.first_chunk()) {
            let bytes = key_of(*window);
            if self.may_have(bytes) {
                self.look(text, at, bytes, &mut found);
            }
            at += self.step;
        }
        found.sort_unstable_by_key(|found| (found.start, std::cmp::Reverse(found.index)));
        found.into_iter()
    }

    /// Whether a key may have these bytes.
    fn may_have(&self, bytes: u32) -> bool {
        let hash = hash_of(bytes);
        let bits = self.hashes.get(hash / 64);
        bits.is_some_and(|bits| bits & (1 << (hash % 64)) != 0)
    }

    /// Adds the phrases that have `bytes` for a key and stand around `at`.
    fn look(&self, text: &[u8], at: usize, bytes: u32, found: &mut Vec<Match>) {
        let key = |number: u16| self.keys.get(usize::from(number));
        let first = self.chains.get(hash_of(bytes) % CHAINS).copied().and_then(key);
        for known in std::iter::successors(first, |known| key(known.next)).filter(|known| known.bytes == bytes) {
            let phrase = self.phrases.get(usize::from(known.phrase));
            let Some((phrase, start)) = phrase.zip(at.checked_sub(known.offset)) else {
                continue;
            };
            let end = start + phrase.len();
            let stands = text.get(start..end);
            if stands.is_some_and(|stands| stands.eq_ignore_ascii_case(phrase.as_bytes())) {
                found.push(Match {
                    index: usize::from(known.phrase),
                    start,
                    end,
                });
            }
        }
    }
}

/// The keys that a phrase could be filed under.
fn fours(phrase: &str) -> impl Iterator<Item = u32> {
    let windows = phrase.as_bytes().windows(KEY_BYTES);
    windows.filter_map(|window| window.first_chunk().copied().map(key_of))
}

/// Four bytes as a number; the bit that tells cases apart is set, which also makes some other bytes equal.
fn key_of(window: [u8; KEY_BYTES]) -> u32 {
    u32::from_le_bytes(window) | 0x2020_2020
}

fn hash_of(bytes: u32) -> usize {
    (bytes.wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn finds_what_comparing_every_phrase_at_every_byte_finds(
            phrases in prop::collection::vec("[ab\u{e9}-]{2,9}", 1..12),
            text in "[aAbB\u{e9}-]{0,40}",
        ) {
            let set = PhraseSet::new(phrases.clone());
            let mut expected = Vec::new();
            for start in 0..text.len() {
                for (index, phrase) in phrases.iter().enumerate().rev().filter(|(_, phrase)| phrase.len() >= KEY_BYTES) {
                    let end = start + phrase.len();
                    let stands = text.as_bytes().get(start..end);
                    if stands.is_some_and(|found| found.eq_ignore_ascii_case(phrase.as_bytes())) {
                        expected.push(Match { index, start, end });
                    }
                }
            }
            prop_assert_eq!(set.find(&text).collect::<Vec<_>>(), expected);
        }
    }
}
