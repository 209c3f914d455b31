//! The finished numbers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rebound_classify::{Category, Reason};
use serde::Serialize;

use crate::advice::{Advice, Blocklist};
use crate::contacts::{ContactNumbers, ContactTally, Suppressed};
use crate::names::Names;
use crate::outcomes::{Group, Outcomes};
use crate::period::Selection;
use crate::rates::{Alarm, Level, Measure, Rate, Subject, alarms};
use crate::sends::{Returns, ReturnsBy};
use crate::spelling;
use crate::tally::{Moved, Refusal, Seen, Tally, Unrecognised};

/// How many names of a kind a report shows, beside the sum of all others.
const SHOWN_NAMES: usize = 50;

/// How many providers and reasons are set against each other.
const HEAT_PROVIDERS: usize = 15;

/// How many providers are named beside a reason that is ours to mend.
const SHOWN_PROVIDERS: usize = 5;

/// How many of the servers' words stand beside it.
const SHOWN_WORDS: usize = 3;

/// Everything that a report says. The keys of its JSON are stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What it is about.
    pub selection: Selection,
    /// How much it is made of.
    pub seen: Seen,
    /// What came back in all.
    pub totals: Outcomes,
    /// Day by day, every day of the period.
    pub days: Vec<DayRow>,
    /// Why deliveries failed, the most frequent first.
    pub reasons: Vec<ReasonRow>,
    /// By mailbox provider; by the contact's domain where the provider is not known.
    pub providers: Vec<NamedRow>,
    /// Providers and the reasons that they give, the worst first.
    pub heat: Vec<HeatRow>,
    /// By the contact's domain.
    pub domains: Vec<NamedRow>,
    /// By campaign.
    pub campaigns: Vec<NamedRow>,
    /// By mailing list.
    pub lists: Vec<NamedRow>,
    /// By the account that mail came in through.
    pub accounts: Vec<NamedRow>,
    /// Rates that call for attention, the worst first.
    pub alarms: Vec<Alarm>,
    /// How things stand with contacts.
    pub contacts: ContactNumbers,
    /// Who was suppressed in the period, the latest first.
    pub suppressed: Vec<Suppressed>,
    /// What is ours to mend, the most frequent first.
    pub our_faults: Vec<OurFault>,
    /// What nobody could make sense of, the newest first.
    pub unrecognised: Vec<Unrecognised>,
    /// Who can be reached elsewhere, the newest first.
    pub moved: Vec<Moved>,
    /// Domains that are probably misspelt, the most frequent first.
    pub misspelt: Vec<Misspelt>,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayRow {
    /// In UTC.
    pub day: Date,
    /// What came back.
    pub outcomes: Outcomes,
    /// How many contacts were suppressed on it, and still are.
    pub suppressed: u64,
    /// How many were suppressed at its end, of those who still are.
    pub suppressed_in_all: u64,
}

/// Why deliveries failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonRow {
    /// Why.
    pub reason: Reason,
    /// How many.
    pub count: u64,
}

/// What has one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedRow {
    /// The name; `None` stands for all that have a row of their own no more.
    pub name: Option<String>,
    /// What came back.
    pub outcomes: Outcomes,
    /// How much was sent, if the sender says so. Of a list or a domain it may be a part: the campaigns that he says it of.
    pub sent: Option<u64>,
    /// How much of exactly that failed.
    pub bounces: Option<Rate>,
    /// How many complained.
    pub complaints: Option<Rate>,
}

/// The reasons that one provider gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeatRow {
    /// Who.
    pub provider: String,
    /// How many of each.
    pub reasons: BTreeMap<Reason, u64>,
}

/// Something that is ours to mend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OurFault {
    /// What they refuse us for.
    pub reason: Reason,
    /// How often.
    pub count: u64,
    /// What to do about it.
    pub advice: Advice,
    /// Who refuses us, the most frequent first.
    pub providers: Vec<(String, u64)>,
    /// The blocklists that they name.
    pub blocklists: Vec<Blocklist>,
    /// Some of their words.
    pub words: Vec<String>,
}

