//! A contact: the fold of its events.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use rebound_classify::{Address, Category, EnhancedStatus, Reason, UnknownWord};
use serde::Serialize;
use serde::ser::SerializeStruct;

use crate::address::ContactAddress;
use crate::decision::{Held, HeldBecause, Suppression, decide};
use crate::event::Event;
#[cfg(doc)]
use crate::event::Ruling;
use crate::journal::{Journal, Stamp};
use crate::moment::Moment;
use crate::policy::{Effect, Policy};

/// The contact that these events make of `address` under this policy.
///
/// Their order does not matter, nor do repetitions; events about other addresses are left out. So are those that a
/// [`Ruling::Discard`] is about, and every other ruling on them: it is as if they had never been.
pub fn fold<'a, E>(policy: &Policy, address: &ContactAddress, events: E) -> Contact
where
    E: IntoIterator<Item = &'a Event>,
    E::IntoIter: Clone,
{
    let events = events
        .into_iter()
        .filter(|event| event.address.as_ref() == Some(address));
    let mut seen: HashSet<_> = events.clone().filter_map(Event::discards).collect();
    let mut contact = Contact::new(address.clone());
    let discarded = seen.clone();
    for event in events {
        if seen.insert(event.message)
            && !event.about.is_some_and(|about| discarded.contains(&about))
            && let Some(effect) = policy.effect(event)
        {
            contact.take_in(event, effect);
        }
    }
    contact.decide(policy);
    contact
}

/// What is known about one contact: one item of the `contacts` table, whose attributes the fields are named after.
///
/// Serialises flat, with every key present and absent values `null`.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// Who it is, in the spelling of its first event.
    pub address: ContactAddress,
    /// Whether, since when and why it must not be mailed.
    pub suppression: Option<Suppression>,
    /// What would suppress it, or take it off a list, if it were not held; `None` when something else does suppress it.
    pub held: Option<Held>,
    /// How many events of each kind there were, ever.
    pub counters: Counters,
    /// Counted failures since the last delivery or reactivation, within the policy's window before the last of them.
    pub soft_streak: u32,
    /// How many events there were, ever.
    pub events: u64,
    /// When the first one happened.
    pub first_event_at: Option<Moment>,
    /// When the last one happened.
    pub last_event_at: Option<Moment>,
    /// What the latest message said.
    pub last_verdict: Option<LastVerdict>,
    /// Where the person has moved, as last heard.
    pub new_address: Option<Address>,
    /// The lists it must not be mailed from, sorted. A reactivation that names no list leaves them as they are: the
    /// person asked to be off them.
    pub unsubscribed_lists: Vec<String>,
    pub(crate) journal: Journal,
}

/// How many events of each kind a contact has had. What a policy makes of them plays no part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// `hard-bounce`.
    pub hard_bounces: u64,
    /// `soft-bounce`.
    pub soft_bounces: u64,
    /// `unknown-unavailable`, `unknown-available`.
    pub unknown_bounces: u64,
    /// `sender-blocked`.
    pub blocks: u64,
    /// `complaint`.
    pub complaints: u64,
    /// `out-of-office`, `challenge`.
    pub auto_replies: u64,
    /// `delivered`.
    pub delivered: u64,
}

/// What the latest message about a contact said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastVerdict {
    /// `last_category`.
    pub category: Category,
    /// `last_reason`.
    pub reason: Reason,
    /// `last_status`.
    pub status: Option<EnhancedStatus>,
    /// `last_diagnostic`.
    pub diagnostic: Option<String>,
}

/// Whether a contact may be mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It may.
    Active,
    /// It must not.
    Suppressed,
}

/// What one event changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The contact was active and is now suppressed.
    pub suppressed: Option<Suppression>,
    /// This would have suppressed it, and is now held by the circuit breaker.
    pub held: Option<Held>,
    /// What the circuit breaker held would suppress it no more.
    pub let_go: bool,
    /// This would have suppressed it, or taken it off a list, if it were sure that it is not forged.
    pub doubted: Option<Held>,
    /// What was doubted is no more: it was done after all, or nothing is left of it.
    pub settled: bool,
    /// The contact was suppressed and is now active.
    pub reactivated: bool,
    /// The list it is now off and was not before.
    pub unsubscribed: Option<String>,
}

