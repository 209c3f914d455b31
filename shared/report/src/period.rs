//! What a report is about.

use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan};
use rebound_contacts::{Event, Moment};
use serde::Serialize;

/// The UTC days that a report is about, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Period {
    /// The first.
    pub since: Date,
    /// The last.
    pub until: Date,
}

impl Period {
    /// So many days up to and including `until`, at least one.
    pub fn ending(until: Date, days: u16) -> Self {
        let back = i32::from(days.max(1)) - 1;
        Self {
            since: until.saturating_sub(back.days()),
            until,
        }
    }

    /// Its days in order.
    pub fn days(self) -> impl Iterator<Item = Date> {
        self.since.series(1.day()).take_while(move |day| *day <= self.until)
    }

    /// How many days it has.
    pub fn length(self) -> u64 {
        let span: SignedDuration = self.until.duration_since(self.since);
        u64::try_from(span.as_hours() / 24 + 1).unwrap_or(0)
    }

    /// Whether something that happened then belongs to it.
    pub fn contains(self, at: Moment) -> bool {
        (self.since..=self.until).contains(&day_of(at))
    }
}

/// The UTC day of a moment.
pub(crate) fn day_of(at: Moment) -> Date {
    at.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Which events a report is about: those of the period for which everything that is named here is so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Selection {
    /// When they happened.
    pub period: Period,
    /// The list that was mailed.
    pub list: Option<String>,
    /// The account they came in through.
    pub account: Option<String>,
    /// The campaign that was mailed.
    pub campaign: Option<String>,
    /// The domain of the contact, in ASCII and lower case.
    pub domain: Option<String>,
}

impl Selection {
    /// All events of a period.
    pub fn all(period: Period) -> Self {
        Self {
            period,
            list: None,
            account: None,
            campaign: None,
            domain: None,
        }
    }

    /// Whether nothing but the period is asked for.
    pub fn is_all(&self) -> bool {
        *self == Self::all(self.period)
    }

    /// Whether it has this event.
    pub fn has(&self, event: &Event) -> bool {
        let is =
            |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|wanted| found == Some(wanted));
        self.period.contains(event.at)
            && is(&self.list, event.list.as_deref())
            && is(&self.account, event.account.as_deref())
            && is(&self.campaign, event.campaign.as_deref())
            && is(
                &self.domain,
                event.address.as_ref().and_then(|address| address.domain()),
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_its_days_and_both_ends() {
        let period = Period::ending("2026-03-02".parse().unwrap(), 4);
        let days: Vec<String> = period.days().map(|day| day.to_string()).collect();
        assert_eq!(days, ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
        assert_eq!(period.length(), 4);
        let at = |text: &str| Moment::from(text.parse::<jiff::Timestamp>().unwrap());
        assert!(period.contains(at("2026-02-27T00:00:00Z")) && period.contains(at("2026-03-02T23:59:59Z")));
        assert!(!period.contains(at("2026-02-26T23:59:59Z")) && !period.contains(at("2026-03-03T00:00:00Z")));
        assert_eq!(Period::ending("2026-03-02".parse().unwrap(), 0).length(), 1);
    }
}
