//! One contact's story: its state, every event behind it, and what the policy made of each.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use anyhow::Result;
use futures::TryStreamExt;
use rebound_contacts::story::{Outcome as Made, Step, Story, Why};
use rebound_contacts::{Contact, Event, MessageHash, Moment, Policy, Ruling};
use serde::Serialize;

use super::parse;
use crate::args::ReportFormat;
use crate::clock;
use crate::complaints::say;
use crate::outcome::Outcome;
use crate::output::{JsonStream, paint_first_word, paint_word, printable};
use crate::place::Place;
use crate::workspace::Workspace;

/// How much of an event's identity is shown: enough to name it among those of a contact.
const SHOWN_OF_HASH: usize = 12;

/// Prints one contact and the events behind it.
pub(super) async fn why(place: &Place, address: &str, format: ReportFormat) -> Result<Outcome> {
    let address = parse(address)?;
    let workspace = Workspace::open(place).await?;
    let Some(contact) = workspace.contacts().contact(&address).await? else {
        workspace.close().await?;
        say(
            "note",
            format!("nothing was ever recorded about {address}; it may be mailed"),
        );
        say(
            "hint",
            format!("`rebound contacts list` names everybody that {place} knows; is it spelt so?"),
        );
        return Ok(Outcome::Incomplete);
    };
    let events: Vec<Event> = workspace.contacts().events_of(&address).try_collect().await?;
    let policy = workspace.contacts().policy().clone();
    workspace.close().await?;

    let story = Story::new(&policy, &address, &events);
    if story.contact.suppression != contact.suppression {
        say(
            "warning",
            "the events that are left do not explain the state: it was made under another policy, or events have expired",
        );
    }
    print(&contact, &story, &policy, format)?;
    Ok(Outcome::Done)
}

fn print(contact: &Contact, story: &Story<'_>, policy: &Policy, format: ReportFormat) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let document = Document {
        contact,
        events: story.steps.iter().map(Chapter::from).collect(),
    };
    match format {
        ReportFormat::Table => {
            out.write_all(state_of(contact, story, policy, clock::now().into()).as_bytes())?;
            for step in &story.steps {
                out.write_all(story_of(step).as_bytes())?;
            }
            out.flush()?;
        }
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
            out.flush()?;
        }
        ReportFormat::Jsonl => {
            let mut out = JsonStream::lines(out);
            out.write(&document)?;
            out.finish()?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Document<'a> {
    contact: &'a Contact,
    events: Vec<Chapter<'a>>,
}

/// An event, and what the policy made of it.
#[derive(Serialize)]
struct Chapter<'a> {
    #[serde(flatten)]
    event: &'a Event,
    /// In one word.
    outcome: &'static str,
    /// The same for people.
    outcome_told: String,
}

impl<'a> From<&Step<'a>> for Chapter<'a> {
    fn from(step: &Step<'a>) -> Self {
        Self {
            event: step.event,
            outcome: word(&step.outcome),
            outcome_told: told(&step.outcome),
        }
    }
}

fn word(made: &Made) -> &'static str {
    match made {
        Made::Suppressed { .. } => "suppressed",
        Made::Held => "held",
        Made::Doubted => "doubted",
        Made::Counted { .. } => "counted",
        Made::Reactivated => "reactivated",
        Made::Restarted(_) => "restarted",
        Made::Left(_) => "unsubscribed",
        Made::Rejoined => "subscribed",
        Made::Rules(_) => "ruling",
        Made::Recorded(_) => "recorded",
        Made::LeftOut(_) => "left-out",
    }
}

fn told(made: &Made) -> String {
    match made {
        Made::Suppressed { streak: None, .. } => "suppressed from here on".to_owned(),
        Made::Suppressed {
            streak: Some(streak), ..
        } => format!("counted, and with {streak} in a row suppressed from here on"),
        Made::Held => "held: it would have suppressed while the circuit breaker was open".to_owned(),
        Made::Doubted => "held: it would have done so, were it sure that it is not forged".to_owned(),
        Made::Counted { streak, threshold } => format!("counted: {streak} of {threshold} that suppress"),
        Made::Reactivated => "active from here on; what happened before counts no more".to_owned(),
        Made::Restarted(1) => "1 counted failure forgotten".to_owned(),
        Made::Restarted(streak) => format!("{streak} counted failures forgotten"),
        Made::Left(list) => format!("off the list {list} from here on"),
        Made::Rejoined => "on the list again from here on".to_owned(),
        Made::Rules(Ruling::Hold) => "what it is about suppresses nobody until it is released".to_owned(),
        Made::Rules(Ruling::Release) => "what it is about is not held any more".to_owned(),
        Made::Rules(Ruling::Discard) => "what it is about counts for nothing".to_owned(),
        Made::Recorded(why) => format!("only recorded: {}", because(*why)),
        Made::LeftOut(why) => format!("left out: {}", because(*why)),
    }
}

