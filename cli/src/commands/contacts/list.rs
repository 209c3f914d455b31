//! All contacts, one on a line.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use futures::{StreamExt, TryStreamExt};
use rebound_contacts::Contact;
use rebound_contacts::repository::ContactFilter;
use serde::Serialize;

use crate::args::RowFormat;
use crate::outcome::Outcome;
use crate::output::{Align, JsonStream, Table, harmless_cell, width};
use crate::place::Place;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// Prints contacts, sorted by address.
pub(super) async fn list(place: &Place, suppressed: bool, format: RowFormat) -> Result<Outcome> {
    let filter = if suppressed {
        ContactFilter::Suppressed {
            cause: None,
            since: None,
        }
    } else {
        ContactFilter::All
    };
    let workspace = Workspace::open(place).await?;
    let progress = Progress::of("contacts", None);
    let mut rows: Vec<Row> = workspace
        .contacts()
        .contacts(filter)
        .inspect(|_| progress.advance(1))
        .map(|contact| contact.map(Row::from))
        .try_collect()
        .await?;
    drop(progress);
    workspace.close().await?;
    rows.sort_by(|one, other| one.address.cmp(&other.address));

    let out = BufWriter::new(io::stdout().lock());
    match format {
        RowFormat::Table => print_rows(&rows, out)?,
        RowFormat::Json => print_json(&rows, JsonStream::array(out))?,
        RowFormat::Jsonl => print_json(&rows, JsonStream::lines(out))?,
        RowFormat::Csv => {
            let mut out = csv::Writer::from_writer(out);
            rows.iter().try_for_each(|row| out.serialize(row.harmless()))?;
            out.flush()?;
        }
    }
    Ok(Outcome::Done)
}

/// One contact on a line: what tools that stop mailing people need, and what people ask next.
#[derive(Clone, Serialize)]
struct Row {
    /// What contacts are compared by.
    address: String,
    /// As it was written when it was first seen.
    spelling: String,
    status: &'static str,
    suppressed_cause: Option<String>,
    suppressed_at: Option<String>,
    unsubscribed_lists: String,
    hard_bounces: u64,
    soft_bounces: u64,
    soft_streak: u32,
    unknown_bounces: u64,
    blocks: u64,
    complaints: u64,
    auto_replies: u64,
    delivered: u64,
    events: u64,
    last_event_at: Option<String>,
    last_category: Option<&'static str>,
    last_reason: Option<&'static str>,
    last_status: Option<String>,
    new_address: Option<String>,
    last_diagnostic: Option<String>,
}

impl Row {
    /// The same, with nothing in it that a spreadsheet would run.
    fn harmless(&self) -> Self {
        let harmless = |text: &str| harmless_cell(text).into_owned();
        Self {
            address: harmless(&self.address),
            spelling: harmless(&self.spelling),
            unsubscribed_lists: harmless(&self.unsubscribed_lists),
            new_address: self.new_address.as_deref().map(harmless),
            last_diagnostic: self.last_diagnostic.as_deref().map(harmless),
            ..self.clone()
        }
    }
}

impl From<Contact> for Row {
    fn from(contact: Contact) -> Self {
        let last = contact.last_verdict.as_ref();
        Self {
            address: contact.address.as_str().to_owned(),
            spelling: contact.address.spelling().to_owned(),
            status: contact.status().as_str(),
            suppressed_cause: contact.suppression.map(|suppression| suppression.cause.to_string()),
            suppressed_at: contact.suppression.map(|suppression| suppression.at.to_string()),
            unsubscribed_lists: contact.unsubscribed_lists.join(" "),
            hard_bounces: contact.counters.hard_bounces,
            soft_bounces: contact.counters.soft_bounces,
            soft_streak: contact.soft_streak,
            unknown_bounces: contact.counters.unknown_bounces,
            blocks: contact.counters.blocks,
            complaints: contact.counters.complaints,
            auto_replies: contact.counters.auto_replies,
            delivered: contact.counters.delivered,
            events: contact.events,
            last_event_at: contact.last_event_at.map(|at| at.to_string()),
            last_category: last.map(|last| last.category.as_str()),
            last_reason: last.map(|last| last.reason.as_str()),
            last_status: last.and_then(|last| last.status).map(|status| status.to_string()),
            new_address: contact.new_address.as_ref().map(ToString::to_string),
            last_diagnostic: last.and_then(|last| last.diagnostic.clone()),
        }
    }
}

fn print_json<W: Write>(rows: &[Row], mut out: JsonStream<W>) -> io::Result<()> {
    rows.iter().try_for_each(|row| out.write(row))?;
    out.finish()
}

fn print_rows(rows: &[Row], mut out: impl Write) -> io::Result<()> {
    let mut table = Table::new([
        ("ADDRESS", Align::Left),
        ("STATUS", Align::Left),
        ("CAUSE", Align::Left),
        ("SINCE", Align::Left),
        ("HARD", Align::Right),
        ("SOFT", Align::Right),
        ("LAST REASON", Align::Left),
        ("LAST WORDS", Align::Left),
    ])
    .without_if_need_be(&[1, 7]);
    for row in rows {
        table.row([
            row.spelling.as_str(),
            row.status,
            row.suppressed_cause.as_deref().unwrap_or_default(),
            row.suppressed_at
                .as_deref()
                .and_then(|at| at.get(..10))
                .unwrap_or_default(),
            &row.hard_bounces.to_string(),
            &row.soft_bounces.to_string(),
            row.last_reason.unwrap_or_default(),
            row.last_diagnostic.as_deref().unwrap_or_default(),
        ]);
    }
    out.write_all(table.render(width()).as_bytes())?;
    out.flush()
}
