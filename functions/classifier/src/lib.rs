//! The classifier function: for every archived message that an event announces, says what it is and records it.
//!
//! [`event`] reads what invokes it, [`Function::handle`] does the work, [`Function::answer`] does what Lambda asks for.
//! `main.rs` wires it to Lambda; the command line calls the same function over the embedded stores.

mod answer;
mod authenticate;
mod batch;
mod config;
mod deadline;
mod dns;
pub mod event;
mod handler;
mod isolate;
mod reprocess;

pub use answer::CallError;
pub use config::{NoPolicy, POLICY_KEY, RULES_KEY, UserPolicy, UserRules};
pub use handler::{Function, JudgeError, Judged, Outcome};
pub use reprocess::Rejudged;
