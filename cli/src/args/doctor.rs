//! `rebound doctor`.

use clap::Args;

use super::RowFormat;

pub(super) const DOCTOR_EXAMPLES: &str = "\
Examples:
  rebound doctor
  rebound doctor --offline                     asks no mail server
  rebound doctor --stack rebound-prod          a stack on AWS, and whether you may use it
  rebound doctor --quiet --format json         for monitoring: exit code 3 means that there is a problem";

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Do not connect to the accounts' mail servers
    #[arg(long)]
    pub offline: bool,
    /// How to print the checks
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: RowFormat,
}
