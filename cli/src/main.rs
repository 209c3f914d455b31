//! The `rebound` command.

mod args;
mod output;

fn main() {}
