//! Lists that people bring: lines, or rows of a table with a header.

mod cells;
mod objects;
mod recipient;
mod rows;
mod table;
mod times;

pub(crate) use cells::{Cells, first_keys, first_line, holds_objects};
pub(crate) use recipient::recipient;
pub(crate) use rows::Rows;
pub(crate) use table::{Header, fields, plain_name};
pub(crate) use times::time;

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use anyhow::{Context, Result};

/// What stands for standard input where a file's name is expected.
pub(crate) const STANDARD_INPUT: &str = "-";

/// How columns of addresses are called, the surest first.
pub(crate) const ADDRESS_COLUMNS: [&str; 6] = [
    "email",
    "email address",
    "e-mail-adresse",
    "mail",
    "recipient",
    "address",
];

/// Opens a file, or standard input where `-` is its name.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read + Send>> {
    if path.as_os_str() == STANDARD_INPUT {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    Ok(Box::new(file))
}

/// The same, to be read more than once: standard input is put into a file that has no name.
pub(crate) fn open_again_and_again(path: &Path) -> Result<File> {
    if path.as_os_str() != STANDARD_INPUT {
        return File::open(path).with_context(|| format!("opening {}", path.display()));
    }
    let spool = || {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut io::stdin().lock(), &mut file)?;
        file.rewind()?;
        Ok::<_, io::Error>(file)
    };
    spool().context("keeping standard input in a temporary file")
}
