//! Signed return addresses: reports that come back to one are about the mail it was made for.
//!
//! A sender gives every message a return path of its own (VERP), which holds a [`Token`]: what the address is for, the
//! day, the list and the contact, signed with a key that only the sender has. Who reports a bounce to such an address has
//! seen the message, or has it from somebody who has; whoever guesses, can't.
//!
//! [`Keys::sign`] makes tokens and [`Keys::read`] recognises them, also behind what mail servers on the way do to
//! addresses ([`unwrapped`]). [`contact_hints`] reads return paths that nobody signed.
//!
//! ```
//! use rebound_verp::{Keys, Purpose, Reading};
//!
//! let keys = Keys::parse(
//!     r#"
//!     [[keys]]
//!     id = 1
//!     secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
//!     created = "2026-11-22"
//!     "#,
//! )?;
//! let token = keys.sign(Purpose::ReturnPath, "news", "ann@example.org", "2026-11-22".parse()?)?;
//! let address = token.address("bounces", "example.com")?;
//! let Reading::Signed(verified) = keys.read(&address.to_uppercase()) else { panic!() };
//! assert!(verified.is_for_contact("Ann@example.org") && verified.is_for_list("news"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The format is described octet by octet in `docs/return-addresses.md`, so that a sender in any language can make it.
//! This crate knows no clock and makes no keys: the day, and 32 random octets, come in.

mod contact;
mod day;
mod hints;
mod keys;
mod reading;
mod token;
mod unwrap;

pub use contact::canonical;
pub use day::{Day, InvalidDay};
pub use hints::contact_hints;
pub use keys::{InvalidKeys, Key, Keys, MAX_DOCUMENT_BYTES, MIN_SECRET_BYTES, SignError};
pub use reading::{Reading, Refusal, Verified};
pub use token::{AddressError, MAX_LOCAL_PART, Purpose, TOKEN_CHARS, Token};
pub use unwrap::{Unwrapped, Wrapper, unwrapped};