/// A domain that is probably misspelt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Misspelt {
    /// As it is written.
    pub domain: String,
    /// What was probably meant.
    pub meant: &'static str,
    /// How many contacts have it.
    pub contacts: u64,
}

impl Report {
    /// What the tallies come to.
    pub fn new(mut tally: Tally, contacts: ContactTally) -> Self {
        let seen = tally.finish_seen();
        let contacts = contacts.finish();
        let sent = tally.sends.finish();
        let nothing = BTreeMap::new();
        let providers = rows(tally.providers, &nothing, &[]);
        Self {
            days: days(
                &tally.selection,
                tally.days,
                &contacts.by_day,
                contacts.numbers.suppressed_before,
            ),
            reasons: reasons(&tally.totals),
            heat: heat(&providers),
            our_faults: our_faults(tally.refusals),
            misspelt: misspelt(&contacts.lost_domains),
            unrecognised: tally.unrecognised.into_values().rev().collect(),
            moved: tally.moved.into_values().rev().collect(),
            accounts: rows(tally.accounts, &nothing, &[]),
            campaigns: rows(tally.campaigns, &sent.campaigns, &sent.new_campaigns),
            lists: rows(tally.lists, &sent.lists, &[]),
            domains: rows(tally.domains, &sent.domains, &[]),
            alarms: attention(&sent),
            suppressed: contacts.suppressed,
            contacts: contacts.numbers,
            selection: tally.selection,
            totals: tally.totals,
            seen,
            providers,
        }
    }

    /// Whether anybody said how much was sent, so that there are rates.
    pub fn knows_sent(&self) -> bool {
        let rows = self.campaigns.iter().chain(&self.domains);
        rows.into_iter().any(|row| row.sent.is_some())
    }

    /// The worst of its alarms.
    pub fn level(&self) -> Level {
        self.alarms
            .iter()
            .map(|alarm| alarm.rate.level)
            .max()
            .unwrap_or_default()
    }
}

/// The most frequent names, then those that are to have a row although nothing came back, and the sum of the others.
fn rows(names: Names, sent: &BTreeMap<String, Returns>, always: &[String]) -> Vec<NamedRow> {
    let (mut names, mut others) = names.finish();
    let known: BTreeSet<&str> = names.iter().map(|(name, _)| &**name).collect();
    let silent: BTreeSet<_> = always
        .iter()
        .filter(|name| !known.contains(name.as_str()))
        .cloned()
        .collect();
    names.extend(silent.into_iter().map(|name| (name.into(), Outcomes::default())));
    for (_, rare) in names.drain(SHOWN_NAMES.min(names.len())..) {
        others.add(&rare);
    }
    let mut rows: Vec<_> = names
        .into_iter()
        .map(|(name, outcomes)| {
            let returns = sent.get(&*name);
            let rate = |measure| returns.and_then(|returns| Rate::of(measure, &returns.outcomes, returns.sent));
            NamedRow {
                name: Some(name.into()),
                outcomes,
                sent: returns.map(|returns| returns.sent),
                bounces: rate(Measure::Bounces),
                complaints: rate(Measure::Complaints),
            }
        })
        .collect();
    if others.all() > 0 {
        rows.push(NamedRow {
            name: None,
            outcomes: others,
            sent: None,
            bounces: None,
            complaints: None,
        });
    }
    rows
}

/// The rates that call for attention, the worst first.
fn attention(sent: &ReturnsBy) -> Vec<Alarm> {
    let mut found: Vec<Alarm> = sent
        .all
        .iter()
        .flat_map(|returns| alarms(&Subject::All, returns))
        .collect();
    for (returns, subject) in [
        (&sent.campaigns, Subject::Campaign as fn(String) -> Subject),
        (&sent.lists, Subject::List),
        (&sent.domains, Subject::Domain),
    ] {
        found.extend(
            returns
                .iter()
                .flat_map(|(name, returns)| alarms(&subject(name.clone()), returns)),
        );
    }
    found.sort_by_key(|alarm| {
        let worst_first = (Reverse(alarm.rate.level), Reverse(alarm.rate.millionths()));
        (worst_first, alarm.subject.clone(), alarm.measure)
    });
    found
}

