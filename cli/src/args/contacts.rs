//! The verbs of `rebound contacts`.

use clap::Subcommand;

use super::{ReportFormat, RowFormat};

#[derive(Debug, Subcommand)]
pub(crate) enum ContactsCommand {
    /// One contact: its state, and every event behind it
    Show {
        /// The contact's address, in any spelling
        address: String,
        /// How to print it
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: ReportFormat,
    },
    /// All contacts, sorted by address
    List {
        /// Only those that must not be mailed any more
        #[arg(long)]
        suppressed: bool,
        /// How to print them
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
}
