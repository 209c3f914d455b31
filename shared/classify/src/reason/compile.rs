//! Rules made ready: every condition in the form in which it is checked.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use toml::Spanned;

use super::Facts;
use super::codes::{Open, ReplyPattern, StatusPattern};
use super::fold::{Folded, fold_pattern};
use super::phrases::{PhraseSet, PhraseSetBuilder};
use super::source::RuleSource;
use crate::words::{Action, Category, Reason, Severity};

/// Longer patterns are programs.
const MAX_PATTERN: usize = 1000;
/// Memory one compiled pattern may take; ordinary ones with case folding need far less.
const MAX_PATTERN_MEMORY: usize = 512 * 1024;

/// Rules in the order in which they are asked, those called weak after all others. The built-in ones lie in static
/// memory, where `build/reason.rs` wrote them.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) rules: Cow<'static, [Rule]>,
    /// The number of the first weak rule.
    pub(super) first_weak: usize,
    pub(super) phrases: PhraseSet,
    /// Host names and links.
    pub(super) names: PhraseSet,
    /// What finding a phrase means, by its number.
    pub(super) phrase_uses: Cow<'static, [Use]>,
    /// The rule that a name belongs to, by its number.
    pub(super) name_uses: Cow<'static, [usize]>,
    /// Rules that no phrase or name leads to, in order.
    pub(super) open: Cow<'static, [Open]>,
}

/// What finding a phrase means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub(super) rule: usize,
    pub(super) role: Role,
}

/// The condition that a phrase belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Any,
    All,
    Unless,
}

/// One rule, ready.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) id: Cow<'static, str>,
    /// The file it comes from.
    pub(super) origin: Cow<'static, str>,
    pub(super) reason: Reason,
    pub(super) severity: Option<Severity>,
    pub(super) provider: Option<Cow<'static, str>>,
    pub(super) own: Option<Own>,
    pub(super) weak: bool,
    pub(super) needs_any: bool,
    pub(super) needs_all: usize,
    pub(super) needs_name: bool,
    pub(super) status: Cow<'static, [StatusPattern]>,
    pub(super) reply: Cow<'static, [ReplyPattern]>,
    pub(super) command: Cow<'static, [Cow<'static, str>]>,
    pub(super) dialect: Cow<'static, [Cow<'static, str>]>,
    pub(super) delayed: Option<bool>,
    pub(super) pattern: Option<Pattern>,
}

/// A category of a user's own, or another than the reason would give, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The category's name: one of [`Category`]'s, or the user's own.
    pub category: String,
    /// What to do.
    pub action: Action,
}

/// That a rule's conditions hold, and the range of the folded text that shows it, when there is one.
#[derive(Debug)]
pub(super) struct Matched {
    pub(super) words: Option<Range<usize>>,
}

/// What is wrong with a rule, and where it stands in its file.
#[derive(Debug)]
pub(super) struct RuleFault {
    pub(super) span: Range<usize>,
    pub(super) rule: String,
    pub(super) reason: String,
}

impl Compiled {
    /// No rules at all.
    pub(super) const NONE: Self = Self {
        rules: Cow::Borrowed(&[]),
        first_weak: 0,
        phrases: PhraseSet::EMPTY,
        names: PhraseSet::EMPTY,
        phrase_uses: Cow::Borrowed(&[]),
        name_uses: Cow::Borrowed(&[]),
        open: Cow::Borrowed(&[]),
    };

