//! `rebound accounts`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::RowFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum AccountsCommand {
    /// Set up an account; its password is asked for
    #[command(after_help = ADD_EXAMPLES)]
    Add(Box<AddArgs>),
    /// Every account, with its settings in short
    #[command(after_help = LIST_EXAMPLES)]
    List {
        /// How to print them
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
    /// The settings of one account, without its secrets
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The account
        #[arg(value_name = "ACCOUNT")]
        name: String,
        /// How to print them
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
    /// Change settings of an account; comments in its file stay
    #[command(after_help = EDIT_EXAMPLES)]
    Edit(EditArgs),
    /// Remove an account's settings, its password with them; mail and contacts stay
    #[command(after_help = REMOVE_EXAMPLES)]
    Remove {
        /// The account
        #[arg(value_name = "ACCOUNT")]
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Try an account step by step: server, connection, certificate, login, folder
    #[command(after_help = LOOK_EXAMPLES)]
    Test {
        /// The account
        #[arg(value_name = "ACCOUNT")]
        name: String,
        /// How to print the steps
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
    /// The folders of an account, with how many messages are in each
    #[command(after_help = LOOK_EXAMPLES)]
    Folders {
        /// The account
        #[arg(value_name = "ACCOUNT")]
        name: String,
        /// How to print them
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
    /// Say what the newest messages of an account are and what fetching them would do; change nothing
    #[command(after_help = LOOK_EXAMPLES)]
    Preview {
        /// The account
        #[arg(value_name = "ACCOUNT")]
        name: String,
        /// How many messages to look at
        #[arg(short = 'n', long, value_name = "N", default_value = "10")]
        count: usize,
        /// How to print them
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
    /// Find out how a mailbox is reached; no password is sent, and none is needed
    #[command(after_help = DETECT_EXAMPLES)]
    Detect {
        /// A mail address, or the name of a server
        #[arg(value_name = "HOST|ADDRESS")]
        name: String,
        /// How to print what was found
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
    /// Name every setting and what it takes
    #[command(after_help = SETTINGS_EXAMPLES)]
    Settings {
        /// How to print them
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
}

/// For whoever asks what can be done with accounts.
pub(super) const EXAMPLES: &str = "\
Examples:
  rebound accounts detect bounces@example.com          how is it reached?
  rebound accounts add news --host imap.example.com --user bounces@example.com
  rebound accounts test news                           can it be fetched from?
  rebound run --account news";

const LIST_EXAMPLES: &str = "\
Example:
  rebound accounts list --format json";

const SHOW_EXAMPLES: &str = "\
Example:
  rebound accounts show news";

const EDIT_EXAMPLES: &str = "\
Examples:
  rebound accounts edit news --set folder=Bounces --set after=delete
  rebound accounts edit news --unset folder
  rebound accounts edit news --secret password         asks for the new password";

const REMOVE_EXAMPLES: &str = "\
Examples:
  rebound accounts remove news
  rebound accounts remove news --yes                   for scripts";

const LOOK_EXAMPLES: &str = "\
Examples:
  rebound accounts test news
  rebound accounts folders news --format csv
  rebound accounts preview news -n 50

Looking leaves no trace: nothing is marked read, moved or deleted.";

const DETECT_EXAMPLES: &str = "\
Examples:
  rebound accounts detect bounces@example.com
  rebound accounts detect mail.example.com --format json";

const SETTINGS_EXAMPLES: &str = "\
Example:
  rebound accounts settings";

const ADD_EXAMPLES: &str = "\
Examples:
  rebound accounts add news --host imap.example.com --user bounces@example.com
  rebound accounts add news --host mail.example.com --user ann --imap-flags /imap/ssl/novalidate-cert
  rebound accounts add news --user bounces@gmail.com --set provider=google --set client_id=… \\
      --secret client_secret --secret refresh_token

`rebound accounts settings` names every setting. Passwords are never arguments, which others can see: they are asked for,
or read from REBOUND_PASSWORD (REBOUND_CLIENT_SECRET …), or from standard input.";

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// What to call it: a-z, 0-9, '.', '_' and '-'
    #[arg(value_name = "ACCOUNT")]
    pub name: String,
    /// The mail server
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Who logs in, often the mail address
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// The mailbox as an older tool names it: /imap/ssl/novalidate-cert, or {mail.example.com:993/imap/ssl}INBOX
    #[arg(long, value_name = "FLAGS")]
    pub imap_flags: Option<String>,
    /// imap or pop3
    #[arg(long, value_name = "PROTOCOL")]
    pub protocol: Option<String>,
    /// The server's port
    #[arg(long, value_name = "PORT")]
    pub port: Option<String>,
    /// tls, starttls or none
    #[arg(long, value_name = "SECURITY")]
    pub security: Option<String>,
    /// The folder to read [default: INBOX]
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<String>,
    /// What becomes of stored bounces on the server: keep, delete, move:FOLDER or seen [default: keep]
    #[arg(long, value_name = "ACTION")]
    pub after: Option<String>,
    /// The mailing list its mail is about [default: the account's name]
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
    /// Trust the key that the server shows now, whoever signed its certificate, and no other
    #[arg(long)]
    pub trust_key: bool,
    #[command(flatten)]
    pub more: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    /// The account
    #[arg(value_name = "ACCOUNT")]
    pub name: String,
    /// Leave a setting to what is usual; may be given several times
    #[arg(long, value_name = "SETTING")]
    pub unset: Vec<String>,
    #[command(flatten)]
    pub more: Settings,
}

/// Settings by name.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Any setting; may be given several times
    #[arg(long = "set", value_name = "SETTING=VALUE")]
    pub set: Vec<String>,
    /// Ask for a secret setting: password, client_secret or refresh_token; may be given several times
    #[arg(long = "secret", value_name = "SETTING")]
    pub secrets: Vec<String>,
    /// Read the password from standard input
    #[arg(long)]
    pub password_stdin: bool,
    /// File with the authorities of a private server, in PEM; its contents go into the settings
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// File with the JSON key of a service account at Google; its contents go into the settings
    #[arg(long, value_name = "FILE")]
    pub service_account: Option<PathBuf>,
}
