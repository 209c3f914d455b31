//! What a run came to, as list managers say it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use rebound_classifier::Judged;
use rebound_classify::{Action, Category, Reason};
use rebound_contacts::{Cause, Policy};
use rebound_fetcher::FetchSummary;
use serde::Serialize;

use super::mailboxes::{self, Fetched};
use crate::output::{Align, Table, plural, printable};
use crate::place::{Place, program};

/// How many newly suppressed contacts are named one by one.
const MAX_NAMED: usize = 20;

/// How many of them are remembered for the JSON summary, so that memory does not grow with the mailbox.
const MAX_REMEMBERED: usize = 1000;

/// The lines of the table: what list managers call it, the categories behind it, and what becomes of the contact under
/// the built-in policy.
const LINES: &[(&str, &[Category], &str)] = &[
    ("hard bounces", &[Category::HardBounce], "contact suppressed"),
    ("soft bounces", &[Category::SoftBounce], "counted; the fifth suppresses"),
    (
        "unknown bounces",
        &[Category::UnknownUnavailable, Category::UnknownAvailable],
        "counted where the address takes no mail, else recorded",
    ),
    (
        "possible failures",
        &[Category::PossibleFailure],
        "delayed, not failed, or not sure; recorded",
    ),
    (
        "sender blocked",
        &[Category::SenderBlocked],
        "our side; never counts against the contact",
    ),
    ("complaints", &[Category::Complaint], "contact suppressed, where proven"),
    (
        "unsubscribes",
        &[Category::Unsubscribe],
        "contact off this list, where proven",
    ),
    ("subscribes", &[Category::Subscribe], "recorded"),
    ("auto-replies", &[Category::OutOfOffice], "recorded"),
    (
        "challenges",
        &[Category::Challenge],
        "recorded; a person may want to answer",
    ),
    (
        "address changes",
        &[Category::AddressChange],
        "recorded with the new address",
    ),
    ("delivered", &[Category::Delivered], "soft count starts again"),
    (
        "delivery reports",
        &[Category::DeliveryReport],
        "relayed, expanded, read: no action",
    ),
    ("virus notices", &[Category::VirusNotice], "recorded"),
    ("not recognised", &[Category::Unrecognised], "ignored, kept for review"),
];

/// What a run came to. The JSON keys are stable.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    messages: Messages,
    /// How many verdicts of each category the new messages gave; a message about five recipients gives five.
    found: BTreeMap<Category, u64>,
    /// Contacts that this run suppressed, at most [`MAX_REMEMBERED`] of them.
    suppressed: Vec<Suppressed>,
    suppressed_in_all: u64,
    /// Contacts that this run would have suppressed, had it not suppressed more than usual already.
    held_in_all: usize,
    /// Contacts that this run would have suppressed or taken off a list, were it sure that nobody forged it.
    unproven_in_all: usize,
    /// What became of messages on mail servers; no key where none was asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mailboxes: Vec<Fetched>,
    /// Contacts that became active again, by canonical address, and were not seen to be suppressed by this run (yet):
    /// a batch's messages come in any order.
    #[serde(skip)]
    taken_back: BTreeMap<String, u64>,
    /// By canonical address, how often this run held a contact, less how often it let it go again: 1 or 0 in the end, and
    /// less than 0 where an earlier run had held it.
    #[serde(skip)]
    held: BTreeMap<String, i64>,
    /// The same of what may be forged.
    #[serde(skip)]
    doubted: BTreeMap<String, i64>,
}

#[derive(Debug, Default, Serialize)]
struct Messages {
    seen: u64,
    new: u64,
    already_archived: u64,
    failed: u64,
    skipped: u64,
    judged: u64,
}

#[derive(Debug, Serialize)]
struct Suppressed {
    #[serde(skip)]
    canonical: String,
    address: String,
    cause: Cause,
    reason: Reason,
    diagnostic: Option<String>,
}