    /// Compiles sets, each with what it is called, in the order in which they are asked.
    pub(super) fn new<'s>(
        sets: impl IntoIterator<Item = (&'s str, &'s [RuleSource]), IntoIter: Clone>,
    ) -> Result<Self, Vec<RuleFault>> {
        let sets = sets.into_iter();
        let mut faults = Vec::new();
        let mut phrases = PhraseSetBuilder::default();
        let mut names = PhraseSetBuilder::default();
        let (mut rules, mut phrase_uses, mut name_uses, mut open) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let sources = || {
            let sets = sets.clone();
            sets.flat_map(|(origin, rules)| rules.iter().map(move |rule| (origin, rule)))
        };
        for (origin, source) in sources()
            .filter(|(_, rule)| !rule.weak)
            .chain(sources().filter(|(_, rule)| rule.weak))
        {
            let rule = rules.len();
            let mut fault = |span, reason| {
                faults.push(RuleFault {
                    span,
                    rule: source.id.get_ref().clone(),
                    reason,
                });
            };
            for (list, role) in [
                (&source.phrases, Role::Any),
                (&source.all, Role::All),
                (&source.unless, Role::Unless),
            ] {
                for phrase in list {
                    match phrases.add(phrase.get_ref()) {
                        Ok(_) => phrase_uses.push(Use { rule, role }),
                        Err(error) => fault(phrase.span(), format!("{:?}: {error}", phrase.get_ref())),
                    }
                }
            }
            for name in &source.names {
                match names.add_name(name.get_ref()) {
                    Ok(_) => name_uses.push(rule),
                    Err(error) => fault(name.span(), format!("{:?}: {error}", name.get_ref())),
                }
            }
            let compiled = Rule::new(source, origin, &mut fault);
            if !(compiled.needs_any || compiled.needs_all > 0 || compiled.needs_name) {
                open.extend(Open::of(rule, &compiled.status, compiled.is_status_only()));
            }
            rules.push(compiled);
        }
        let (phrases, names) = (phrases.build(), names.build());
        if faults.is_empty() {
            Ok(Self {
                first_weak: rules.partition_point(|rule: &Rule| !rule.weak),
                rules: rules.into(),
                phrases,
                names,
                phrase_uses: phrase_uses.into(),
                name_uses: name_uses.into(),
                open: open.into(),
            })
        } else {
            Err(faults)
        }
    }

    /// The rules that are not weak, in order.
    pub(super) fn strong(&self) -> std::slice::Iter<'_, Rule> {
        self.rules.get(..self.first_weak).unwrap_or_default().iter()
    }

    /// The weak rules, in order.
    pub(super) fn weak(&self) -> std::slice::Iter<'_, Rule> {
        self.rules.get(self.first_weak..).unwrap_or_default().iter()
    }
}

impl Rule {
    fn new(source: &RuleSource, origin: &str, fault: &mut impl FnMut(Range<usize>, String)) -> Self {
        let id = source.id.get_ref();
        if id.is_empty()
            || !id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._/".contains(&b))
        {
            fault(
                source.id.span(),
                "an id is lower case letters, digits and - . _ /".to_owned(),
            );
        }
        let status = parse_all(
            &source.status,
            StatusPattern::parse,
            "a status, \"5.1.1\", \"*.7.*\" or \"5.7.600-699\"",
            fault,
        );
        let reply = parse_all(
            &source.reply,
            ReplyPattern::parse,
            "a reply code, \"550\" or \"4*\"",
            fault,
        );
        let pattern = source.regex.as_ref().map(|regex| Pattern {
            source: fold_pattern(regex.get_ref()).into(),
            compiled: OnceLock::new(),
        });
        let conditions = source.phrases.len()
            + source.all.len()
            + source.names.len()
            + status.len()
            + reply.len()
            + source.command.len()
            + source.dialect.len()
            + usize::from(pattern.is_some())
            + usize::from(source.delayed.is_some());
        if conditions == 0 {
            fault(
                source.id.span(),
                "has no condition; it would decide everything".to_owned(),
            );
        }
        Self {
            id: id.clone().into(),
            origin: origin.to_owned().into(),
            reason: source.reason.unwrap_or(Reason::Undefined),
            severity: source.severity,
            provider: source.provider.clone().map(Cow::Owned),
            own: own(source, fault),
            weak: source.weak,
            needs_any: !source.phrases.is_empty(),
            needs_all: source.all.len(),
            needs_name: !source.names.is_empty(),
            status: status.into(),
            reply: reply.into(),
            command: words(&source.command),
            dialect: words(&source.dialect),
            delayed: source.delayed,
            pattern,
        }
    }