fn days(
    selection: &Selection,
    mut outcomes: BTreeMap<Date, Outcomes>,
    suppressed: &BTreeMap<Date, u64>,
    suppressed_before: u64,
) -> Vec<DayRow> {
    let mut in_all = suppressed_before;
    let row = |day| {
        let suppressed = suppressed.get(&day).copied().unwrap_or_default();
        in_all += suppressed;
        DayRow {
            day,
            outcomes: outcomes.remove(&day).unwrap_or_default(),
            suppressed,
            suppressed_in_all: in_all,
        }
    };
    selection.period.days().map(row).collect()
}

fn reasons(totals: &Outcomes) -> Vec<ReasonRow> {
    let rows = totals.reasons.iter();
    let mut rows: Vec<_> = rows.map(|(&reason, &count)| ReasonRow { reason, count }).collect();
    rows.sort_by(|one, other| other.count.cmp(&one.count).then(one.reason.cmp(&other.reason)));
    rows
}

fn heat(providers: &[NamedRow]) -> Vec<HeatRow> {
    let mut rows: Vec<_> = providers
        .iter()
        .filter_map(|row| {
            let reasons = row.outcomes.reasons.clone();
            let provider = row.name.clone()?;
            (!reasons.is_empty()).then_some(HeatRow { provider, reasons })
        })
        .collect();
    let sum = |row: &HeatRow| row.reasons.values().sum::<u64>();
    rows.sort_by(|one, other| {
        sum(other)
            .cmp(&sum(one))
            .then_with(|| one.provider.cmp(&other.provider))
    });
    rows.truncate(HEAT_PROVIDERS);
    rows
}

fn our_faults(refusals: BTreeMap<Reason, BTreeMap<Box<str>, Refusal>>) -> Vec<OurFault> {
    let mut faults: Vec<_> = refusals
        .into_iter()
        .map(|(reason, providers)| {
            let mut providers: Vec<_> = providers.into_iter().collect();
            providers.sort_by(|one, other| other.1.count.cmp(&one.1.count).then_with(|| one.0.cmp(&other.0)));
            let all_words = || providers.iter().flat_map(|(_, refusal)| &refusal.words);
            let mut blocklists: Vec<_> = all_words().filter_map(|words| Blocklist::named_in(words)).collect();
            blocklists.sort_by_key(|list| list.name);
            blocklists.dedup();
            let distinct: BTreeSet<_> = all_words().collect();
            OurFault {
                reason,
                count: providers.iter().map(|(_, refusal)| refusal.count).sum(),
                advice: Advice::on(reason),
                words: distinct
                    .into_iter()
                    .take(SHOWN_WORDS)
                    .map(ToString::to_string)
                    .collect(),
                blocklists,
                providers: providers
                    .iter()
                    .filter(|(name, _)| !name.is_empty())
                    .take(SHOWN_PROVIDERS)
                    .map(|(name, refusal)| (name.to_string(), refusal.count))
                    .collect(),
            }
        })
        .collect();
    faults.sort_by(|one, other| other.count.cmp(&one.count).then(one.reason.cmp(&other.reason)));
    faults
}

fn misspelt(domains: &[(Box<str>, Outcomes)]) -> Vec<Misspelt> {
    let misspelt = domains.iter().filter_map(|(domain, outcomes)| {
        Some(Misspelt {
            domain: domain.to_string(),
            meant: spelling::meant(domain)?,
            contacts: outcomes.of(Category::HardBounce),
        })
    });
    misspelt.take(SHOWN_NAMES).collect()
}

impl NamedRow {
    /// How many of a group came back.
    pub fn of(&self, group: Group) -> u64 {
        self.outcomes.of_group(group)
    }
}
