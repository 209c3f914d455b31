//! `rebound rules`: the rules that say why a delivery failed.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use rebound_classify::reason::{Facts, RuleSummary};
use serde::Serialize;

use super::own_rules::read;
use crate::args::{RowFormat, UserRules};
use crate::complaints;
use crate::hints;
use crate::outcome::Outcome;
use crate::output::print_rows;

/// Prints every rule in the order in which they are asked.
pub(super) fn list(rules: &UserRules, format: RowFormat) -> Result<Outcome> {
    let classifier = rules.classifier()?;
    let rows: Vec<Row> = classifier.rules().list().map(Row::from).collect();
    let headings = ["ID", "REASON", "CATEGORY", "PROVIDER", "STRENGTH", "ORIGIN"];
    print_rows(&rows, format, headings, |row| {
        [
            row.id,
            row.reason,
            row.category.unwrap_or_default(),
            row.provider.unwrap_or_default(),
            row.strength,
            row.origin,
        ]
    })?;
    Ok(Outcome::Done)
}

/// Checks files of rules; with a text, prints the rules that match it, the deciding one first.
pub(super) fn test(files: &[PathBuf], text: Option<&str>, format: RowFormat) -> Result<Outcome> {
    let mut bad = 0;
    let mut out = io::stdout().lock();
    for file in files {
        match read(file) {
            Ok(set) if text.is_none() => {
                let rules = if set.len() == 1 { "rule" } else { "rules" };
                writeln!(out, "{}: ok, {} {rules}", set.origin(), set.len())?;
            }
            Ok(_) => {}
            Err(error) => {
                if let Some(refused) = error.downcast_ref() {
                    complaints::rules_refused(refused);
                } else {
                    complaints::say("error", format!("{error:#}"));
                    if let Some(hint) = hints::of(&error) {
                        complaints::say("hint", hint);
                    }
                }
                bad += 1;
            }
        }
    }
    drop(out);
    if bad > 0 {
        return Ok(Outcome::Incomplete);
    }
    let rules = UserRules { files: files.to_vec() };
    match text {
        Some(text) => matching(&rules, text, format),
        None => Ok(Outcome::Done),
    }
}

fn matching(rules: &UserRules, text: &str, format: RowFormat) -> Result<Outcome> {
    let classifier = rules.classifier()?;
    let judgements = classifier.rules().explain(&Facts::of_reply(text));
    let rows: Vec<Match> = judgements
        .iter()
        .enumerate()
        .filter_map(|(index, judgement)| {
            let rule = Row::from(classifier.rules().get(judgement.rule)?);
            Some(Match {
                decides: index == 0,
                id: rule.id,
                reason: rule.reason,
                category: rule.category,
                action: rule.action,
                provider: rule.provider,
                strength: rule.strength,
                origin: rule.origin,
                words: judgement.words.as_deref(),
            })
        })
        .collect();
    if rows.is_empty() {
        complaints::say("note", "no rule knows this text");
    }
    let headings = ["", "ID", "REASON", "CATEGORY", "STRENGTH", "ORIGIN", "WORDS"];
    print_rows(&rows, format, headings, |row| {
        [
            if row.decides { "decides" } else { "loses" },
            row.id,
            row.reason,
            row.category.unwrap_or_default(),
            row.strength,
            row.origin,
            row.words.unwrap_or_default(),
        ]
    })?;
    Ok(Outcome::Done)
}

/// One rule on a line.
#[derive(Clone, Copy, Debug, Serialize)]
struct Row<'r> {
    id: &'r str,
    reason: &'static str,
    /// The category that a user's rule asks for.
    category: Option<&'r str>,
    action: Option<&'static str>,
    provider: Option<&'r str>,
    /// How far its kind is trusted.
    strength: &'static str,
    /// The file it stands in.
    origin: &'r str,
}

impl<'r> From<RuleSummary<'r>> for Row<'r> {
    fn from(rule: RuleSummary<'r>) -> Self {
        Self {
            id: rule.id,
            reason: rule.reason.as_str(),
            category: rule.own.map(|own| own.category.as_str()),
            action: rule.own.map(|own| own.action.as_str()),
            provider: rule.provider,
            strength: rule.strength.as_str(),
            origin: rule.origin,
        }
    }
}

/// A rule that matches a text. Not nested: CSV has no way to say that.
#[derive(Debug, Serialize)]
struct Match<'r> {
    decides: bool,
    id: &'r str,
    reason: &'static str,
    category: Option<&'r str>,
    action: Option<&'static str>,
    provider: Option<&'r str>,
    strength: &'static str,
    origin: &'r str,
    words: Option<&'r str>,
}
