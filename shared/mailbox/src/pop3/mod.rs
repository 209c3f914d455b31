//! POP3, RFC 1939, with its extension mechanism (RFC 2449), STLS (RFC 2595), SASL (RFC 5034), and response codes (RFC 2449
//! and RFC 3206).
//!
//! [`Machine`] is the protocol itself: bytes in, events out, commands turned into bytes. It holds no socket and knows no
//! clock. [`Pop3Session`] reads a mailbox on a server with it.
//!
//! APOP is not spoken. It proves a password by MD5 over what the server says first, which hides it from nobody who can
//! listen and try words, and wants the server to keep it in plain text; TLS protects any password better.

mod body;
mod command;
mod conversation;
mod login;
mod machine;
mod reply;
mod session;

pub use command::{Command, Unsendable};
pub use machine::{MAX_LISTED, Machine};
pub use reply::{Event, Refusal, ResponseCode, Violation};
pub use session::Pop3Session;
