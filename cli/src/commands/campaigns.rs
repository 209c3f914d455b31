//! `rebound campaigns`: how much was sent.

use anyhow::{Result, bail};
use futures::TryStreamExt;
use rebound_contacts::{Moment, Sent};
use serde::Serialize;

use crate::args::{CampaignsCommand, SentArgs};
use crate::clock;
use crate::complaints::say;
use crate::outcome::Outcome;
use crate::output::print_rows;
use crate::place::Place;
use crate::workspace::Workspace;

/// Runs one of the verbs.
pub(super) async fn execute(place: &Place, command: CampaignsCommand) -> Result<Outcome> {
    let workspace = Workspace::open(place).await?;
    match command {
        CampaignsCommand::Sent(args) => {
            let sent = read(args)?;
            workspace.contacts().note_sent(&sent).await?;
            let Sent { campaign, count, .. } = sent;
            say("note", format!("campaign {campaign}: {count} sent"));
        }
        CampaignsCommand::List { format } => {
            let mut rows: Vec<Sent> = workspace.contacts().sent().try_collect().await?;
            rows.sort_by(|one, other| (&one.campaign, &one.domain).cmp(&(&other.campaign, &other.domain)));
            if rows.is_empty() {
                say(
                    "note",
                    "nobody has said how much was sent; `rebound campaigns sent NAME COUNT` does",
                );
            }
            let rows: Vec<Row> = rows.into_iter().map(Row::from).collect();
            print_rows(&rows, format, ["CAMPAIGN", "LIST", "DOMAIN", "SENT", "WHEN"], |row| {
                let [list, domain] = [&row.list, &row.domain].map(|name| name.as_deref().unwrap_or_default());
                [&row.campaign, list, domain, &row.counted, &row.day]
            })?;
        }
    }
    workspace.close().await?;
    Ok(Outcome::Done)
}

#[derive(Serialize)]
struct Row {
    campaign: String,
    list: Option<String>,
    domain: Option<String>,
    count: u64,
    at: Moment,
    #[serde(skip)]
    counted: String,
    #[serde(skip)]
    day: String,
}

impl From<Sent> for Row {
    fn from(sent: Sent) -> Self {
        Self {
            counted: sent.count.to_string(),
            day: sent.at.day(),
            campaign: sent.campaign,
            list: sent.list,
            domain: sent.domain,
            count: sent.count,
            at: sent.at,
        }
    }
}

fn read(args: SentArgs) -> Result<Sent> {
    let SentArgs {
        name,
        count,
        list,
        domain,
        at,
    } = args;
    if name.trim().is_empty() {
        bail!("a campaign has a name");
    }
    Ok(Sent {
        campaign: name,
        list,
        domain: domain.map(|domain| domain.to_ascii_lowercase()),
        count,
        at: at.unwrap_or_else(|| clock::now().into()),
    })
}
