//! What is held, by the circuit breaker or because it may be forged, and letting it go.

use anyhow::{Result, bail};
use futures::TryStreamExt;
use rebound_classify::Category;
use rebound_contacts::repository::Repository;
use rebound_contacts::{Cause, Contact, Event, EventKind, HeldBecause, MessageRecord, Moment, Ruling};
use serde::Serialize;

use super::decide::{Decided, Signature, say_if_dry};
use super::parse;
use crate::args::{DiscardArgs, HeldArgs, ReleaseArgs};
use crate::clock;
use crate::complaints::{Complaints, Hinted, say};
use crate::outcome::Outcome;
use crate::output::{RowStream, print_rows};
use crate::place::Place;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// How many contacts are released in one go.
const BATCH: usize = 200;

/// Prints the contacts that are held, each with the words that would have suppressed it.
pub(super) async fn list(place: &Place, args: &HeldArgs) -> Result<Outcome> {
    let workspace = Workspace::open(place).await?;
    let mut rows: Vec<Row> = all_held(workspace.contacts(), args.account.as_deref(), args.because)
        .await?
        .into_iter()
        .map(Row::from)
        .collect();
    workspace.close().await?;
    rows.sort_by(|one, other| one.address.cmp(&other.address));
    if rows.is_empty() {
        say("note", "nothing is held");
    }
    let headings = ["ADDRESS", "CAUSE", "SINCE", "BECAUSE", "ACCOUNT", "REASON", "WORDS"];
    print_rows(&rows, args.format, headings, |row| {
        let day = row.held_at.get(..10).unwrap_or_default();
        [
            &row.spelling,
            &row.cause,
            day,
            &row.held_because,
            row.account.as_deref().unwrap_or_default(),
            row.reason.as_deref().unwrap_or_default(),
            (row.diagnostic.as_deref().or(row.proof.as_deref())).unwrap_or_default(),
        ]
    })?;
    Ok(Outcome::Done)
}

/// Lets what is held suppress its contacts after all.
pub(super) async fn release(place: &Place, args: &ReleaseArgs) -> Result<Outcome> {
    let signature = Signature::new(&args.decision)?;
    let now = clock::now().into();
    let workspace = Workspace::open(place).await?;
    let contacts = workspace.contacts();
    let mut complaints = Complaints::default();
    let held = if args.all {
        all_held(contacts, args.account.as_deref(), Some(args.because)).await?
    } else {
        of_these(contacts, &args.addresses, &mut complaints).await?
    };
    let mut out = RowStream::new(args.decision.format);
    let progress = Progress::of("contacts", Some(held.len() as u64));
    for batch in held.chunks(BATCH) {
        progress.advance(batch.len() as u64);
        if args.decision.dry_run {
            let would = |held: &Held| format!("would be {}", held.done());
            let mut decided = batch
                .iter()
                .map(|held| Decided::new(&held.contact.address, true, would(held)));
            decided.try_for_each(|decided| out.write(&decided))?;
            continue;
        }
        let records = batch
            .iter()
            .map(|held| MessageRecord::new(vec![held.released(&signature, now)]))
            .collect::<Result<Vec<_>, _>>()?;
        for (held, recorded) in batch.iter().zip(contacts.record(&records).await) {
            match recorded {
                Ok(_) => {
                    let told = format!("now {}", held.done());
                    out.write(&Decided::new(&held.contact.address, true, told))?;
                }
                Err(error) => progress.suspend(|| complaints.failure(format!("{}: {error}", held.contact.address))),
            }
        }
    }
    drop(progress);
    out.finish()?;
    workspace.close().await?;
    say_if_dry(&args.decision);
    Ok(complaints.outcome())
}

/// Takes what is held out of its contacts' histories.
pub(super) async fn discard(place: &Place, args: &DiscardArgs) -> Result<Outcome> {
    let signature = Signature::new(&args.decision)?;
    let now = clock::now().into();
    let workspace = Workspace::open(place).await?;
    let contacts = workspace.contacts();
    let mut complaints = Complaints::default();
    let held = match &args.address {
        Some(address) => of_these(contacts, std::slice::from_ref(address), &mut complaints).await?,
        None => all_held(contacts, args.account.as_deref(), Some(args.because)).await?,
    };
    let mut out = RowStream::new(args.decision.format);
    let progress = Progress::of("contacts", Some(held.len() as u64));
    for one in held {
        progress.advance(1);
        let address = &one.contact.address;
        if args.decision.dry_run {
            let told = format!("a suppression by {} would be held no more", one.what.cause);
            out.write(&Decided::new(address, true, told))?;
            continue;
        }
        let mut waiting = Some(one.what);
        // With one report gone, another that is held may stand behind it.
        while let Some(what) = waiting {
            let discarded = contacts.discard(address, what.by, signature.by(), signature.why(), now);
            waiting = match discarded.await {
                Ok(recomputed) => recomputed.after.held.filter(|next| next.by != what.by),
                Err(error) => {
                    progress.suspend(|| complaints.failure(format!("{address}: {error}")));
                    break;
                }
            };
            if waiting.is_none() {
                out.write(&Decided::new(address, true, "nothing is held any more"))?;
            }
        }
    }
    drop(progress);
    out.finish()?;
    workspace.close().await?;
    say_if_dry(&args.decision);
    Ok(complaints.outcome())
}

