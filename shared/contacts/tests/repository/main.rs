//! The repository against the embedded DynamoDB and, when `REBOUND_DYNAMODB_ENDPOINT` names one, against another.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout
)] // test code, though not in a `cfg(test)` module

mod batches;
mod breaker;
mod deadline;
mod killed;
mod ledger;
mod reading;
mod recompute;
mod recording;
mod reports;
mod requests;
mod stores;
mod support;
mod trouble;
mod unmailable;
mod writers;
