//! What can go wrong with the documents of accounts.

use std::error::Error;
use std::fmt;

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::{AccountName, InvalidAccount};

/// Codes of what goes away by itself, beside every status of 500 and above.
const RETRYABLE_CODES: [&str; 3] = ["InternalServiceError", "ThrottlingException", "RequestTimeout"];

/// Why the document of an account was not read or written. Holds no part of it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such account.
    #[error("there is no account called {account}")]
    NotFound {
        /// What was asked for.
        account: AccountName,
    },
    /// There is such an account already.
    #[error("there is an account called {account} already")]
    Exists {
        /// What it is called.
        account: AccountName,
    },
    /// The document sets up no account.
    #[error(transparent)]
    Invalid(#[from] InvalidAccount),
    /// The secret holds bytes instead of text.
    #[error("the secret of account {account} is binary; store the settings as text, in TOML or JSON")]
    Binary {
        /// Whose secret it is.
        account: AccountName,
    },
    /// Secrets Manager refused, or could not be reached.
    #[error("{}: {reason}", what(*operation, account.as_ref()))]
    Refused {
        /// Whose secret it was about; `None` for the list of all.
        account: Option<AccountName>,
        /// What was asked of Secrets Manager.
        operation: Operation,
        /// Its code and words, or what happened on the way.
        reason: String,
        /// Whether the same request may succeed later.
        retryable: bool,
        /// Whether nobody here is allowed to.
        denied: bool,
    },
}

/// What was asked of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Listing all accounts.
    List,
    /// Reading the document of one.
    Read,
    /// Storing a new one.
    Create,
    /// Storing a changed one.
    Replace,
    /// Removing one.
    Remove,
}

impl StoreError {
    /// Whether trying again later may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Refused { retryable: true, .. })
    }

    /// Whether there is no such account.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether this deployment may not do that at all.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Refused { denied: true, .. })
    }

    pub(super) fn from_sdk<E>(
        account: Option<&AccountName>,
        operation: Operation,
        error: &SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let code = error.code().unwrap_or_default();
        match (code, account) {
            ("ResourceNotFoundException", Some(account)) => {
                return Self::NotFound {
                    account: account.clone(),
                };
            }
            ("ResourceExistsException", Some(account)) => {
                return Self::Exists {
                    account: account.clone(),
                };
            }
            _ => {}
        }
        let Trouble {
            reason,
            retryable,
            denied,
        } = Trouble::of(error);
        Self::Refused {
            account: account.cloned(),
            operation,
            reason,
            retryable,
            denied,
        }
    }
}

/// What an error of Secrets Manager comes down to.
pub(crate) struct Trouble {
    /// Its code and words, or what happened on the way.
    pub(crate) reason: String,
    /// Whether the same request may succeed later.
    pub(crate) retryable: bool,
    /// Whether nobody here is allowed to.
    pub(crate) denied: bool,
}

impl Trouble {
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let code = error.code().unwrap_or_default();
        let status = error.raw_response().map(|response| response.status().as_u16());
        let answered = matches!(error, SdkError::ServiceError(_));
        let retryable = match status {
            Some(status) if answered => status >= 500 || status == 429 || RETRYABLE_CODES.contains(&code),
            _ => !matches!(error, SdkError::ConstructionFailure(_)),
        };
        let reason = match (error.code(), error.message()) {
            // On this machine the words say it all.
            (Some("InvalidRequestException"), Some(message)) => message.to_owned(),
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            (None, _) => chain(error),
        };
        Self {
            reason,
            retryable,
            denied: code == "AccessDeniedException",
        }
    }
}

fn what(operation: Operation, account: Option<&AccountName>) -> String {
    match account {
        Some(account) => format!("the settings of account {account} could not be {operation}"),
        None => format!("the accounts could not be {operation}"),
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::List => "listed",
            Self::Read => "read",
            Self::Create | Self::Replace => "stored",
            Self::Remove => "removed",
        })
    }
}

/// The error and its causes on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}
