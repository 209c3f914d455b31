//! The policy as a user writes it: TOML, refused as a whole when anything in it is wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use rebound_classify::Action;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::faults::{Faults, Key, Word, list, value_text};
use super::proof::{read_accounts, read_trust};
use super::{Breaker, Overrides, Policy, Protected, SoftLimit};
use crate::address::ContactAddress;

/// A longer file is no policy.
const MAX_BYTES: usize = 1 << 20;

/// Faults told at a time; the rest are usually echoes.
const MAX_FAULTS: usize = 50;

impl Policy {
    /// Reads a policy document. What it does not mention is as in [`Policy::default`]; the format is explained in
    /// [`DEFAULT_POLICY`](super::DEFAULT_POLICY).
    ///
    /// `origin` is what the file is called in the errors, of which every one is told, with its line.
    pub fn parse(text: &str, origin: &str) -> Result<Self, PolicyErrors> {
        let mut faults = Faults {
            text,
            found: Vec::new(),
        };
        let policy = if text.len() > MAX_BYTES {
            faults.add(0..0, format!("the file is longer than {MAX_BYTES} bytes"));
            Self::default()
        } else {
            match DeTable::parse(text) {
                Ok(document) => read_policy(document.into_inner(), &mut faults),
                Err(error) => {
                    faults.add(error.span().unwrap_or_default(), error.message().to_owned());
                    Self::default()
                }
            }
        };
        if faults.found.is_empty() {
            return Ok(policy);
        }
        let mut faults = faults.found;
        faults.sort_by_key(|fault| fault.line);
        faults.truncate(MAX_FAULTS);
        Err(PolicyErrors {
            origin: origin.to_owned(),
            faults,
        })
    }
}

/// Why a policy was refused. Nothing of it is used; what was used before stays in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PolicyErrors {
    /// What the file is called.
    pub origin: String,
    /// Everything wrong with it, in the order of the lines.
    pub faults: Vec<PolicyFault>,
}

/// One thing wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the policy in {} was refused as a whole", self.origin)?;
        for PolicyFault { line, reason } in &self.faults {
            write!(f, "\n{}:{line}: {reason}", self.origin)?;
        }
        Ok(())
    }
}

type Entry<'i> = (Key<'i>, Spanned<DeValue<'i>>);

fn read_policy(document: DeTable<'_>, faults: &mut Faults<'_>) -> Policy {
    let mut policy = Policy::default();
    for (key, value) in document {
        match key.as_ref().as_ref() {
            "protected" => policy.protected = read_protected(value, faults),
            "breaker" => policy.breaker = read_breaker(value, faults),
            "lists" => policy.lists = read_lists(value, faults),
            "authenticity" => read_trust(value, &mut policy.trust, faults),
            "accounts" => policy.trust.accounts = read_accounts(value, faults),
            _ => {
                let known = [
                    "categories",
                    "reasons",
                    "count",
                    "protected",
                    "breaker",
                    "lists",
                    "authenticity",
                    "accounts",
                ];
                read_override((key, value), &mut policy.overrides, &known, faults);
            }
        }
    }
    policy.soft_limit = policy.overrides.soft_limit.take().unwrap_or_default();
    policy
}

