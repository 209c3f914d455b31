//! The function's own queue: one job an account.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::future::BoxFuture;
use rebound_accounts::AccountName;
use serde_json::json;

/// The most messages that SQS takes at a time.
const BATCH: usize = 10;

/// Takes jobs.
pub trait JobQueue: Send + Sync {
    /// Queues a fetch of each of these accounts. Those that the error does not name are queued.
    fn send<'a>(&'a self, accounts: &'a [AccountName]) -> BoxFuture<'a, Result<(), NotQueued>>;
}

/// Accounts whose fetch could not be queued. Asking again may help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not queue the fetch of {}: {reason}", names(.accounts))]
pub struct NotQueued {
    /// Which.
    pub accounts: Vec<AccountName>,
    /// Why the first of them could not.
    pub reason: String,
}

fn names(accounts: &[AccountName]) -> String {
    let names: Vec<_> = accounts.iter().map(AccountName::as_str).collect();
    names.join(", ")
}

/// A queue in SQS.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue at `url`.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self {
            client,
            url: url.into(),
        }
    }

    /// Sends up to [`BATCH`] jobs; those that were not queued, with the reason.
    async fn send_batch(&self, accounts: &[AccountName]) -> Vec<(AccountName, String)> {
        let entries = accounts.iter().enumerate().filter_map(|(index, account)| {
            SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(json!({"fetch": account}).to_string())
                .build()
                .ok()
        });
        let request = self.client.send_message_batch().queue_url(&self.url);
        match request.set_entries(Some(entries.collect())).send().await {
            Ok(answer) => answer
                .failed()
                .iter()
                .filter_map(|failed| {
                    let account = accounts.get(failed.id().parse::<usize>().ok()?)?;
                    let reason = failed.message().unwrap_or(failed.code());
                    Some((account.clone(), reason.to_owned()))
                })
                .collect(),
            Err(error) => {
                let reason = DisplayErrorContext(error).to_string();
                accounts
                    .iter()
                    .map(|account| (account.clone(), reason.clone()))
                    .collect()
            }
        }
    }
}

impl JobQueue for SqsQueue {
    fn send<'a>(&'a self, accounts: &'a [AccountName]) -> BoxFuture<'a, Result<(), NotQueued>> {
        Box::pin(async move {
            let mut failed = Vec::new();
            for batch in accounts.chunks(BATCH) {
                failed.extend(self.send_batch(batch).await);
            }
            let Some((_, reason)) = failed.first() else {
                return Ok(());
            };
            Err(NotQueued {
                reason: reason.clone(),
                accounts: failed.into_iter().map(|(account, _)| account).collect(),
            })
        })
    }
}
