//! `rebound contacts`: what is known about contacts, and why.

mod list;
mod show;

use std::path::Path;

use anyhow::{Context, Result};
use rebound_classify::Address;
use rebound_contacts::ContactAddress;

use super::Outcome;
use crate::args::ContactsCommand;

/// Runs one of the verbs.
pub(super) async fn execute(data: &Path, command: ContactsCommand) -> Result<Outcome> {
    match command {
        ContactsCommand::Show { address, format } => show::show(data, &address, format).await,
        ContactsCommand::List { suppressed, format } => list::list(data, suppressed, format).await,
    }
}

fn parse(address: &str) -> Result<ContactAddress> {
    let read = Address::parse(address).with_context(|| format!("{address:?} is no address"))?;
    ContactAddress::try_from(&read).with_context(|| format!("{address:?} is no address"))
}
