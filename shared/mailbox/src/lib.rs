//! Where returned mail comes from.
//!
//! [`sources`] reads messages that lie on this machine: `.eml` files, folders of them, Maildirs, mboxes and standard
//! input. [`server`] reads mailboxes on servers, and [`detect`] finds out how one is reached. Nothing here judges or
//! stores a message, and nothing is deleted but what the caller names.

pub mod detect;
pub mod imap;
mod net;
pub mod pop3;
mod sasl;
pub mod server;
pub mod sources;
