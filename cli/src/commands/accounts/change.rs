//! Adding, changing and removing accounts.

use std::fs;

use anyhow::{Context, Result, bail};
use rebound_accounts::store::{AccountStore, StoreError};
use rebound_accounts::{AccountName, Document, Field, FieldKind, ImapFlags};
use rebound_mailbox::server::Trust;

use super::pin::Offer;
use super::{ask, named, pin, warn};
use crate::args::{AddArgs, EditArgs, Settings};
use crate::complaints::say;
use crate::outcome::Outcome;

/// Sets up an account.
pub(super) async fn add(store: &AccountStore, args: AddArgs) -> Result<Outcome> {
    let account = named(&args.name)?;
    // Before anybody types a password.
    if store.names().await?.contains(&account) {
        bail!("there is an account called {account} already; `rebound accounts edit {account}` changes it");
    }
    let mut document = Document::new(account.clone());
    let mut any_certificate = false;
    if let Some(flags) = &args.imap_flags {
        let flags: ImapFlags = flags.parse().context("--imap-flags")?;
        for (name, value) in &flags.settings {
            document.set(known(name)?, value)?;
        }
        flags.notes.iter().for_each(|note| say("note", note));
        any_certificate = flags.any_certificate;
    }
    for (name, value) in [
        ("host", args.host),
        ("user", args.user),
        ("protocol", args.protocol),
        ("port", args.port),
        ("security", args.security),
        ("folder", args.folder),
        ("after", args.after),
        ("list", args.list),
    ] {
        if let Some(value) = value {
            document.set(known(name)?, &value)?;
        }
    }
    let oauth = args.more.set.iter().any(|set| is_about_oauth(set)) || args.more.service_account.is_some();
    let asked = args.more.password_stdin || !args.more.secrets.is_empty();
    apply(&mut document, args.more)?;
    if !oauth && !asked {
        let field = known("password")?;
        document.set(field, &ask::secret(&account, field)?)?;
    }
    let mut settings = store.settings_of(&document)?;
    if args.trust_key || any_certificate && settings.trust == Trust::Public {
        match pin::offer(&settings, args.trust_key).await? {
            Offer::Needless => {}
            Offer::Refused => {
                say("note", "the account was not set up");
                return Ok(Outcome::Incomplete);
            }
            Offer::Taken(pin) => {
                document.set(known("pin")?, &pin.to_string())?;
                settings = store.settings_of(&document)?;
            }
        }
    }
    store.create(&document).await?;

    say(
        "note",
        format!(
            "account {account} is set up; its settings are in {}",
            store.location(&account)
        ),
    );
    warn(&settings);
    Ok(Outcome::Done)
}

/// Changes settings of an account.
pub(super) async fn edit(store: &AccountStore, args: EditArgs) -> Result<Outcome> {
    let account = named(&args.name)?;
    let before = store.document(&account).await?;
    let mut document = before.clone();
    for name in &args.unset {
        document.unset(known(name)?)?;
    }
    apply(&mut document, args.more)?;
    let settings = store.settings_of(&document)?;
    if document == before {
        say(
            "note",
            format!("account {account} stays as it is: nothing was to be changed"),
        );
        return Ok(Outcome::Done);
    }
    store.replace(&document).await?;
    say("note", format!("account {account} is changed"));
    warn(&settings);
    Ok(Outcome::Done)
}

/// Removes the settings of an account.
pub(super) async fn remove(store: &AccountStore, account: &AccountName, yes: bool) -> Result<Outcome> {
    if !store.names().await?.contains(account) {
        return Err(StoreError::NotFound {
            account: account.clone(),
        }
        .into());
    }
    let question = format!("Remove the settings of account {account}, its password with them?");
    if !yes && !ask::yes(&question, "say --yes to remove it")? {
        say("note", "nothing was removed");
        return Ok(Outcome::Incomplete);
    }
    store.remove(account).await?;
    say(
        "note",
        format!("account {account} is removed; its mail and its contacts stay"),
    );
    Ok(Outcome::Done)
}

/// Settings by name, from files, and secrets.
fn apply(document: &mut Document, more: Settings) -> Result<()> {
    for set in &more.set {
        let (name, value) = set
            .split_once('=')
            .with_context(|| "--set takes SETTING=VALUE".to_owned())?;
        let field = known(name)?;
        if field.kind.is_secret() {
            bail!(
                "`{name}` is a secret, and arguments are not: use {}",
                if field.kind == FieldKind::SecretBlock {
                    "--service-account FILE".to_owned()
                } else {
                    format!("--secret {name}")
                }
            );
        }
        document.set(field, value)?;
    }
    for (name, file) in [("ca", more.ca), ("service_account", more.service_account)] {
        if let Some(file) = file {
            let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
            document.set(known(name)?, &text)?;
        }
    }
    for name in &more.secrets {
        let field = known(name)?;
        if field.kind != FieldKind::Secret {
            bail!("`{name}` is no secret: use --set {name}=VALUE");
        }
        document.set(field, &ask::secret(document.account(), field)?)?;
    }
    if more.password_stdin {
        document.set(known("password")?, &ask::all_of_stdin()?)?;
    }
    Ok(())
}

fn known(name: &str) -> Result<&'static Field> {
    Field::named(name)
        .with_context(|| format!("there is no setting `{name}`; `rebound accounts settings` names them all"))
}

/// Whether a `--set` makes a password needless.
fn is_about_oauth(set: &str) -> bool {
    let name = set.split('=').next().unwrap_or_default();
    matches!(name, "provider" | "client_id" | "token_url") || set == "auth=oauth"
}
