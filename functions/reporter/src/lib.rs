//! Making reports: why mail comes back, and whom to stop mailing.
//!
//! [`report`] reads what a report is made of and counts it, for whoever shows it: the `rebound` command does.

mod read;

pub use read::{Step, report};
