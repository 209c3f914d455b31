//! Bytes to report: what kind of message it is, what it says about whom, and what that means.

use std::borrow::Cow;

use crate::decide::weight;
use crate::dialect::Dialects;
use crate::evidence::{
    Codes, Evidence, Outcome, Phrases, Source, StatusReport, TextReport, read_notification, read_status_part, read_text,
};
use crate::explain::{Basis, Notes};
use crate::feedback::{Feedback, category_of, read_feedback};
use crate::kinds::{self, Kind};
use crate::merge::merge;
use crate::mime::{Mail, Role, addresses};
use crate::original::{Returned, from_fields, from_text, read_returned};
use crate::proof::{HeaderProof, Signs, is_by_robot};
use crate::provenance::{Provenance, timestamp};
use crate::reason::Rules;
use crate::report::{Original, Report, Verdict};
use crate::sent::SentMail;
use crate::verdict::Judge;
use crate::words::{Address, Category, Reason, Severity};

/// Wrappers around wrappers that are opened.
const MAX_WRAPPERS: u8 = 3;

/// Everything that is prepared once.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Users' rules in front of the built-in ones; `None` stands for the built-in ones alone.
    pub(crate) rules: Option<Rules>,
    pub(crate) phrases: Phrases,
    pub(crate) dialects: Dialects,
    pub(crate) signs: Signs,
    pub(crate) sent: SentMail,
}

impl Engine {
    pub(crate) fn judge(&self, raw: &[u8], notes: Notes<'_>) -> Report {
        let mail = Mail::parse(raw);
        let mut report = self.judge_mail(&mail, 0, notes);
        if mail.is_cut() {
            report
                .notes
                .push("over the size limit: only head and tail were read".into());
        }
        if mail.is_damaged() {
            report.notes.push("cut off or badly made: a part never ends".into());
        }
        report.rules_version = Cow::Owned(self.rules().version().to_owned());
        report.written_at = mail.header("date").and_then(timestamp);
        if !report.recipients.is_empty() {
            report.provenance.arrived_with(&mail, &report.original);
        }
        report
    }

    pub(crate) fn rules(&self) -> &Rules {
        self.rules.as_ref().unwrap_or_else(|| Rules::builtin())
    }

    fn judge_mail(&self, mail: &Mail<'_>, depth: u8, notes: Notes<'_>) -> Report {
        if let Some(status) = mail.part(Role::DeliveryStatus) {
            let status = read_status_part(&status.text());
            if !status.recipients.is_empty() {
                if let Some(kind) = kinds::virus_notice(mail) {
                    notes.basis(Basis::Kind);
                    return self.virus_report(mail, kind, status);
                }
                notes.basis(Basis::DeliveryStatus);
                return self.status_report(mail, status, notes);
            }
        }
        if let Some(part) = mail.part(Role::FeedbackReport) {
            let returned = read_returned(mail, None, &self.sent);
            let feedback = read_feedback(&part.text(), &returned);
            notes.basis(Basis::FeedbackReport);
            return feedback_report(feedback, returned);
        }
        if let Some(report) = self.notification_report(mail, notes) {
            return report;
        }
        if let Some(wrapped) = wrapped_report(mail, &self.signs).filter(|_| depth < MAX_WRAPPERS) {
            let bytes = wrapped.bytes();
            let mut inner = self.judge_mail(&Mail::parse(&bytes), depth + 1, notes);
            if inner.category != Category::Unrecognised {
                // It came to whoever wrapped it.
                inner.provenance.delivered_to.clear();
                notes.take(|explanation| explanation.wrapped = true);
                return inner;
            }
            notes.start_over();
        }
        let header = HeaderProof::gather(mail, &self.phrases, &self.signs);
        // A daemon with a failing subject needs no look at what else it might be.
        if header.is_strong()
            && let Some(report) = self.text_report(mail, &header, notes).filter(|report| {
                report
                    .recipients
                    .iter()
                    .any(|v| v.reply.is_some() || v.status.is_some())
            })
        {
            return report;
        }
        notes.start_over();
        if let Some(kind) = kinds::recognise(mail) {
            notes.basis(Basis::Kind);
            return self.kind_report(mail, kind);
        }
        if header.is_hopeless() {
            notes.take(|explanation| explanation.weigh(header.signs(), std::iter::once(HeaderProof::LACKS)));
            return blank();
        }
        self.text_report(mail, &header, notes).unwrap_or_else(blank)
    }

