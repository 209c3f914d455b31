//! What has become of each message of a listing: the one place that knows what may be deleted, and how far the cursor
//! may go.

use rebound_mailbox::server::{After, Listed, MessageRef, Uid};

/// The messages of one listing, in the order of the server, and how far each has come.
///
/// Everything that can't be undone goes from the front: a message is deleted, moved or marked, and passed by the cursor,
/// only when every message before it is dealt with or archived. So nothing behind a message that could not be archived
/// is touched.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: Vec<Entry>,
    /// Entries before this are dealt with.
    front: usize,
    /// Entries from here on have not been asked for.
    asked: usize,
}

#[derive(Debug)]
struct Entry {
    listed: Listed,
    fate: Fate,
}

/// How far a message has come.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// It is still to be fetched, or on its way.
    Wanted,
    /// The server does not give it out. It holds the cursor back, but nothing else.
    Refused,
    /// It is archived, and this is to be done to it on the server.
    Archived(After),
    /// It is archived, and done with once the session is closed.
    AtClose,
    /// Nothing is left to be done.
    Settled,
}

/// Messages to which the same is to be done, all of them archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) after: After,
    pub(super) messages: Vec<MessageRef>,
    indexes: Vec<usize>,
}

impl Ledger {
    /// A ledger of these messages. `known` says of those that were archived earlier in this run what is to be done to
    /// them; they are not fetched again.
    pub(super) fn new(listed: Vec<Listed>, mut known: impl FnMut(&MessageRef) -> Option<After>) -> Self {
        let entries = listed.into_iter().map(|listed| {
            let fate = known(&listed.message).map_or(Fate::Wanted, archived);
            Entry { listed, fate }
        });
        let mut ledger = Self {
            entries: entries.collect(),
            ..Self::default()
        };
        ledger.advance();
        ledger
    }

    /// The next messages to fetch, with where they stand: at least one when any is left, else at most `count` of them
    /// with at most `bytes` in all.
    pub(super) fn next_chunk(&mut self, count: usize, bytes: u64) -> Vec<(usize, Listed)> {
        let mut chunk = Vec::new();
        let mut total = 0_u64;
        while let Some(entry) = self.entries.get(self.asked) {
            if entry.fate == Fate::Wanted {
                total = total.saturating_add(entry.listed.bytes);
                if !chunk.is_empty() && (chunk.len() >= count || total > bytes) {
                    break;
                }
                chunk.push((self.asked, entry.listed.clone()));
            }
            self.asked += 1;
        }
        chunk
    }

    /// A message is in the archive.
    pub(super) fn archived(&mut self, index: usize, after: After) {
        self.set(index, archived(after));
    }

    /// A message is gone, or too long to be fetched: there is nothing to do.
    pub(super) fn settled(&mut self, index: usize) {
        self.set(index, Fate::Settled);
    }

    /// The server does not give a message out.
    pub(super) fn refused(&mut self, index: usize) {
        self.set(index, Fate::Refused);
    }

    /// What is to be done next, from the front, in the order of the messages; messages to which the same is to be done
    /// go together, also past others. At most `most` messages.
    pub(super) fn due(&self, most: usize) -> Vec<Due> {
        let mut due: Vec<Due> = Vec::new();
        let mut count = 0;
        for (index, entry) in self.entries.iter().enumerate().skip(self.front) {
            if count == most {
                break;
            }
            let after = match &entry.fate {
                Fate::Wanted => break,
                Fate::Archived(after) => after,
                Fate::Refused | Fate::AtClose | Fate::Settled => continue,
            };
            count += 1;
            let message = entry.listed.message.clone();
            match due.iter_mut().find(|due| due.after == *after) {
                Some(due) => {
                    due.messages.push(message);
                    due.indexes.push(index);
                }
                None => due.push(Due {
                    after: after.clone(),
                    messages: vec![message],
                    indexes: vec![index],
                }),
            }
        }
        due
    }

    /// What was due is done, or is done once the session is closed.
    pub(super) fn done(&mut self, due: &Due, at_close: bool) {
        for index in &due.indexes {
            self.set(*index, if at_close { Fate::AtClose } else { Fate::Settled });
        }
    }

    /// The session was closed well; how many messages that settles.
    pub(super) fn closed(&mut self) -> u64 {
        let mut count = 0;
        for entry in self.entries.iter_mut().filter(|entry| entry.fate == Fate::AtClose) {
            entry.fate = Fate::Settled;
            count += 1;
        }
        self.advance();
        count
    }

    /// The last message of those that are dealt with without a gap.
    pub(super) fn cursor(&self) -> Option<Uid> {
        match self.entries.get(self.front.checked_sub(1)?)?.listed.message {
            MessageRef::Uid(uid) => Some(uid),
            MessageRef::Uidl { .. } => None,
        }
    }

    /// How many messages are still to be fetched.
    pub(super) fn left(&self) -> u64 {
        let wanted = |entry: &&Entry| matches!(entry.fate, Fate::Wanted | Fate::Refused);
        let left = self.entries.iter().filter(wanted).count();
        u64::try_from(left).unwrap_or(u64::MAX)
    }

