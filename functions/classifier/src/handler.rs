//! What the classifier does with one invocation: read, judge, record.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::SqsBatchResponse;
use bytes::Bytes;
use jiff::Timestamp;
use rebound_accounts::{KeysError, ReturnPathKeys};
use rebound_archive::{Archive, ArchiveError, ArchivedMessage, InboundError, InboundKey, ObjectKey};
use rebound_classify::{Classifier, Report};
use rebound_contacts::repository::{ChangeError, ReadError, RecordError, Recorded, Replaced, Repository};
use rebound_contacts::{MessageRecord, Moment, Origin};

use crate::authenticate::{Arrival, Authenticator, KeySources};
use crate::batch::{Announced, LIMITS};
use crate::config::{NoPolicy, UserPolicy, UserRules};
use crate::deadline::{Deadline, OutOfTime};
use crate::event::{Invocation, ObjectRef, UnknownEvent};

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
    /// Where the keys come from that show whether a message is to be believed.
    keys: KeySources,
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
    /// Nobody knows what the record announces.
    #[error(transparent)]
    Unknown(#[from] UnknownEvent),
    /// The archive did not give it.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// It waits to be archived and was not.
    #[error(transparent)]
    Inbound(#[from] InboundError),
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
    /// It is not known by which keys to tell what is forged.
    #[error("{0}: nothing is judged until they can be read, or genuine reports would be taken for forged ones")]
    Keys(#[from] KeysError),
    /// Nothing could be judged.
    #[error(transparent)]
    All(Arc<JudgeError>),
    /// Something panicked over it, which is a bug. The message stays in the archive and its record in the queue.
    #[error("the classifier panicked on {0}: please report it, with the message if it may be shared")]
    Panicked(
        /// Its key or its hash.
        String,
    ),
    /// The invocation was about to be ended. Nothing is wrong with the message.
    #[error("no time was left for {0}")]
    OutOfTime(
        /// Its key or its hash.
        String,
    ),
}

/// Where a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the archive.
    Archived(ObjectKey),
    /// In the bucket, where somebody else has put it.
    Inbound(InboundKey),
}

/// What holds for all of an invocation.
pub(crate) struct Conditions {
    /// Judges by the rules in force.
    pub(crate) classifier: Arc<Classifier>,
    /// Record under the policy in force.
    pub(crate) contacts: Repository,
    /// Says how far messages are to be believed.
    pub(crate) authenticator: Authenticator,
    /// When it began.
    pub(crate) now: Timestamp,
    /// When it has to be done.
    pub(crate) deadline: Deadline,
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
            keys: KeySources::default(),
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

    /// The same, looking for return addresses that were signed with these keys.
    #[must_use]
    pub fn with_return_path_keys(mut self, keys: ReturnPathKeys) -> Self {
        self.keys.return_paths = Some(keys);
        self
    }

    /// Does all of an invocation's records. `now` stands in for messages whose archive metadata lacks the time they were
    /// fetched at.
    ///
    /// One record's failure never touches another. Objects that are no archived messages, or are gone, are passed over
    /// with a line in the log: delivering their records again would not bring them back.
    pub async fn handle(&self, invocation: &Invocation, now: Timestamp) -> Outcome {
        self.handle_until(Deadline::NONE, invocation, now).await
    }

    /// The same for an invocation that is ended so long from now: what there is no time for fails.
    pub async fn handle_within(&self, time: Duration, invocation: &Invocation, now: Timestamp) -> Outcome {
        self.handle_until(Deadline::after(time), invocation, now).await
    }

    async fn handle_until(&self, deadline: Deadline, invocation: &Invocation, now: Timestamp) -> Outcome {
        let conditions = match deadline.reading(Box::pin(self.conditions(now, deadline))).await {
            Ok(Ok(conditions)) => conditions,
            Ok(Err(error)) => return Outcome::none_judged(invocation, error),
            Err(OutOfTime) => return Outcome::none_judged(invocation, JudgeError::OutOfTime("any message".to_owned())),
        };
        let mut outcome = Outcome::default();
        let (mut new, mut again) = (Vec::new(), Vec::new());
        for (nth, record) in invocation.records.iter().enumerate() {
            if let Some(unknown) = &record.unknown {
                outcome.fail(nth, unknown.clone().into());
            }
            for object in &record.objects {
                match self.place_of(object) {
                    Some(Place::Archived(key)) if record.again => again.push((nth, key)),
                    Some(place) if !record.again => new.push(Announced {
                        record: nth,
                        place,
                        size: object.size,
                    }),
                    _ => tracing::warn!(
                        bucket = object.bucket,
                        key = object.key,
                        "object is no archived message; passed over"
                    ),
                }
            }
        }
        for (record, judged) in Box::pin(self.judge_and_record(new, &conditions)).await {
            match judged {
                Ok(judged) => outcome.judged.extend(judged),
                Err(error) => outcome.fail(record, error),
            }
        }
        for (record, reprocessed) in Box::pin(self.reprocess_all(again, &conditions)).await {
            match reprocessed {
                Ok(Some((_, replaced))) => outcome.replaced.push(replaced),
                Ok(None) => {}
                Err(error) => outcome.fail(record, error),
            }
        }
        outcome.log();
        outcome
    }

    /// What is in force at `now`.
    pub(crate) async fn conditions(&self, now: Timestamp, deadline: Deadline) -> Result<Conditions, JudgeError> {
        let (classifier, contacts, authenticator) = futures::join!(
            self.classifier(now),
            self.contacts(now),
            Authenticator::new(self.keys.clone(), now)
        );
        Ok(Conditions {
            classifier,
            contacts: contacts?,
            authenticator: authenticator?,
            now,
            deadline,
        })
    }

    /// The classifier, with the rules in force.
    async fn classifier(&self, now: Timestamp) -> Arc<Classifier> {
        match &self.rules {
            Some(rules) => rules.classifier(now).await,
            None => Arc::clone(&self.classifier),
        }
    }

    /// The contacts, under the policy in force.
    async fn contacts(&self, now: Timestamp) -> Result<Repository, NoPolicy> {
        let contacts = self.contacts.clone();
        Ok(match &self.policy {
            Some(policy) => contacts.with_policy(policy.policy(now).await?),
            None => contacts,
        })
    }

    fn place_of(&self, object: &ObjectRef) -> Option<Place> {
        if object.bucket != self.archive.bucket() {
            return None;
        }
        match ObjectKey::parse(&object.key) {
            Ok(key) => Some(Place::Archived(key)),
            Err(_) => InboundKey::parse(&object.key).map(Place::Inbound),
        }
    }

    /// The record of the message at `place`; `None` when it is gone. One that waits to be archived is archived first, and
    /// then judged as what the archive says it is, so that it does not matter how often it is announced, and as what.
    pub(crate) async fn judge_at(
        &self,
        place: &Place,
        conditions: &Conditions,
    ) -> Result<Option<MessageRecord>, JudgeError> {
        let key = match place {
            Place::Archived(key) => key.clone(),
            Place::Inbound(inbound) => match self.archive.take_in(inbound, conditions.now).await {
                Err(error) if error.is_not_found() => {
                    tracing::warn!(key = %inbound, "message is no longer in the bucket; passed over");
                    return Ok(None);
                }
                stored => stored?.key,
            },
        };
        self.judge(key, conditions).await
    }

    /// The record of the message at `key`; `None` when it is gone.
    pub(crate) async fn judge(
        &self,
        key: ObjectKey,
        conditions: &Conditions,
    ) -> Result<Option<MessageRecord>, JudgeError> {
        let message = match self.archive.read(&key, LIMITS).await {
            Err(error) if error.is_not_found() => {
                tracing::warn!(%key, "message is no longer in the archive; passed over");
                return Ok(None);
            }
            answer => answer?,
        };
        let report = classify(&conditions.classifier, message.bytes.clone())
            .await
            .ok_or_else(|| JudgeError::Panicked(key.to_string()))?;
        let arrival = Arrival {
            message: &message,
            account: key.account().as_str(),
            report: &report,
        };
        let findings = conditions
            .authenticator
            .findings(arrival, &conditions.classifier, &conditions.contacts)
            .await?;
        let origin = origin(&key, &message, &report, conditions.now);
        Ok(Some(MessageRecord::from_report(&report, &origin, &findings)))
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

    /// No record of an invocation could be done, for the same reason.
    fn none_judged(invocation: &Invocation, error: JudgeError) -> Self {
        tracing::error!(records = invocation.records.len(), %error, error.kind = error.kind(), "nothing was judged");
        let error = Arc::new(error);
        let again = |record| (record, JudgeError::All(Arc::clone(&error)));
        Self {
            failed: (0..invocation.records.len()).map(again).collect(),
            ..Self::default()
        }
    }

    fn fail(&mut self, record: usize, error: JudgeError) {
        self.failed.entry(record).or_insert(error);
    }

    /// What a person should know, once.
    fn log(&self) {
        let mut out_of_time = 0_usize;
        for (record, error) in &self.failed {
            match error {
                JudgeError::OutOfTime(_) => out_of_time += 1,
                error => tracing::error!(
                    record,
                    %error,
                    error.kind = error.kind(),
                    "record failed and will be delivered again"
                ),
            }
        }
        if out_of_time > 0 {
            tracing::warn!(
                records = out_of_time,
                "time is up; the rest will be delivered again: a longer timeout or smaller batches would help"
            );
        }
        let mut held: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        let mut servers: BTreeMap<&str, usize> = BTreeMap::new();
        for Judged { record, recorded } in &self.judged {
            let account = record.events().first().and_then(|event| event.account.as_deref());
            *held.entry(account).or_default() += recorded.held().count();
            for server in unproven_servers(record, recorded) {
                *servers.entry(server).or_default() += 1;
            }
        }
        for (account, held) in held.into_iter().filter(|(_, held)| *held > 0) {
            tracing::warn!(
                account,
                held,
                "suppressions are held: more than usual on one day; `rebound contacts held` lists them"
            );
        }
        // The one that matters: an old mailbox is held as a whole, with hundreds of servers in it.
        if let Some((server, held)) = servers.into_iter().max_by_key(|(_, held)| *held) {
            tracing::warn!(
                server,
                held,
                "one server's unproven word is held, more than any other's; if it is your own, put it into \
                 `own_servers` of the policy, else its reports may be forged"
            );
        }
    }
}

/// Who handed over what is held and not proven.
fn unproven_servers<'r>(record: &'r MessageRecord, recorded: &Recorded) -> impl Iterator<Item = &'r str> {
    recorded.held().filter_map(|(address, _)| {
        let mut events = record.events().iter();
        let event = events.find(|event| event.address.as_ref() == Some(address))?;
        let is_claim = event.authenticity.is_some_and(|authenticity| !authenticity.is_proof());
        event.server.as_deref().filter(|_| is_claim)
    })
}

