//! What a contact remembers of its events: enough to decide, little enough to travel in one item.
//!
//! Each part keeps the newest [`JOURNAL_DEPTH`] of a *set*, or the greatest of it. Both are semilattices: joining is
//! commutative, associative and idempotent, so the journal, and with it everything decided from it, is the same for
//! every order of the same events.

#[cfg(any(feature = "dynamodb", test))]
mod wire;

use std::collections::BTreeMap;

use rebound_message::MessageHash;

use crate::address::ContactAddress;
use crate::decision::Cause;
use crate::event::{Event, EventKind, ManualAction, Ruling};
use crate::moment::Moment;
use crate::policy::{Effect, SoftLimit};

/// How many entries of each kind a contact remembers. Far more than any threshold needs; at most about 20 KB an item.
pub const JOURNAL_DEPTH: usize = 128;

/// A contact's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Journal {
    /// The earliest event, whose spelling of the address is shown.
    first: Option<Stamp>,
    /// The latest verdict, whose details are shown.
    last_verdict: Option<Stamp>,
    /// The latest event that names a new address.
    moved: Option<Stamp>,
    /// The latest reactivation. Nothing up to it is remembered below, because nothing up to it counts.
    reactivated: Option<Moment>,
    suppressing: Newest<Strike>,
    counted: Newest<Soft>,
    delivered: Newest<Moment>,
    /// The messages that are held, at the time of the ruling.
    held: Newest<Stamp>,
    /// Those of them that were released.
    released: Newest<Stamp>,
    /// By list, the latest word on it.
    lists: BTreeMap<String, ListWord>,
}

/// What was ruled on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing.
    Free,
    /// It suppresses nobody for now.
    Held,
    /// It suppresses from this moment on.
    Released(Moment),
}

/// When an event happened, and which one it was among those of the same millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    pub(crate) at: Moment,
    pub(crate) message: MessageHash,
}

/// An event that suppresses by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Strike {
    pub(crate) stamp: Stamp,
    pub(crate) cause: Cause,
}

/// An event that counts towards suppression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Soft {
    pub(crate) stamp: Stamp,
    pub(crate) sent: Option<SentMessage>,
    /// Under which limit, if not the policy's.
    pub(crate) limit: Option<SoftLimit>,
}

/// Which sent message came back: the first 8 bytes of the SHA-256 of its `Message-ID`. Enough to tell apart the few
/// that one contact remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SentMessage([u8; 8]);

/// The latest word on one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ListWord {
    stamp: Stamp,
    left: bool,
}

impl Journal {
    /// Takes in an event that has this effect.
    pub(crate) fn note(&mut self, event: &Event, effect: Effect) {
        let stamp = Stamp::of(event);
        let counts = self.reactivated.is_none_or(|reactivated| event.at > reactivated);
        match effect {
            Effect::Suppress if counts => {
                let cause = match event.kind {
                    EventKind::Mail(category) => Cause::Mail(category),
                    EventKind::Manual(ManualAction::Correct) => Cause::Corrected,
                    EventKind::Manual(_) | EventKind::Ruling(_) => Cause::Manual,
                };
                self.suppressing.insert(Strike { stamp, cause });
            }
            Effect::Count(limit) if counts => {
                let sent = event.original_message_id.as_deref().and_then(SentMessage::of);
                self.counted.insert(Soft { stamp, sent, limit });
            }
            Effect::Restart if counts => self.delivered.insert(event.at),
            // What they are about happened before they did, so a reactivation that forgets it forgets them.
            Effect::Hold(message) if counts => self.held.insert(Stamp { at: event.at, message }),
            Effect::Release(message) if counts => self.released.insert(Stamp { at: event.at, message }),
            Effect::Nothing
            | Effect::Suppress
            | Effect::Count(_)
            | Effect::Restart
            | Effect::Hold(_)
            | Effect::Release(_) => {}
            Effect::Reactivate => self.reactivate(event.at),
            Effect::Leave | Effect::Rejoin => {
                if let Some(list) = event.list_or_account() {
                    self.note_list(
                        list,
                        ListWord {
                            stamp,
                            left: effect == Effect::Leave,
                        },
                    );
                }
            }
        }
    }

    /// Whether this is the earliest event so far.
    pub(crate) fn is_first(&mut self, stamp: Stamp) -> bool {
        let first = self.first.is_none_or(|first| stamp < first);
        if first {
            self.first = Some(stamp);
        }
        first
    }

    /// Whether this is the latest verdict so far.
    pub(crate) fn is_last_verdict(&mut self, stamp: Stamp) -> bool {
        stamp.supersedes(&mut self.last_verdict)
    }

    /// Whether this is the latest event so far that names a new address.
    pub(crate) fn is_last_move(&mut self, stamp: Stamp) -> bool {
        stamp.supersedes(&mut self.moved)
    }

    /// Since the last reactivation, oldest first.
    pub(crate) fn suppressing(&self) -> impl Iterator<Item = &Strike> {
        self.suppressing.iter()
    }

    /// Since the last reactivation, oldest first.
    ///
    /// Older than the oldest delivery remembered, when some may have been forgotten, is left out: a forgotten delivery
    /// must not join two streaks into one that never was.
    pub(crate) fn counted(&self) -> impl Iterator<Item = &Soft> {
        let horizon = self.delivered.oldest_if_full().copied();
        self.counted
            .iter()
            .filter(move |soft| horizon.is_none_or(|horizon| soft.stamp.at >= horizon))
    }

