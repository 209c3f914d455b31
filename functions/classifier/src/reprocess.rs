//! Archived messages judged again: under other rules, or by a newer version.

use futures::StreamExt;
use futures::stream;
use jiff::Timestamp;
use rebound_archive::ObjectKey;
use rebound_contacts::repository::{EventChange, Replaced, Repository};
use rebound_contacts::{MessageRecord, Moment};

use crate::deadline::{Deadline, OutOfTime};
use crate::handler::{Conditions, Function, JudgeError};
use crate::isolate::{Panicked, isolated};

/// Messages judged again at a time: reading them waits, judging them keeps the cores busy.
const AT_ONCE: usize = 8;

/// A message, judged again. Nothing of it is written.
#[derive(Clone, Debug)]
pub struct Rejudged {
    /// Where it lies.
    pub key: ObjectKey,
    /// What it says now.
    pub record: MessageRecord,
    /// What of that is not recorded so.
    pub changes: Vec<EventChange>,
    /// Whether nothing was recorded of it yet: it waits for its first judgement.
    pub is_new: bool,
}

impl Function {
    /// Judges an archived message again and compares with what is recorded of it; `None` when it is gone. `now` is as
    /// for [`Function::handle`].
    pub async fn rejudge(&self, key: &ObjectKey, now: Timestamp) -> Result<Option<Rejudged>, JudgeError> {
        let conditions = Box::pin(self.conditions(now, Deadline::NONE)).await?;
        self.judge_again(&conditions, &conditions.contacts, key).await
    }

    /// The same, and puts what it says now in the place of what is recorded. The message's time, account and list stay
    /// as they were recorded first. A message that was never judged is recorded as one that arrives.
    pub async fn reprocess(&self, key: &ObjectKey, now: Timestamp) -> Result<Option<(Rejudged, Replaced)>, JudgeError> {
        let conditions = Box::pin(self.conditions(now, Deadline::NONE)).await?;
        self.replace(&conditions, &conditions.contacts, key).await
    }

    /// Does this with messages of an invocation's records.
    pub(crate) async fn reprocess_all(
        &self,
        keys: Vec<(usize, ObjectKey)>,
        conditions: &Conditions,
    ) -> Vec<(usize, Result<Option<(Rejudged, Replaced)>, JudgeError>)> {
        stream::iter(keys)
            .map(|(record, key)| async move { (record, self.replace_within(&key, conditions).await) })
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    /// Does it in the time that is left. What is cut off half-way is done again from the beginning.
    async fn replace_within(
        &self,
        key: &ObjectKey,
        conditions: &Conditions,
    ) -> Result<Option<(Rejudged, Replaced)>, JudgeError> {
        let deadline = conditions.deadline;
        let contacts = conditions.contacts.clone().with_patience(deadline.patience());
        let replacing = isolated(Box::pin(self.replace(conditions, &contacts, key)));
        match deadline.reading(replacing).await {
            Ok(Ok(replaced)) => replaced,
            Ok(Err(Panicked)) => Err(JudgeError::Panicked(key.to_string())),
            Err(OutOfTime) => Err(JudgeError::OutOfTime(key.to_string())),
        }
    }

    async fn judge_again(
        &self,
        conditions: &Conditions,
        contacts: &Repository,
        key: &ObjectKey,
    ) -> Result<Option<Rejudged>, JudgeError> {
        let Some(record) = self.judge(key.clone(), conditions).await? else {
            return Ok(None);
        };
        let changes = contacts.difference(&record).await?;
        let is_new = !contacts.message_recorded(record.message()).await?;
        Ok(Some(Rejudged {
            key: key.clone(),
            record,
            changes,
            is_new,
        }))
    }

    async fn replace(
        &self,
        conditions: &Conditions,
        contacts: &Repository,
        key: &ObjectKey,
    ) -> Result<Option<(Rejudged, Replaced)>, JudgeError> {
        let Some(rejudged) = self.judge_again(conditions, contacts, key).await? else {
            return Ok(None);
        };
        let mut replaced = Replaced::default();
        if rejudged.is_new {
            let records = std::slice::from_ref(&rejudged.record);
            for recorded in contacts.record_mail(records, Moment::from(conditions.now)).await {
                recorded?;
            }
            replaced.changes.clone_from(&rejudged.changes);
        } else if !rejudged.changes.is_empty() {
            replaced = contacts.replace(&rejudged.record).await?;
            tracing::info!(
                message = %rejudged.record.message(),
                events = replaced.changes.len(),
                kept = replaced.kept.len(),
                "message judged again"
            );
        }
        Ok(Some((rejudged, replaced)))
    }
}
