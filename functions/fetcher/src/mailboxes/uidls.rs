//! Which POP3 messages are known, small enough to be remembered.

use std::collections::HashSet;

use rebound_mailbox::server::Uidl;
use sha2::{Digest, Sha256};

/// The most bytes of one chunk. An item takes 400 KB, its key included; a transaction takes eight of these.
pub const MAX_CHUNK_BYTES: usize = 300_000;

/// How much of a name's SHA-256 is kept, in bytes. Among 200,000 names two are alike once in a thousand million
/// mailboxes.
const KEY_BYTES: usize = 8;

/// How many names a chunk holds.
const CHUNK_NAMES: usize = MAX_CHUNK_BYTES / KEY_BYTES;

type Key = [u8; KEY_BYTES];

/// The names of known messages.
///
/// They are kept in the order in which they were learnt, cut into chunks. So a run changes the last chunk, and those
/// that hold names of messages which have disappeared; no other is written.
#[derive(Clone, Debug, Default)]
pub struct UidlSet {
    chunks: Vec<Chunk>,
    known: HashSet<Key>,
    /// How many chunks were saved last.
    saved: usize,
}

#[derive(Clone, Debug, Default)]
struct Chunk {
    names: Vec<Key>,
    /// Whether it is not as it was saved.
    changed: bool,
}

impl UidlSet {
    /// The set that was saved as these chunks; what is no whole name at the end of one is ignored.
    pub fn from_chunks(stored: &[Vec<u8>]) -> Self {
        let chunks: Vec<_> = stored
            .iter()
            .map(|bytes| Chunk {
                names: bytes.as_chunks::<KEY_BYTES>().0.to_vec(),
                changed: false,
            })
            .collect();
        let known = chunks.iter().flat_map(|chunk| chunk.names.iter().copied()).collect();
        Self {
            saved: chunks.len(),
            chunks,
            known,
        }
    }

    /// A set without names, in place of one that was saved in so many chunks.
    pub fn instead_of(chunks: usize) -> Self {
        Self {
            saved: chunks,
            ..Self::default()
        }
    }

    /// Whether a message is known.
    pub fn contains(&self, uidl: &Uidl) -> bool {
        self.known.contains(&key(uidl))
    }

    /// How many are known.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Remembers a message.
    pub fn insert(&mut self, uidl: &Uidl) {
        let key = key(uidl);
        if !self.known.insert(key) {
            return;
        }
        match self.chunks.last_mut() {
            Some(last) if last.names.len() < CHUNK_NAMES => {
                last.names.push(key);
                last.changed = true;
            }
            _ => self.chunks.push(Chunk {
                names: vec![key],
                changed: true,
            }),
        }
    }

    /// Forgets every message but these.
    pub fn retain<'a>(&mut self, listed: impl IntoIterator<Item = &'a Uidl>) {
        let listed: HashSet<Key> = listed.into_iter().map(key).collect();
        for chunk in &mut self.chunks {
            let before = chunk.names.len();
            chunk.names.retain(|name| listed.contains(name));
            chunk.changed |= chunk.names.len() < before;
        }
        self.known.retain(|name| listed.contains(name));
        // Half-empty chunks are as good as full ones, but each costs a read in every run.
        if self.chunks.len() > 2 * self.known.len().div_ceil(CHUNK_NAMES) {
            self.pack();
        }
    }

    fn pack(&mut self) {
        let names: Vec<Key> = self
            .chunks
            .iter()
            .flat_map(|chunk| chunk.names.iter().copied())
            .collect();
        self.chunks = names
            .chunks(CHUNK_NAMES)
            .map(|names| Chunk {
                names: names.to_vec(),
                changed: true,
            })
            .collect();
    }

    /// How many chunks it takes.
    pub fn chunks(&self) -> usize {
        self.chunks.len()
    }

    /// The chunks that are not as they were saved: which, and their bytes, `None` when there is no such chunk any more.
    pub(super) fn unsaved(&self) -> impl Iterator<Item = (usize, Option<Vec<u8>>)> {
        let changed = self.chunks.iter().enumerate().filter(|(_, chunk)| chunk.changed);
        changed
            .map(|(index, chunk)| (index, Some(chunk.names.concat())))
            .chain((self.chunks.len()..self.saved).map(|index| (index, None)))
    }

    /// All of it is saved.
    pub(super) fn mark_saved(&mut self) {
        self.saved = self.chunks.len();
        for chunk in &mut self.chunks {
            chunk.changed = false;
        }
    }
}

fn key(uidl: &Uidl) -> Key {
    let hash = Sha256::digest(uidl.as_str().as_bytes());
    hash.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uidl(number: usize) -> Uidl {
        Uidl::new(format!("{number:08x}")).unwrap()
    }

    fn saved(set: &UidlSet, store: &mut Vec<Vec<u8>>) -> usize {
        let unsaved: Vec<_> = set.unsaved().collect();
        for (index, bytes) in &unsaved {
            store.resize(store.len().max(index + 1), Vec::new());
            store[*index] = bytes.clone().unwrap_or_default();
        }
        store.truncate(set.chunks());
        unsaved.len()
    }

    #[test]
    fn two_hundred_thousand_names_fit_and_only_what_changed_is_saved() {
        let (mut set, mut store) = (UidlSet::default(), Vec::new());
        for number in 0..200_000 {
            set.insert(&uidl(number));
        }
        assert_eq!(saved(&set, &mut store), 6);
        assert!(store.iter().all(|chunk| chunk.len() <= MAX_CHUNK_BYTES));

        let mut set = UidlSet::from_chunks(&store);
        assert_eq!(set.len(), 200_000);
        assert_eq!(set.unsaved().count(), 0);
        set.insert(&uidl(200_000));
        let changed: Vec<_> = set.unsaved().map(|(index, _)| index).collect();
        assert_eq!(changed, [5]);
        set.mark_saved();
        // The oldest thousand are gone from the server.
        let listed: Vec<_> = (1000..=200_000).map(uidl).collect();
        set.retain(&listed);
        let changed: Vec<_> = set.unsaved().map(|(index, _)| index).collect();
        assert_eq!(changed, [0]);
        // All but ten are gone.
        set.retain(&listed[..10]);
        assert_eq!((set.len(), set.chunks()), (10, 1));
        let removed = set.unsaved().filter(|(_, bytes)| bytes.is_none()).count();
        assert_eq!(removed, 5);
    }

    proptest! {
        #[test]
        fn is_a_set_whatever_is_saved_and_loaded_between(
            steps in prop::collection::vec((prop::collection::vec(0..60_usize, 0..20), any::<bool>()), 0..12)
        ) {
            let (mut set, mut model, mut store) = (UidlSet::default(), HashSet::new(), Vec::new());
            for (numbers, keep) in steps {
                if keep {
                    let listed: Vec<_> = numbers.iter().copied().map(uidl).collect();
                    set.retain(&listed);
                    model.retain(|number| numbers.contains(number));
                } else {
                    for number in &numbers {
                        set.insert(&uidl(*number));
                    }
                    model.extend(numbers);
                }
                saved(&set, &mut store);
                set = UidlSet::from_chunks(&store);
                prop_assert_eq!(set.len(), model.len());
                prop_assert!((0..60).all(|number| set.contains(&uidl(number)) == model.contains(&number)));
            }
        }
    }
}