impl Summary {
    /// Counts one message the classifier has judged.
    pub(super) fn add(&mut self, judged: &Judged) {
        if !judged.recorded.new {
            return;
        }
        self.messages.judged += 1;
        for event in judged.record.events() {
            if let Some(category) = event.kind.category() {
                *self.found.entry(category).or_default() += 1;
            }
        }
        for (address, change) in &judged.recorded.changes {
            let held = i64::from(change.held.is_some()) - i64::from(change.let_go);
            let doubted = i64::from(change.doubted.is_some()) - i64::from(change.settled);
            for (times, more) in [(&mut self.held, held), (&mut self.doubted, doubted)] {
                if more != 0 {
                    *times.entry(address.as_str().to_owned()).or_default() += more;
                }
            }
            if change.reactivated {
                self.take_back(address.as_str());
            }
        }
        for (address, suppression) in judged.recorded.suppressed() {
            if let Some(taken_back) = self.taken_back.get_mut(address.as_str()).filter(|times| **times > 0) {
                *taken_back -= 1;
                continue;
            }
            self.suppressed_in_all += 1;
            let event = judged
                .record
                .events()
                .iter()
                .find(|event| event.address.as_ref() == Some(address));
            if self.suppressed.len() < MAX_REMEMBERED {
                self.suppressed.push(Suppressed {
                    canonical: address.as_str().to_owned(),
                    address: address.spelling().to_owned(),
                    cause: suppression.cause,
                    reason: event.map_or(Reason::Undefined, |event| event.reason),
                    diagnostic: event.and_then(|event| event.diagnostic.clone().or_else(|| event.evidence.clone())),
                });
            }
        }
    }

    /// A contact is active again: a report that arrived late changed what its history says.
    fn take_back(&mut self, canonical: &str) {
        let known = self.suppressed.iter().position(|one| one.canonical == canonical);
        if let Some(index) = known {
            self.suppressed.remove(index);
            self.suppressed_in_all -= 1;
        } else {
            *self.taken_back.entry(canonical.to_owned()).or_default() += 1;
        }
    }

    /// Takes over what fetching came to, and brings everything into an order that does not depend on timing.
    pub(crate) fn finish(&mut self, fetched: &FetchSummary, mailboxes: Vec<Fetched>) {
        self.mailboxes = mailboxes;
        let in_all = |times: &BTreeMap<String, i64>| times.values().filter(|times| **times > 0).count();
        self.held_in_all = in_all(&self.held);
        self.unproven_in_all = in_all(&self.doubted);
        self.suppressed.sort_by(|one, other| one.address.cmp(&other.address));
        self.messages.seen = fetched.seen();
        self.messages.new = fetched.new;
        self.messages.already_archived = fetched.already_archived;
        self.messages.failed = fetched.failed;
        self.messages.skipped = fetched.skipped;
    }

    /// The summary for people, at most `width` columns wide.
    pub(super) fn render(&self, paths: &[PathBuf], place: &Place, policy: &Policy, width: usize) -> String {
        let mut text = mailboxes::told(&self.mailboxes);
        text.push_str(&self.headline());
        if !self.found.is_empty() {
            text.push_str(&self.found_table(policy).render(width));
        }
        if !self.suppressed.is_empty() {
            let _ = write!(text, "\nNewly suppressed: {}\n", self.suppressed_in_all);
            text.push_str(&self.suppressed_table().render(width));
            let rest = self.suppressed_in_all.saturating_sub(MAX_NAMED as u64);
            if rest > 0 {
                let _ = writeln!(text, "  … and {rest} more");
            }
        }
        if self.held_in_all > 0 {
            let contacts = plural(self.held_in_all as u64, "contact");
            let _ = write!(
                text,
                "\nHeld: {} {contacts} that one day's mail would have suppressed beyond what is usual. They are still \
                 mailed;\nwhat they are and why is for you to see before they are released.\n",
                self.held_in_all
            );
        }
        if self.unproven_in_all > 0 {
            let contacts = plural(self.unproven_in_all as u64, "contact");
            let _ = write!(
                text,
                "\nNot proven: {} {contacts} of whom something came that anybody could have written. They are still \
                 mailed;\n`rebound contacts held --because unproven` says what it was.\n",
                self.unproven_in_all
            );
        }
        if let (Place::Stack(_), 1..) = (place, self.messages.new) {
            text.push_str("What is new is judged by the stack's own classifier, as soon as its queue hands it over.\n");
        }
        text.push_str(&self.next_steps(paths, place));
        text
    }

