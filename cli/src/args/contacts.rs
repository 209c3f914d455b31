//! The verbs of `rebound contacts`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use rebound_contacts::{HeldBecause, Moment};

use super::{ReportFormat, RowFormat, SummaryFormat, moment};

/// For whoever asks what can be done with contacts.
pub(super) const EXAMPLES: &str = "\
Examples:
  rebound contacts list --suppressed --format csv > suppressed.csv
  rebound contacts why ann@example.com
  rebound contacts check --list news subscribers.csv > mail-these.csv
  rebound contacts suppress ann@example.com --why 'asked by phone'
  rebound contacts import suppression_bounces.csv --dry-run";

#[derive(Debug, Subcommand)]
pub(crate) enum ContactsCommand {
    /// One contact's story: its state, every event behind it, and what the policy made of each
    #[command(visible_alias = "show", after_help = WHY_EXAMPLES)]
    Why {
        /// The contact's address, in any spelling
        address: String,
        /// How to print it
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: ReportFormat,
    },
    /// All contacts, sorted by address
    #[command(after_help = LIST_EXAMPLES)]
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
    /// Suppress a misspelt address, and remember the right one
    ///
    /// Nothing is recorded about the right one.
    #[command(after_help = CORRECT_EXAMPLES)]
    Correct(CorrectArgs),
    /// What the circuit breaker holds: contacts that would be suppressed, had one day not suppressed so many
    ///
    /// Each with the words that would have suppressed it. Look at them, then release them, or discard what was wrong.
    #[command(after_help = HELD_EXAMPLES)]
    Held(HeldArgs),
    /// Let what is held suppress its contacts after all
    #[command(after_help = HELD_EXAMPLES)]
    Release(ReleaseArgs),
    /// Take what one message says out of a contact's history, or what is held
    ///
    /// From then on the contact is what it would be had that never happened. It is recorded with your name and your
    /// reason; the message stays in the archive.
    #[command(after_help = DISCARD_EXAMPLES)]
    Discard(DiscardArgs),
    /// Fold every contact's history again, under the policy in force or another, and show what changes
    ///
    /// Shows who becomes suppressed, who is freed, and why; nothing is written without --apply. A contact of which events
    /// have expired is kept as it is. It may be interrupted and run again at any time.
    #[command(after_help = REBUILD_EXAMPLES)]
    Rebuild(RebuildArgs),
    /// Take over a suppression list: from a mail provider, or our own export
    ///
    /// Knows the exports of Amazon SES, SendGrid, Mailgun, Postmark and Mailchimp by their columns (docs/import.md). Reads
    /// the whole file first and says what is in it; a file that can't be understood is refused as a whole. Rows that
    /// can't be read are named and skipped. A row that was imported before is not counted again.
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(ImportArgs),
    /// Print the suppression list, for other tools
    ///
    /// Suppressed contacts by cause, earliest first; with --list, behind them those who are off that list. In CSV an
    /// apostrophe stands before a cell that a spreadsheet would take for a formula; `import` takes it away again.
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(ExportArgs),
}

const WHY_EXAMPLES: &str = "\
Examples:
  rebound contacts why ann@example.com
  rebound contacts why 'Ann <ANN@Example.com>' --format json";

const LIST_EXAMPLES: &str = "\
Examples:
  rebound contacts list
  rebound contacts list --suppressed --format csv > suppressed.csv";

const HELD_EXAMPLES: &str = "\
Examples:
  rebound contacts held --format csv > look-at-these.csv
  rebound contacts release ann@example.com --why 'she is gone, her colleague says'
  rebound contacts release --all --account news --dry-run
  rebound contacts release --all --account news --why 'the old mailbox, looked through'
  rebound contacts discard --held ann@example.com --why 'she wrote yesterday'
  rebound contacts held --because unproven                reports that may be forged";

#[derive(Debug, Args)]
pub(crate) struct HeldArgs {
    /// Only what came through this account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Only what is held for this: `breaker` (too many at once) or `unproven` (it may be forged)
    #[arg(long, value_name = "CAUSE")]
    pub because: Option<HeldBecause>,
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: RowFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ReleaseArgs {
    /// The contacts' addresses, in any spelling
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "ADDRESS")]
    pub addresses: Vec<String>,
    /// Everybody who is held
    #[arg(long)]
    pub all: bool,
    /// With --all: only what came through this account
    #[arg(long, requires = "all", value_name = "NAME")]
    pub account: Option<String>,
    /// With --all: what is held for this, `breaker` (too many at once) or `unproven` (it may be forged)
    #[arg(long, requires = "all", value_name = "CAUSE", default_value = "breaker")]
    pub because: HeldBecause,
    #[command(flatten)]
    pub decision: DecisionArgs,
}

const DISCARD_EXAMPLES: &str = "\
Examples:
  rebound contacts why ann@example.com                    which messages there are
  rebound contacts discard ann@example.com --message 9f86d081884c --why 'their server was broken that day'
  rebound contacts discard --held --all --account news --why 'everything was refused for our new address'";

#[derive(Debug, Args)]
pub(crate) struct DiscardArgs {
    /// The contact's address, in any spelling
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Which message: the beginning of its identity, as `contacts why` prints it
    #[arg(long, required_unless_present = "held", conflicts_with = "held", value_name = "HASH")]
    pub message: Option<String>,
    /// What is held of it
    #[arg(long)]
    pub held: bool,
    /// With --held: of everybody who is held
    #[arg(long, requires = "held")]
    pub all: bool,
    /// With --all: only what came through this account
    #[arg(long, requires = "all", value_name = "NAME")]
    pub account: Option<String>,
    /// With --all: what is held for this, `breaker` (too many at once) or `unproven` (it may be forged)
    #[arg(long, requires = "all", value_name = "CAUSE", default_value = "breaker")]
    pub because: HeldBecause,
    #[command(flatten)]
    pub decision: DecisionArgs,
}

