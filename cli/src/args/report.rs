//! `rebound report` and `rebound campaigns`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use rebound_contacts::Moment;

use super::{RowFormat, SummaryFormat, moment};

pub(super) const REPORT_EXAMPLES: &str = "\
Examples:
  rebound report                                        the last 30 days, on the terminal
  rebound report --html report.html                     the same as a page, with charts
  rebound report --since 2026-11-01 --campaign spring   one campaign
  rebound report --csv numbers                          the numbers behind every chart, a file each
  rebound report --days 7 --fail-on alarm               for cron: fails when a rate is alarming";

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// How many days up to the last one
    #[arg(long, value_name = "N", default_value = "30", conflicts_with = "since", value_parser = clap::value_parser!(u16).range(1..=3660))]
    pub days: u16,
    /// The first UTC day, 2026-11-01 for example
    #[arg(long, value_name = "DAY")]
    pub since: Option<jiff::civil::Date>,
    /// The last UTC day [default: today]
    #[arg(long, value_name = "DAY")]
    pub until: Option<jiff::civil::Date>,
    /// Only mail of this mailing list
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
    /// Only what came in through this account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Only mail of this campaign
    #[arg(long, value_name = "NAME")]
    pub campaign: Option<String>,
    /// Only recipients at this domain
    #[arg(long, value_name = "NAME")]
    pub domain: Option<String>,
    /// Write it as a page to this file; what is there is replaced
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the numbers as CSV files into this folder
    #[arg(long, value_name = "DIR")]
    pub csv: Option<PathBuf>,
    /// End with exit code 1 when a rate is that bad or worse
    #[arg(long, value_name = "LEVEL")]
    pub fail_on: Option<FailOn>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: SummaryFormat,
}

/// How bad a rate has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// More than 5 % bounced, or more than 0.1 % complained
    Warning,
    /// More than 20 % bounced, or more than 0.3 % complained
    Alarm,
}

pub(super) const SENT_EXAMPLES: &str = "\
Examples:
  rebound campaigns sent spring 12000
  rebound campaigns sent spring 3100 --domain gmail.com
  rebound campaigns list";

#[derive(Debug, Subcommand)]
pub(crate) enum CampaignsCommand {
    /// Say how much was sent in a campaign, so that reports can give rates
    ///
    /// The name is the one that its bounces carry. Saying it again replaces the number.
    #[command(after_help = SENT_EXAMPLES)]
    Sent(SentArgs),
    /// How much was sent, as far as that was said
    #[command(after_help = SENT_EXAMPLES)]
    List {
        /// How to print it
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SentArgs {
    /// The campaign
    #[arg(value_name = "CAMPAIGN")]
    pub name: String,
    /// How many messages were sent
    #[arg(value_name = "COUNT")]
    pub count: u64,
    /// The mailing list that they went to
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
    /// How many of them went to recipients at this domain
    #[arg(long, value_name = "NAME")]
    pub domain: Option<String>,
    /// When [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Moment>,
}
