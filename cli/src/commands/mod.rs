//! What the commands do.

mod accounts;
mod campaigns;
mod classify;
mod contacts;
mod difference;
mod doctor;
mod own_rules;
mod policy;
mod report;
mod reprocess;
mod rules;
mod run;
mod sent;
mod serve;
mod shell;
mod start;
mod verp;

use anyhow::Result;
use rebound_classify::reason::RuleErrors;
use rebound_contacts::PolicyErrors;

use crate::args::{Cli, Command, RulesCommand};
use crate::complaints;
use crate::outcome::Outcome;

/// Runs the command.
pub(crate) async fn execute(cli: Cli) -> Result<Outcome> {
    // On the heap: what all commands together would take is more than a stack should hold.
    let outcome = Box::pin(dispatch(cli)).await;
    let Err(error) = &outcome else { return outcome };
    if let Some(refused) = error.downcast_ref::<RuleErrors>() {
        complaints::rules_refused(refused);
    } else if let Some(refused) = error.downcast_ref::<PolicyErrors>() {
        complaints::policy_refused(refused);
    } else {
        return outcome;
    }
    if let Some(hinted) = error.downcast_ref::<complaints::Hinted>() {
        complaints::say("hint", &hinted.hint);
    }
    Ok(Outcome::Incomplete)
}

async fn dispatch(cli: Cli) -> Result<Outcome> {
    let place = cli.global.place();
    let Some(command) = cli.command else {
        return start::start(&place);
    };
    match command {
        Command::Run(args) => Box::pin(run::run(&place, args)).await,
        Command::Classify(args) => classify::classify(&args),
        Command::Accounts(command) => accounts::execute(&place, command).await,
        Command::Contacts(command) => Box::pin(contacts::execute(&place, command)).await,
        Command::Report(args) => Box::pin(report::report(&place, *args)).await,
        Command::Campaigns(command) => Box::pin(campaigns::execute(&place, command)).await,
        Command::Sent(command) => Box::pin(sent::execute(&place, command)).await,
        Command::Reprocess(args) => Box::pin(reprocess::reprocess(&place, args)).await,
        Command::Policy(command) => policy::execute(&place, command).await,
        Command::Verp(command) => verp::execute(&place, command).await,
        Command::Doctor(args) => Box::pin(doctor::doctor(&place, &args)).await,
        Command::Serve(args) => Box::pin(serve::serve(&place, args)).await,
        Command::Rules(RulesCommand::List { rules, format }) => rules::list(&rules, format),
        Command::Rules(RulesCommand::Test { files, text, format }) => rules::test(&files, text.as_deref(), format),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    }
}
