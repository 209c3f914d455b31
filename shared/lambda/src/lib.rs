//! What the Lambda functions share at their edges: the environment, the log, the metrics, the clients' HTTPS and the
//! loop around the handler.
//!
//! A function's `main.rs` reads its [`Environment`], makes its clients over [`aws`], and hands its handler to [`run`].
//! What a handler does is in the function's own library; of this crate it knows only [`Call`] and [`Answer`].
//!
//! A cold start does here what it must and no more: no authority's certificate is read and no credentials are asked for
//! before the first request is sent.

mod call;
mod environment;
mod https;
mod logging;
pub mod metrics;
mod run;

pub use call::{Answer, Call};
pub use environment::{Environment, MissingVariable};
pub use https::aws;
pub use run::{now, run};
