//! What the reporter is asked for.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rebound_report::{Period, Selection};
use serde::Deserialize;
use serde_json::Value;

use crate::place;

/// The `detail-type` of what EventBridge Scheduler and EventBridge rules send on a schedule.
const SCHEDULED: &str = "Scheduled Event";

/// How many days a report may be about: a year. More make a page that nobody can read, and more events than there is time
/// for.
const MAX_DAYS: u16 = 366;

/// A report that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRequest {
    /// What it is about. Its last day is over.
    pub selection: Selection,
    /// Whether it is about the last day that is over, and everything: such a report is the latest.
    pub is_latest: bool,
}

/// How many days a report is about: 1 to 366.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct Days(u16);

/// No report is about so many days.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no number of days for a report: 1 to {MAX_DAYS} are")]
pub struct InvalidDays(String);

/// An event that asks for nothing the reporter knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// Something else.
    #[error("the event asks for no report: {EXPECTED}")]
    Unknown,
    /// A report is asked for in the wrong words.
    #[error("the event asks for a report, but {0}: {EXPECTED}")]
    Wrong(String),
    /// The day goes on.
    #[error("{day} is not over in UTC: the last day that a report can be made of is {last}")]
    NotOver {
        /// Which.
        day: Date,
        /// The latest one that is.
        last: Date,
    },
    /// The names do not fit into a key.
    #[error("the names that the report is to be about are too long together: their folder would be {0} bytes long")]
    TooLong(usize),
}

const EXPECTED: &str = "send a scheduled event, or {\"report\": {\"day\": \"2026-11-20\", \"days\": 30, \"list\": …, \
                        \"account\": …, \"campaign\": …, \"domain\": …}}, of which everything may be left out";

/// A request by hand, as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ByHand {
    day: Option<Date>,
    days: Option<Days>,
    list: Option<String>,
    account: Option<String>,
    campaign: Option<String>,
    domain: Option<String>,
}

impl ReportRequest {
    /// Reads an event: a schedule's, or a request by hand. `now` says which days are over, `days` how many a report is about
    /// unless the event says it.
    ///
    /// A schedule's event asks for the day before its own time. When it is late, or comes twice, that is the same day.
    pub fn parse(event: &Value, now: Timestamp, days: Days) -> Result<Self, InvalidRequest> {
        let (asked, at) = if event.get("detail-type").and_then(Value::as_str) == Some(SCHEDULED) {
            let time = event.get("time").and_then(Value::as_str);
            let time = time.and_then(|time| time.parse().ok());
            (ByHand::default(), time.unwrap_or(now))
        } else {
            (ByHand::parse(event)?, now)
        };
        let last = last_day_over(now);
        let day = asked.day.unwrap_or_else(|| last_day_over(at));
        if day > last {
            return Err(InvalidRequest::NotOver { day, last });
        }
        let selection = Selection {
            list: asked.list,
            account: asked.account,
            campaign: asked.campaign,
            domain: asked.domain.map(|domain| domain.to_ascii_lowercase()),
            ..Selection::all(Period::ending(day, asked.days.unwrap_or(days).0))
        };
        let length = place::folder(&selection, day).len();
        if length > place::MAX_FOLDER_BYTES {
            return Err(InvalidRequest::TooLong(length));
        }
        Ok(Self {
            is_latest: day == last && selection.is_all(),
            selection,
        })
    }
}

impl ByHand {
    fn parse(event: &Value) -> Result<Self, InvalidRequest> {
        let Some(entries) = event.as_object() else {
            return Err(InvalidRequest::Unknown);
        };
        let (Some(report), 1) = (entries.get("report"), entries.len()) else {
            return Err(InvalidRequest::Unknown);
        };
        let asked = Self::deserialize(report).map_err(|error| InvalidRequest::Wrong(error.to_string()))?;
        let names = [&asked.list, &asked.account, &asked.campaign, &asked.domain];
        if names.into_iter().flatten().any(String::is_empty) {
            return Err(InvalidRequest::Wrong("a name is empty".to_owned()));
        }
        Ok(asked)
    }
}

/// The day before, in UTC.
fn last_day_over(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date().saturating_sub(1.day())
}

impl TryFrom<u16> for Days {
    type Error = InvalidDays;

    fn try_from(days: u16) -> Result<Self, InvalidDays> {
        if (1..=MAX_DAYS).contains(&days) {
            Ok(Self(days))
        } else {
            Err(InvalidDays(days.to_string()))
        }
    }
}

impl FromStr for Days {
    type Err = InvalidDays;

    fn from_str(text: &str) -> Result<Self, InvalidDays> {
        let days: Result<u16, _> = text.parse();
        days.map_err(|_| InvalidDays(text.to_owned()))?.try_into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(event: &Value) -> Result<ReportRequest, InvalidRequest> {
        let now = "2026-11-21T00:20:00Z".parse().unwrap();
        ReportRequest::parse(event, now, "30".parse().unwrap())
    }

    fn period(since: &str, until: &str) -> Selection {
        Selection::all(Period {
            since: since.parse().unwrap(),
            until: until.parse().unwrap(),
        })
    }

    #[test]
    fn every_kind_of_event_is_understood() {
        let month = || period("2026-10-22", "2026-11-20");
        for (event, selection, is_latest) in [
            (
                json!({"detail-type": "Scheduled Event", "source": "rebound.schedule", "time": "2026-11-21T00:15:00Z"}),
                month(),
                true,
            ),
            (json!({"detail-type": "Scheduled Event"}), month(), true),
            (
                json!({"detail-type": "Scheduled Event", "time": "2026-11-19T23:59:59Z"}),
                period("2026-10-20", "2026-11-18"),
                false,
            ),
            (json!({"report": {}}), month(), true),
            (
                json!({"report": {"days": 366}}),
                period("2025-11-20", "2026-11-20"),
                true,
            ),
            (
                json!({"report": {"day": "2024-02-29", "days": 1}}),
                period("2024-02-29", "2024-02-29"),
                false,
            ),
            (
                json!({"report": {"list": "news", "domain": "Example.COM"}}),
                Selection {
                    list: Some("news".to_owned()),
                    domain: Some("example.com".to_owned()),
                    ..month()
                },
                false,
            ),
        ] {
            assert_eq!(parse(&event), Ok(ReportRequest { selection, is_latest }), "{event}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for (event, words) in [
            (json!(null), "no report"),
            (json!({}), "no report"),
            (json!({"report": {}, "fetch": "news"}), "no report"),
            (json!({"detail-type": "Object Created"}), "no report"),
            (json!({"report": "2026-11-20"}), "invalid type"),
            (json!({"report": {"day": "yesterday"}}), "but "),
            (json!({"report": {"days": 0}}), "\"0\" is no number of days"),
            (json!({"report": {"days": 367}}), "1 to 366"),
            (json!({"report": {"dya": "2026-11-20"}}), "unknown field `dya`"),
            (json!({"report": {"list": ""}}), "a name is empty"),
            (json!({"report": {"list": "\u{fc}".repeat(200)}}), "too long"),
            (
                json!({"report": {"day": "2026-11-21"}}),
                "2026-11-21 is not over in UTC: the last day that a report can be made of is 2026-11-20",
            ),
        ] {
            let error = parse(&event).unwrap_err().to_string();
            assert!(error.contains(words), "{event}: {error}");
        }
    }

    #[test]
    fn a_number_of_days_is_one() {
        for wrong in ["", "0", "367", "70000", "-1", "a month"] {
            assert_eq!(wrong.parse::<Days>(), Err(InvalidDays(wrong.to_owned())));
        }
    }
}
