//! Finding which of many texts another text begins with.
//!
//! They are kept sorted, so that those a text begins with are the greatest one not above it and the ones that this one
//! begins with itself: a binary search and a chain. Most places of a text begin with none, and a look at a few bits says
//! so. The tables can be written down as code when the program is built, so that starting up costs nothing.

use std::borrow::Cow;

/// Shorter texts can't be found.
pub(crate) const MIN_BYTES: usize = 2;
/// Bits of which a head sets one, for each of the texts: most looks end with one that is not set.
const BITS_PER_TEXT: usize = 8;
/// As many at least: a word of them.
const MIN_BITS: usize = 64;
/// A text is noted under its longest head of these: its first eight, four or two bytes.
const HEADS: [u64; 3] = [u64::MAX, u64::MAX << 32, u64::MAX << 48];

/// Texts, numbered in byte order.
#[derive(Debug)]
pub(crate) struct Prefixes {
    /// All of them, one after the other.
    pub(crate) texts: Cow<'static, str>,
    pub(crate) places: Cow<'static, [Place]>,
    /// The first eight bytes of each of them: most of the search needs to look at nothing else.
    pub(crate) keys: Cow<'static, [u64]>,
    /// Where those of each first byte begin.
    pub(crate) starts: Cow<'static, [u32]>,
    /// One bit for the hash of each head; a power of two of them.
    pub(crate) heads: Cow<'static, [u64]>,
}

/// Where a text stands among all of them, and the longest other one that it begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) shorter: Option<u32>,
}

impl Prefixes {
    /// No texts at all.
    pub(crate) const EMPTY: Self = Self {
        texts: Cow::Borrowed(""),
        places: Cow::Borrowed(&[]),
        keys: Cow::Borrowed(&[]),
        starts: Cow::Borrowed(&[]),
        heads: Cow::Borrowed(&[]),
    };

    /// Of `sorted` texts, each of them once.
    pub(crate) fn new<'t>(sorted: impl IntoIterator<Item = &'t str>) -> Self {
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let (mut texts, mut places, mut keys) = (String::new(), Vec::new(), Vec::new());
        let mut open: Vec<(u32, &str)> = Vec::new();
        for text in sorted {
            while open.last().is_some_and(|(_, before)| !text.starts_with(before)) {
                open.pop();
            }
            let shorter = open.last().map(|(number, _)| *number);
            open.push((number(places.len()), text));
            let start = number(texts.len());
            texts.push_str(text);
            places.push(Place {
                start,
                end: number(texts.len()),
                shorter,
            });
            keys.push(key(text.as_bytes()));
        }
        let bits = (BITS_PER_TEXT * keys.len()).next_power_of_two().max(MIN_BITS);
        let mut heads = vec![0_u64; bits / 64];
        for (key, place) in keys.iter().zip(&places) {
            let longest = match place.end - place.start {
                8.. => HEADS[0],
                4.. => HEADS[1],
                _ => HEADS[2],
            };
            let hash = hash(key & longest, heads.len());
            if let Some(bits) = heads.get_mut(hash / 64) {
                *bits |= 1 << (hash % 64);
            }
        }
        let starts = (0..=0xFF_u64).map(|byte| number(keys.partition_point(|key| *key < byte << 56)));
        Self {
            starts: starts.chain([number(keys.len())]).collect(),
            texts: texts.into(),
            places: places.into(),
            keys: keys.into(),
            heads: heads.into(),
        }
    }

    /// Those that `text` begins with, the longest first, each by its number and its length.
    pub(crate) fn of<'p>(&'p self, text: &'p [u8]) -> impl Iterator<Item = (usize, usize)> + 'p {
        let key = key(text);
        let mut next = if self.may_begin(key) {
            self.greatest(key, text)
        } else {
            None
        };
        std::iter::from_fn(move || {
            loop {
                let number = next?;
                let place = self.places.get(number)?;
                next = place.shorter.map(|shorter| shorter as usize);
                let length = (place.end - place.start) as usize;
                // Cheaper than comparing the texts, and enough to tell most of them apart.
                let same = (self.keys.get(number)? ^ key).leading_zeros() / 8;
                if same as usize >= length.min(8) && text.starts_with(self.text(number)?) {
                    return Some((number, length));
                }
            }
        })
    }

    /// Whether any of them may begin like this.
    fn may_begin(&self, key: u64) -> bool {
        HEADS.iter().any(|head| {
            let hash = hash(key & head, self.heads.len());
            let bits = self.heads.get(hash / 64);
            bits.is_some_and(|bits| bits & (1 << (hash % 64)) != 0)
        })
    }

    /// The greatest one not above `text`, whose key is `key`.
    fn greatest(&self, key: u64, text: &[u8]) -> Option<usize> {
        let first = (key >> 56) as usize;
        let (from, to) = (*self.starts.get(first)? as usize, *self.starts.get(first + 1)? as usize);
        let keys = self.keys.get(from..to)?;
        let below = keys.partition_point(|known| *known < key);
        let same = match keys.get(below..)? {
            [next, ..] if *next == key => keys.get(below..)?.partition_point(|known| *known == key),
            _ => 0,
        };
        // A binary search among those of the same key.
        let (mut low, mut high) = (from + below, from + below + same);
        while low < high {
            let middle = low.midpoint(high);
            if self.text(middle)? <= text {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1)
    }

    fn text(&self, number: usize) -> Option<&[u8]> {
        let place = self.places.get(number)?;
        self.texts.as_bytes().get(place.start as usize..place.end as usize)
    }
}

/// The first bytes as a number that sorts like the text.
fn key(text: &[u8]) -> u64 {
    let mut eight = [0; 8];
    match text.first_chunk() {
        Some(all) => eight = *all,
        None => eight.iter_mut().zip(text).for_each(|(byte, there)| *byte = *there),
    }
    u64::from_be_bytes(eight)
}

/// Which of the bits in that many words.
fn hash(head: u64, words: usize) -> usize {
    let bits = words.max(1).trailing_zeros() + u64::BITS.trailing_zeros();
    let hash = (head.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> u32::BITS) as u32;
    (hash >> (u32::BITS - bits)) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_comparing_every_text_finds(
            known in prop::collection::btree_set("[ab\u{e9}]{2,12}", 0..20),
            text in "[ab\u{e9}]{0,16}",
        ) {
            let prefixes = Prefixes::new(known.iter().map(String::as_str));
            let begins = |(_, known): &(usize, &String)| text.starts_with(known.as_str());
            let mut expected: Vec<(usize, usize)> = known.iter().enumerate().filter(begins).map(|(n, k)| (n, k.len())).collect();
            expected.reverse();
            prop_assert_eq!(prefixes.of(text.as_bytes()).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn nothing_begins_with_nothing() {
        let none = BTreeSet::<&str>::new();
        assert_eq!(
            Prefixes::new(none).of(b"text").count() + Prefixes::EMPTY.of(b"text").count(),
            0
        );
        assert_eq!(Prefixes::new(["text"]).of(b"").count(), 0);
    }
}
