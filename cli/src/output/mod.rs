//! How things are printed: tables for people, JSON and CSV for programs.

mod json;
mod table;
mod terminal;

pub use json::JsonStream;
pub use table::{Align, Table};
pub use terminal::{printable, width};
