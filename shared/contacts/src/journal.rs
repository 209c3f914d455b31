//! What a contact remembers of its events: enough to decide, little enough to travel in one item.
//!
//! Each part keeps the newest [`JOURNAL_DEPTH`] of a *set*, of some the newest of each [`Grade`], or the greatest of it. Both are semilattices: joining is
//! commutative, associative and idempotent, so the journal, and with it everything decided from it, is the same for
//! every order of the same events.

#[cfg(any(feature = "dynamodb", test))]
mod wire;

use std::collections::BTreeMap;

use rebound_message::MessageHash;

use crate::address::ContactAddress;
use crate::decision::Cause;
use crate::event::{Authenticity, Event, EventKind, ManualAction, Ruling};
use crate::moment::Moment;
use crate::policy::{Belief, Effect, SoftLimit};

/// How many entries of each kind a contact remembers. Far more than any threshold needs; at most about 60 KB an item.
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
    suppressing: Graded<Strike>,
    counted: Graded<Soft>,
    /// When which sent message was reported. Not forgotten by a reactivation: the same report again is no news after it.
    reported: Graded<(Moment, SentMessage)>,
    delivered: Newest<Moment>,
    /// The messages that are held, at the time of the ruling.
    held: Newest<Stamp>,
    /// Those of them that were released.
    released: Newest<Stamp>,
    /// By list, the latest word on it that is believed.
    lists: BTreeMap<String, ListWord>,
    /// Who, somebody says, wants to be off which list.
    leave_claims: Newest<LeaveClaim>,
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
    /// When the mail was sent that it is about, or else when it happened.
    pub(crate) about: Moment,
    pub(crate) sent: Option<SentMessage>,
    pub(crate) belief: Belief,
}

/// An event that counts towards suppression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Soft {
    pub(crate) stamp: Stamp,
    pub(crate) sent: Option<SentMessage>,
    /// Under which limit, if not the policy's.
    pub(crate) limit: Option<SoftLimit>,
    /// When the mail was sent that it is about, or else when it happened.
    pub(crate) about: Moment,
    pub(crate) belief: Belief,
}

/// Which sent message came back: the first 8 bytes of the SHA-256 of its `Message-ID`. Enough to tell apart the few
/// that one contact remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SentMessage([u8; 8]);

