//! The real command, from outside.

mod bad_input;
mod crash;
mod support;
