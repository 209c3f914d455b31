//! How many bytes of messages may be in memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinError;

/// How many messages are stored at a time: enough to hide the latency of S3 and to fill the groups in which the
/// embedded one commits.
pub(crate) const DEFAULT_CONCURRENCY: usize = 32;

/// How many bytes of messages are held in memory while they are stored, in bytes: 16 MiB, about a second's worth of the embedded
/// archive.
pub(crate) const DEFAULT_IN_FLIGHT_BYTES: usize = 16 * 1024 * 1024;

/// What one permit of the budget stands for: a semaphore counts in 32 bits, and no message is free.
const BYTES_PER_PERMIT: usize = 1024;

/// How many bytes of messages may be in memory. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    permits: Arc<Semaphore>,
    all: u32,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let all = u32::try_from(bytes / BYTES_PER_PERMIT).unwrap_or(u32::MAX).max(1);
        let permits = usize::try_from(all).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(permits)),
            all,
        }
    }

    /// Waits for the share of messages of these sizes together; all of the budget when they are larger than it. `None`
    /// is never given: nobody closes the semaphore.
    pub(crate) async fn take(&self, sizes: impl IntoIterator<Item = usize>) -> Option<OwnedSemaphorePermit> {
        let share = sizes
            .into_iter()
            .map(permits)
            .fold(0, usize::saturating_add)
            .try_into()
            .unwrap_or(u32::MAX)
            .clamp(1, self.all);
        Arc::clone(&self.permits).acquire_many_owned(share).await.ok()
    }
}

/// The share of a message of so many bytes, out of what was taken for several. Whoever comes late to a share that is
/// used up goes without.
pub(crate) fn part_of(share: &mut Option<OwnedSemaphorePermit>, bytes: usize) -> Option<OwnedSemaphorePermit> {
    let all = share.as_mut()?;
    let part = permits(bytes);
    if part >= all.num_permits() {
        return share.take();
    }
    all.split(part)
}

fn permits(bytes: usize) -> usize {
    bytes.div_ceil(BYTES_PER_PERMIT).max(1)
}

/// A panic on another task is a panic here: it is a bug, and half a result would hide it.
pub(crate) fn unwind<T>(joined: Result<T, JoinError>) -> T {
    match joined {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
