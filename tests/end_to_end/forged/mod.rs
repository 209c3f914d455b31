//! Forged reports, from outside: each kind of forgery beside what it imitates. Nobody is silenced by what is forged, and
//! everybody by what is genuine.

mod cases;
mod flood;
mod messages;
mod replay;
mod setting;

use std::collections::{BTreeMap, BTreeSet};

use cases::{Case, Claim, Expected, FORGER, Means, cases, flipped, noted};
use messages::{Bounce, SENT, dkim_record};
use serde_json::Value;
use setting::{Addresses, Setting};

/// What an account asks of reports about failures: nothing beyond the built-in policy, or this.
const ACCOUNTS: [(&str, &str); 3] = [("open", "plausible"), ("proven", "dkim"), ("strict", "signed")];
/// From the least to the surest.
const AUTHENTICITIES: [&str; 5] = ["none", "plausible", "dkim", "ledger", "signed"];

fn policy() -> String {
    format!(
        "breaker = false\n[authenticity]\ndomains = ['example.com']\nledger = true\nreturn_path = 'bounces@example.com'\n\
         [authenticity.dkim_keys]\n'test._domainkey.example.com' = '{}'\n'test._domainkey.example.edu' = '{}'\n\
         [accounts.proven]\nrequire = 'dkim'\n[accounts.strict]\nrequire = 'signed'\n",
        dkim_record(1),
        dkim_record(2)
    )
}

#[test]
fn nobody_is_silenced_by_a_forged_report_and_everybody_by_a_genuine_one() {
    let cases = cases();
    let setting = Setting::with_keys(1);
    setting.follow(&policy());
    let contact = |case: &Case, account: &str| format!("{}.{account}@example.org", case.name);
    let contacts: Vec<String> = ACCOUNTS
        .iter()
        .flat_map(|(account, _)| cases.iter().map(|case| contact(case, account)))
        .collect();
    let signed = Signed::of(&setting, &contacts);
    setting.note(
        &ACCOUNTS
            .iter()
            .flat_map(|(account, _)| cases.iter().map(move |case| (case, contact(case, account))))
            .flat_map(|(case, contact)| noted(&case.name, &contact))
            .collect::<Vec<_>>(),
    );

    for (account, required) in ACCOUNTS {
        let messages: Vec<String> = cases
            .iter()
            .map(|case| (case.write)(&signed.means(&contact(case, account), account)))
            .collect();
        setting.receive(account, messages.iter().map(String::as_str));
        let (silenced, held) = (setting.silenced(), setting.held("unproven"));
        for case in &cases {
            let contact = contact(case, account);
            let outcome = case.expected.outcome(case.claim, account, required);
            let (is_silenced, is_held) = (silenced.contains(&contact), held.get(&contact));
            assert_eq!(
                is_silenced,
                outcome == Outcome::Silenced,
                "{contact} is silenced: {:?}",
                setting.why(&contact).events
            );
            assert_eq!(
                is_held.is_some(),
                outcome == Outcome::Waits,
                "{contact} waits: {:?}",
                setting.why(&contact).events
            );
            if let Some(row) = is_held {
                case.expected.is_shown_in(row, account);
            }
            if account == "strict" || outcome == Outcome::Silenced {
                case.expected.is_shown_in(&setting.why(&contact).events[0], account);
            }
        }
    }
    assert!(
        !setting.silenced().contains(FORGER),
        "who forges is not charged for it either"
    );
}

#[test]
fn no_bit_of_a_token_can_be_changed() {
    const BITS: usize = 240;
    let setting = Setting::under(&policy());
    let contact = "ann@example.org";
    let path = &setting.sign([contact], "return-path", "news", Some(SENT))[contact];
    let forged: Vec<String> = (0..BITS)
        .map(|bit| Bounce::to(&flipped(path, bit), contact).raw())
        .collect();
    for account in ["open", "strict"] {
        setting.receive(account, forged.iter().map(String::as_str));
    }
    let why = setting.why(contact);
    assert_eq!((why.status(), why.events.len()), ("active", BITS));
    for event in &why.events {
        assert_eq!(event["authenticity"], "none", "{event}");
    }
    setting.receive("strict", [Bounce::to(path, contact).raw().as_str()]);
    assert_eq!(setting.why(contact).status(), "suppressed");
}

#[test]
fn whom_the_policy_protects_no_report_silences_however_it_is_proven() {
    let setting = Setting::under(&policy());
    let contact = "postmaster@example.org";
    let path = &setting.sign([contact], "return-path", "news", Some(SENT))[contact];
    let reports = [
        Bounce::to(path, contact),
        Bounce::to("returns@example.com", contact),
        Bounce::to("bounces+nobody@example.com", contact).on("Wed, 11"),
    ];
    let reports: Vec<String> = reports.iter().map(Bounce::raw).collect();
    setting.receive("open", reports.iter().map(String::as_str));
    let why = setting.why(contact);
    assert_eq!(why.status(), "active");
    let authenticities: BTreeSet<_> = why.events.iter().map(|event| event["authenticity"].as_str()).collect();
    assert_eq!(authenticities, BTreeSet::from([Some("plausible"), Some("signed")]));
    assert!(setting.held("unproven").is_empty());
}

