//! Addresses that ask for something by their name alone.

use super::Wish;
use crate::words::Address;

/// What an address asks for by its local part, and whom it names.
pub(super) fn wish_of(local: &str) -> Option<(Wish, Option<Address>)> {
    const OFF: &[&str] = &[
        "unsubscribe",
        "unsub",
        "signoff",
        "optout",
        "opt-out",
        "leave",
        "remove",
        "abmelden",
        "abmeldung",
        "desinscription",
        "desabonnement",
        "baja",
        "cancelar",
        "afmelden",
        "uitschrijven",
        "uc",
    ];
    const ON: &[&str] = &[
        "subscribe",
        "join",
        "signup",
        "optin",
        "opt-in",
        "anmelden",
        "anmeldung",
        "inscription",
        "abonnement",
        "alta",
        "aanmelden",
        "sc",
    ];
    let tokens: Vec<(usize, &str)> = split_keeping_place(local);
    let find = |words: &[&str]| {
        tokens.iter().enumerate().find(|(at, (_, token))| {
            // Short or ordinary words count only as a list manager's suffix: `news-leave@`, `news-sc.123@`.
            let ordinary = matches!(
                *token,
                "leave" | "remove" | "join" | "baja" | "alta" | "cancelar" | "abonnement" | "inscription" | "sc" | "uc"
            );
            words.contains(token) && (!ordinary || *at > 0 || tokens.len() == 1)
        })
    };
    let is_hyphenated = |word: &str| {
        local
            .split(['+', '=', '.', '_'])
            .any(|part| part == word || part.ends_with(&format!("-{word}")))
    };
    let (wish, place) = if let Some((_, (place, token))) = find(OFF) {
        (Wish::Off, place + token.len())
    } else if is_hyphenated("opt-out") {
        (Wish::Off, local.len())
    } else if let Some((_, (place, token))) = find(ON) {
        (Wish::On, place + token.len())
    } else {
        return None;
    };
    let named = local.get(place..).and_then(|rest| {
        let rest = rest.trim_start_matches(['-', '+', '.', '_']);
        // ezmlm's confirmations put a time and a cookie in between: `list-uc.1700000000.abcdef-ann=example.com`.
        let rest = rest
            .rsplit_once('.')
            .filter(|(_, tail)| tail.contains('=') && !rest.split('=').next().unwrap_or_default().contains('@'))
            .map_or(rest, |_| rest);
        let (person, domain) = rest.rsplit_once('=')?;
        let person = person
            .rsplit_once('-')
            .filter(|(head, _)| head.contains('.') && head.bytes().any(|b| b.is_ascii_digit()))
            .map_or(person, |(_, tail)| tail);
        (domain.contains('.') && !person.is_empty())
            .then(|| Address::parse(&format!("{person}@{domain}")))
            .flatten()
    });
    Some((wish, named))
}

fn split_keeping_place(local: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    let mut start = 0;
    for (at, c) in local.char_indices().chain([(local.len(), '-')]) {
        if matches!(c, '-' | '+' | '.' | '_' | '=') {
            if let Some(token) = local.get(start..at).filter(|token| !token.is_empty()) {
                tokens.push((start, token));
            }
            start = at + c.len_utf8();
        }
    }
    tokens
}
