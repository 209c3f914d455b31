//! `rebound contacts`: what is known about contacts, and why.

mod check;
mod decide;
mod discard;
mod export;
mod held;
mod import;
mod list;
mod rebuild;
mod why;

use anyhow::{Context, Result};
use rebound_classify::Address;
use rebound_contacts::{ContactAddress, ManualAction};

use crate::args::ContactsCommand;
use crate::complaints::Hinted;
use crate::outcome::Outcome;
use crate::place::Place;

/// Runs one of the verbs.
pub(super) async fn execute(place: &Place, command: ContactsCommand) -> Result<Outcome> {
    match command {
        ContactsCommand::Why { address, format } => why::why(place, &address, format).await,
        ContactsCommand::Check(args) => check::check(place, &args).await,
        ContactsCommand::Suppress(args) => decide::decide(place, ManualAction::Suppress, &args).await,
        ContactsCommand::Reactivate(args) => decide::decide(place, ManualAction::Reactivate, &args).await,
        ContactsCommand::Correct(args) => decide::correct(place, &args).await,
        ContactsCommand::Held(args) => held::list(place, &args).await,
        ContactsCommand::Release(args) => held::release(place, &args).await,
        ContactsCommand::Discard(args) => Box::pin(discard::discard(place, &args)).await,
        ContactsCommand::Rebuild(args) => Box::pin(rebuild::rebuild(place, &args)).await,
        ContactsCommand::Import(args) => import::import(place, &args).await,
        ContactsCommand::Export(args) => export::export(place, &args).await,
        ContactsCommand::List { suppressed, format } => list::list(place, suppressed, format).await,
    }
}

fn parse(address: &str) -> Result<ContactAddress> {
    let read = Address::parse(address).and_then(|address| ContactAddress::try_from(&address).ok());
    read.with_context(|| {
        let hint = "an address is name@example.com; `rebound contacts list` names those that are known";
        Hinted::new(format!("{address:?} is no address"), hint)
    })
}
