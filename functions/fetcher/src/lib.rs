//! Fetching mail into the archive.
//!
//! [`fetch_source`] stores every message of a source on this machine, overlapped and in bounded memory, and says what
//! became of each. It stores first and touches nothing else: no message is ever deleted, moved or marked where it was
//! found.
//!
//! [`MailboxFetcher`] does the same with a mailbox on a server, and then does to each message what the account's
//! settings say. What it has to remember from one run to the next is in [`mailboxes`].
//!
//! [`AccountFetcher`] does that for accounts by name, with their settings and logins; [`Function`] is what the Lambda
//! function does with an event.

mod account;
mod backoff;
mod budget;
mod clock;
mod handler;
pub mod inspect;
mod mailbox;
pub mod mailboxes;
mod queue;
mod request;
mod source;
mod store;
mod summary;

pub use account::{AccountFetchError, AccountFetcher, Open, over_the_network, speaking_server};
pub use clock::Clock;
pub use handler::{Function, HandlerError};
pub use mailbox::{
    Attempt, Errand, FetchError, MAX_NAMED, MailboxFetcher, MailboxOptions, MailboxOutcome, MailboxRun, MailboxStep,
    MailboxSummary, Opener, Opening, Oversized, Rescan, Stopped,
};
pub use queue::{JobQueue, NotQueued, SqsQueue};
pub use request::{FetchRequest, InvalidRequest, Job};
pub use source::{FetchOptions, fetch_source};
pub use store::Store;
pub use summary::{Failure, FetchSummary, MAX_KEPT_PROBLEMS, Step};
