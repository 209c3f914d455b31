//! Why a delivery failed.
//!
//! [`Rules`] turns what is known about one recipient's failure ([`Facts`]) into a [`Judgement`]: the reason, the rule
//! that decided and the words it matched. Rules are data, one concept a file, in `rules/`; `docs/rules.md` says how to
//! write one. They are asked in the order of how far each kind can be trusted:
//!
//! 1. the user's own rules;
//! 2. a provider's own codes and wording (`rules/providers/`);
//! 3. the server's words (`rules/`, from the distinctive to the vague);
//! 4. enhanced status codes that say something definite (`rules/status.toml`);
//! 5. weak rules: wording, status and reply codes that say little, in that order.
//!
//! So a status never overrules words that are clear. That the two disagree is part of the judgement.

mod accents;
mod builtin;
mod codes;
mod compile;
mod fold;
mod order;
mod phrases;
mod source;

use std::borrow::Cow;
use std::ops::Range;

use crate::sent::SentMail;
use crate::words::{EnhancedStatus, Reason, ReplyCode, Severity};

pub use compile::Own;
use compile::{Compiled, Matched, Role, Rule};
use fold::{Folded, fold};
use phrases::Found;
pub use source::{Fault, RuleErrors, RuleSet};

/// The rule named by a judgement that no rule made.
pub const NOTHING_KNOWN: &str = "nothing-known";

/// What is known about one recipient's failure.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// The enhanced status code; the first one in the text stands in when there is none.
    pub status: Option<EnhancedStatus>,
    /// The SMTP reply code.
    pub reply: Option<ReplyCode>,
    /// The server's words about this recipient: the diagnostic and what belongs to it.
    pub text: &'a str,
    /// The software whose style the report is written in, `postfix` for example.
    pub dialect: Option<&'a str>,
    /// The host that refused.
    pub remote_mta: Option<&'a str>,
    /// The recipient's domain.
    pub domain: Option<&'a str>,
    /// The SMTP command that was refused: `connect`, `ehlo`, `starttls`, `auth`, `mail`, `rcpt` or `data`.
    pub command: Option<&'a str>,
    /// Delivery is still being tried.
    pub delayed: bool,
}

impl<'a> Facts<'a> {
    /// What a server's reply says by itself, `550 5.1.1 No such user` for example: its codes are read off its front.
    pub fn of_reply(text: &'a str) -> Self {
        Self {
            status: text.split([' ', '-']).find_map(EnhancedStatus::read),
            reply: text.get(..3).and_then(ReplyCode::read),
            text,
            ..Self::default()
        }
    }
}

/// Why a delivery failed, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement<'r> {
    /// Why.
    pub reason: Reason,
    /// The rule that decided; [`NOTHING_KNOWN`] when none did.
    pub rule: &'r str,
    /// The words that the rule matched, as they stand in the text; none when a code decided.
    pub words: Option<String>,
    /// The provider whose own code or wording this is.
    pub provider: Option<&'r str>,
    /// The rule says little and is asked only after everything else.
    pub weak: bool,
    /// The status code says something else; the words were believed.
    pub contradicts_status: bool,
    /// How lasting this is: a lasting reason with a transient code is soft, unless the words say that there is no such
    /// user; nothing is hard while delivery is still tried.
    pub severity: Severity,
    /// The rule itself says how lasting this is; otherwise that is the reason's.
    pub severity_stated: bool,
    /// The category and action that a user's rule asks for.
    pub own: Option<&'r Own>,
}

/// All rules, ready to judge. Cheap to share; holds no state between judgements.
#[derive(Debug)]
pub struct Rules {
    /// Users' rules, none where there are none.
    own: Compiled,
    /// The built-in ones; only a set that is being checked goes without.
    builtin: Option<&'static Compiled>,
    /// What users say about the mail they send.
    sent: SentMail,
    version: Cow<'static, str>,
}

