//! Rows as cells, whether a file holds a table or JSON.

use std::fs::File;
use std::io::{self, Read, Seek};

use anyhow::{Result, bail};
use serde_json::{Map, Value};

use super::objects::Objects;
use super::rows::{BadRow, Rows};
use super::table::{fields, plain_name};
use crate::output::original_cell;

/// The rows of a file, from the first to the last.
pub(crate) enum Cells<'a> {
    Table(Rows<&'a File>, u8),
    Objects(Objects<&'a File>, Vec<String>),
}

/// The line that a row begins on, and its cells.
pub(crate) type CellsRow = (u64, Vec<String>);

impl<'a> Cells<'a> {
    /// All rows of a table, from the beginning of the file.
    pub(crate) fn of_table(mut file: &'a File, delimiter: u8) -> io::Result<Self> {
        file.rewind()?;
        let mut rows = Rows::new(file)?;
        rows.delimited_by(delimiter);
        Ok(Self::Table(rows, delimiter))
    }

    /// Those below the table's header, which is its first line that is not blank.
    pub(crate) fn below_header(file: &'a File, delimiter: u8) -> io::Result<Self> {
        let mut cells = Self::of_table(file, delimiter)?;
        if let Self::Table(rows, _) = &mut cells {
            while matches!(rows.next()?, Some(Ok(row)) if row.bytes.trim_ascii().is_empty()) {}
        }
        Ok(cells)
    }

    /// JSON objects from the beginning of the file, with the values of these columns as cells.
    pub(crate) fn of_objects(mut file: &'a File, columns: &[String]) -> io::Result<Self> {
        file.rewind()?;
        let names = columns.iter().map(|name| plain_name(name)).collect();
        Ok(Self::Objects(Objects::new(file), names))
    }

    /// The next row. Blank lines are left out.
    pub(crate) fn next(&mut self) -> io::Result<Option<Result<CellsRow, BadRow>>> {
        match self {
            Self::Table(rows, delimiter) => loop {
                let row = match rows.next()? {
                    None => return Ok(None),
                    Some(Err(bad)) => return Ok(Some(Err(bad))),
                    Some(Ok(row)) => row,
                };
                if !row.bytes.trim_ascii().is_empty() {
                    let cells = fields(row.bytes, *delimiter).map(|cell| original_cell(&cell).trim().to_owned());
                    return Ok(Some(Ok((row.line, cells.collect()))));
                }
            },
            Self::Objects(objects, names) => {
                let row = objects.next()?;
                Ok(row.map(|row| row.map(|(line, object)| (line, cells_of(&object, names)))))
            }
        }
    }
}

/// Whether a file holds JSON: it begins with an object or an array. It is at its beginning before and after.
pub(crate) fn holds_objects(file: &mut File) -> Result<bool> {
    let mut first = [0; 1];
    loop {
        match file.read(&mut first)? {
            0 => bail!("there is nothing in it"),
            _ if first[0].is_ascii_whitespace() => {}
            _ => break,
        }
    }
    file.rewind()?;
    Ok(matches!(first, [b'{' | b'[']))
}

/// The first line of a table that is not blank.
pub(crate) fn first_line(file: &File) -> Result<Vec<u8>> {
    let mut rows = Rows::new(file)?;
    loop {
        match rows.next()? {
            Some(Ok(row)) if row.bytes.trim_ascii().is_empty() => {}
            Some(Ok(row)) => return Ok(row.bytes.to_vec()),
            Some(Err(bad)) => bail!("line {}: {}", bad.line, bad.what),
            None => bail!("there is nothing in it"),
        }
    }
}

/// The keys of the first object.
pub(crate) fn first_keys(file: &File) -> Result<Vec<String>> {
    match Objects::new(file).next()? {
        Some(Ok((_, object))) => Ok(object.keys().cloned().collect()),
        Some(Err(bad)) => bail!("line {}: {}", bad.line, bad.what),
        None => bail!("there is no row in it"),
    }
}

/// The values of an object in the order of the columns.
fn cells_of(object: &Map<String, Value>, names: &[String]) -> Vec<String> {
    let mut cells = vec![String::new(); names.len()];
    for (key, value) in object {
        let key = plain_name(key);
        if let Some(cell) = names
            .iter()
            .position(|name| *name == key)
            .and_then(|column| cells.get_mut(column))
        {
            *cell = text_of(value);
        }
    }
    cells
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        Value::Array(values) => values.iter().map(text_of).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
