//! How much proof a report needs before it silences anybody.

use std::collections::{BTreeMap, BTreeSet};

use rebound_classify::Category;

use crate::event::{Authenticity, Event, EventKind};

/// What is believed, and by what.
///
/// Anybody can write that somebody's mail came back. What is not sure enough is a claim: it is recorded, and suppresses
/// once a second one, about another message, has come on another day, or once a person says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The domains that mail is sent from, in lower-case ASCII form, with all below them. With none, a report is
    /// measured by the domain of the address it was sent to.
    pub domains: BTreeSet<String>,
    /// Whether what was sent is written down in the sent ledger, and looked up there.
    pub ledger: bool,
    /// By `selector._domainkey.domain`, the public keys of signatures on sent mail, as they stand in DNS.
    pub dkim_keys: BTreeMap<String, String>,
    /// Whether keys that are not among those are asked for in DNS.
    pub dkim_dns: bool,
    /// What every return address begins with, `bounces` or `bounces@example.com`: one that is no more than that has lost
    /// its token on the way.
    pub return_path: Option<String>,
    /// For how many days after its day a signed return address is good.
    pub return_path_days: u32,
    /// For how many days after its day a signed address for unsubscribing is good.
    pub unsubscribe_days: u32,
    /// A report that comes more than so many days after the mail was sent does not count.
    pub max_age_days: u32,
    /// So many contacts may be suppressed on one day by what one server hands over without proof; 0 for any number.
    pub suppressions_per_server: u32,
    /// Servers to which that does not apply: your own. As they stand in the attribute `server`.
    pub own_servers: BTreeSet<String>,
    /// By category, what is enough for one report to be believed.
    pub enough: BTreeMap<Category, Authenticity>,
    /// By account, what is different there.
    pub accounts: BTreeMap<String, AccountTrust>,
}

/// What holds for the mail of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountTrust {
    /// What every report has to be; what is less never suppresses by itself, however much of it comes.
    pub require: Option<Authenticity>,
    /// The lists whose reports come in through it, beside its own.
    pub lists: BTreeSet<String>,
}

/// How far an event is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Belief {
    /// What it says is done.
    Believed,
    /// It takes another one like it.
    Claimed,
    /// It takes a person.
    Doubted,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            domains: BTreeSet::new(),
            ledger: false,
            dkim_keys: BTreeMap::new(),
            dkim_dns: false,
            return_path: None,
            return_path_days: 30,
            unsubscribe_days: 400,
            max_age_days: 30,
            suppressions_per_server: 250,
            own_servers: BTreeSet::new(),
            enough: BTreeMap::new(),
            accounts: BTreeMap::new(),
        }
    }
}

impl Trust {
    /// What is enough for one report of this category to be believed.
    pub fn enough_for(&self, category: Category) -> Authenticity {
        self.enough.get(&category).copied().unwrap_or(match category {
            // Whoever knows an address can write these in its name.
            Category::Complaint | Category::Unsubscribe => Authenticity::Dkim,
            _ => Authenticity::Plausible,
        })
    }

    /// What holds for the mail of this account.
    pub fn of_account(&self, account: &str) -> Option<&AccountTrust> {
        self.accounts.get(account)
    }

    /// How far an event is believed.
    pub(crate) fn belief(&self, event: &Event) -> Belief {
        let (EventKind::Mail(category), Some(authenticity)) = (event.kind, event.authenticity) else {
            return Belief::Believed;
        };
        let account = event.account.as_deref().and_then(|account| self.of_account(account));
        let required = account.and_then(|account| account.require);
        let enough = self.enough_for(category);
        if authenticity >= required.map_or(enough, |required| required.max(enough)) {
            Belief::Believed
        } else if required.is_none() && category.is_failure() {
            Belief::Claimed
        } else {
            Belief::Doubted
        }
    }

    /// The server whose word this event is, if it is no more than that.
    #[cfg_attr(not(feature = "dynamodb"), allow(dead_code, reason = "the repository asks"))]
    pub(crate) fn unproven_server<'e>(&self, event: &'e Event) -> Option<&'e str> {
        let is_proof = event.authenticity.is_none_or(Authenticity::is_proof);
        let server = event.server.as_deref().filter(|_| !is_proof)?;
        (!self.own_servers.contains(server)).then_some(server)
    }
}
