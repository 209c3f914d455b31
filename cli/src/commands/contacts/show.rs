//! One contact: its state, and every event behind it.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use futures::TryStreamExt;
use rebound_contacts::{Contact, Event};
use serde::Serialize;

use super::parse;
use crate::args::ReportFormat;
use crate::commands::Outcome;
use crate::complaints::say;
use crate::output::{JsonStream, printable};
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
    let threshold = workspace.contacts().policy().soft_limit.threshold();
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

#[derive(Serialize)]
struct Shown<'a> {
    contact: &'a Contact,
    events: &'a [Event],
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
