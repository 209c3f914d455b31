//! Events, counted as they come.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};

use jiff::civil::Date;
use rebound_classify::{Category, Reason};
use rebound_contacts::{Event, EventKind, MessageHash, Moment, Ruling, Sent};
use serde::Serialize;

use crate::names::{MAX_NAMES, Names};
use crate::outcomes::{Group, Outcomes};
use crate::period::{Selection, day_of};
use crate::sends::Sends;

/// How many deliveries are remembered, 8 bytes each, so that a second report about one does not count again. When there are
/// more, repetitions among the later ones count, and the report says so.
const MAX_DELIVERIES: usize = 4_000_000;

/// How many of the newest unrecognised messages are named.
const MAX_UNRECOGNISED: usize = 50;

/// How many of the newest announced addresses are named.
const MAX_MOVED: usize = 500;

/// How many different words of servers are remembered for each reason and provider that is our fault.
const MAX_WORDS: usize = 3;

/// How much of a server's words is kept, in characters.
const WORDS_KEPT: usize = 300;

/// What is counted of the events of a [`Selection`], in memory that does not grow with their number.
#[derive(Clone, Debug)]
pub struct Tally {
    pub(crate) selection: Selection,
    pub(crate) totals: Outcomes,
    pub(crate) days: BTreeMap<Date, Outcomes>,
    pub(crate) providers: Names,
    pub(crate) domains: Names,
    pub(crate) campaigns: Names,
    pub(crate) lists: Names,
    pub(crate) accounts: Names,
    /// What servers say that refused us, by reason and provider.
    pub(crate) refusals: BTreeMap<Reason, BTreeMap<Box<str>, Refusal>>,
    pub(crate) unrecognised: BTreeMap<(Moment, String), Unrecognised>,
    pub(crate) moved: BTreeMap<(Moment, String), Moved>,
    pub(crate) seen: Seen,
    pub(crate) sends: Sends,
    /// Messages that were discarded, and for whom.
    discarded: HashSet<(MessageHash, Box<str>)>,
    deliveries: Deliveries,
}

/// How much a tally has taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Events that were counted.
    pub events: u64,
    /// Reports about a delivery that had been reported before: not counted again.
    pub repeated: u64,
    /// Whether there were too many to know all repetitions.
    pub repetitions_missed: bool,
}

/// What one provider says about one reason that is ours to mend.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) count: u64,
    pub(crate) words: BTreeSet<Box<str>>,
}

/// A message that nobody could make sense of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unrecognised {
    /// When it came.
    pub at: Moment,
    /// Through which account.
    pub account: Option<String>,
    /// Where it is in the archive.
    pub object_key: Option<String>,
}

/// Somebody who can be reached elsewhere now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// When that was said.
    pub at: Moment,
    /// Who.
    pub address: String,
    /// Where.
    pub new_address: String,
}

impl Tally {
    /// Nothing counted yet. `sent` is what the sender says was sent; of several sayings about the same they add up.
    pub fn new(selection: Selection, sent: impl IntoIterator<Item = Sent>) -> Self {
        Self {
            sends: Sends::of(&selection, sent),
            selection,
            totals: Outcomes::default(),
            days: BTreeMap::new(),
            providers: Names::default(),
            domains: Names::default(),
            campaigns: Names::default(),
            lists: Names::default(),
            accounts: Names::default(),
            refusals: BTreeMap::new(),
            unrecognised: BTreeMap::new(),
            moved: BTreeMap::new(),
            seen: Seen::default(),
            discarded: HashSet::new(),
            deliveries: Deliveries::default(),
        }
    }