/// A contact that is held, and what would suppress it.
struct Held {
    contact: Contact,
    what: rebound_contacts::Held,
    /// What would suppress it, as its message said it.
    event: Option<Event>,
    /// Whose mail it was.
    account: Option<String>,
}

impl Held {
    fn new(contact: Contact, what: rebound_contacts::Held) -> Self {
        Self {
            contact,
            what,
            event: None,
            account: None,
        }
    }

    fn released(&self, signature: &Signature<'_>, now: Moment) -> Event {
        let address = self.contact.address.clone();
        let at = now.max(self.what.at);
        let mut release = Event::ruling(Ruling::Release, self.what.by, address, at);
        release.list = self.list_to_leave().map(str::to_owned);
        signature.sign(release)
    }

    /// The list that the contact is off once this is let go.
    fn list_to_leave(&self) -> Option<&str> {
        let event = self
            .event
            .as_ref()
            .filter(|_| self.what.cause == Cause::Mail(Category::Unsubscribe))?;
        event.list.as_deref().or(event.account.as_deref())
    }

    /// What letting it go does.
    fn done(&self) -> String {
        match self.list_to_leave() {
            Some(list) => format!("off the list {list}"),
            None => format!("suppressed by {}", self.what.cause),
        }
    }
}

/// What is held of these contacts; one of which nothing is held is a failure.
async fn of_these(contacts: &Repository, addresses: &[String], complaints: &mut Complaints) -> Result<Vec<Held>> {
    let addresses = addresses.iter().map(|text| parse(text)).collect::<Result<Vec<_>>>()?;
    let mut held = Vec::new();
    for address in &addresses {
        let contact = contacts.contact(address).await?;
        match contact.and_then(|contact| Some((contact.held?, contact))) {
            Some((what, contact)) => held.push(with_event(contacts, Held::new(contact, what)).await?),
            None => complaints.failure(format!("{address}: nothing is held")),
        }
    }
    Ok(held)
}

/// Everybody who is held by this account's mail, or by any; for this cause, or for any.
async fn all_held(contacts: &Repository, account: Option<&str>, because: Option<HeldBecause>) -> Result<Vec<Held>> {
    let all: Vec<Contact> = contacts.held().try_collect().await?;
    let mut held = Vec::with_capacity(all.len());
    let progress = Progress::of("contacts", Some(all.len() as u64));
    for contact in all {
        progress.advance(1);
        let Some(what) = contact
            .held
            .filter(|held| because.is_none_or(|because| held.because == because))
        else {
            continue;
        };
        let one = with_event(contacts, Held::new(contact, what)).await?;
        if account.is_none_or(|account| one.account.as_deref() == Some(account)) {
            held.push(one);
        }
    }
    if held.is_empty()
        && let Some(account) = account
    {
        bail!(Hinted::new(
            format!("nothing that came through the account {account} is held"),
            "`rebound contacts held` lists what is",
        ));
    }
    Ok(held)
}

/// The same with what its message said.
async fn with_event(contacts: &Repository, mut held: Held) -> Result<Held> {
    let mut events = std::pin::pin!(contacts.events_of(&held.contact.address));
    while let Some(event) = events.try_next().await? {
        if event.message == held.what.by {
            held.account = held.account.or_else(|| event.account.clone());
            held.event = Some(event);
        } else if event.kind == EventKind::Ruling(Ruling::Hold) && event.about == Some(held.what.by) {
            held.account = event.account;
        }
    }
    Ok(held)
}

/// One contact on a line.
#[derive(Serialize)]
struct Row {
    address: String,
    spelling: String,
    cause: String,
    /// When what would suppress it happened.
    held_at: String,
    /// The message that would suppress it.
    held_by: String,
    /// Why it does not.
    held_because: String,
    account: Option<String>,
    reason: Option<String>,
    status: Option<String>,
    rule: Option<String>,
    diagnostic: Option<String>,
    authenticity: Option<String>,
    /// What shows that.
    proof: Option<String>,
    /// Who handed the report over.
    server: Option<String>,
    object_key: Option<String>,
}

impl From<Held> for Row {
    fn from(held: Held) -> Self {
        let event = held.event.as_ref();
        Self {
            address: held.contact.address.as_str().to_owned(),
            spelling: held.contact.address.spelling().to_owned(),
            cause: held.what.cause.to_string(),
            held_at: held.what.at.to_string(),
            held_by: held.what.by.to_string(),
            held_because: held.what.because.to_string(),
            account: held.account,
            reason: event.map(|event| event.reason.to_string()),
            status: event.and_then(|event| event.status).map(|status| status.to_string()),
            rule: event.and_then(|event| event.rule.clone()),
            diagnostic: event.and_then(|event| event.diagnostic.clone()),
            authenticity: event
                .and_then(|event| event.authenticity)
                .map(|authenticity| authenticity.to_string()),
            proof: event.and_then(|event| event.proof.clone()),
            server: event.and_then(|event| event.server.clone()),
            object_key: event.and_then(|event| event.object_key.clone()),
        }
    }
}
