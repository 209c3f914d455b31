//! `rebound accounts`: the mailboxes that returned mail is fetched from.

mod ask;
mod change;
mod detect;
mod list;
mod look;
mod open;
mod pin;

pub(super) use look::reach;

use anyhow::{Context, Result};
use rebound_accounts::{AccountName, AccountSettings};

use crate::args::AccountsCommand;
use crate::complaints::say;
use crate::outcome::Outcome;
use crate::place::Place;
use crate::workspace;

/// Does what one of them says.
pub(super) async fn execute(place: &Place, command: AccountsCommand) -> Result<Outcome> {
    let store = async || workspace::accounts(place).await;
    match command {
        AccountsCommand::Add(args) => change::add(&store().await?, *args).await,
        AccountsCommand::List { format } => list::list(&store().await?, format).await,
        AccountsCommand::Show { name, format } => list::show(&store().await?, &named(&name)?, format).await,
        AccountsCommand::Edit(args) => change::edit(&store().await?, args).await,
        AccountsCommand::Remove { name, yes } => change::remove(&store().await?, &named(&name)?, yes).await,
        AccountsCommand::Test { name, format } => look::test(store().await?, &named(&name)?, format).await,
        AccountsCommand::Folders { name, format } => look::folders(store().await?, &named(&name)?, format).await,
        AccountsCommand::Preview { name, count, format } => {
            look::preview(store().await?, &named(&name)?, count, format).await
        }
        AccountsCommand::Detect { name, format } => detect::detect(name, format).await,
        AccountsCommand::Settings { format } => list::settings(format),
    }
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
