//! `rebound run`: the whole pipeline on this machine, or the part of a stack's pipeline that is not done by itself.

mod judging;
mod mailboxes;
mod summary;

use std::io::{self, Write};

use anyhow::{Context, Result, anyhow};
use jiff::Timestamp;
use rebound_accounts::Account;
use rebound_fetcher::{FetchOptions, FetchSummary, Step, fetch_source};
use rebound_mailbox::sources::Sources;

use crate::args::{RunArgs, SummaryFormat};
use crate::clock;
use crate::complaints::{Complaints, Hinted, step};
use crate::outcome::Outcome;
use crate::output::width;
use crate::place::Place;
use crate::progress::Progress;
use crate::workspace::Workspace;
use judging::Judging;
use mailboxes::Fetched;
use summary::Summary;

/// The name under which files are archived where nobody says another.
const FILES_ACCOUNT: &str = "local";

/// Archives every message of the paths or mailboxes, has what is new judged, and says what came of it.
pub(super) async fn run(place: &Place, args: RunArgs) -> Result<Outcome> {
    let account = account(&args)?;
    let now = clock::now();
    let classifier = args.rules.own_classifier()?;
    if classifier.is_some() && matches!(place, Place::Stack(_)) {
        return Err(anyhow!(Hinted::new(
            "--rules is for this machine: a stack judges by its own rules",
            "they are config/rules.toml in its bucket"
        )));
    }
    let workspace = Workspace::open_with(place, classifier).await?;
    let (mut complaints, mut summary) = (Complaints::default(), Summary::default());
    let sources = (!args.paths.is_empty()).then(|| Sources::open(&args.paths));
    if workspace.judges_here() {
        step("archiving and judging messages side by side");
    } else {
        step("archiving messages; the stack judges them");
    }
    let progress = Progress::start(sources.as_ref().and_then(Sources::count_hint));
    let fetch = fetch(&workspace, &args, &account, sources, now, &progress, &mut complaints);
    let fetched = match workspace.notifications() {
        Some(queue) => {
            let judging = Judging {
                classifier: workspace.classifier(),
                queue: &queue,
                now,
            };
            let judged = judging.beside(fetch, |judged| {
                progress.advance(1);
                summary.add(judged);
            });
            judged.await.context("judging the archived messages")?
        }
        None => fetch.await,
    };
    drop(progress);

    if let Some(queue) = workspace.notifications() {
        let failed = queue.depth().await?.dead;
        if failed > 0 {
            complaints.failure(format!(
                "{failed} archived messages could not be judged; they are kept, and the next run tries them again"
            ));
        }
    }
    let policy = workspace.contacts().policy().clone();
    workspace.close().await?;

    let (totals, mailboxes) = fetched?;
    summary.finish(&totals, mailboxes);
    let mut out = io::stdout().lock();
    match args.format {
        SummaryFormat::Table => out.write_all(summary.render(&args.paths, place, &policy, width()).as_bytes())?,
        SummaryFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &summary)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(complaints.outcome())
}

/// What came of reading the sources or, where there are none, of the accounts' mailboxes.
async fn fetch(
    workspace: &Workspace,
    args: &RunArgs,
    account: &Account,
    sources: Option<Sources>,
    now: Timestamp,
    progress: &Progress,
    complaints: &mut Complaints,
) -> Result<(FetchSummary, Vec<Fetched>)> {
    let Some(sources) = sources else {
        let fetched = Box::pin(mailboxes::fetch(workspace, args, progress, complaints)).await?;
        return Ok((mailboxes::totals(&fetched), fetched));
    };
    let options = FetchOptions::at(now);
    let fetched = fetch_source(sources, workspace.archive(), account, &options, |step| match step {
        // On this machine a new message has come all the way once it is judged.
        Step::Archived { new, .. } => progress.advance(u64::from(!new || !workspace.judges_here())),
        Step::Skipped(error) => progress.suspend(|| complaints.source(error)),
        Step::Failed(failure) => progress.suspend(|| complaints.failure_of(failure)),
    });
    Ok((fetched.await, Vec::new()))
}

fn account(args: &RunArgs) -> Result<Account> {
    let name = args.account.as_deref().unwrap_or(FILES_ACCOUNT);
    let mut account = Account::new(name.parse().context("--account")?);
    if let Some(list) = &args.list {
        account.list = list.parse().context("--list")?;
    }
    Ok(account)
}
