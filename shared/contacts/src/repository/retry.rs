//! When to try again.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::error::{Failure, is_transient, reason};

/// How often a lost race is run again. Whenever one is lost another writer has won, so this many say that there are
/// too many writers. With the pauses below it is given up after some ten seconds: a batch of the classifier must end
/// before its Lambda does.
const MAX_CONFLICTS: u32 = 100;

/// How often a request is sent that DynamoDB throttles or can't answer; about a quarter of a minute.
const MAX_TROUBLES: u32 = 40;

/// The first pause is at most twice this long, and the longest possible doubles from one to the next.
const SHORTEST_PAUSE: Duration = Duration::from_millis(4);

/// No pause after a lost race is longer: the others are quick.
const LONGEST_AFTER_CONFLICT: Duration = Duration::from_millis(200);

/// No pause after a failed request is longer.
const LONGEST_AFTER_TROUBLE: Duration = Duration::from_millis(800);

/// Sends a request until it is answered.
pub(super) async fn persist<T, E, F>(send: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let mut attempts = Attempts::default();
    loop {
        match send().await {
            Ok(answer) => return Ok(answer),
            Err(error) => attempts.after_error(&error).await?,
        }
    }
}

/// Counts attempts and pauses between them with full jitter: any pause from none to the longest allowed, so that those
/// who collided once don't do so again.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    conflicts: u32,
    troubles: u32,
}

impl Attempts {
    /// Pauses before the next attempt; gives up when another writer was first too often.
    pub(super) async fn after_conflict(&mut self) -> Result<(), Failure> {
        self.conflicts += 1;
        if self.conflicts >= MAX_CONFLICTS {
            return Err(Failure::Contended {
                attempts: self.conflicts,
            });
        }
        pause(self.conflicts, LONGEST_AFTER_CONFLICT).await;
        Ok(())
    }

    /// Pauses before the next attempt; gives up when it has no sense, or failed too often.
    pub(super) async fn after_error<E>(&mut self, error: &SdkError<E, HttpResponse>) -> Result<(), Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        if !is_transient(error) {
            return Err(Failure::Refused { reason: reason(error) });
        }
        self.after_trouble(|| reason(error)).await
    }

    /// Pauses before the next attempt; gives up when it failed too often.
    pub(super) async fn after_trouble(&mut self, reason: impl FnOnce() -> String) -> Result<(), Failure> {
        self.troubles += 1;
        if self.troubles >= MAX_TROUBLES {
            return Err(Failure::Unavailable {
                attempts: self.troubles,
                reason: reason(),
            });
        }
        pause(self.troubles, LONGEST_AFTER_TROUBLE).await;
        Ok(())
    }
}

async fn pause(attempt: u32, longest: Duration) {
    let longest = SHORTEST_PAUSE.saturating_mul(1 << attempt.min(16)).min(longest);
    tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
}
