//! Complaints that are no ARF report, and the statistics that look like one and are none.

use super::letter::Letter;
use super::phrases::Says;
use super::robot::Nature;
use super::{Evidence, Kind};
use crate::mime::{Mail, Part, Role, addresses};
use crate::words::{Address, Category, Reason};

/// Who sends complaints without ARF: Microsoft's Junk Mail Reporting Program, SpamCop, providers' abuse desks.
const SENDERS: &[&str] = &[
    "staff@hotmail.com",
    "staff@outlook.com",
    "@reports.spamcop.net",
    "@spamcop.net",
    "@devnull.spamcop.net",
    "scomp@aol.net",
    "fbl@",
    "feedbackloop@",
    "feedback-loop@",
    "abuse-report@",
    "complaints@",
    "fbl-noreply@",
];

/// The field in which Microsoft's Junk Mail Reporting Program names the complaining recipient.
const MICROSOFT_RECIPIENT: &str = "x-hmxmroriginalrecipient";

/// The returned message's own record of whom it was delivered to, more reliable than its `To`.
const RECIPIENT_FIELDS: &[&str] = &[
    MICROSOFT_RECIPIENT,
    "original-rcpt-to",
    "x-original-recipient",
    "x-rcpt-to",
    "x-original-to",
    "delivered-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
];

/// The rule for a reported message that came back bare.
pub(super) const UNWRAPPED: &str = "complaint.unwrapped";

pub(super) fn recognise(letter: &Letter<'_>) -> Option<Kind> {
    if let Some(kind) = aggregate(letter) {
        return Some(kind);
    }
    if let Some(kind) = unwrapped(letter) {
        return Some(kind);
    }
    // RFC 5965 reports have a reader of their own.
    if letter.mail.part(Role::FeedbackReport).is_some() {
        return None;
    }
    let returned = letter
        .mail
        .part(Role::ReturnedMessage)
        .or_else(|| letter.mail.part(Role::ReturnedHeaders));
    let says = letter.subject().hits.has(Says::Complaint) || letter.whole().hits.has(Says::Complaint);
    let sender = known_sender(letter);
    let announced = letter.subject().hits.has(Says::Complaint) && !letter.subject().hits.has(Says::Failure);
    let is_complaint = match (&returned, &sender) {
        // Microsoft returns the message and says nothing else.
        (Some(returned), _) if returned_field(returned, MICROSOFT_RECIPIENT).is_some() => {
            !letter.subject().hits.has(Says::Failure)
        }
        (Some(_), None) => announced && is_desk(letter),
        (_, Some(_)) => says,
        (None, None) => false,
    };
    if !is_complaint || letter.is_bulk() || letter.quotes() && sender.is_none() && returned.is_none() {
        return None;
    }
    let evidence = letter.whole_evidence(Says::Complaint).or(sender);
    let reported = returned.as_ref().and_then(reported_recipient);
    Some(Kind::new(Category::Complaint, Reason::Feedback, "complaint.words", evidence).about(reported))
}

/// Microsoft's report, unwrapped on its way: the reported message itself comes back from the program's sender.
fn unwrapped(letter: &Letter<'_>) -> Option<Kind> {
    let mail = letter.mail;
    let recipient = mail.header(MICROSOFT_RECIPIENT)?;
    let path = mail.return_path()?.as_str().to_ascii_lowercase();
    let evidence = SENDERS.contains(&path.as_str()).then(|| Evidence {
        language: "",
        words: format!("Return-Path: <{path}>"),
    })?;
    let reported = addresses(recipient).into_iter().next();
    Some(Kind::new(Category::Complaint, Reason::Feedback, UNWRAPPED, Some(evidence)).about(reported))
}

/// DMARC aggregate reports (RFC 7489 section 7.2.1.1) and TLS reports (RFC 8460): statistics about our own domain.
fn aggregate(letter: &Letter<'_>) -> Option<Kind> {
    let mail = letter.mail;
    let tls = mail
        .parts()
        .next()
        .and_then(|root| root.parameter("report-type"))
        .is_some_and(|kind| kind.eq_ignore_ascii_case("tlsrpt"))
        || mail
            .parts()
            .any(|part| is_type(&part, "application/tlsrpt+gzip") || is_type(&part, "application/tlsrpt+json"));
    let attached = mail.parts().any(|part| {
        [
            "application/gzip",
            "application/zip",
            "application/x-zip-compressed",
            "application/x-zip",
            "application/x-gzip",
            "text/xml",
            "application/xml",
            "application/octet-stream",
        ]
        .iter()
        .any(|kind| is_type(&part, kind))
    });
    let titled = letter.subject().hits.has(Says::AggregateReport);
    if !(tls || titled && attached) || letter.is_bulk() {
        return None;
    }
    let evidence = letter.subject_evidence(Says::AggregateReport);
    let rule = if tls { "report.tls" } else { "report.dmarc-aggregate" };
    Some(Kind::new(Category::DeliveryReport, Reason::Undefined, rule, evidence))
}

fn is_type(part: &Part<'_>, kind: &str) -> bool {
    part.content_type().eq_ignore_ascii_case(kind)
}

fn known_sender(letter: &Letter<'_>) -> Option<Evidence> {
    let from = letter.mail.from()?.as_str().to_ascii_lowercase();
    SENDERS
        .iter()
        .any(|known| {
            if known.ends_with('@') {
                from.starts_with(known)
            } else {
                from.ends_with(known)
            }
        })
        .then_some(Evidence {
            language: "",
            words: from,
        })
}

/// Whether a program or an abuse desk wrote it: what people forward with such a subject is a matter for a reader.
fn is_desk(letter: &Letter<'_>) -> bool {
    let local = letter
        .mail
        .from()
        .map(|from| from.local().to_ascii_lowercase())
        .unwrap_or_default();
    let desk = [
        "abuse",
        "fbl",
        "feedback",
        "complaint",
        "spam",
        "postmaster",
        "noreply",
        "no-reply",
        "staff",
    ]
    .iter()
    .any(|desk| local.contains(desk));
    desk || letter.robot().nature >= Nature::Generated
}

/// Whose complaint it is: the recipient of the reported message.
fn reported_recipient(returned: &Part<'_>) -> Option<Address> {
    RECIPIENT_FIELDS
        .iter()
        .find_map(|name| addresses(&returned_field(returned, name)?).into_iter().next())
        .or_else(|| {
            let mut to = addresses(&returned_field(returned, "to")?).into_iter();
            let first = to.next()?;
            to.next().is_none().then_some(first)
        })
        .filter(|address| address.domain().is_some())
}

fn returned_field(returned: &Part<'_>, name: &str) -> Option<String> {
    let bytes = returned.bytes();
    Mail::parse(&bytes).header(name).map(str::to_owned)
}
