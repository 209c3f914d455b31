//! The verbs of `rebound contacts`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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
    /// Filter a list of recipients before sending: print those that may be mailed
    ///
    /// Prints the rows that may be mailed to standard output as they are, and leaves out suppressed contacts. Addresses
    /// are compared as people expect: case, the two forms of a domain and needless quotes do not matter. A row whose
    /// address can't be read is named on standard error and left out.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Stop mailing contacts
    ///
    /// With --list from that list only. It is recorded as an event with your name and your reason, and can be undone
    /// with `reactivate`.
    #[command(after_help = SUPPRESS_EXAMPLES)]
    Suppress(DecideArgs),
    /// Mail contacts again; what happened before counts no more
    ///
    /// Without --list a suppressed contact is active again, and still off the lists it asked to leave; with --list it is
    /// on that list again.
    #[command(after_help = REACTIVATE_EXAMPLES)]
    Reactivate(DecideArgs),
}

const SUPPRESS_EXAMPLES: &str = "\
Examples:
  rebound contacts suppress ann@example.com --why 'asked by phone'
  rebound contacts suppress ann@example.com bob@example.com --list news --why 'left the company' --by maria";

const REACTIVATE_EXAMPLES: &str = "\
Examples:
  rebound contacts reactivate ann@example.com --why 'her mailbox works again, she wrote'
  rebound contacts reactivate ann@example.com --list news --why 'signed up again'";

#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// The contacts' addresses, in any spelling
    #[arg(required = true, value_name = "ADDRESS")]
    pub addresses: Vec<String>,
    #[command(flatten)]
    pub reason: DecisionReason,
    /// This list only
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
}

/// Who decides by hand, and why.
#[derive(Debug, Args)]
pub(crate) struct DecisionReason {
    /// Why; kept with the event
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// Who decides [default: the user logged in here]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  rebound contacts check recipients.txt > mail-these.txt
  rebound contacts check --list news --rejected left-out.csv subscribers.csv > mail-these.csv
  sort -u recipients.txt | rebound contacts check - | my-mailer";

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The recipients: one address a line, or a table (CSV) with a header; - for standard input
    pub file: PathBuf,
    /// The list that is going to be mailed: who is off it is left out, too
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
    /// The column of the table that holds the addresses [default: found by its name, `email` for example]
    #[arg(long, value_name = "NAME")]
    pub column: Option<String>,
    /// File for those left out, as CSV: line, address, why, since
    #[arg(long, value_name = "FILE")]
    pub rejected: Option<PathBuf>,
}
