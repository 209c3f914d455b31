//! Judging what is archived while more is being fetched.

use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use rebound_classifier::event::Invocation;
use rebound_classifier::{Function, Judged};
use rebound_local::{NotificationQueue, QueueMessage};
use serde_json::{Value, json};
use tokio::sync::watch;

/// Notifications judged in one go. Large enough that their contacts and events share transactions, small enough that
/// they and their messages stay within a few megabytes.
const BATCH: usize = 200;

/// How long a received notification stays hidden. Nobody else takes from this queue, so this only has to outlast the
/// slowest batch.
const VISIBILITY: Duration = Duration::from_mins(15);

/// Feeds the classifier's handler from the notification queue of this machine, as SQS does on AWS.
pub(super) struct Judging<'a> {
    pub(super) classifier: &'a Function,
    pub(super) queue: &'a NotificationQueue,
    pub(super) now: Timestamp,
}

impl Judging<'_> {
    /// Judges until `fetch` has ended and the queue is empty; answers what `fetch` did.
    pub(super) async fn beside<T>(&self, fetch: impl Future<Output = T>, report: impl FnMut(&Judged)) -> Result<T> {
        // What failed too often in an earlier run gets another chance: this may be a newer rebound.
        self.queue.redrive().await?;
        let (done, fetching) = watch::channel(false);
        let fetch = async {
            let fetched = fetch.await;
            // Nobody listening means that judging has failed, and the error is on its way.
            let _ = done.send(true);
            fetched
        };
        let (fetched, judged) = tokio::join!(fetch, self.until(fetching, report));
        judged.map(|()| fetched)
    }

    async fn until(&self, mut fetched: watch::Receiver<bool>, mut report: impl FnMut(&Judged)) -> Result<()> {
        loop {
            // Looked at before receiving: what is queued after the last look was queued before fetching ended.
            let no_more = *fetched.borrow_and_update();
            let batch = self.queue.receive(BATCH, VISIBILITY).await?;
            if !batch.is_empty() {
                self.judge(&batch, &mut report).await?;
            } else if no_more {
                return Ok(());
            } else {
                tokio::select! {
                    () = self.queue.arrival() => {}
                    // An error means that fetching is over.
                    _ = fetched.changed() => {}
                }
            }
        }
    }

    async fn judge(&self, batch: &[QueueMessage], report: &mut impl FnMut(&Judged)) -> Result<()> {
        let invocation = Invocation::parse(as_sqs_event(batch)).context("reading the local notification queue")?;
        let outcome = self.classifier.handle(&invocation, self.now).await;
        outcome.judged.iter().for_each(report);
        let (failed, done): (Vec<_>, Vec<_>) = batch
            .iter()
            .map(|message| message.id)
            .enumerate()
            .partition(|(index, _)| outcome.failed.contains_key(index));
        let ids = |indexed: Vec<(usize, _)>| indexed.into_iter().map(|(_, id)| id).collect::<Vec<_>>();
        self.queue.delete(&ids(done)).await?;
        self.queue.release(&ids(failed)).await?;
        Ok(())
    }
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
