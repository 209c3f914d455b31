//! Challenges: the recipient's filter wants a person to confirm before it delivers.

use super::letter::Letter;
use super::phrases::Says;
use super::robot::Nature;
use super::{Evidence, Kind};
use crate::words::{Address, Category, Reason};

/// Header fields of challenge systems.
const FIELDS: &[&str] = &[
    "x-boxbe-challenge",
    "x-spamarrest-challenge",
    "x-tmda-fingerprint",
    "x-mailinblack",
    "x-qconfirm",
    "x-challenge",
    "x-choicemail-registration-request",
    "x-mib-auth",
];

/// Domains that send nothing but challenges.
const SENDER_DOMAINS: &[&str] = &[
    "boxbe.com",
    "spamarrest.com",
    "mailinblack.com",
    "bluebottle.com",
    "knowspam.net",
    "bitbounce.com",
    "antispam.uol.com.br",
];

/// Marks in the addresses that answers go to: TMDA's and qconfirm's tagged addresses, Active Spam Killer's.
const ADDRESS_MARKS: &[&str] = &[
    "-confirm-",
    "+confirm-",
    "-confirm+",
    "challenge-",
    "-challenge",
    "spamarrest",
    "boxbe",
    "antispamuol",
    "asksystem",
];

pub(super) fn recognise(letter: &Letter<'_>) -> Option<Kind> {
    if letter.is_bulk() {
        return None;
    }
    let text = &letter.whole().hits;
    let subject = &letter.subject().hits;
    let asked = text.has(Says::Challenge) || subject.has(Says::Challenge);
    let system = subject.has(Says::ChallengeSystem) || text.has(Says::ChallengeSystem);
    let header = header_mark(letter);
    if !asked && (!system || header.is_none()) {
        return None;
    }
    let robot = letter.robot().nature > Nature::Person;
    let asks = text.count(Says::Challenge) + usize::from(subject.has(Says::Challenge));
    let hints = text.count(Says::ChallengeHint);
    let mut score = 2 * asks.min(3) + hints.min(3);
    if system {
        score += 3;
    }
    if header.is_some() {
        score += 4;
    }
    if robot {
        score += 1;
    }
    if text.has(Says::NotChallenge) || subject.has(Says::NotChallenge) {
        score = score.saturating_sub(5);
    }
    if letter.quotes() && !robot && !system && header.is_none() {
        score = score.saturating_sub(2);
    }
    if text.has(Says::Failure) || subject.has(Says::Failure) {
        score = score.saturating_sub(if header.is_some() || (robot && asks >= 2) { 0 } else { 4 });
    }
    // Asking once is what shops do; a challenge asks, explains and says why.
    if score < 5 || (asks < 2 && !system && header.is_none() && !(robot && hints >= 2)) {
        return None;
    }
    let evidence = letter
        .whole_evidence(Says::Challenge)
        .or(header)
        .or_else(|| letter.whole_evidence(Says::ChallengeSystem));
    let rule = if system { "challenge.system" } else { "challenge.words" };
    Some(Kind::new(Category::Challenge, Reason::Undefined, rule, evidence).about(held_recipient(letter)))
}

fn header_mark(letter: &Letter<'_>) -> Option<Evidence> {
    let mail = letter.mail;
    let field = FIELDS
        .iter()
        .find_map(|name| Some(format!("{name}: {}", mail.header(name)?)));
    let delivery_agent = mail
        .header("x-delivery-agent")
        .filter(|agent| agent.to_ascii_lowercase().contains("tmda"))
        .map(str::to_owned);
    let address = [mail.from(), mail.reply_to(), mail.sender(), mail.return_path()]
        .into_iter()
        .flatten()
        .find(|address| {
            let lower = address.as_str().to_ascii_lowercase();
            let domain = address.domain().unwrap_or_default().to_ascii_lowercase();
            SENDER_DOMAINS
                .iter()
                .any(|known| domain == *known || domain.strip_suffix(known).is_some_and(|rest| rest.ends_with('.')))
                || ADDRESS_MARKS.iter().any(|mark| lower.contains(mark))
        })
        .map(|address| address.as_str().to_owned());
    let words = field.or(delivery_agent).or(address)?;
    Some(Evidence { language: "", words })
}

/// `ann@example.com` behind TMDA's `ann-confirm-1785816150.3321.a9f0c1@example.com`.
fn untagged(address: &Address) -> Option<Address> {
    let local = address.local();
    let (person, _) = ["-confirm-", "+confirm-", "-confirm+", "+confirm+", "-dated-", "+dated-"]
        .iter()
        .find_map(|tag| local.split_once(tag))?;
    Address::parse(&format!("{person}@{}", address.domain()?))
}

/// The person behind the filter: the author, unless the filter signs itself and names the person.
fn held_recipient(letter: &Letter<'_>) -> Option<Address> {
    let author = letter.author()?;
    if let Some(person) = untagged(&author) {
        return Some(person);
    }
    let domain = author.domain().unwrap_or_default().to_ascii_lowercase();
    let is_filter = SENDER_DOMAINS.iter().any(|known| domain.ends_with(known))
        || ADDRESS_MARKS
            .iter()
            .any(|mark| author.as_str().to_ascii_lowercase().contains(mark))
        || [
            "spam",
            "challenge",
            "verify",
            "noreply",
            "no-reply",
            "antispam",
            "filter",
        ]
        .iter()
        .any(|word| author.local().to_ascii_lowercase().contains(word));
    if !is_filter {
        return Some(author);
    }
    let reply_to = letter.mail.reply_to().filter(|to| {
        !to.same(&author)
            && !SENDER_DOMAINS
                .iter()
                .any(|known| to.as_str().to_ascii_lowercase().ends_with(known))
    });
    if let Some(person) = reply_to {
        return Some(person.clone());
    }
    let mut named = super::moved::addresses_in(&letter.whole().folded)
        .filter_map(|(start, end)| Address::parse(super::fold::unfold(letter.mail.own_text(), start, end)))
        .filter(|address| {
            let lower = address.as_str().to_ascii_lowercase();
            !letter.is_ours(address)
                && !SENDER_DOMAINS.iter().any(|known| lower.ends_with(known))
                && !address.same(&author)
        });
    let first = named.next();
    if named.any(|other| first.as_ref().is_some_and(|first| !first.same(&other))) {
        return Some(author);
    }
    first.or(Some(author))
}
