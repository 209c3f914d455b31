//! The suppression list, for other tools.

use std::io::{self, BufWriter, Write};

use anyhow::{Result, bail};
use futures::TryStreamExt;
use rebound_classify::Category;
use rebound_contacts::repository::{ContactFilter, Repository};
use rebound_contacts::{Cause, Contact, Moment};
use serde::Serialize;

use crate::args::{ExportArgs, ExportFormat};
use crate::complaints::{Hinted, say};
use crate::outcome::Outcome;
use crate::output::{JsonStream, harmless_cell};
use crate::place::Place;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// Why those who are off a list are on the suppression list of that list.
const LEFT: Cause = Cause::Mail(Category::Unsubscribe);

/// How many addresses Amazon SES imports from one file.
const SES_MAX_ADDRESSES: u64 = 100_000;

/// Prints the suppression list as it is read.
pub(super) async fn export(place: &Place, args: &ExportArgs) -> Result<Outcome> {
    let wanted = Wanted::new(args)?;
    let workspace = Workspace::open(place).await?;
    let mut out = Out::new(args.format, BufWriter::new(io::stdout().lock()))?;
    let exported = wanted.write(workspace.contacts(), &mut out).await;
    workspace.close().await?;
    exported?;
    out.finish()?;
    Ok(Outcome::Done)
}

/// Whom to print.
struct Wanted<'a> {
    since: Option<Moment>,
    cause: Option<Cause>,
    list: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn new(args: &'a ExportArgs) -> Result<Self> {
        if args.format == ExportFormat::Ses && args.list.is_some() {
            bail!(Hinted::new(
                "Amazon SES's suppression list knows no lists: who is on it gets none of your mail",
                "leave out --list, or choose another --format",
            ));
        }
        let cause = match &args.cause {
            None => None,
            Some(word) => match word.parse() {
                Ok(cause) => Some(cause),
                Err(_) => bail!(Hinted::new(
                    format!("--cause {word:?} suppresses nobody"),
                    format!("causes: {}", causes()),
                )),
            },
        };
        Ok(Self {
            since: args.since,
            cause,
            list: args.list.as_deref(),
        })
    }

    async fn write<W: Write>(&self, contacts: &Repository, out: &mut Out<W>) -> Result<()> {
        let progress = Progress::of("contacts", None);
        let suppressed = contacts.contacts(ContactFilter::Suppressed {
            cause: self.cause,
            since: self.since,
        });
        let mut suppressed = std::pin::pin!(suppressed);
        while let Some(contact) = suppressed.try_next().await? {
            progress.advance(1);
            if let Some(suppression) = contact.suppression {
                out.write(&contact, suppression.cause, suppression.at, None)?;
            }
        }
        if let Some(list) = self.list.filter(|_| self.cause.is_none_or(|cause| cause == LEFT)) {
            let mut off = std::pin::pin!(contacts.off_list(list));
            while let Some(contact) = off.try_next().await? {
                progress.advance(1);
                let left = contact
                    .left_at(list)
                    .filter(|left| self.since.is_none_or(|since| *left >= since));
                if let (Some(left), None) = (left, contact.suppression) {
                    out.write(&contact, LEFT, left, Some(list))?;
                }
            }
        }
        Ok(())
    }
}

/// The causes there can be: those that suppress without a policy of one's own.
fn causes() -> String {
    let usual = Cause::all().filter(|cause| match cause {
        Cause::Mail(category) => matches!(
            category,
            Category::HardBounce | Category::SoftBounce | Category::Complaint | Category::Unsubscribe
        ),
        Cause::Manual | Cause::Corrected => true,
    });
    usual.map(Cause::as_str).collect::<Vec<_>>().join(", ")
}

/// Where a suppression list goes.
enum Out<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(JsonStream<W>),
    Ses { out: W, written: u64, left_out: u64 },
    Plain(W),
}

/// A line of the suppression list. What is said of its latest mail need not be what suppressed it.
#[derive(Serialize)]
struct Row<'a> {
    /// What contacts are compared by.
    address: &'a str,
    /// As it was written when it was first seen.
    spelling: &'a str,
    suppressed_cause: &'static str,
    suppressed_at: String,
    /// The only list that this is about.
    list: Option<&'a str>,
    last_category: Option<&'static str>,
    last_reason: Option<&'static str>,
    last_status: Option<String>,
    last_diagnostic: Option<&'a str>,
    new_address: Option<&'a str>,
}

