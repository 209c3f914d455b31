//! Filters a list of recipients before sending.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use futures::TryStreamExt;
use rebound_contacts::repository::{Repository, Unmailable};
use rebound_contacts::{Cause, Moment};

use crate::args::CheckArgs;
use crate::complaints::{BadRows, Hinted, say};
use crate::input::{self, ADDRESS_COLUMNS, Header, Rows, fields, recipient};
use crate::outcome::Outcome;
use crate::output::harmless_cell;
use crate::place::Place;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// How much output is collected before it is written.
const OUTPUT_BYTES: usize = 64 << 10;

/// Prints the rows that may be mailed.
pub(super) async fn check(place: &Place, args: &CheckArgs) -> Result<Outcome> {
    let mut rows = Rows::new(input::open(&args.file)?).with_context(|| format!("reading {}", args.file.display()))?;
    let rejected = args.rejected.as_deref().map(LeftOut::create).transpose()?;

    let workspace = Workspace::open(place).await?;
    let snapshot = Snapshot::read(workspace.contacts(), args.list.as_deref()).await?;
    workspace.close().await?;
    if snapshot.0.is_empty() {
        say(
            "warning",
            format!("nobody in {place} is suppressed: every address passes"),
        );
        say(
            "hint",
            "--data DIR or REBOUND_DATA says where the contacts are kept, --stack NAME on AWS",
        );
    }

    let out = BufWriter::with_capacity(OUTPUT_BYTES, io::stdout().lock());
    let filter = Filter {
        snapshot: &snapshot,
        shape: Shape::of(&mut rows, args.column.as_deref())?,
        out,
        rejected,
        tally: Tally::default(),
        bad: BadRows::default(),
    };
    let tally = filter.run(rows)?;
    say("note", tally.told(args.list.as_deref()));
    Ok(Outcome::Done)
}

/// Everybody who must not be mailed, by the key of their address.
struct Snapshot(HashMap<Box<str>, Why>);

/// Why somebody must not be mailed, and since when.
#[derive(Clone, Copy)]
struct Why {
    /// `None`: off the list.
    cause: Option<Cause>,
    since: Moment,
}

impl Snapshot {
    async fn read(contacts: &Repository, list: Option<&str>) -> Result<Self> {
        let progress = Progress::of("suppressed contacts", None);
        let known = contacts.unmailable(list).inspect_ok(|_| progress.advance(1)).try_fold(
            HashMap::new(),
            async |mut known, unmailable| {
                if let Some((address, why)) = Why::of(unmailable) {
                    known.insert(address, why);
                }
                Ok(known)
            },
        );
        Ok(Self(known.await?))
    }
}

impl Why {
    fn of(unmailable: Unmailable) -> Option<(Box<str>, Self)> {
        let left = unmailable.left_at.map(|since| Self { cause: None, since });
        let why = match unmailable.suppression {
            Some((cause, since)) => Some(Self {
                cause: Some(cause),
                since,
            }),
            None => left,
        };
        Some((unmailable.address.into_boxed_str(), why?))
    }

    fn word(self) -> &'static str {
        self.cause.map_or("unsubscribe", Cause::as_str)
    }
}

/// How the recipients are written down.
enum Shape {
    /// One on a line.
    Lines,
    /// In a column of a table, whose header is this row.
    Table {
        header: Vec<u8>,
        delimiter: u8,
        column: usize,
    },
}

impl Shape {
    /// Looks at the first line, and reads it when it is a header.
    fn of(rows: &mut Rows<impl Read>, column: Option<&str>) -> Result<Self> {
        let first = rows.peek_line().context("reading the first line")?;
        let guess = Header::read(first);
        let is_address = recipient(&String::from_utf8_lossy(first)).is_ok();
        let known = |header: &Header| match column {
            Some(column) => header.position(column),
            None => ADDRESS_COLUMNS.iter().find_map(|name| header.position(name)),
        };
        let is_line = is_address || guess.columns.len() == 1 && known(&guess).is_none();
        if column.is_none() && is_line {
            return Ok(Self::Lines);
        }
        rows.delimited_by(guess.delimiter);
        let header = match rows.next().context("reading the first line")? {
            Some(Ok(row)) => row.bytes.to_vec(),
            Some(Err(bad)) => bail!("line {}: {}", bad.line, bad.what),
            None => Vec::new(),
        };
        let named = Header::read(&header);
        let column = known(&named).ok_or_else(|| {
            let wanted = column.map_or_else(|| "of addresses".to_owned(), |column| format!("{column:?}"));
            Hinted::new(
                format!(
                    "the first line names no column {wanted}; it has: {}",
                    named.columns.join(", ")
                ),
                "--column NAME says which it is; a list without a header has one address a line",
            )
        })?;
        Ok(Self::Table {
            header,
            delimiter: guess.delimiter,
            column,
        })
    }
}

