//! The verbs of `rebound sent`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::SummaryFormat;

pub(super) const EXAMPLES: &str = "\
Examples:
  rebound sent import sent.csv
  rebound sent import --dry-run sent.csv
  rebound sent show '<20261121080000.1@news.example.com>'";

const IMPORT_EXAMPLES: &str = "\
Examples:
  rebound sent import --dry-run sent.csv
  rebound sent import --list news --campaign spring sent.tsv
  rebound sent import --keep-days 30 sent.jsonl
  tail -n +1 sent.jsonl | rebound sent import -";

const SHOW_EXAMPLES: &str = "\
Example:
  rebound sent show '<20261121080000.1@news.example.com>'";

#[derive(Debug, Subcommand)]
pub(crate) enum SentCommand {
    /// Note messages that were sent: which Message-ID went to whom
    ///
    /// A table (CSV, tabs) with a header, or JSON. Columns: message_id and address, and where there are some, list,
    /// campaign and sent_at. The same again changes nothing. A row that can't be read is named on standard error and left
    /// out.
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(SentImportArgs),
    /// Say who a message went to, as far as that was noted
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// Its Message-ID, with or without brackets
        #[arg(value_name = "MESSAGE-ID")]
        message_id: String,
        /// How to print it
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: SummaryFormat,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SentImportArgs {
    /// What was sent: a table (CSV) with a header, or JSON; - for standard input
    pub file: PathBuf,
    /// The mailing list, where a row names none
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
    /// The campaign, where a row names none
    #[arg(long, value_name = "NAME")]
    pub campaign: Option<String>,
    /// How long after a message was sent it is forgotten
    #[arg(long, value_name = "DAYS", default_value = "90", value_parser = clap::value_parser!(u16).range(1..=3660))]
    pub keep_days: u16,
    /// Say what is in it, and note nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How to print what is in it, and what came of it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: SummaryFormat,
}
