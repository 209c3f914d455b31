//! From the evidence about one recipient to its verdict: codes, reason, meaning, and whose contact it is.

use std::borrow::Cow;

use crate::decide::{Known, decide};
use crate::evidence::{Codes, Evidence, Outcome, Phrases, Source};
use crate::explain::{Candidate, ContactSource, Notes};
use crate::mime::addresses_in_text;
use crate::original::Returned;
use crate::reason::{Facts, Judgement, Rules};
use crate::report::Verdict;
use crate::words::{Address, Category, EnhancedStatus, Reason, ReplyCode};

/// What all recipients of one report have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge<'e> {
    pub(crate) rules: &'e Rules,
    pub(crate) phrases: &'e Phrases,
    pub(crate) dialect: Option<&'static str>,
    pub(crate) returned: &'e Returned,
    /// [`Returned::recipients`], asked once for all.
    pub(crate) sent_to: &'e [&'e Address],
    /// The report is about one recipient only.
    pub(crate) alone: bool,
    /// There is no doubt that it is a report.
    pub(crate) certain: bool,
    pub(crate) notes: Notes<'e>,
}

impl Judge<'_> {
    /// The verdict on the recipient that `evidence` is about.
    pub(crate) fn verdict(&self, evidence: Evidence) -> Verdict {
        let outcome = evidence.outcome.unwrap_or(match evidence.status {
            Some(status) if status.is_success() => Outcome::Delivered,
            _ => Outcome::Failed,
        });
        let quoted = self.phrases.quoted(&evidence.words);
        let of_all = evidence.words.codes();
        let codes = if quoted.len() == evidence.words.len() {
            of_all
        } else {
            Some(Codes::find(quoted))
                .filter(|codes| codes.reply.is_some())
                .unwrap_or(of_all)
        };
        let status = prefer_status(evidence.status, codes.status);
        let reply = match outcome {
            Outcome::Delivered => success_reply(&evidence.words),
            _ => codes.reply.or(evidence.reply),
        };
        let (why, facts) = self.why(&evidence, quoted, status, reply, outcome);
        let reason = match (outcome, why.reason) {
            (Outcome::Delivered, _) => Reason::Delivered,
            // Why it is late is not said; that it ran out of time for now is.
            (Outcome::Delayed, Reason::Undefined | Reason::OnHold) => Reason::Expired,
            (_, reason) => reason,
        };
        let formal = self.certain || evidence.source <= Source::Header;
        let (mut category, mut severity) = decide(&Known {
            outcome,
            reason,
            status,
            reply,
            severity: why.severity,
            formal,
        });
        if outcome == Outcome::Failed && why.severity_stated {
            severity = why.severity;
            category = category.with_severity(severity);
        }
        let new_address = (reason == Reason::HasMoved)
            .then(|| self.new_address(&evidence))
            .flatten();
        if new_address.is_some() {
            category = Category::AddressChange;
        }
        let mut action = category.default_action();
        let mut own_category = None;
        // Mail that arrived is no matter for rules about failures.
        if let Some(own) = why.own.filter(|_| outcome != Outcome::Delivered) {
            action = own.action;
            match own.category.parse() {
                Ok(known) => category = known,
                Err(_) => own_category = Some(own.category.clone()),
            }
        }
        self.notes.recipient(
            &evidence,
            outcome,
            self.rules,
            &facts,
            self.alone,
            self.contacts(&evidence),
        );
        let (address, candidates) = self.candidates(&evidence);
        Verdict {
            address,
            candidates,
            outcome: Some(outcome),
            category,
            reason,
            severity,
            action,
            status,
            reply,
            diagnostic: Some(quoted).filter(|words| !words.is_empty()).map(str::to_owned),
            new_address,
            rule: Cow::Owned(why.rule.to_owned()),
            evidence: why.words,
            contradicts_status: outcome == Outcome::Failed && why.contradicts_status,
            provider: why.provider.map(|provider| Cow::Owned(provider.to_owned())),
            own_category,
            final_recipient: evidence.recipient,
            remote_mta: evidence.remote_mta,
        }
    }

    /// The judgement, and the facts that it was made from.
    fn why<'f>(
        &'f self,
        evidence: &'f Evidence,
        quoted: &'f str,
        status: Option<EnhancedStatus>,
        reply: Option<ReplyCode>,
        outcome: Outcome,
    ) -> (Judgement<'f>, Facts<'f>) {
        let facts = Facts {
            status,
            reply,
            text: quoted,
            dialect: self.dialect,
            remote_mta: evidence.remote_mta.as_deref(),
            domain: evidence.recipient.as_ref().and_then(Address::domain),
            command: evidence.command.or(evidence.words.speaker(self.phrases).command),
            delayed: outcome == Outcome::Delayed,
        };
        let why = self.rules.judge(&facts);
        if why.words.is_some() && !why.weak || quoted.len() == evidence.words.len() {
            return (why, facts);
        }
        // The quotation says little or nothing that is known; the report around it may.
        let around = Facts {
            text: &evidence.words,
            ..facts
        };
        let whole = self.rules.judge(&around);
        if whole.words.is_some() {
            (whole, around)
        } else {
            (why, facts)
        }
    }

    /// The address that was mailed, in the order of trust: the return path made for it, a contact field of the returned message, the original
    /// recipient, a return path that seems made for it, the returned message's own `To` when it names one address, the final recipient.
    fn contacts<'f>(&'f self, evidence: &'f Evidence) -> impl Iterator<Item = Candidate> + 'f {
        let returned = self.returned;
        let verp = returned.verp.as_ref().filter(|_| self.alone);
        let contact = returned.contact.as_ref().filter(|_| self.alone);
        let original = evidence
            .original
            .as_ref()
            .filter(|address| address.as_str().contains('@'));
        let to = returned
            .original
            .to
            .as_ref()
            .filter(|to| self.alone && !returned.is_sender(to) && to.as_str().contains('@'));
        let hint = self
            .alone
            .then(|| returned.hint(&[original, evidence.recipient.as_ref()]))
            .flatten();
        let candidates = [
            (ContactSource::ReturnPath, verp),
            (ContactSource::ContactHeader, contact),
            (ContactSource::OriginalRecipient, original),
            (ContactSource::ReturnPathHint, hint),
            (ContactSource::ReturnedTo, to),
            (ContactSource::FinalRecipient, evidence.recipient.as_ref()),
        ];
        candidates.into_iter().filter_map(|(source, address)| {
            let address = address?.clone();
            Some(Candidate { source, address })
        })
    }

    /// The contact, and every address that may be it, each once. What the returned message names is none by itself where the
    /// report is about several, but still may be proven to be it.
    fn candidates(&self, evidence: &Evidence) -> (Option<Address>, Vec<Address>) {
        let mut candidates: Vec<Address> = Vec::with_capacity(4);
        for Candidate { address, .. } in self.contacts(evidence) {
            if !candidates.iter().any(|known| known.same(&address)) {
                candidates.push(address);
            }
        }
        let contact = candidates.first().cloned();
        for address in self.sent_to {
            if !candidates.iter().any(|known| known.same(address)) {
                candidates.push((*address).clone());
            }
        }
        (contact, candidates)
    }

    /// Where the recipient has moved to, when the words name one address that is neither the old one nor ours.
    fn new_address(&self, evidence: &Evidence) -> Option<Address> {
        let old = [
            evidence.recipient.as_ref(),
            evidence.original.as_ref(),
            self.returned.original.to.as_ref(),
        ];
        let known = |address: &Address| {
            old.iter().flatten().any(|other| other.same(address)) || self.returned.is_sender(address)
        };
        let mut named = addresses_in_text(&evidence.words)
            .into_iter()
            .filter(|address| !known(address));
        let new = named.next()?;
        named.all(|other| other.same(&new)).then_some(new)
    }
}

/// The status field says the class and often no more than that; the server's own words say which.
fn prefer_status(field: Option<EnhancedStatus>, words: Option<EnhancedStatus>) -> Option<EnhancedStatus> {
    match (field, words) {
        (Some(field), Some(words)) if !field.is_success() => {
            let vague = words.detail == 0 && field.detail != 0;
            Some(if vague { field } else { words })
        }
        (field, words) => field.or(words),
    }
}

/// The 2xx code that the words of a success begin with.
fn success_reply(words: &str) -> Option<ReplyCode> {
    let (code, _) = words.split_once([' ', '-'])?;
    code.parse()
        .ok()
        .filter(|code: &ReplyCode| !code.is_permanent() && !code.is_transient())
}
