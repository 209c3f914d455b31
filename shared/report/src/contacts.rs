//! Contacts, counted as they come.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rebound_classify::Reason;
use rebound_contacts::{Cause, ContactBrief, Moment};
use serde::Serialize;

use crate::names::Names;
use crate::outcomes::Outcomes;
use crate::period::{Period, Selection, day_of};

/// How many of the newly suppressed are named, the latest ones.
const MAX_SUPPRESSED: usize = 1_000;

/// What is counted of contacts, in memory that does not grow with their number.
#[derive(Clone, Debug)]
pub struct ContactTally {
    period: Period,
    domain: Option<String>,
    numbers: ContactNumbers,
    by_day: BTreeMap<Date, u64>,
    newest: BTreeMap<(Moment, String), Suppressed>,
    /// Domains that do not exist, by what their contacts' last failures say.
    lost_domains: Names,
}

/// How things stand with contacts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContactNumbers {
    /// About whom anything is known.
    pub known: u64,
    /// Who may be mailed, as far as their lists allow.
    pub active: u64,
    /// Who must not be mailed.
    pub suppressed: u64,
    /// Who is mailed still, because the circuit breaker holds what would suppress them.
    pub held: u64,
    /// Who is suppressed, by cause.
    pub causes: BTreeMap<Cause, u64>,
    /// Who is active after so many counted failures in a row, from one on.
    pub streaks: BTreeMap<u32, u64>,
    /// Who was suppressed before the period.
    pub suppressed_before: u64,
    /// Who was suppressed within the period.
    pub newly_suppressed: u64,
}

/// A contact that was suppressed within the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// Who.
    pub address: String,
    /// When.
    pub at: Moment,
    /// What for.
    pub cause: Cause,
    /// What the latest report gives as reason.
    pub reason: Option<Reason>,
    /// And in whose words.
    pub diagnostic: Option<String>,
}

impl ContactTally {
    /// Nothing counted yet. `period` is what makes a suppression a new one.
    pub fn new(period: Period) -> Self {
        Self {
            period,
            domain: None,
            numbers: ContactNumbers::default(),
            by_day: BTreeMap::new(),
            newest: BTreeMap::new(),
            lost_domains: Names::default(),
        }
    }

    /// The same for the contacts that a selection can be about: those of its domain.
    pub fn of(selection: &Selection) -> Self {
        Self {
            domain: selection.domain.clone(),
            ..Self::new(selection.period)
        }
    }

    /// Counts a contact.
    pub fn add(&mut self, contact: &ContactBrief) {
        let domain = contact.address.domain();
        if self.domain.is_some() && self.domain.as_deref() != domain {
            return;
        }
        let numbers = &mut self.numbers;
        numbers.known += 1;
        numbers.held += u64::from(contact.held.is_some());
        if let (Some(domain), Some(reason @ (Reason::HostUnknown | Reason::NotAccept))) = (domain, contact.last_reason)
        {
            let category = rebound_classify::Category::HardBounce;
            self.lost_domains.of(domain).count(category, reason);
        }
        let Some(suppression) = contact.suppression else {
            numbers.active += 1;
            if contact.soft_streak > 0 {
                *numbers.streaks.entry(contact.soft_streak).or_default() += 1;
            }
            return;
        };
        numbers.suppressed += 1;
        *numbers.causes.entry(suppression.cause).or_default() += 1;
        let day = day_of(suppression.at);
        if day < self.period.since {
            numbers.suppressed_before += 1;
        } else if day <= self.period.until {
            numbers.newly_suppressed += 1;
            *self.by_day.entry(day).or_default() += 1;
            let suppressed = Suppressed {
                address: contact.address.spelling().to_owned(),
                at: suppression.at,
                cause: suppression.cause,
                reason: contact.last_reason,
                diagnostic: contact.last_diagnostic.clone(),
            };
            self.newest
                .insert((suppression.at, suppressed.address.clone()), suppressed);
            if self.newest.len() > MAX_SUPPRESSED {
                self.newest.pop_first();
            }
        }
    }

    /// The numbers; how many were suppressed on each day; who, the latest first; domains that seem not to exist.
    pub(crate) fn finish(self) -> Finished {
        Finished {
            numbers: self.numbers,
            by_day: self.by_day,
            suppressed: self.newest.into_values().rev().collect(),
            lost_domains: self.lost_domains.finish().0,
        }
    }
}

pub(crate) struct Finished {
    pub(crate) numbers: ContactNumbers,
    pub(crate) by_day: BTreeMap<Date, u64>,
    pub(crate) suppressed: Vec<Suppressed>,
    pub(crate) lost_domains: Vec<(Box<str>, Outcomes)>,
}
