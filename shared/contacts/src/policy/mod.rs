//! What events do to a contact.

mod document;
mod faults;
mod proof;
mod protected;
mod trust;

use std::collections::BTreeMap;

use rebound_classify::{Action, Category, Reason};
use rebound_message::MessageHash;

use crate::address::ContactAddress;
use crate::event::{Event, EventKind, ManualAction, Ruling};
use crate::journal::JOURNAL_DEPTH;
use crate::moment::MILLIS_PER_DAY;

pub use document::{PolicyErrors, PolicyFault};
pub use protected::Protected;
pub(crate) use trust::Belief;
pub use trust::{AccountTrust, Trust};

/// The default policy as a document to start from, every line explained. Reading it gives [`Policy::default`].
pub const DEFAULT_POLICY: &str = include_str!("../../policy/default.toml");

/// Says what every event does, and how many counted failures are too many.
///
/// The action of a verdict is looked up from the special to the general: the list's word on the reason, the list's on
/// the category, the policy's on the reason, the policy's on the category, and last
/// [`Category::default_action`]. Words on reasons concern failures only: a delay warning with the reason `mailbox-full`
/// is still no failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// For every list.
    pub overrides: Overrides,
    /// By list, for mail of that list only.
    pub lists: BTreeMap<String, Overrides>,
    /// Which failures in a row are too many.
    pub soft_limit: SoftLimit,
    /// Whom nothing suppresses.
    pub protected: Protected,
    /// When too many contacts at once are in danger; `None` when nobody watches.
    pub breaker: Option<Breaker>,
    /// What is believed.
    pub trust: Trust,
}

/// What differs from the default, or on one list from the rest of the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// By category.
    pub categories: BTreeMap<Category, Action>,
    /// By reason of a failure.
    pub reasons: BTreeMap<Reason, Action>,
    /// Which failures in a row are too many, when the last of them is mail of this list. Not looked at in
    /// [`Policy::overrides`].
    pub soft_limit: Option<SoftLimit>,
}

/// Which counted failures suppress: so many within so many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SoftLimit {
    threshold: u32,
    window_days: u32,
    once_a_day: bool,
}

/// The circuit breaker: suppressions beyond both limits are held until somebody has looked at them.
///
/// It watches what one account's mail of one UTC day newly suppresses. A rule that goes wrong, or a day on which
/// everything was refused, then costs no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// So many contacts may always be suppressed.
    pub suppressions: u32,
    /// And so many of a hundred contacts heard of on that day.
    pub percent: u8,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            overrides: Overrides::default(),
            lists: BTreeMap::new(),
            soft_limit: SoftLimit::default(),
            protected: Protected::default(),
            breaker: Some(Breaker::default()),
            trust: Trust::default(),
        }
    }
}

impl Default for SoftLimit {
    fn default() -> Self {
        Self {
            threshold: 5,
            window_days: 180,
            once_a_day: false,
        }
    }
}

impl Default for Breaker {
    /// Among the people of whom a usual day's mail speaks, those gone for good are well below three quarters.
    fn default() -> Self {
        Self {
            suppressions: 100,
            percent: 75,
        }
    }
}

impl SoftLimit {
    /// `threshold` counted failures within `window_days` days suppress; 0 days is for ever. With `once_a_day` only the
    /// first of a UTC day counts.
    pub fn new(threshold: u32, window_days: u32, once_a_day: bool) -> Result<Self, InvalidPolicy> {
        let kept = u32::try_from(JOURNAL_DEPTH).unwrap_or(u32::MAX);
        if threshold == 0 || threshold > kept {
            return Err(InvalidPolicy::Threshold(threshold));
        }
        Ok(Self {
            threshold,
            window_days,
            once_a_day,
        })
    }

    /// How many counted failures suppress.
    pub const fn threshold(self) -> u32 {
        self.threshold
    }

    /// Within how many days; 0 is for ever.
    pub const fn window_days(self) -> u32 {
        self.window_days
    }

    /// Whether only the first counted failure of a day counts.
    pub const fn once_a_day(self) -> bool {
        self.once_a_day
    }

    /// The window in milliseconds, `None` for ever.
    pub(crate) fn window_millis(self) -> Option<i64> {
        (self.window_days > 0).then(|| i64::from(self.window_days) * MILLIS_PER_DAY)
    }
}

impl Breaker {
    /// How many contacts one account's mail may suppress on a day on which `heard_of` contacts were heard of.
    pub fn allows(self, heard_of: u64) -> u64 {
        let share = heard_of.saturating_mul(u64::from(self.percent)) / 100;
        share.max(u64::from(self.suppressions))
    }
}

impl Policy {
    /// What a verdict does to the contact.
    pub fn action(&self, category: Category, reason: Reason, list: Option<&str>) -> Action {
        self.list(list)
            .and_then(|overrides| overrides.action(category, reason))
            .or_else(|| self.overrides.action(category, reason))
            .unwrap_or_else(|| category.default_action())
    }

    /// Whether nothing suppresses this contact, nor takes it off a list.
    pub fn protects(&self, address: &ContactAddress) -> bool {
        self.protected.covers(address)
    }

