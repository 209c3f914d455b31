//! Rules as they are written: TOML, one concept a file, checked with their own examples.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::compile::{Compiled, RuleFault, check_pattern};
use super::{Facts, Rules};
use crate::sent::SentMail;
use crate::words::{Action, EnhancedStatus, Reason, ReplyCode, Severity};

/// A file of rules larger than this is a mistake.
const MAX_FILE: usize = 512 * 1024;
/// More rules in one file than anybody can keep in mind.
const MAX_RULES: usize = 2000;
/// Patterns and header fields of one file: each is looked for in every message.
const MAX_MAIL: usize = 100;
/// Faults reported at a time; the rest are usually echoes.
const MAX_FAULTS: usize = 50;

/// One rule as written; every field but `id` is optional, and all conditions given must hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RuleSource {
    pub(super) id: Spanned<String>,
    pub(super) reason: Option<Reason>,
    pub(super) category: Option<String>,
    pub(super) action: Option<Action>,
    pub(super) severity: Option<Severity>,
    pub(super) provider: Option<String>,
    #[serde(default)]
    pub(super) weak: bool,
    #[serde(default)]
    pub(super) phrases: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) all: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) unless: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) names: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) status: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) reply: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) command: Vec<String>,
    #[serde(default)]
    pub(super) dialect: Vec<String>,
    pub(super) delayed: Option<bool>,
    pub(super) regex: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) examples: Vec<Spanned<Example>>,
    #[serde(default)]
    pub(super) not: Vec<Spanned<Example>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSource {
    #[serde(default)]
    rule: Vec<Spanned<RuleSource>>,
    mail: Option<MailSource>,
}

/// What a file says about the mail that its owner sends.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct MailSource {
    #[serde(default)]
    verp: Vec<Spanned<String>>,
    #[serde(default)]
    contact_headers: Vec<Spanned<String>>,
    #[serde(default)]
    campaign_headers: Vec<Spanned<String>>,
}

/// A text that a rule must, or must not, decide: a string, or a table with the facts that go with it.
///
/// Reply and status are read off the front of the text when they are not given.
#[derive(Clone, Debug, Default)]
pub(super) struct Example {
    text: String,
    status: Option<EnhancedStatus>,
    reply: Option<ReplyCode>,
    dialect: Option<String>,
    remote_mta: Option<String>,
    domain: Option<String>,
    command: Option<String>,
    delayed: bool,
}

impl Example {
    /// The facts that this example stands for.
    pub(super) fn facts(&self) -> Facts<'_> {
        let read = Facts::of_reply(&self.text);
        Facts {
            status: self.status.or(read.status),
            reply: self.reply.or(read.reply),
            text: &self.text,
            dialect: self.dialect.as_deref(),
            remote_mta: self.remote_mta.as_deref(),
            domain: self.domain.as_deref(),
            command: self.command.as_deref(),
            delayed: self.delayed,
        }
    }
}

impl<'de> Deserialize<'de> for Example {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;

        impl<'de> Visitor<'de> for TextOrTable {
            type Value = Example;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a table with `text` and what goes with it")
            }

