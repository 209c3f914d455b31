//! Mail that is no delivery failure: what else comes back to a sender, and whom it is about.
//!
//! Each recogniser knows one kind and says so only when it is sure; what none of them knows is `None`, and so is a
//! delivery failure, whatever header it carries: four in ten call themselves `Auto-Submitted: auto-replied`. Words come
//! from the phrase files and count where they stand: in the subject, among the author's own words (quoted text and the
//! signature do not count), or, for robots, anywhere.
//!
//! What is decided how where reasonable people differ:
//!
//! - *No longer with the company*, *this address is no longer used*: a robot answers for the mailbox, so it exists, and
//!   it says nothing reliable about the address: `out-of-office`, never a failure. The reason tells them from a
//!   vacation: `has-moved` when the person left, `suspended` when the address is given up. When the same person's new
//!   address is named it is an `address-change`.
//! - A new address is reported only when it is named as the person's own; a colleague's, the help desk's, the old one and
//!   ours are not it, and several candidates are none.
//! - *Unsubscribe* takes a clear request by the author: a command, a mail to an address made for it, or a sentence that
//!   asks. Questions, offers and quoted footers are none; nor is anything a list passed on.
//! - A read receipt is a `delivery-report` even when the mail was deleted unread. One that carries failure fields is not
//!   a receipt (`None`).

mod absence;
mod challenge;
mod complaint;
mod fold;
mod letter;
mod lists;
mod moved;
mod phrases;
mod quoting;
mod receipt;
mod robot;
mod virus;

use std::borrow::Cow;

use letter::Letter;
use phrases::Says;
use robot::Nature;

use crate::mime::Mail;
use crate::words::{Address, Category, Reason};

/// What a message that reports no failure is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kind {
    pub(crate) category: Category,
    pub(crate) reason: Reason,
    /// Whom it is about: its author, or the address it names as the subscribed or reported one.
    pub(crate) address: Option<Address>,
    /// Where that person can be reached from now on.
    pub(crate) new_address: Option<Address>,
    /// What was recognised and in which language, `absence.away.de`.
    pub(crate) rule: Cow<'static, str>,
    /// The words of the message that told.
    pub(crate) evidence: Option<String>,
}

/// Words of the message that tell something.
struct Evidence {
    language: &'static str,
    words: String,
}

impl Kind {
    fn new(category: Category, reason: Reason, rule: &'static str, evidence: Option<Evidence>) -> Self {
        let (rule, evidence) = match evidence {
            Some(Evidence { language, words }) if !language.is_empty() => {
                (Cow::Owned(format!("{rule}.{language}")), Some(words))
            }
            evidence => (Cow::Borrowed(rule), evidence.map(|evidence| evidence.words)),
        };
        Self {
            category,
            reason,
            address: None,
            new_address: None,
            rule,
            evidence,
        }
    }

    /// Whether the message that came back is all there is: nothing was wrapped around it.
    pub(crate) fn is_the_returned_message(&self) -> bool {
        self.rule == complaint::UNWRAPPED
    }

    /// The addresses that a request to be put on a list or off it names anywhere: people write from another address than the
    /// one that is subscribed. None for what is no request.
    pub(crate) fn addresses_of_request(&self, mail: &Mail<'_>) -> Vec<Address> {
        match self.category {
            Category::Subscribe | Category::Unsubscribe => lists::named_in(mail),
            _ => Vec::new(),
        }
    }

    fn about(self, address: Option<Address>) -> Self {
        Self { address, ..self }
    }
}

/// What the message is, when it is no delivery failure and no ordinary mail.
pub(crate) fn recognise(mail: &Mail<'_>) -> Option<Kind> {
    let letter = Letter::new(mail);
    if letter.is_delivery_report() || is_announced_failure(&letter) {
        return None;
    }
    receipt::structured(&letter)
        .or_else(|| complaint::recognise(&letter))
        .or_else(|| virus::recognise(&letter))
        .or_else(|| challenge::recognise(&letter))
        .or_else(|| {
            if is_failure(&letter) || letter.is_calendar() {
                return None;
            }
            receipt::worded(&letter)
                .or_else(|| lists::command(&letter))
                // "Take the old address off your list" is part of a change of address.
                .or_else(|| moved::recognise(&letter))
                .or_else(|| lists::sentence(&letter))
                .or_else(|| absence::recognise(&letter))
        })
}

/// A scanner's notice although it has the form of a delivery report; only mail that says so in its subject is looked at.
pub(crate) fn virus_notice(mail: &Mail<'_>) -> Option<Kind> {
    let subject = mail.subject().to_ascii_lowercase();
    let announced = ["virus", "malware", "infected"]
        .iter()
        .any(|word| subject.contains(word));
    announced.then(|| virus::recognise(&Letter::new(mail))).flatten()
}

/// Whether a daemon says so in the subject already: most reports without fields, and nothing else needs reading.
fn is_announced_failure(letter: &Letter<'_>) -> bool {
    let subject = &letter.subject().hits;
    subject.has(Says::Failure)
        && !subject.has_any(&[Says::Virus, Says::VirusSystem, Says::VirusWord, Says::Challenge])
        && letter.is_from_daemon()
}

/// Whether it reads like a report of a failed delivery, structured or not.
fn is_failure(letter: &Letter<'_>) -> bool {
    let subject = letter.subject().hits.has(Says::Failure);
    let body = letter.whole().hits.has(Says::Failure);
    let robot = letter.robot().nature > Nature::Person;
    let answers = letter.says(Says::Away)
        || letter.says(Says::AbsenceNotice)
        || letter.says(Says::AutoReply)
        || letter.says(Says::Departed)
        || letter.says(Says::Ticket);
    if letter.is_from_daemon() {
        return subject || body || !answers;
    }
    (subject && (robot || body)) || (body && robot && !answers)
}

#[cfg(test)]
mod tests;
