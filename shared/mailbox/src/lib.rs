//! Where returned mail comes from.
//!
//! [`sources`] reads messages that lie on this machine: `.eml` files, folders of them, Maildirs, mboxes and standard
//! input. Nothing here judges, stores or deletes a message.

pub mod sources;