/// What becomes of whom a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Silenced,
    Waits,
    Nothing,
}

impl Expected {
    fn authenticity(self, account: &str) -> &'static str {
        match self {
            Self::Genuine(authenticity, _) | Self::Stale(authenticity, _) => authenticity,
            Self::Unproven("") if guessed(account) == "example.com" => "plausible",
            Self::Refused(_) | Self::Unproven(_) => "none",
            Self::Plausible(_) => "plausible",
        }
    }

    fn outcome(self, claim: Claim, account: &str, required: &str) -> Outcome {
        let rank = |authenticity: &str| AUTHENTICITIES.iter().position(|known| *known == authenticity);
        let enough = if claim == Claim::Failure { "plausible" } else { "dkim" };
        match self {
            Self::Stale(..) => Outcome::Nothing,
            // In the built-in policy a letter or a complaint is enough for nothing but somebody's attention.
            _ if rank(self.authenticity(account)) >= rank(enough).max(rank(required)) => Outcome::Silenced,
            _ => Outcome::Waits,
        }
    }

    /// Whether an event, or what is held of it, says how sure it is and why.
    fn is_shown_in(self, row: &Value, account: &str) {
        let (Self::Genuine(_, words)
        | Self::Stale(_, words)
        | Self::Refused(words)
        | Self::Unproven(words)
        | Self::Plausible(words)) = self;
        assert_eq!(row["authenticity"], self.authenticity(account), "{row}");
        assert!(
            row["proof"].as_str().expect("a proof").contains(words),
            "{words:?}: {row}"
        );
        if row.get("stale").is_some() {
            assert_eq!(row["stale"], matches!(self, Self::Stale(..)), "{row}");
        }
    }
}

/// What a forger takes for our domain. Where nothing is asked of reports, what looks like ours is enough.
fn guessed(account: &str) -> &'static str {
    if account == "open" {
        "example.edu"
    } else {
        "example.com"
    }
}

/// Addresses of all contacts, by what they were signed for.
struct Signed {
    paths: Addresses,
    paths_of_retired_key: Addresses,
    leaves: Addresses,
    paths_of_other_list: Addresses,
    leaves_of_other_list: Addresses,
    expired_paths: Addresses,
    paths_of_later: Addresses,
    expired_leaves: Addresses,
    made_up_paths: Addresses,
    made_up_leaves: Addresses,
    paths_of_unknown_key: Addresses,
}

impl Signed {
    /// Makes a second key, and retires the first.
    fn of(setting: &Setting, contacts: &[String]) -> Self {
        let sign = |setting: &Setting, purpose: &str, list: &str, day: &str| {
            let contacts = contacts.iter().map(String::as_str).chain([FORGER]);
            setting.sign(contacts, purpose, list, Some(day))
        };
        let (path, leave) = ("return-path", "unsubscribe");
        let paths_of_retired_key = sign(setting, path, "news", SENT);
        setting.new_key();
        setting.told(&["verp", "keys", "retire", "1"]);
        let forger = Setting::with_keys(2);
        let (made_up_paths, made_up_leaves) = (sign(&forger, path, "news", SENT), sign(&forger, leave, "news", SENT));
        forger.new_key();
        Self {
            paths: sign(setting, path, "news", SENT),
            paths_of_retired_key,
            leaves: sign(setting, leave, "news", SENT),
            paths_of_other_list: sign(setting, path, "offers", SENT),
            leaves_of_other_list: sign(setting, leave, "offers", SENT),
            expired_paths: sign(setting, path, "news", "2026-01-05"),
            paths_of_later: sign(setting, path, "news", "2026-03-12"),
            expired_leaves: sign(setting, leave, "news", "2025-01-05"),
            made_up_paths,
            made_up_leaves,
            paths_of_unknown_key: sign(&forger, path, "news", SENT),
        }
    }

    fn means(&self, contact: &str, account: &str) -> Means {
        let of = |addresses: &BTreeMap<String, String>, contact: &str| addresses[contact].clone();
        Means {
            contact: contact.to_owned(),
            path: of(&self.paths, contact),
            path_of_retired_key: of(&self.paths_of_retired_key, contact),
            leave: of(&self.leaves, contact),
            path_of_other_list: of(&self.paths_of_other_list, contact),
            leave_other_list: of(&self.leaves_of_other_list, contact),
            expired_path: of(&self.expired_paths, contact),
            path_of_later: of(&self.paths_of_later, contact),
            expired_leave: of(&self.expired_leaves, contact),
            made_up_path: of(&self.made_up_paths, contact),
            made_up_leave: of(&self.made_up_leaves, contact),
            path_of_unknown_key: of(&self.paths_of_unknown_key, contact),
            forgers_path: of(&self.paths, FORGER),
            forgers_leave: of(&self.leaves, FORGER),
            guessed: guessed(account),
        }
    }
}
