//! Many messages at a time: reading and judging some while others are recorded.

use futures::StreamExt;
use futures::stream;
use rebound_archive::ReadLimits;
use rebound_contacts::repository::Recorded;
use rebound_contacts::{MessageRecord, Moment};
use tokio::sync::Semaphore;

use crate::deadline::OutOfTime;
use crate::handler::{Conditions, Function, JudgeError, Judged, Place};
use crate::isolate::{Panicked, isolated};

/// How much of a message is judged. What it is stands at its beginning, what came back near its end; nobody writes a
/// report of more than 16 MiB.
pub(crate) const LIMITS: ReadLimits = ReadLimits {
    head: 15 * 1024 * 1024,
    tail: 1024 * 1024,
};

/// Reads under way at a time: enough to hide the round trip to S3.
const READS_AT_ONCE: usize = 32;

/// Message bytes held at a time, in KiB: two of the largest, or thousands of the usual ones.
const BYTE_BUDGET_KIB: u32 = 32 * 1024;

/// The size an event's object is taken to have when the event does not say.
const UNKNOWN_SIZE: u64 = 64 * 1024;

/// Messages recorded together: about as many as one transaction takes, so they cost one reading of contacts and one
/// transaction.
const GROUP: usize = 50;

/// Groups recorded at a time, while the next messages are read.
const GROUPS_AT_ONCE: usize = 4;

/// A message that an invocation announces.
#[derive(Clone, Debug)]
pub(crate) struct Announced {
    /// Which record of the invocation announces it.
    pub(crate) record: usize,
    /// Where it is.
    pub(crate) place: Place,
    /// How long it is in bytes, where the event says so.
    pub(crate) size: Option<u64>,
}

/// What became of an announced message; `None` when it was gone.
pub(crate) type Done = (usize, Result<Option<Judged>, JudgeError>);

/// A message that was read and judged, or not; `None` when it was gone.
type Judgement = (Announced, Result<Option<MessageRecord>, JudgeError>);

impl Function {
    /// Judges and records messages. The results come in the order of their records.
    pub(crate) async fn judge_and_record(&self, messages: Vec<Announced>, conditions: &Conditions) -> Vec<Done> {
        let budget = &Semaphore::new(BYTE_BUDGET_KIB as usize);
        let mut done: Vec<Done> = stream::iter(messages)
            .map(|announced| async move {
                // Closing the semaphore is nobody's business, so waiting cannot fail; if it did, reading goes on.
                let _held = budget.acquire_many(weight(&announced)).await;
                self.judgement(announced, conditions).await
            })
            .buffer_unordered(READS_AT_ONCE)
            .chunks(GROUP)
            .map(|group| record(group, conditions))
            .buffer_unordered(GROUPS_AT_ONCE)
            .collect::<Vec<_>>()
            .await
            .into_iter()
            .flatten()
            .collect();
        done.sort_by_key(|(record, _)| *record);
        done
    }

    async fn judgement(&self, announced: Announced, conditions: &Conditions) -> Judgement {
        // On the heap, as below: what the clients do is deep, and there are many of it.
        let reading = isolated(Box::pin(self.judge_at(&announced.place, conditions)));
        let judgement = match conditions.deadline.reading(reading).await {
            Ok(Ok(judgement)) => judgement,
            Ok(Err(Panicked)) => Err(JudgeError::Panicked(announced.place.to_string())),
            Err(OutOfTime) => Err(JudgeError::OutOfTime(announced.place.to_string())),
        };
        (announced, judgement)
    }
}

/// Records the messages of a group together; where that panics, each for itself, so that only the one which makes it
/// panic fails.
async fn record(group: Vec<Judgement>, conditions: &Conditions) -> Vec<Done> {
    let mut done = Vec::with_capacity(group.len());
    let (mut sources, mut records) = (Vec::new(), Vec::new());
    for (announced, judgement) in group {
        match judgement {
            Ok(Some(record)) => {
                sources.push(announced.record);
                records.push(record);
            }
            Ok(None) => done.push((announced.record, Ok(None))),
            Err(error) => done.push((announced.record, Err(error))),
        }
    }
    let results = match isolated(record_together(&records, conditions)).await {
        Ok(results) => results,
        Err(_) => record_each(&records, conditions).await,
    };
    for ((source, record), recorded) in sources.into_iter().zip(records).zip(results) {
        if let Ok(recorded) = &recorded {
            log(&record, recorded);
        }
        let judged = recorded.map(|recorded| Some(Judged { record, recorded }));
        done.push((source, judged));
    }
    done
}

async fn record_together(records: &[MessageRecord], conditions: &Conditions) -> Vec<Result<Recorded, JudgeError>> {
    let Conditions { deadline, now, .. } = conditions;
    let contacts = conditions.contacts.clone().with_patience(deadline.patience());
    let recording = Box::pin(contacts.record_mail(records, Moment::from(*now)));
    match deadline.recording(recording).await {
        Ok(results) => results
            .into_iter()
            .map(|result| result.map_err(JudgeError::from))
            .collect(),
        Err(OutOfTime) => records
            .iter()
            .map(|record| Err(JudgeError::OutOfTime(record.message().to_string())))
            .collect(),
    }
}

/// Some of them may have been recorded before the panic; those are duplicates now.
async fn record_each(records: &[MessageRecord], conditions: &Conditions) -> Vec<Result<Recorded, JudgeError>> {
    let mut results = Vec::with_capacity(records.len());
    for record in records {
        let alone = record_together(std::slice::from_ref(record), conditions);
        let panicked = || Err(JudgeError::Panicked(record.message().to_string()));
        results.push(match isolated(alone).await {
            Ok(mut result) => result.pop().unwrap_or_else(panicked),
            Err(Panicked) => panicked(),
        });
    }
    results
}

/// What reading a message takes from the byte budget.
fn weight(announced: &Announced) -> u32 {
    let size = announced.size.unwrap_or(UNKNOWN_SIZE);
    let read = match announced.place {
        Place::Archived(_) => size.min(LIMITS.head + LIMITS.tail),
        // Whole, and then once more.
        Place::Inbound(_) => size.saturating_mul(2),
    };
    u32::try_from(read / 1024)
        .unwrap_or(BYTE_BUDGET_KIB)
        .clamp(1, BYTE_BUDGET_KIB)
}

/// One line a message, without an address.
fn log(record: &MessageRecord, recorded: &Recorded) {
    let Some(event) = record.events().first() else {
        return;
    };
    let mut categories: Vec<_> = record.events().iter().map(|event| event.kind.as_str()).collect();
    categories.sort_unstable();
    categories.dedup();
    tracing::info!(
        message.hash = %record.message(),
        account = event.account.as_deref(),
        recipients = record.events().len(),
        category = categories.join(","),
        reason = %event.reason,
        rule = event.rule.as_deref(),
        new = recorded.new,
        suppressed = recorded.suppressed().count(),
        held = recorded.held().count(),
        unproven = recorded.doubted().count(),
        "message judged"
    );
}
