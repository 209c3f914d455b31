//! What a returned mail means.
//!
//! [`Classifier::classify`] takes the raw bytes of a message and says what it is, whom it is about, why, and which
//! words decided. It is pure: no I/O, no clock, no async, no global state. Any bytes give a report.

#[allow(dead_code, reason = "the view is wider than its first users")]
mod mime;
mod report;
mod words;

pub use report::{Original, Report, Verdict};
pub use words::{Action, Address, Category, EnhancedStatus, Reason, ReplyCode, Severity, UnknownWord};

/// Judges messages. Make one and use it for all of them; it is cheap to share and holds no state between messages.
#[derive(Debug, Default)]
pub struct Classifier {}

impl Classifier {
    /// A classifier with the built-in rules.
    pub fn new() -> Self {
        Self::default()
    }
}
