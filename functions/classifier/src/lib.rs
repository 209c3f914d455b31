//! The classifier function: for every archived message that an event announces, says what it is and records it.
//!
//! [`event`] reads what invokes it, [`Function::handle`] does the work. `main.rs` wires it to Lambda; the command line
//! calls the same function over the embedded stores.

mod config;
pub mod event;
mod handler;
mod reprocess;

pub use config::{NoPolicy, POLICY_KEY, RULES_KEY, UserPolicy, UserRules};
pub use handler::{Function, JudgeError, Judged, Outcome};
pub use reprocess::Rejudged;
