//! Fetching mail into the archive.
//!
//! [`fetch_source`] stores every message of a source, overlapped and in bounded memory, and says what became of each.
//! It stores first and touches nothing else: no message is ever deleted, moved or marked where it was found.
//!
//! [`handle`] is what the Lambda function does with an event. Mailboxes on servers (IMAP, POP3) are not read in this
//! version, so it answers every well-formed request with an error that says so.

mod fetch;
mod handler;
mod request;
mod summary;

pub use fetch::{FetchOptions, fetch_source};
pub use handler::{HandlerError, handle};
pub use request::{FetchRequest, InvalidRequest, Job};
pub use summary::{Failure, FetchSummary, MAX_KEPT_PROBLEMS, Step};
