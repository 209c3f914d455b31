//! `rebound policy`: what verdicts do to contacts.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use rebound_contacts::{DEFAULT_POLICY, Policy};

use super::Outcome;
use crate::args::PolicyCommand;
use crate::complaints::say;
use crate::place::Place;
use crate::workspace::Workspace;

/// Said whenever another policy comes into force.
const WHAT_ABOUT_THE_PAST: &str = "it applies to what arrives from now on; `rebound contacts rebuild` shows what it would change for the past, \
     and changes it with --apply";

/// Runs one of the verbs.
pub(super) async fn execute(place: &Place, command: PolicyCommand) -> Result<Outcome> {
    match command {
        PolicyCommand::Show { built_in: true } => print(DEFAULT_POLICY),
        PolicyCommand::Show { built_in: false } => show(place).await,
        PolicyCommand::Check { file } => check(&file),
        PolicyCommand::Use { file } => put_in_force(place, &file).await,
        PolicyCommand::Reset => reset(place).await,
    }
}

async fn show(place: &Place) -> Result<Outcome> {
    let workspace = Workspace::open_whatever_policy(place).await?;
    let text = workspace.policy_file().text().await?;
    workspace.close().await?;
    if text.is_none() {
        say("note", "no file of your own is in force; this is the built-in policy");
    }
    print(text.as_deref().unwrap_or(DEFAULT_POLICY))
}

fn print(text: &str) -> Result<Outcome> {
    io::stdout().write_all(text.as_bytes())?;
    Ok(Outcome::Done)
}

fn check(file: &Path) -> Result<Outcome> {
    let policy = read(file)?.1;
    let told = if policy == Policy::default() {
        "can be followed; it says nothing that the built-in policy does not"
    } else {
        "can be followed"
    };
    writeln!(io::stdout(), "{}: {told}", file.display())?;
    Ok(Outcome::Done)
}

async fn put_in_force(place: &Place, file: &Path) -> Result<Outcome> {
    let (text, _) = read(file)?;
    let workspace = Workspace::open_whatever_policy(place).await?;
    workspace.policy_file().put(&text).await?;
    workspace.close().await?;
    say("note", format!("{} is in force; {WHAT_ABOUT_THE_PAST}", file.display()));
    Ok(Outcome::Done)
}

async fn reset(place: &Place) -> Result<Outcome> {
    let workspace = Workspace::open_whatever_policy(place).await?;
    workspace.policy_file().remove().await?;
    workspace.close().await?;
    say(
        "note",
        format!("the built-in policy is in force; {WHAT_ABOUT_THE_PAST}"),
    );
    Ok(Outcome::Done)
}

/// Reads and checks a policy file.
pub(super) fn read(file: &Path) -> Result<(String, Policy)> {
    let origin = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("reading the policy in {origin}"))?;
    let policy = Policy::parse(&text, &origin)?;
    Ok((text, policy))
}
