//! The part of `rebound run` that fetches from mail servers.

use std::fmt::Write;

use anyhow::{Context, Result};
use rebound_accounts::AccountName;
use rebound_fetcher::{
    FetchSummary, MailboxOptions, MailboxOutcome, MailboxRun, MailboxStep, MailboxSummary, Rescan, Stopped,
};
use serde::Serialize;

use crate::args::RunArgs;
use crate::clock;
use crate::complaints::{Complaints, say, step};
use crate::hints;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// Who holds the leases of this machine's folder. One command at a time has it open, so a lease of this owner that is
/// still there belongs to a command that was ended.
const OWNER: &str = "rebound run";

/// Who holds a lease on a stack, where others may be at work: nobody else is called so.
fn owner_among_others() -> String {
    format!("{OWNER}, process {} since {}", std::process::id(), clock::now())
}

/// What came of one account. The JSON keys are stable.
#[derive(Debug, Serialize)]
pub(super) struct Fetched {
    account: AccountName,
    #[serde(flatten)]
    summary: MailboxSummary,
    /// What kind of trouble ended it.
    error: Option<String>,
}

/// Fetches the accounts that the arguments name, one after the other. One account's failure never stops another.
pub(super) async fn fetch(
    workspace: &Workspace,
    args: &RunArgs,
    progress: &Progress,
    complaints: &mut Complaints,
) -> Result<Vec<Fetched>> {
    let fetcher = workspace.fetcher();
    let names = match &args.account {
        Some(name) => vec![name.parse().context("--account")?],
        None => fetcher.accounts().names().await?,
    };
    if names.is_empty() {
        progress.suspend(|| {
            complaints.failure("there are no accounts to fetch from");
            say("hint", "`rebound accounts add NAME …` sets one up");
        });
    }
    let owner = if workspace.judges_here() {
        OWNER.to_owned()
    } else {
        owner_among_others()
    };
    let options = MailboxOptions {
        // Asked for by name, an account is fetched although it is in trouble or disabled.
        patient: args.all_accounts,
        all: args.all,
        most: args.max,
        ..MailboxOptions::by(&owner)
    };
    let mut done = Vec::new();
    for account in names {
        match fetcher.settings(&account).await {
            Ok(settings) if args.all_accounts && !settings.enabled => continue,
            Ok(settings) => {
                for warning in settings.warnings() {
                    progress.suspend(|| say("warning", warning));
                }
            }
            // The fetch says so.
            Err(_) => {}
        }
        progress.suspend(|| step(format!("fetching account {account}")));
        let outcome = fetcher
            .fetch(&account, &options, |step| match step {
                // On this machine a new message has come all the way once it is judged.
                MailboxStep::Archived { new } => progress.advance(u64::from(!new || !workspace.judges_here())),
                MailboxStep::Reconnecting(error) => {
                    progress.suspend(|| say("note", format!("account {account}: {error}; trying again")));
                }
                MailboxStep::Failed(words) => {
                    progress.suspend(|| complaints.failure(format!("account {account}: {words}")));
                }
                MailboxStep::TooLong(message) => progress.suspend(|| {
                    say(
                        "note",
                        format!(
                            "account {account}: {} has {} bytes, more than `max_message_bytes` allows; it stays on the \
                             server",
                            message.message, message.bytes
                        ),
                    );
                }),
                MailboxStep::Found { .. } => {}
            })
            .await;
        let trouble = match outcome {
            Ok(MailboxOutcome::Ran(MailboxRun { summary, error })) => {
                done.push(Fetched {
                    account: account.clone(),
                    summary,
                    error: error.as_ref().map(|error| error.kind().to_owned()),
                });
                error.map(|error| (error.to_string(), error.hint().map(str::to_owned)))
            }
            Ok(MailboxOutcome::Waiting(trouble)) => {
                let until = trouble
                    .retry_after
                    .map(|at| format!(" until {at:.0}"))
                    .unwrap_or_default();
                let words = format!(
                    "left alone{until}, after {} failures in a row: {}; `rebound run --account {account}` tries at once",
                    trouble.failures, trouble.words
                );
                Some((words, trouble.hint))
            }
            Ok(MailboxOutcome::Busy { owner, until }) => {
                Some((format!("{owner} is fetching it until {until:.0}"), None))
            }
            Err(error) => {
                let hint = error.hint().map(str::to_owned);
                Some((error.to_string(), hint.or_else(|| hints::of_cause(&error))))
            }
        };
        if let Some((words, hint)) = trouble {
            progress.suspend(|| {
                complaints.failure(format!("account {account}: {words}"));
                if let Some(hint) = hint {
                    say("hint", hint);
                }
            });
        }
    }
    Ok(done)
}

/// All of it, as if it were one source.
pub(super) fn totals(fetched: &[Fetched]) -> FetchSummary {
    let mut totals = FetchSummary::default();
    for Fetched { summary, .. } in fetched {
        totals.new += summary.new;
        totals.new_bytes += summary.new_bytes;
        totals.already_archived += summary.already_archived;
        totals.failed += summary.failed;
    }
    totals
}

/// What became of the messages on the servers, one line an account.
pub(super) fn told(fetched: &[Fetched]) -> String {
    let mut text = String::new();
    for Fetched {
        account,
        summary,
        error,
    } in fetched
    {
        let Some(folder) = &summary.folder else { continue };
        let _ = write!(text, "account {account}, {folder}: {} waiting", summary.found);
        for (count, what) in [
            (summary.fetched() - summary.failed, "fetched"),
            (summary.deleted, "deleted"),
            (
                summary.only_flagged,
                "flagged as deleted, which the server cannot do by itself",
            ),
            (summary.moved, "moved"),
            (summary.marked_seen, "marked read"),
            (summary.gone, "removed by somebody else meanwhile"),
            (summary.oversized, "too long, left on the server"),
            (summary.left, "still to be fetched"),
        ] {
            if count > 0 {
                let _ = write!(text, ", {count} {what}");
            }
        }
        let why = match (summary.rescan, summary.stopped, error) {
            (_, _, Some(error)) => Some(format!("ended early: {error}")),
            (_, Some(Stopped::Enough), _) => Some("as many as --max asks for".to_owned()),
            (_, Some(Stopped::ConnectionLost), _) => Some("the connection was lost; run it again".to_owned()),
            (Some(Rescan::UidValidityChanged), ..) => Some("read from its beginning: new UIDs".to_owned()),
            (Some(Rescan::AnotherMailbox), ..) => Some("read from its beginning: another mailbox".to_owned()),
            _ => None,
        };
        match why {
            Some(why) => _ = writeln!(text, " ({why})"),
            None => text.push('\n'),
        }
    }
    text
}
