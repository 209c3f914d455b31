//! What the Lambda function does with an event.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rebound_accounts::AccountName;
use rebound_accounts::store::StoreError;
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

/// The fetcher function. Cheap to clone.
#[derive(Clone)]
pub struct Function<S> {
    fetcher: AccountFetcher<S>,
    queue: Arc<dyn JobQueue>,
}

/// One call of the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What it is called; unique among all calls.
    pub id: String,
    /// When it is ended, whatever it does.
    pub ends_at: Option<Timestamp>,
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

impl<S: Store> Function<S> {
    /// A function that fetches with `fetcher` and has its jobs in `queue`.
    pub fn new(fetcher: AccountFetcher<S>, queue: Arc<dyn JobQueue>) -> Self {
        Self { fetcher, queue }
    }

    /// Answers an event: a schedule's with what was queued, a batch of the queue with exactly the jobs that have to be
    /// delivered again, a request by hand with what came of it, for a person to read.
    ///
    /// What one account suffers from never keeps another from being fetched.
    pub async fn handle(&self, event: Value, call: &Call) -> Result<Value, HandlerError> {
        let options = MailboxOptions {
            deadline: call.ends_at.and_then(|end| end.checked_sub(RESERVE).ok()),
            ..MailboxOptions::by(&call.id)
        };
        Ok(match FetchRequest::parse(event)? {
            FetchRequest::Schedule => self.queue_all().await?,
            FetchRequest::Jobs(jobs) => self.work_off(jobs, &options).await,
            FetchRequest::Fetch(account) => {
                let fetched = self.fetcher.fetch(&account, &options, |_| {}).await;
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
        })
    }

    /// Queues a job for each enabled account, and for each whose settings cannot be read: the job will say why.
    async fn queue_all(&self) -> Result<Value, HandlerError> {
        let mut accounts = Vec::new();
        for account in self.fetcher.accounts().names().await? {
            match self.fetcher.settings(&account).await {
                Ok(settings) if !settings.enabled => continue,
                Ok(_) => {}
                Err(error) => tracing::error!(%account, %error, "the settings cannot be used"),
            }
            accounts.push(account);
        }
        self.queue.send(&accounts).await?;
        Ok(json!({"queued": accounts}))
    }

    async fn work_off(&self, jobs: Vec<Job>, options: &MailboxOptions) -> Value {
        let options = MailboxOptions {
            patient: true,
            ..options.clone()
        };
        let mut again = Vec::new();
        for job in jobs {
            let done = match job.request {
                Ok(account) => self.work(&account, &options).await,
                Err(error) => {
                    tracing::error!(job = job.message_id, %error, "a job that says nothing; dropped");
                    true
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
    async fn work(&self, account: &AccountName, options: &MailboxOptions) -> bool {
        let outcome = match self.fetcher.fetch(account, options, |_| {}).await {
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
