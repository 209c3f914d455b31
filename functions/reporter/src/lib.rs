//! Making reports: why mail comes back, and whom to stop mailing.
//!
//! [`report`] reads what a report is made of and counts it, for whoever shows it: the `rebound` command does.
//! [`Function::answer`] is what Lambda asks for on a schedule: it writes the report of a day, and what goes with it, below
//! `reports/` of the bucket. `main.rs` wires it to Lambda.
//!
//! What it writes depends on the day and on what the tables hold, on no clock: made twice, it is the same, in the same
//! place.

mod edition;
mod handler;
mod place;
mod read;
mod request;
mod suppressions;
mod upload;

pub use handler::{Function, ReportError, Written};
pub use place::PREFIX;
pub use read::{Step, report};
pub use request::{Days, InvalidDays, InvalidRequest, ReportRequest};
pub use upload::PutError;
