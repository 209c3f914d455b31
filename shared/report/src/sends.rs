//! What was sent, and what of exactly that came back: rates compare nothing else.

use std::collections::{BTreeMap, HashMap};

use rebound_classify::{Category, Reason};
use rebound_contacts::{Event, Sent};

use crate::outcomes::Outcomes;
use crate::period::Selection;

/// What the sender says was sent, each with what came back of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sends {
    sends: Vec<Send>,
    /// Which of them are about a campaign.
    by_campaign: HashMap<String, Vec<usize>>,
}

#[derive(Clone, Debug)]
struct Send {
    sent: Sent,
    /// Of an older campaign mail still comes back, but how much of it there is says nothing about the period.
    is_new: bool,
    outcomes: Outcomes,
}

/// So much was sent, and this came back of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Returns {
    pub(crate) sent: u64,
    pub(crate) outcomes: Outcomes,
}

/// What came back of what was sent, by what people ask about.
#[derive(Debug, Default)]
pub(crate) struct ReturnsBy {
    /// Of all that was sent in the period.
    pub(crate) all: Option<Returns>,
    pub(crate) campaigns: BTreeMap<String, Returns>,
    /// Those of the period; they are shown although nothing came back.
    pub(crate) new_campaigns: Vec<String>,
    pub(crate) lists: BTreeMap<String, Returns>,
    pub(crate) domains: BTreeMap<String, Returns>,
}

impl Sends {
    /// Those that a selection is about. An account sends nothing.
    pub(crate) fn of(selection: &Selection, all: impl IntoIterator<Item = Sent>) -> Self {
        let is = |wanted: &Option<String>, found: Option<&String>| {
            wanted.as_ref().is_none_or(|wanted| found == Some(wanted))
        };
        let wanted = |sent: &Sent| {
            selection.account.is_none()
                && is(&selection.campaign, Some(&sent.campaign))
                && is(&selection.list, sent.list.as_ref())
                && is(&selection.domain, sent.domain.as_ref())
        };
        let mut sends = Self::default();
        for sent in all.into_iter().filter(wanted) {
            let about = sends.by_campaign.entry(sent.campaign.clone()).or_default();
            about.push(sends.sends.len());
            sends.sends.push(Send {
                is_new: selection.period.contains(sent.at),
                sent,
                outcomes: Outcomes::default(),
            });
        }
        sends
    }

    /// Counts what came back.
    pub(crate) fn count(&mut self, event: &Event, category: Category, reason: Reason) {
        let about = event
            .campaign
            .as_ref()
            .and_then(|campaign| self.by_campaign.get(campaign));
        let domain = event.address.as_ref().and_then(|address| address.domain());
        for index in about.into_iter().flatten() {
            if let Some(send) = self.sends.get_mut(*index)
                && send.sent.domain.as_deref().is_none_or(|only| Some(only) == domain)
            {
                send.outcomes.count(category, reason);
            }
        }
    }

    /// What it comes to. What was sent to one domain says nothing about a campaign as a whole, and the other way round.
    pub(crate) fn finish(self) -> ReturnsBy {
        let mut by = ReturnsBy::default();
        for Send { sent, is_new, outcomes } in self.sends {
            let add = |to: &mut Returns| {
                to.sent += sent.count;
                to.outcomes.add(&outcomes);
            };
            if let Some(domain) = &sent.domain {
                if is_new {
                    add(by.domains.entry(domain.clone()).or_default());
                }
                continue;
            }
            add(by.campaigns.entry(sent.campaign.clone()).or_default());
            if is_new {
                add(by.all.get_or_insert_default());
                if let Some(list) = &sent.list {
                    add(by.lists.entry(list.clone()).or_default());
                }
                by.new_campaigns.push(sent.campaign);
            }
        }
        by
    }
}
