//! `rebound contacts`: what is known about contacts, and why.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt};
use rebound_classify::Address;
use rebound_contacts::repository::ContactFilter;
use rebound_contacts::{Contact, ContactAddress, Event};
use serde::Serialize;

use super::Outcome;
use crate::args::{ReportFormat, RowFormat};
use crate::complaints::say;
use crate::output::{Align, JsonStream, Table, printable, width};
use crate::workspace::Workspace;

/// Prints one contact and the events behind it.
pub(super) async fn show(data: &Path, address: &str, format: ReportFormat) -> Result<Outcome> {
    let address = parse(address)?;
    let workspace = Workspace::open(data).await?;
    let Some(contact) = workspace.contacts().contact(&address).await? else {
        workspace.close().await?;
        say(
            "note",
            format!("nothing was ever recorded about {address}; it may be mailed"),
        );
        return Ok(Outcome::Incomplete);
    };
    let events: Vec<Event> = workspace.contacts().events_of(&address).try_collect().await?;
    let threshold = workspace.contacts().policy().threshold();
    workspace.close().await?;

    let out = BufWriter::new(io::stdout().lock());
    let document = Shown {
        contact: &contact,
        events: &events,
    };
    match format {
        ReportFormat::Table => print_story(&contact, &events, threshold, out)?,
        ReportFormat::Json => {
            let mut out = out;
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
        ReportFormat::Jsonl => {
            let mut out = JsonStream::lines(out);
            out.write(&document)?;
            out.finish()?;
        }
    }
    Ok(Outcome::Done)
}

/// Prints contacts, sorted by address.
pub(super) async fn list(data: &Path, suppressed: bool, format: RowFormat) -> Result<Outcome> {
    let filter = if suppressed {
        ContactFilter::Suppressed {
            cause: None,
            since: None,
        }
    } else {
        ContactFilter::All
    };
    let workspace = Workspace::open(data).await?;
    let mut rows: Vec<Row> = workspace
        .contacts()
        .contacts(filter)
        .map(|contact| contact.map(Row::from))
        .try_collect()
        .await?;
    workspace.close().await?;
    rows.sort_by(|one, other| one.address.cmp(&other.address));

    let out = BufWriter::new(io::stdout().lock());
    match format {
        RowFormat::Table => print_rows(&rows, out)?,
        RowFormat::Json => print_json(&rows, JsonStream::array(out))?,
        RowFormat::Jsonl => print_json(&rows, JsonStream::lines(out))?,
        RowFormat::Csv => {
            let mut out = csv::Writer::from_writer(out);
            rows.iter().try_for_each(|row| out.serialize(row))?;
            out.flush()?;
        }
    }
    Ok(Outcome::Done)
}

fn parse(address: &str) -> Result<ContactAddress> {
    let read = Address::parse(address).with_context(|| format!("{address:?} is no address"))?;
    ContactAddress::try_from(&read).with_context(|| format!("{address:?} is no address"))
}

#[derive(Serialize)]
struct Shown<'a> {
    contact: &'a Contact,
    events: &'a [Event],
}

/// One contact on a line: what tools that stop mailing people need, and what people ask next.
#[derive(Serialize)]
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
    ]);
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

fn print_story(contact: &Contact, events: &[Event], threshold: u32, mut out: impl Write) -> io::Result<()> {
    out.write_all(state_of(contact, threshold).as_bytes())?;
    for event in events {
        out.write_all(story_of(event).as_bytes())?;
    }
    out.flush()
}

fn state_of(contact: &Contact, threshold: u32) -> String {
    let counters = &contact.counters;
    let mut lines = vec![(
        "status",
        match &contact.suppression {
            Some(suppression) => format!("suppressed since {} by {}", suppression.at, suppression.cause),
            None => "active".to_owned(),
        },
    )];
    if !contact.unsubscribed_lists.is_empty() {
        lines.push(("off the lists", contact.unsubscribed_lists.join(", ")));
    }
    if let Some(new_address) = &contact.new_address {
        lines.push(("has moved to", new_address.to_string()));
    }
    lines.push((
        "bounces",
        format!(
            "{} hard, {} soft, {} unknown; {} of {threshold} that suppress",
            counters.hard_bounces, counters.soft_bounces, counters.unknown_bounces, contact.soft_streak
        ),
    ));
    lines.push((
        "other mail",
        format!(
            "{} sender blocked, {} complaints, {} auto-replies, {} delivered",
            counters.blocks, counters.complaints, counters.auto_replies, counters.delivered
        ),
    ));
    lines.push(("events", contact.events.to_string()));
    let mut text = format!("{}\n", printable(contact.address.spelling()));
    for (name, value) in lines {
        let _ = writeln!(text, "  {name:<14}{}", printable(&value));
    }
    text
}

fn story_of(event: &Event) -> String {
    let codes = [
        event.status.map(|status| status.to_string()),
        event.reply.map(|reply| reply.to_string()),
    ];
    let mut headline = format!("{}  {}", event.at, event.kind);
    if event.reason != rebound_classify::Reason::Undefined {
        let _ = write!(headline, ", {}", event.reason);
    }
    for code in codes.into_iter().flatten() {
        let _ = write!(headline, ", {code}");
    }
    let mut text = format!("\n{headline}\n");
    let quoted = |words: &String| format!("“{words}”");
    for (name, value) in [
        ("said", event.diagnostic.as_ref().map(quoted)),
        ("rule", event.rule.clone()),
        ("matched", event.evidence.as_ref().map(quoted)),
        ("delivered to", event.final_recipient.as_ref().map(ToString::to_string)),
        ("new address", event.new_address.as_ref().map(ToString::to_string)),
        ("subject", event.original_subject.as_ref().map(quoted)),
        ("list", event.list.clone()),
        ("campaign", event.campaign.clone()),
        ("message", event.object_key.clone()),
        ("by", event.actor.clone()),
        ("why", event.note.clone()),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "  {name:<14}{}", printable(&value));
        }
    }
    text
}
