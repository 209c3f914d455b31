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

use std::path::Path;

use anyhow::{Context, Result};
use rebound_classify::Address;
use rebound_contacts::{ContactAddress, ManualAction};

use super::Outcome;
use crate::args::ContactsCommand;

/// Runs one of the verbs.
pub(super) async fn execute(data: &Path, command: ContactsCommand) -> Result<Outcome> {
    match command {
        ContactsCommand::Why { address, format } => why::why(data, &address, format).await,
        ContactsCommand::Check(args) => check::check(data, &args).await,
        ContactsCommand::Suppress(args) => decide::decide(data, ManualAction::Suppress, &args).await,
        ContactsCommand::Reactivate(args) => decide::decide(data, ManualAction::Reactivate, &args).await,
        ContactsCommand::Correct(args) => decide::correct(data, &args).await,
        ContactsCommand::Held(args) => held::list(data, &args).await,
        ContactsCommand::Release(args) => held::release(data, &args).await,
        ContactsCommand::Discard(args) => Box::pin(discard::discard(data, &args)).await,
        ContactsCommand::Rebuild(args) => Box::pin(rebuild::rebuild(data, &args)).await,
        ContactsCommand::Import(args) => import::import(data, &args).await,
        ContactsCommand::Export(args) => export::export(data, &args).await,
        ContactsCommand::List { suppressed, format } => list::list(data, suppressed, format).await,
    }
}

fn parse(address: &str) -> Result<ContactAddress> {
    let read = Address::parse(address).with_context(|| format!("{address:?} is no address"))?;
    ContactAddress::try_from(&read).with_context(|| format!("{address:?} is no address"))
}
