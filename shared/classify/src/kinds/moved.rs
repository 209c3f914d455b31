//! Changes of address: that somebody moved, and which of the addresses in the message is the new one.

use super::Kind;
use super::fold::unfold;
use super::letter::Letter;
use super::phrases::{Hit, Says, is_one_sentence};
use super::robot::Nature;
use crate::words::{Address, Category, Reason};

/// Whoever moves says so at once.
const FIRST_WORDS_BYTES: usize = 1200;
/// How far before an address the words about it stand.
const BEFORE_BYTES: usize = 110;
/// And how far after it.
const AFTER_BYTES: usize = 48;
/// More addresses than this make a directory, not a note.
const MAX_ADDRESSES: usize = 24;

/// Local parts of desks, never of a person who moves (unless the desk itself does).
const DESKS: &[&str] = &[
    "abuse",
    "accounting",
    "accounts",
    "admin",
    "administrator",
    "billing",
    "contact",
    "customercare",
    "customerservice",
    "datenschutz",
    "dpo",
    "feedback",
    "hello",
    "help",
    "helpdesk",
    "hostmaster",
    "hr",
    "info",
    "invoice",
    "invoices",
    "it",
    "kontakt",
    "legal",
    "mail",
    "marketing",
    "no-reply",
    "noreply",
    "office",
    "orders",
    "postmaster",
    "press",
    "privacy",
    "reception",
    "sales",
    "security",
    "service",
    "servicedesk",
    "soporte",
    "spam",
    "support",
    "team",
    "unsubscribe",
    "verkauf",
    "webmaster",
];

pub(super) fn recognise(letter: &Letter<'_>) -> Option<Kind> {
    let words = letter.words();
    let early = |says| words.hits.first(says).is_some_and(|hit| hit.start < FIRST_WORDS_BYTES);
    let moved = letter.subject().hits.has(Says::Moved) || early(Says::Moved);
    let gone = early(Says::Departed) || early(Says::Closed);
    let ordered = words.hits.has_any(&[Says::NotMoved]) || letter.subject().hits.has(Says::NotMoved);
    if !(moved || gone) || letter.is_bulk() || ordered || words.hits.count(Says::Bulk) > 0 {
        return None;
    }
    if letter.robot().nature == Nature::Generated && !gone && !words.hits.has(Says::NewAddress) {
        return None;
    }
    let named = named_addresses(letter);
    let new = if moved {
        new_address(letter, &named)
    } else {
        same_persons(letter, &named)
    };
    if new.is_none() && (!moved || !is_personal(letter)) {
        return None;
    }
    let evidence = letter
        .evidence(Says::Moved)
        .or_else(|| letter.evidence(Says::Departed))
        .or_else(|| letter.evidence(Says::Closed));
    let kind = Kind::new(Category::AddressChange, Reason::HasMoved, "address-change", evidence);
    let author = letter.author();
    let old = only(named.iter().filter(|named| named.role == NamedAs::Old))
        .filter(|old| new.as_ref().is_none_or(|new| !new.same(old)));
    let about = match (&author, old) {
        (Some(author), Some(old)) if new.as_ref().is_some_and(|new| new.same(author)) => Some(old),
        (_, old) => author.or(old),
    };
    Some(Kind {
        new_address: new,
        ..kind.about(about)
    })
}

/// Without a new address the note still counts when it plainly speaks of the author's own: no question, not long.
fn is_personal(letter: &Letter<'_>) -> bool {
    let words = letter.words();
    let said = letter.subject().hits.has(Says::Moved) && words.hits.has(Says::Moved)
        || words.hits.count(Says::Moved) + words.hits.count(Says::NewAddress) + words.hits.count(Says::OldAddress) >= 2;
    said && words.folded.len() < 1500 && !words.folded.contains(['?', '？']) && !letter.quotes()
}

