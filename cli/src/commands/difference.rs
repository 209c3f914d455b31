//! What folding a contact again makes of it, beside what it was: for people, and row by row for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rebound_classify::{Action, Category, Reason};
use rebound_contacts::repository::Recomputed;
use rebound_contacts::{Cause, Contact, Event, EventKind, MessageHash, Policy, Ruling, Suppression};
use serde::Serialize;

use crate::output::{Told, harmless_cell, plural, printable};

/// How much of a message's identity is shown: enough to name it among those of a contact.
const SHOWN_OF_HASH: usize = 12;

/// What becomes of a contact, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fate {
    /// Was active, is suppressed.
    Suppressed,
    /// Was suppressed, is active.
    Freed,
    /// Is suppressed for another cause, or since another time.
    Cause,
    /// Is held by the circuit breaker, or is no more.
    Held,
    /// Is off other lists than before.
    Lists,
    /// Has another number of failures in a row.
    Streak,
    /// Only what was counted or heard last differs.
    Details,
    /// Not all of its history is there any more, so it stays as it is.
    Kept,
}

/// One contact's difference, flat.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Difference {
    pub address: String,
    pub spelling: String,
    pub change: Fate,
    pub suppressed_cause_before: Option<String>,
    pub suppressed_at_before: Option<String>,
    pub soft_streak_before: u32,
    pub unsubscribed_lists_before: String,
    pub suppressed_cause: Option<String>,
    pub suppressed_at: Option<String>,
    pub soft_streak: u32,
    pub unsubscribed_lists: String,
    /// The message that suppresses the contact, or did.
    pub message: Option<String>,
    pub why: String,
}

impl Difference {
    /// What `policy` makes of a contact; `None` when that is what is stored.
    pub(crate) fn of(recomputed: &Recomputed, policy: &Policy) -> Option<Self> {
        let empty = Contact::new(recomputed.after.address.clone());
        let before = recomputed.before.as_ref().unwrap_or(&empty);
        let after = &recomputed.after;
        let change = match &recomputed.incomplete {
            Some(_) => Fate::Kept,
            None if !recomputed.is_changed() => return None,
            None => fate(before, after),
        };
        let decisive = after
            .suppression
            .or(before.suppression)
            .map(|suppression| suppression.by);
        let cause = |contact: &Contact| contact.suppression.map(|suppression| suppression.cause.to_string());
        let since = |contact: &Contact| contact.suppression.map(|suppression| suppression.at.to_string());
        Some(Self {
            address: after.address.as_str().to_owned(),
            spelling: after.address.spelling().to_owned(),
            change,
            suppressed_cause_before: cause(before),
            suppressed_at_before: since(before),
            soft_streak_before: before.soft_streak,
            unsubscribed_lists_before: before.unsubscribed_lists.join(" "),
            suppressed_cause: cause(after),
            suppressed_at: since(after),
            soft_streak: after.soft_streak,
            unsubscribed_lists: after.unsubscribed_lists.join(" "),
            message: decisive.map(|message| message.to_string()),
            why: why(recomputed, policy, change, before),
        })
    }
}

impl Told for Difference {
    /// Who, what becomes of it, and why.
    fn told(&self) -> String {
        let state = |cause: &Option<String>, at: &Option<String>| match (cause, at) {
            (Some(cause), Some(at)) => format!("suppressed since {} by {cause}", day(at)),
            _ => "active".to_owned(),
        };
        let was = state(&self.suppressed_cause_before, &self.suppressed_at_before);
        let is = state(&self.suppressed_cause, &self.suppressed_at);
        let what = match self.change {
            Fate::Suppressed => format!("now {is}"),
            Fate::Freed => format!("now active; was {was}"),
            Fate::Cause => format!("now {is}; was {was}"),
            Fate::Held => format!("{is}, otherwise held"),
            Fate::Lists => format!(
                "off the lists [{}]; was off [{}]",
                self.unsubscribed_lists, self.unsubscribed_lists_before
            ),
            Fate::Streak => format!(
                "{} failures in a row; was {}",
                self.soft_streak, self.soft_streak_before
            ),
            Fate::Details => format!("{is}; counters or last words differ"),
            Fate::Kept => format!("kept as it is: {is}"),
        };
        let why = if self.why.is_empty() {
            String::new()
        } else {
            format!("\n    {}", printable(&self.why))
        };
        format!("{}  {what}{why}\n", printable(&self.spelling))
    }

    fn harmless(&self) -> Self {
        Self {
            address: harmless_cell(&self.address).into_owned(),
            spelling: harmless_cell(&self.spelling).into_owned(),
            unsubscribed_lists_before: harmless_cell(&self.unsubscribed_lists_before).into_owned(),
            unsubscribed_lists: harmless_cell(&self.unsubscribed_lists).into_owned(),
            why: harmless_cell(&self.why).into_owned(),
            ..self.clone()
        }
    }
}