/// Rows on their way from one file to the other.
struct Filter<'a, W: Write> {
    snapshot: &'a Snapshot,
    shape: Shape,
    out: W,
    rejected: Option<LeftOut>,
    tally: Tally,
    bad: BadRows,
}

/// How many rows went where.
#[derive(Debug, Default)]
struct Tally {
    mailable: u64,
    suppressed: u64,
    off_list: u64,
    bad: u64,
}

impl<W: Write> Filter<'_, W> {
    fn run(mut self, mut rows: Rows<impl Read>) -> Result<Tally> {
        if let Shape::Table { header, .. } = &self.shape {
            self.out.write_all(header)?;
        }
        while let Some(row) = rows.next().context("reading the recipients")? {
            match row {
                Ok(row) if row.bytes.trim_ascii().is_empty() => {}
                Ok(row) => self.row(row.line, row.bytes)?,
                Err(bad) => self.refuse(bad.line, bad.what, "")?,
            }
        }
        self.out.flush()?;
        if let Some(rejected) = self.rejected {
            rejected.finish()?;
        }
        self.tally.bad = self.bad.finish();
        Ok(self.tally)
    }

    fn row(&mut self, line: u64, bytes: &[u8]) -> Result<()> {
        let cell = match &self.shape {
            Shape::Lines => Some(String::from_utf8_lossy(bytes)),
            Shape::Table { delimiter, column, .. } => fields(bytes, *delimiter).nth(*column),
        };
        let Some(cell) = cell else {
            return self.refuse(line, "has no such column", &String::from_utf8_lossy(bytes));
        };
        let address = match recipient(&cell) {
            Ok(address) => address,
            Err(what) => return self.refuse(line, what, &cell),
        };
        match self.snapshot.0.get(address.as_str()) {
            None => {
                self.out.write_all(bytes)?;
                self.tally.mailable += 1;
            }
            Some(why) => {
                match why.cause {
                    Some(_) => self.tally.suppressed += 1,
                    None => self.tally.off_list += 1,
                }
                if let Some(rejected) = &mut self.rejected {
                    rejected.write(line, address.spelling(), why.word(), Some(why.since))?;
                }
            }
        }
        Ok(())
    }

    fn refuse(&mut self, line: u64, what: &'static str, text: &str) -> Result<()> {
        self.bad.add(line, what, text);
        match &mut self.rejected {
            Some(rejected) => rejected.write(line, text.trim(), what, None),
            None => Ok(()),
        }
    }
}

impl Tally {
    fn told(&self, list: Option<&str>) -> String {
        let Self {
            mailable,
            suppressed,
            off_list,
            bad,
        } = self;
        let off_list = list.map_or_else(String::new, |list| format!(", {off_list} off the list {list}"));
        format!("{mailable} may be mailed; left out: {suppressed} suppressed{off_list}, {bad} that can't be read")
    }
}

/// The file of those left out.
struct LeftOut(csv::Writer<File>);

impl LeftOut {
    fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
        let mut out = csv::Writer::from_writer(file);
        out.write_record(["line", "address", "why", "since"])?;
        Ok(Self(out))
    }

    fn write(&mut self, line: u64, address: &str, why: &str, since: Option<Moment>) -> Result<()> {
        let since = since.map(|since| since.to_string()).unwrap_or_default();
        self.0
            .write_record([&line.to_string(), harmless_cell(address).as_ref(), why, &since])
            .context("writing those left out")
    }

    fn finish(mut self) -> Result<()> {
        self.0.flush().context("writing those left out")
    }
}
