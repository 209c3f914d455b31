//! `rebound verp`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use rebound_verp::{Day, Purpose};

use super::RowFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum VerpCommand {
    /// Make, look at and retire the keys that return addresses are signed with
    #[command(subcommand, after_help = KEYS_EXAMPLES)]
    Keys(KeysCommand),
    /// Sign return addresses for contacts
    ///
    /// Prints one address for each contact, for one message or for all of a day: the token says list, contact and day.
    #[command(after_help = SIGN_EXAMPLES)]
    Sign(SignArgs),
    /// Say whether an address is one of ours, and for whom and when it was signed
    ///
    /// Finds the token behind what mail servers on the way do to addresses. Ends with exit code 1 when the address is not
    /// signed, or not for what --list and --contact name.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(VerifyArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key of 32 random octets; from then on it signs
    #[command(after_help = KEYS_EXAMPLES)]
    New {
        /// Only say which number it would have
        #[arg(long)]
        dry_run: bool,
        /// How to print it; its secret is never printed
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
    /// Every key: its number, when it was made and retired, and whether it is the one that signs
    #[command(after_help = KEYS_EXAMPLES)]
    List {
        /// How to print them; their secrets are never printed
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
    /// Let a key sign no longer; it still verifies what it has signed
    #[command(after_help = KEYS_EXAMPLES)]
    Retire {
        /// The number of the key
        #[arg(value_name = "ID")]
        id: u8,
        /// Only say what would be different
        #[arg(long)]
        dry_run: bool,
        /// How to print it
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// Addresses of contacts
    #[arg(required_unless_present = "file", value_name = "ADDRESS")]
    pub addresses: Vec<String>,
    /// File of addresses, one a line or a table with a column of them; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "addresses")]
    pub file: Option<PathBuf>,
    /// The list that the mail is sent to, as the account's settings name it
    #[arg(long, value_name = "NAME")]
    pub list: String,
    /// What the addresses are for
    #[arg(long = "for", value_name = "PURPOSE", default_value = "return-path")]
    pub purpose: SignFor,
    /// The day that the mail is sent, as 2026-11-22 [default: today, in UTC]
    #[arg(long, value_name = "DAY")]
    pub day: Option<Day>,
    /// What stands before the token, at most 16 octets; `+` comes between, unless it ends in one of + - _ = .
    /// [default: bounces, or unsubscribe]
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<String>,
    /// The domain of the addresses; without it, only what stands before the @ is printed
    #[arg(long, value_name = "NAME")]
    pub domain: Option<String>,
    /// How to print them; `table` is one address a line
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: RowFormat,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The address that mail came to
    #[arg(value_name = "RETURN-PATH")]
    pub address: String,
    /// Whether it was signed for this list
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
    /// Whether it was signed for this contact
    #[arg(long, value_name = "ADDRESS")]
    pub contact: Option<String>,
    /// The day to look at it from, as 2026-11-22 [default: today, in UTC]
    #[arg(long, value_name = "DAY")]
    pub day: Option<Day>,
    /// What stands before tokens: an address that is nothing else has lost its token on the way
    #[arg(long, value_name = "PREFIX", default_value = "bounces")]
    pub prefix: String,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: RowFormat,
}

/// What an address is signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignFor {
    /// Where reports go
    ReturnPath,
    /// Where requests to unsubscribe go: a mailto of List-Unsubscribe
    Unsubscribe,
}

impl From<SignFor> for Purpose {
    fn from(purpose: SignFor) -> Self {
        match purpose {
            SignFor::ReturnPath => Self::ReturnPath,
            SignFor::Unsubscribe => Self::Unsubscribe,
        }
    }
}

pub(super) const EXAMPLES: &str = "\
Examples:
  rebound verp keys new
  rebound verp sign ann@example.org --list news --domain example.com
  rebound verp sign --file list.csv --list news --domain example.com --format csv > return-paths.csv
  rebound verp verify bounces+ceavckyz7oqotjs6xwbkpthov7qwalhlihmojqfqwhz22mjs@example.com --list news";

const KEYS_EXAMPLES: &str = "\
Examples:
  rebound verp keys new                        make one; it signs from now on
  rebound verp keys list
  rebound verp keys retire 1                   it still verifies
  rebound --stack rebound-prod verp keys new   in AWS Secrets Manager";

const SIGN_EXAMPLES: &str = "\
Examples:
  rebound verp sign ann@example.org --list news --domain example.com
  rebound verp sign ann@example.org --list news --domain example.com --for unsubscribe
  rebound verp sign --file list.csv --list news --domain example.com --format csv > return-paths.csv";

const VERIFY_EXAMPLES: &str = "\
Examples:
  rebound verp verify bounces+ceavckyz7oqotjs6xwbkpthov7qwalhlihmojqfqwhz22mjs@example.com
  rebound verp verify bounces+ceavckyz7oqotjs6xwbkpthov7qwalhlihmojqfqwhz22mjs@example.com --list news --contact ann@example.org
  rebound verp verify 'prvs=0123abcdef=bounces+ceavckyz7oqotjs6xwbkpthov7qwalhlihmojqfqwhz22mjs@example.com' --format json";