fn because(why: Why) -> &'static str {
    match why {
        Why::Policy => "the policy says so of such mail",
        Why::Protected => "the policy protects this address",
        Why::AlreadySuppressed => "suppressed already",
        Why::AlreadySo => "it was so already",
        Why::SameMessage => "another report about the same sent message had been counted",
        Why::SameDay => "another failure of the same day had been counted",
        Why::Reactivated => "a reactivation had forgotten what happened up to then",
        Why::Discarded => "somebody discarded it",
        Why::Stale => "it came too long after the mail that it is about",
        Why::Unproven => "it may be forged, and this account asks for proof",
    }
}

fn state_of(contact: &Contact, story: &Story<'_>, policy: &Policy, now: Moment) -> String {
    let counters = &contact.counters;
    let threshold = policy.soft_limit.threshold();
    let mut lines = vec![(
        "status",
        match &contact.suppression {
            Some(suppression) => format!("suppressed since {} by {}", suppression.at, suppression.cause),
            None => "active".to_owned(),
        },
    )];
    lines.push(("may be mailed", when_to_mail(contact)));
    if !contact.unsubscribed_lists.is_empty() {
        lines.push(("off the lists", contact.unsubscribed_lists.join(", ")));
    }
    if let Some(new_address) = &contact.new_address {
        lines.push(("has moved to", new_address.to_string()));
    }
    lines.push((
        "bounces",
        format!(
            "{} hard, {} soft, {} unknown; {} of {threshold} that suppress",
            counters.hard_bounces, counters.soft_bounces, counters.unknown_bounces, contact.soft_streak
        ),
    ));
    if let Some(ends) = story.streak_ends_at {
        let (verb, unless) = if ends <= now {
            ("were", "")
        } else {
            ("will be", " if no other comes")
        };
        lines.push((
            "",
            format!("the counted ones {verb} forgotten on {}{unless}", ends.day()),
        ));
    }
    lines.push((
        "other mail",
        format!(
            "{} sender blocked, {} complaints, {} auto-replies, {} delivered",
            counters.blocks, counters.complaints, counters.auto_replies, counters.delivered
        ),
    ));
    lines.push(("events", contact.events.to_string()));
    let mut text = format!("{}\n", printable(contact.address.spelling()));
    for (name, value) in lines {
        let value = printable(&value);
        let value = if name == "status" {
            paint_first_word(&value)
        } else {
            value.into_owned()
        };
        let _ = writeln!(text, "  {name:<14}{value}");
    }
    text
}

/// When, and by whose doing.
fn when_to_mail(contact: &Contact) -> String {
    let address = contact.address.as_str();
    match (&contact.suppression, &contact.held) {
        (Some(_), _) => format!("when somebody reactivates it: rebound contacts reactivate {address} --why …"),
        (None, Some(held)) => format!(
            "now: a suppression by {} is held ({}), see rebound contacts held",
            held.cause, held.because
        ),
        (None, None) if contact.unsubscribed_lists.is_empty() => "now".to_owned(),
        (None, None) => "now, but not from the lists it is off".to_owned(),
    }
}

/// How sure it is that this is about mail of ours, and by what.
fn authenticity_of(event: &Event) -> Option<String> {
    let authenticity = event.authenticity?;
    Some(match &event.proof {
        Some(proof) => format!("{authenticity}: {proof}"),
        None => authenticity.to_string(),
    })
}

fn story_of(Step { event, outcome }: &Step<'_>) -> String {
    let codes = [
        event.status.map(|status| status.to_string()),
        event.reply.map(|reply| reply.to_string()),
    ];
    let mut headline = format!("{}  {}", event.at, paint_word(event.kind.as_str(), 0));
    if event.reason != rebound_classify::Reason::Undefined {
        let _ = write!(headline, ", {}", event.reason);
    }
    for code in codes.into_iter().flatten() {
        let _ = write!(headline, ", {code}");
    }
    let mut text = format!("\n{headline}\n");
    let quoted = |words: &String| format!("“{words}”");
    for (name, value) in [
        ("policy", Some(told(outcome))),
        ("said", event.diagnostic.as_ref().map(quoted)),
        ("rule", event.rule.clone()),
        ("matched", event.evidence.as_ref().map(quoted)),
        ("authenticity", authenticity_of(event)),
        ("server", event.server.clone()),
        ("delivered to", event.final_recipient.as_ref().map(ToString::to_string)),
        ("new address", event.new_address.as_ref().map(ToString::to_string)),
        ("subject", event.original_subject.as_ref().map(quoted)),
        ("list", event.list.clone()),
        ("campaign", event.campaign.clone()),
        ("message", event.object_key.clone()),
        ("by", event.actor.clone()),
        ("why", event.note.clone()),
        ("about", event.about.map(|about| abbreviated(&about))),
        ("event", Some(abbreviated(&event.message))),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "  {name:<14}{}", printable(&value));
        }
    }
    text
}

fn abbreviated(hash: &MessageHash) -> String {
    hash.to_string().chars().take(SHOWN_OF_HASH).collect()
}