    /// Whether anything waits for the close of the session.
    pub(super) fn waits_for_close(&self) -> bool {
        self.entries.iter().any(|entry| entry.fate == Fate::AtClose)
    }

    fn set(&mut self, index: usize, fate: Fate) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.fate = fate;
        }
        self.advance();
    }

    fn advance(&mut self) {
        let rest = self.entries.get(self.front..).unwrap_or_default();
        self.front += rest.iter().take_while(|entry| entry.fate == Fate::Settled).count();
    }
}

/// A message that is to be kept is dealt with as soon as it is archived.
fn archived(after: After) -> Fate {
    match after {
        After::Keep => Fate::Settled,
        after => Fate::Archived(after),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;

    fn listed(uids: std::ops::RangeInclusive<u32>) -> Vec<Listed> {
        uids.map(|uid| Listed {
            message: MessageRef::Uid(Uid(NonZeroU32::new(uid).unwrap())),
            bytes: 10,
        })
        .collect()
    }

    fn uids(due: &[Due]) -> Vec<u32> {
        let refs = due.iter().flat_map(|due| &due.messages);
        refs.map(|message| match message {
            MessageRef::Uid(uid) => uid.0.get(),
            MessageRef::Uidl { .. } => 0,
        })
        .collect()
    }

    fn cursor(ledger: &Ledger) -> u32 {
        ledger.cursor().map_or(0, |uid| uid.0.get())
    }

    #[test]
    fn nothing_behind_a_message_that_is_not_archived_is_touched_or_passed() {
        let mut ledger = Ledger::new(listed(1..=5), |_| None);
        assert_eq!(ledger.next_chunk(10, 1000).len(), 5);
        for index in [0, 1, 3, 4] {
            ledger.archived(index, if index == 1 { After::Keep } else { After::Delete });
        }
        let due = ledger.due(usize::MAX);
        assert_eq!(uids(&due), [1]);
        assert_eq!(cursor(&ledger), 0);
        ledger.done(&due[0], false);
        assert_eq!((cursor(&ledger), ledger.left()), (2, 1));
        ledger.settled(2);
        assert_eq!(cursor(&ledger), 3);
        assert_eq!(uids(&ledger.due(usize::MAX)), [4, 5]);
    }

    #[test]
    fn what_the_server_does_not_give_out_holds_the_cursor_back_and_nothing_else() {
        let mut ledger = Ledger::new(listed(1..=3), |_| None);
        ledger.archived(0, After::Delete);
        ledger.refused(1);
        ledger.archived(2, After::Delete);
        let due = ledger.due(usize::MAX);
        assert_eq!(uids(&due), [1, 3]);
        ledger.done(&due[0], false);
        assert_eq!((cursor(&ledger), ledger.left()), (1, 1));
    }

    #[test]
    fn what_waits_for_the_close_is_passed_only_by_it() {
        let mut ledger = Ledger::new(listed(1..=2), |_| Some(After::Delete));
        assert!(ledger.next_chunk(10, 1000).is_empty());
        let due = ledger.due(usize::MAX);
        ledger.done(&due[0], true);
        assert_eq!((cursor(&ledger), ledger.due(usize::MAX).len()), (0, 0));
        assert_eq!(ledger.closed(), 2);
        assert_eq!(cursor(&ledger), 2);
    }

    #[test]
    fn chunks_are_bounded_and_hold_one_message_at_least() {
        let mut ledger = Ledger::new(listed(1..=7), |_| None);
        let sizes: Vec<_> = [(3, 1000), (3, 20), (3, 5), (9, 1000), (9, 1000)]
            .map(|(count, bytes)| ledger.next_chunk(count, bytes).len())
            .into();
        assert_eq!(sizes, [3, 2, 1, 1, 0]);
    }

    proptest! {
        #[test]
        fn whatever_happens_in_whatever_order_the_front_is_contiguous(
            events in prop::collection::vec((0..20_usize, 0..4), 0..80)
        ) {
            let mut ledger = Ledger::new(listed(1..=20), |_| None);
            ledger.next_chunk(usize::MAX, u64::MAX);
            let (mut archived, mut settled) = ([false; 20], [false; 20]);
            for (index, event) in events {
                match event {
                    0 if !archived[index] => {
                        archived[index] = true;
                        ledger.archived(index, After::Delete);
                    }
                    1 if !archived[index] => {
                        archived[index] = true;
                        settled[index] = true;
                        ledger.settled(index);
                    }
                    2 => {
                        for due in ledger.due(usize::MAX) {
                            for index in &due.indexes {
                                prop_assert!(archived[..=*index].iter().all(|archived| *archived));
                                settled[*index] = true;
                            }
                            ledger.done(&due, false);
                        }
                    }
                    _ => {}
                }
                let front = settled.iter().take_while(|settled| **settled).count();
                prop_assert_eq!(cursor(&ledger) as usize, front);
            }
        }
    }
}
