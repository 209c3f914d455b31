//! The verbs of `rebound policy`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Print the policy in force, ready to be changed and put in force again
    Show {
        /// The built-in one, with its explanations, whatever is in force
        #[arg(long)]
        built_in: bool,
    },
    /// Say whether a policy file can be followed, and in which lines not
    Check {
        /// The policy, TOML
        file: PathBuf,
    },
    /// Put a policy file in force, for what arrives from now on
    #[command(after_help = USE_EXAMPLES)]
    Use {
        /// The policy, TOML
        file: PathBuf,
    },
    /// Put the built-in policy in force again
    Reset,
}

const USE_EXAMPLES: &str = "\
Examples:
  rebound policy show > policy.toml
  rebound contacts rebuild --policy policy.toml     what would it have changed?
  rebound policy use policy.toml
  rebound contacts rebuild --apply                  apply it to the past as well";