/// A rule, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSummary<'r> {
    /// Its id.
    pub id: &'r str,
    /// What it says.
    pub reason: Reason,
    /// The category and action that a user's rule asks for.
    pub own: Option<&'r Own>,
    /// Whose wording it knows.
    pub provider: Option<&'r str>,
    /// The file it comes from: a user's as it was called when it was read, or a built-in one below `rules/`.
    pub origin: &'r str,
    /// How far its kind is trusted.
    pub strength: Strength,
}

/// How far a kind of rule is trusted: the earlier here, the earlier it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// A user's own rule.
    User,
    /// A provider's own code or wording.
    Provider,
    /// Words that are clear.
    Words,
    /// A status code that says something definite.
    Status,
    /// Words and codes that say little.
    Weak,
}

impl Strength {
    /// The stable wire name, kebab-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Provider => "provider",
            Self::Words => "words",
            Self::Status => "status",
            Self::Weak => "weak",
        }
    }
}

impl Rules {
    /// The built-in rules.
    pub fn builtin() -> &'static Self {
        static BUILTIN: Rules = Rules {
            own: Compiled::NONE,
            builtin: Some(&builtin::COMPILED),
            sent: SentMail::NOTHING,
            version: Cow::Borrowed(builtin::VERSION),
        };
        &BUILTIN
    }

    /// The built-in rules with users' rules in front of them, the first set first.
    ///
    /// Sets were checked when they were read; what can still fail is the size of all of them together.
    pub fn with_user_rules(sets: &[RuleSet]) -> Result<Self, RuleErrors> {
        let rules = sets.iter().map(|set| (set.origin(), set.rules.as_slice()));
        let own = Compiled::new(rules).map_err(|faults| RuleErrors {
            origin: sets.iter().map(RuleSet::origin).collect::<Vec<_>>().join(", "),
            faults: faults
                .into_iter()
                .map(|f| Fault {
                    line: 1,
                    rule: Some(f.rule),
                    reason: f.reason,
                })
                .collect(),
        })?;
        let texts = sets.iter().map(|set| set.text.as_str());
        Ok(Self {
            own,
            builtin: Some(&builtin::COMPILED),
            sent: sets
                .iter()
                .rev()
                .fold(SentMail::NOTHING, |all, set| all.after(&set.sent)),
            version: order::version(texts.chain([builtin::VERSION])).into(),
        })
    }

    /// A set by itself, to be checked.
    fn of_set(own: Compiled, text: &str) -> Self {
        Self {
            own,
            builtin: None,
            sent: SentMail::NOTHING,
            version: order::version([text]).into(),
        }
    }

    /// Names the rules' content: 16 hexadecimal digits that change when any rule does.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the users' files say about the mail they send; nothing without them.
    pub fn sent_mail(&self) -> &SentMail {
        &self.sent
    }

    /// Every rule in the order in which they are asked.
    pub fn list(&self) -> impl Iterator<Item = RuleSummary<'_>> {
        [Compiled::strong, Compiled::weak].into_iter().flat_map(move |half| {
            let own = half(&self.own).map(|rule| summary(rule, true));
            let builtin = self.builtin.into_iter().flat_map(half);
            own.chain(builtin.map(|rule| summary(rule, false)))
        })
    }

    /// The rule of this id; the first one, should a user's rule have the id of a built-in one.
    pub fn get(&self, id: &str) -> Option<RuleSummary<'_>> {
        self.list().find(|rule| rule.id == id)
    }

    /// Decides: the first rule whose conditions all hold.
    pub fn judge(&self, facts: &Facts<'_>) -> Judgement<'_> {
        let case = Case::new(self, facts);
        let first = case.matches(facts).next();
        first.map_or(NOTHING, |(rule, found)| case.judgement(rule, found, facts))
    }

    /// What [`Self::judge`] says, followed by what every other rule that matched would have said, in order.
    pub fn explain(&self, facts: &Facts<'_>) -> Vec<Judgement<'_>> {
        let case = Case::new(self, facts);
        case.matches(facts)
            .map(|(rule, found)| case.judgement(rule, found, facts))
            .collect()
    }
}

fn summary(rule: &Rule, is_users: bool) -> RuleSummary<'_> {
    RuleSummary {
        id: &rule.id,
        reason: rule.reason,
        own: rule.own.as_ref(),
        provider: rule.provider.as_deref(),
        origin: &rule.origin,
        strength: match &*rule.origin {
            _ if rule.weak => Strength::Weak,
            _ if is_users => Strength::User,
            origin if origin.starts_with("providers/") => Strength::Provider,
            _ if rule.is_status_only() => Strength::Status,
            _ => Strength::Words,
        },
    }
}

