//! What is known about a contact, and how it came to be known.
//!
//! An [`Event`] is what one message (or one person, by hand) says about one address. A [`Contact`] is the fold of its
//! events under a [`Policy`]: it does not depend on the order in which they arrive, nor on how often, so it can be kept
//! up to date event by event and recomputed at any time with the same result.
//!
//! Everything but [`repository`] is pure: no I/O, no clock, no randomness. [`repository`] (feature `dynamodb`, on by
//! default) keeps events and contacts in DynamoDB, one transaction per message or per batch of messages.

mod address;
mod brief;
mod contact;
mod decision;
mod event;
#[cfg(any(feature = "dynamodb", test))]
mod history;
mod journal;
mod ledger;
mod moment;
mod policy;
mod record;
#[cfg(feature = "dynamodb")]
pub mod repository;
mod sent;
pub mod story;

pub use address::{ContactAddress, InvalidAddress};
pub use brief::ContactBrief;
pub use contact::{Change, Contact, Counters, LastVerdict, Status, fold};
pub use decision::{Cause, Held, HeldBecause, Suppression};
pub use event::{Authenticity, Event, EventKind, ManualAction, Ruling};
pub use journal::JOURNAL_DEPTH;
pub use ledger::{InvalidMessageId, LedgerEntry, MessageId, SentMessage};
pub use moment::{InvalidMoment, Moment};
pub use policy::{
    AccountTrust, Breaker, DEFAULT_POLICY, InvalidPolicy, Overrides, Policy, PolicyErrors, PolicyFault, Protected,
    SoftLimit, Trust,
};
pub use rebound_message::MessageHash;
pub use record::{Finding, InvalidRecord, MessageRecord, Origin};
pub use sent::Sent;
