//! Whether a contact may be mailed: a pure function of its journal and the policy.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use rebound_classify::{Category, UnknownWord};
use rebound_message::MessageHash;
use serde::Serialize;

use crate::address::ContactAddress;
use crate::journal::{Journal, Standing};
use crate::moment::Moment;
use crate::policy::{Policy, SoftLimit};

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
    pub(crate) held: Option<Suppression>,
    pub(crate) soft_streak: u32,
    /// Whether the policy keeps it from being suppressed, and from being taken off lists.
    pub(crate) protected: bool,
}

/// Suppressed by the earliest event since the last reactivation that suppresses by itself or completes a streak of
/// counted failures, and is not held. One that was released suppresses from then on.
pub(crate) fn decide(policy: &Policy, address: &ContactAddress, journal: &Journal) -> Decision {
    let (streaks, soft_streak) = soft_streaks(policy, journal);
    let outright = journal.suppressing().map(|strike| Suppression {
        cause: strike.cause,
        at: strike.stamp.at,
        by: strike.stamp.message,
    });
    let mut decision = Decision {
        soft_streak,
        protected: policy.protects(address),
        ..Decision::default()
    };
    if decision.protected {
        return decision;
    }
    for candidate in outright.chain(streaks) {
        match journal.ruling_on(candidate.by) {
            Standing::Free => keep_earlier(&mut decision.suppression, candidate),
            Standing::Released(released) => {
                let at = candidate.at.max(released);
                keep_earlier(&mut decision.suppression, Suppression { at, ..candidate });
            }
            Standing::Held => keep_earlier(&mut decision.held, candidate),
        }
    }
    if decision.suppression.is_some() {
        decision.held = None;
    }
    decision
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
/// first report, however many reports come back for it.
fn soft_streaks(policy: &Policy, journal: &Journal) -> (Vec<Suppression>, u32) {
    let mut deliveries = journal.deliveries().peekable();
    let mut sent = HashSet::new();
    let mut streak = Streak::default();
    let mut completed = Vec::new();
    let mut length = 0;
    for soft in journal.counted() {
        let at = soft.stamp.at;
        while deliveries.next_if(|delivered| **delivered <= at).is_some() {
            streak = Streak::default();
            length = 0;
        }
        let limit = soft.limit.unwrap_or(policy.soft_limit);
        if soft.sent.is_none_or(|message| sent.insert(message)) {
            streak.push(at);
            length = streak.length(limit);
            let is_over = completed
                .last()
                .is_some_and(|last: &Suppression| !journal.is_held(last.by));
            if length >= limit.threshold() && !is_over {
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
