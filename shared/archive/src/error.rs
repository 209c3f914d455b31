//! What can go wrong with the archive.

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;

use crate::ObjectKey;

/// Codes that S3 gives for what goes away by itself, beside every status of 500 and above. `BadDigest` and its kin say
/// that the bytes were damaged on the way.
const RETRYABLE_CODES: [&str; 8] = [
    "BadDigest",
    "ConditionalRequestConflict",
    "IncompleteBody",
    "OperationAborted",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "XAmzContentSHA256Mismatch",
];

/// Why a message was not stored or not read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is no such object.
    #[error("{key} is not in the archive")]
    NotFound {
        /// The object's key.
        key: ObjectKey,
    },
    /// The object's bytes are not those that its key names: the object was damaged or replaced.
    #[error("{key} is damaged: its bytes have another SHA-256 than its key says; fetch that message again")]
    Damaged {
        /// The object's key.
        key: ObjectKey,
    },
    /// S3 refused, or could not be reached.
    #[error("{key} could not be {}: {reason}", operation.participle())]
    Refused {
        /// The object's key.
        key: ObjectKey,
        /// What was asked of S3.
        operation: Operation,
        /// S3's code and words, or what happened on the way.
        reason: String,
        /// Whether the same request may succeed later.
        retryable: bool,
        /// The SDK's error.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// What was asked of the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Storing a message.
    Store,
    /// Reading a message.
    Read,
}

impl ArchiveError {
    /// Whether trying again later may help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NotFound { .. } | Self::Damaged { .. } => false,
            Self::Refused { retryable, .. } => *retryable,
        }
    }

    /// Whether the object is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    pub(crate) fn from_sdk<E>(key: &ObjectKey, operation: Operation, error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let status = status(&error);
        let code = error.code().unwrap_or_default();
        if operation == Operation::Read && (code == "NoSuchKey" || status == Some(404) && code != "NoSuchBucket") {
            return Self::NotFound { key: key.clone() };
        }
        let answered = matches!(error, SdkError::ServiceError(_));
        let retryable = match status {
            Some(status) if answered => status >= 500 || status == 429 || RETRYABLE_CODES.contains(&code),
            _ => !matches!(error, SdkError::ConstructionFailure(_)),
        };
        Self::Refused {
            key: key.clone(),
            operation,
            reason: reason(&error),
            retryable,
            source: Box::new(error),
        }
    }
}

impl Operation {
    fn participle(self) -> &'static str {
        match self {
            Self::Store => "stored",
            Self::Read => "read",
        }
    }
}

/// The HTTP status of S3's answer, if there was an answer. The SDK does not always turn it into a typed error.
pub(crate) fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(HttpResponse::status).map(StatusCode::as_u16)
}

/// S3's code and words, or what happened on the way.
pub(crate) fn reason<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => {
            let status = status(error).map(|status| format!("status {status}: "));
            status.unwrap_or_default() + &chain(error)
        }
    }
}

/// An error and its causes, from the outside in; the SDK's outermost error says next to nothing.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
