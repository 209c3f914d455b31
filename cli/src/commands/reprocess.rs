//! `rebound reprocess`: judges archived messages again, and shows what they say otherwise.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result};
use futures::stream;
use futures::{StreamExt, TryStreamExt};
use rebound_archive::ObjectKey;
use rebound_classifier::Rejudged;
use rebound_contacts::repository::{ArchivedSince, Edit, EventChange};
use rebound_contacts::{Contact, ContactAddress, Event};
use serde::Serialize;

use super::difference::{Difference, Tally, short};
use crate::args::{ReportFormat, ReprocessArgs};
use crate::clock;
use crate::complaints::{Complaints, say};
use crate::outcome::Outcome;
use crate::output::{JsonStream, Told, printable};
use crate::place::Place;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// Messages judged, and contacts folded, at a time.
const AT_ONCE: usize = 8;

/// What is to become of a contact: the edits of its history, or, where those are written already, what it was.
#[derive(Default)]
struct Concerned {
    edits: Vec<Edit>,
    before: Option<Contact>,
    is_written: bool,
}

/// Shows what differs, and writes it with `--apply`.
pub(super) async fn reprocess(place: &Place, args: ReprocessArgs) -> Result<Outcome> {
    let since = args.since;
    let account = args
        .account
        .as_deref()
        .map(str::parse)
        .transpose()
        .context("--account")?;
    let workspace = Workspace::open_with(place, args.rules.own_classifier()?).await?;
    let (contacts, function, now) = (workspace.contacts(), workspace.classifier(), clock::now());

    let keys = if since.is_some() || args.category.is_some() {
        let which = ArchivedSince {
            since,
            category: args.category.as_deref(),
            account: args.account.as_deref(),
        };
        let keys = contacts.object_keys(&which).map_err(anyhow::Error::from);
        let keys = keys.try_filter_map(async |key| Ok(key.parse::<ObjectKey>().ok()));
        keys.left_stream()
    } else {
        workspace
            .archive()
            .keys(account.as_ref())
            .map_err(anyhow::Error::from)
            .right_stream()
    };

    let (mut complaints, mut out) = (Complaints::default(), Out::new(args.format));
    let mut concerned: BTreeMap<ContactAddress, Concerned> = BTreeMap::new();
    let (mut judged, mut differing) = (0_u64, 0_u64);
    let progress = Progress::start(None);
    {
        let judgements = keys.map(|key| async move {
            let key = key?;
            let judgement = if args.apply {
                let reprocessed = function.reprocess(&key, now).await;
                reprocessed.map(|done| done.map(|(rejudged, replaced)| (rejudged, Some(replaced))))
            } else {
                function
                    .rejudge(&key, now)
                    .await
                    .map(|seen| seen.map(|rejudged| (rejudged, None)))
            };
            judgement.with_context(|| key.to_string())
        });
        let mut judgements = std::pin::pin!(judgements.buffered(AT_ONCE));
        while let Some(judgement) = judgements.next().await {
            progress.advance(1);
            let (rejudged, replaced) = match judgement {
                Ok(Some(judgement)) => judgement,
                Ok(None) => continue,
                Err(error) => {
                    progress.suspend(|| complaints.failure(format!("{error:#}")));
                    continue;
                }
            };
            judged += 1;
            differing += u64::from(!rejudged.changes.is_empty());
            let mut written = Ok(());
            progress.suspend(|| written = out.verdicts(&rejudged));
            written?;
            for change in &rejudged.changes {
                if let (Some(address), Some(edit)) = (change.address(), change.edit()) {
                    let concerned = concerned.entry(address.clone()).or_default();
                    concerned.is_written = args.apply && !rejudged.is_new;
                    if !args.apply {
                        concerned.edits.push(edit);
                    }
                }
            }
            let replaced = replaced.unwrap_or_default();
            for (address, missing) in &replaced.kept {
                let kept = format!("{address}: {missing}; what is recorded about it stays");
                progress.suspend(|| say("warning", kept));
            }
            for (address, recomputed) in replaced.contacts {
                let concerned = concerned.entry(address).or_default();
                if concerned.before.is_none() {
                    concerned.before = recomputed.before;
                }
            }
        }
    }
    drop(progress);

    let policy = contacts.policy();
    let mut tally = Tally::default();
    let progress = Progress::of("contacts", Some(concerned.len() as u64));
    {
        let folded = stream::iter(concerned).map(|(address, concerned)| async move {
            let mut recomputed = contacts.recompute(&address, policy, &concerned.edits).await?;
            if concerned.is_written {
                recomputed.before = concerned.before;
            }
            Ok::<_, anyhow::Error>(recomputed)
        });
        let mut folded = std::pin::pin!(folded.buffered(AT_ONCE));
        while let Some(recomputed) = folded.try_next().await? {
            progress.advance(1);
            let difference = Difference::of(&recomputed, policy);
            tally.add(difference.as_ref());
            if let Some(difference) = difference {
                let mut written = Ok(());
                progress.suspend(|| written = out.contact(&difference));
                written?;
            }
        }
    }
    drop(progress);
    out.finish()?;
    workspace.close().await?;
    say(
        "note",
        format!(
            "{judged} messages judged again, {differing} say something else; of {}",
            tally.told()
        ),
    );
    if !args.apply && differing > 0 {
        say("hint", "nothing was changed; --apply writes it");
    }
    Ok(complaints.outcome())
}

