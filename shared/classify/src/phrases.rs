//! Finding many phrases in a text at once, with next to no start-up.
//!
//! An Aho-Corasick automaton over as many phrases takes milliseconds to build, which a function that starts for a single
//! message can't afford; this takes microseconds, and runs faster where matches are rare.
//!
//! The text is looked at every few bytes only, a few bytes at a time. Each phrase is filed under as many neighbouring
//! keys of its own as there are bytes in a step, so that one of these looks falls upon one of them wherever the phrase
//! stands; and under those of its keys that the set has least of, so that ordinary words cost next to nothing. Phrases
//! that are not all ASCII are filed apart: they are looked for only in texts that aren't either.

use std::borrow::Cow;

/// Shorter phrases can't be found.
const MIN_PHRASE: usize = 4;
/// Bytes looked at; a key is all of them, or for the sake of longer steps all but the last.
const WINDOW: usize = 4;
/// Bits of which a key sets one, as words: so many more than the largest set has keys that most looks end with one that is
/// not set, and so few that all of them stay at hand.
const BIT_WORDS: usize = 1 << 9;
/// What is left of a hash to tell them apart.
const BITS: u32 = (BIT_WORDS * 64).trailing_zeros();
/// Windows that are looked at before those are that may hold a key.
const WINDOWS_AT_ONCE: usize = 64;
/// Hashes told apart when the uses of keys are counted.
const COUNTED: u32 = 15;

/// A set of phrases, compared without regard to ASCII case.
#[derive(Debug)]
pub(crate) struct PhraseSet {
    phrases: Vec<Cow<'static, str>>,
    ascii: Keys,
    /// Of phrases with other letters.
    wide: Keys,
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
        let of = |ascii: bool| {
            let numbered = (0_u16..).zip(phrases.iter().map(Cow::as_ref));
            Keys::of(numbered.filter(move |(_, phrase)| phrase.is_ascii() == ascii))
        };
        Self {
            ascii: of(true),
            wide: of(false),
            phrases,
        }
    }

    /// Every phrase in `text`, overlapping ones too, in the order of their beginnings; of those that begin at the same
    /// place the last of the list comes first.
    pub(crate) fn find(&self, text: &str) -> std::vec::IntoIter<Match> {
        let mut found = Vec::new();
        let mut check = |at: usize, key: &Key| found.extend(self.match_around(text.as_bytes(), at, key));
        self.ascii.find(text.as_bytes(), &mut check);
        if !self.wide.is_empty() && !text.is_ascii() {
            self.wide.find(text.as_bytes(), &mut check);
        }
        found.sort_unstable_by_key(|found| (found.start, std::cmp::Reverse(found.index)));
        found.into_iter()
    }

    /// The phrase that has the key, if all of it stands around the `key` at `at`.
    fn match_around(&self, text: &[u8], at: usize, key: &Key) -> Option<Match> {
        let index = usize::from(key.phrase);
        let phrase = self.phrases.get(index)?;
        let start = at.checked_sub(usize::from(key.offset))?;
        let end = start + phrase.len();
        let stands = text.get(start..end)?.eq_ignore_ascii_case(phrase.as_bytes());
        stands.then_some(Match { index, start, end })
    }
}

/// Phrases filed under their keys.
#[derive(Debug)]
struct Keys {
    /// How far one look is from the next.
    step: usize,
    /// Bytes of a key.
    width: usize,
    /// Makes a hash of a window's bytes, blind to those that are not the key's.
    multiplier: u32,
    /// One bit for each hash that a key has.
    bits: Box<[u64; BIT_WORDS]>,
    /// How much of a bit's number tells lists apart: there are about as many as keys.
    list_shift: u32,
    /// Where the keys of each list begin.
    lists: Vec<u16>,
    filed: Vec<Key>,
}

/// A few bytes of a phrase.
#[derive(Clone, Copy, Debug)]
struct Key {
    /// They and what follows them, eight bytes at most.
    bytes: u64,
    /// How much of eight bytes that is.
    mask: u64,
    phrase: u16,
    /// How many bytes of the phrase stand before them.
    offset: u16,
}