    /// Since the last reactivation, oldest first.
    pub(crate) fn deliveries(&self) -> impl Iterator<Item = &Moment> {
        self.delivered.iter()
    }

    /// What was ruled on this message.
    pub(crate) fn ruling_on(&self, message: MessageHash) -> Standing {
        let find = |rulings: &Newest<Stamp>| {
            rulings
                .iter()
                .find(|ruling| ruling.message == message)
                .map(|ruling| ruling.at)
        };
        match (find(&self.held), find(&self.released)) {
            (None, _) => Standing::Free,
            (Some(_), None) => Standing::Held,
            (Some(_), Some(released)) => Standing::Released(released),
        }
    }

    /// Whether this message is held and was not released.
    pub(crate) fn is_held(&self, message: MessageHash) -> bool {
        self.ruling_on(message) == Standing::Held
    }

    /// The lists the contact has left, sorted.
    pub(crate) fn lists_left(&self) -> impl Iterator<Item = &str> {
        self.lists
            .iter()
            .filter(|(_, word)| word.left)
            .map(|(list, _)| list.as_str())
    }

    /// When the contact left this list, if it has.
    pub(crate) fn left_at(&self, list: &str) -> Option<Moment> {
        self.lists.get(list).filter(|word| word.left).map(|word| word.stamp.at)
    }

    /// Every message it knows of, rulings included.
    #[cfg_attr(not(feature = "dynamodb"), allow(dead_code, reason = "the repository asks"))]
    pub(crate) fn remembered(&self, address: &ContactAddress) -> impl Iterator<Item = MessageHash> {
        let stamps = [self.first, self.last_verdict, self.moved].into_iter().flatten();
        let ruled = |ruling: Ruling, rulings: &Newest<Stamp>| {
            let event = |stamp: &Stamp| Event::ruling(ruling, stamp.message, address.clone(), stamp.at).message;
            rulings.iter().map(event).collect::<Vec<_>>()
        };
        stamps
            .chain(self.suppressing.iter().map(|strike| strike.stamp))
            .chain(self.counted.iter().map(|soft| soft.stamp))
            .chain(self.lists.values().map(|word| word.stamp))
            .map(|stamp| stamp.message)
            .chain(ruled(Ruling::Hold, &self.held))
            .chain(ruled(Ruling::Release, &self.released))
    }

    /// The latest reactivation.
    pub(crate) fn reactivated(&self) -> Option<Moment> {
        self.reactivated
    }

    fn reactivate(&mut self, at: Moment) {
        if self.reactivated.is_none_or(|reactivated| at > reactivated) {
            self.reactivated = Some(at);
            self.suppressing.forget(|strike| strike.stamp.at <= at);
            self.counted.forget(|soft| soft.stamp.at <= at);
            self.delivered.forget(|delivered| *delivered <= at);
            self.held.forget(|held| held.at <= at);
            self.released.forget(|released| released.at <= at);
        }
    }

    fn note_list(&mut self, list: &str, word: ListWord) {
        match self.lists.get_mut(list) {
            Some(known) => *known = word.max(*known),
            None => {
                self.lists.insert(list.to_owned(), word);
            }
        }
        if self.lists.len() > JOURNAL_DEPTH {
            let oldest = self
                .lists
                .iter()
                .min_by_key(|(list, word)| (**word, *list))
                .map(|(list, _)| list.clone());
            if let Some(oldest) = oldest {
                self.lists.remove(&oldest);
            }
        }
    }
}

impl Stamp {
    pub(crate) fn of(event: &Event) -> Self {
        Self {
            at: event.at,
            message: event.message,
        }
    }

    fn supersedes(self, latest: &mut Option<Self>) -> bool {
        let later = latest.is_none_or(|latest| self > latest);
        if later {
            *latest = Some(self);
        }
        later
    }
}

impl SentMessage {
    fn of(message_id: &str) -> Option<Self> {
        let message_id = message_id.trim().trim_matches(['<', '>']);
        if message_id.is_empty() {
            return None;
        }
        MessageHash::of(message_id.as_bytes())
            .as_bytes()
            .first_chunk()
            .copied()
            .map(Self)
    }
}

/// The newest [`JOURNAL_DEPTH`] of a set, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Newest<T>(Vec<T>);

impl<T> Default for Newest<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord> Newest<T> {
    fn insert(&mut self, entry: T) {
        let place = match self.0.last() {
            // History mostly arrives in order.
            Some(last) if *last < entry => self.0.len(),
            _ => match self.0.binary_search(&entry) {
                Ok(_) => return,
                Err(place) => place,
            },
        };
        if self.0.len() < JOURNAL_DEPTH {
            self.0.insert(place, entry);
        } else if let Some(newer_than) = place.checked_sub(1) {
            // The oldest makes room.
            self.0.remove(0);
            self.0.insert(newer_than, entry);
        }
    }

    fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    fn oldest_if_full(&self) -> Option<&T> {
        self.0.first().filter(|_| self.0.len() >= JOURNAL_DEPTH)
    }

    fn forget(&mut self, is_past: impl Fn(&T) -> bool) {
        self.0.retain(|entry| !is_past(entry));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_newest_of_a_set_do_not_depend_on_order(entries in prop::collection::vec(0_u16..400, 0..600)) {
            let mut newest = Newest::default();
            for entry in &entries {
                newest.insert(*entry);
            }
            let mut expected = entries;
            expected.sort_unstable();
            expected.dedup();
            expected.drain(..expected.len().saturating_sub(JOURNAL_DEPTH));
            prop_assert_eq!(newest.0, expected);
        }
    }
}
