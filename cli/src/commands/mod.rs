//! What the commands do.

mod classify;
mod contacts;
mod run;

use anyhow::Result;

use crate::args::{Cli, Command, ContactsCommand};

/// What a command tells the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything was done.
    Done,
    /// Something was not, and standard error says what.
    Incomplete,
}

/// Runs the command.
pub(crate) async fn execute(cli: Cli) -> Result<Outcome> {
    match cli.command {
        Command::Run(args) => run::run(&cli.data, args).await,
        Command::Classify(args) => classify::classify(&args),
        Command::Contacts(ContactsCommand::Show { address, format }) => {
            contacts::show(&cli.data, &address, format).await
        }
        Command::Contacts(ContactsCommand::List { suppressed, format }) => {
            contacts::list(&cli.data, suppressed, format).await
        }
    }
}
