//! `rebound verp`: signed return addresses.

mod keys;
mod sign;
mod verify;

use anyhow::{Context, Result};
use rebound_verp::Day;

use crate::args::VerpCommand;
use crate::clock;
use crate::outcome::Outcome;
use crate::place::Place;

/// Runs one of the verbs.
pub(super) async fn execute(place: &Place, command: VerpCommand) -> Result<Outcome> {
    match command {
        VerpCommand::Keys(command) => keys::execute(place, command).await,
        VerpCommand::Sign(args) => sign::sign(place, args).await,
        VerpCommand::Verify(args) => verify::verify(place, &args).await,
    }
}

/// Today in UTC, as tokens count days.
fn today() -> Result<Day> {
    let seconds = clock::now().as_second();
    Day::of_unix_seconds(seconds).context("this machine's clock is before 1970 or after 2149: set it right")
}
