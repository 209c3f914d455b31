//! Events and contacts in DynamoDB.
//!
//! A message is recorded in one transaction: its events are put where none were, and the contacts they charge are
//! written as they follow from what was read, on condition that nobody changed them meanwhile. So an event is counted
//! exactly once however often it is recorded, by however many writers, and whatever is interrupted.
//!
//! Tables are written down in [`Tables`]; what an item looks like, in the fields of [`Event`](crate::Event) and
//! [`Contact`](crate::Contact).

mod error;
mod history;
mod item;
mod lanes;
mod ledger;
mod plan;
mod read;
mod recompute;
mod replace;
mod reports;
mod retry;
mod sweep;
mod tables;
mod watch;
mod write;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::address::ContactAddress;
use crate::contact::Change;
use crate::decision::{Cause, Held, Suppression};
use crate::moment::Moment;
use crate::policy::Policy;
use retry::{Attempts, REQUEST_TIMEOUT};

pub use error::{ChangeError, DamagedItem, Failure, ReadError, RecordError};
pub use history::Incomplete;
pub use read::Unmailable;
pub use recompute::{Edit, Recomputed};
pub use replace::{EventChange, Replaced};
pub use retry::DEFAULT_PATIENCE;
pub use sweep::ArchivedSince;
pub use tables::{TableError, Tables};

/// The most items DynamoDB takes in one transaction.
const MAX_TRANSACTION_ITEMS: usize = 100;

/// Two hundred transactions' worth of waiting helps nobody; a handful keeps the network busy.
const DEFAULT_CONCURRENCY: usize = 8;

/// Reads and writes events and contacts. Cheap to clone; clones share their limit on concurrent transactions.
#[derive(Clone, Debug)]
pub struct Repository {
    client: Client,
    tables: Tables,
    policy: Arc<Policy>,
    transaction_items: usize,
    /// One for every request that may be under way.
    permits: Arc<Semaphore>,
    concurrency: usize,
    patience: Duration,
}

/// What recording one message came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// Whether it had not been recorded before. Recording it again changes nothing.
    pub new: bool,
    /// What it changed for whom; contacts that were only counted are left out.
    pub changes: Vec<(ContactAddress, Change)>,
}

/// Which contacts to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContactFilter {
    /// Every one, in no particular order.
    #[default]
    All,
    /// Those that must not be mailed: by cause, earliest first.
    Suppressed {
        /// For this cause only.
        cause: Option<Cause>,
        /// Suppressed at this moment or later.
        since: Option<Moment>,
    },
}

impl Repository {
    /// A repository over these tables, which must exist (see [`Tables::ensure`]), that judges by `policy`.
    ///
    /// The client's own retries are turned off: the repository knows better what to try again, and when. A request is
    /// waited for 10 seconds at most, unless the client has a limit of its own.
    pub fn new(client: &Client, tables: Tables, policy: Arc<Policy>) -> Self {
        let own = client.config().timeout_config().cloned();
        let mut timeouts = own.map_or_else(TimeoutConfig::builder, |own| own.to_builder());
        if timeouts.clone().build().operation_attempt_timeout().is_none() {
            timeouts = timeouts.operation_attempt_timeout(REQUEST_TIMEOUT);
        }
        let config = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build());
        let client = Client::from_conf(config.build());
        Self {
            client,
            tables,
            policy,
            transaction_items: MAX_TRANSACTION_ITEMS,
            permits: Arc::new(Semaphore::new(DEFAULT_CONCURRENCY)),
            concurrency: DEFAULT_CONCURRENCY,
            patience: DEFAULT_PATIENCE,
        }
    }

    /// With at most `concurrency` requests under way at a time, over all clones; at least one.
    #[must_use]
    pub fn with_concurrency(self, concurrency: usize) -> Self {
        let concurrency = concurrency.max(1);
        Self {
            permits: Arc::new(Semaphore::new(concurrency)),
            concurrency,
            ..self
        }
    }

    /// With at most `items` items (an event is one, a contact is one) in a transaction, from 2 to DynamoDB's 100.
    ///
    /// Large ones are cheaper for a store that pays per commit, small ones collide less with other writers.
    #[must_use]
    pub fn with_transaction_items(self, items: usize) -> Self {
        Self {
            transaction_items: items.clamp(2, MAX_TRANSACTION_ITEMS),
            ..self
        }
    }

    /// With so much patience, 15 seconds unless this says otherwise: what DynamoDB throttles or can't answer, and what
    /// other writers keep changing, is tried again until that long after the call began (after a page was asked for,
    /// in a stream). What goes well is never cut short.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The same, judging by this policy.
    #[must_use]
    pub fn with_policy(self, policy: Arc<Policy>) -> Self {
        Self { policy, ..self }
    }

    /// The policy it judges by.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Attempts of a call that begins now.
    fn attempts(&self) -> Attempts {
        Attempts::until(self.deadline())
    }

    /// Of a call that begins now.
    fn deadline(&self) -> Instant {
        Instant::now() + self.patience
    }
}

impl Recorded {
    /// The contacts it suppressed that were active before.
    pub fn suppressed(&self) -> impl Iterator<Item = (&ContactAddress, &Suppression)> {
        self.changes
            .iter()
            .filter_map(|(address, change)| Some((address, change.suppressed.as_ref()?)))
    }

    /// The contacts that it would have suppressed, had the circuit breaker not been open.
    pub fn held(&self) -> impl Iterator<Item = (&ContactAddress, &Held)> {
        self.changes
            .iter()
            .filter_map(|(address, change)| Some((address, change.held.as_ref()?)))
    }

    /// The contacts that it would have suppressed or taken off a list, were it sure that it is not forged.
    pub fn doubted(&self) -> impl Iterator<Item = (&ContactAddress, &Held)> {
        self.changes
            .iter()
            .filter_map(|(address, change)| Some((address, change.doubted.as_ref()?)))
    }
}