    /// A scanner's notice that lists the recipients as a delivery report does.
    fn virus_report(&self, mail: &Mail<'_>, kind: Kind, status: StatusReport) -> Report {
        let dialect = self.dialects.recognise(mail, mail.own_text());
        let returned = read_returned(mail, None, &self.sent);
        let notice = kind_verdict(kind, Vec::new());
        let about = |evidence: Evidence| Verdict {
            candidates: each_once([&evidence.original, &evidence.recipient].into_iter().flatten()),
            address: evidence.original.or_else(|| evidence.recipient.clone()),
            final_recipient: evidence.recipient,
            status: evidence.status,
            reply: evidence.words.codes().reply,
            diagnostic: Some(evidence.words.into()).filter(|words: &String| !words.is_empty()),
            ..notice.clone()
        };
        Report {
            category: notice.category,
            recipients: status.recipients.into_iter().map(about).collect(),
            original: returned.original,
            provenance: returned.provenance,
            dialect: dialect.map(Cow::Borrowed),
            reporting_mta: status.reporting_mta,
            ..blank()
        }
    }

    /// Mail that reports no failure: an automatic answer, a request, a notice, a complaint.
    fn kind_report(&self, mail: &Mail<'_>, kind: Kind) -> Report {
        let mut returned = read_returned(mail, None, &self.sent);
        if kind.is_the_returned_message() {
            returned.provenance = from_fields(&mail.fields(), &self.sent).provenance;
        }
        let requested = kind.addresses_of_request(mail);
        let named = [mail.from(), mail.reply_to(), mail.sender()].into_iter().flatten();
        let candidates = each_once(
            kind.address
                .iter()
                .chain(named)
                .chain(&requested)
                .chain(returned.recipients()),
        );
        let verdict = kind_verdict(kind, candidates);
        Report {
            category: verdict.category,
            // A report about nobody (aggregates) charges nobody.
            recipients: if verdict.address.is_some() {
                vec![verdict]
            } else {
                Vec::new()
            },
            original: returned.original,
            provenance: returned.provenance,
            ..blank()
        }
    }

    /// A report with delivery-status fields; the words beside them fill what they leave out.
    fn status_report(&self, mail: &Mail<'_>, mut status: StatusReport, notes: Notes<'_>) -> Report {
        notes.found(&status.recipients);
        let own = mail.own_text();
        let dialect = self.dialects.recognise(mail, own);
        name_by_header(mail, &mut status.recipients);
        // The fields never say which command was refused, and that tells a refused sender from an unknown recipient.
        let wanting = status
            .recipients
            .iter()
            .any(|e| e.words.codes().reply.is_none() || e.words.speaker(&self.phrases).command.is_none());
        let mut in_text = None;
        if wanting {
            let ours: Vec<&Address> = mail.to().iter().chain(mail.from()).collect();
            let text = read_text(own, &self.phrases, &ours, &named_by(&status.recipients));
            in_text = text.returned;
            notes.found(&text.recipients);
            complete(&mut status.recipients, &text.recipients);
            // Pipes and folders are named by no words that could be found, but the report is about nothing else.
            if let [only] = status.recipients.as_mut_slice()
                && only.words.is_empty()
                && text.says_failure
            {
                only.words.append(text.report);
            }
        }
        let returned = read_returned(mail, in_text, &self.sent);
        name_by_returned(&mut status.recipients, &returned);
        let mut report = self.failure_report(status.recipients, returned, dialect, true, notes);
        report.reporting_mta = status.reporting_mta;
        report
    }

