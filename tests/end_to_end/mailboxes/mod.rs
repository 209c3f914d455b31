//! Mailboxes on real servers: what is fetched, and what is left behind.
//!
//! Without servers (`tests/run` starts them) these tests say that they are skipped.

mod account;
mod after;
mod crash;
mod ways_in;
