//! A report and everything that is written with it.

use bytes::Bytes;
use futures::TryStreamExt as _;
use jiff::civil::Date;
use rebound_contacts::repository::Repository;
use rebound_contacts::{ContactBrief, Event};
use rebound_report::{ContactTally, Period, Report, RollUp, Selection, Tally, page, sheets};

use crate::handler::ReportError;
use crate::place::folder;
use crate::read::read_all;
use crate::suppressions::Suppressions;
use crate::upload::Content;

/// So many days, up to the last of a report, are rolled up with it: mail that was fetched late belongs to the day when it was
/// written, and a roll-up made before did not know of it.
const ROLLED_UP: usize = 7;

/// What the roll-up of a day is called in the day's folder.
const ROLL_UP: &str = "rollup.json";

/// A report and the days at its end.
pub(crate) struct Edition {
    pub(crate) report: Report,
    /// The same about single days.
    days: Vec<Report>,
}

/// An object to be.
pub(crate) struct Object {
    pub(crate) key: String,
    pub(crate) content: Content,
    pub(crate) bytes: Bytes,
}

impl Edition {
    /// Reads everything once, in memory that does not grow with it. `today` is the latest day that may have events. Contacts
    /// are put on the list of the suppressed, too, where there is to be one.
    pub(crate) async fn read(
        contacts: &Repository,
        selection: &Selection,
        today: Date,
        mut suppressions: Option<&mut Suppressions>,
    ) -> Result<Self, ReportError> {
        let sent: Vec<_> = contacts.sent().try_collect().await?;
        let mut tally = Tally::new(selection.clone(), sent);
        let mut in_short = ContactTally::of(selection);
        let mut days: Vec<_> = last_days(selection)
            .into_iter()
            .map(|day| (Tally::new(day.clone(), []), ContactTally::of(&day)))
            .collect();
        let count_events = |events: &[Event]| {
            for event in events {
                tally.add(event);
                for (day, _) in &mut days {
                    day.add(event);
                }
            }
        };
        let count_contacts = async |briefs: &[ContactBrief]| {
            for brief in briefs {
                in_short.add(brief);
                if let Some(list) = suppressions.as_deref_mut() {
                    list.add(brief).await?;
                }
            }
            Ok::<_, ReportError>(())
        };
        read_all(contacts, (today, selection.period.since), count_events, count_contacts).await?;
        Ok(Self {
            report: Report::new(tally, in_short),
            days: days.into_iter().map(|(day, nobody)| Report::new(day, nobody)).collect(),
        })
    }

    /// The page and the numbers for each of these places; the roll-up of each day for its own, and the last one's for all.
    pub(crate) fn objects(&self, places: &[String]) -> Vec<Object> {
        let report = &self.report;
        let mut files = vec![("report.html".to_owned(), Content::Html, page(report, None).into())];
        for sheet in sheets(report) {
            files.push((format!("numbers/{}.csv", sheet.name), Content::Csv, sheet.csv().into()));
        }
        let mut objects = Vec::new();
        for day in &self.days {
            let bytes = roll_up(day, report);
            let own = folder(&day.selection, day.selection.period.until);
            if day.selection.period.until == report.selection.period.until {
                files.push((ROLL_UP.to_owned(), Content::Json, bytes));
            } else {
                objects.push(Object {
                    key: format!("{own}{ROLL_UP}"),
                    content: Content::Json,
                    bytes,
                });
            }
        }
        for place in places {
            let file = |(name, content, bytes): &(String, Content, Bytes)| Object {
                key: format!("{place}{name}"),
                content: *content,
                bytes: bytes.clone(),
            };
            objects.extend(files.iter().map(file));
        }
        objects
    }
}

/// On one line, so that roll-ups one behind the other are JSON Lines.
fn roll_up(day: &Report, period: &Report) -> Bytes {
    // Nothing in it can fail to be JSON.
    let mut json = serde_json::to_vec(&RollUp::of(day, period)).unwrap_or_default();
    json.push(b'\n');
    json.into()
}

/// The selection for each of the last days by itself.
fn last_days(selection: &Selection) -> Vec<Selection> {
    let days: Vec<_> = selection.period.days().collect();
    let last = days.iter().rev().take(ROLLED_UP).rev();
    let only = |day: &Date| Selection {
        period: Period {
            since: *day,
            until: *day,
        },
        ..selection.clone()
    };
    last.map(only).collect()
}
