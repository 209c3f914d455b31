//! What the Lambda function does with an event.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::{FutureExt as _, StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Diagnostic;
use rebound_accounts::AccountName;
use rebound_accounts::store::StoreError;
use rebound_lambda::metrics::{Counts, Dimension, Metric};
use rebound_lambda::{Answer, Call};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    AccountFetchError, AccountFetcher, FetchRequest, InvalidRequest, Job, JobQueue, MailboxOptions, MailboxOutcome,
    MailboxRun, NotQueued, Stopped, Store,
};

/// A run stops so long before the function is ended: enough to store what is on its way, and to close the session.
const RESERVE: SignedDuration = SignedDuration::from_secs(30);

/// How many messages a preview shows.
const PREVIEWED: usize = 20;

/// How many accounts' settings are read at a time: far below what Secrets Manager allows a second.
const SETTINGS_AT_ONCE: usize = 16;

/// The fetcher function. Cheap to clone.
#[derive(Clone)]
pub struct Function<S> {
    fetcher: AccountFetcher<S>,
    queue: Arc<dyn JobQueue>,
}

/// Why an event was not answered.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// Nobody knows what it asks for.
    #[error(transparent)]
    Invalid(#[from] InvalidRequest),
    /// The accounts could not be listed.
    #[error(transparent)]
    Accounts(#[from] StoreError),
    /// Jobs could not be queued.
    #[error(transparent)]
    NotQueued(#[from] NotQueued),
}

/// Lambda shows the kind, and puts both into the record of an asynchronous call that failed for good.
impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Invalid(_) => "InvalidRequest",
            HandlerError::Accounts(_) => "AccountsUnreadable",
            HandlerError::NotQueued(_) => "NotQueued",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

impl<S: Store> Function<S> {
    /// A function that fetches with `fetcher` and has its jobs in `queue`.
    pub fn new(fetcher: AccountFetcher<S>, queue: Arc<dyn JobQueue>) -> Self {
        Self { fetcher, queue }
    }

    /// Answers an event: a schedule's with what was queued, a batch of the queue with exactly the jobs that have to be
    /// delivered again, a request by hand with what came of it, for a person to read.
    ///
    /// What one account suffers from never keeps another from being fetched.
    pub async fn answer(&self, event: Value, call: &Call) -> Result<Answer<Value>, HandlerError> {
        let options = MailboxOptions {
            deadline: deadline(call),
            ..MailboxOptions::by(&call.id)
        };
        let mut counts = Counts::default();
        let value = match FetchRequest::parse(event)? {
            FetchRequest::Schedule => self.queue_all(&mut counts).await?,
            FetchRequest::Jobs(jobs) => self.work_off(jobs, &options, &mut counts).await,
            FetchRequest::Fetch(account) => {
                let fetched = self.fetcher.fetch(&account, &options, |_| {}).await;
                count(&mut counts, &account, &fetched);
                answer(&account, fetched.map(|outcome| told(&outcome)))
            }
            FetchRequest::Test(account) => answer(&account, self.fetcher.test(&account).await),
            FetchRequest::Folders(account) => {
                let folders = self.fetcher.folders(&account).await;
                answer(&account, folders.map(|folders| json!({"ok": true, "folders": folders})))
            }
            FetchRequest::Preview(account) => {
                let messages = self.fetcher.preview(&account, PREVIEWED).await;
                answer(
                    &account,
                    messages.map(|messages| json!({"ok": true, "messages": messages})),
                )
            }
        };
        Ok(Answer { value, counts })
    }

    /// Queues a job for each enabled account, and for each whose settings cannot be read: the job will say why.
    async fn queue_all(&self, counts: &mut Counts) -> Result<Value, HandlerError> {
        let names = self.fetcher.accounts().names().await?;
        let wanted = stream::iter(names).map(async |account| {
            match self.fetcher.settings(&account).await {
                Ok(settings) if !settings.enabled => return None,
                Ok(_) => {}
                Err(error) => tracing::error!(%account, %error, "the settings cannot be used"),
            }
            Some(account)
        });
        let wanted = wanted.buffered(SETTINGS_AT_ONCE).filter_map(std::future::ready);
        let accounts: Vec<_> = wanted.collect().await;
        self.queue.send(&accounts).await?;
        tracing::info!(accounts = accounts.len(), "queued");
        counts.add(Metric::Heartbeat, 1);
        counts.add(Metric::Queued, u64::try_from(accounts.len()).unwrap_or(u64::MAX));
        Ok(json!({"queued": accounts}))
    }

    /// Does one job after the other. A job is delivered again when it may go better then, when there was no time for it, and
    /// when it says nothing sensible: its queue sets it aside in the end, for a person to look at.
    async fn work_off(&self, jobs: Vec<Job>, options: &MailboxOptions, counts: &mut Counts) -> Value {
        let options = MailboxOptions {
            patient: true,
            ..options.clone()
        };
        let mut again = Vec::new();
        for job in jobs {
            let done = match job.request {
                Ok(account) if options.deadline.is_some_and(|deadline| self.fetcher.now() >= deadline) => {
                    tracing::warn!(%account, "no time was left; the job will be delivered again");
                    false
                }
                Ok(account) => self.work(&account, &options, counts).await,
                Err(error) => {
                    tracing::error!(job = job.message_id, %error, "a job that says nothing; it will be set aside");
                    false
                }
            };
            if !done {
                again.push(json!({"itemIdentifier": job.message_id}));
            }
        }
        json!({"batchItemFailures": again})
    }

    /// Fetches one account; `false` when the queue has to deliver its job again. What only a person can change is
    /// remembered with the mailbox, and not tried again by the queue.
    async fn work(&self, account: &AccountName, options: &MailboxOptions, counts: &mut Counts) -> bool {
        let fetching = AssertUnwindSafe(self.fetcher.fetch(account, options, |_| {}));
        let Ok(fetched) = fetching.catch_unwind().await else {
            tracing::error!(%account, "the fetch panicked, which is a bug in rebound: please report it");
            count_error(counts, account, 1);
            return false;
        };
        count(counts, account, &fetched);
        let outcome = match fetched {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(%account, %error, retryable = error.is_retryable(), "not fetched");
                return !error.is_retryable();
            }
        };
        log(account, &outcome);
        let MailboxOutcome::Ran(MailboxRun { summary, error }) = outcome else {
            return true;
        };
        let stopped_short = matches!(summary.stopped, Some(Stopped::Deadline | Stopped::ConnectionLost));
        match error {
            Some(error) => !error.is_retryable(),
            None if stopped_short => match self.queue.send(std::slice::from_ref(account)).await {
                Ok(()) => true,
                Err(error) => {
                    tracing::error!(%account, %error, "could not queue the rest; the job is delivered again instead");
                    false
                }
            },
            None => true,
        }
    }
}

/// When a run has to stop. Of a short time at least half is used.
fn deadline(call: &Call) -> Option<Timestamp> {
    let ends_at = call.ends_at?;
    let time = ends_at.duration_since(call.began_at);
    ends_at.checked_sub(RESERVE.min(time / 2)).ok()
}

/// What there is to count of a fetch.
fn count(counts: &mut Counts, account: &AccountName, fetched: &Result<MailboxOutcome, AccountFetchError>) {
    let mut add = |metric, number| {
        counts.add(metric, number);
        counts.add_by(metric, Dimension::Account, account.as_str(), number);
    };
    if let Ok(MailboxOutcome::Ran(MailboxRun { summary, .. })) = fetched {
        add(Metric::Fetched, summary.new);
        add(Metric::Left, summary.left);
        add(Metric::Oversized, summary.oversized);
    }
    let failed = match fetched {
        Ok(MailboxOutcome::Ran(run)) => run.error.is_some(),
        Ok(MailboxOutcome::Waiting(_)) | Err(_) => true,
        Ok(MailboxOutcome::Busy { .. }) => false,
    };
    count_error(counts, account, u64::from(failed));
}

fn count_error(counts: &mut Counts, account: &AccountName, errors: u64) {
    counts.add(Metric::AccountErrors, errors);
    counts.add_by(Metric::AccountErrors, Dimension::Account, account.as_str(), errors);
}

/// What came of a request by hand.
fn answer(account: &AccountName, outcome: Result<impl Serialize, AccountFetchError>) -> Value {
    let mut answer = match outcome {
        Ok(outcome) => json!(outcome),
        Err(error) => json!({"ok": false, "error": {"message": error.to_string(), "hint": error.hint()}}),
    };
    if let Value::Object(answer) = &mut answer {
        answer.insert("account".to_owned(), json!(account));
    }
    answer
}

fn told(outcome: &MailboxOutcome) -> Value {
    match outcome {
        MailboxOutcome::Ran(MailboxRun { summary, error }) => {
            let error = error
                .as_ref()
                .map(|error| json!({"kind": error.kind(), "message": error.to_string(), "hint": error.hint()}));
            json!({"ok": error.is_none(), "summary": summary, "error": error})
        }
        MailboxOutcome::Waiting(trouble) => json!({
            "ok": false,
            "error": {"kind": trouble.kind, "message": trouble.words, "hint": trouble.hint},
            "retry_after": trouble.retry_after.map(|at| at.to_string()),
        }),
        MailboxOutcome::Busy { until, .. } => json!({
            "ok": false,
            "error": {
                "kind": "busy",
                "message": format!("another run is fetching this account; its lease ends at {until}"),
                "hint": "wait for it",
            },
        }),
    }
}

/// One line a run.
fn log(account: &AccountName, outcome: &MailboxOutcome) {
    match outcome {
        MailboxOutcome::Ran(MailboxRun { summary, error }) => match error {
            None => tracing::info!(
                %account,
                new = summary.new,
                already_archived = summary.already_archived,
                deleted = summary.deleted,
                moved = summary.moved,
                marked_seen = summary.marked_seen,
                oversized = summary.oversized,
                left = summary.left,
                "fetched"
            ),
            Some(error) => tracing::error!(
                %account,
                error.kind = error.kind(),
                %error,
                new = summary.new,
                failed = summary.failed,
                left = summary.left,
                "not fetched to the end"
            ),
        },
        MailboxOutcome::Waiting(trouble) => tracing::warn!(
            %account,
            error.kind = trouble.kind,
            failures = trouble.failures,
            retry_after = trouble.retry_after.map(|at| at.to_string()),
            "left alone for a while: {}",
            trouble.words
        ),
        MailboxOutcome::Busy { until, .. } => tracing::info!(%account, %until, "another run is at it"),
    }
}
