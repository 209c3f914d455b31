//! How things are printed: tables for people, JSON and CSV for programs.

mod json;
mod rows;
mod spreadsheet;
mod table;
mod terminal;

pub(crate) use json::JsonStream;
pub(crate) use rows::print_rows;
pub(crate) use spreadsheet::{harmless_cell, original_cell};
pub(crate) use table::{Align, Table};
pub(crate) use terminal::{printable, prose_width, width};
