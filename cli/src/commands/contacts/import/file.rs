//! A file that holds a suppression list: how it is written down, whose it is, and its rows.

use std::fs::File;
use std::io;

use anyhow::{Result, bail};

use super::layouts::{LAYOUTS, Layout, PLAIN_LIST, SES_BULK_COLUMNS};
use crate::args::{ImportArgs, ListSource};
use crate::complaints::Hinted;
use crate::input::{
    ADDRESS_COLUMNS, Cells, Header, first_keys, first_line, holds_objects, open_again_and_again, plain_name, recipient,
};

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

impl ListFile {
    /// Opens it and finds out whose it is.
    pub(super) fn open(args: &ImportArgs) -> Result<Self> {
        let mut file = open_again_and_again(&args.file)?;
        let is_json = holds_objects(&mut file)?;
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
        match self.form {
            Form::Objects => Cells::of_objects(&self.file, &self.header.columns),
            Form::Table => Cells::below_header(&self.file, self.header.delimiter),
            Form::BareTable => Cells::of_table(&self.file, self.header.delimiter),
        }
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

/// The header of a table, and how many columns it has.
fn table(file: &File) -> Result<(Form, Header, usize)> {
    let line = first_line(file)?;
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
    let mut header = Header {
        delimiter: b',',
        columns: first_keys(file)?,
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
