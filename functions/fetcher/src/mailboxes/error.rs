//! What can go wrong with the table.

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rebound_accounts::AccountName;

/// Why the table `mailboxes` was not read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailboxesError {
    /// Another run reads the mailbox by now: this one must not touch it any more.
    #[error("the mailbox of account {0} has been taken over by another run")]
    LeaseLost(AccountName),
    /// DynamoDB refused, or could not be reached.
    #[error("could not {action} what is remembered of mailbox {key}: {reason}")]
    Refused {
        /// What was asked: `read`, `save`.
        action: &'static str,
        /// Of which item.
        key: String,
        /// Its words, or what happened on the way.
        reason: String,
        /// Whether the same may succeed later.
        retryable: bool,
    },
    /// An item is not as this version writes it.
    #[error(
        "the attribute `{attribute}` of mailbox {account} is {trouble}; delete the item to read the mailbox from its \
         beginning (nothing is archived twice), or update this program"
    )]
    Damaged {
        /// Whose item.
        account: AccountName,
        /// Which attribute.
        attribute: &'static str,
        /// What is wrong with it.
        trouble: String,
    },
}

impl MailboxesError {
    /// Whether trying again later may succeed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::LeaseLost(_) => true,
            Self::Refused { retryable, .. } => *retryable,
            Self::Damaged { .. } => false,
        }
    }

    pub(super) fn refused<E>(action: &'static str, key: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let (reason, retryable) = match error {
            // The service's own sentence says it; the context around it is the SDK's.
            SdkError::ServiceError(context) => (
                DisplayErrorContext(context.err()).to_string(),
                context.raw().status().is_server_error() || context.err().code().is_some_and(is_transient),
            ),
            other => (
                DisplayErrorContext(other).to_string(),
                !matches!(other, SdkError::ConstructionFailure(_)),
            ),
        };
        Self::Refused {
            action,
            key: key.to_owned(),
            reason,
            retryable,
        }
    }
}

/// Codes for what goes away by itself, beside every status of 500 and above.
fn is_transient(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "TransactionConflictException"
            | "TransactionCanceledException"
            | "TransactionInProgressException"
    )
}