/// Enough of a message's identity to name it.
pub(crate) fn short(message: MessageHash) -> String {
    message.to_string().chars().take(SHOWN_OF_HASH).collect()
}

fn day(at: &str) -> &str {
    at.get(..10).unwrap_or(at)
}

fn fate(before: &Contact, after: &Contact) -> Fate {
    let shown = |contact: &Contact| {
        contact
            .suppression
            .map(|suppression| (suppression.cause, suppression.at))
    };
    match (before.suppression, after.suppression) {
        (None, Some(_)) => Fate::Suppressed,
        (Some(_), None) => Fate::Freed,
        _ if shown(before) != shown(after) => Fate::Cause,
        _ if before.held != after.held => Fate::Held,
        _ if before.unsubscribed_lists != after.unsubscribed_lists => Fate::Lists,
        _ if before.soft_streak != after.soft_streak => Fate::Streak,
        _ => Fate::Details,
    }
}

fn why(recomputed: &Recomputed, policy: &Policy, change: Fate, before: &Contact) -> String {
    match (change, recomputed.after.suppression, before.suppression) {
        (Fate::Kept, ..) => recomputed
            .incomplete
            .map(|missing| missing.to_string())
            .unwrap_or_default(),
        (Fate::Suppressed | Fate::Cause, Some(now), _) => why_suppressed(recomputed, now),
        (Fate::Freed, _, Some(was)) => why_freed(recomputed, policy, was),
        _ => String::new(),
    }
}

fn why_suppressed(recomputed: &Recomputed, now: Suppression) -> String {
    let Some(event) = recomputed.event(now.by) else {
        return format!("by message {}", short(now.by));
    };
    let is_streak = now.cause == Cause::Mail(Category::SoftBounce);
    let how = if is_streak {
        "completed the failures in a row: "
    } else {
        ""
    };
    format!("message {} {how}{}", short(now.by), words(event))
}

fn why_freed(recomputed: &Recomputed, policy: &Policy, was: Suppression) -> String {
    let address = &recomputed.after.address;
    if policy.protects(address) {
        return "the policy protects this address".to_owned();
    }
    let message = short(was.by);
    let Some(event) = recomputed.event(was.by) else {
        return format!("message {message} says nothing about it any more");
    };
    let is_discard = |other: &&Event| other.about == Some(was.by) && other.kind == EventKind::Ruling(Ruling::Discard);
    if recomputed.events.iter().any(|other| is_discard(&other)) {
        return format!("message {message} was discarded");
    }
    let EventKind::Mail(category) = event.kind else {
        return format!("{} decides no more", event.kind);
    };
    let action = policy.action(category, event.reason, event.list.as_deref());
    let outcome = match action {
        Action::Count => {
            let limit = policy.soft_limit_of(event.list.as_deref());
            let streak = recomputed.after.soft_streak;
            format!("which counts: {streak} in a row, {} suppress", limit.threshold())
        }
        other => format!("for which the policy says: {}", other.as_str()),
    };
    format!("message {message} {}, {outcome}", words(event))
}

/// What an event says, and why it is known.
fn words(event: &Event) -> String {
    let mut words = format!("says {}", event.kind);
    if event.reason != Reason::Undefined {
        let _ = write!(words, ", {}", event.reason);
    }
    if let Some(rule) = &event.rule {
        let _ = write!(words, " (rule {rule})");
    }
    if let Some(said) = event
        .diagnostic
        .as_ref()
        .or(event.evidence.as_ref())
        .or(event.note.as_ref())
    {
        let _ = write!(words, ": “{said}”");
    }
    words
}

/// How many contacts came to which fate.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    seen: u64,
    fates: BTreeMap<Fate, u64>,
}

impl Tally {
    /// One more contact, and its difference if there is any.
    pub(crate) fn add(&mut self, difference: Option<&Difference>) {
        self.seen += 1;
        if let Some(difference) = difference {
            *self.fates.entry(difference.change).or_default() += 1;
        }
    }

    /// Whether nothing differs that could be written.
    pub(crate) fn is_empty(&self) -> bool {
        self.fates.keys().all(|fate| *fate == Fate::Kept)
    }

    /// All of it on one line.
    pub(crate) fn told(&self) -> String {
        let of = |fate| self.fates.get(&fate).copied().unwrap_or_default();
        let other = of(Fate::Cause) + of(Fate::Held) + of(Fate::Lists) + of(Fate::Streak) + of(Fate::Details);
        let kept = match of(Fate::Kept) {
            0 => String::new(),
            kept => format!(", {kept} kept as they are because their history is incomplete"),
        };
        format!(
            "{} {}: {} newly suppressed, {} freed, {other} otherwise different{kept}",
            self.seen,
            plural(self.seen, "contact"),
            of(Fate::Suppressed),
            of(Fate::Freed)
        )
    }
}