    /// An SNS notification.
    fn notification_report(&self, mail: &Mail<'_>, notes: Notes<'_>) -> Option<Report> {
        let text = mail.own_text();
        if !text.trim_start().starts_with('{') {
            return None;
        }
        let notification = read_notification(text)?;
        notes.basis(Basis::Notification);
        let returned = from_text(&notification.sent_header, &self.sent).arrived_in(mail, &self.sent);
        if let Some((recipients, kind)) = notification.complaint {
            let kind = kind.unwrap_or_else(|| "abuse".to_owned());
            let mut report = feedback_report(
                Feedback {
                    category: category_of(&kind),
                    kind,
                    recipients,
                    named: Vec::new(),
                    return_path: None,
                    reporting_mta: None,
                },
                returned,
            );
            report.dialect = Some("amazon-ses".into());
            return Some(report);
        }
        Some(self.failure_report(notification.recipients, returned, Some("amazon-ses"), true, notes))
    }

    /// Anything else: a report in plain words, if it proves to be one.
    fn text_report(&self, mail: &Mail<'_>, header: &HeaderProof<'_>, notes: Notes<'_>) -> Option<Report> {
        let own = mail.own_text();
        // The same fields as in a delivery-status part, written as text.
        let named: Vec<Address> = mail.headers("x-failed-recipients").flat_map(addresses).collect();
        let ours: Vec<&Address> = mail.to().iter().chain(mail.from()).collect();
        let text = read_text(own, &self.phrases, &ours, &named);
        let proof = header.with_text(mail, &text);
        notes.start_over();
        notes.take(|explanation| explanation.weigh(header.signs().chain(proof.signs()), proof.missing()));
        if !proof.is_report() {
            notes.basis(if proof.is_hint() { Basis::Hint } else { Basis::Nothing });
            return proof.is_hint().then(|| self.hint(mail, &text, notes));
        }
        notes.basis(Basis::Words);
        let dialect = self.dialects.recognise(mail, own);
        let mut returned = read_returned(mail, text.returned, &self.sent);
        let mut recipients = fields_in_text(own).unwrap_or_default();
        let mut reporting_mta = None;
        if recipients.recipients.is_empty() {
            recipients.recipients.clone_from(&text.recipients);
        } else {
            reporting_mta = recipients.reporting_mta.take();
            notes.found(&recipients.recipients);
            let text = read_text(own, &self.phrases, &ours, &named_by(&recipients.recipients));
            complete(&mut recipients.recipients, &text.recipients);
        }
        notes.found(&text.recipients);
        let mut recipients = recipients.recipients;
        if !returned.present {
            returned = from_text(own, &self.sent).arrived_in(mail, &self.sent);
        }
        if recipients.is_empty()
            || recipients
                .iter()
                .all(|e| e.source == Source::Transcript && e.words.is_empty())
        {
            recipients = self.about_returned(&text, &returned);
        }
        let mut report = self.failure_report(recipients, returned, dialect, proof.is_certain(), notes);
        report.reporting_mta = reporting_mta;
        Some(report)
    }

    /// A mail system that speaks of a failure without saying whose: about whom the returned message was for, should there
    /// be one, and nothing it says is taken for more than a possibility.
    fn hint(&self, mail: &Mail<'_>, text: &TextReport<'_>, notes: Notes<'_>) -> Report {
        let returned = read_returned(mail, text.returned, &self.sent);
        // An empty one says nothing about anybody.
        if text.report.trim().is_empty() && !returned.present {
            return Report {
                category: Category::PossibleFailure,
                ..blank()
            };
        }
        let mut evidence = Evidence::new(Source::Returned);
        evidence.recipient = returned.contact.clone().or_else(|| returned.original.to.clone());
        self.failure_report(vec![evidence], returned, None, false, notes)
    }

