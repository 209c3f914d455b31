//! Whether a report speaks of mail that we sent. A bounce is a claim: anybody can write one and have somebody cut off.
//!
//! [`judge`] says of each verdict how far it can be believed ([`Authenticity`](rebound_contacts::Authenticity)), whom it
//! is about and why. What it goes by, the surest first:
//!
//! 1. the address that the report came to was signed for the contact (`rebound-verp`);
//! 2. the sent ledger knows the returned message as sent to the contact and to nobody else;
//! 3. the returned message bears a signature of ours over a header that names the contact ([`dkim`]);
//! 4. the returned message looks like ours and is recent, which proves nothing.
//!
//! Pure: keys, what the ledger answered, what was looked up and the time come in.

pub mod dkim;
mod judge;
mod plausible;
mod token;

pub use judge::{Context, Settings, judge, received_at};
