//! `rebound reprocess`.

use clap::Args;
use rebound_contacts::Moment;

use super::{ReportFormat, UserRules, moment};

pub(crate) const REPROCESS_EXAMPLES: &str = "\
Examples:
  rebound reprocess --category unrecognised             what does this version say about them?
  rebound reprocess --since 2026-11-01 --rules my.toml  what would my new rules change?
  rebound reprocess --rules my.toml --apply             change it";

#[derive(Debug, Args)]
pub(crate) struct ReprocessArgs {
    /// Only messages that happened at this time or later: a day, or a time in RFC 3339
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<Moment>,
    /// Only messages of this account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Only messages recorded with this category, `unrecognised` for example, or with one of your own
    #[arg(long, value_name = "CATEGORY")]
    pub category: Option<String>,
    #[command(flatten)]
    pub rules: UserRules,
    /// Only show what differs, which is the default
    #[arg(long, conflicts_with = "apply")]
    pub dry_run: bool,
    /// Write what differs
    #[arg(long)]
    pub apply: bool,
    /// How to print what differs
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: ReportFormat,
}
