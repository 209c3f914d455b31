//! The one place where the command reads the clock.

use jiff::Timestamp;

/// Now.
#[expect(clippy::disallowed_methods, reason = "the edge reads the clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