/// That a contact wants to be off a list, by the word of somebody who need not be that person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LeaveClaim {
    stamp: Stamp,
    list: String,
}

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
        let about = event.sent_at.map_or(event.at, |sent_at| sent_at.min(event.at));
        let sent = event.original_message_id.as_deref().and_then(SentMessage::of);
        let grade = Grade::of(event);
        if let (Effect::Suppress(_) | Effect::Count(..), Some(sent)) = (effect, sent) {
            self.reported.insert(grade, (event.at, sent));
        }
        let reactivated = self.reactivated;
        let counts = |at: Moment| reactivated.is_none_or(|reactivated| at > reactivated);
        match effect {
            Effect::Suppress(belief) if counts(about) => {
                let cause = match event.kind {
                    EventKind::Mail(category) => Cause::Mail(category),
                    EventKind::Manual(ManualAction::Correct) => Cause::Corrected,
                    EventKind::Manual(_) | EventKind::Ruling(_) => Cause::Manual,
                };
                let strike = Strike {
                    stamp,
                    cause,
                    about,
                    sent,
                    belief,
                };
                self.suppressing.insert(grade, strike);
            }
            Effect::Count(limit, belief) if counts(about) => {
                let soft = Soft {
                    stamp,
                    sent,
                    limit,
                    about,
                    belief,
                };
                self.counted.insert(grade, soft);
            }
            Effect::Restart if counts(event.at) => self.delivered.insert(event.at),
            // What it is about happened before it did, so a reactivation that forgets that forgets it.
            Effect::Hold(message) if counts(event.at) => self.held.insert(Stamp { at: event.at, message }),
            Effect::Release(message) => {
                // Kept whatever comes later: whoever was let off a list stays off it.
                self.released.insert(Stamp { at: event.at, message });
                if let Some(list) = &event.list {
                    self.note_list(list, ListWord { stamp, left: true });
                }
            }
            Effect::Nothing | Effect::Suppress(_) | Effect::Count(..) | Effect::Restart | Effect::Hold(_) => {}
            Effect::Reactivate => self.reactivate(event.at),
            Effect::Leave(belief) => {
                if let Some(list) = event.list_or_account() {
                    if belief == Belief::Believed {
                        self.note_list(list, ListWord { stamp, left: true });
                    } else {
                        let list = list.to_owned();
                        self.leave_claims.insert(LeaveClaim { stamp, list });
                    }
                }
            }
            Effect::Rejoin => {
                if let Some(list) = event.list_or_account() {
                    self.note_list(list, ListWord { stamp, left: false });
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
        let strikes = self.suppressing.in_order().into_iter();
        strikes.filter(|strike| !self.is_old_news(strike.sent))
    }

    /// Since the last reactivation, oldest first.
    ///
    /// Older than the oldest delivery remembered, when some may have been forgotten, is left out: a forgotten delivery
    /// must not join two streaks into one that never was.
    pub(crate) fn counted(&self) -> impl Iterator<Item = &Soft> {
        let horizon = self.delivered.oldest_if_full().copied();
        (self.counted.in_order().into_iter())
            .filter(move |soft| horizon.is_none_or(|horizon| soft.stamp.at >= horizon))
            .filter(|soft| !self.is_old_news(soft.sent))
    }

    /// Whether the sent message that this is about had been reported before the last reactivation.
    pub(crate) fn is_old_report(&self, event: &Event) -> bool {
        self.is_old_news(event.original_message_id.as_deref().and_then(SentMessage::of))
    }

    fn is_old_news(&self, sent: Option<SentMessage>) -> bool {
        let (Some(sent), Some(reactivated)) = (sent, self.reactivated) else {
            return false;
        };
        let mut reported = self.reported.each();
        reported.any(|(at, known)| *at <= reactivated && *known == sent)
    }

    /// Since the last reactivation, oldest first.
    pub(crate) fn deliveries(&self) -> impl Iterator<Item = &Moment> {
        self.delivered.iter()
    }

    /// What was ruled on this message.
    pub(crate) fn ruling_on(&self, message: MessageHash) -> Standing {
        match (find(&self.held, message), self.released_at(message)) {
            (None, _) => Standing::Free,
            (Some(_), None) => Standing::Held,
            (Some(_), Some(released)) => Standing::Released(released),
        }
    }

    /// When it was decided that what this message says is to be done, held or not.
    pub(crate) fn released_at(&self, message: MessageHash) -> Option<Moment> {
        find(&self.released, message)
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

    /// Claims that the contact wants to be off a list, as far as somebody should look at them, oldest first.
    pub(crate) fn open_leave_claims(&self) -> impl Iterator<Item = Stamp> {
        let is_settled = |claim: &&LeaveClaim| {
            let word = self.lists.get(&claim.list);
            word.is_some_and(|word| word.left || word.stamp > claim.stamp)
                || self.released_at(claim.stamp.message).is_some()
                || self
                    .reactivated
                    .is_some_and(|reactivated| claim.stamp.at <= reactivated)
        };
        let claims = self.leave_claims.iter();
        claims.filter(move |claim| !is_settled(claim)).map(|claim| claim.stamp)
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
            .chain(self.suppressing.each().map(|strike| strike.stamp))
            .chain(self.counted.each().map(|soft| soft.stamp))
            .chain(self.lists.values().map(|word| word.stamp))
            .chain(self.leave_claims.iter().map(|claim| claim.stamp))
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
            self.suppressing.forget(|strike| strike.about <= at);
            self.counted.forget(|soft| soft.about <= at);
            self.delivered.forget(|delivered| *delivered <= at);
            self.held.forget(|held| held.at <= at);
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

/// When this was ruled on the message.
fn find(rulings: &Newest<Stamp>, message: MessageHash) -> Option<Moment> {
    let ruling = rulings.iter().find(|ruling| ruling.message == message)?;
    Some(ruling.at)
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

/// How well proven something is that a contact remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grade {
    /// No stranger can have written it.
    Proven,
    /// It looks like ours.
    Plausible,
    /// Anybody can have written it.
    Claimed,
}

impl Grade {
    const ALL: [Self; 3] = [Self::Proven, Self::Plausible, Self::Claimed];

    fn of(event: &Event) -> Self {
        match event.authenticity {
            Some(Authenticity::None) => Self::Claimed,
            Some(Authenticity::Plausible) => Self::Plausible,
            // By hand, or from before anybody asked.
            None | Some(Authenticity::Dkim | Authenticity::Ledger | Authenticity::Signed) => Self::Proven,
        }
    }
}

/// As many of each grade: however much somebody makes up, it takes no room from what is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Graded<T>([Newest<T>; Grade::ALL.len()]);

impl<T> Default for Graded<T> {
    fn default() -> Self {
        Self(Grade::ALL.map(|_| Newest::default()))
    }
}

impl<T: Ord> Graded<T> {
    fn insert(&mut self, grade: Grade, entry: T) {
        let [proven, plausible, claimed] = &mut self.0;
        let entries = match grade {
            Grade::Proven => proven,
            Grade::Plausible => plausible,
            Grade::Claimed => claimed,
        };
        entries.insert(entry);
    }

    /// In no particular order.
    fn each(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flat_map(Newest::iter)
    }

    /// In ascending order.
    fn in_order(&self) -> Vec<&T> {
        let mut entries: Vec<_> = self.each().collect();
        entries.sort_unstable();
        entries
    }

    fn forget(&mut self, is_past: impl Fn(&T) -> bool) {
        for entries in &mut self.0 {
            entries.forget(&is_past);
        }
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
