//! What a person decides about contacts by hand.

use anyhow::{Result, anyhow, bail};
use rebound_classify::Address;
use rebound_contacts::repository::Repository;
use rebound_contacts::{
    Cause, Contact, ContactAddress, Event, EventKind, ManualAction, MessageHash, MessageRecord, Moment, Suppression,
};

use serde::Serialize;

use super::parse;
use crate::args::{CorrectArgs, DecideArgs, DecisionArgs};
use crate::clock;
use crate::complaints::{Complaints, Hinted, say};
use crate::input::recipient;
use crate::outcome::Outcome;
use crate::output::{RowStream, Told, harmless_cell, printable};
use crate::place::Place;
use crate::workspace::Workspace;

/// Names the user who is logged in, by system.
const USER_VARIABLES: [&str; 3] = ["USER", "LOGNAME", "USERNAME"];

/// Suppresses or reactivates contacts, and says what that changed.
pub(super) async fn decide(place: &Place, action: ManualAction, args: &DecideArgs) -> Result<Outcome> {
    let decision = Decision::new(action, &args.decision, args.list.as_deref(), clock::now().into())?;
    let addresses = addresses(action, &args.addresses)?;

    let workspace = Workspace::open(place).await?;
    let mut complaints = Complaints::default();
    let mut out = RowStream::new(args.decision.format);
    for address in &addresses {
        match decision.carry_out(workspace.contacts(), address).await {
            Ok(decided) => out.write(&decided)?,
            Err(error) => {
                complaints.failure(format!("{address}: {error:#}"));
                if let Some(hinted) = error.downcast_ref::<Hinted>() {
                    say("hint", &hinted.hint);
                }
            }
        }
    }
    out.finish()?;
    workspace.close().await?;
    say_if_dry(&args.decision);
    Ok(complaints.outcome())
}

/// Says that nothing was recorded, where that is so.
pub(super) fn say_if_dry(args: &DecisionArgs) {
    if args.dry_run {
        say("note", "nothing was recorded: this was a dry run");
    }
}

/// What was decided about one contact, or would be. The keys are stable.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Decided {
    address: String,
    spelling: String,
    /// Whether it made any difference.
    changed: bool,
    /// What the contact was, and what it is now.
    told: String,
}

impl Decided {
    pub(super) fn new(address: &ContactAddress, changed: bool, told: impl Into<String>) -> Self {
        Self {
            address: address.as_str().to_owned(),
            spelling: address.spelling().to_owned(),
            changed,
            told: told.into(),
        }
    }
}

impl Told for Decided {
    fn told(&self) -> String {
        format!("{}  {}\n", printable(&self.spelling), printable(&self.told))
    }

    fn harmless(&self) -> Self {
        Self {
            address: harmless_cell(&self.address).into_owned(),
            spelling: harmless_cell(&self.spelling).into_owned(),
            told: harmless_cell(&self.told).into_owned(),
            ..self.clone()
        }
    }
}

/// Suppresses a misspelt address, and remembers the right one beside it.
pub(super) async fn correct(place: &Place, args: &CorrectArgs) -> Result<Outcome> {
    let old = parse(&args.old)?;
    let new = one(&args.new)?;
    if old == new {
        bail!("{old} and {new} are the same contact; nothing was changed");
    }
    let decision = Decision {
        new: Some(&new),
        ..Decision::new(ManualAction::Correct, &args.decision, None, clock::now().into())?
    };
    let workspace = Workspace::open(place).await?;
    let decided = decision.carry_out(workspace.contacts(), &old).await;
    let fate = workspace.contacts().contact(&new).await;
    workspace.close().await?;
    let mut out = RowStream::new(args.decision.format);
    out.write(&decided?)?;
    out.finish()?;
    say_if_dry(&args.decision);
    if let Some(suppression) = fate?.and_then(|contact| contact.suppression) {
        say("warning", format!("{new} is {}, too", state(suppression)));
    }
    Ok(Outcome::Done)
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

fn one(text: &str) -> Result<ContactAddress> {
    recipient(text).map_err(|what| anyhow!("{text:?}: {what}; nothing was changed"))
}

/// Something decided by hand, about whomever.
struct Decision<'a> {
    action: ManualAction,
    list: Option<&'a str>,
    /// What was meant, when it corrects.
    new: Option<&'a ContactAddress>,
    signature: Signature<'a>,
    at: Moment,
    is_dry: bool,
}

