//! How long an invocation may take.

use std::time::Duration;

use rebound_contacts::repository::DEFAULT_PATIENCE;
use tokio::time::{Instant, timeout_at};

/// So long before the function is ended no message is read any more: enough to record what was read, with a try or two
/// more where DynamoDB is busy.
const RESERVE: Duration = Duration::from_secs(5);

/// So long before the end recording is given up as well: enough to send the answer, without which the queue would
/// deliver everything again.
const LAST: Duration = Duration::from_secs(1);

/// When an invocation has to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Until>);

#[derive(Clone, Copy, Debug)]
struct Until {
    read: Instant,
    record: Instant,
}

/// There was no time.
pub(crate) struct OutOfTime;

impl Deadline {
    /// None at all.
    pub(crate) const NONE: Self = Self(None);

    /// That of an invocation which is ended so long from now. Of a short time at least half is used.
    pub(crate) fn after(time: Duration) -> Self {
        let end = Instant::now() + time;
        Self(Some(Until {
            read: end - RESERVE.min(time / 2),
            record: end - LAST.min(time / 8),
        }))
    }

    /// What comes of reading and judging something, unless it takes too long or the time for it is over.
    pub(crate) async fn reading<T>(self, work: impl Future<Output = T>) -> Result<T, OutOfTime> {
        within(self.0.map(|until| until.read), work).await
    }

    /// What comes of recording something, unless it takes too long.
    pub(crate) async fn recording<T>(self, work: impl Future<Output = T>) -> Result<T, OutOfTime> {
        within(self.0.map(|until| until.record), work).await
    }

    /// How long to try again what fails while something is recorded.
    pub(crate) fn patience(self) -> Duration {
        self.0.map_or(DEFAULT_PATIENCE, |until| {
            until
                .record
                .saturating_duration_since(Instant::now())
                .min(DEFAULT_PATIENCE)
        })
    }
}

async fn within<T>(until: Option<Instant>, work: impl Future<Output = T>) -> Result<T, OutOfTime> {
    match until {
        None => Ok(work.await),
        Some(until) if until <= Instant::now() => Err(OutOfTime),
        Some(until) => timeout_at(until, work).await.map_err(|_| OutOfTime),
    }
}
