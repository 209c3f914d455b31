//! How things are printed: tables for people, JSON and CSV for programs.

mod file;
mod json;
mod rows;
mod style;
mod table;
mod terminal;

pub(crate) use file::replace_file;
pub(crate) use json::JsonStream;
pub(crate) use rebound_report::{harmless_cell, original_cell};
pub(crate) use rows::{RowStream, Told, print_rows};
pub(crate) use style::{begin, kind_style, paint_first_word, paint_word, title};
pub(crate) use table::{Align, Table};
pub(crate) use terminal::{printable, prose_width, width};

/// The noun for so many: `contact`, `contacts`.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    if count == 1 {
        noun.to_owned()
    } else {
        format!("{noun}s")
    }
}