impl Contact {
    /// A contact about which nothing has happened yet.
    pub fn new(address: ContactAddress) -> Self {
        Self {
            address,
            suppression: None,
            held: None,
            counters: Counters::default(),
            soft_streak: 0,
            events: 0,
            first_event_at: None,
            last_event_at: None,
            last_verdict: None,
            new_address: None,
            unsubscribed_lists: Vec::new(),
            journal: Journal::default(),
        }
    }

    /// Takes in one event and says what it changed; afterwards the contact is the [`fold`] of all events it was given.
    ///
    /// The caller sees to it that no event comes twice. An event about another address changes nothing; neither does a
    /// [`Ruling::Discard`], after which a contact has to be folded anew.
    pub fn apply(&mut self, policy: &Policy, event: &Event) -> Change {
        if event.address.as_ref() != Some(&self.address) {
            return Change::default();
        }
        let Some(effect) = policy.effect(event) else {
            return Change::default();
        };
        let was_suppressed = self.suppression.is_some();
        let was_doubted = self.doubted().is_some();
        let was_held = self.is_held_by_breaker();
        let lists_before = std::mem::take(&mut self.unsubscribed_lists);
        self.take_in(event, effect);
        self.decide(policy);
        let left = self.unsubscribed_lists.iter().find(|list| !lists_before.contains(list));
        Change {
            suppressed: self.suppression.filter(|_| !was_suppressed),
            held: self.held.filter(|held| is_by_breaker(held) && !was_held),
            let_go: was_held && !self.is_held_by_breaker(),
            doubted: self.doubted().filter(|_| !was_doubted),
            settled: was_doubted && self.doubted().is_none(),
            reactivated: was_suppressed && self.suppression.is_none(),
            unsubscribed: left.cloned(),
        }
    }

    /// Whether what would suppress it is held because too many at once were in danger.
    pub fn is_held_by_breaker(&self) -> bool {
        self.held.as_ref().is_some_and(is_by_breaker)
    }

    fn doubted(&self) -> Option<Held> {
        self.held.filter(|held| !is_by_breaker(held))
    }

    /// Whether it may be mailed, lists apart.
    pub fn status(&self) -> Status {
        if self.suppression.is_some() {
            Status::Suppressed
        } else {
            Status::Active
        }
    }

    /// Whether it may be mailed from this list.
    pub fn may_be_mailed(&self, list: Option<&str>) -> bool {
        self.suppression.is_none() && !list.is_some_and(|list| self.unsubscribed_lists.iter().any(|left| left == list))
    }

    /// When it left this list, if it is off it.
    pub fn left_at(&self, list: &str) -> Option<Moment> {
        self.journal.left_at(list)
    }

    /// The latest reactivation: what happened up to then suppresses no more.
    pub fn reactivated_at(&self) -> Option<Moment> {
        self.journal.reactivated()
    }

    fn take_in(&mut self, event: &Event, effect: Effect) {
        let stamp = Stamp::of(event);
        self.events += 1;
        if let Some(category) = event.kind.category() {
            self.counters.count(category);
        }
        self.first_event_at = Some(self.first_event_at.map_or(event.at, |first| first.min(event.at)));
        self.last_event_at = self.last_event_at.max(Some(event.at));
        if self.journal.is_first(stamp)
            && let Some(address) = &event.address
        {
            self.address = address.clone();
        }
        if let Some(category) = event.kind.category()
            && self.journal.is_last_verdict(stamp)
        {
            self.last_verdict = Some(LastVerdict {
                category,
                reason: event.reason,
                status: event.status,
                diagnostic: event.diagnostic.clone(),
            });
        }
        if event.new_address.is_some() && self.journal.is_last_move(stamp) {
            self.new_address.clone_from(&event.new_address);
        }
        self.journal.note(event, effect);
    }

