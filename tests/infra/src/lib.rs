//! Reads what is deployed on AWS, `infra/template.yaml` and the pages about it, and says what is wrong with it.
//!
//! [`checks::ALL`] are the checks. Each is proven by copies of the deployment that are broken on purpose
//! (`tests/template`); `tests/tables.rs` compares the tables with those that the code creates.

pub mod checks;
mod deployment;
pub mod grants;
pub mod markdown;
mod template;

pub use deployment::{Deployment, ReadError};
pub use template::{NULL, ParseError, Resource, Template, alternatives, written};