impl Keys {
    /// Files phrases under their numbers.
    fn of<'p>(phrases: impl Iterator<Item = (u16, &'p str)> + Clone) -> Self {
        let phrases = phrases.filter(|(_, phrase)| phrase.len() >= MIN_PHRASE);
        let shortest = phrases.clone().map(|(_, phrase)| phrase.len()).min();
        let shortest = shortest.unwrap_or(MIN_PHRASE);
        // A window has to hold a whole number of steps, and a phrase a key wherever the looks fall.
        let step = if shortest > WINDOW + 1 { WINDOW } else { WINDOW / 2 };
        let width = (shortest - step + 1).min(WINDOW);
        let lists = (step * phrases.clone().count()).next_power_of_two();
        let mut all = Self {
            step,
            width,
            multiplier: 0x9E37_79B1 << (8 * (WINDOW - width)),
            bits: Box::new([0; BIT_WORDS]),
            list_shift: BITS - lists.trailing_zeros().min(BITS),
            lists: Vec::with_capacity(lists + 1),
            filed: Vec::new(),
        };
        let counted = |hash: u32| (hash >> (u32::BITS - COUNTED)) as usize;
        let mut uses = vec![0_u16; 1 << COUNTED];
        for hash in phrases.clone().flat_map(|(_, phrase)| all.hashes_of(phrase)) {
            if let Some(uses) = uses.get_mut(counted(hash)) {
                *uses = uses.saturating_add(1);
            }
        }
        let mut keys = Vec::new();
        for (phrase, text) in phrases {
            let uses: Vec<u32> = all
                .hashes_of(text)
                .map(|hash| uses.get(counted(hash)).copied().unwrap_or_default().into())
                .collect();
            let rarest = uses
                .windows(step)
                .enumerate()
                .min_by_key(|(_, uses)| uses.iter().sum::<u32>());
            let offset = rarest.map_or(0, |(offset, _)| offset);
            let hashes = (0_u16..).zip(all.hashes_of(text));
            keys.extend(hashes.skip(offset).take(step).map(|(offset, hash)| {
                let rest = text.as_bytes().get(usize::from(offset)..).unwrap_or_default();
                let key = Key {
                    bytes: eight_at(text.as_bytes(), usize::from(offset)),
                    mask: u64::MAX >> (8 * (8_usize.saturating_sub(rest.len()))),
                    phrase,
                    offset,
                };
                (bit_of(hash), key)
            }));
        }
        keys.sort_unstable_by_key(|(bit, key)| (*bit, key.phrase));
        for (bit, key) in keys {
            if let Some(bits) = all.bits.get_mut(bit / 64) {
                *bits |= 1 << (bit % 64);
            }
            all.begin_lists(bit >> all.list_shift);
            all.filed.push(key);
        }
        all.begin_lists(lists);
        all
    }

    /// Begins every list up to this one with the next key.
    fn begin_lists(&mut self, last: usize) {
        let next = u16::try_from(self.filed.len()).unwrap_or(u16::MAX);
        self.lists.resize(self.lists.len().max(last + 1), next);
    }

    fn is_empty(&self) -> bool {
        self.filed.is_empty()
    }

    /// Calls `check` with every key in `text` and where it stands.
    fn find(&self, text: &[u8], mut check: impl FnMut(usize, &Key)) {
        for from in (0..WINDOW).step_by(self.step) {
            let (windows, rest) = text.get(from..).unwrap_or_default().as_chunks();
            let mut at = from;
            for windows in windows.chunks(WINDOWS_AT_ONCE) {
                // Noted first and looked at later: which windows they are can't be guessed, so asking each would stall.
                let (mut noted, mut count) = ([0_u8; WINDOWS_AT_ONCE], 0);
                for (number, window) in (0_u8..).zip(windows) {
                    if let Some(next) = noted.get_mut(count % WINDOWS_AT_ONCE) {
                        *next = number;
                    }
                    count += usize::from(self.is_set(bit_of(self.hash(*window))));
                }
                for number in noted.iter().take(count) {
                    self.look(text, at + usize::from(*number) * WINDOW, &mut check);
                }
                at += windows.len() * WINDOW;
            }
            if rest.len() >= self.width {
                self.look(text, at, &mut check);
            }
        }
    }

    /// Whether a key has this bit.
    fn is_set(&self, bit: usize) -> bool {
        self.bits
            .get(bit / 64 % BIT_WORDS)
            .is_some_and(|bits| bits & (1 << (bit % 64)) != 0)
    }

    /// Calls `check` with the keys that stand at `at`.
    fn look(&self, text: &[u8], at: usize, check: &mut impl FnMut(usize, &Key)) {
        let stands = eight_at(text, at);
        let [a, b, c, d, ..] = stands.to_le_bytes();
        let list = bit_of(self.hash([a, b, c, d])) >> self.list_shift;
        let bound = |list: usize| self.lists.get(list).copied().map_or(0, usize::from);
        for key in self.filed.get(bound(list)..bound(list + 1)).unwrap_or_default() {
            if (key.bytes ^ stands) & key.mask == 0 {
                check(at, key);
            }
        }
    }

    /// The hashes of all keys that a phrase could be filed under.
    fn hashes_of(&self, phrase: &str) -> impl Iterator<Item = u32> {
        phrase.as_bytes().windows(self.width).map(|bytes| {
            let mut window = [0; WINDOW];
            for (byte, known) in window.iter_mut().zip(bytes) {
                *byte = *known;
            }
            self.hash(window)
        })
    }

    fn hash(&self, window: [u8; WINDOW]) -> u32 {
        let bytes = u32::from_le_bytes(window) | 0x2020_2020;
        bytes.wrapping_mul(self.multiplier)
    }
}

/// Which bit a hash sets.
fn bit_of(hash: u32) -> usize {
    (hash >> (u32::BITS - BITS)) as usize
}

/// The eight bytes at `at`, as far as there are as many, as a number; the bit that tells cases apart is set, which also
/// makes some other bytes equal.
fn eight_at(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    let eight = match (rest.first_chunk(), text.last_chunk(), rest.len()) {
        (Some(eight), _, _) => u64::from_le_bytes(*eight),
        // The last eight, less what stands before.
        (None, Some(last), 1..) => u64::from_le_bytes(*last) >> (8 * (8 - rest.len())),
        _ => rest.iter().rev().fold(0, |eight, byte| eight << 8 | u64::from(*byte)),
    };
    eight | 0x2020_2020_2020_2020
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
                for (index, phrase) in phrases.iter().enumerate().rev().filter(|(_, phrase)| phrase.len() >= MIN_PHRASE) {
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
