//! How a report came about, for whoever asks why.
//!
//! Nothing here decides. The code that judges takes notes when it is given somewhere to put them; otherwise that costs
//! nothing, and the path is the same.

use std::cell::RefCell;

use serde::Serialize;

use crate::evidence::Evidence;
pub use crate::evidence::{Outcome, Source};
pub use crate::reason::Strength;
use crate::reason::{Facts, Rules};
use crate::words::{Address, EnhancedStatus, Reason, ReplyCode};

/// How the report on one message came about.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Explanation {
    /// What the message was judged by.
    pub basis: Basis,
    /// The report stood inside a message that a robot had wrapped around it.
    pub wrapped: bool,
    /// What speaks for a report of a mail system, with positive points, and what against. Empty where a part made for
    /// machines left nothing to weigh.
    pub signs: Vec<Sign>,
    /// What is missing for a report; empty when it is one.
    pub missing: Vec<&'static str>,
    /// One per recipient of the report, in the same order; empty when the message reports no delivery.
    pub recipients: Vec<RecipientExplanation>,
    #[serde(skip)]
    found: Vec<Finding>,
}

/// What a message was judged by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// A delivery-status part (RFC 3464).
    DeliveryStatus,
    /// A feedback-report part (RFC 5965).
    FeedbackReport,
    /// A sending service's notification in JSON.
    Notification,
    /// Plain words that prove to be a mail system's.
    Words,
    /// The words of a mail system that says something failed, but not whose mail.
    Hint,
    /// Words that tell another kind of message: an automatic answer, a request, a notice.
    Kind,
    /// Nothing: ordinary mail.
    #[default]
    Nothing,
}

/// A sign for or against a report of a mail system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sign {
    /// What was seen.
    pub what: &'static str,
    /// How much it weighs, and for which side.
    pub points: i32,
}

/// How the verdict on one recipient came about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecipientExplanation {
    /// Everything the message says about this recipient, in the order it was read.
    pub findings: Vec<Finding>,
    /// What happened to the delivery.
    pub outcome: Outcome,
    /// The text that the rules were asked about.
    pub text: String,
    /// That text is the whole report: it quotes nobody about this recipient.
    pub whole_report: bool,
    /// Every rule that matched, in the order of trust: the first decided, the others lost.
    pub rules: Vec<Matched>,
    /// What the status alone would have said, when the words say something else and were believed.
    pub contradicted: Option<Contradicted>,
    /// Whom the contact could be, in the order of trust: the first is charged.
    pub contacts: Vec<Candidate>,
}

/// One saying about one recipient.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Where it stands.
    pub source: Source,
    /// Whom it names.
    pub recipient: Option<Address>,
    /// The address the sender gave, where it is told apart.
    pub original_recipient: Option<Address>,
    /// What it says happened.
    pub outcome: Option<Outcome>,
    /// The enhanced status code.
    pub status: Option<EnhancedStatus>,
    /// The SMTP reply code.
    pub reply: Option<ReplyCode>,
    /// The words, white space folded.
    pub words: String,
    /// The host that said them.
    pub remote_mta: Option<String>,
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Matched {
    /// Its id.
    pub rule: String,
    /// What it says.
    pub reason: Reason,
    /// The category of its own that a user's rule gives.
    pub own_category: Option<String>,
    /// The words it matched; none when a code or a circumstance made it match.
    pub words: Option<String>,
    /// Whose wording it knows.
    pub provider: Option<String>,
    /// How far its kind is trusted.
    pub strength: Strength,
    /// The file it stands in.
    pub origin: String,
}

/// A status that was not believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contradicted {
    /// The status.
    pub status: EnhancedStatus,
    /// What it would have said.
    pub reason: Reason,
    /// By which rule.
    pub rule: String,
}

/// Somebody the contact could be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Where the address comes from.
    pub source: ContactSource,
    /// The address.
    pub address: Address,
}

/// Where a contact address comes from, the most trustworthy first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactSource {
    /// The return path, which was made for this contact (VERP), by a pattern of the user's.
    ReturnPath,
    /// A header field of the returned message that says whom it was sent to.
    ContactHeader,
    /// `Original-Recipient` of the report, or what says the same in words.
    OriginalRecipient,
    /// The return path, which reads as if it had been made for this contact (plain VERP), with no pattern that says so.
    ReturnPathHint,
    /// `To` of the returned message, when it names one address.
    ReturnedTo,
    /// `Final-Recipient` of the report, or the recipient its words name.
    FinalRecipient,
}

