//! `rebound sent`: which message went to whom.

mod file;
mod import;
mod show;

use anyhow::Result;

use crate::args::SentCommand;
use crate::outcome::Outcome;
use crate::place::Place;

/// Runs one of the verbs.
pub(super) async fn execute(place: &Place, command: SentCommand) -> Result<Outcome> {
    match command {
        SentCommand::Import(args) => import::import(place, &args).await,
        SentCommand::Show { message_id, format } => show::show(place, &message_id, format).await,
    }
}
