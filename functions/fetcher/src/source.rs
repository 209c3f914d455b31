//! From a source into the archive.

use std::sync::Arc;

use futures::{StreamExt, stream};
use jiff::Timestamp;
use rebound_accounts::Account;
use rebound_archive::{Archive, ArchiveError, FoundAs, Provenance, RawMessage, Stored};
use rebound_mailbox::sources::{Origin, SourceError, SourceMessage};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::budget::{Budget, DEFAULT_CONCURRENCY, DEFAULT_IN_FLIGHT_BYTES, unwind};
use crate::{FetchSummary, Step};

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
                let Some(share) = runtime.block_on(budget.take([bytes.len()])) else {
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
