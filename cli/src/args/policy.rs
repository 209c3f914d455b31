//! The verbs of `rebound policy`.

use std::path::PathBuf;

use clap::Subcommand;

use super::RowFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Print the policy in force, ready to be changed and put in force again
    #[command(after_help = USE_EXAMPLES)]
    Show {
        /// The built-in one, with its explanations, whatever is in force
        #[arg(long)]
        built_in: bool,
    },
    /// Say whether a policy file can be followed, and in which lines not
    #[command(after_help = USE_EXAMPLES)]
    Check {
        /// The policy, TOML
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put a policy file in force, for what arrives from now on
    ///
    /// Says in what it differs from the one that was in force. A file with a fault changes nothing.
    #[command(after_help = USE_EXAMPLES)]
    Use {
        /// The policy, TOML
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Only say what differs
        #[arg(long)]
        dry_run: bool,
        /// How to print what differs
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
    /// Put the built-in policy in force again
    #[command(after_help = RESET_EXAMPLES)]
    Reset {
        /// Only say what differs
        #[arg(long)]
        dry_run: bool,
        /// How to print what differs
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: RowFormat,
    },
}

pub(super) const USE_EXAMPLES: &str = "\
Examples:
  rebound policy show > policy.toml                 then change it
  rebound policy check policy.toml                  can it be followed?
  rebound policy use policy.toml --dry-run          what would be different?
  rebound contacts rebuild --policy policy.toml     what would it have changed?
  rebound policy use policy.toml
  rebound contacts rebuild --apply                  apply it to the past as well";

const RESET_EXAMPLES: &str = "\
Examples:
  rebound policy reset --dry-run
  rebound policy reset";
