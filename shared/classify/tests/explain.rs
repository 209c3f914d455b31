//! An explanation explains the report that is given, and nothing else.
#![allow(missing_docs)]

use std::path::Path;

use rebound_classify::explain::{Basis, ContactSource, Source, Strength};
use rebound_classify::reason::NOTHING_KNOWN;
use rebound_classify::{Category, Classifier, Reason, Report};
use rebound_mailbox::sources::Sources;

#[test]
fn explaining_changes_no_report_and_names_what_decided() {
    let classifier = Classifier::new();
    let mailbox = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/mailbox");
    let mut explained = 0;
    for message in Sources::open([mailbox]) {
        let message = message.expect("part of the repository");
        let file = &message.origin;
        let (report, explanation) = classifier.explain(&message.bytes);
        assert_eq!(report, classifier.classify(&message.bytes), "{file}");
        assert_eq!(
            explanation.basis == Basis::Nothing,
            report.category == Category::Unrecognised,
            "{file}: {explanation:#?}"
        );
        let is_report = matches!(
            explanation.basis,
            Basis::DeliveryStatus | Basis::Notification | Basis::Words
        );
        assert!(!is_report || explanation.missing.is_empty(), "{file}: {explanation:#?}");
        if explanation.recipients.is_empty() {
            assert!(!has_diagnostics(&report), "{file}");
            continue;
        }
        assert_eq!(explanation.recipients.len(), report.recipients.len(), "{file}");
        for (verdict, why) in report.recipients.iter().zip(&explanation.recipients) {
            let decided = why.rules.first().map_or(NOTHING_KNOWN, |rule| rule.rule.as_str());
            assert_eq!(decided, verdict.rule, "{file}");
            let charged = why.contacts.first().map(|candidate| &candidate.address);
            assert_eq!(charged, verdict.address.as_ref(), "{file}");
            assert!(!why.findings.is_empty(), "{file}");
            assert!(why.contacts.is_sorted_by_key(|candidate| candidate.source), "{file}");
            explained += 1;
        }
    }
    assert!(explained > 80, "{explained}");
}

fn has_diagnostics(report: &Report) -> bool {
    report.recipients.iter().any(|verdict| verdict.diagnostic.is_some())
}

#[test]
fn what_lost_is_told_with_what_won() {
    let message = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: news@example.org\n\
        Subject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; boundary=b; report-type=delivery-status\n\n\
        --b\n\nThis is the mail system at host mx.example.net.\n\n--b\nContent-Type: message/delivery-status\n\n\
        Reporting-MTA: dns; mx.example.net\n\nOriginal-Recipient: rfc822; ann@example.com\n\
        Final-Recipient: rfc822; far.end@example.net\nAction: failed\nStatus: 5.1.1\n\
        Diagnostic-Code: smtp; 550 5.1.1 Service unavailable; client [192.0.2.7] blocked using bl.example.org\n\n--b--\n";
    let (report, explanation) = Classifier::new().explain(message.as_bytes());
    assert_eq!(report.category, Category::SenderBlocked);
    assert_eq!(explanation.basis, Basis::DeliveryStatus);
    let [why] = explanation.recipients.as_slice() else {
        panic!("one recipient: {explanation:#?}");
    };
    assert_eq!(
        why.findings.first().map(|finding| finding.source),
        Some(Source::StatusField)
    );
    let contradicted = why.contradicted.as_ref().expect("the status says something else");
    assert_eq!(contradicted.reason, Reason::UserUnknown);
    assert!(
        why.rules.iter().skip(1).any(|lost| lost.strength == Strength::Status),
        "{why:#?}"
    );
    let sources: Vec<_> = why.contacts.iter().map(|candidate| candidate.source).collect();
    assert_eq!(
        sources,
        [ContactSource::OriginalRecipient, ContactSource::FinalRecipient]
    );
}

#[test]
fn ordinary_mail_is_told_what_it_lacks() {
    let message =
        "From: ann@example.com\nTo: news@example.org\nSubject: Re: lunch\nIn-Reply-To: <1@example.org>\n\nAt noon?\n";
    let (report, explanation) = Classifier::new().explain(message.as_bytes());
    assert_eq!(
        (report.category, explanation.basis),
        (Category::Unrecognised, Basis::Nothing)
    );
    assert!(!explanation.missing.is_empty());
    assert!(explanation.signs.iter().any(|sign| sign.points < 0), "{explanation:#?}");
}
