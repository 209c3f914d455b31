//! Whether a contact may be mailed: a pure function of its journal and the policy.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::str::FromStr;

use rebound_classify::{Category, UnknownWord};
use rebound_message::MessageHash;
use serde::Serialize;

use crate::journal::Journal;
use crate::moment::Moment;
use crate::policy::Policy;

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
}

impl Cause {
    /// The stable wire name, kebab-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail(category) => category.as_str(),
            Self::Manual => "manual",
        }
    }

    /// Every cause there can be.
    pub fn all() -> impl Iterator<Item = Self> {
        Category::ALL.iter().copied().map(Self::Mail).chain([Self::Manual])
    }
}

impl FromStr for Cause {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        if word == Self::Manual.as_str() {
            Ok(Self::Manual)
        } else {
            word.parse().map(Self::Mail)
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
    pub(crate) soft_streak: u32,
}

/// Suppressed by the earliest event since the last reactivation that suppresses by itself or completes a streak of
/// counted failures.
pub(crate) fn decide(policy: &Policy, journal: &Journal) -> Decision {
    let outright = journal.suppressing().next().map(|strike| Suppression {
        cause: strike.cause,
        at: strike.stamp.at,
        by: strike.stamp.message,
    });
    let (streak, soft_streak) = soft_streak(policy, journal);
    let suppression = match (outright, streak) {
        (Some(a), Some(b)) => Some(if (b.at, b.by) < (a.at, a.by) { b } else { a }),
        (a, b) => a.or(b),
    };
    Decision {
        suppression,
        soft_streak,
    }
}

/// The first streak that reached the threshold, and how long the streak is now.
///
/// A streak is counted failures within the window with no delivery between them; one sent message counts once, at its
/// first report, however many reports come back for it.
fn soft_streak(policy: &Policy, journal: &Journal) -> (Option<Suppression>, u32) {
    let mut deliveries = journal.deliveries().peekable();
    let mut sent = HashSet::new();
    let mut streak = VecDeque::new();
    let mut reached = None;
    for soft in journal.counted() {
        let at = soft.stamp.at;
        while deliveries.next_if(|delivered| **delivered <= at).is_some() {
            streak.clear();
        }
        if soft.sent.is_some_and(|message| !sent.insert(message)) {
            continue;
        }
        streak.push_back(at);
        if let Some(window) = policy.window_millis() {
            let age = |oldest: &mut Moment| at.as_millis() - oldest.as_millis();
            while streak.pop_front_if(|oldest| age(oldest) >= window).is_some() {}
        }
        if reached.is_none() && streak.len() >= policy.threshold() as usize {
            reached = Some(Suppression {
                cause: Cause::Mail(Category::SoftBounce),
                at,
                by: soft.stamp.message,
            });
        }
    }
    if deliveries.next().is_some() {
        streak.clear();
    }
    (reached, u32::try_from(streak.len()).unwrap_or(u32::MAX))
}
