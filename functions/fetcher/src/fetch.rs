//! From a source into the archive.

use std::sync::Arc;

use futures::{StreamExt, stream};
use jiff::Timestamp;
use rebound_accounts::Account;
use rebound_archive::{Archive, ArchiveError, FoundAs, Provenance, RawMessage, Stored};
use rebound_mailbox::sources::{Origin, SourceError, SourceMessage};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinError;

use crate::{FetchSummary, Step};

/// How many messages are stored at a time: enough to hide the latency of S3 and to fill the groups in which the
/// embedded one commits.
const DEFAULT_CONCURRENCY: usize = 32;

/// How many bytes of messages are held in memory while they are stored, in bytes: 32 MiB.
const DEFAULT_IN_FLIGHT_BYTES: usize = 32 * 1024 * 1024;

/// What one permit of the budget stands for: a semaphore counts in 32 bits, and no message is free.
const BYTES_PER_PERMIT: usize = 1024;

/// How a source is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchOptions {
    /// The most messages that are stored at a time; at least 1.
    pub concurrency: usize,
    /// The most bytes of messages in memory, beside the one that is being read. A message that is longer than all of
    /// it is stored when no other is in memory.
    pub in_flight_bytes: usize,
    /// What the messages' provenance says they were fetched at.
    pub now: Timestamp,
}

impl FetchOptions {
    /// The usual limits.
    pub fn at(now: Timestamp) -> Self {
        Self {
            concurrency: DEFAULT_CONCURRENCY,
            in_flight_bytes: DEFAULT_IN_FLIGHT_BYTES,
            now,
        }
    }
}

/// Stores every message of `source` in `archive`, as mail of `account`.
///
/// `progress` hears of each message once its fate is known, not in the order of the source. What can be neither read
/// nor stored is counted and reported, and stops nothing. A message counts as stored only when the archive has said
/// so; dropping the future loses no more than the messages it has not yet reported, and fetching again makes up for it.
///
/// `source` is read, and messages are hashed, on a thread that may block.
pub async fn fetch_source<S>(
    source: S,
    archive: &Archive,
    account: &Account,
    options: &FetchOptions,
    mut progress: impl FnMut(Step<'_>),
) -> FetchSummary
where
    S: IntoIterator<Item = Result<SourceMessage, SourceError>> + Send + 'static,
{
    let concurrency = options.concurrency.max(1);
    let (sender, mut receiver) = mpsc::channel(concurrency);
    let budget = Budget::new(options.in_flight_bytes);
    let runtime = Handle::current();
    let reader = tokio::task::spawn_blocking(move || read_all(source, &budget, &runtime, &sender));

    let account = Arc::new(account.clone());
    let mut outcomes = stream::poll_fn(|context| receiver.poll_recv(context))
        .map(|read| settle(read, archive.clone(), Arc::clone(&account), options.now))
        .buffer_unordered(concurrency);
    let mut summary = FetchSummary::default();
    while let Some(outcome) = outcomes.next().await {
        summary.add(outcome, &mut progress);
    }
    drop(outcomes);
    unwind(reader.await);
    summary
}

/// What became of one item of a source.
pub(crate) enum Outcome {
    /// It gave no message.
    Unread(SourceError),
    /// It gave a message of so many bytes.
    Read {
        origin: Origin,
        bytes: usize,
        stored: Result<Stored, ArchiveError>,
    },
}

/// One item of a source on its way from the reading thread.
enum Read {
    Nothing(SourceError),
    Message {
        origin: Origin,
        message: RawMessage,
        /// Its share of the budget, given back when it is dropped.
        share: OwnedSemaphorePermit,
    },
}

fn read_all(
    source: impl IntoIterator<Item = Result<SourceMessage, SourceError>>,
    budget: &Budget,
    runtime: &Handle,
    sender: &mpsc::Sender<Read>,
) {
    for item in source {
        let read = match item {
            Err(error) => Read::Nothing(error),
            Ok(SourceMessage { origin, bytes }) => {
                let Some(share) = runtime.block_on(budget.take(bytes.len())) else {
                    return;
                };
                let message = RawMessage::new(bytes);
                Read::Message { origin, message, share }
            }
        };
        // Nobody listens any more: the fetch was given up.
        if sender.blocking_send(read).is_err() {
            return;
        }
    }
}

async fn settle(read: Read, archive: Archive, account: Arc<Account>, now: Timestamp) -> Outcome {
    let (origin, message, share) = match read {
        Read::Nothing(error) => return Outcome::Unread(error),
        Read::Message { origin, message, share } => (origin, message, share),
    };
    let bytes = message.bytes().len();
    let provenance = Provenance {
        found_as: FoundAs::Source(origin.to_string()),
        fetched_at: now,
    };
    // On a task of its own, so that signing and checksums use every core.
    let store = tokio::spawn(async move {
        let stored = archive.store(&account, &message, &provenance).await;
        drop((message, share));
        stored
    });
    Outcome::Read {
        origin,
        bytes,
        stored: unwind(store.await),
    }
}

/// How many bytes of messages may be in memory.
struct Budget {
    permits: Arc<Semaphore>,
    all: u32,
}

impl Budget {
    fn new(bytes: usize) -> Self {
        let all = u32::try_from(bytes / BYTES_PER_PERMIT).unwrap_or(u32::MAX).max(1);
        let permits = usize::try_from(all).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(permits)),
            all,
        }
    }

    /// Waits for the share of a message of so many bytes. `None` is never given: nobody closes the semaphore.
    async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let share = u32::try_from(bytes.div_ceil(BYTES_PER_PERMIT))
            .unwrap_or(u32::MAX)
            .clamp(1, self.all);
        Arc::clone(&self.permits).acquire_many_owned(share).await.ok()
    }
}

/// A panic on another task is a panic here: it is a bug, and half a result would hide it.
fn unwind<T>(joined: Result<T, JoinError>) -> T {
    match joined {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
