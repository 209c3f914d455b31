//! The way to a mail server: addresses, TCP, TLS, and bounds on time and bytes.
//!
//! Nothing here knows a protocol. [`Stream`] blocks, but never past its deadline, and never gives more than its budget:
//! a server that drips one byte a minute and one that never stops both end as errors.

mod certificate;
mod dial;
mod failure;
mod socket;
mod stream;
mod tls;
mod trust;

pub use certificate::Certificate;
pub(crate) use dial::{ascii, literal};
pub(crate) use failure::{lost, read_failure};
pub(crate) use stream::{Check, Stream};