    /// Counts an event, if it is one that the report is about. What people decided by hand is none, and what they
    /// discarded never was.
    ///
    /// Events come the latest first: so what is discarded is known before it is met, and of several reports about one
    /// delivery the last word counts. Later ones than the period's may be given, for what they discard.
    pub fn add(&mut self, event: &Event) {
        let category = match (event.kind, event.about) {
            (EventKind::Mail(category), _) => category,
            (EventKind::Ruling(Ruling::Discard), Some(discarded)) => {
                self.discarded.insert((discarded, event.recipient().into()));
                return;
            }
            _ => return,
        };
        if !self.selection.has(event) || self.is_discarded(event) {
            return;
        }
        if Group::of(category).is_failure() && !self.deliveries.is_new(event) {
            self.seen.repeated += 1;
            return;
        }
        self.seen.events += 1;
        let reason = event.reason;
        let domain = event.address.as_ref().and_then(|address| address.domain());
        let provider = event.provider.as_deref().or(domain);
        self.totals.count(category, reason);
        self.sends.count(event, category, reason);
        self.days.entry(day_of(event.at)).or_default().count(category, reason);
        for (names, name) in [
            (&mut self.providers, provider),
            (&mut self.domains, domain),
            (&mut self.campaigns, event.campaign.as_deref()),
            (&mut self.lists, event.list.as_deref()),
            (&mut self.accounts, event.account.as_deref()),
        ] {
            if let Some(name) = name {
                names.of(name).count(category, reason);
            }
        }
        match category {
            Category::SenderBlocked => self.refused(event, provider.unwrap_or_default()),
            Category::Unrecognised => self.not_recognised(event),
            _ => {}
        }
        if let (Some(address), Some(new)) = (&event.address, &event.new_address) {
            let moved = Moved {
                at: event.at,
                address: address.spelling().to_owned(),
                new_address: new.as_str().to_owned(),
            };
            keep_newest(&mut self.moved, (event.at, moved.address.clone()), moved, MAX_MOVED);
        }
    }

    fn is_discarded(&self, event: &Event) -> bool {
        !self.discarded.is_empty() && self.discarded.contains(&(event.message, Box::from(event.recipient())))
    }

    fn refused(&mut self, event: &Event, provider: &str) {
        let providers = self.refusals.entry(event.reason).or_default();
        let is_told_apart = providers.contains_key(provider) || providers.len() < MAX_NAMES;
        let name = if is_told_apart { provider } else { "" };
        if !providers.contains_key(name) {
            providers.insert(name.into(), Refusal::default());
        }
        let Some(refusal) = providers.get_mut(name) else { return };
        refusal.count += 1;
        if let Some(words) = event.diagnostic.as_deref().or(event.evidence.as_deref())
            && refusal.words.len() < MAX_WORDS
        {
            let cut = words.chars().nth(WORDS_KEPT).map(|_| '…');
            refusal
                .words
                .insert(words.chars().take(WORDS_KEPT).chain(cut).collect());
        }
    }

    fn not_recognised(&mut self, event: &Event) {
        let unrecognised = Unrecognised {
            at: event.at,
            account: event.account.clone(),
            object_key: event.object_key.clone(),
        };
        let key = (event.at, event.message.to_string());
        keep_newest(&mut self.unrecognised, key, unrecognised, MAX_UNRECOGNISED);
    }

    pub(crate) fn finish_seen(&mut self) -> Seen {
        self.seen.repetitions_missed = self.deliveries.missed;
        self.seen
    }
}

/// Keeps so many entries, giving up the oldest.
fn keep_newest<T>(entries: &mut BTreeMap<(Moment, String), T>, key: (Moment, String), value: T, most: usize) {
    entries.insert(key, value);
    if entries.len() > most {
        entries.pop_first();
    }
}

/// The deliveries that have been reported, by a hash of the sent message and its recipient.
#[derive(Clone, Debug, Default)]
struct Deliveries {
    hashes: HashSet<u64>,
    state: RandomState,
    missed: bool,
}

impl Deliveries {
    /// Whether this is the first report about what was sent; one that does not name it always is.
    fn is_new(&mut self, event: &Event) -> bool {
        let (Some(sent), Some(address)) = (&event.original_message_id, &event.address) else {
            return true;
        };
        let hash = self.state.hash_one((sent, address.as_str()));
        if self.hashes.len() >= MAX_DELIVERIES {
            self.missed = true;
            return !self.hashes.contains(&hash);
        }
        self.hashes.insert(hash)
    }
}
