//! Requests to be put on a list or taken off it.

mod address;
mod command;
mod sentence;

use super::letter::Letter;
use super::phrases::Says;
use super::robot::Nature;
use super::{Evidence, Kind};
use crate::mime::{Mail, addresses_in_text};
use crate::words::{Address, Category, Reason};

/// Who asks to be taken off a list says so, and who he is, in his first lines; what is below is quoted or signature.
const MAX_REQUEST_BYTES: usize = 2 << 10;
/// Nobody asks for so many; each costs whoever proves whom the mail was for.
const MAX_NAMED: usize = 16;

/// A command: an address made for it, or a whole subject or line.
pub(super) fn command(letter: &Letter<'_>) -> Option<Kind> {
    if asks_for_nothing(letter) {
        return None;
    }
    let request = command::addressed(letter)
        .or_else(|| command::in_subject(letter))
        .or_else(|| command::in_body(letter))?;
    Some(request.kind(letter))
}

/// Addresses in the subject of a request and at its beginning.
pub(super) fn named_in(mail: &Mail<'_>) -> Vec<Address> {
    let text = mail.own_text();
    let beginning = text.get(..text.floor_char_boundary(MAX_REQUEST_BYTES)).unwrap_or(text);
    let mut named = addresses_in_text(mail.subject());
    named.extend(addresses_in_text(beginning));
    named.truncate(MAX_NAMED);
    named
}

/// A sentence in which the author asks.
pub(super) fn sentence(letter: &Letter<'_>) -> Option<Kind> {
    if asks_for_nothing(letter) {
        return None;
    }
    let request = sentence::asking(letter, Wish::Off).or_else(|| sentence::asking(letter, Wish::On))?;
    Some(request.kind(letter))
}

/// A robot that answers asks for nothing; what a list passed on is addressed to that list.
fn asks_for_nothing(letter: &Letter<'_>) -> bool {
    letter.robot().nature == Nature::Replied || letter.is_bulk() || letter.is_from_daemon()
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    On,
    Off,
}

impl Wish {
    const fn category(self) -> Category {
        match self {
            Self::On => Category::Subscribe,
            Self::Off => Category::Unsubscribe,
        }
    }

    const fn says(self) -> (Says, Says, Says) {
        match self {
            Self::On => (Says::SubscribeCommand, Says::Subscribe, Says::NotSubscribe),
            Self::Off => (Says::UnsubscribeCommand, Says::Unsubscribe, Says::NotUnsubscribe),
        }
    }
}

struct Request {
    wish: Wish,
    rule: &'static str,
    evidence: Option<Evidence>,
    /// The subscribed address, when the request names one.
    named: Option<Address>,
}

impl Request {
    fn kind(self, letter: &Letter<'_>) -> Kind {
        let kind = Kind::new(self.wish.category(), Reason::Undefined, self.rule, self.evidence);
        kind.about(self.named.or_else(|| letter.author()))
    }
}

/// The address a request names, unless it is ours, the list's, or one of several.
fn subscribed_address(letter: &Letter<'_>, folded: &str, written: &str) -> Option<Address> {
    let named: Option<Vec<Address>> = crate::kinds::moved::addresses_in(folded)
        .map(|(start, end)| {
            let spelled = folded.get(start..end)?;
            // As the author spelled it, where that can be found again.
            Address::parse(find_ignoring_case(written, spelled).unwrap_or(spelled))
        })
        .collect();
    letter.only_stranger(named?)
}

fn find_ignoring_case<'t>(text: &'t str, needle: &str) -> Option<&'t str> {
    text.match_indices('@').find_map(|(at, _)| {
        let start = at.checked_sub(needle.find('@')?)?;
        text.get(start..start + needle.len())
            .filter(|found| found.eq_ignore_ascii_case(needle))
    })
}
