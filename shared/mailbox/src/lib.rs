//! Where returned mail comes from.
//!
//! [`sources`] reads messages that lie on this machine: `.eml` files, folders of them, Maildirs, mboxes and standard
//! input. [`server`] reads mailboxes on servers, and [`detect`] finds out how one is reached. Nothing here judges or
//! stores a message, and nothing is deleted but what the caller names.
//!
//! Without the feature `servers` there is only [`sources`], and no TLS to build.

#[cfg(feature = "servers")]
pub mod detect;
#[cfg(feature = "servers")]
pub mod imap;
#[cfg(feature = "servers")]
mod net;
#[cfg(feature = "servers")]
pub mod pop3;
#[cfg(feature = "servers")]
mod sasl;
#[cfg(feature = "servers")]
pub mod server;
pub mod sources;
