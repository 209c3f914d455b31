//! What Lambda asks for: an answer, and what was counted.

use std::collections::BTreeSet;

use aws_lambda_events::sqs::SqsBatchResponse;
use lambda_runtime::Diagnostic;
use rebound_classify::Category;
use rebound_lambda::metrics::{Counts, Dimension, Metric};
use rebound_lambda::{Answer, Call};
use serde_json::Value;

use crate::event::{Invocation, UnknownEvent};
use crate::handler::{Function, JudgeError, Judged, Outcome};

/// Why a call failed as a whole.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It is none that the classifier knows.
    #[error(transparent)]
    Unknown(#[from] UnknownEvent),
    /// What it announces could not be judged or recorded, and it came from no queue that could be told so.
    #[error(transparent)]
    Failed(#[from] JudgeError),
}

/// Lambda shows the kind, and puts both into the record of an asynchronous call that failed for good.
impl From<CallError> for Diagnostic {
    fn from(error: CallError) -> Self {
        let error_type = match &error {
            CallError::Unknown(_) => "UnknownEvent",
            CallError::Failed(error) => error.kind(),
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

impl Function {
    /// Answers an event with exactly the records that have to be delivered again.
    ///
    /// # Errors
    ///
    /// An event that nobody knows fails, and one that came from no queue when anything in it did.
    pub async fn answer(&self, event: Value, call: &Call) -> Result<Answer<SqsBatchResponse>, CallError> {
        let invocation = Invocation::parse(event)?;
        let outcome = match call.time() {
            Some(time) => Box::pin(self.handle_within(time, &invocation, call.began_at)).await,
            None => Box::pin(self.handle(&invocation, call.began_at)).await,
        };
        let counts = outcome.counts();
        Ok(Answer {
            value: outcome.into_response(&invocation)?,
            counts,
        })
    }
}

impl Outcome {
    /// What there is to count.
    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        counts.add(Metric::Failures, count(self.failed.len()));
        for metric in [
            Metric::Messages,
            Metric::Duplicates,
            Metric::Unrecognised,
            Metric::Suppressed,
            Metric::Held,
            Metric::Unproven,
        ] {
            counts.add(metric, 0);
        }
        for Judged { record, recorded } in &self.judged {
            if !recorded.new {
                counts.add(Metric::Duplicates, 1);
                continue;
            }
            let account = record.events().first().and_then(|event| event.account.as_deref());
            let categories: BTreeSet<_> = record
                .events()
                .iter()
                .filter_map(|event| event.kind.category())
                .collect();
            let held = count(recorded.held().count());
            let unproven = count(recorded.doubted().count());
            counts.add(Metric::Messages, 1);
            counts.add(Metric::Suppressed, count(recorded.suppressed().count()));
            counts.add(Metric::Held, held);
            counts.add(Metric::Unproven, unproven);
            counts.add(
                Metric::Unrecognised,
                u64::from(categories.contains(&Category::Unrecognised)),
            );
            for category in categories {
                counts.add_by(Metric::Messages, Dimension::Category, category.as_str(), 1);
            }
            if let Some(account) = account {
                counts.add_by(Metric::Messages, Dimension::Account, account, 1);
                counts.add_by(Metric::Held, Dimension::Account, account, held);
                counts.add_by(Metric::Unproven, Dimension::Account, account, unproven);
            }
        }
        counts
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
