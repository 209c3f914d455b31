//! The command line: every noun, verb and option.

mod accounts;
mod contacts;
mod doctor;
mod global;
mod policy;
mod report;
mod reprocess;
mod sent;
mod serve;
mod shell;
mod verp;

use std::path::PathBuf;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use rebound_contacts::Moment;

pub(crate) use accounts::{AccountsCommand, AddArgs, EditArgs, Settings};
pub(crate) use contacts::{
    CheckArgs, ContactsCommand, CorrectArgs, DecideArgs, DecisionArgs, DiscardArgs, ExportArgs, ExportFormat, HeldArgs,
    ImportArgs, ListKind, ListSource, RebuildArgs, ReleaseArgs,
};
pub(crate) use doctor::DoctorArgs;
pub(crate) use global::{GlobalArgs, Volume, variables};
pub(crate) use policy::PolicyCommand;
pub(crate) use report::{CampaignsCommand, FailOn, ReportArgs, SentArgs};
pub(crate) use reprocess::ReprocessArgs;
pub(crate) use sent::{SentCommand, SentImportArgs};
pub(crate) use serve::ServeArgs;
pub(crate) use shell::{CompletionsArgs, ManArgs};
pub(crate) use verp::{KeysCommand, SignArgs, VerifyArgs, VerpCommand};

use crate::input::time;
use crate::outcome;

/// What comes back, who it is about, and whom to stop mailing.
#[derive(Debug, Parser)]
#[command(
    name = "rebound",
    version,
    about,
    after_help = EXAMPLES,
    after_long_help = after_long_help(),
    max_term_width = 100,
    styles = STYLES,
    subcommand_help_heading = "Commands",
    // A start without a command is answered by one of our own.
    subcommand_required = false
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// Reads the command line; ends the process, with a word on what is wrong or with the help that was asked for, where
    /// there is nothing to be done.
    pub(crate) fn from_command_line() -> Self {
        // Before anything is read, so that what is wrong with the rest is told in the colours that were asked for.
        global::color_of(std::env::args_os()).apply();
        let matches = Self::command().get_matches();
        let read = Self::from_arg_matches(&matches).and_then(|cli| {
            // REBOUND_DATA says what is usual, and a stack is not; but one who types both has something wrong in mind.
            if cli.global.stack.is_some() && matches.value_source("data") == Some(ValueSource::CommandLine) {
                let both = "--stack works on AWS, --data on this machine: give one of the two";
                return Err(Self::command().error(ErrorKind::ArgumentConflict, both));
            }
            Ok(cli)
        });
        read.unwrap_or_else(|error| error.exit())
    }
}

/// How help is set: in the colours that a terminal's own palette gives them.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  rebound run tests/mailbox                    archive and judge every message of a folder
  rebound run --account news                   the same with what is new in a mailbox on a server
  rebound classify bounce.eml                  say what one message is, change nothing
  rebound classify --explain bounce.eml        and how that is known
  rebound contacts list --suppressed           whom to stop mailing
  rebound contacts why ann@example.com         for what reason
  rebound contacts check list.csv > mail.csv   whom of a list to mail
  rebound report --html report.html            why mail comes back, as a page
  rebound doctor                               is everything set up as it should be?
  rebound --stack rebound-prod contacts held   the same for a stack on AWS";

fn after_long_help() -> String {
    format!("{EXAMPLES}\n\n{}\n\n{}", global::environment(), outcome::exit_codes())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Archive and judge messages, and keep the contacts' state
    ///
    /// Reads every message once, however often it is given. A file stays where it is: nothing is moved or deleted. With
    /// --account and no PATH, fetches what is new in that account's mailbox, and does to each archived message there what
    /// the account's settings say.
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Say what messages are, without keeping anything
    ///
    /// Whatever it is given: a message that nobody can make sense of is `unrecognised`, and no error. Nothing is read but
    /// the messages, and nothing is written.
    #[command(after_help = CLASSIFY_EXAMPLES)]
    Classify(ClassifyArgs),
    /// Set up the mailboxes on servers that returned mail is fetched from
    #[command(subcommand, after_help = accounts::EXAMPLES)]
    Accounts(AccountsCommand),
    /// Look at contacts, decide about them, and take lists in and out
    #[command(subcommand, after_help = contacts::EXAMPLES)]
    Contacts(ContactsCommand),
    /// Why mail comes back, and whom to stop mailing: on the terminal, as a page, as numbers
    #[command(after_help = report::REPORT_EXAMPLES)]
    Report(Box<ReportArgs>),
    /// Say how much was sent, so that reports can give rates
    #[command(subcommand, after_help = report::SENT_EXAMPLES)]
    Campaigns(CampaignsCommand),
    /// Note which message went to whom, so that what is said about it can be believed
    ///
    /// Optional. A report that carries the Message-ID of mail that went to one recipient only can't be made up by anybody
    /// else. docs/sent-ledger.md says how senders write these notes themselves.
    #[command(subcommand, after_help = sent::EXAMPLES)]
    Sent(SentCommand),
    /// Judge archived messages again, by newer rules or by your own, and show what changes
    ///
    /// Shows what each message says otherwise, and which contacts that suppresses or frees; nothing is written without
    /// --apply. A message's time, account and list stay as they were. What was decided by hand stays, too.
    #[command(after_help = reprocess::REPROCESS_EXAMPLES)]
    Reprocess(ReprocessArgs),
    /// Say what verdicts do to contacts: actions, thresholds, protected addresses
    #[command(subcommand, after_help = policy::USE_EXAMPLES)]
    Policy(PolicyCommand),
    /// Sign return addresses, so that reports about your mail can be told from forged ones
    ///
    /// A return address of its own for each message holds a token: list, contact and day, signed with a key that only you
    /// have. docs/return-addresses.md describes it, and shows how a sender in another language makes it.
    #[command(subcommand, after_help = verp::EXAMPLES)]
    Verp(VerpCommand),
    /// Look at the rules that say why a delivery failed, and check your own
    #[command(subcommand, after_help = RULES_EXAMPLES)]
    Rules(RulesCommand),
    /// Check whether everything is set up as it should be, and say what to mend
    ///
    /// Looks at the storage, the mailboxes' accounts, the policy and the rules, and this machine's clock; with --stack, at
    /// the parts of the stack, and whether you may use them. Changes nothing. Each check is `ok`, a `warning`, a `problem`,
    /// or `skipped` where it could not be made. Ends with exit code 3 when there is a problem.
    #[command(after_help = doctor::DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
    /// Answer as S3, DynamoDB, Secrets Manager and SQS, for other programs on this machine
    ///
    /// One address for all of them, which the AWS SDKs, the AWS command line and `sam local` take as AWS_ENDPOINT_URL. Prints
    /// a line when it is ready, and answers until it is interrupted. No other command can use the folder meanwhile.
    #[command(after_help = serve::SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// Print what makes a shell complete the commands, options and values of this one
    ///
    /// The shells read it from a file when they start; docs/shell.md says which one each of them wants.
    #[command(after_help = shell::COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each command into a folder
    #[command(after_help = shell::MAN_EXAMPLES)]
    Man(ManArgs),
}

