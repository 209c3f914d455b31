//! `rebound policy`: what verdicts do to contacts.

mod difference;

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use rebound_contacts::{DEFAULT_POLICY, Policy};

use crate::args::{PolicyCommand, RowFormat};
use crate::complaints::say;
use crate::outcome::Outcome;
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
        PolicyCommand::Use { file, dry_run, format } => {
            let (text, policy) = read(&file)?;
            let change = Change {
                to: &file.display().to_string(),
                text: Some(&text),
                policy: &policy,
            };
            change.make(place, dry_run, format).await
        }
        PolicyCommand::Reset { dry_run, format } => {
            let change = Change {
                to: "the built-in policy",
                text: None,
                policy: &Policy::default(),
            };
            change.make(place, dry_run, format).await
        }
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

/// Another policy that is to come into force.
struct Change<'a> {
    /// What it is called.
    to: &'a str,
    /// The file; `None` for the built-in one, which needs none.
    text: Option<&'a str>,
    policy: &'a Policy,
}

impl Change<'_> {
    /// Prints what differs from the policy in force, and puts this one in its place unless that is only asked.
    async fn make(&self, place: &Place, dry_run: bool, format: RowFormat) -> Result<Outcome> {
        let workspace = Workspace::open_whatever_policy(place).await?;
        let file = workspace.policy_file();
        let made = async {
            let before = file.text().await?;
            // One that can't be followed is in nobody's way.
            let before = before.map_or_else(
                || Some(Policy::default()),
                |text| Policy::parse(&text, "the policy in force").ok(),
            );
            if !dry_run {
                match self.text {
                    Some(text) => file.put(text).await?,
                    None => file.remove().await?,
                }
            }
            Ok::<_, anyhow::Error>(before)
        };
        let made = made.await;
        workspace.close().await?;
        let Some(before) = made? else {
            say("note", "the policy that was in force could not be followed");
            self.tell(dry_run);
            return Ok(Outcome::Done);
        };
        let differences = difference::between(&before, self.policy);
        if differences.is_empty() {
            say("note", "it says nothing else than the policy that was in force");
            if format != RowFormat::Table {
                difference::print(&differences, format)?;
            }
        } else {
            difference::print(&differences, format)?;
        }
        self.tell(dry_run);
        Ok(Outcome::Done)
    }

    fn tell(&self, dry_run: bool) {
        if dry_run {
            say("note", "nothing was changed: this was a dry run");
        } else {
            say("note", format!("{} is in force; {WHAT_ABOUT_THE_PAST}", self.to));
        }
    }
}

/// Reads and checks a policy file.
pub(super) fn read(file: &Path) -> Result<(String, Policy)> {
    let origin = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("reading the policy in {origin}"))?;
    let policy = Policy::parse(&text, &origin)?;
    Ok((text, policy))
}
