//! From a mailbox on a server into the archive.
//!
//! A run takes the account's lease, opens the mailbox, lists what is new, and then fetches, stores and deals with
//! messages at the same time: while one chunk of them is downloaded, the one before is stored, and what is archived is
//! deleted, moved or marked as the account's settings say. What can't be undone is done to a message only after it is
//! archived, with every message before it.
//!
//! A run may end anywhere. What it had not remembered is fetched again by the next one, and as a message's identity is
//! the hash of its bytes, nothing is archived or counted twice.

mod hold;
mod ledger;
mod outcome;
mod round;
mod run;
mod worker;

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use rebound_accounts::Account;
use rebound_classify::Classifier;
use rebound_mailbox::server::{After, MailboxError};

use crate::budget::{DEFAULT_CONCURRENCY, DEFAULT_IN_FLIGHT_BYTES};
use crate::mailboxes::{Acquired, Mailboxes, MailboxesError};
use crate::{Clock, Store};
use hold::{Hold, lease_end};
use run::Run;

pub use outcome::{
    FetchError, MAX_NAMED, MailboxOutcome, MailboxRun, MailboxStep, MailboxSummary, Oversized, Rescan, Stopped,
};
pub(crate) use round::called;
pub use worker::Opening;
pub(crate) use worker::Worker;

/// How many messages are asked for at a time.
const DEFAULT_CHUNK: usize = 1000;

/// Fetches mailboxes into a store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MailboxFetcher<S> {
    store: S,
    mailboxes: Mailboxes,
    classifier: Arc<Classifier>,
    clock: Clock,
}

/// A mailbox, and what is to be done with its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// Whose mail it is.
    pub account: Account,
    /// Which mailbox it is, `imap://USER@HOST/FOLDER` for example: in another one, cursors mean nothing.
    pub place: String,
    /// Whether only messages that nobody has read are fetched.
    pub only_unread: bool,
    /// What becomes of a message on the server once it is archived, when it is one that rebound knows.
    pub after: After,
    /// What becomes of every other message: ordinary letters, spam.
    pub after_others: After,
}

/// Opens mailboxes.
pub trait Opener: Send + Sync {
    /// What opens the mailbox. `None` when there is nothing new to try: the login was [`Attempt::Refused`], and
    /// nobody has changed it meanwhile.
    fn prepare(&self, attempt: Attempt) -> BoxFuture<'_, Result<Option<Opening>, MailboxError>>;
}

/// Which attempt of a run to open the mailbox it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The first.
    First,
    /// The connection was lost.
    Lost,
    /// The login was refused: what is remembered of passwords and tokens is to be read again.
    Refused,
}

/// How a mailbox is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxOptions {
    /// Who holds the lease: unique among those who may run at the same time.
    pub owner: String,
    /// Whether a mailbox in trouble is left alone until it is time to try again.
    pub patient: bool,
    /// No message is begun after that.
    pub deadline: Option<Timestamp>,
    /// Whether it is read from its beginning, whatever is remembered.
    pub all: bool,
    /// The most messages that are fetched.
    pub most: Option<u64>,
    /// The most messages that are asked for at a time; while they arrive, nothing is done to those before them.
    pub chunk: usize,
    /// The most messages that are stored at a time; at least 1.
    pub concurrency: usize,
    /// The most bytes of messages in memory. A message that is longer than all of it is fetched when no other is there.
    pub in_flight_bytes: usize,
}

impl MailboxOptions {
    /// Fetches all that is new, at once, with the usual limits.
    pub fn by(owner: impl Into<String>) -> Self {
        Self {
            owner: owner.into(),
            patient: false,
            deadline: None,
            all: false,
            most: None,
            chunk: DEFAULT_CHUNK,
            concurrency: DEFAULT_CONCURRENCY,
            in_flight_bytes: DEFAULT_IN_FLIGHT_BYTES,
        }
    }
}

impl<S: Store> MailboxFetcher<S> {
    /// Fetches into `store`, remembers in `mailboxes`.
    pub fn new(store: S, mailboxes: Mailboxes, classifier: Arc<Classifier>, clock: Clock) -> Self {
        Self {
            store,
            mailboxes,
            classifier,
            clock,
        }
    }

    /// What is remembered of mailboxes.
    pub fn mailboxes(&self) -> &Mailboxes {
        &self.mailboxes
    }

    /// Fetches what is new in a mailbox.
    ///
    /// A run that ends in trouble is an `Ok` as well: its summary says what was done. `Err` says that what is remembered
    /// of the mailbox could not even be read, and nothing was done.
    pub async fn fetch(
        &self,
        errand: &Errand,
        opener: &dyn Opener,
        options: &MailboxOptions,
        progress: impl FnMut(MailboxStep<'_>),
    ) -> Result<MailboxOutcome, MailboxesError> {
        let account = &errand.account.name;
        let started_at = self.clock.now();
        if options.patient
            && let Some(state) = self.mailboxes.state(account).await?
            && let Some(trouble) = state.trouble.filter(|trouble| trouble.retry_after > Some(started_at))
        {
            return Ok(MailboxOutcome::Waiting(trouble));
        }
        let until = lease_end(started_at);
        let acquired = self
            .mailboxes
            .acquire(account, &options.owner, started_at, until)
            .await?;
        let (lease, state) = match acquired {
            Acquired::Held { owner, until } => return Ok(MailboxOutcome::Busy { owner, until }),
            Acquired::Ours(lease, state) => (lease, *state),
        };
        let hold = Hold::new(&self.mailboxes, &self.clock, lease);
        let run = Run::new(self, errand, options, hold, state, progress);
        // On the heap: it is deep, and whoever awaits it may be deep as well.
        Ok(MailboxOutcome::Ran(Box::pin(run.end(opener, started_at)).await))
    }
}

impl fmt::Display for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.account.name, self.place)
    }
}
