//! What events do to a contact.

use std::collections::BTreeMap;

use rebound_classify::{Action, Category, Reason};

use crate::event::{Event, EventKind, ManualAction};
use crate::journal::JOURNAL_DEPTH;

/// So many counted failures suppress, unless a policy says otherwise.
const DEFAULT_THRESHOLD: u32 = 5;

/// Counted failures are forgotten after so many days, unless a policy says otherwise.
const DEFAULT_WINDOW_DAYS: u32 = 180;

const MILLIS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

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
    threshold: u32,
    window_days: u32,
}

/// Actions that differ from the default ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// By category.
    pub categories: BTreeMap<Category, Action>,
    /// By reason of a failure.
    pub reasons: BTreeMap<Reason, Action>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            overrides: Overrides::default(),
            lists: BTreeMap::new(),
            threshold: DEFAULT_THRESHOLD,
            window_days: DEFAULT_WINDOW_DAYS,
        }
    }
}

impl Policy {
    /// The same policy, with `threshold` counted failures within `window_days` days suppressing; 0 days is for ever.
    pub fn with_soft_limit(self, threshold: u32, window_days: u32) -> Result<Self, InvalidPolicy> {
        let kept = u32::try_from(JOURNAL_DEPTH).unwrap_or(u32::MAX);
        if threshold == 0 || threshold > kept {
            return Err(InvalidPolicy::Threshold(threshold));
        }
        Ok(Self {
            threshold,
            window_days,
            ..self
        })
    }

    /// How many counted failures suppress.
    pub const fn threshold(&self) -> u32 {
        self.threshold
    }

    /// Within how many days; 0 is for ever.
    pub const fn window_days(&self) -> u32 {
        self.window_days
    }

    /// What a verdict does to the contact.
    pub fn action(&self, category: Category, reason: Reason, list: Option<&str>) -> Action {
        let for_list = list
            .filter(|_| !self.lists.is_empty())
            .and_then(|list| self.lists.get(list));
        for_list
            .and_then(|overrides| overrides.action(category, reason))
            .or_else(|| self.overrides.action(category, reason))
            .unwrap_or_else(|| category.default_action())
    }

    /// The window in milliseconds, `None` for ever.
    pub(crate) fn window_millis(&self) -> Option<i64> {
        (self.window_days > 0).then(|| i64::from(self.window_days) * MILLIS_PER_DAY)
    }

    /// What an event does to the contact's state; `None` when it does not even touch the contact.
    pub(crate) fn effect(&self, event: &Event) -> Option<Effect> {
        let category = match event.kind {
            EventKind::Manual(ManualAction::Suppress) if event.list.is_some() => return Some(Effect::Leave),
            EventKind::Manual(ManualAction::Reactivate) if event.list.is_some() => return Some(Effect::Rejoin),
            EventKind::Manual(ManualAction::Suppress) => return Some(Effect::Suppress),
            EventKind::Manual(ManualAction::Reactivate) => return Some(Effect::Reactivate),
            EventKind::Mail(category) => category,
        };
        match self.action(category, event.reason, event.list.as_deref()) {
            Action::Ignore => None,
            Action::Record if category == Category::Delivered => Some(Effect::Restart),
            Action::Record => Some(Effect::Nothing),
            Action::Count => Some(Effect::Count),
            Action::Unsubscribe => Some(Effect::Leave),
            Action::Suppress => Some(Effect::Suppress),
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
    /// One counted failure.
    Count,
    /// The count of failures starts again.
    Restart,
    /// Suppressed everywhere.
    Suppress,
    /// Active again, from now on.
    Reactivate,
    /// Off the list.
    Leave,
    /// On the list again.
    Rejoin,
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
            assert_eq!(
                Policy::default().with_soft_limit(threshold, 0).is_ok(),
                allowed,
                "{threshold}"
            );
        }
    }
}
