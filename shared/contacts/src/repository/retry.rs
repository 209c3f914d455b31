//! When to try again.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::time::Instant;

use super::error::{Failure, is_transient, reason};

/// How long a call tries again what fails, unless it is told: whoever stands behind it has a deadline too, and a
/// message that was not recorded in that time is better given back to its queue than held.
pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(15);

/// How long a single request may take. DynamoDB answers in milliseconds; one that was not answered by now is lost.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The first pause is at most twice this long, and the longest possible doubles from one to the next.
const SHORTEST_PAUSE: Duration = Duration::from_millis(4);

/// No pause after a lost race is longer: the others are quick.
const LONGEST_AFTER_CONFLICT: Duration = Duration::from_millis(200);

/// No pause after a failed request is longer.
const LONGEST_AFTER_TROUBLE: Duration = Duration::from_millis(800);

/// Sends a request until it is answered.
pub(super) async fn persist<T, E, F>(mut attempts: Attempts, send: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    loop {
        match send().await {
            Ok(answer) => return Ok(answer),
            Err(error) => attempts.after_error(&error).await?,
        }
    }
}

/// Counts attempts and pauses between them with full jitter: any pause from none to the longest allowed, so that those
/// who collided once don't do so again. Nothing is attempted again after the deadline.
#[derive(Debug)]
pub(super) struct Attempts {
    deadline: Instant,
    conflicts: u32,
    troubles: u32,
}

impl Attempts {
    /// Attempts up to this moment.
    pub(super) const fn until(deadline: Instant) -> Self {
        Self {
            deadline,
            conflicts: 0,
            troubles: 0,
        }
    }

    /// When they end.
    pub(super) const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Pauses before the next attempt; gives up when other writers were first until the deadline.
    pub(super) async fn after_conflict(&mut self) -> Result<(), Failure> {
        self.conflicts += 1;
        let attempts = self.conflicts;
        self.pause(attempts, LONGEST_AFTER_CONFLICT)
            .await
            .ok_or(Failure::Contended { attempts })
    }

    /// Pauses before the next attempt; gives up when it has no sense, or at the deadline.
    pub(super) async fn after_error<E>(&mut self, error: &SdkError<E, HttpResponse>) -> Result<(), Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        if !is_transient(error) {
            return Err(Failure::Refused { reason: reason(error) });
        }
        self.after_trouble(|| reason(error)).await
    }

    /// Pauses before the next attempt; gives up at the deadline.
    pub(super) async fn after_trouble(&mut self, reason: impl FnOnce() -> String) -> Result<(), Failure> {
        self.troubles += 1;
        let attempts = self.troubles;
        self.pause(attempts, LONGEST_AFTER_TROUBLE)
            .await
            .ok_or_else(|| Failure::Unavailable {
                attempts,
                reason: reason(),
            })
    }

    /// `None`, and no pause, when it would last to the deadline.
    async fn pause(&self, attempt: u32, longest: Duration) -> Option<()> {
        let longest = SHORTEST_PAUSE.saturating_mul(1 << attempt.min(16)).min(longest);
        let pause = longest.mul_f64(fastrand::f64());
        if Instant::now() + pause >= self.deadline {
            return None;
        }
        tokio::time::sleep(pause).await;
        Some(())
    }
}
