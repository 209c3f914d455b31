//! Whether a contact may be mailed: a pure function of its journal and the policy.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use rebound_classify::{Category, UnknownWord};
use rebound_message::MessageHash;
use serde::Serialize;

use crate::address::ContactAddress;
use crate::journal::{Journal, SentMessage, Soft, Standing, Strike};
use crate::moment::Moment;
use crate::policy::{Belief, Policy, SoftLimit};

/// That a contact must not be mailed, and since when and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Suppression {
    /// What kind of event it was.
    pub cause: Cause,
    /// When that was.
    pub at: Moment,
    /// The message, or manual action, that did it.
    pub by: MessageHash,
}

/// What would suppress a contact, and waits for somebody to look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// What kind of event it was.
    pub cause: Cause,
    /// When that was.
    pub at: Moment,
    /// The message that would do it.
    pub by: MessageHash,
    /// Why it does not.
    pub because: HeldBecause,
}

/// Why something is held. Written as one word, the attribute `held_because`. The graver first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldBecause {
    /// Too many at once were in danger.
    Breaker,
    /// It may be forged.
    Unproven,
}

impl HeldBecause {
    /// The stable wire name, kebab-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Unproven => "unproven",
        }
    }
}

impl FromStr for HeldBecause {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let known = [Self::Breaker, Self::Unproven]
            .into_iter()
            .find(|known| known.as_str() == word);
        known.ok_or_else(|| UnknownWord {
            vocabulary: "HeldBecause",
            word: word.to_owned(),
        })
    }
}