/// One text with everything that was found in it.
struct Case<'r> {
    folded: Folded,
    /// By users' rules, when there are any, and by the built-in ones.
    searched: [Option<Searched<'r>>; 2],
}

/// What one set of rules finds in a text.
struct Searched<'r> {
    compiled: &'r Compiled,
    /// (rule, what was found for it), in the order of the rules.
    marks: Vec<(usize, Mark)>,
}

#[derive(Clone, Copy)]
enum Mark {
    Phrase(Role, Found),
    Name,
}

impl<'r> Case<'r> {
    fn new(rules: &'r Rules, facts: &Facts<'_>) -> Self {
        let mut folded = fold(facts.text);
        for name in [facts.remote_mta, facts.domain].into_iter().flatten() {
            folded.add_name(name);
        }
        let own = Some(&rules.own).filter(|own| !own.rules.is_empty());
        let searched = [own, rules.builtin].map(|compiled| Some(Searched::new(compiled?, &folded)));
        Self { folded, searched }
    }

    /// Every rule that matches, in order, with the range of the folded text that shows it.
    fn matches<'c>(&'c self, facts: &'c Facts<'_>) -> impl Iterator<Item = (&'r Rule, Option<Range<usize>>)> + 'c {
        let status = facts.status.or(self.folded.status);
        [false, true].into_iter().flat_map(move |weak| {
            let searched = self.searched.iter().flatten();
            searched.flat_map(move |searched| {
                searched.candidates(weak, status).filter_map(move |index| {
                    let rule = searched.compiled.rules.get(index)?;
                    let by_phrases = searched.phrases_of(rule, index)?;
                    let by_others = rule.holds(facts, &self.folded)?;
                    Some((rule, by_phrases.words.or(by_others.words)))
                })
            })
        })
    }

    fn judgement(&self, rule: &'r Rule, found: Option<Range<usize>>, facts: &Facts<'_>) -> Judgement<'r> {
        let status = facts.status.or(self.folded.status);
        let by_status = || {
            self.searched.iter().flatten().find_map(|searched| {
                let mut open = searched.compiled.open.iter();
                let first = open.find(|open| open.alone && open.admits(status))?;
                searched.compiled.rules.get(first.rule)
            })
        };
        let contradicts_status =
            !rule.is_status_only() && by_status().is_some_and(|other| blame(other.reason) != blame(rule.reason));
        let text = facts
            .text
            .get(..facts.text.floor_char_boundary(fold::MAX_TEXT))
            .unwrap_or_default();
        Judgement {
            reason: rule.reason,
            rule: &rule.id,
            words: found
                .map(|range| self.folded.original(text, range))
                .filter(|words| !words.is_empty()),
            provider: rule.provider.as_deref(),
            weak: rule.weak,
            contradicts_status,
            severity: severity(rule, facts),
            severity_stated: rule.severity.is_some(),
            own: rule.own.as_ref(),
        }
    }
}

impl<'r> Searched<'r> {
    fn new(compiled: &'r Compiled, folded: &Folded) -> Self {
        let phrases = compiled.phrases.find(&folded.prose).into_iter().filter_map(|found| {
            let usage = compiled.phrase_uses.get(found.phrase)?;
            Some((usage.rule, Mark::Phrase(usage.role, found)))
        });
        let names = compiled.names.find(&folded.names).into_iter();
        let names = names.filter_map(|found| Some((*compiled.name_uses.get(found.phrase)?, Mark::Name)));
        let mut marks: Vec<_> = phrases.chain(names).collect();
        // Stable, so that a rule's phrases stay in the order of the text.
        marks.sort_by_key(|&(rule, _)| rule);
        Self { compiled, marks }
    }

