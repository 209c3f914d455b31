//! The requests, as the API reference of SQS describes them.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::MAX_BATCH;
use super::attributes::MessageAttributes;
use super::error::{Refusal, Result};

/// A request about one message.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry<T> {
    pub(super) queue_url: String,
    #[serde(flatten)]
    pub(super) entry: T,
}

/// The same about several at once.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<T> {
    pub(super) queue_url: String,
    pub(super) entries: Vec<BatchEntry<T>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchEntry<T> {
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) entry: T,
}

impl<T> Batch<T> {
    /// One to ten entries, each with a name of its own.
    pub(super) fn check(&self) -> Result<()> {
        let names: HashSet<&str> = self.entries.iter().map(|entry| entry.id.as_str()).collect();
        let (message, code, older) = match self.entries.len() {
            0 => (
                "a batch takes at least one entry",
                "EmptyBatchRequest",
                "AWS.SimpleQueueService.EmptyBatchRequest",
            ),
            many if many > MAX_BATCH => (
                "a batch takes at most ten entries",
                "TooManyEntriesInBatchRequest",
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            ),
            many if many > names.len() => (
                "two entries of the batch have the same Id",
                "BatchEntryIdsNotDistinct",
                "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            ),
            _ => return Ok(()),
        };
        Err(Refusal::wrong_batch(message, code, older))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Send {
    pub(super) message_body: String,
    #[serde(default)]
    pub(super) delay_seconds: u32,
    pub(super) message_attributes: Option<MessageAttributes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Receive {
    pub(super) queue_url: String,
    pub(super) max_number_of_messages: Option<usize>,
    pub(super) visibility_timeout: Option<u32>,
    #[serde(default)]
    pub(super) wait_time_seconds: u32,
    /// The older name of the next.
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    pub(super) message_attribute_names: Vec<String>,
}

impl Receive {
    /// Whether to say this about a message.
    pub(super) fn wants(&self, name: &str) -> bool {
        let asked = self.attribute_names.iter().chain(&self.message_system_attribute_names);
        asked.into_iter().any(|asked| asked == "All" || asked == name)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delete {
    pub(super) receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeVisibility {
    pub(super) receipt_handle: String,
    #[serde(default)]
    pub(super) visibility_timeout: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WhichQueue {
    pub(super) queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueAttributes {
    pub(super) queue_url: String,
    #[serde(default)]
    pub(super) attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NamedQueue {
    pub(super) queue_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues {
    #[serde(default)]
    pub(super) queue_name_prefix: String,
}

/// Why an entry of a batch was refused.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Failed {
    pub(super) id: String,
    pub(super) sender_fault: bool,
    pub(super) code: &'static str,
    pub(super) message: String,
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::invalid(format!("the request is not what the API describes: {error}")))
}