impl Explanation {
    pub(crate) fn weigh(&mut self, signs: impl Iterator<Item = Sign>, missing: impl Iterator<Item = &'static str>) {
        self.signs = signs.filter(|sign| sign.points != 0).collect();
        self.missing = missing.collect();
    }
}

/// Somewhere to put notes, or nowhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notes<'n>(Option<&'n RefCell<Explanation>>);

impl<'n> Notes<'n> {
    /// Nobody asked.
    pub(crate) const NOT_TAKEN: Self = Self(None);

    pub(crate) fn into(explanation: &'n RefCell<Explanation>) -> Self {
        Self(Some(explanation))
    }

    /// Takes a note, if anybody asked.
    pub(crate) fn take(self, note: impl FnOnce(&mut Explanation)) {
        if let Some(mut explanation) = self.0.and_then(|explanation| explanation.try_borrow_mut().ok()) {
            note(&mut explanation);
        }
    }

    pub(crate) fn basis(self, basis: Basis) {
        self.take(|explanation| explanation.basis = basis);
    }

    /// Forgets everything: what was looked at turned out to be something else.
    pub(crate) fn start_over(self) {
        self.take(|explanation| *explanation = Explanation::default());
    }

    /// What was read about recipients, before it is put together.
    pub(crate) fn found(self, evidence: &[Evidence]) {
        self.take(|explanation| {
            for finding in evidence.iter().map(Finding::from) {
                let known = explanation
                    .found
                    .iter()
                    .any(|other| other.source == finding.source && other.recipient == finding.recipient);
                if !known {
                    explanation.found.push(finding);
                }
            }
        });
    }

    /// How the verdict on the recipient of `evidence` came about.
    pub(crate) fn recipient(
        self,
        evidence: &Evidence,
        outcome: Outcome,
        rules: &Rules,
        facts: &Facts<'_>,
        alone: bool,
        contacts: impl Iterator<Item = Candidate>,
    ) {
        self.take(|explanation| {
            let about = |finding: &&Finding| {
                let same = |one: &Option<Address>, other: &Option<Address>| {
                    one.as_ref()
                        .zip(other.as_ref())
                        .is_some_and(|(one, other)| one.same(other))
                };
                alone || same(&finding.recipient, &evidence.recipient) || same(&finding.recipient, &evidence.original)
            };
            let findings = explanation.found.iter().filter(about).cloned().collect();
            let judgements = rules.explain(facts);
            let contradicts = judgements.first().is_some_and(|first| first.contradicts_status);
            let matched: Vec<Matched> = judgements
                .into_iter()
                .filter_map(|judgement| {
                    let summary = rules.get(judgement.rule)?;
                    Some(Matched {
                        rule: judgement.rule.to_owned(),
                        reason: judgement.reason,
                        own_category: judgement.own.map(|own| own.category.clone()),
                        words: judgement.words,
                        provider: judgement.provider.map(str::to_owned),
                        strength: summary.strength,
                        origin: summary.origin.to_owned(),
                    })
                })
                .collect();
            let by_status = matched.iter().find(|matched| matched.strength == Strength::Status);
            let contradicted = by_status.zip(facts.status).filter(|_| contradicts);
            explanation.recipients.push(RecipientExplanation {
                findings,
                outcome,
                text: facts.text.to_owned(),
                whole_report: evidence.source == Source::Returned,
                contradicted: contradicted.map(|(rule, status)| Contradicted {
                    status,
                    reason: rule.reason,
                    rule: rule.rule.clone(),
                }),
                rules: matched,
                contacts: contacts.collect(),
            });
        });
    }
}

impl From<&Evidence> for Finding {
    fn from(evidence: &Evidence) -> Self {
        Self {
            source: evidence.source,
            recipient: evidence.recipient.clone(),
            original_recipient: evidence.original.clone(),
            outcome: evidence.outcome,
            status: evidence.status,
            reply: evidence.reply,
            words: evidence.words.to_string(),
            remote_mta: evidence.remote_mta.clone(),
        }
    }
}
