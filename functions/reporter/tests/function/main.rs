//! The reporter function over the embedded stores.

#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test may panic

mod events;
mod report;
mod stack;
mod trouble;
