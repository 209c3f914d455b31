//! Lists that people bring: lines, or rows of a table with a header.

mod recipient;
mod rows;
mod table;

pub(crate) use recipient::recipient;
pub(crate) use rows::Rows;
pub(crate) use table::{Header, fields};

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result};

/// What stands for standard input where a file's name is expected.
pub(crate) const STANDARD_INPUT: &str = "-";

/// Opens a file, or standard input where `-` is its name.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read + Send>> {
    if path.as_os_str() == STANDARD_INPUT {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    Ok(Box::new(file))
}