            fn visit_str<E>(self, text: &str) -> Result<Example, E> {
                Ok(Example {
                    text: text.to_owned(),
                    ..Example::default()
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Example, A::Error> {
                let mut example = Example::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "text" => example.text = map.next_value()?,
                        "status" => example.status = Some(map.next_value()?),
                        "reply" => example.reply = Some(map.next_value()?),
                        "dialect" => example.dialect = Some(map.next_value()?),
                        "remote-mta" => example.remote_mta = Some(map.next_value()?),
                        "domain" => example.domain = Some(map.next_value()?),
                        "command" => example.command = Some(map.next_value()?),
                        "delayed" => example.delayed = map.next_value()?,
                        _ => {
                            const KNOWN: &[&str] = &[
                                "text",
                                "status",
                                "reply",
                                "dialect",
                                "remote-mta",
                                "domain",
                                "command",
                                "delayed",
                            ];
                            return Err(serde::de::Error::unknown_field(&key, KNOWN));
                        }
                    }
                }
                Ok(example)
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}

/// A file of rules that was read, checked and found good.
#[derive(Clone, Debug)]
pub struct RuleSet {
    origin: String,
    pub(super) text: String,
    pub(super) rules: Vec<RuleSource>,
    pub(super) sent: SentMail,
}

impl RuleSet {
    /// Reads a file of rules; `origin` is what to call it in messages, a path for example.
    ///
    /// A set is taken or refused as a whole: every field, phrase and pattern is checked, every example must be decided
    /// by its own rule and no `not` may be.
    pub fn parse(toml: &str, origin: &str) -> Result<Self, RuleErrors> {
        let mut faults = Faults { toml, list: Vec::new() };
        if toml.len() > MAX_FILE {
            let reason = format!("the file has {} bytes; at most {MAX_FILE} are read", toml.len());
            return Err(RuleErrors {
                origin: origin.to_owned(),
                faults: vec![Fault {
                    line: 1,
                    rule: None,
                    reason,
                }],
            });
        }
        let (rules, mail) = match read_file(toml) {
            Ok(FileSource { rule, mail }) => (rule.into_iter().map(Spanned::into_inner).collect::<Vec<_>>(), mail),
            Err(error) => {
                // A reader of TOML stops at the first fault; rules stand apart, so each can be read by itself.
                for (start, rule) in apart(toml) {
                    if let Err(error) = read_file(rule) {
                        let span = error.span().unwrap_or(0..0);
                        faults.add(start + span.start..start + span.end, None, error.message().to_owned());
                    }
                }
                if faults.list.is_empty() {
                    faults.add(error.span().unwrap_or(0..0), None, error.message().to_owned());
                }
                return Err(faults.into_errors(origin));
            }
        };
        if rules.len() > MAX_RULES {
            faults.add(
                0..0,
                None,
                format!("the file has {} rules; at most {MAX_RULES} are taken", rules.len()),
            );
        }
        let mut ids = std::collections::HashSet::new();
        for rule in &rules {
            let id = rule.id.get_ref();
            if !ids.insert(id.as_str()) {
                faults.add(
                    rule.id.span(),
                    Some(id),
                    "another rule before it has the same id".to_owned(),
                );
            }
            if rule.examples.is_empty() {
                faults.add(
                    rule.id.span(),
                    Some(id),
                    "has no examples; give at least one text that it decides".to_owned(),
                );
            }
        }
        for rule in &rules {
            if let Some((regex, reason)) = rule.regex.as_ref().and_then(|r| Some((r, check_pattern(r).err()?))) {
                faults.add(regex.span(), Some(rule.id.get_ref()), reason);
            }
        }
        match Compiled::new([(origin, rules.as_slice())]) {
            Err(rule_faults) => {
                for RuleFault { span, rule, reason } in rule_faults {
                    faults.add(span, Some(&rule), reason);
                }
            }
            Ok(compiled) => check_examples(&rules, &Rules::of_set(compiled, toml), &mut faults),
        }
        let sent = read_mail(&mail.unwrap_or_default(), &mut faults);
        if faults.list.is_empty() {
            Ok(Self {
                origin: origin.to_owned(),
                text: toml.to_owned(),
                rules,
                sent,
            })
        } else {
            Err(faults.into_errors(origin))
        }
    }

    /// What the set was called when it was read.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// Reads without checking; for the tests of the built-in files.
#[cfg(test)]
pub(super) fn read(toml: &str) -> Result<Vec<RuleSource>, toml::de::Error> {
    Ok(read_file(toml)?.rule.into_iter().map(Spanned::into_inner).collect())
}

fn read_file(toml: &str) -> Result<FileSource, toml::de::Error> {
    toml::from_str(toml)
}

/// Checks what is said about the user's mail.
fn read_mail(mail: &MailSource, faults: &mut Faults<'_>) -> SentMail {
    let mut sent = SentMail::NOTHING;
    for pattern in &mail.verp {
        match pattern.get_ref().parse() {
            Ok(pattern) => sent.verp.push(pattern),
            Err(error) => faults.add(pattern.span(), None, format!("{:?}: {error}", pattern.get_ref())),
        }
    }
    for (names, known) in [
        (&mail.contact_headers, &mut sent.contact_headers),
        (&mail.campaign_headers, &mut sent.campaign_headers),
    ] {
        for name in names {
            // RFC 5322 section 3.6.8.
            let is_name = |byte: u8| byte.is_ascii_graphic() && byte != b':';
            if !name.get_ref().is_empty() && name.get_ref().bytes().all(is_name) {
                known.push(name.get_ref().clone());
            } else {
                let reason = format!("{:?} is no name of a header field", name.get_ref());
                faults.add(name.span(), None, reason);
            }
        }
    }
    let said = mail.verp.len() + mail.contact_headers.len() + mail.campaign_headers.len();
    if said > MAX_MAIL {
        faults.add(
            0..0,
            None,
            format!("[mail] names {said} patterns and fields; at most {MAX_MAIL} are taken"),
        );
    }
    sent
}

/// The file cut before every header of a table, with the place where each piece begins.
fn apart(toml: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut line_start = 0;
    let headers = toml.split_inclusive('\n').filter_map(move |line| {
        let start = line_start;
        line_start += line.len();
        line.starts_with('[').then_some(start)
    });
    let mut start = 0;
    headers.chain([toml.len()]).filter_map(move |end| {
        let from = std::mem::replace(&mut start, end);
        Some((from, toml.get(from..end)?))
    })
}

/// Runs every example of every rule.
fn check_examples(rules: &[RuleSource], compiled: &Rules, faults: &mut Faults<'_>) {
    for rule in rules {
        let id = rule.id.get_ref();
        for example in &rule.examples {
            let decided = compiled.judge(&example.get_ref().facts()).rule;
            if decided != id {
                faults.add(
                    example.span(),
                    Some(id),
                    format!("this example is decided by {decided}"),
                );
            }
        }
        for example in &rule.not {
            if compiled.judge(&example.get_ref().facts()).rule == id {
                faults.add(
                    example.span(),
                    Some(id),
                    "this `not` is decided by the rule all the same".to_owned(),
                );
            }
        }
    }
}

struct Faults<'t> {
    toml: &'t str,
    list: Vec<Fault>,
}

impl Faults<'_> {
    fn add(&mut self, span: Range<usize>, rule: Option<&str>, reason: String) {
        if self.list.len() < MAX_FAULTS {
            let before = self.toml.as_bytes().get(..span.start).unwrap_or_default();
            let line = memchr::memchr_iter(b'\n', before).count() + 1;
            self.list.push(Fault {
                line,
                rule: rule.map(str::to_owned),
                reason,
            });
        }
    }

    fn into_errors(mut self, origin: &str) -> RuleErrors {
        self.list.sort_by_key(|fault| fault.line);
        RuleErrors {
            origin: origin.to_owned(),
            faults: self.list,
        }
    }
}

/// Why a file of rules was refused. Nothing of it is used; what was used before stays in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RuleErrors {
    /// What the file is called.
    pub origin: String,
    /// Everything wrong with it, in the order of the lines.
    pub faults: Vec<Fault>,
}

impl fmt::Display for RuleErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the rules in {} were refused as a whole", self.origin)?;
        for Fault { line, rule, reason } in &self.faults {
            write!(f, "\n{}:{line}: ", self.origin)?;
            if let Some(rule) = rule {
                write!(f, "rule {rule}: ")?;
            }
            write!(f, "{reason}")?;
        }
        Ok(())
    }
}

/// One thing wrong with a file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, counted from 1.
    pub line: usize,
    /// The rule, when it is about one.
    pub rule: Option<String>,
    /// What is wrong.
    pub reason: String,
}
