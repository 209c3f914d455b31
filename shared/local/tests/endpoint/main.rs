//! The stack on a socket: the official SDK, AWS's command line and Python's boto3 talk to it as they talk to AWS.
//!
//! Where the same can be asked of moto (`REBOUND_MOTO_ENDPOINT`), it is. AWS's command line and boto3 take part when
//! `REBOUND_REPORTING_TOOLS` names the folder that `tests/tools/reporting` makes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr
)] // a failed test may say so at once

mod clients;
mod doors;
mod queues;
mod services;
mod support;
mod uploads;