impl JudgeError {
    /// What kind of trouble it is, as a stable name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "UnknownEvent",
            Self::Archive(_) => "ArchiveError",
            Self::Inbound(_) => "InboundError",
            Self::Record(_) => "RecordError",
            Self::Read(_) => "ReadError",
            Self::Change(_) => "ChangeError",
            Self::Policy(_) => "NoPolicy",
            Self::Keys(_) => "NoKeys",
            Self::All(error) => error.kind(),
            Self::Panicked(_) => "Panicked",
            Self::OutOfTime(_) => "OutOfTime",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archived(key) => key.fmt(f),
            Self::Inbound(key) => key.fmt(f),
        }
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
/// It happened when it says it was written, but never after it was fetched, nor on another day than it arrived: a report's
/// own date is a claim, with which one forger would pass for two on different days. What our server wrote on its arrival
/// is none, nor is the time of fetching, of which the archive keeps the first.
fn origin(key: &ObjectKey, message: &ArchivedMessage, report: &Report, now: Timestamp) -> Origin {
    let fetched_at = Moment::from(message.metadata.fetched_at.unwrap_or(now));
    let not_later = |seconds: Option<i64>| {
        let moment = Moment::from(Timestamp::from_second(seconds?).ok()?);
        (moment <= fetched_at).then_some(moment)
    };
    let arrived_at = not_later(report.provenance.arrived_at);
    let written_at = not_later(report.written_at)
        .filter(|written_at| arrived_at.is_none_or(|arrived_at| arrived_at.day() == written_at.day()));
    Origin {
        message: key.hash(),
        at: written_at.or(arrived_at).unwrap_or(fetched_at),
        account: Some(key.account().to_string()),
        list: message.metadata.list.as_ref().map(ToString::to_string),
        object_key: Some(key.to_string()),
        expires_at: None,
        server: report.provenance.server.clone(),
    }
}
