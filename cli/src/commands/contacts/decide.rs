//! What a person decides about contacts by hand.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Result, bail};
use rebound_contacts::repository::Repository;
use rebound_contacts::{
    Contact, ContactAddress, Event, EventKind, ManualAction, MessageHash, MessageRecord, Moment, Suppression,
};

use super::parse;
use crate::args::{DecideArgs, DecisionReason};
use crate::clock;
use crate::commands::Outcome;
use crate::complaints::{Complaints, Hinted};
use crate::input::recipient;
use crate::output::printable;
use crate::workspace::Workspace;

/// Names the user who is logged in, by system.
const USER_VARIABLES: [&str; 3] = ["USER", "LOGNAME", "USERNAME"];

/// Suppresses or reactivates contacts, and says what that changed.
pub(super) async fn decide(data: &Path, action: ManualAction, args: &DecideArgs) -> Result<Outcome> {
    let decision = Decision::new(action, &args.reason, args.list.as_deref(), clock::now().into())?;
    let addresses = addresses(action, &args.addresses)?;

    let workspace = Workspace::open(data).await?;
    let mut complaints = Complaints::default();
    for address in &addresses {
        match decision.carry_out(workspace.contacts(), address).await {
            Ok(told) => print(address, &told)?,
            Err(error) => complaints.failure(format!("{address}: {error:#}")),
        }
    }
    workspace.close().await?;
    Ok(complaints.outcome())
}

/// All of them, or none: a list with a mistake in it is not half carried out.
fn addresses(action: ManualAction, texts: &[String]) -> Result<Vec<ContactAddress>> {
    let mut addresses = Vec::with_capacity(texts.len());
    for text in texts {
        let address = match action {
            // What a damaged report once named must be possible to name again.
            ManualAction::Reactivate => parse(text)?,
            ManualAction::Suppress | ManualAction::Correct => match recipient(text) {
                Ok(address) => address,
                Err(what) => bail!("{text:?}: {what}; nothing was changed"),
            },
        };
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// Something decided by hand, about whomever.
struct Decision<'a> {
    action: ManualAction,
    list: Option<&'a str>,
    by: String,
    why: &'a str,
    at: Moment,
}

impl<'a> Decision<'a> {
    fn new(action: ManualAction, reason: &'a DecisionReason, list: Option<&'a str>, at: Moment) -> Result<Self> {
        let why = reason.why.trim();
        if why.is_empty() {
            bail!(Hinted::new(
                "--why is empty",
                "a word to whoever asks a year from now: --why 'asked by phone'"
            ));
        }
        let user = || USER_VARIABLES.iter().find_map(|name| std::env::var(name).ok());
        let Some(by) = reason.by.clone().or_else(user).filter(|by| !by.trim().is_empty()) else {
            bail!(Hinted::new("nobody is logged in by name", "--by NAME says who decides"));
        };
        Ok(Self {
            action,
            list,
            by,
            why,
            at,
        })
    }

    /// Records the decision about one contact where it changes anything, and tells what it did.
    async fn carry_out(&self, contacts: &Repository, address: &ContactAddress) -> Result<String> {
        let before = contacts.contact(address).await?;
        if let Some(already) = self.already(before.as_ref()) {
            return Ok(already);
        }
        let record = MessageRecord::new(vec![self.event(address)])?;
        for recorded in contacts.record(&[record]).await {
            recorded?;
        }
        let after = contacts.contact(address).await?;
        Ok(self.told(before.as_ref(), after.as_ref()))
    }

    /// What it says when there is nothing left to decide.
    fn already(&self, before: Option<&Contact>) -> Option<String> {
        let suppression = before.and_then(|contact| contact.suppression);
        let off = |list: &str| before.and_then(|contact| contact.left_at(list));
        match (self.action, self.list) {
            (ManualAction::Suppress, Some(list)) => {
                off(list).map(|since| format!("already off the list {list}, since {since}; nothing to do"))
            }
            (ManualAction::Reactivate, Some(list)) if off(list).is_none() => {
                Some(format!("is not off the list {list}; nothing to do"))
            }
            (ManualAction::Suppress, None) => suppression
                .filter(|suppression| suppression.cause.as_str() == "manual")
                .map(|suppression| format!("already {}; nothing to do", state(suppression))),
            (ManualAction::Reactivate, None) if suppression.is_none() => {
                let streak = before.map_or(0, |contact| contact.soft_streak);
                (streak == 0).then(|| "already active; nothing to do".to_owned())
            }
            _ => None,
        }
    }

    fn event(&self, address: &ContactAddress) -> Event {
        let kind = EventKind::Manual(self.action);
        let at = self.at.to_string();
        let identity = [
            self.action.as_str(),
            address.as_str(),
            self.list.unwrap_or_default(),
            &at,
            &self.by,
        ];
        let mut event = Event::new(identity_of("decision", &identity), Some(address.clone()), self.at, kind);
        event.list = self.list.map(str::to_owned);
        event.actor = Some(self.by.clone());
        event.note = Some(self.why.to_owned());
        event
    }

    fn told(&self, before: Option<&Contact>, after: Option<&Contact>) -> String {
        if let Some(list) = self.list {
            let off = after.is_some_and(|contact| contact.left_at(list).is_some());
            let (was, now) = if off { ("on", "off") } else { ("off", "on") };
            return format!("was {was} the list {list}; now {now} it");
        }
        let suppression = |contact: Option<&Contact>| contact.and_then(|contact| contact.suppression);
        let was = suppression(before).map_or_else(|| "active".to_owned(), state);
        let streak = before.map_or(0, |contact| contact.soft_streak);
        match (suppression(before), suppression(after)) {
            (None, None) if streak > 0 => format!("was active with {streak} counted failures; they are forgotten"),
            (Some(old), Some(new)) if old == new => format!("already {was}; your decision is recorded beside it"),
            (_, None) => format!("was {was}; now active"),
            (None, Some(_)) => format!("was {was}; now suppressed"),
            (Some(_), Some(new)) => format!("was {was}; now {}", state(new)),
        }
    }
}

fn state(suppression: Suppression) -> String {
    format!("suppressed since {} by {}", suppression.at, suppression.cause)
}

/// A name for what no message says: the same parts have the same one.
pub(super) fn identity_of(kind: &str, parts: &[&str]) -> MessageHash {
    let mut bytes = format!("rebound:{kind}").into_bytes();
    for part in parts {
        // With its length, so that no part can be taken for another's beginning.
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    MessageHash::of(&bytes)
}

fn print(address: &ContactAddress, told: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{}  {}", printable(address.spelling()), printable(told))
}
