//! Flat rows in any format.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use serde::Serialize;

use super::{Align, JsonStream, Table, width};
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
            let mut table = Table::new(headings.map(|heading| (heading, Align::Left)));
            for row in rows {
                table.row(cells(row));
            }
            out.write_all(table.render(width()).as_bytes())?;
            out.flush()?;
        }
        RowFormat::Json => print_json(rows, JsonStream::array(out))?,
        RowFormat::Jsonl => print_json(rows, JsonStream::lines(out))?,
        RowFormat::Csv => {
            let mut out = csv::Writer::from_writer(out);
            rows.iter().try_for_each(|row| out.serialize(row))?;
            out.flush()?;
        }
    }
    Ok(())
}

fn print_json<W: Write>(rows: &[impl Serialize], mut out: JsonStream<W>) -> io::Result<()> {
    rows.iter().try_for_each(|row| out.write(row))?;
    out.finish()
}