    /// Rules that may match, in order: the weak ones, or all others.
    fn candidates(&self, weak: bool, status: Option<EnhancedStatus>) -> impl Iterator<Item = usize> + '_ {
        let first_weak = self.compiled.first_weak;
        let of_half = move |rule: &usize| (*rule >= first_weak) == weak;
        let mut marked = self.marks.iter().map(|&(rule, _)| rule).filter(of_half).peekable();
        let open = self.compiled.open.iter().filter(move |open| open.admits(status));
        let mut open = open.map(|open| open.rule).filter(of_half).peekable();
        let mut last = None;
        std::iter::from_fn(move || {
            loop {
                let next = match (marked.peek(), open.peek()) {
                    (Some(a), Some(b)) if a <= b => marked.next(),
                    (Some(_), None) => marked.next(),
                    _ => open.next(),
                };
                if next.is_none() || next != last {
                    last = next;
                    return next;
                }
            }
        })
    }

    /// Whether the rule's phrases and names are there; with the range that stands for them.
    fn phrases_of(&self, rule: &Rule, index: usize) -> Option<Matched> {
        let from = self.marks.partition_point(|&(marked, _)| marked < index);
        let marks = self.marks.iter().skip(from).take_while(|&&(marked, _)| marked == index);
        let (mut any, mut first_of_all, mut all, mut name) = (None, None, 0, false);
        for (_, mark) in marks {
            match mark {
                Mark::Name => name = true,
                Mark::Phrase(Role::Unless, _) => return None,
                Mark::Phrase(Role::Any, found) => {
                    any.get_or_insert(found.start..found.end);
                }
                Mark::Phrase(Role::All, found) => {
                    // Each phrase is found once at most, so counting them is enough.
                    all += 1;
                    first_of_all.get_or_insert(found.start..found.end);
                }
            }
        }
        let holds = (!rule.needs_any || any.is_some()) && all == rule.needs_all && (!rule.needs_name || name);
        holds.then_some(Matched {
            words: any.or(first_of_all),
        })
    }
}

/// Who or what is at fault: two reasons that agree about this do not contradict each other.
const fn blame(reason: Reason) -> u8 {
    match reason {
        Reason::UserUnknown | Reason::HostUnknown | Reason::HasMoved | Reason::NotAccept | Reason::Suspended => 0,
        Reason::MailboxFull | Reason::MessageTooBig | Reason::ExceedsLimit => 1,
        Reason::SystemFull | Reason::SystemError | Reason::MailerError | Reason::Expired | Reason::NetworkError => 2,
        Reason::Suppressed | Reason::Filtered | Reason::OnHold | Reason::Undefined => 3,
        Reason::Vacation | Reason::Feedback | Reason::Delivered => 4,
        _ => 5,
    }
}

/// How lasting it is by reason and codes.
fn severity(rule: &Rule, facts: &Facts<'_>) -> Severity {
    let by_reason = match rule.reason {
        Reason::UserUnknown
        | Reason::HostUnknown
        | Reason::HasMoved
        | Reason::NotAccept
        | Reason::Suspended
        | Reason::Suppressed => Severity::Hard,
        Reason::Vacation | Reason::Feedback | Reason::Delivered | Reason::OnHold | Reason::Undefined => Severity::None,
        _ => Severity::Soft,
    };
    let transient = facts.status.map_or_else(
        || facts.reply.is_some_and(ReplyCode::is_transient),
        EnhancedStatus::is_transient,
    );
    // "450 User unknown" is common and meant; a transient code alone, or an account called disabled for now, is not.
    let doubted = transient && (rule.reason != Reason::UserUnknown || rule.is_status_only());
    match rule.severity.unwrap_or(by_reason) {
        // While it is still being tried nothing is final.
        Severity::Hard if facts.delayed || doubted => Severity::Soft,
        severity => severity,
    }
}

/// What is said when no rule matched.
const NOTHING: Judgement<'static> = Judgement {
    reason: Reason::Undefined,
    rule: NOTHING_KNOWN,
    words: None,
    provider: None,
    weak: true,
    contradicts_status: false,
    severity: Severity::None,
    severity_stated: false,
    own: None,
};

#[cfg(test)]
mod tests;
