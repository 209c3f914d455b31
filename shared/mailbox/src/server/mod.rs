//! Mailboxes on servers.
//!
//! A [`Session`] is one logged-in connection with one open folder, whatever protocol is spoken underneath. It blocks:
//! give it a thread of its own. It never decides anything: which messages are wanted, and what becomes of them once
//! they are stored, is said by its caller.

mod error;
mod login;
mod open;
mod session;
mod settings;
mod words;

pub use crate::net::Certificate;
pub use error::{ErrorKind, MailboxError, Step};
pub use login::{Login, Secret};
pub use open::{Access, Probe, open, probe};
pub use session::{
    After, Applied, Connection, Delivery, Folder, FolderName, Listed, Listing, MessageRef, OpenFolder, Session, Uid,
    UidValidity, Uidl,
};
pub use settings::{Limits, Pin, Protocol, Security, Server, Trust};
pub(crate) use words::printable;