/// What a message says about one recipient, before and after.
#[derive(Serialize)]
struct Verdicts<'a> {
    kind: &'static str,
    message: String,
    object_key: String,
    recipient: &'a str,
    /// Null when nothing was recorded.
    before: Option<&'a Event>,
    /// Null when it says nothing about this recipient any more.
    after: Option<&'a Event>,
}

#[derive(Serialize)]
struct OfContact<'a> {
    kind: &'static str,
    #[serde(flatten)]
    difference: &'a Difference,
}

/// Differences on their way out: first what messages say, then what that makes of contacts.
enum Out {
    Told {
        out: BufWriter<io::Stdout>,
        is_first_contact: bool,
    },
    Json(JsonStream<BufWriter<io::Stdout>>),
}

impl Out {
    fn new(format: ReportFormat) -> Self {
        let out = BufWriter::new(io::stdout());
        match format {
            ReportFormat::Table => Self::Told {
                out,
                is_first_contact: true,
            },
            ReportFormat::Json => Self::Json(JsonStream::array(out)),
            ReportFormat::Jsonl => Self::Json(JsonStream::lines(out)),
        }
    }

    fn verdicts(&mut self, rejudged: &Rejudged) -> io::Result<()> {
        for change in &rejudged.changes {
            match self {
                Self::Told { out, .. } => out.write_all(told(rejudged, change).as_bytes())?,
                Self::Json(out) => out.write(&Verdicts {
                    kind: "verdict",
                    message: rejudged.record.message().to_string(),
                    object_key: rejudged.key.to_string(),
                    recipient: change.recipient(),
                    before: change.before.as_ref(),
                    after: change.after.as_ref(),
                })?,
            }
        }
        Ok(())
    }

    fn contact(&mut self, difference: &Difference) -> io::Result<()> {
        match self {
            Self::Told { out, is_first_contact } => {
                if std::mem::take(is_first_contact) {
                    out.write_all(b"\n")?;
                }
                out.write_all(difference.told().as_bytes())
            }
            Self::Json(out) => out.write(&OfContact {
                kind: "contact",
                difference,
            }),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Told { mut out, .. } => out.flush(),
            Self::Json(out) => out.finish(),
        }
    }
}

fn told(rejudged: &Rejudged, change: &EventChange) -> String {
    let verdict = |event: &Option<Event>, none: &str| {
        event.as_ref().map_or_else(
            || none.to_owned(),
            |event| {
                format!(
                    "{} {} ({})",
                    event.kind,
                    event.reason,
                    event.rule.as_deref().unwrap_or("no rule")
                )
            },
        )
    };
    let before = if rejudged.is_new { "not judged yet" } else { "nothing" };
    let line = format!(
        "{}  {}  {} → {}",
        short(rejudged.record.message()),
        change.recipient(),
        verdict(&change.before, before),
        verdict(&change.after, "nothing")
    );
    printable(&line).into_owned() + "\n"
}
