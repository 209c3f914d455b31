//! The keys of signed return addresses, where they are kept: one secret in Secrets Manager.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use jiff::{SignedDuration, Timestamp};
use rebound_verp::{InvalidKeys, Keys, MIN_SECRET_BYTES};
use tokio::sync::Mutex;

use crate::store::Trouble;

/// How the secret is called unless a deployment says otherwise.
pub const DEFAULT_RETURN_PATH_KEYS: &str = "rebound/return-path-keys";

/// How long keys are used before they are read again: one that was made is known everywhere after so many minutes.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// How soon keys may be read again for a token that names an unknown one. Strangers can write such tokens.
const SOONEST: SignedDuration = SignedDuration::from_mins(1);

/// The keys of signed return addresses in Secrets Manager. Cheap to clone; clones share what they remember.
#[derive(Clone, Debug)]
pub struct ReturnPathKeys {
    client: Client,
    secret: Arc<str>,
    file: Option<PathBuf>,
    known: Arc<Mutex<Option<Known>>>,
}

#[derive(Debug)]
struct Known {
    keys: Arc<Keys>,
    read_at: Timestamp,
}

impl ReturnPathKeys {
    /// The keys in the secret of this name.
    pub fn new(client: Client, secret: impl Into<Arc<str>>) -> Self {
        Self {
            client,
            secret: secret.into(),
            file: None,
            known: Arc::default(),
        }
    }

    /// The same, on a machine where the secret is this file: for what people are told.
    #[must_use]
    pub fn in_file(self, file: impl Into<PathBuf>) -> Self {
        Self {
            file: Some(file.into()),
            ..self
        }
    }

    /// The keys, as they were read in the last five minutes; none where there is no such secret.
    ///
    /// When they can't be read again for something that passes, those known stay in use. An error means that nothing is
    /// known: judging without keys would take every signed address for a forged one, so the caller should wait.
    pub async fn keys(&self, now: Timestamp) -> Result<Arc<Keys>, KeysError> {
        self.not_older_than(LIFETIME, now).await
    }

    /// The keys again, for a token that names one which [`Self::keys`] does not know: it may have been made a moment
    /// ago. Read at most once a minute.
    pub async fn newest(&self, now: Timestamp) -> Result<Arc<Keys>, KeysError> {
        self.not_older_than(SOONEST, now).await
    }

    /// The keys as they are kept at this moment; none where there is no such secret.
    pub async fn read(&self) -> Result<Keys, KeysError> {
        let answer = match self.client.get_secret_value().secret_id(&*self.secret).send().await {
            Ok(answer) => answer,
            // Also for a secret that was made, and never given a value.
            Err(error) if error.code() == Some(MISSING) => return Ok(Keys::default()),
            Err(error) => return Err(self.refused(KeysOperation::Read, &error)),
        };
        let invalid = |error| KeysError::Invalid {
            place: self.location(),
            error,
        };
        let text = answer
            .secret_string()
            .ok_or_else(|| KeysError::Binary { place: self.location() })?;
        Keys::parse(text).map_err(invalid)
    }

    /// Keeps these keys instead of those that were there.
    pub async fn write(&self, keys: &Keys) -> Result<(), KeysError> {
        let document = keys.reveal();
        let put = self.client.put_secret_value().secret_id(&*self.secret);
        match put.secret_string(document.as_str()).send().await {
            Ok(_) => {}
            Err(error) if error.code() == Some(MISSING) => {
                let create = self.client.create_secret().name(&*self.secret);
                let created = create.secret_string(document.as_str()).send().await;
                created.map_err(|error| self.refused(KeysOperation::Write, &error))?;
            }
            Err(error) => return Err(self.refused(KeysOperation::Write, &error)),
        }
        *self.known.lock().await = None;
        Ok(())
    }

    /// Where the keys are kept, for a person.
    pub fn location(&self) -> String {
        match &self.file {
            Some(file) => file.display().to_string(),
            None => format!("secret {}", self.secret),
        }
    }

    async fn not_older_than(&self, age: SignedDuration, now: Timestamp) -> Result<Arc<Keys>, KeysError> {
        let mut known = self.known.lock().await;
        if let Some(known) = &*known
            && known.read_at <= now
            && now.duration_since(known.read_at) < age
        {
            return Ok(Arc::clone(&known.keys));
        }
        let keys = match (self.read().await, &*known) {
            (Ok(keys), _) => Arc::new(keys),
            (Err(error), Some(known)) if error.is_retryable() => {
                tracing::warn!("{error}; those known stay in use");
                return Ok(Arc::clone(&known.keys));
            }
            (Err(error), _) => return Err(error),
        };
        *known = Some(Known {
            keys: Arc::clone(&keys),
            read_at: now,
        });
        Ok(keys)
    }

    fn refused<E>(&self, operation: KeysOperation, error: &SdkError<E, HttpResponse>) -> KeysError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let Trouble { reason, retryable, .. } = Trouble::of(error);
        KeysError::Refused {
            place: self.location(),
            operation,
            reason,
            retryable,
        }
    }
}

/// What Secrets Manager says of a secret that is not there, or has no value.
const MISSING: &str = "ResourceNotFoundException";

/// Random octets for a new key, from the operating system's generator.
pub fn random_secret() -> Result<[u8; MIN_SECRET_BYTES], NoRandomness> {
    let mut secret = [0; MIN_SECRET_BYTES];
    rand::fill(&mut secret).map_err(|Unspecified| NoRandomness)?;
    Ok(secret)
}

/// The operating system gives no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random numbers, and a key made of others could be guessed")]
pub struct NoRandomness;

/// Why the keys were not read or written. Shows no part of them.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// What is kept there are no keys.
    #[error("{place}: {error}")]
    Invalid {
        /// The secret, or the file.
        place: String,
        /// What is wrong.
        error: InvalidKeys,
    },
    /// The secret holds bytes instead of text.
    #[error("{place} is binary; store the keys as text, in TOML or JSON")]
    Binary {
        /// The secret.
        place: String,
    },
    /// Secrets Manager refused, or could not be reached.
    #[error("the keys of return addresses in {place} could not be {operation}: {reason}")]
    Refused {
        /// The secret, or the file.
        place: String,
        /// What was asked of it.
        operation: KeysOperation,
        /// Its code and words, or what happened on the way.
        reason: String,
        /// Whether the same request may succeed later.
        retryable: bool,
    },
}

/// What was asked of the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysOperation {
    /// Reading it.
    Read,
    /// Making it, or giving it another value.
    Write,
}

impl fmt::Display for KeysOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "stored",
        })
    }
}

impl KeysError {
    /// Whether trying again later may help without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Refused { retryable: true, .. })
    }
}