    /// Which failures in a row are too many, when the last of them is mail of this list.
    pub fn soft_limit_of(&self, list: Option<&str>) -> SoftLimit {
        self.own_limit(list).unwrap_or(self.soft_limit)
    }

    fn own_limit(&self, list: Option<&str>) -> Option<SoftLimit> {
        self.list(list).and_then(|overrides| overrides.soft_limit)
    }

    fn list(&self, list: Option<&str>) -> Option<&Overrides> {
        list.filter(|_| !self.lists.is_empty())
            .and_then(|list| self.lists.get(list))
    }

    /// What an event does to the contact's state; `None` when it does not even touch the contact.
    pub(crate) fn effect(&self, event: &Event) -> Option<Effect> {
        let category = match (event.kind, event.about) {
            (EventKind::Mail(category), _) => category,
            (EventKind::Manual(action), _) => {
                return Some(match (action, event.list.is_some()) {
                    (ManualAction::Suppress, true) => Effect::Leave(Belief::Believed),
                    (ManualAction::Reactivate, true) => Effect::Rejoin,
                    (ManualAction::Suppress, false) | (ManualAction::Correct, _) => Effect::Suppress(Belief::Believed),
                    (ManualAction::Reactivate, false) => Effect::Reactivate,
                });
            }
            (EventKind::Ruling(Ruling::Hold), Some(about)) => return Some(Effect::Hold(about)),
            (EventKind::Ruling(Ruling::Release), Some(about)) => return Some(Effect::Release(about)),
            // The fold leaves out what was discarded, and with it the ruling that says so.
            (EventKind::Ruling(_), _) => return None,
        };
        let action = self.action(category, event.reason, event.list.as_deref());
        if event.stale && action != Action::Ignore {
            return Some(Effect::Nothing);
        }
        let belief = self.trust.belief(event);
        match action {
            Action::Ignore => None,
            Action::Record if category == Category::Delivered => Some(Effect::Restart),
            Action::Record => Some(Effect::Nothing),
            Action::Count => Some(Effect::Count(self.own_limit(event.list.as_deref()), belief)),
            // Somebody who wants to be left alone, and does not say by which list, means all.
            Action::Unsubscribe if event.list_or_account().is_none() => Some(Effect::Suppress(belief)),
            Action::Unsubscribe => Some(Effect::Leave(belief)),
            Action::Suppress => Some(Effect::Suppress(belief)),
        }
    }
}

impl Overrides {
    fn action(&self, category: Category, reason: Reason) -> Option<Action> {
        // What is merely late may still fail; what is said about a reason is meant for what did.
        let failed = category.is_failure() && category != Category::PossibleFailure;
        let by_reason = failed.then(|| self.reasons.get(&reason)).flatten();
        by_reason.or_else(|| self.categories.get(&category)).copied()
    }
}

/// What an event does to a contact's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is counted and remembered, no more.
    Nothing,
    /// One counted failure; under this limit, if not the policy's.
    Count(Option<SoftLimit>, Belief),
    /// The count of failures starts again.
    Restart,
    /// Suppressed everywhere.
    Suppress(Belief),
    /// Active again, from now on.
    Reactivate,
    /// Off the list.
    Leave(Belief),
    /// On the list again.
    Rejoin,
    /// That message suppresses nobody for now.
    Hold(MessageHash),
    /// It does after all.
    Release(MessageHash),
}

/// A policy that can't be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// A threshold outside what a contact remembers.
    #[error(
        "a threshold of {0} counted failures can't be followed: a contact remembers the newest {JOURNAL_DEPTH}; \
         choose 1 to {JOURNAL_DEPTH}"
    )]
    Threshold(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_special_word_decides() {
        let mut policy = Policy::default();
        let action = |policy: &Policy, category, list| policy.action(category, Reason::MailboxFull, list);
        assert_eq!(action(&policy, Category::SoftBounce, Some("news")), Action::Count);
        policy.overrides.categories.insert(Category::SoftBounce, Action::Record);
        assert_eq!(action(&policy, Category::SoftBounce, Some("news")), Action::Record);
        policy.overrides.reasons.insert(Reason::MailboxFull, Action::Suppress);
        assert_eq!(action(&policy, Category::SoftBounce, Some("news")), Action::Suppress);
        for other in [Category::DeliveryReport, Category::PossibleFailure] {
            assert_eq!(action(&policy, other, Some("news")), Action::Record);
        }
        let news = policy.lists.entry("news".to_owned()).or_default();
        news.categories.insert(Category::SoftBounce, Action::Ignore);
        assert_eq!(action(&policy, Category::SoftBounce, Some("news")), Action::Ignore);
        assert_eq!(action(&policy, Category::SoftBounce, Some("other")), Action::Suppress);
        assert_eq!(action(&policy, Category::SoftBounce, None), Action::Suppress);
    }

    #[test]
    fn a_threshold_beyond_memory_is_refused() {
        for (threshold, allowed) in [(0, false), (1, true), (128, true), (129, false)] {
            assert_eq!(SoftLimit::new(threshold, 0, false).is_ok(), allowed, "{threshold}");
        }
    }
}