fn read_lists(value: Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> BTreeMap<String, Overrides> {
    let mut lists = BTreeMap::new();
    for (name, value) in faults.table("lists", value) {
        let mut overrides = Overrides::default();
        let what = format!("lists.{}", name.as_ref());
        for entry in faults.table(&what, value) {
            read_override(entry, &mut overrides, &["categories", "reasons", "count"], faults);
        }
        lists.insert(name.into_inner().into_owned(), overrides);
    }
    lists
}

/// What a whole policy and a list have in common.
fn read_override((key, value): Entry<'_>, overrides: &mut Overrides, known: &[&str], faults: &mut Faults<'_>) {
    match key.as_ref().as_ref() {
        "categories" => overrides.categories = read_actions("categories", value, faults),
        "reasons" => overrides.reasons = read_actions("reasons", value, faults),
        "count" => overrides.soft_limit = Some(read_count(value, faults)),
        _ => faults.unknown(&key, known),
    }
}

fn read_actions<W: FromStr + Ord + Word>(
    what: &str,
    value: Spanned<DeValue<'_>>,
    faults: &mut Faults<'_>,
) -> BTreeMap<W, Action> {
    let mut actions = BTreeMap::new();
    for (key, value) in faults.table(what, value) {
        let word = key.as_ref().parse::<W>().ok();
        if word.is_none() {
            faults.unknown(&key, &W::all());
        }
        let Some(action) = faults.text(&key, &value).map(str::parse::<Action>) else {
            continue;
        };
        match (word, action) {
            (Some(word), Ok(action)) => drop(actions.insert(word, action)),
            (_, Err(_)) => {
                let actions = list(&Action::ALL.iter().map(|action| action.as_str()).collect::<Vec<_>>());
                faults.add(
                    value.span(),
                    format!("{} is no action: choose {actions}", value_text(&value)),
                );
            }
            (None, Ok(_)) => {}
        }
    }
    actions
}

fn read_count(value: Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> SoftLimit {
    let mut span = value.span();
    let built_in = SoftLimit::default();
    let (mut threshold, mut window_days, mut once_a_day) =
        (built_in.threshold(), built_in.window_days(), built_in.once_a_day());
    for (key, value) in faults.table("count", value) {
        match key.as_ref().as_ref() {
            "threshold" => {
                span = value.span();
                threshold = faults.number(&key, &value).unwrap_or(threshold);
            }
            "window_days" => window_days = faults.number(&key, &value).unwrap_or(window_days),
            "once_a_day" => once_a_day = faults.switch(&key, &value).unwrap_or(once_a_day),
            _ => faults.unknown(&key, &["threshold", "window_days", "once_a_day"]),
        }
    }
    SoftLimit::new(threshold, window_days, once_a_day).unwrap_or_else(|invalid| {
        faults.add(span, invalid.to_string());
        built_in
    })
}

fn read_protected(value: Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Protected {
    let mut protected = Protected::default();
    for (key, value) in faults.table("protected", value) {
        match key.as_ref().as_ref() {
            "addresses" => {
                protected.addresses = faults.texts(&key, &value, |text| {
                    text.parse::<ContactAddress>().map_err(|invalid| invalid.to_string())
                });
            }
            "local_parts" => {
                protected.local_parts = faults.texts(&key, &value, |text| {
                    if text.contains('@') {
                        Err(format!(
                            "{text:?} is more than the part before the @: put it into `addresses`"
                        ))
                    } else {
                        Ok(text.to_lowercase())
                    }
                });
            }
            "domains" => {
                protected.domains = faults.texts(&key, &value, domain);
            }
            _ => faults.unknown(&key, &["addresses", "local_parts", "domains"]),
        }
    }
    protected
}

/// A domain in lower-case ASCII form.
pub(super) fn domain(text: &str) -> Result<String, String> {
    let name = text.trim_start_matches("*.").trim_start_matches(['@', '.']);
    let address = format!("a@{name}").parse::<ContactAddress>().ok();
    let domain = address.as_ref().and_then(ContactAddress::domain).map(str::to_owned);
    domain.ok_or_else(|| format!("{text:?} is no domain"))
}

fn read_breaker(value: Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Breaker> {
    let mut breaker = Breaker::default();
    match value.as_ref() {
        DeValue::Boolean(on) => return on.then_some(breaker),
        DeValue::Table(_) => {}
        _ => {
            faults.add(value.span(), "`breaker` is a table, or false".to_owned());
            return None;
        }
    }
    for (key, value) in faults.table("breaker", value) {
        match key.as_ref().as_ref() {
            "suppressions" => breaker.suppressions = faults.number(&key, &value).unwrap_or_default(),
            "percent" => match faults.number(&key, &value).map(u8::try_from) {
                Some(Ok(percent @ 0..=100)) => breaker.percent = percent,
                Some(_) => faults.add(value.span(), "`percent` is a number from 0 to 100".to_owned()),
                None => {}
            },
            _ => faults.unknown(&key, &["suppressions", "percent"]),
        }
    }
    Some(breaker)
}

#[cfg(test)]
mod tests {
    use rebound_classify::{Category, Reason};

    use super::*;
    use crate::event::Authenticity;
    use crate::policy::DEFAULT_POLICY;

    #[test]
    fn the_shipped_default_is_the_built_in_one_and_names_every_category() {
        let read = Policy::parse(DEFAULT_POLICY, "default.toml").unwrap();
        for category in Category::ALL {
            let action = read.overrides.categories.get(category);
            assert_eq!(action, Some(&category.default_action()), "{category}");
        }
        for (category, enough) in &read.trust.enough {
            assert_eq!(Policy::default().trust.enough_for(*category), *enough, "{category}");
        }
        let built_in = Policy::default();
        let mut same = Policy {
            overrides: Overrides::default(),
            ..read
        };
        same.trust.enough.clear();
        assert_eq!(same, built_in);
        assert_eq!(Policy::parse("", "empty.toml"), Ok(built_in));
    }

    #[test]
    fn what_the_default_shows_in_comments_can_be_followed() {
        let commented = DEFAULT_POLICY.lines().filter_map(|line| line.strip_prefix("#   "));
        let lists: Vec<_> = commented.skip_while(|line| !line.starts_with("[lists")).collect();
        let policy = Policy::parse(&lists.join("\n"), "lists.toml").unwrap();
        let action = policy.action(Category::SoftBounce, Reason::MailboxFull, Some("invoices"));
        assert_eq!(action, Action::Record);
        assert_eq!(policy.soft_limit_of(Some("invoices")).threshold(), 10);
        assert_eq!(policy.soft_limit_of(Some("other")).threshold(), 5);
        let account = policy.trust.of_account("bounces").unwrap();
        assert_eq!(account.require, Some(Authenticity::Signed));
        assert_eq!(policy.trust.dkim_keys.len(), 1);
    }

    #[test]
    fn a_document_says_only_what_is_different() {
        let policy = Policy::parse(
            "breaker = false\n\
             [reasons]\nmailbox-full = 'record'\n\
             [count]\nwindow_days = 0\nonce_a_day = true\n\
             [protected]\naddresses = ['News@Example.org']\ndomains = ['Bücher.example', '*.example.net']\n",
            "policy.toml",
        )
        .unwrap();
        assert_eq!(policy.breaker, None);
        assert_eq!(policy.soft_limit, SoftLimit::new(5, 0, true).unwrap());
        let action = |category| policy.action(category, Reason::MailboxFull, None);
        assert_eq!(
            (action(Category::SoftBounce), action(Category::Complaint)),
            (Action::Record, Action::Suppress)
        );
        for protected in [
            "news@example.org",
            "ann@xn--bcher-kva.example",
            "a@example.net",
            "postmaster@example.com",
        ] {
            assert!(policy.protects(&protected.parse().unwrap()), "{protected}");
        }
    }

    #[test]
    fn what_is_believed_can_be_said() {
        let policy = Policy::parse(
            "[authenticity]\ndomains = ['News.Example.com']\nledger = true\ndkim_dns = true\nmax_age_days = 10\n\
             suppressions_per_server = 0\nown_servers = ['203.0.113.7', '2001:DB8::/64']\n\
             [authenticity.dkim_keys]\n'S1._domainkey.example.com' = 'v=DKIM1; p=AAAA'\n\
             [authenticity.enough]\ncomplaint = 'plausible'\n\
             [accounts.bounces]\nrequire = 'signed'\nlists = ['news', 'offers']\n",
            "policy.toml",
        )
        .unwrap();
        let trust = &policy.trust;
        assert!(trust.ledger && trust.dkim_dns && trust.domains.contains("news.example.com"));
        assert_eq!((trust.max_age_days, trust.suppressions_per_server), (10, 0));
        assert!(trust.own_servers.contains("2001:db8::/64"));
        assert_eq!(trust.dkim_keys["s1._domainkey.example.com"], "v=DKIM1; p=AAAA");
        assert_eq!(trust.enough_for(Category::Complaint), Authenticity::Plausible);
        assert_eq!(trust.enough_for(Category::Unsubscribe), Authenticity::Dkim);
        let account = trust.of_account("bounces").unwrap();
        assert_eq!(account.require, Some(Authenticity::Signed));
        assert_eq!(account.lists.len(), 2);
    }

    #[test]
    fn what_cannot_be_believed_is_told() {
        let text = "\
[authenticity]
domains = ['no domain']
ledger = 'yes'
max_age_days = 0
suppressions_per_server = 100000
require = 'signed'
[authenticity.dkim_keys]
'example.com' = 'v=DKIM1; p=AAAA'
's._domainkey.example.com' = 'AAAA'
[authenticity.enough]
bounce = 'signed'
complaint = 'sure'
[accounts.bounces]
require = 1
list = 'news'
";
        let errors = Policy::parse(text, "policy.toml").unwrap_err();
        let lines: Vec<_> = errors.faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 8, 9, 11, 12, 14, 15], "{errors}");
        assert!(
            errors
                .to_string()
                .contains("choose none, plausible, dkim, ledger or signed"),
            "{errors}"
        );
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let text = "\
[categories]
hard = 'suppress'
soft-bounce = 'tolerate'
complaint = 1
[count]
threshold = 200
[protected]
addresses = ['ann@', '-', '@nobody']
domains = ['no domain']
local_parts = ['a@b']
[breaker]
percent = 101
[lists.news]
protected = true
[lists.ads.count]
window_days = -1
[spelling]
";
        let errors = Policy::parse(text, "policy.toml").unwrap_err();
        let told: Vec<_> = errors
            .faults
            .iter()
            .map(|fault| (fault.line, fault.reason.as_str()))
            .collect();
        let lines: Vec<_> = told.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3, 4, 6, 8, 8, 8, 9, 10, 12, 14, 16, 17], "{told:#?}");
        let whole = errors.to_string();
        for words in [
            "the policy in policy.toml was refused as a whole",
            "policy.toml:2: `hard` is unknown here: choose hard-bounce, soft-bounce, ",
            "policy.toml:3: \"tolerate\" is no action: choose ignore, record, count, unsubscribe or suppress",
            "policy.toml:6: a threshold of 200 counted failures can't be followed",
            "policy.toml:17: `spelling` is unknown here: choose categories, reasons, count, protected, breaker, lists, authenticity or accounts",
        ] {
            assert!(whole.contains(words), "{words:?} is not in {whole}");
        }
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line() {
        let errors = Policy::parse("[count]\nthreshold = \n", "policy.toml").unwrap_err();
        assert_eq!(errors.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2]);
        let long = " ".repeat(MAX_BYTES + 1);
        assert!(Policy::parse(&long, "policy.toml").is_err());
    }
}
