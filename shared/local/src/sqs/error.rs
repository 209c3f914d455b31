//! How SQS says no.

use serde_json::{Value, json};

use super::wire::Failed;
use crate::error::StoreError;

pub(super) type Result<T> = std::result::Result<T, Refusal>;

/// An answer that says no. Older SDKs know errors by another name, which goes into a header.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    code: &'static str,
    older_code: &'static str,
    message: String,
}

impl Refusal {
    fn new(code: &'static str, older_code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code,
            older_code,
            message: message.into(),
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValueException", "InvalidParameterValue", message)
    }

    pub(super) fn unsupported(operation: &str) -> Self {
        Self::new(
            "UnsupportedOperation",
            "AWS.SimpleQueueService.UnsupportedOperation",
            format!("{operation} is not supported here"),
        )
    }

    pub(super) fn no_such_queue() -> Self {
        Self::new(
            "QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue",
            "the queues here are `fetch` and `classify`; no others can be made",
        )
    }

    pub(super) fn no_receipt() -> Self {
        Self::new(
            "ReceiptHandleIsInvalid",
            "ReceiptHandleIsInvalid",
            "the receipt handle is none of this queue",
        )
    }

    pub(super) fn not_in_flight() -> Self {
        Self::new(
            "MessageNotInflight",
            "AWS.SimpleQueueService.MessageNotInflight",
            "the message is not hidden by this receipt: it came back, or is done",
        )
    }

    pub(super) fn batch_too_long() -> Self {
        Self::new(
            "BatchRequestTooLong",
            "AWS.SimpleQueueService.BatchRequestTooLong",
            "the messages of a batch take together no more than one message may",
        )
    }

    pub(super) fn wrong_batch(message: &'static str, code: &'static str, older_code: &'static str) -> Self {
        Self::new(code, older_code, message)
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self {
            status: 500,
            ..Self::new("InternalFailure", "InternalFailure", message)
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({"__type": format!("com.amazonaws.sqs#{}", self.code), "message": self.message})
    }

    /// For the header `x-amzn-query-error`.
    pub(crate) fn query_error(&self) -> String {
        let fault = if self.status < 500 { "Sender" } else { "Receiver" };
        format!("{};{fault}", self.older_code)
    }

    /// As the answer about one entry of a batch.
    pub(super) fn about(self, id: String) -> Failed {
        Failed {
            id,
            sender_fault: self.status < 500,
            code: self.older_code,
            message: self.message,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::internal(error.to_string())
    }
}
