//! Takes an event out of a contact's history.

use anyhow::{Result, bail};
use futures::TryStreamExt;
use rebound_contacts::repository::{Edit, Recomputed, Repository};
use rebound_contacts::{ContactAddress, Event, MessageHash, Ruling};

use super::decide::{Signature, say_if_dry};
use super::{held, parse};
use crate::args::DiscardArgs;
use crate::clock;
use crate::commands::difference::{Difference, short};
use crate::complaints::{Hinted, say};
use crate::outcome::Outcome;
use crate::output::{RowStream, printable};
use crate::place::Place;
use crate::workspace::Workspace;

/// Discards what one message says, and says what that changed.
pub(super) async fn discard(place: &Place, args: &DiscardArgs) -> Result<Outcome> {
    let (Some(address), Some(message)) = (&args.address, &args.message) else {
        return held::discard(place, args).await;
    };
    let address = parse(address)?;
    let signature = Signature::new(&args.decision)?;
    let workspace = Workspace::open(place).await?;
    let contacts = workspace.contacts();
    let discarded = async {
        let message = named(contacts, &address, message).await?;
        let discarded = if args.decision.dry_run {
            without(contacts, &address, message).await?
        } else {
            let (by, why, now) = (signature.by(), signature.why(), clock::now().into());
            contacts.discard(&address, message, by, why, now).await?
        };
        Ok::<_, anyhow::Error>((message, discarded))
    };
    let discarded = discarded.await;
    let policy = contacts.policy().clone();
    workspace.close().await?;
    let (message, discarded) = discarded?;
    let difference = Difference::of(&discarded, &policy);
    let mut out = RowStream::new(args.decision.format);
    difference.iter().try_for_each(|difference| out.write(difference))?;
    out.finish()?;
    match difference {
        Some(_) => say_if_dry(&args.decision),
        None => say(
            "note",
            format!(
                "message {} changed nothing about {address}, or was discarded before",
                short(message)
            ),
        ),
    }
    Ok(Outcome::Done)
}

/// What the contact would be had this message said nothing.
async fn without(contacts: &Repository, address: &ContactAddress, message: MessageHash) -> Result<Recomputed> {
    let ruling = Event::ruling(Ruling::Discard, message, address.clone(), clock::now().into());
    let edit = Edit {
        message: ruling.message,
        event: Some(ruling),
    };
    Ok(contacts.recompute(address, contacts.policy(), &[edit]).await?)
}

/// The message whose identity begins so, among those about this contact.
async fn named(contacts: &Repository, address: &ContactAddress, text: &str) -> Result<MessageHash> {
    if let Ok(message) = text.parse() {
        return Ok(message);
    }
    let wanted = text.trim().trim_end_matches('…').to_ascii_lowercase();
    let events: Vec<Event> = contacts.events_of(address).try_collect().await?;
    let is_meant = |event: &&Event| !wanted.is_empty() && event.message.to_string().starts_with(&wanted);
    let mut meant = events.iter().filter(is_meant);
    let hint = format!("`rebound contacts why {address}` names the messages about it");
    match (meant.next(), meant.next()) {
        (Some(event), None) => Ok(event.message),
        (Some(_), Some(_)) => bail!(Hinted::new(
            format!("several messages about {address} begin with {}", printable(text)),
            hint
        )),
        (None, _) => bail!(Hinted::new(
            format!("no message about {address} begins with {}", printable(text)),
            hint
        )),
    }
}
