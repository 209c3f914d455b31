//! What the classifier does with one invocation: read, judge, record.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lambda_events::sqs::SqsBatchResponse;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use jiff::Timestamp;
use rebound_archive::{Archive, ArchiveError, ArchivedMessage, InvalidObjectKey, ObjectKey, ReadLimits};
use rebound_classify::{Classifier, Report};
use rebound_contacts::repository::{ChangeError, ReadError, RecordError, Recorded, Replaced, Repository};
use rebound_contacts::{MessageRecord, Moment, Origin};
use tokio::sync::Semaphore;

use crate::config::{NoPolicy, UserPolicy, UserRules};
use crate::event::{Invocation, ObjectRef};

/// How much of a message is judged. What it is stands at its beginning, what came back near its end; nobody writes a
/// report of more than 16 MiB.
const LIMITS: ReadLimits = ReadLimits {
    head: 15 * 1024 * 1024,
    tail: 1024 * 1024,
};

/// Reads under way at a time: enough to hide the round trip to S3.
const READS_AT_ONCE: usize = 32;

/// Message bytes held at a time, in KiB: two of the largest, or thousands of the usual ones.
const BYTE_BUDGET_KIB: u32 = 32 * 1024;

/// The size an event's object is taken to have when the event does not say.
const UNKNOWN_SIZE: u64 = 64 * 1024;

/// Reads announced messages, judges them and records what they say.
#[derive(Clone)]
pub struct Function {
    archive: Archive,
    classifier: Arc<Classifier>,
    /// Where the classifier comes from, when that may change while the function runs.
    rules: Option<UserRules>,
    /// Where the policy comes from, when that may change while the function runs; else it is the repository's.
    policy: Option<UserPolicy>,
    contacts: Repository,
}

/// What became of an invocation.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The messages that were judged and recorded, in the order of their records.
    pub judged: Vec<Judged>,
    /// What judging messages again came to, where that was asked for.
    pub replaced: Vec<Replaced>,
    /// The records that must be delivered again, by their index in the invocation, with the first thing that failed.
    pub failed: BTreeMap<usize, JudgeError>,
}

/// One message, judged and recorded.
#[derive(Debug)]
pub struct Judged {
    /// What was recorded.
    pub record: MessageRecord,
    /// What recording it changed.
    pub recorded: Recorded,
}

/// Why a message could not be judged or recorded. Its record is to be delivered again.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// The archive did not give it.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The verdict could not be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// What is recorded of it could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What is recorded of it could not be replaced.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// It is not known what verdicts do to contacts.
    #[error(transparent)]
    Policy(#[from] NoPolicy),
    /// The classifier panicked, which is a bug in it. The message stays in the archive and its record in the queue.
    #[error("the classifier panicked on {0}: please report it, with the message if it may be shared")]
    Panicked(ObjectKey),
}

impl Function {
    /// A function over these stores.
    pub fn new(archive: Archive, classifier: Arc<Classifier>, contacts: Repository) -> Self {
        Self {
            archive,
            classifier,
            rules: None,
            policy: None,
            contacts,
        }
    }

    /// The same, judging by `rules` as they are when an invocation begins.
    #[must_use]
    pub fn with_rules(mut self, rules: UserRules) -> Self {
        self.rules = Some(rules);
        self
    }

