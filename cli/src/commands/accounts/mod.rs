//! `rebound accounts`: the mailboxes that returned mail is fetched from.

mod ask;
mod change;
mod detect;
mod list;
mod look;
mod open;
mod pin;

use std::path::Path;

use anyhow::{Context, Result};
use rebound_accounts::store::{AccountStore, DEFAULT_PREFIX};
use rebound_accounts::{AccountName, AccountSettings};
use rebound_local::SECRETS_FOLDER;

use super::Outcome;
use crate::args::AccountsCommand;
use crate::complaints::say;

/// Does what one of them says.
pub(super) async fn execute(data: &Path, command: AccountsCommand) -> Result<Outcome> {
    let store = store(data);
    match command {
        AccountsCommand::Add(args) => change::add(&store, data, *args).await,
        AccountsCommand::List { format } => list::list(&store, format).await,
        AccountsCommand::Show { name, format } => list::show(&store, &named(&name)?, format).await,
        AccountsCommand::Edit(args) => change::edit(&store, args).await,
        AccountsCommand::Remove { name, yes } => change::remove(&store, &named(&name)?, yes).await,
        AccountsCommand::Test { name, format } => look::test(store, &named(&name)?, format).await,
        AccountsCommand::Folders { name, format } => look::folders(store, &named(&name)?, format).await,
        AccountsCommand::Preview { name, count, format } => look::preview(store, &named(&name)?, count, format).await,
        AccountsCommand::Detect { name, format } => detect::detect(name, format).await,
        AccountsCommand::Settings { format } => list::settings(format),
    }
}

/// The accounts of this machine. Their files are replaced as a whole, so a command that runs beside is no trouble.
fn store(data: &Path) -> AccountStore {
    AccountStore::new(rebound_local::secrets_manager(data), DEFAULT_PREFIX).with_files(data.join(SECRETS_FOLDER))
}

fn named(name: &str) -> Result<AccountName> {
    name.parse().context("the account's name")
}

/// What a person should hear each time.
fn warn(settings: &AccountSettings) {
    for warning in settings.warnings() {
        say("warning", warning);
    }
}
