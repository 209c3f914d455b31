//! What a policy document says of what is believed.

use std::collections::BTreeMap;

use rebound_classify::Category;
use toml::Spanned;
use toml::de::DeValue;

use super::document::domain;
use super::faults::{Faults, Key, Word, list, value_text};
use super::trust::{AccountTrust, Trust};
use crate::event::Authenticity;

pub(super) fn read_trust(value: Spanned<DeValue<'_>>, trust: &mut Trust, faults: &mut Faults<'_>) {
    for (key, value) in faults.table("authenticity", value) {
        match key.as_ref().as_ref() {
            "domains" => trust.domains = faults.texts(&key, &value, domain),
            "ledger" => trust.ledger = faults.switch(&key, &value).unwrap_or(trust.ledger),
            "dkim_dns" => trust.dkim_dns = faults.switch(&key, &value).unwrap_or(trust.dkim_dns),
            "dkim_keys" => trust.dkim_keys = read_dkim_keys(value, faults),
            "return_path" => trust.return_path = faults.text(&key, &value).map(str::to_owned),
            "return_path_days" => read_days(&key, &value, &mut trust.return_path_days, faults),
            "unsubscribe_days" => read_days(&key, &value, &mut trust.unsubscribe_days, faults),
            "max_age_days" => read_days(&key, &value, &mut trust.max_age_days, faults),
            "suppressions_per_server" => {
                let number = faults.number(&key, &value);
                trust.suppressions_per_server = number.unwrap_or(trust.suppressions_per_server);
                if trust.suppressions_per_server > MAX_PER_SERVER {
                    faults.add(
                        value.span(),
                        format!("`suppressions_per_server` is at most {MAX_PER_SERVER}; 0 is for any number"),
                    );
                }
            }
            "own_servers" => trust.own_servers = faults.texts(&key, &value, |text| Ok(text.to_lowercase())),
            "enough" => trust.enough = read_enough(value, faults),
            _ => faults.unknown(&key, KEYS),
        }
    }
}

/// What may be said in `[authenticity]`.
const KEYS: &[&str] = &[
    "domains",
    "ledger",
    "dkim_dns",
    "dkim_keys",
    "return_path",
    "return_path_days",
    "unsubscribe_days",
    "max_age_days",
    "suppressions_per_server",
    "own_servers",
    "enough",
];

/// Those that were suppressed are kept by name in one item of DynamoDB, to be taken back when there are too many; with so
/// many it stays well below the 400 KB that an item may have.
const MAX_PER_SERVER: u32 = 1000;

/// More than a century is a mistake.
const MAX_DAYS: u32 = 36_500;

pub(super) fn read_accounts(value: Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> BTreeMap<String, AccountTrust> {
    let mut accounts = BTreeMap::new();
    for (name, value) in faults.table("accounts", value) {
        let mut account = AccountTrust::default();
        let what = format!("accounts.{}", name.as_ref());
        for (key, value) in faults.table(&what, value) {
            match key.as_ref().as_ref() {
                "require" => account.require = read_authenticity(&key, &value, faults),
                "lists" => account.lists = faults.texts(&key, &value, |text| Ok(text.to_owned())),
                _ => faults.unknown(&key, &["require", "lists"]),
            }
        }
        accounts.insert(name.into_inner().into_owned(), account);
    }
    accounts
}

fn read_enough(value: Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> BTreeMap<Category, Authenticity> {
    let mut enough = BTreeMap::new();
    for (key, value) in faults.table("authenticity.enough", value) {
        let category = key.as_ref().parse::<Category>().ok();
        if category.is_none() {
            faults.unknown(&key, &Category::all());
        }
        let authenticity = read_authenticity(&key, &value, faults);
        enough.extend(category.zip(authenticity));
    }
    enough
}

fn read_authenticity(key: &Key<'_>, value: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Authenticity> {
    let authenticity = faults.text(key, value)?.parse();
    if authenticity.is_err() {
        let known = list(&Authenticity::all());
        faults.add(
            value.span(),
            format!("{} is no authenticity: choose {known}", value_text(value)),
        );
    }
    authenticity.ok()
}

fn read_days(key: &Key<'_>, value: &Spanned<DeValue<'_>>, days: &mut u32, faults: &mut Faults<'_>) {
    match faults.number(key, value) {
        Some(number @ 1..=MAX_DAYS) => *days = number,
        Some(_) => faults.add(
            value.span(),
            format!("`{}` is a number of days from 1 to {MAX_DAYS}", key.as_ref()),
        ),
        None => {}
    }
}

fn read_dkim_keys(value: Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    for (key, value) in faults.table("authenticity.dkim_keys", value) {
        let name = key.as_ref().trim_end_matches('.').to_ascii_lowercase();
        if !name.contains("._domainkey.") {
            let reason = format!(
                "`{}` is no name of a key: quote it as it stands in DNS, \"selector._domainkey.example.com\"",
                key.as_ref()
            );
            faults.add(key.span(), reason);
        }
        let Some(record) = faults.text(&key, &value) else {
            continue;
        };
        if record.contains("p=") {
            keys.insert(name, record.to_owned());
        } else {
            let reason = format!(
                "`{}` holds no key: give the TXT record, \"v=DKIM1; k=rsa; p=…\"",
                key.as_ref()
            );
            faults.add(value.span(), reason);
        }
    }
    keys
}