/// The columns, so that an empty list has a header, too.
const COLUMNS: [&str; 10] = [
    "address",
    "spelling",
    "suppressed_cause",
    "suppressed_at",
    "list",
    "last_category",
    "last_reason",
    "last_status",
    "last_diagnostic",
    "new_address",
];

impl<W: Write> Out<W> {
    fn new(format: ExportFormat, out: W) -> Result<Self> {
        Ok(match format {
            ExportFormat::Csv => {
                let mut out = csv::WriterBuilder::new().has_headers(false).from_writer(out);
                out.write_record(COLUMNS)?;
                Self::Csv(Box::new(out))
            }
            ExportFormat::Jsonl => Self::Jsonl(JsonStream::lines(out)),
            ExportFormat::Ses => Self::Ses {
                out,
                written: 0,
                left_out: 0,
            },
            ExportFormat::Plain => Self::Plain(out),
        })
    }

    fn write(&mut self, contact: &Contact, cause: Cause, at: Moment, list: Option<&str>) -> Result<()> {
        match self {
            Self::Csv(out) => {
                let row = Row::of(contact, cause, at, list);
                let cells = row.cells();
                out.write_record(cells.iter().map(|cell| harmless_cell(cell).into_owned()))?;
            }
            Self::Jsonl(out) => out.write(&Row::of(contact, cause, at, list))?,
            Self::Ses { out, written, left_out } => match ses_address(contact) {
                Some(address) => {
                    *written += 1;
                    let complained = cause == Cause::Mail(Category::Complaint);
                    writeln!(out, "{address},{}", if complained { "COMPLAINT" } else { "BOUNCE" })?;
                }
                None => *left_out += 1,
            },
            Self::Plain(out) => writeln!(out, "{}", contact.address.spelling())?,
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        match self {
            Self::Csv(mut out) => out.flush()?,
            Self::Jsonl(out) => out.finish()?,
            Self::Plain(mut out) => out.flush()?,
            Self::Ses {
                mut out,
                written,
                left_out,
            } => {
                out.flush()?;
                if left_out > 0 {
                    say(
                        "note",
                        format!("{left_out} addresses that SES can't mail anyway are left out"),
                    );
                }
                if written > SES_MAX_ADDRESSES {
                    say(
                        "warning",
                        format!("SES takes {SES_MAX_ADDRESSES} addresses a file, and here are {written}"),
                    );
                    say(
                        "hint",
                        format!("split -l {SES_MAX_ADDRESSES} makes files that it takes"),
                    );
                }
            }
        }
        Ok(())
    }
}

impl<'a> Row<'a> {
    fn of(contact: &'a Contact, cause: Cause, at: Moment, list: Option<&'a str>) -> Self {
        let verdict = contact.last_verdict.as_ref();
        Self {
            address: contact.address.as_str(),
            spelling: contact.address.spelling(),
            suppressed_cause: cause.as_str(),
            suppressed_at: at.to_string(),
            list,
            last_category: verdict.map(|last| last.category.as_str()),
            last_reason: verdict.map(|last| last.reason.as_str()),
            last_status: verdict.and_then(|last| last.status).map(|status| status.to_string()),
            last_diagnostic: verdict.and_then(|last| last.diagnostic.as_deref()),
            new_address: contact.new_address.as_ref().map(rebound_classify::Address::as_str),
        }
    }

    fn cells(&self) -> [&str; COLUMNS.len()] {
        [
            self.address,
            self.spelling,
            self.suppressed_cause,
            &self.suppressed_at,
            self.list.unwrap_or_default(),
            self.last_category.unwrap_or_default(),
            self.last_reason.unwrap_or_default(),
            self.last_status.as_deref().unwrap_or_default(),
            self.last_diagnostic.unwrap_or_default(),
            self.new_address.unwrap_or_default(),
        ]
    }
}

/// In the form that SES takes: ASCII, with a domain, nothing that a cell would need quotation marks for.
fn ses_address(contact: &Contact) -> Option<&str> {
    let fits = |address: &&str| address.is_ascii() && !address.contains([',', '"']);
    contact.address.domain()?;
    [contact.address.spelling(), contact.address.as_str()]
        .into_iter()
        .find(fits)
}
