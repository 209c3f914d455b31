//! What the commands do.

mod accounts;
mod classify;
mod contacts;
mod own_rules;
mod rules;
mod run;

use anyhow::Result;

use crate::args::{Cli, Command, RulesCommand};
use crate::complaints;

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
    let outcome = dispatch(cli).await;
    if let Some(refused) = outcome.as_ref().err().and_then(|error| error.downcast_ref()) {
        complaints::rules_refused(refused);
        return Ok(Outcome::Incomplete);
    }
    outcome
}

async fn dispatch(cli: Cli) -> Result<Outcome> {
    match cli.command {
        Command::Run(args) => run::run(&cli.data, args).await,
        Command::Classify(args) => classify::classify(&args),
        Command::Accounts(command) => accounts::execute(&cli.data, command).await,
        Command::Contacts(command) => contacts::execute(&cli.data, command).await,
        Command::Rules(RulesCommand::List { rules, format }) => rules::list(&rules, format),
        Command::Rules(RulesCommand::Test { files, text, format }) => rules::test(&files, text.as_deref(), format),
    }
}
