//! `rebound run`: the whole pipeline on this machine.

mod mailboxes;
mod summary;

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use rebound_accounts::Account;
use rebound_classifier::event::Invocation;
use rebound_classifier::{Function, Judged};
use rebound_fetcher::{FetchOptions, Step, fetch_source};
use rebound_local::{NotificationQueue, QueueMessage};
use rebound_mailbox::sources::Sources;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Outcome;
use crate::args::{RunArgs, SummaryFormat};
use crate::clock;
use crate::complaints::Complaints;
use crate::output::width;
use crate::progress::Progress;
use crate::workspace::Workspace;
use summary::Summary;

/// Notifications judged in one go. Large enough that their contacts and events share transactions, small enough that
/// they and their messages stay within a few megabytes.
const BATCH: usize = 200;

/// How long a received notification stays hidden. Nobody else takes from this queue, so this only has to outlast the
/// slowest batch.
const VISIBILITY: Duration = Duration::from_mins(15);

/// The name under which files are archived where nobody says another.
const FILES_ACCOUNT: &str = "local";

/// Archives every message of the paths or mailboxes, judges what is new, and says what came of it.
pub(super) async fn run(data: &Path, args: RunArgs) -> Result<Outcome> {
    let account = account(&args)?;
    let now = clock::now();
    let classifier = args.rules.classifier()?;
    let workspace = Workspace::open_with(data, classifier).await?;
    let (mut complaints, mut summary) = (Complaints::default(), Summary::default());

    // What failed too often in an earlier run gets another chance: this may be a newer rebound.
    workspace.notifications().redrive().await?;
    let (done, fetching) = watch::channel(false);
    let sources = (!args.paths.is_empty()).then(|| Sources::open(&args.paths));
    let progress = Progress::start(sources.as_ref().and_then(Sources::count_hint));
    let fetch = async {
        let fetched = match sources {
            Some(sources) => {
                let options = FetchOptions::at(now);
                let fetched = fetch_source(sources, workspace.archive(), &account, &options, |step| match step {
                    // A new message has come all the way once it is judged.
                    Step::Archived { new, .. } => progress.advance(u64::from(!new)),
                    Step::Skipped(error) => progress.suspend(|| complaints.source(error)),
                    Step::Failed(failure) => progress.suspend(|| complaints.failure(failure)),
                });
                Ok((fetched.await, Vec::new()))
            }
            None => Box::pin(mailboxes::fetch(&workspace, &args, &progress, &mut complaints))
                .await
                .map(|fetched| (mailboxes::totals(&fetched), fetched)),
        };
        // Nobody listening means that judging has failed, and the error is on its way.
        let _ = done.send(true);
        fetched
    };
    let judge = judge_all(
        workspace.classifier(),
        workspace.notifications(),
        fetching,
        now,
        |judged| {
            progress.advance(1);
            summary.add(judged);
        },
    );
    let (fetched, judged) = tokio::join!(fetch, judge);
    drop(progress);
    judged.context("judging the archived messages")?;

    let failed = workspace.notifications().depth().await?.dead;
    if failed > 0 {
        complaints.failure(format!(
            "{failed} archived messages could not be judged; they are kept, and the next run tries them again"
        ));
    }
    let policy = workspace.contacts().policy().clone();
    workspace.close().await?;

    let (totals, mailboxes) = fetched?;
    summary.finish(&totals, mailboxes);
    let mut out = io::stdout().lock();
    match args.format {
        SummaryFormat::Table => out.write_all(summary.render(&args.paths, data, &policy, width()).as_bytes())?,
        SummaryFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &summary)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(complaints.outcome())
}

fn account(args: &RunArgs) -> Result<Account> {
    let name = args.account.as_deref().unwrap_or(FILES_ACCOUNT);
    let mut account = Account::new(name.parse().context("--account")?);
    if let Some(list) = &args.list {
        account.list = list.parse().context("--list")?;
    }
    Ok(account)
}

/// Feeds the classifier's handler from the notification queue, as SQS does, until fetching has ended and the queue is
/// empty.
async fn judge_all(
    classifier: &Function,
    queue: &NotificationQueue,
    mut fetched: watch::Receiver<bool>,
    now: Timestamp,
    mut report: impl FnMut(&Judged),
) -> Result<()> {
    loop {
        // Looked at before receiving: what is queued after the last look was queued before fetching ended.
        let no_more = *fetched.borrow_and_update();
        let batch = queue.receive(BATCH, VISIBILITY).await?;
        if !batch.is_empty() {
            judge(classifier, queue, &batch, now, &mut report).await?;
        } else if no_more {
            return Ok(());
        } else {
            tokio::select! {
                () = queue.arrival() => {}
                // An error means that fetching is over.
                _ = fetched.changed() => {}
            }
        }
    }
}

async fn judge(
    classifier: &Function,
    queue: &NotificationQueue,
    batch: &[QueueMessage],
    now: Timestamp,
    report: &mut impl FnMut(&Judged),
) -> Result<()> {
    let invocation = Invocation::parse(as_sqs_event(batch)).context("reading the local notification queue")?;
    let outcome = classifier.handle(&invocation, now).await;
    outcome.judged.iter().for_each(report);
    let (failed, done): (Vec<_>, Vec<_>) = batch
        .iter()
        .map(|message| message.id)
        .enumerate()
        .partition(|(index, _)| outcome.failed.contains_key(index));
    let ids = |indexed: Vec<(usize, _)>| indexed.into_iter().map(|(_, id)| id).collect::<Vec<_>>();
    queue.delete(&ids(done)).await?;
    queue.release(&ids(failed)).await?;
    Ok(())
}

/// The event in which Lambda would hand these notifications to the classifier.
fn as_sqs_event(batch: &[QueueMessage]) -> Value {
    let records = batch.iter().map(|message| {
        json!({
            "messageId": message.id.to_string(),
            "eventSource": "aws:sqs",
            "attributes": {"ApproximateReceiveCount": message.receive_count.to_string()},
            "body": message.body,
        })
    });
    json!({"Records": records.collect::<Vec<_>>()})
}
