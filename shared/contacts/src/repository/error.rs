//! What can go wrong with DynamoDB.

use aws_sdk_dynamodb::error::{BuildError, DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rebound_message::MessageHash;

use super::history::Incomplete;
use crate::address::ContactAddress;

/// A message that was not recorded. Nothing of it was counted, unless it names more contacts than fit into one
/// transaction; then recording it again counts exactly what is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message {message} was not recorded: {failure}")]
pub struct RecordError {
    /// Which message.
    pub message: MessageHash,
    /// Why not.
    #[source]
    pub failure: Failure,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not read {what}: {failure}")]
pub struct ReadError {
    /// What was to be read.
    pub what: String,
    /// Why not.
    #[source]
    pub failure: Failure,
}

/// A history that was not changed. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// DynamoDB did not take it.
    #[error("{what} could not be changed: {failure}")]
    Failed {
        /// What was to be changed.
        what: String,
        /// Why it was not.
        #[source]
        failure: Failure,
    },
    /// There is no such event.
    #[error("message {message} says nothing about {address}: see which messages do with `rebound contacts show`")]
    UnknownEvent {
        /// Who it was to be about.
        address: ContactAddress,
        /// Which message.
        message: MessageHash,
    },
    /// What was to be discarded is the ruling that discards another event.
    #[error("{message} is itself the ruling that an event is discarded, which is final")]
    Final {
        /// The ruling.
        message: MessageHash,
    },
    /// What is left of the contact's history is not all that it was made of.
    #[error("{address} is kept as it is: {missing}; `rebound contacts reactivate` can free it by hand")]
    Incomplete {
        /// Whose history.
        address: ContactAddress,
        /// What is missing.
        missing: Incomplete,
    },
}

/// Why a request to DynamoDB came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Others changed the same contacts all the time.
    #[error("other writers kept changing the same contacts through {attempts} attempts; try again")]
    Contended {
        /// How often it was tried.
        attempts: u32,
    },
    /// Throttled, unreachable or ill, and still so after some time.
    #[error("DynamoDB did not answer well through {attempts} attempts, the last time: {reason}; try again")]
    Unavailable {
        /// How often it was tried.
        attempts: u32,
        /// The last answer.
        reason: String,
    },
    /// The request itself was turned down; the same request will be turned down again.
    #[error("DynamoDB refused: {reason}")]
    Refused {
        /// Its words.
        reason: String,
    },
    /// An item is not as this version writes it.
    #[error(transparent)]
    Damaged(#[from] DamagedItem),
    /// An item of the sent ledger is not as its senders should write it.
    #[error("the attribute `{attribute}` of {message_id:?} is {trouble}; docs/sent-ledger.md says how it is written")]
    Miswritten {
        /// Its partition key.
        message_id: String,
        /// Which attribute.
        attribute: &'static str,
        /// What is wrong with it.
        trouble: String,
    },
}

/// An item that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the attribute `{attribute}` of item {key:?} is {trouble}; rebuild the contact, or update this program")]
pub struct DamagedItem {
    /// Its partition key.
    pub key: String,
    /// Which attribute.
    pub attribute: &'static str,
    /// What is wrong with it.
    pub trouble: String,
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        Self::Refused {
            reason: error.to_string(),
        }
    }
}

impl RecordError {
    /// Whether trying again later may succeed.
    pub const fn is_retryable(&self) -> bool {
        self.failure.is_retryable()
    }
}

impl ChangeError {
    /// Whether trying again later may succeed.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Failed { failure, .. } if failure.is_retryable())
    }
}

impl ReadError {
    /// Whether trying again later may succeed.
    pub const fn is_retryable(&self) -> bool {
        self.failure.is_retryable()
    }
}

impl Failure {
    /// Whether trying again later may succeed.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Contended { .. } | Self::Unavailable { .. })
    }
}

/// Whether a failed request is worth sending again as it is.
pub(super) fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(context) => {
            context.raw().status().as_u16() >= 500 || context.err().code().is_some_and(is_transient_code)
        }
        _ => false,
    }
}

/// Of a service error or of a cancellation reason.
pub(super) fn is_transient_code(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException"
            | "ThrottlingError"
            | "ProvisionedThroughputExceededException"
            | "ProvisionedThroughputExceeded"
            | "RequestLimitExceeded"
            | "InternalServerError"
            | "ServiceUnavailable"
            | "TransactionInProgressException"
            | "ReplicatedWriteConflictException"
    )
}

/// An SDK error with everything below it.
pub(super) fn reason<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: std::error::Error + 'static,
{
    match error {
        // The service's own sentence says it; the context around it is the SDK's.
        SdkError::ServiceError(context) => DisplayErrorContext(context.err()).to_string(),
        other => DisplayErrorContext(other).to_string(),
    }
}