    /// Nobody is named: it is about whom the returned message was for.
    fn about_returned(&self, text: &TextReport<'_>, returned: &Returned) -> Vec<Evidence> {
        let mut evidence = Evidence::new(Source::Returned);
        evidence.recipient = returned.contact.clone().or_else(|| returned.original.to.clone());
        evidence.words.append(text.report);
        evidence.read_words(&self.phrases);
        // Line by line they can be told better.
        let codes = Codes::find(text.report);
        (evidence.reply, evidence.status) = (codes.reply, codes.status);
        if text.says_delay {
            evidence.outcome = Some(Outcome::Delayed);
        }
        vec![evidence]
    }

    fn failure_report(
        &self,
        evidence: Vec<Evidence>,
        returned: Returned,
        dialect: Option<&'static str>,
        certain: bool,
        notes: Notes<'_>,
    ) -> Report {
        notes.found(&evidence);
        let merged = merge(evidence);
        let sent_to: Vec<&Address> = returned.recipients().collect();
        let judge = Judge {
            rules: self.rules(),
            phrases: &self.phrases,
            dialect,
            returned: &returned,
            sent_to: &sent_to,
            alone: merged.len() == 1,
            certain,
            notes,
        };
        let recipients: Vec<Verdict> = merged.into_iter().map(|evidence| judge.verdict(evidence)).collect();
        let category = recipients
            .iter()
            .map(of_message)
            .max_by_key(|category| weight(*category))
            .unwrap_or(Category::PossibleFailure);
        Report {
            category,
            recipients,
            original: returned.original,
            provenance: returned.provenance,
            dialect: dialect.map(Cow::Borrowed),
            ..blank()
        }
    }
}

/// What a verdict makes of the message: one that only says "late" asks for nothing, whatever may come of it.
fn of_message(verdict: &Verdict) -> Category {
    match (verdict.outcome, verdict.category) {
        (Some(Outcome::Delayed), Category::PossibleFailure) => Category::DeliveryReport,
        (_, category) => category,
    }
}

/// A report inside a message that a robot wrapped around it (a list server, a gateway, a filter). What a person forwards
/// is a person's mail.
fn wrapped_report<'m>(mail: &'m Mail<'m>, signs: &Signs) -> Option<crate::mime::Part<'m>> {
    let inner_status = mail
        .parts()
        .any(|part| part.is_inside_returned() && part.role() == Role::DeliveryStatus);
    (inner_status && is_by_robot(mail, signs))
        .then(|| mail.part(Role::ReturnedMessage))
        .flatten()
}

/// Paths and pipes are no addresses; the header says whose they are.
fn name_by_header(mail: &Mail<'_>, recipients: &mut [Evidence]) {
    if let [only] = recipients
        && is_path(only)
        && let Some(failed) = mail.headers("x-failed-recipients").flat_map(addresses).next()
    {
        only.recipient = Some(failed);
    }
}

/// The same by what the report says it came from, or by the returned message.
fn name_by_returned(recipients: &mut [Evidence], returned: &Returned) {
    if let [only] = recipients
        && is_path(only)
        && let Some(named) = only.original.clone().or_else(|| returned.original.to.clone())
    {
        only.recipient = Some(named);
    }
}

fn is_path(evidence: &Evidence) -> bool {
    evidence
        .recipient
        .as_ref()
        .is_none_or(|address| !address.as_str().contains('@') && address.as_str().contains(['/', '|']))
}

