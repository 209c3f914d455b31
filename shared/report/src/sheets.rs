//! The numbers behind every chart, as tables for spreadsheets.

use crate::outcomes::Group;
use crate::rates::{Measure, Rate};
use crate::report::{NamedRow, Report};
use crate::spreadsheet::{csv_writer, harmless_cell};

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// What its file is called, without an ending.
    pub name: &'static str,
    /// A name for each column.
    pub header: Vec<String>,
    /// Cells as they are meant; [`csv`](Self::csv) makes them harmless.
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    fn new<const COLUMNS: usize>(
        name: &'static str,
        header: [&str; COLUMNS],
        rows: impl Iterator<Item = [String; COLUMNS]>,
    ) -> Self {
        Self {
            name,
            header: header.map(str::to_owned).into(),
            rows: rows.map(Vec::from).collect(),
        }
    }

    /// As CSV (RFC 4180) with a header line. No cell is a formula, whatever strangers wrote.
    pub fn csv(&self) -> String {
        let mut out = csv_writer();
        for row in std::iter::once(&self.header).chain(&self.rows) {
            // Into memory, and every row is as long as the first: nothing can fail.
            let _ = out.write_record(row.iter().map(|cell| harmless_cell(cell).into_owned()));
        }
        String::from_utf8(out.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

/// All tables of a report.
pub fn sheets(report: &Report) -> Vec<Sheet> {
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    vec![
        days(report),
        Sheet::new(
            "reasons",
            ["reason", "failures"],
            report
                .reasons
                .iter()
                .map(|row| [row.reason.to_string(), row.count.to_string()]),
        ),
        heat(report),
        named("campaigns", "campaign", &report.campaigns),
        named("lists", "list", &report.lists),
        named("domains", "domain", &report.domains),
        named("providers", "provider", &report.providers),
        named("accounts", "account", &report.accounts),
        alarms(report),
        contacts(report),
        Sheet::new(
            "suppressed",
            ["address", "suppressed_at", "cause", "reason", "diagnostic"],
            report.suppressed.iter().map(|row| {
                [
                    row.address.clone(),
                    row.at.to_string(),
                    row.cause.to_string(),
                    row.reason.map(|reason| reason.to_string()).unwrap_or_default(),
                    text(row.diagnostic.as_ref()),
                ]
            }),
        ),
        Sheet::new(
            "our-side",
            ["reason", "refusals", "what", "todo", "providers", "blocklists", "words"],
            report.our_faults.iter().map(|fault| {
                let providers = fault.providers.iter().map(|(name, count)| format!("{name} ({count})"));
                let lists = fault.blocklists.iter().map(|list| list.name);
                [
                    fault.reason.to_string(),
                    fault.count.to_string(),
                    fault.advice.what.to_owned(),
                    fault.advice.todo.to_owned(),
                    providers.collect::<Vec<_>>().join(", "),
                    lists.collect::<Vec<_>>().join(", "),
                    fault.words.join("\n"),
                ]
            }),
        ),
        Sheet::new(
            "misspelt",
            ["domain", "probably", "contacts"],
            report
                .misspelt
                .iter()
                .map(|row| [row.domain.clone(), row.meant.to_owned(), row.contacts.to_string()]),
        ),
        Sheet::new(
            "moved",
            ["address", "new_address", "at"],
            report
                .moved
                .iter()
                .map(|row| [row.address.clone(), row.new_address.clone(), row.at.to_string()]),
        ),
        Sheet::new(
            "unrecognised",
            ["at", "account", "object_key"],
            report.unrecognised.iter().map(|row| {
                [
                    row.at.to_string(),
                    text(row.account.as_ref()),
                    text(row.object_key.as_ref()),
                ]
            }),
        ),
    ]
}

fn days(report: &Report) -> Sheet {
    let mut header = vec!["day".to_owned()];
    header.extend(Group::ALL.map(|group| group.name().replace(' ', "_")));
    header.extend(["suppressed".to_owned(), "suppressed_in_all".to_owned()]);
    let rows = report.days.iter().map(|row| {
        let mut cells = vec![row.day.to_string()];
        cells.extend(Group::ALL.map(|group| row.outcomes.of_group(group).to_string()));
        cells.extend([row.suppressed.to_string(), row.suppressed_in_all.to_string()]);
        cells
    });
    Sheet {
        name: "days",
        header,
        rows: rows.collect(),
    }
}

/// One row a cell of the map that is not empty.
fn heat(report: &Report) -> Sheet {
    let cells = report.heat.iter().flat_map(|row| {
        let reasons = row.reasons.iter();
        reasons.map(|(reason, count)| [row.provider.clone(), reason.to_string(), count.to_string()])
    });
    Sheet::new("providers-and-reasons", ["provider", "reason", "failures"], cells)
}

fn named(name: &'static str, what: &str, rows: &[NamedRow]) -> Sheet {
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let share = |rate: Option<Rate>| {
        let millionths = rate.map(Rate::millionths);
        millionths
            .map(|share| format!("{}.{:06}", share / 1_000_000, share % 1_000_000))
            .unwrap_or_default()
    };
    Sheet::new(
        name,
        [
            what,
            "sent",
            "failed",
            "bounce_rate",
            "complaints",
            "complaint_rate",
            "hard",
            "soft",
            "unknown",
            "blocked",
            "main_reason",
        ],
        rows.iter().map(|row| {
            [
                // An empty name stands for all others.
                row.name.clone().unwrap_or_default(),
                number(row.sent),
                row.outcomes.failed().to_string(),
                share(row.bounces),
                row.of(Group::Complaints).to_string(),
                share(row.complaints),
                row.of(Group::Hard).to_string(),
                row.of(Group::Soft).to_string(),
                row.of(Group::Unknown).to_string(),
                row.of(Group::Blocked).to_string(),
                row.outcomes
                    .main_reason()
                    .map(|reason| reason.to_string())
                    .unwrap_or_default(),
            ]
        }),
    )
}

fn alarms(report: &Report) -> Sheet {
    let rows = report.alarms.iter().map(|alarm| {
        let (kind, name) = alarm.subject.parts();
        let measure = match alarm.measure {
            Measure::Bounces => "bounces",
            Measure::Complaints => "complaints",
        };
        [
            alarm.rate.level.to_string(),
            kind.to_owned(),
            name.unwrap_or_default().to_owned(),
            measure.to_owned(),
            alarm.rate.count.to_string(),
            alarm.rate.sent.to_string(),
            alarm.likely_cause.to_owned(),
        ]
    });
    Sheet::new(
        "alarms",
        ["level", "kind", "name", "measure", "count", "sent", "likely_cause"],
        rows,
    )
}

fn contacts(report: &Report) -> Sheet {
    let numbers = &report.contacts;
    let fixed = [
        ("known", numbers.known),
        ("active", numbers.active),
        ("suppressed", numbers.suppressed),
        ("held", numbers.held),
        ("newly suppressed", numbers.newly_suppressed),
    ];
    let fixed = fixed.into_iter().map(|(what, count)| (what.to_owned(), count));
    let causes = numbers
        .causes
        .iter()
        .map(|(cause, count)| (format!("suppressed: {cause}"), *count));
    let streaks = numbers
        .streaks
        .iter()
        .map(|(streak, count)| (format!("failures in a row: {streak}"), *count));
    let rows = fixed
        .chain(causes)
        .chain(streaks)
        .map(|(what, count)| [what, count.to_string()]);
    Sheet::new("contacts", ["what", "contacts"], rows)
}