    fn headline(&self) -> String {
        let Messages {
            seen,
            new,
            already_archived,
            failed,
            skipped,
            judged,
        } = self.messages;
        let mut text = format!("{seen} {}: {new} new", plural(seen, "message"));
        for (count, what) in [
            (already_archived, "already archived"),
            (failed, "not readable or not stored"),
            (skipped, "files that are no mail"),
            (judged.saturating_sub(new), "left over from an interrupted run"),
        ] {
            if count > 0 {
                let _ = write!(text, ", {count} {what}");
            }
        }
        text.push_str(if self.found.is_empty() {
            "\n"
        } else {
            "\n\nFound in the new messages:\n"
        });
        text
    }

    fn found_table(&self, policy: &Policy) -> Table {
        let mut table = Table::new([("", Align::Right), ("", Align::Left), ("", Align::Left)]).indented();
        for (name, categories, consequence) in LINES {
            let count: u64 = categories.iter().filter_map(|category| self.found.get(category)).sum();
            let own = own_consequence(policy, categories);
            table.row([count.to_string().as_str(), name, own.as_deref().unwrap_or(consequence)]);
        }
        table
    }

    fn suppressed_table(&self) -> Table {
        let mut table = Table::new([("", Align::Left); 4]).indented().words_in(1);
        for contact in self.suppressed.iter().take(MAX_NAMED) {
            table.row([
                contact.address.as_str(),
                contact.cause.as_str(),
                contact.reason.as_str(),
                contact.diagnostic.as_deref().unwrap_or_default(),
            ]);
        }
        table
    }

    /// Commands to type, each under what it is for. Never cut: they are there to be copied.
    fn next_steps(&self, paths: &[PathBuf], place: &Place) -> String {
        let rebound = place.command();
        let mut text = "\nNext:\n".to_owned();
        let mut step = |what: &str, command: String| {
            let _ = writeln!(text, "  {what}:\n    {}", printable(&command));
        };
        step(
            "whom to stop mailing",
            format!("{rebound} contacts list --suppressed --format csv"),
        );
        if self.held_in_all > 0 {
            step("what is held, and letting it go", format!("{rebound} contacts held"));
        }
        if let Some(contact) = self.suppressed.first() {
            step(
                "why, in the server's own words",
                format!("{rebound} contacts why {}", contact.address),
            );
        }
        if let (Some(path), Some(_)) = (paths.first(), self.found.get(&Category::Unrecognised)) {
            step(
                "what was not recognised",
                format!("{} classify --category unrecognised {}", program(), path.display()),
            );
        }
        text
    }
}

/// What becomes of the contact where the policy in force is not the built-in one.
fn own_consequence(policy: &Policy, categories: &[Category]) -> Option<String> {
    let actions = |policy: &Policy| -> Vec<Action> {
        let action = |category: &Category| policy.action(*category, Reason::Undefined, None);
        categories.iter().map(action).collect()
    };
    let (own, built_in) = (actions(policy), Policy::default());
    let needs_proof = |policy: &Policy| {
        categories
            .iter()
            .any(|category| policy.trust.enough_for(*category).is_proof())
    };
    if own == actions(&built_in)
        && needs_proof(policy) == needs_proof(&built_in)
        && !(own.contains(&Action::Count) && policy.soft_limit != built_in.soft_limit)
    {
        return None;
    }
    let told = own.iter().map(|action| match action {
        Action::Ignore => "ignored".to_owned(),
        Action::Record => "recorded".to_owned(),
        Action::Count => format!("counted; {} of them suppress", policy.soft_limit.threshold()),
        Action::Unsubscribe => "contact off this list".to_owned(),
        Action::Suppress => "contact suppressed".to_owned(),
    });
    let mut told: Vec<_> = told.collect();
    told.dedup();
    let mut told = told.join(", or ");
    if needs_proof(policy) {
        told.push_str(", where proven");
    }
    Some(told)
}