/// Who decided by hand, and why.
pub(super) struct Signature<'a> {
    by: String,
    why: &'a str,
}

impl<'a> Signature<'a> {
    pub(super) fn new(reason: &'a DecisionArgs) -> Result<Self> {
        let why = reason.why.as_deref().unwrap_or_default().trim();
        if reason.dry_run {
            // It signs nothing.
            let by = reason.by.clone().unwrap_or_default();
            return Ok(Self { by, why });
        }
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
        Ok(Self { by, why })
    }

    pub(super) fn by(&self) -> &str {
        &self.by
    }

    pub(super) const fn why(&self) -> &'a str {
        self.why
    }

    /// The event, signed.
    pub(super) fn sign(&self, event: Event) -> Event {
        Event {
            actor: Some(self.by.clone()),
            note: Some(self.why.to_owned()),
            ..event
        }
    }
}

impl<'a> Decision<'a> {
    fn new(action: ManualAction, args: &'a DecisionArgs, list: Option<&'a str>, at: Moment) -> Result<Self> {
        Ok(Self {
            action,
            list,
            new: None,
            signature: Signature::new(args)?,
            at,
            is_dry: args.dry_run,
        })
    }

    /// Records the decision about one contact where it changes anything, and tells what it did.
    async fn carry_out(&self, contacts: &Repository, address: &ContactAddress) -> Result<Decided> {
        let before = contacts.contact(address).await?;
        if let Some(already) = self.already(before.as_ref()) {
            return Ok(Decided::new(address, false, already));
        }
        if self.action != ManualAction::Reactivate && contacts.policy().protects(address) {
            bail!(Hinted::new(
                "the policy protects it: nothing suppresses it",
                "[protected] in the policy file says whom nothing suppresses",
            ));
        }
        let after = if self.is_dry {
            let mut contact = before.clone().unwrap_or_else(|| Contact::new(address.clone()));
            contact.apply(contacts.policy(), &self.event(address));
            Some(contact)
        } else {
            let record = MessageRecord::new(vec![self.event(address)])?;
            for recorded in contacts.record(&[record]).await {
                recorded?;
            }
            contacts.contact(address).await?
        };
        let told = self.told(before.as_ref(), after.as_ref());
        Ok(Decided::new(address, true, told))
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
                .filter(|suppression| suppression.cause == Cause::Manual)
                .map(|suppression| format!("already {}; nothing to do", state(suppression))),
            (ManualAction::Reactivate, None) if suppression.is_none() => {
                let streak = before.map_or(0, |contact| contact.soft_streak);
                (streak == 0).then(|| "already active; nothing to do".to_owned())
            }
            (ManualAction::Correct, _) => {
                let new = before.and_then(|contact| contact.new_address.as_ref());
                let new = new.and_then(|new| ContactAddress::try_from(new).ok());
                suppression
                    .filter(|suppression| suppression.cause == Cause::Corrected && new.as_ref() == self.new)
                    .map(|suppression| format!("already {}; nothing to do", state(suppression)))
            }
            (ManualAction::Reactivate, _) => None,
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
            &self.signature.by,
        ];
        let mut event = Event::new(identity_of("decision", &identity), Some(address.clone()), self.at, kind);
        event.list = self.list.map(str::to_owned);
        event.new_address = self.new.and_then(|new| Address::parse(new.spelling()));
        self.signature.sign(event)
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
            (Some(old), Some(new)) if old == new => {
                format!("already {was}; your decision is recorded beside it{}", self.meant())
            }
            (_, None) => format!("was {was}; now active"),
            (None, Some(_)) => format!("was {was}; now suppressed{}", self.meant()),
            (Some(_), Some(new)) => format!("was {was}; now {}", state(new)),
        }
    }

    fn meant(&self) -> String {
        self.new
            .map_or_else(String::new, |new| format!("; what was meant is {}", new.spelling()))
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
