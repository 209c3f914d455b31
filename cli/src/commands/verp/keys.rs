//! The keys that return addresses are signed with.

use anyhow::{Result, anyhow};
use rebound_accounts::{ReturnPathKeys, random_secret};
use rebound_verp::{Key, Keys};
use serde::Serialize;

use super::today;
use crate::args::{KeysCommand, RowFormat};
use crate::complaints::{Hinted, say};
use crate::outcome::Outcome;
use crate::output::print_rows;
use crate::place::Place;
use crate::workspace;

pub(super) async fn execute(place: &Place, command: KeysCommand) -> Result<Outcome> {
    let store = workspace::return_path_keys(place).await?;
    match command {
        KeysCommand::New { dry_run, format } => new(&store, dry_run, format).await,
        KeysCommand::List { format } => list(&store, format).await,
        KeysCommand::Retire { id, dry_run, format } => retire(&store, id, dry_run, format).await,
    }
}

async fn new(store: &ReturnPathKeys, dry_run: bool, format: RowFormat) -> Result<Outcome> {
    let keys = store.read().await?;
    let id = keys.next_id().ok_or_else(|| {
        Hinted::new(
            "all 256 numbers of keys are taken",
            "take out of the document a key whose mail comes back no more",
        )
    })?;
    let keys = keys.with(Key::new(id, random_secret()?, today()?)?)?;
    if !dry_run {
        store.write(&keys).await?;
    }
    print(&keys, |key| key.id() == id, format)?;
    if dry_run {
        say("note", "no key was made: this was a dry run");
        return Ok(Outcome::Done);
    }
    say(
        "note",
        format!("key {id} signs from now on; the keys are in {}", store.location()),
    );
    say(
        "hint",
        "give the document to whatever sends your mail, in the way it gets other secrets; `rebound verp sign` signs by hand",
    );
    Ok(Outcome::Done)
}

async fn list(store: &ReturnPathKeys, format: RowFormat) -> Result<Outcome> {
    let keys = store.read().await?;
    if keys.is_empty() && format == RowFormat::Table {
        say(
            "note",
            format!(
                "there are no keys in {}; `rebound verp keys new` makes one",
                store.location()
            ),
        );
        return Ok(Outcome::Done);
    }
    print(&keys, |_| true, format)?;
    Ok(Outcome::Done)
}

async fn retire(store: &ReturnPathKeys, id: u8, dry_run: bool, format: RowFormat) -> Result<Outcome> {
    let before = store.read().await?;
    let keys = before.clone().retire(id, today()?).ok_or_else(|| {
        anyhow!(Hinted::new(
            format!("there is no key {id} in {}", store.location()),
            "`rebound verp keys list` names them"
        ))
    })?;
    let changes = keys != before;
    if changes && !dry_run {
        store.write(&keys).await?;
    }
    print(&keys, |key| key.id() == id, format)?;
    if !changes {
        say("note", format!("key {id} was retired before; nothing was changed"));
    } else if dry_run {
        say("note", "nothing was changed: this was a dry run");
    } else {
        say("note", format!("key {id} signs no longer, and still verifies"));
    }
    if keys.signing().is_none() {
        say(
            "warning",
            "no key is left to sign with: `rebound verp keys new` makes one",
        );
    }
    Ok(Outcome::Done)
}

fn print(keys: &Keys, is_meant: impl Fn(&Key) -> bool, format: RowFormat) -> Result<()> {
    let signing = keys.signing().map(Key::id);
    let rows: Vec<Row> = keys
        .iter()
        .filter(|key| is_meant(key))
        .map(|key| Row {
            id: key.id(),
            number: key.id().to_string(),
            created: key.created().to_string(),
            retired: key.retired().map(|day| day.to_string()),
            signs: signing == Some(key.id()),
        })
        .collect();
    print_rows(&rows, format, ["KEY", "CREATED", "RETIRED", "SIGNS"], |row| {
        [
            &row.number,
            &row.created,
            row.retired.as_deref().unwrap_or_default(),
            if row.signs { "yes" } else { "no" },
        ]
    })
}

/// A key without its secret.
#[derive(Debug, Serialize)]
struct Row {
    id: u8,
    created: String,
    retired: Option<String>,
    signs: bool,
    /// The number again, for people.
    #[serde(skip)]
    number: String,
}
