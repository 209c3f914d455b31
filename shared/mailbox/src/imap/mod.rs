//! IMAP4rev1, RFC 3501, with what of its extensions helps: UIDPLUS (RFC 4315), MOVE (RFC 6851), LIST-STATUS (RFC 5819),
//! SASL with OAuth 2 (RFC 7628 and XOAUTH2).
//!
//! The `imap` crate speaks, over a connection of ours (`wire`); messages are fetched past it (`fetch`), because it
//! copies and parses them twice.

mod answer;
mod apply;
mod fetch;
mod folders;
mod greet;
mod list;
mod login;
mod names;
mod pipeline;
mod plan;
mod quirks;
mod refusal;
mod scan;
mod session;
mod set;
mod status;
mod wire;

pub use session::ImapSession;

/// What an ordinary answer may take, with everything that a server may say unasked in between.
const ANSWER_BYTES: u64 = 1024 * 1024;
