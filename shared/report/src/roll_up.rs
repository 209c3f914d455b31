//! One day's numbers, for programs.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rebound_classify::{Category, Reason};
use serde::Serialize;

use crate::outcomes::Outcomes;
use crate::report::{DayRow, NamedRow, Report};

/// Which meaning the keys have. Keys may be added under the same number; what one means changes only with the next.
const SCHEMA_VERSION: u32 = 1;

/// The numbers of one day, without a single address: to be added up, drawn and compared elsewhere. Its keys in JSON are
/// stable.
///
/// A day stands for itself. Of several reports about one delivery that come on one day the last counts; one that comes
/// on another day counts there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RollUp<'a> {
    schema_version: u32,
    /// In UTC.
    day: Date,
    list: Option<&'a str>,
    account: Option<&'a str>,
    campaign: Option<&'a str>,
    domain: Option<&'a str>,
    /// How many events were counted.
    events: u64,
    /// Reports about a delivery that had been reported on the same day: not counted again.
    repeated: u64,
    categories: &'a BTreeMap<Category, u64>,
    reasons: &'a BTreeMap<Reason, u64>,
    providers: Vec<Named<'a>>,
    domains: Vec<Named<'a>>,
    campaigns: Vec<Named<'a>>,
    lists: Vec<Named<'a>>,
    accounts: Vec<Named<'a>>,
    /// How many contacts were suppressed on it, and still are; `None` where a list, an account or a campaign is asked for,
    /// to which no contact belongs.
    suppressed: Option<u64>,
    /// How many were suppressed at its end, of those who still are.
    suppressed_in_all: Option<u64>,
}

/// What came back on the day under one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Named<'a> {
    /// `None` stands for all that are too rare to have a row of their own.
    name: Option<&'a str>,
    #[serde(flatten)]
    outcomes: &'a Outcomes,
}

impl<'a> RollUp<'a> {
    /// Of a report about a single day, and what one about more days knows of the contacts on it.
    pub fn of(day: &'a Report, period: &Report) -> Self {
        let named = |rows: &'a [NamedRow]| {
            let row = |row: &'a NamedRow| Named {
                name: row.name.as_deref(),
                outcomes: &row.outcomes,
            };
            rows.iter().map(row).collect()
        };
        let selection = &day.selection;
        let concerns_contacts = selection.list.is_none() && selection.account.is_none() && selection.campaign.is_none();
        let contacts: Option<&DayRow> = period
            .days
            .iter()
            .find(|row| concerns_contacts && row.day == selection.period.until);
        Self {
            schema_version: SCHEMA_VERSION,
            day: selection.period.until,
            list: selection.list.as_deref(),
            account: selection.account.as_deref(),
            campaign: selection.campaign.as_deref(),
            domain: selection.domain.as_deref(),
            events: day.seen.events,
            repeated: day.seen.repeated,
            categories: &day.totals.categories,
            reasons: &day.totals.reasons,
            providers: named(&day.providers),
            domains: named(&day.domains),
            campaigns: named(&day.campaigns),
            lists: named(&day.lists),
            accounts: named(&day.accounts),
            suppressed: contacts.map(|row| row.suppressed),
            suppressed_in_all: contacts.map(|row| row.suppressed_in_all),
        }
    }
}