const REBUILD_EXAMPLES: &str = "\
Examples:
  rebound contacts rebuild --policy stricter.toml   who would be suppressed, who freed?
  rebound policy use stricter.toml
  rebound contacts rebuild --apply                  apply the policy in force to the past";

#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    /// The policy to fold under [default: the one in force]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Only contacts of which there is mail of this list
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
    /// Only show what differs, which is the default
    #[arg(long, conflicts_with = "apply")]
    pub dry_run: bool,
    /// Write what differs
    #[arg(long)]
    pub apply: bool,
    /// How to print what differs
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: RowFormat,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  rebound contacts export > suppressed.csv
  rebound contacts export --format plain --list news > do-not-mail.txt
  rebound contacts export --since 2026-11-01 --cause complaint
  rebound contacts export --format ses > ses.csv && aws s3 cp ses.csv s3://bucket/ses.csv &&
    aws sesv2 create-import-job --import-data-source DataFormat=CSV,S3Url=s3://bucket/ses.csv \\
      --import-destination '{\"SuppressionListDestination\":{\"SuppressionListImportAction\":\"PUT\"}}'";

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Only those suppressed at this time or later: a day, or a time in RFC 3339
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<Moment>,
    /// Only those suppressed for this cause: `hard-bounce`, `complaint`, `manual`; `unsubscribe` for those off the list
    #[arg(long, value_name = "CAUSE")]
    pub cause: Option<String>,
    /// Also those who are off this list
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "csv")]
    pub format: ExportFormat,
}

/// Formats of a suppression list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// For spreadsheets and list managers, with a header line (RFC 4180)
    Csv,
    /// One JSON document a line
    Jsonl,
    /// What Amazon SES imports into its account-level suppression list: address,BOUNCE or address,COMPLAINT
    Ses,
    /// One address a line
    Plain,
}

const SUPPRESS_EXAMPLES: &str = "\
Examples:
  rebound contacts suppress ann@example.com --why 'asked by phone'
  rebound contacts suppress ann@example.com bob@example.com --list news --why 'left the company' --by maria";

const REACTIVATE_EXAMPLES: &str = "\
Examples:
  rebound contacts reactivate ann@example.com --why 'her mailbox works again, she wrote'
  rebound contacts reactivate ann@example.com --list news --why 'signed up again'";

const CORRECT_EXAMPLES: &str = "\
Example:
  rebound contacts correct ann@exmaple.com ann@example.com --why 'slip of the pen on the form'";

#[derive(Debug, Args)]
pub(crate) struct CorrectArgs {
    /// The address as it was written
    #[arg(value_name = "OLD_ADDRESS")]
    pub old: String,
    /// The address that was meant
    #[arg(value_name = "NEW_ADDRESS")]
    pub new: String,
    #[command(flatten)]
    pub decision: DecisionArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// The contacts' addresses, in any spelling
    #[arg(required = true, value_name = "ADDRESS")]
    pub addresses: Vec<String>,
    /// This list only
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
    #[command(flatten)]
    pub decision: DecisionArgs,
}

/// What is decided by hand: who, why, and whether it is meant.
#[derive(Debug, Args)]
pub(crate) struct DecisionArgs {
    /// Why; kept with the event
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    pub why: Option<String>,
    /// Who decides [default: the user logged in here]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Say what it would do, and record nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How to print what was done
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: RowFormat,
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

const IMPORT_EXAMPLES: &str = "\
Examples:
  rebound contacts import --dry-run suppression_bounces.csv
  rebound contacts import suppression_bounces.csv
  rebound contacts import --list news unsubscribed_members_export.csv
  rebound contacts import --from plain --kind unsubscribes goodbyes.txt
  aws sesv2 list-suppressed-destinations | rebound contacts import -";

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The list: a table (CSV) with a header, JSON, or one address a line; - for standard input
    pub file: PathBuf,
    /// Who unsubscribed is off this list; without it, off the list that the row names, or suppressed
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
    /// Who exported it [default: as its columns say]
    #[arg(long, value_name = "SOURCE")]
    pub from: Option<ListSource>,
    /// What its rows are, where neither the rows nor the file's name say so
    #[arg(long, value_name = "KIND")]
    pub kind: Option<ListKind>,
    /// Say what is in it, and record nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How to print what is in it, and what came of it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: SummaryFormat,
}

/// Who exported a suppression list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListSource {
    /// `rebound contacts export`
    Rebound,
    /// Amazon SES
    Ses,
    /// Twilio SendGrid
    Sendgrid,
    /// Mailgun
    Mailgun,
    /// Postmark
    Postmark,
    /// Mailchimp
    Mailchimp,
    /// Anybody: addresses, one a line or in a column
    Plain,
}

/// What the rows of a suppression list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListKind {
    /// Hard bounces: the address is suppressed
    Bounces,
    /// Soft bounces: counted
    SoftBounces,
    /// Mail refused for the sender's or its content's sake: recorded
    Blocks,
    /// Abuse reports: the address is suppressed
    Complaints,
    /// People who left
    Unsubscribes,
    /// Addresses not to be mailed for whatever reason
    Suppressions,
}
