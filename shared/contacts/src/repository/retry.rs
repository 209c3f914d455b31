//! When to try again.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::error::{Failure, is_transient, reason};

/// How often one thing is tried. With the pauses below it is given up after about a quarter of a minute: a batch of
/// the classifier must end before its Lambda does.
const MAX_ATTEMPTS: u32 = 40;

/// The first pause is at most this long, and the longest possible doubles from one to the next.
const SHORTEST_PAUSE: Duration = Duration::from_millis(4);

/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

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
    made: u32,
}

impl Attempts {
    /// Pauses before the next attempt; gives up when another writer was first too often.
    pub(super) async fn after_conflict(&mut self) -> Result<(), Failure> {
        self.pause().await.map_err(|attempts| Failure::Contended { attempts })
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
        self.pause().await.map_err(|attempts| Failure::Unavailable {
            attempts,
            reason: reason(),
        })
    }

    async fn pause(&mut self) -> Result<(), u32> {
        self.made += 1;
        if self.made >= MAX_ATTEMPTS {
            return Err(self.made);
        }
        let longest = SHORTEST_PAUSE.saturating_mul(1 << self.made.min(16)).min(LONGEST_PAUSE);
        tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
        Ok(())
    }
}
