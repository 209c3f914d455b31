//! A panic ends what it happened in, and nothing beside it.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;

/// The work panicked: a bug. What it said is in the log.
pub(crate) struct Panicked;

/// What comes of some work, even when it panics. What it has changed by then stays changed; all that this crate does so
/// can be done again.
pub(crate) async fn isolated<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Panicked)
}
