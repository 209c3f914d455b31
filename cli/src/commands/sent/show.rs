//! Who a message went to, as far as that was noted.

use std::io::{self, Write};

use anyhow::{Context, Result};
use rebound_contacts::{LedgerEntry, MessageId, Moment, SentMessage};
use serde::Serialize;

use crate::args::SummaryFormat;
use crate::clock;
use crate::complaints::{Hinted, say};
use crate::outcome::Outcome;
use crate::output::{Align, Table, width};
use crate::place::Place;
use crate::workspace::Workspace;

/// Prints what is known of one message.
pub(super) async fn show(place: &Place, message_id: &str, format: SummaryFormat) -> Result<Outcome> {
    let hint = "it stands in the header field Message-ID of what was sent, between < and >";
    let message_id: MessageId = message_id
        .parse()
        .with_context(|| Hinted::new("that can't be looked for", hint))?;
    let workspace = Workspace::open(place).await?;
    let sent = workspace
        .contacts()
        .sent_message(&message_id, clock::now().into())
        .await;
    workspace.close().await?;
    let sent = sent?;
    if format == SummaryFormat::Json {
        print_json(&Document::new(&message_id, &sent))?;
    }
    match sent {
        SentMessage::Unknown => {
            say(
                "note",
                format!("it was not noted who {message_id} went to, or it is forgotten"),
            );
            return Ok(Outcome::Incomplete);
        }
        SentMessage::Shared => say(
            "note",
            format!("{message_id} went to several recipients: what carries it may come from any of them"),
        ),
        SentMessage::To(entry) if format == SummaryFormat::Table => print(&entry)?,
        SentMessage::To(_) => {}
    }
    Ok(Outcome::Done)
}

/// What is known of a message, for programs. The keys are stable.
#[derive(Serialize)]
struct Document<'a> {
    message_id: &'a str,
    /// `unknown`, `to` or `shared`.
    sent: &'static str,
    address: Option<&'a str>,
    list: Option<&'a str>,
    campaign: Option<&'a str>,
    sent_at: Option<Moment>,
    expires_at: Option<Moment>,
}

impl<'a> Document<'a> {
    fn new(message_id: &'a MessageId, sent: &'a SentMessage) -> Self {
        let (sent, entry) = match sent {
            SentMessage::Unknown => ("unknown", None),
            SentMessage::To(entry) => ("to", Some(entry)),
            SentMessage::Shared => ("shared", None),
        };
        Self {
            message_id: message_id.as_str(),
            sent,
            address: entry.map(|entry| entry.address.as_str()),
            list: entry.and_then(|entry| entry.list.as_deref()),
            campaign: entry.and_then(|entry| entry.campaign.as_deref()),
            sent_at: entry.map(|entry| entry.sent_at),
            expires_at: entry.and_then(|entry| entry.expires_at),
        }
    }
}

fn print(entry: &LedgerEntry) -> Result<()> {
    let mut table = Table::new([("", Align::Left), ("", Align::Left)]);
    let until = entry.expires_at.map(|at| at.to_string());
    for (what, value) in [
        ("to", Some(entry.address.as_str())),
        ("list", entry.list.as_deref()),
        ("campaign", entry.campaign.as_deref()),
        ("sent", Some(entry.sent_at.to_string().as_str())),
        ("forgotten", until.as_deref()),
    ] {
        if let Some(value) = value {
            table.row([what, value]);
        }
    }
    let mut out = io::stdout().lock();
    out.write_all(table.render(width()).as_bytes())?;
    Ok(out.flush()?)
}

fn print_json(document: &Document<'_>) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, document)?;
    writeln!(out)?;
    Ok(out.flush()?)
}
