//! What the fetcher is asked to do.

use std::fmt;

use aws_lambda_events::sqs::SqsEvent;
use rebound_accounts::AccountName;
use serde_json::{Map, Value};

/// The `detail-type` of what EventBridge Scheduler and EventBridge rules send on a schedule.
const SCHEDULED: &str = "Scheduled Event";

/// What the fetcher is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchRequest {
    /// Queue one job for each enabled account: a schedule's event.
    Schedule,
    /// Do what these jobs of the fetcher's own queue say.
    Jobs(Vec<Job>),
    /// Fetch new mail: `{"fetch": "NAME"}`.
    Fetch(AccountName),
    /// Say whether the account can be opened, and else what is wrong: `{"test": "NAME"}`.
    Test(AccountName),
    /// List the account's folders: `{"folders": "NAME"}`.
    Folders(AccountName),
    /// Say what a fetch would do, and do nothing: `{"preview": "NAME"}`.
    Preview(AccountName),
}

/// One message of the fetcher's queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What the queue calls it, for the answer that names the failed ones.
    pub message_id: String,
    /// What it says; a body that says nothing sensible fails alone.
    pub request: Result<AccountName, InvalidRequest>,
}

impl FetchRequest {
    /// Reads an event: a schedule's, a batch of the queue, or a request made by hand.
    pub fn parse(event: Value) -> Result<Self, InvalidRequest> {
        let Value::Object(event) = event else {
            return Err(InvalidRequest::NoObject);
        };
        if event.get("detail-type").and_then(Value::as_str) == Some(SCHEDULED) {
            return Ok(Self::Schedule);
        }
        if event.contains_key("Records") {
            let batch: SqsEvent = serde_json::from_value(Value::Object(event))
                .map_err(|error| InvalidRequest::Batch(error.to_string()))?;
            return Ok(Self::Jobs(batch.records.into_iter().map(Job::from_record).collect()));
        }
        Self::parse_direct(&event)
    }

    fn parse_direct(event: &Map<String, Value>) -> Result<Self, InvalidRequest> {
        let mut entries = event.iter();
        let (Some((verb, name)), None) = (entries.next(), entries.next()) else {
            return Err(InvalidRequest::Unknown);
        };
        let make = match verb.as_str() {
            "fetch" => Self::Fetch,
            "test" => Self::Test,
            "folders" => Self::Folders,
            "preview" => Self::Preview,
            _ => return Err(InvalidRequest::Unknown),
        };
        let name = name.as_str().ok_or(InvalidRequest::Unknown)?;
        let name = name
            .parse()
            .map_err(|error: rebound_accounts::InvalidName| InvalidRequest::Account(error.to_string()))?;
        Ok(make(name))
    }
}

impl Job {
    fn from_record(record: aws_lambda_events::sqs::SqsMessage) -> Self {
        let body: Result<Value, _> = serde_json::from_str(record.body.as_deref().unwrap_or_default());
        let request = match body {
            Ok(Value::Object(body)) => match FetchRequest::parse_direct(&body) {
                Ok(FetchRequest::Fetch(account)) => Ok(account),
                Ok(_) => Err(InvalidRequest::Unknown),
                Err(error) => Err(error),
            },
            Ok(_) | Err(_) => Err(InvalidRequest::NoObject),
        };
        Self {
            message_id: record.message_id.unwrap_or_default(),
            request,
        }
    }
}

impl fmt::Display for FetchRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schedule => f.write_str("queue a fetch of every account"),
            Self::Jobs(jobs) => write!(f, "work off {} queued jobs", jobs.len()),
            Self::Fetch(account) => write!(f, "fetch account {account}"),
            Self::Test(account) => write!(f, "test account {account}"),
            Self::Folders(account) => write!(f, "list the folders of account {account}"),
            Self::Preview(account) => write!(f, "preview account {account}"),
        }
    }
}

/// An event that asks for nothing the fetcher knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// Not a JSON object.
    #[error("the event is no JSON object: {EXPECTED}")]
    NoObject,
    /// Not a batch of a queue's messages, although it looks like one.
    #[error("the event has records, but is no batch from SQS: {0}")]
    Batch(String),
    /// No account can be called so.
    #[error("{0}")]
    Account(String),
    /// Something else.
    #[error("the event asks for nothing that the fetcher does: {EXPECTED}")]
    Unknown,
}

const EXPECTED: &str = "send a scheduled event, a batch from the fetcher's queue, or one of {\"fetch\": NAME}, \
                        {\"test\": NAME}, {\"folders\": NAME}, {\"preview\": NAME}";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn name() -> AccountName {
        "news".parse().unwrap()
    }

    #[test]
    fn every_kind_of_event_is_understood() {
        for (event, request) in [
            (
                json!({"version": "0", "id": "7", "detail-type": "Scheduled Event", "source": "aws.scheduler",
                       "time": "2026-11-21T20:00:00Z", "region": "eu-central-1", "resources": [], "detail": "{}"}),
                FetchRequest::Schedule,
            ),
            (json!({"fetch": "news"}), FetchRequest::Fetch(name())),
            (json!({"test": "news"}), FetchRequest::Test(name())),
            (json!({"folders": "news"}), FetchRequest::Folders(name())),
            (json!({"preview": "news"}), FetchRequest::Preview(name())),
        ] {
            assert_eq!(FetchRequest::parse(event), Ok(request));
        }
    }

    #[test]
    fn a_bad_job_of_a_batch_fails_alone() {
        let record = |id: &str, body: &str| json!({"messageId": id, "body": body, "eventSource": "aws:sqs"});
        let batch = json!({"Records": [
            record("1", "{\"fetch\": \"news\"}"),
            record("2", "{\"fetch\": \"../news\"}"),
            record("3", "{\"test\": \"news\"}"),
            record("4", "fetch news"),
        ]});
        let Ok(FetchRequest::Jobs(jobs)) = FetchRequest::parse(batch) else {
            panic!("a batch of jobs")
        };
        let jobs: Vec<_> = jobs
            .iter()
            .map(|job| (job.message_id.as_str(), job.request.as_ref().ok()))
            .collect();
        assert_eq!(jobs, [("1", Some(&name())), ("2", None), ("3", None), ("4", None)]);
    }

    #[test]
    fn anything_else_is_refused() {
        for event in [
            json!(null),
            json!([]),
            json!({}),
            json!({"fetch": 7}),
            json!({"fetch": "No Name"}),
            json!({"fetch": "news", "test": "news"}),
            json!({"delete": "news"}),
            json!({"Records": 7}),
            json!({"detail-type": "Object Created"}),
        ] {
            assert!(FetchRequest::parse(event.clone()).is_err(), "{event}");
        }
    }
}
