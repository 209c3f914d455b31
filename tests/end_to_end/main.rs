//! The real command, from outside.

mod bad_input;
mod crash;
mod sample_mailbox;
mod support;