/// An address in the author's words, and what they say it is.
#[derive(Debug)]
struct Named {
    address: Address,
    role: NamedAs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamedAs {
    New,
    Old,
    Other,
    Unsaid,
}

fn named_addresses(letter: &Letter<'_>) -> Vec<Named> {
    let words = letter.words();
    let places: Vec<(usize, usize)> = addresses_in(&words.folded).take(MAX_ADDRESSES).collect();
    let mut named: Vec<Named> = Vec::new();
    let mut previous_end = 0;
    for (at, &(start, end)) in places.iter().enumerate() {
        let next_start = places.get(at + 1).map_or(words.folded.len(), |next| next.0);
        let Some(address) = Address::parse(unfold(letter.written(), start, end)) else {
            continue;
        };
        let role = role_of(letter, &address, previous_end, start, end, next_start);
        previous_end = end;
        match named.iter_mut().find(|known| known.address.same(&address)) {
            // Written twice (`ann@example.com<mailto:ann@example.com>`, or named again): what is said first stays.
            Some(known) if known.role == NamedAs::Unsaid => known.role = role,
            Some(_) => {}
            None => named.push(Named { address, role }),
        }
    }
    named
}

fn role_of(letter: &Letter<'_>, address: &Address, from: usize, start: usize, end: usize, to: usize) -> NamedAs {
    let words = letter.words();
    let reachable = |hit: &&Hit| {
        hit.start >= from
            && hit.end <= start
            && start - hit.end <= BEFORE_BYTES
            && is_one_sentence(words.folded.get(hit.end..start).unwrap_or("\n"))
    };
    let closest = [Says::NewAddress, Says::OldAddress, Says::OtherAddress, Says::Moved]
        .into_iter()
        .filter_map(|says| {
            words
                .hits
                .all(says)
                .filter(reachable)
                .max_by_key(|hit| (hit.end, hit.end - hit.start))
        })
        .max_by_key(|hit| (hit.end, hit.end - hit.start));
    let after = [Says::IsNewAddress, Says::Closed, Says::OldAddress]
        .into_iter()
        .filter_map(|says| {
            words.hits.all(says).find(|hit| {
                hit.start >= end
                    && hit.end <= to
                    && hit.start - end <= AFTER_BYTES
                    && is_one_sentence(words.folded.get(end..hit.start).unwrap_or("\n"))
            })
        })
        .min_by_key(|hit| (hit.start, hit.end));
    let is_desk = is_desk(address)
        && letter
            .author()
            .is_none_or(|author| !author.local().eq_ignore_ascii_case(address.local()));
    if letter.is_ours(address) || is_desk {
        return NamedAs::Other;
    }
    match closest.map(|hit| hit.says) {
        Some(Says::OldAddress) => NamedAs::Old,
        Some(Says::OtherAddress) => NamedAs::Other,
        Some(Says::NewAddress) => match after {
            Some(hit) if hit.says == Says::Closed => NamedAs::Old,
            _ => NamedAs::New,
        },
        _ => match after.map(|hit| hit.says) {
            Some(Says::IsNewAddress) => NamedAs::New,
            Some(_) => NamedAs::Old,
            None => NamedAs::Unsaid,
        },
    }
}

/// The one address the author names as new, or the only one left when they name none.
fn new_address(letter: &Letter<'_>, named: &[Named]) -> Option<Address> {
    let new = |role| only(named.iter().filter(|named| named.role == role));
    if named.iter().any(|named| named.role == NamedAs::New) {
        return new(NamedAs::New).or_else(|| same_persons(letter, named));
    }
    let author = letter.author();
    only(named.iter().filter(|named| {
        named.role == NamedAs::Unsaid && author.as_ref().is_none_or(|author| !author.same(&named.address))
    }))
}

/// The one new address that carries the author's name: where somebody left, a colleague's stands beside it.
fn same_persons(letter: &Letter<'_>, named: &[Named]) -> Option<Address> {
    let author = letter.author()?;
    only(named.iter().filter(|named| {
        named.role == NamedAs::New && !named.address.same(&author) && shares_name(author.local(), named.address.local())
    }))
}

/// Whether two local parts share a name of at least three letters.
fn shares_name(one: &str, other: &str) -> bool {
    let other = other.to_lowercase();
    one.to_lowercase()
        .split(|c: char| !c.is_alphabetic())
        .any(|name| name.chars().count() >= 3 && other.contains(name))
}

fn only<'n>(mut named: impl Iterator<Item = &'n Named>) -> Option<Address> {
    let first = named.next()?;
    named.next().is_none().then(|| first.address.clone())
}

/// Whether it is the address of a desk.
pub(super) fn is_desk(address: &Address) -> bool {
    DESKS.contains(&address.local().to_ascii_lowercase().as_str())
}

/// Where mail addresses stand in `text`, as byte ranges.
pub(super) fn addresses_in(text: &str) -> impl Iterator<Item = (usize, usize)> {
    text.match_indices('@').filter_map(|(at, _)| {
        let head = text.get(..at)?;
        let start = head
            .char_indices()
            .rev()
            .take_while(|(_, c)| is_local(*c))
            .last()
            .map(|(start, _)| start)?;
        let local = text.get(start..at)?;
        let start = start + (local.len() - local.trim_start_matches(['.', '\'', '-', '=', '*', '_']).len());
        let tail = text.get(at + 1..)?;
        let length = tail
            .char_indices()
            .take_while(|(_, c)| c.is_alphanumeric() && !super::fold::is_unspaced(*c) || matches!(c, '.' | '-'))
            .last()
            .map(|(end, c)| end + c.len_utf8())?;
        let domain = tail.get(..length)?.trim_end_matches(['.', '-']);
        (start < at && domain.contains('.') && !domain.contains("..")).then_some((start, at + 1 + domain.len()))
    })
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric() && !super::fold::is_unspaced(c)
        || matches!(
            c,
            '.' | '_' | '+' | '-' | '=' | '\'' | '*' | '&' | '#' | '$' | '%' | '/' | '~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_running_text() {
        for (text, expected) in [
            ("write to ann@example.com.", vec!["ann@example.com"]),
            (
                "<mailto:ann.b+c@mail.example.com>, or 'bob@example.org'",
                vec!["ann.b+c@mail.example.com", "bob@example.org"],
            ),
            ("新しいアドレスはann@example.comです", vec!["ann@example.com"]),
            ("at 5@ or @twitter or a@b", vec![]),
            ("*ann@example.com*", vec!["ann@example.com"]),
        ] {
            let found: Vec<&str> = addresses_in(text)
                .filter_map(|(start, end)| text.get(start..end))
                .collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