    fn decide(&mut self, policy: &Policy) {
        let decision = decide(policy, &self.address, &self.journal);
        self.suppression = decision.suppression;
        self.held = decision.held;
        self.soft_streak = decision.soft_streak;
        self.unsubscribed_lists = if decision.protected {
            Vec::new()
        } else {
            self.journal.lists_left().map(str::to_owned).collect()
        };
    }
}

fn is_by_breaker(held: &Held) -> bool {
    held.because == HeldBecause::Breaker
}

impl Counters {
    pub(crate) fn count(&mut self, category: Category) {
        let counter = match category {
            Category::HardBounce => &mut self.hard_bounces,
            Category::SoftBounce => &mut self.soft_bounces,
            Category::UnknownUnavailable | Category::UnknownAvailable => &mut self.unknown_bounces,
            Category::SenderBlocked => &mut self.blocks,
            Category::Complaint => &mut self.complaints,
            Category::OutOfOffice | Category::Challenge => &mut self.auto_replies,
            Category::Delivered => &mut self.delivered,
            // Late is not failed, and perhaps is not yes.
            Category::PossibleFailure
            | Category::AddressChange
            | Category::DeliveryReport
            | Category::Subscribe
            | Category::Unsubscribe
            | Category::VirusNotice
            | Category::Unrecognised => return,
        };
        *counter += 1;
    }
}

impl Status {
    /// The stable wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suppressed => "suppressed",
        }
    }
}

impl FromStr for Status {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "active" => Ok(Self::Active),
            "suppressed" => Ok(Self::Suppressed),
            _ => Err(UnknownWord {
                vocabulary: "Status",
                word: word.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Contact {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let last = self.last_verdict.as_ref();
        let mut out = serializer.serialize_struct("Contact", 29)?;
        out.serialize_field("address", &self.address)?;
        out.serialize_field("spelling", self.address.spelling())?;
        out.serialize_field("domain", &self.address.domain())?;
        out.serialize_field("status", &self.status())?;
        out.serialize_field(
            "suppressed_cause",
            &self.suppression.map(|suppression| suppression.cause),
        )?;
        out.serialize_field("suppressed_at", &self.suppression.map(|suppression| suppression.at))?;
        out.serialize_field("suppressed_by", &self.suppression.map(|suppression| suppression.by))?;
        out.serialize_field("held_cause", &self.held.map(|held| held.cause))?;
        out.serialize_field("held_at", &self.held.map(|held| held.at))?;
        out.serialize_field("held_by", &self.held.map(|held| held.by))?;
        out.serialize_field("held_because", &self.held.map(|held| held.because))?;
        out.serialize_field("hard_bounces", &self.counters.hard_bounces)?;
        out.serialize_field("soft_bounces", &self.counters.soft_bounces)?;
        out.serialize_field("soft_streak", &self.soft_streak)?;
        out.serialize_field("unknown_bounces", &self.counters.unknown_bounces)?;
        out.serialize_field("blocks", &self.counters.blocks)?;
        out.serialize_field("complaints", &self.counters.complaints)?;
        out.serialize_field("auto_replies", &self.counters.auto_replies)?;
        out.serialize_field("delivered", &self.counters.delivered)?;
        out.serialize_field("events", &self.events)?;
        out.serialize_field("first_event_at", &self.first_event_at)?;
        out.serialize_field("last_event_at", &self.last_event_at)?;
        out.serialize_field("last_category", &last.map(|last| last.category))?;
        out.serialize_field("last_reason", &last.map(|last| last.reason))?;
        out.serialize_field("last_status", &last.map(|last| last.status))?;
        out.serialize_field("last_diagnostic", &last.map(|last| &last.diagnostic))?;
        out.serialize_field("new_address", &self.new_address)?;
        out.serialize_field("unsubscribed_lists", &self.unsubscribed_lists)?;
        out.serialize_field("reactivated_at", &self.reactivated_at())?;
        out.end()
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
