//! A file that holds a suppression list: how it is written down, whose it is, and its rows.

use std::fs::File;
use std::io::{self, Read, Seek};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use super::layouts::{LAYOUTS, Layout, PLAIN_LIST, SES_BULK_COLUMNS};
use crate::args::{ImportArgs, ListSource};
use crate::complaints::Hinted;
use crate::input::{
    ADDRESS_COLUMNS, BadRow, Header, Objects, Rows, fields, open_again_and_again, plain_name, recipient,
};
use crate::output::original_cell;

/// A list whose layout is known.
pub(super) struct ListFile {
    file: File,
    form: Form,
    /// The columns of its rows.
    pub(super) header: Header,
    /// Whose it is.
    pub(super) layout: &'static Layout,
}

/// How rows are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A table, with its header.
    Table,
    /// A table without one.
    BareTable,
    /// JSON.
    Objects,
}

/// The rows of a list, from the first to the last.
pub(super) enum Cells<'a> {
    Table(Rows<&'a File>, u8),
    Objects(Objects<&'a File>, Vec<String>),
}

impl ListFile {
    /// Opens it and finds out whose it is.
    pub(super) fn open(args: &ImportArgs) -> Result<Self> {
        let mut file = open_again_and_again(&args.file)?;
        let mut first = [0; 1];
        let is_json = loop {
            match file.read(&mut first).context("reading the list")? {
                0 => bail!("there is nothing in it"),
                _ if first[0].is_ascii_whitespace() => {}
                _ => break matches!(first, [b'{' | b'[']),
            }
        };
        file.rewind()?;
        let (form, header, own) = if is_json { objects(&file)? } else { table(&file)? };
        let layout = recognise(&header, own, form, args.from)?;
        Ok(Self {
            file,
            form,
            header,
            layout,
        })
    }

    /// Its rows.
    pub(super) fn rows(&self) -> io::Result<Cells<'_>> {
        (&self.file).rewind()?;
        if self.form == Form::Objects {
            let names = self.header.columns.iter().map(|name| plain_name(name)).collect();
            return Ok(Cells::Objects(Objects::new(&self.file), names));
        }
        let mut rows = Rows::new(&self.file)?;
        rows.delimited_by(self.header.delimiter);
        if self.form == Form::Table {
            // The header, which was read before.
            while matches!(rows.next()?, Some(Ok(row)) if row.bytes.trim_ascii().is_empty()) {}
        }
        Ok(Cells::Table(rows, self.header.delimiter))
    }

    /// In which columns an address may stand.
    pub(super) fn address_columns(&self) -> &'static [&'static str] {
        if self.layout.address.is_empty() {
            &ADDRESS_COLUMNS
        } else {
            self.layout.address
        }
    }
}

/// The line that a row begins on, and its cells.
pub(super) type ListRow = (u64, Vec<String>);

impl Cells<'_> {
    /// The next row. Blank lines are left out.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<ListRow, BadRow>>> {
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

/// The header of a table, and how many columns it has.
fn table(file: &File) -> Result<(Form, Header, usize)> {
    let mut rows = Rows::new(file).context("reading the list")?;
    let mut line = Vec::new();
    while line.trim_ascii().is_empty() {
        match rows.next().context("reading the list")? {
            Some(Ok(row)) => line = row.bytes.to_vec(),
            Some(Err(bad)) => bail!("line {}: {}", bad.line, bad.what),
            None => bail!("there is nothing in it"),
        }
    }
    let header = Header::read(&line);
    let bare = |columns: &[&str]| Header {
        columns: columns.iter().map(|&name| name.to_owned()).collect(),
        ..header.clone()
    };
    let reason = |word: &str| ["bounce", "complaint"].contains(&plain_name(word).as_str());
    match header.columns.as_slice() {
        [address, word] if recipient(address).is_ok() && reason(word) => {
            Ok((Form::BareTable, bare(&SES_BULK_COLUMNS), SES_BULK_COLUMNS.len()))
        }
        // `Lee, Ann <ann@example.com>` is one address, whatever stands in the name.
        _ if recipient(&String::from_utf8_lossy(&line)).is_ok() => {
            let mut header = bare(&["email"]);
            header.delimiter = b'\n';
            Ok((Form::BareTable, header, 0))
        }
        columns => {
            let count = columns.len();
            Ok((Form::Table, header, count))
        }
    }
}

/// The keys of the first object, how many they are, and behind them all that a layout might read.
fn objects(file: &File) -> Result<(Form, Header, usize)> {
    let first = match Objects::new(file).next().context("reading the list")? {
        Some(Ok((_, object))) => object,
        Some(Err(bad)) => bail!("line {}: {}", bad.line, bad.what),
        None => bail!("there is no row in it"),
    };
    let mut header = Header {
        delimiter: b',',
        columns: first.keys().cloned().collect(),
    };
    let own = header.columns.len();
    for name in LAYOUTS.iter().flat_map(Layout::reads) {
        if header.position(name).is_none() {
            header.columns.push(name.to_owned());
        }
    }
    Ok((Form::Objects, header, own))
}

/// The layout that fits best; the first `own` columns are the file's own.
fn recognise(header: &Header, own: usize, form: Form, from: Option<ListSource>) -> Result<&'static Layout> {
    let plain = form == Form::BareTable && own == 0;
    if from == Some(ListSource::Plain) {
        if ADDRESS_COLUMNS.iter().any(|name| header.position(name).is_some()) {
            return Ok(PLAIN_LIST);
        }
        bail!(Hinted::new(
            format!("no column of addresses is among {}", header.columns.join(", ")),
            format!("name it in the first line: {}", ADDRESS_COLUMNS.join(", ")),
        ));
    }
    if plain {
        bail!(Hinted::new(
            "a plain list of addresses does not say why they should not be mailed",
            "--from plain suppresses them all; --kind unsubscribes, for example, says what they are",
        ));
    }
    let has = |name: &str| header.position(name).is_some_and(|column| column < own);
    let fitting = LAYOUTS
        .iter()
        .filter(|layout| from.is_none_or(|from| layout.source == from) && layout.fits(own, has));
    // The first of those with the most columns.
    let best = fitting.rev().max_by_key(|layout| layout.columns.len());
    best.ok_or_else(|| {
        let seen = header.columns.get(..own).unwrap_or_default().join(", ");
        let wanted: Vec<_> = LAYOUTS
            .iter()
            .filter(|layout| from.is_none_or(|from| layout.source == from))
            .map(|layout| format!("{}: {}", layout.name, layout.columns.join(", ")))
            .collect();
        Hinted::new(
            format!("these are nobody's columns that are known here: {seen}"),
            format!(
                "--from plain takes the addresses alone; columns that are known: {}",
                wanted.join("; ")
            ),
        )
        .into()
    })
}