    /// Whether the conditions other than phrases and names hold; with the words that a pattern matched.
    pub(super) fn holds(&self, facts: &Facts<'_>, folded: &Folded) -> Option<Matched> {
        let status = facts.status.or(folded.status);
        let is_one_of = |list: &[Cow<'_, str>], word: Option<&str>| {
            list.is_empty() || word.is_some_and(|word| list.iter().any(|known| known.eq_ignore_ascii_case(word)))
        };
        let holds = (self.status.is_empty() || status.is_some_and(|s| self.status.iter().any(|p| p.matches(s))))
            && (self.reply.is_empty() || facts.reply.is_some_and(|r| self.reply.iter().any(|p| p.matches(r))))
            && is_one_of(&self.command, facts.command)
            && is_one_of(&self.dialect, facts.dialect)
            && self.delayed.is_none_or(|delayed| delayed == facts.delayed);
        if !holds {
            return None;
        }
        match &self.pattern {
            None => Some(Matched { words: None }),
            Some(pattern) => {
                let words = pattern.regex()?.find(&folded.prose)?.range();
                Some(Matched { words: Some(words) })
            }
        }
    }

    /// Whether the status alone makes this rule match.
    pub(super) fn is_status_only(&self) -> bool {
        let by_words = self.needs_any || self.needs_all > 0 || self.needs_name || self.pattern.is_some();
        let by_circumstances =
            self.delayed.is_some() || !self.reply.is_empty() || !self.command.is_empty() || !self.dialect.is_empty();
        !self.status.is_empty() && !by_words && !by_circumstances
    }
}

/// Checks the patterns of a set that nobody has checked yet.
pub(super) fn check_pattern(regex: &Spanned<String>) -> Result<(), String> {
    if regex.get_ref().len() > MAX_PATTERN {
        return Err(format!("the regex has more than {MAX_PATTERN} bytes"));
    }
    compile_pattern(&fold_pattern(regex.get_ref()))
        .map(|_| ())
        .map_err(|error| error.to_string())
}

fn compile_pattern(source: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source)
        .size_limit(MAX_PATTERN_MEMORY)
        .dfa_size_limit(MAX_PATTERN_MEMORY)
        .build()
}

/// Reads a list of patterns and complains about those that are none.
fn parse_all<T>(
    list: &[Spanned<String>],
    parse: fn(&str) -> Option<T>,
    expected: &str,
    fault: &mut impl FnMut(Range<usize>, String),
) -> Vec<T> {
    let mut parsed = Vec::with_capacity(list.len());
    for text in list {
        match parse(text.get_ref()) {
            Some(pattern) => parsed.push(pattern),
            None => fault(text.span(), format!("{:?} is not {expected}", text.get_ref())),
        }
    }
    parsed
}

fn words(list: &[String]) -> Cow<'static, [Cow<'static, str>]> {
    list.iter().cloned().map(Cow::Owned).collect()
}

fn own(source: &RuleSource, fault: &mut impl FnMut(Range<usize>, String)) -> Option<Own> {
    let name = source.category.clone();
    let known: Option<Category> = name.as_deref().and_then(|name| name.parse().ok());
    match (name, source.action, known) {
        (Some(category), Some(action), _) => Some(Own { category, action }),
        (Some(category), None, Some(known)) => Some(Own {
            category,
            action: known.default_action(),
        }),
        (Some(category), None, None) => {
            fault(
                source.id.span(),
                format!("the category {category:?} is the user's own and needs an `action`"),
            );
            None
        }
        (None, Some(_), _) => {
            fault(
                source.id.span(),
                "an `action` needs the `category` it belongs to".to_owned(),
            );
            None
        }
        (None, None, _) => {
            if source.reason.is_none() {
                fault(source.id.span(), "needs a `reason` or a `category`".to_owned());
            }
            None
        }
    }
}

/// A pattern, compiled when it is first needed: most never are.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    source: Cow<'static, str>,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Of a source whose placeholders were put in.
    pub(super) const fn new(source: &'static str) -> Self {
        Self {
            source: Cow::Borrowed(source),
            compiled: OnceLock::new(),
        }
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| compile_pattern(&self.source).ok())
            .as_ref()
    }
}
