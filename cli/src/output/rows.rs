//! Flat rows in any format.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use serde::Serialize;

use super::{Align, JsonStream, Table, harmless_cell, width};
use crate::args::RowFormat;

/// Prints rows to standard output; `cells` says what a table for people shows of each.
pub(crate) fn print_rows<'r, R: Serialize, const COLUMNS: usize>(
    rows: &'r [R],
    format: RowFormat,
    headings: [&str; COLUMNS],
    cells: impl Fn(&'r R) -> [&'r str; COLUMNS],
) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        RowFormat::Table => {
            let table = Table::new(headings.map(|heading| (heading, Align::Left)));
            // What a server said is the longest of all, and there is a command that tells it in full.
            let words = headings.iter().position(|heading| *heading == "WORDS");
            let mut table = table.without_if_need_be(words.as_slice());
            for row in rows {
                table.row(cells(row));
            }
            out.write_all(table.render(width()).as_bytes())?;
            out.flush()?;
        }
        RowFormat::Json => print_json(rows, JsonStream::array(out))?,
        RowFormat::Jsonl => print_json(rows, JsonStream::lines(out))?,
        RowFormat::Csv => print_csv(rows, out)?,
    }
    Ok(())
}

/// No cell is a formula, whatever strangers wrote.
fn print_csv(rows: &[impl Serialize], out: impl Write) -> Result<()> {
    let mut cells = csv::Writer::from_writer(Vec::new());
    rows.iter().try_for_each(|row| cells.serialize(row))?;
    let cells = cells.into_inner()?;
    let mut out = csv::Writer::from_writer(out);
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(cells.as_slice());
    for row in rows.records() {
        out.write_record(row?.iter().map(|cell| harmless_cell(cell).into_owned()))?;
    }
    out.flush()?;
    Ok(())
}

/// A row that people are told on lines of its own, as it comes.
pub(crate) trait Told: Serialize {
    /// For people: whole lines, harmless to a terminal.
    fn told(&self) -> String;

    /// The same row with nothing in it that a spreadsheet would run.
    #[must_use]
    fn harmless(&self) -> Self;
}

/// Rows on their way to standard output, as they come.
pub(crate) enum RowStream {
    Table(BufWriter<io::Stdout>),
    Json(JsonStream<BufWriter<io::Stdout>>),
    Csv(Box<csv::Writer<BufWriter<io::Stdout>>>),
}

impl RowStream {
    /// Nothing is written yet.
    pub(crate) fn new(format: RowFormat) -> Self {
        let out = BufWriter::new(io::stdout());
        match format {
            RowFormat::Table => Self::Table(out),
            RowFormat::Json => Self::Json(JsonStream::array(out)),
            RowFormat::Jsonl => Self::Json(JsonStream::lines(out)),
            RowFormat::Csv => Self::Csv(Box::new(csv::Writer::from_writer(out))),
        }
    }

    /// Writes one row.
    pub(crate) fn write(&mut self, row: &impl Told) -> Result<()> {
        match self {
            Self::Table(out) => out.write_all(row.told().as_bytes())?,
            Self::Json(out) => out.write(row)?,
            Self::Csv(out) => out.serialize(row.harmless())?,
        }
        Ok(())
    }

    /// Ends and flushes.
    pub(crate) fn finish(self) -> Result<()> {
        match self {
            Self::Table(mut out) => out.flush()?,
            Self::Json(out) => out.finish()?,
            Self::Csv(mut out) => out.flush()?,
        }
        Ok(())
    }
}

fn print_json<W: Write>(rows: &[impl Serialize], mut out: JsonStream<W>) -> io::Result<()> {
    rows.iter().try_for_each(|row| out.write(row))?;
    out.finish()
}
