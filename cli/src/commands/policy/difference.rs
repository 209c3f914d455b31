//! What one policy says otherwise than another, line by line.

use std::collections::BTreeSet;

use anyhow::Result;
use rebound_classify::{Action, Category, Reason};
use rebound_contacts::{Overrides, Policy, SoftLimit};
use serde::Serialize;

use crate::args::RowFormat;
use crate::output::print_rows;

/// One thing that differs. The keys are stable.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// The list that it is about; null for all mail.
    list: Option<String>,
    /// A category, `reason` and its name, or a setting.
    what: String,
    before: String,
    after: String,
}

/// Everything that differs, in the order of a policy file.
pub(super) fn between(before: &Policy, after: &Policy) -> Vec<Difference> {
    let mut rows = Vec::new();
    for category in Category::ALL {
        let action = |policy: &Policy| policy.overrides.categories.get(category).copied();
        let action = |policy| action(policy).unwrap_or_else(|| category.default_action());
        add(
            &mut rows,
            None,
            category.to_string(),
            told(action(before)),
            told(action(after)),
        );
    }
    reasons(&mut rows, None, &before.overrides, &after.overrides);
    add(
        &mut rows,
        None,
        "soft bounces".to_owned(),
        limit(before.soft_limit),
        limit(after.soft_limit),
    );
    let breaker = |policy: &Policy| match policy.breaker {
        Some(breaker) => format!("beyond {} contacts and {} %", breaker.suppressions, breaker.percent),
        None => "never".to_owned(),
    };
    add(&mut rows, None, "held".to_owned(), breaker(before), breaker(after));
    let protected = |policy: &Policy| {
        let protected = &policy.protected;
        let addresses = protected.addresses.iter().map(|address| address.as_str().to_owned());
        let local_parts = protected.local_parts.iter().map(|local_part| format!("{local_part}@"));
        let domains = protected.domains.iter().map(|domain| format!("@{domain}"));
        or_none(
            &addresses
                .chain(local_parts)
                .chain(domains)
                .collect::<Vec<_>>()
                .join(" "),
        )
    };
    add(
        &mut rows,
        None,
        "protected".to_owned(),
        protected(before),
        protected(after),
    );

    let lists: BTreeSet<&String> = before.lists.keys().chain(after.lists.keys()).collect();
    for list in lists {
        let nothing = Overrides::default();
        let [before, after] = [before, after].map(|policy| policy.lists.get(list).unwrap_or(&nothing));
        let said = |overrides: &Overrides, category| overrides.categories.get(&category).copied();
        for category in Category::ALL {
            let [before, after] = [before, after].map(|overrides| of_rest(said(overrides, *category)));
            add(&mut rows, Some(list), category.to_string(), before, after);
        }
        reasons(&mut rows, Some(list), before, after);
        let [before, after] =
            [before, after].map(|overrides| overrides.soft_limit.map_or_else(|| AS_THE_REST.to_owned(), limit));
        add(&mut rows, Some(list), "soft bounces".to_owned(), before, after);
    }
    rows
}

/// What a list does about which it says nothing of its own.
const AS_THE_REST: &str = "as for other mail";

/// Prints them.
pub(super) fn print(differences: &[Difference], format: RowFormat) -> Result<()> {
    print_rows(differences, format, ["WHAT", "LIST", "BEFORE", "AFTER"], |row| {
        [
            &row.what,
            row.list.as_deref().unwrap_or_default(),
            &row.before,
            &row.after,
        ]
    })
}

fn reasons(rows: &mut Vec<Difference>, list: Option<&String>, before: &Overrides, after: &Overrides) {
    let reasons: BTreeSet<&Reason> = before.reasons.keys().chain(after.reasons.keys()).collect();
    for reason in reasons {
        let said = |overrides: &Overrides| match overrides.reasons.get(reason) {
            Some(action) => told(*action),
            None => "as its category".to_owned(),
        };
        add(rows, list, format!("reason {reason}"), said(before), said(after));
    }
}

fn add(rows: &mut Vec<Difference>, list: Option<&String>, what: String, before: String, after: String) {
    if before != after {
        rows.push(Difference {
            list: list.cloned(),
            what,
            before,
            after,
        });
    }
}

fn told(action: Action) -> String {
    action.as_str().to_owned()
}

fn of_rest(action: Option<Action>) -> String {
    action.map_or_else(|| AS_THE_REST.to_owned(), told)
}

fn limit(limit: SoftLimit) -> String {
    let window = match limit.window_days() {
        0 => String::new(),
        days => format!(" within {days} days"),
    };
    let once_a_day = if limit.once_a_day() { ", one a day" } else { "" };
    format!("{}{window}{once_a_day} suppress", limit.threshold())
}

fn or_none(text: &str) -> String {
    if text.is_empty() {
        "nobody".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let policy = Policy::parse(text, "test").expect("a policy that can be followed");
        let rows = between(&Policy::default(), &policy);
        let row = |row: Difference| {
            let list = row.list.map(|list| format!("{list}: ")).unwrap_or_default();
            format!("{list}{}: {} → {}", row.what, row.before, row.after)
        };
        rows.into_iter().map(row).collect()
    }

    #[test]
    fn what_differs_is_named_and_nothing_else() {
        assert_eq!(told(""), Vec::<String>::new());
        assert_eq!(told("[categories]\nhard-bounce = \"suppress\"\n"), Vec::<String>::new());
        assert_eq!(
            told("[categories]\nhard-bounce = \"count\"\n[reasons]\nmailbox-full = \"record\"\n"),
            [
                "hard-bounce: suppress → count",
                "reason mailbox-full: as its category → record"
            ]
        );
        assert_eq!(
            told("[lists.news.categories]\nsoft-bounce = \"record\"\n"),
            ["news: soft-bounce: as for other mail → record"]
        );
    }
}