const RUN_EXAMPLES: &str = "\
Examples:
  rebound run Maildir archive.mbox             every message of a Maildir and an mbox file
  rebound run --account news                   what is new in a mailbox on a server
  rebound run --all-accounts --quiet           for cron: every enabled account, and a word only on trouble
  rebound run --format json tests/mailbox      the summary for programs";

const CLASSIFY_EXAMPLES: &str = "\
Examples:
  rebound classify bounce.eml
  rebound classify --explain bounce.eml                       what was found, and which rule decided
  rebound classify --category unrecognised Maildir            only what nobody made sense of
  rebound classify --format jsonl archive.mbox > verdicts.jsonl";

const RULES_EXAMPLES: &str = "\
Examples:
  rebound rules list --format csv > rules.csv
  rebound rules test my.toml                                  does each rule do what its examples say?
  rebound rules test --text '550 5.1.1 no such user' my.toml  which rules match, and which of them decides";

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Where the messages are: .eml files, folders, Maildirs, mbox files, or - for standard input
    #[arg(required_unless_present_any = ["account", "all_accounts"], value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The account whose mailbox is fetched; with PATH, the name under which these messages are archived, as if they
    /// had been fetched from this account [default: local]
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Fetch the mailbox of every enabled account, as a schedule does
    #[arg(long, conflicts_with_all = ["paths", "account"])]
    pub all_accounts: bool,
    /// Fetch a mailbox from its beginning, whatever is remembered; nothing is archived or counted twice
    #[arg(long, conflicts_with = "paths")]
    pub all: bool,
    /// Fetch at most so many messages of a mailbox
    #[arg(long, value_name = "N", conflicts_with = "paths")]
    pub max: Option<u64>,
    /// The mailing list these messages answer to [default: the account's name]
    #[arg(long, value_name = "NAME", requires = "paths")]
    pub list: Option<String>,
    #[command(flatten)]
    pub rules: UserRules,
    /// How to print the summary
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: SummaryFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ClassifyArgs {
    /// Where the messages are: .eml files, folders, Maildirs, mbox files, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only messages of this category, `unrecognised` for example, or one that your own rules name
    #[arg(long, value_name = "CATEGORY")]
    pub category: Option<String>,
    /// Say how each verdict came about: what was found, which rule decided, what lost, whose contact it is
    #[arg(long)]
    pub explain: bool,
    #[command(flatten)]
    pub rules: UserRules,
    /// How to print the verdicts
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: ReportFormat,
}

/// Rules of the user's own.
#[derive(Debug, Args)]
pub(crate) struct UserRules {
    /// File of your own rules, asked before the built-in ones; may be given several times, the first is asked first
    #[arg(long = "rules", value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Every rule, in the order in which they are asked
    #[command(after_help = RULES_EXAMPLES)]
    List {
        #[command(flatten)]
        rules: UserRules,
        /// How to print them
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
    /// Check files of your own rules with their own examples, or see which rules know a text
    ///
    /// A file is good when every rule in it can be understood, decides each of its `examples` and none of its `not`.
    #[command(after_help = RULES_EXAMPLES)]
    Test {
        /// Files of rules
        #[arg(required_unless_present = "text", value_name = "FILE")]
        files: Vec<PathBuf>,
        /// A server's reply, "550 5.1.1 No such user" for example: print the rules that match it, the deciding one first
        #[arg(long, value_name = "TEXT")]
        text: Option<String>,
        /// How to print the rules that match
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
}

/// Reads a time that somebody types.
fn moment(text: &str) -> Result<Moment, &'static str> {
    time(text).ok_or("a day is 2026-11-01, a time 2026-11-01T08:00:00Z")
}

/// Formats for a summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SummaryFormat {
    /// For people
    Table,
    /// One JSON document
    Json,
}

/// Formats for nested data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// One JSON document a line
    Jsonl,
}

/// Formats for flat rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// One JSON document a line
    Jsonl,
    /// For spreadsheets, with a header line (RFC 4180)
    Csv,
}

#[cfg(test)]
mod tests;