impl fmt::Display for HeldBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What suppressed a contact. Written as one word, the attribute `suppressed_cause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A verdict whose action is to suppress; `soft-bounce` also for too many counted failures of whatever category.
    Mail(Category),
    /// Somebody's decision.
    Manual,
    /// Somebody corrected a misspelt address.
    Corrected,
}

impl Cause {
    /// The stable wire name, kebab-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail(category) => category.as_str(),
            Self::Manual => "manual",
            Self::Corrected => "corrected",
        }
    }

    /// Every cause there can be.
    pub fn all() -> impl Iterator<Item = Self> {
        Category::ALL.iter().copied().map(Self::Mail).chain(Self::BY_HAND)
    }

    const BY_HAND: [Self; 2] = [Self::Manual, Self::Corrected];
}

impl FromStr for Cause {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match Self::BY_HAND.iter().find(|cause| cause.as_str() == word) {
            Some(cause) => Ok(*cause),
            None => word.parse().map(Self::Mail),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Cause {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What the journal amounts to under a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) suppression: Option<Suppression>,
    /// What would suppress if it were not held.
    pub(crate) held: Option<Held>,
    pub(crate) soft_streak: u32,
    /// Whether the policy keeps it from being suppressed, and from being taken off lists.
    pub(crate) protected: bool,
}

/// Suppressed by the earliest event since the last reactivation that suppresses by itself, bears out an earlier claim or
/// completes a streak of counted failures, and is not held. One that was released suppresses from then on.
pub(crate) fn decide(policy: &Policy, address: &ContactAddress, journal: &Journal) -> Decision {
    let (streaks, soft_streak) = soft_streaks(policy, journal);
    let mut decision = Decision {
        soft_streak,
        protected: policy.protects(address),
        ..Decision::default()
    };
    if decision.protected {
        return decision;
    }
    let believed = journal.suppressing().filter(|strike| strike.belief == Belief::Believed);
    for candidate in believed.map(Suppression::by).chain(streaks) {
        decision.take(candidate, journal.ruling_on(candidate.by));
    }
    let mut claims = Claims::default();
    for strike in journal.suppressing().filter(|strike| strike.belief != Belief::Believed) {
        let standing = match (
            journal.released_at(strike.stamp.message),
            journal.ruling_on(strike.stamp.message),
        ) {
            (Some(released), _) => Standing::Released(released),
            (None, standing) => standing,
        };
        let is_borne_out = claims.bear_out(strike, policy.soft_limit, standing);
        if standing == Standing::Free && !is_borne_out {
            decision.hold(Suppression::by(strike), HeldBecause::Unproven);
        } else {
            decision.take(Suppression::by(strike), standing);
        }
    }
    for stamp in journal.open_leave_claims() {
        let claim = Suppression {
            cause: Cause::Mail(Category::Unsubscribe),
            at: stamp.at,
            by: stamp.message,
        };
        decision.hold(claim, HeldBecause::Unproven);
    }
    if decision.suppression.is_some() {
        decision.held = None;
    }
    decision
}

impl Suppression {
    fn by(strike: &Strike) -> Self {
        Self {
            cause: strike.cause,
            at: strike.stamp.at,
            by: strike.stamp.message,
        }
    }
}

impl Decision {
    /// Takes in what suppresses, as far as nothing was ruled on it.
    fn take(&mut self, candidate: Suppression, standing: Standing) {
        match standing {
            Standing::Free => keep_earlier(&mut self.suppression, candidate),
            Standing::Released(released) => {
                let at = candidate.at.max(released);
                keep_earlier(&mut self.suppression, Suppression { at, ..candidate });
            }
            Standing::Held => self.hold(candidate, HeldBecause::Breaker),
        }
    }

    /// The gravest is shown, and of those the earliest.
    fn hold(&mut self, Suppression { cause, at, by }: Suppression, because: HeldBecause) {
        let rank = |held: &Held| (held.because, held.at, held.by);
        let held = Held { cause, at, by, because };
        if self.held.is_none_or(|known| rank(&held) < rank(&known)) {
            self.held = Some(held);
        }
    }
}

/// Claims that may bear out each other, oldest first.
#[derive(Default)]
struct Claims(Vec<(Moment, Option<SentMessage>)>);

impl Claims {
    /// Whether an earlier one of another day, about another message and not too long ago, says the same as this; then
    /// neither stands alone. One that is held bears out nothing: it is one of a flood.
    fn bear_out(&mut self, strike: &Strike, limit: SoftLimit, standing: Standing) -> bool {
        if strike.belief != Belief::Claimed || standing == Standing::Held {
            return false;
        }
        let at = strike.stamp.at;
        let is_recent = |before: Moment| {
            limit
                .window_millis()
                .is_none_or(|window| at.as_millis() - before.as_millis() < window)
        };
        let is_independent = |(before, sent): &(Moment, Option<SentMessage>)| {
            before.day_number() != at.day_number() && is_recent(*before) && (sent.is_none() || *sent != strike.sent)
        };
        let is_borne_out = self.0.iter().any(is_independent);
        self.0.push((at, strike.sent));
        is_borne_out
    }
}

fn keep_earlier(known: &mut Option<Suppression>, candidate: Suppression) {
    if known.is_none_or(|known| (candidate.at, candidate.by) < (known.at, known.by)) {
        *known = Some(candidate);
    }
}

/// What completed a streak, oldest first, and how long the streak is now. What comes after the first that is not held
/// is left out.
///
/// A streak is counted failures within the window with no delivery between them; one sent message counts once, at its
/// first report, however many reports come back for it. Of what is merely claimed no more than one a day counts.
fn soft_streaks(policy: &Policy, journal: &Journal) -> (Vec<Suppression>, u32) {
    let believable = |soft: &&Soft| soft.belief != Belief::Doubted;
    let mut deliveries = journal.deliveries().peekable();
    let mut sent = HashSet::new();
    let mut streak = Streak::default();
    let mut completed = Vec::new();
    let mut length = 0;
    for soft in journal.counted().filter(believable) {
        let at = soft.stamp.at;
        while deliveries.next_if(|delivered| **delivered <= at).is_some() {
            streak = Streak::default();
            length = 0;
        }
        let limit = soft.limit.unwrap_or(policy.soft_limit);
        let is_claim = soft.belief == Belief::Claimed;
        if is_claim && streak.is_on_day_of(at) {
            continue;
        }
        if soft.sent.is_none_or(|message| sent.insert(message)) {
            streak.push(at);
            length = streak.length(limit);
            // A claim silences nobody alone.
            let threshold = limit.threshold().max(if is_claim { 2 } else { 1 });
            let is_over = completed
                .last()
                .is_some_and(|last: &Suppression| !journal.is_held(last.by));
            if length >= threshold && !is_over {
                completed.push(Suppression {
                    cause: Cause::Mail(Category::SoftBounce),
                    at,
                    by: soft.stamp.message,
                });
            }
        }
    }
    if deliveries.next().is_some() {
        length = 0;
    }
    (completed, length)
}

/// Counted failures with no delivery between them, oldest first: when, and the how-manieth day with any that was.
#[derive(Default)]
struct Streak(Vec<(Moment, u32)>);

impl Streak {
    fn push(&mut self, at: Moment) {
        let day = match self.0.last() {
            Some((last, day)) if last.day_number() == at.day_number() => *day,
            Some((_, day)) => day + 1,
            None => 0,
        };
        self.0.push((at, day));
    }

    fn is_on_day_of(&self, at: Moment) -> bool {
        self.0
            .last()
            .is_some_and(|(last, _)| last.day_number() == at.day_number())
    }

    /// How many of them count, seen from the last one.
    fn length(&self, limit: SoftLimit) -> u32 {
        let Some((last, last_day)) = self.0.last() else {
            return 0;
        };
        let first = limit.window_millis().map_or(0, |window| {
            self.0
                .partition_point(|(at, _)| last.as_millis() - at.as_millis() >= window)
        });
        if limit.once_a_day() {
            self.0.get(first).map_or(0, |(_, first_day)| last_day - first_day + 1)
        } else {
            u32::try_from(self.0.len() - first).unwrap_or(u32::MAX)
        }
    }
}
