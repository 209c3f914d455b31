//! The classifier function over the embedded stores.

#![allow(missing_docs, clippy::expect_used, clippy::panic)]

mod events;
mod handler;
mod inbound;
mod stack;
mod trouble;
