//! What came back, counted by category and reason.

use std::collections::BTreeMap;

use rebound_classify::{Category, Reason};
use serde::Serialize;

/// What came back, of everything or of what has one name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcomes {
    /// By category; what never was is not there.
    pub categories: BTreeMap<Category, u64>,
    /// By reason, of failures and refusals only.
    pub reasons: BTreeMap<Reason, u64>,
}

/// Categories that people look at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// `hard-bounce`.
    Hard,
    /// `soft-bounce`.
    Soft,
    /// `unknown-unavailable`, `unknown-available`.
    Unknown,
    /// `sender-blocked`.
    Blocked,
    /// `complaint`.
    Complaints,
    /// `unsubscribe`.
    Unsubscribes,
    /// Everything else.
    Other,
}

impl Group {
    /// Every group, the worst first.
    pub const ALL: [Self; 7] = [
        Self::Hard,
        Self::Soft,
        Self::Unknown,
        Self::Blocked,
        Self::Complaints,
        Self::Unsubscribes,
        Self::Other,
    ];

    /// The group that a category is in.
    pub const fn of(category: Category) -> Self {
        match category {
            Category::HardBounce => Self::Hard,
            Category::SoftBounce => Self::Soft,
            Category::UnknownUnavailable | Category::UnknownAvailable => Self::Unknown,
            Category::SenderBlocked => Self::Blocked,
            Category::Complaint => Self::Complaints,
            Category::Unsubscribe => Self::Unsubscribes,
            _ => Self::Other,
        }
    }

    /// What it is called, in the plural.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hard => "hard bounces",
            Self::Soft => "soft bounces",
            Self::Unknown => "unknown bounces",
            Self::Blocked => "sender blocked",
            Self::Complaints => "complaints",
            Self::Unsubscribes => "unsubscribes",
            Self::Other => "other",
        }
    }

    /// Whether a delivery failed for good, or was refused.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Hard | Self::Soft | Self::Unknown | Self::Blocked)
    }
}

impl Outcomes {
    /// One more.
    pub(crate) fn count(&mut self, category: Category, reason: Reason) {
        *self.categories.entry(category).or_default() += 1;
        if Group::of(category).is_failure() {
            *self.reasons.entry(reason).or_default() += 1;
        }
    }

    /// As many as both.
    pub(crate) fn add(&mut self, other: &Self) {
        for (category, count) in &other.categories {
            *self.categories.entry(*category).or_default() += count;
        }
        for (reason, count) in &other.reasons {
            *self.reasons.entry(*reason).or_default() += count;
        }
    }

    /// How many of a category.
    pub fn of(&self, category: Category) -> u64 {
        self.categories.get(&category).copied().unwrap_or_default()
    }

    /// How many of a group.
    pub fn of_group(&self, group: Group) -> u64 {
        let counts = self.categories.iter();
        counts
            .filter(|(category, _)| Group::of(**category) == group)
            .map(|(_, count)| count)
            .sum()
    }

    /// How many deliveries failed, whoever is to blame: hard, soft, unknown and blocked.
    pub fn failed(&self) -> u64 {
        Group::ALL
            .into_iter()
            .filter(|group| group.is_failure())
            .map(|group| self.of_group(group))
            .sum()
    }

    /// How many of anything.
    pub fn all(&self) -> u64 {
        self.categories.values().sum()
    }

    /// Why most of them failed.
    pub fn main_reason(&self) -> Option<Reason> {
        let counts = self.reasons.iter();
        counts
            .max_by(|one, other| one.1.cmp(other.1).then(other.0.cmp(one.0)))
            .map(|(reason, _)| *reason)
    }
}