    /// The same, recording under `policy` as it is when an invocation begins.
    #[must_use]
    pub fn with_policy(mut self, policy: UserPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Does all of an invocation's records. `now` stands in for messages whose archive metadata lacks the time they were
    /// fetched at.
    ///
    /// One record's failure never touches another. Objects that are no archived messages, or are gone, are passed over
    /// with a line in the log: delivering their records again would not bring them back.
    pub async fn handle(&self, invocation: &Invocation, now: Timestamp) -> Outcome {
        let classifier = &self.classifier(now).await;
        let contacts = match self.contacts(now).await {
            Ok(contacts) => contacts,
            Err(no_policy) => return Outcome::all_failed(invocation, no_policy),
        };
        let budget = Semaphore::new(BYTE_BUDGET_KIB as usize);
        let objects = invocation
            .records
            .iter()
            .enumerate()
            .flat_map(|(record, announced)| announced.objects.iter().map(move |object| (record, object)));
        let is_again = |record: usize| invocation.records.get(record).is_some_and(|record| record.again);
        let (again, messages): (Vec<_>, Vec<_>) = objects
            .filter_map(|(record, object)| Some((record, self.key_of(object)?, object.size)))
            .partition(|(record, ..)| is_again(*record));
        let judgements = stream::iter(messages)
            .map(|(record, key, size)| {
                let budget = &budget;
                async move {
                    // Closing the semaphore is nobody's business, so waiting cannot fail; if it did, reading goes on.
                    let _held = budget.acquire_many(weight(size)).await;
                    (record, self.judge(classifier, key, now).await)
                }
            })
            .buffered(READS_AT_ONCE)
            .collect::<Vec<_>>()
            .await;

        let mut outcome = Outcome::default();
        let (mut sources, mut records) = (Vec::new(), Vec::new());
        for (source, judgement) in judgements {
            match judgement {
                Ok(Some(record)) => {
                    sources.push(source);
                    records.push(record);
                }
                Ok(None) => {}
                Err(error) => outcome.fail(source, error),
            }
        }
        let recorded = contacts.record_mail(&records, Moment::from(now)).await;
        let mut held: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for ((source, record), recorded) in sources.into_iter().zip(records).zip(recorded) {
            match recorded {
                Ok(recorded) => {
                    log(&record, &recorded);
                    let account = record.events().first().and_then(|event| event.account.clone());
                    *held.entry(account).or_default() += recorded.held().count();
                    outcome.judged.push(Judged { record, recorded });
                }
                Err(error) => outcome.fail(source, error.into()),
            }
        }
        for (account, held) in held.into_iter().filter(|(_, held)| *held > 0) {
            tracing::warn!(
                account,
                held,
                "suppressions are held: more than usual on one day; `rebound contacts held` lists them"
            );
        }
        let again = again.into_iter().map(|(record, key, _)| (record, key)).collect();
        for (record, reprocessed) in self.reprocess_all(classifier, &contacts, again, now).await {
            match reprocessed {
                Ok(Some((_, replaced))) => outcome.replaced.push(replaced),
                Ok(None) => {}
                Err(error) => outcome.fail(record, error),
            }
        }
        outcome
    }

    /// The classifier, with the rules in force.
    pub(crate) async fn classifier(&self, now: Timestamp) -> Arc<Classifier> {
        match &self.rules {
            Some(rules) => rules.classifier(now).await,
            None => Arc::clone(&self.classifier),
        }
    }

    /// The contacts, under the policy in force.
    pub(crate) async fn contacts(&self, now: Timestamp) -> Result<Repository, NoPolicy> {
        let contacts = self.contacts.clone();
        Ok(match &self.policy {
            Some(policy) => contacts.with_policy(policy.policy(now).await?),
            None => contacts,
        })
    }

    fn key_of(&self, object: &ObjectRef) -> Option<ObjectKey> {
        if object.bucket != self.archive.bucket() {
            tracing::warn!(bucket = object.bucket, "object is in another bucket; passed over");
            return None;
        }
        ObjectKey::parse(&object.key)
            .inspect_err(|_: &InvalidObjectKey| {
                tracing::warn!(key = object.key, "object is no archived message; passed over");
            })
            .ok()
    }

    /// The record of the message at `key`; `None` when it is gone.
    pub(crate) async fn judge(
        &self,
        classifier: &Arc<Classifier>,
        key: ObjectKey,
        now: Timestamp,
    ) -> Result<Option<MessageRecord>, JudgeError> {
        let message = match self.archive.read(&key, LIMITS).await {
            Err(error) if error.is_not_found() => {
                tracing::warn!(%key, "message is no longer in the archive; passed over");
                return Ok(None);
            }
            answer => answer?,
        };
        let report = classify(classifier, message.bytes.clone())
            .await
            .ok_or_else(|| JudgeError::Panicked(key.clone()))?;
        Ok(Some(MessageRecord::from_report(
            &report,
            &origin(&key, &message, &report, now),
        )))
    }
}

impl Outcome {
    /// The answer to the queue: exactly the records that must be delivered again.
    ///
    /// # Errors
    ///
    /// A failed record that came from no queue has nobody to deliver it again but the invoker, so its error is the
    /// answer.
    pub fn into_response(self, invocation: &Invocation) -> Result<SqsBatchResponse, JudgeError> {
        let mut response = SqsBatchResponse::default();
        for (index, error) in self.failed {
            match invocation.records.get(index).and_then(|record| record.id.as_deref()) {
                Some(id) => response.add_failure(id),
                None => return Err(error),
            }
        }
        Ok(response)
    }

    fn all_failed(invocation: &Invocation, no_policy: NoPolicy) -> Self {
        let mut outcome = Self::default();
        for record in 0..invocation.records.len() {
            outcome.fail(record, no_policy.into());
        }
        outcome
    }

    fn fail(&mut self, record: usize, error: JudgeError) {
        tracing::error!(record, %error, "record failed and will be delivered again");
        self.failed.entry(record).or_insert(error);
    }
}

/// Judges on a thread that may take its time; `None` when that panicked.
async fn classify(classifier: &Arc<Classifier>, message: Bytes) -> Option<Report> {
    let classifier = Arc::clone(classifier);
    tokio::task::spawn_blocking(move || classifier.classify(&message))
        .await
        .ok()
}

/// What is known of a message beside what it says.
///
/// It happened when it says it was written, but never after it was fetched: a report's own date is a claim, the time of
/// fetching is not, and the archive keeps the first one.
fn origin(key: &ObjectKey, message: &ArchivedMessage, report: &Report, now: Timestamp) -> Origin {
    let fetched_at = message.metadata.fetched_at.unwrap_or(now);
    let written_at = report
        .written_at
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    let at = written_at
        .filter(|written_at| *written_at <= fetched_at)
        .unwrap_or(fetched_at);
    Origin {
        message: key.hash(),
        at: Moment::from(at),
        account: Some(key.account().to_string()),
        list: message.metadata.list.as_ref().map(ToString::to_string),
        object_key: Some(key.to_string()),
        expires_at: None,
    }
}

/// What reading an object takes from the byte budget.
fn weight(size: Option<u64>) -> u32 {
    let read = size.unwrap_or(UNKNOWN_SIZE).min(LIMITS.head + LIMITS.tail);
    u32::try_from(read / 1024)
        .unwrap_or(BYTE_BUDGET_KIB)
        .clamp(1, BYTE_BUDGET_KIB)
}

/// One line a message, without an address.
fn log(record: &MessageRecord, recorded: &Recorded) {
    for event in record.events() {
        tracing::info!(
            message = %record.message(),
            account = event.account.as_deref(),
            category = %event.kind,
            reason = %event.reason,
            rule = event.rule.as_deref(),
            new = recorded.new,
            "message judged"
        );
    }
}
