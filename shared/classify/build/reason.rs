//! The rule files as Rust tables; `src/reason/builtin.rs` reads them.
//!
//! What makes a phrase findable is the code that also does it for users' rules at run time.

#[path = "../src/reason/accents.rs"]
mod accents;
#[allow(dead_code, reason = "only a part of it is needed here")]
#[path = "../src/reason/codes.rs"]
mod codes;
#[allow(dead_code, reason = "only a part of it is needed here")]
#[path = "../src/reason/fold.rs"]
mod fold;
#[path = "../src/reason/order.rs"]
mod order;
#[allow(dead_code, reason = "only a part of it is needed here")]
#[path = "../src/reason/phrases.rs"]
mod phrases;

use std::fmt::Debug;
use std::path::Path;

use serde::Deserialize;

use crate::phrases::{borrowed, camel, prefixes, read};
use codes::{Open, ReplyPattern, StatusPattern};
use phrases::{PhraseSet, PhraseSetBuilder};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Rule>,
}

/// A rule as written; built-in ones have no category of their own. What is wrong with one is told by the tests, which
/// read the files as users' are read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    reason: String,
    severity: Option<String>,
    provider: Option<String>,
    #[serde(default)]
    weak: bool,
    #[serde(default)]
    phrases: Vec<String>,
    #[serde(default)]
    all: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    status: Vec<String>,
    #[serde(default)]
    reply: Vec<String>,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    dialect: Vec<String>,
    delayed: Option<bool>,
    regex: Option<String>,
    // Run by the tests.
    #[allow(dead_code)]
    #[serde(default)]
    examples: Vec<toml::Value>,
    #[allow(dead_code)]
    #[serde(default)]
    not: Vec<toml::Value>,
}

/// Writes the tables of every rule in `folder` to `out`.
pub(crate) fn compile(folder: &Path, out: &Path) {
    let files = || order::FILES.iter().map(|file| (*file, folder.join(file)));
    let rules: Vec<(&str, Rule)> = files()
        .flat_map(|(file, path)| read::<File>(&path).rule.into_iter().map(move |rule| (file, rule)))
        .collect();
    let (weak, strong): (Vec<_>, Vec<_>) = rules.into_iter().partition(|(_, rule)| rule.weak);
    let first_weak = strong.len();

    let (mut phrases, mut names) = (PhraseSetBuilder::default(), PhraseSetBuilder::default());
    let (mut rows, mut phrase_uses, mut name_uses, mut open) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (number, (file, rule)) in strong.iter().chain(&weak).enumerate() {
        for (list, role) in [(&rule.phrases, "Any"), (&rule.all, "All"), (&rule.unless, "Unless")] {
            for phrase in list {
                phrases
                    .add(phrase)
                    .unwrap_or_else(|error| panic!("{file}: {}: {phrase:?}: {error}", rule.id));
                phrase_uses.push(format!("Use {{ rule: {number}, role: Role::{role} }}"));
            }
        }
        for name in &rule.names {
            names
                .add_name(name)
                .unwrap_or_else(|error| panic!("{file}: {}: {name:?}: {error}", rule.id));
            name_uses.push(number);
        }
        if rule.phrases.is_empty() && rule.all.is_empty() && rule.names.is_empty() {
            let by_circumstances = rule.delayed.is_some()
                || rule.regex.is_some()
                || !rule.reply.is_empty()
                || !rule.command.is_empty()
                || !rule.dialect.is_empty();
            let status: Vec<StatusPattern> = statuses(file, rule).collect();
            let alone = !status.is_empty() && !by_circumstances;
            open.extend(Open::of(number, &status, alone).map(|open| format!("{open:?}")));
        }
        rows.push(row(file, rule));
    }

    let texts: Vec<String> = files()
        .map(|(_, path)| std::fs::read_to_string(path).expect("rule files are UTF-8"))
        .collect();
    let version = order::version(texts.iter().map(String::as_str));
    let code = format!(
        "pub(super) const VERSION: &str = {version:?};\n\
         static RULES: [Rule; {}] = [{}];\n\
         #[allow(clippy::unreadable_literal, reason = \"bytes, for the machine\")]\n\
         pub(super) static COMPILED: Compiled = Compiled {{ rules: Cow::Borrowed(&RULES), first_weak: {first_weak}, \
         phrases: {}, names: {}, phrase_uses: {}, name_uses: {}, open: {} }};\n",
        rows.len(),
        rows.join(",\n"),
        set(&phrases.build()),
        set(&names.build()),
        borrowed(&phrase_uses),
        borrowed(name_uses),
        borrowed(open),
    );
    std::fs::write(out, code).expect("OUT_DIR is writable");
}

fn row(file: &str, rule: &Rule) -> String {
    let text = |text: &String| format!("Cow::Borrowed({text:?})");
    let optional = |text: Option<String>| text.map_or("None".to_owned(), |text| format!("Some({text})"));
    let words = |list: &[String]| borrowed(list.iter().map(text));
    let reply = rule.reply.iter().map(|reply| {
        ReplyPattern::parse(reply).unwrap_or_else(|| panic!("{file}: {}: {reply:?} is no reply code", rule.id))
    });
    let pattern = rule
        .regex
        .as_ref()
        .map(|regex| format!("Pattern::new({:?})", fold::fold_pattern(regex)));
    format!(
        "Rule {{ id: {}, origin: Cow::Borrowed({file:?}), reason: Reason::{}, severity: {}, provider: {}, own: None, \
         weak: {}, needs_any: {}, needs_all: {}, needs_name: {}, status: {}, reply: {}, command: {}, dialect: {}, \
         delayed: {:?}, pattern: {} }}",
        text(&rule.id),
        camel(&rule.reason),
        optional(
            rule.severity
                .as_ref()
                .map(|severity| format!("crate::words::Severity::{}", camel(severity)))
        ),
        optional(rule.provider.as_ref().map(text)),
        rule.weak,
        !rule.phrases.is_empty(),
        rule.all.len(),
        !rule.names.is_empty(),
        borrowed(statuses(file, rule).map(|status| format!("{status:?}"))),
        borrowed(reply.map(|reply| format!("{reply:?}"))),
        words(&rule.command),
        words(&rule.dialect),
        rule.delayed,
        optional(pattern),
    )
}

fn statuses(file: &str, rule: &Rule) -> impl Iterator<Item = StatusPattern> {
    rule.status.iter().map(move |status| {
        StatusPattern::parse(status).unwrap_or_else(|| panic!("{file}: {}: {status:?} is no status", rule.id))
    })
}

/// What these types print for debugging is also how they are written.
fn set(set: &PhraseSet) -> String {
    let debug = |item: &dyn Debug| format!("{item:?}");
    format!(
        "PhraseSet {{ first: {}, fragments: {}, entries: {}, uses: {} }}",
        borrowed(set.first.iter()),
        prefixes(&set.fragments),
        borrowed(set.entries.iter().map(|entry| debug(entry))),
        borrowed(set.uses.iter().map(|usage| debug(usage))),
    )
}
