//! The functions' real binaries under AWS's Lambda runtime emulator, over `rebound serve`: every event of `events/`, and
//! the whole way of a message from a mailbox to a contact.
//!
//! Without the emulator (`tests/run` installs it) and, for the fetcher, without Dovecot these tests say that they are
//! skipped.

#![allow(missing_docs, clippy::expect_used)]

mod deployed;
mod events;
mod whole_way;