/// Fills what the fields leave out from what the text says about the same recipient.
fn complete(fields: &mut [Evidence], text: &[Evidence]) {
    let alone = fields.len() == 1 && text.len() == 1;
    for field in fields {
        let same = text.iter().find(|other| match (&field.recipient, &other.recipient) {
            (Some(a), Some(b)) => a.same(b),
            _ => false,
        });
        let Some(other) = same.or_else(|| text.first().filter(|_| alone)) else {
            continue;
        };
        let codes = field.words.codes();
        if codes == Codes::default() && other.words.codes() != Codes::default() {
            if field.words.is_empty() {
                field.words.clone_from(&other.words);
            } else {
                field.words.append(&other.words);
            }
        } else if field.words.is_empty() {
            field.words.clone_from(&other.words);
        }
        field.reply = field.reply.or(codes.reply).or(other.reply);
        field.command = field.command.or(other.command);
        field.remote_mta = field.remote_mta.take().or_else(|| other.remote_mta.clone());
        field.original = field.original.take().or_else(|| other.original.clone());
    }
}

/// Whom the fields are about, as far as these are addresses.
fn named_by(fields: &[Evidence]) -> Vec<Address> {
    let recipients = fields.iter().filter_map(|field| field.recipient.clone());
    recipients.filter(|address| address.as_str().contains('@')).collect()
}

fn fields_in_text(text: &str) -> Option<StatusReport> {
    // `Final-Recipient:` or `Original-Recipient:`, in any case.
    let named = memchr::memmem::find_iter(text.as_bytes(), b"ecipient:").any(|at| {
        let before = text.as_bytes().get(at.saturating_sub(7)..at).unwrap_or_default();
        before.eq_ignore_ascii_case(b"final-r") || before.eq_ignore_ascii_case(b"ginal-r")
    });
    if !named {
        return None;
    }
    let report = read_status_part(text);
    (report.recipients.iter().any(|e| e.recipient.is_some())).then_some(report)
}

fn feedback_report(feedback: Feedback, returned: Returned) -> Report {
    let others: Vec<&Address> = feedback.named.iter().chain(returned.recipients()).collect();
    let verdict = |address: Option<Address>| Verdict {
        candidates: each_once(address.iter().chain(others.iter().copied())),
        address,
        final_recipient: None,
        outcome: None,
        category: feedback.category,
        reason: Reason::Feedback,
        severity: Severity::None,
        action: feedback.category.default_action(),
        status: None,
        reply: None,
        diagnostic: None,
        remote_mta: None,
        new_address: None,
        rule: "feedback-report".into(),
        evidence: Some(format!("Feedback-Type: {}", feedback.kind)),
        contradicts_status: false,
        provider: None,
        own_category: None,
    };
    let recipients = if feedback.recipients.is_empty() {
        vec![verdict(None)]
    } else {
        feedback.recipients.iter().cloned().map(Some).map(verdict).collect()
    };
    Report {
        category: feedback.category,
        recipients,
        original: returned.original,
        provenance: returned.provenance.with_return_path(feedback.return_path),
        feedback_type: Some(feedback.kind),
        reporting_mta: feedback.reporting_mta,
        ..blank()
    }
}

fn kind_verdict(kind: Kind, candidates: Vec<Address>) -> Verdict {
    Verdict {
        address: kind.address,
        candidates,
        final_recipient: None,
        outcome: None,
        category: kind.category,
        reason: kind.reason,
        severity: Severity::None,
        action: kind.category.default_action(),
        status: None,
        reply: None,
        diagnostic: None,
        remote_mta: None,
        new_address: kind.new_address,
        rule: kind.rule,
        evidence: kind.evidence,
        contradicts_status: false,
        provider: None,
        own_category: None,
    }
}

fn each_once<'a>(addresses: impl Iterator<Item = &'a Address>) -> Vec<Address> {
    let mut each: Vec<Address> = Vec::new();
    for address in addresses {
        if !each.iter().any(|known| known.same(address)) {
            each.push(address.clone());
        }
    }
    each
}

/// Nothing is known.
fn blank() -> Report {
    Report {
        category: Category::Unrecognised,
        recipients: Vec::new(),
        original: Original::default(),
        feedback_type: None,
        dialect: None,
        rules_version: Cow::Borrowed(""),
        reporting_mta: None,
        written_at: None,
        provenance: Provenance::default(),
        notes: Vec::new(),
    }
}
