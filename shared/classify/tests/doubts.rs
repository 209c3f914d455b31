//! What must not end a contact: causes that pass, codes that contradict the words, words that are about somebody else.

#![allow(clippy::indexing_slicing)] // a test may panic

use rebound_classify::{Category, Classifier, Reason, Report, Severity};

/// A report of Postfix about `ann@example.com`, as it stands in both of its parts.
fn postfix(status: &str, words: &str) -> Report {
    let mail = format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.org (Mail Delivery System)\nTo: news@example.org\n\
         Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
         --b\n\nThis is the mail system at host mx.example.org.\n\n<ann@example.com>: {words}\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n\
         Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: {status}\n\
         Diagnostic-Code: smtp; {words}\n\n--b--\n"
    );
    Classifier::new().classify(mail.as_bytes())
}

#[test]
fn a_lasting_reason_with_a_transient_code_is_soft() {
    for (status, words, reason) in [
        (
            "4.2.1",
            "450 4.2.1 This account is temporarily disabled",
            Reason::Suspended,
        ),
        (
            "4.2.1",
            "450 4.2.1 Mailbox suspended, try again later",
            Reason::Suspended,
        ),
        ("4.1.1", "450 4.1.1 <ann@example.com>", Reason::UserUnknown),
    ] {
        let report = postfix(status, words);
        let verdict = &report.recipients[0];
        assert_eq!(verdict.severity, Severity::Soft, "{words}: {verdict:#?}");
        assert_ne!(verdict.category, Category::HardBounce, "{words}");
        assert_eq!(verdict.reason, reason, "{words}");
    }
}

#[test]
fn words_win_over_the_status_and_the_report_says_so() {
    for (status, words, reason, contradicts) in [
        (
            "5.1.1",
            "550 5.1.1 <ann@example.com> mailbox is full",
            Reason::MailboxFull,
            true,
        ),
        (
            "5.7.1",
            "550 5.7.1 <ann@example.com>: no such user here",
            Reason::UserUnknown,
            true,
        ),
        (
            "5.1.1",
            "550 5.1.1 <ann@example.com>: no such user here",
            Reason::UserUnknown,
            false,
        ),
    ] {
        let report = postfix(status, words);
        assert_eq!(report.recipients[0].reason, reason, "{words}");
        assert_eq!(report.recipients[0].contradicts_status, contradicts, "{words}");
    }
}

#[test]
fn a_refused_sender_is_no_unknown_recipient() {
    // Only the words for people say which command was refused; the field holds the answer alone.
    let mail = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.org (Mail Delivery System)\nTo: news@example.org\n\
        Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
        --b\n\n<ann@example.com>: host mx.example.com[192.0.2.7] said: 550 <news@example.org>:\n    User unknown (in reply to MAIL FROM command)\n\n\
        --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; ann@example.com\n\
        Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 <news@example.org>: User unknown\n\n--b--\n";
    let report = Classifier::new().classify(mail.as_bytes());
    assert_eq!(report.category, Category::SenderBlocked, "{:#?}", report.recipients);
}

#[test]
fn what_introduces_a_quotation_counts_when_the_quotation_says_little() {
    let report = postfix(
        "4.0.0",
        "connect to mx.example.com[192.0.2.7]: server refused to talk to me: 421 Service not available",
    );
    assert_eq!(report.recipients[0].category, Category::SenderBlocked);

    let qmail = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.org\nTo: news@example.org\nSubject: failure notice\n\n\
        Hi. This is the qmail-send program at mx.example.org.\nI'm afraid I wasn't able to deliver your message to the following \
        addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<ann@example.com>:\n\
        Connected to 192.0.2.7 but my name was rejected.\nRemote host said: 501 5.0.0 Bad domain\n\
        I'm not going to try again; this message has been in the queue too long.\n";
    let report = Classifier::new().classify(qmail.as_bytes());
    let verdict = &report.recipients[0];
    assert_eq!(verdict.category, Category::SenderBlocked, "{verdict:#?}");
    assert_eq!(verdict.diagnostic.as_deref(), Some("501 5.0.0 Bad domain"));
}

#[test]
fn reply_and_status_come_from_the_same_answer() {
    let report = postfix(
        "4.4.7",
        "554 4.4.7 Expired: tried for a day.<421 4.4.2 Connection timed out>",
    );
    let verdict = &report.recipients[0];
    assert_eq!(verdict.reply, "421".parse().ok());
    assert_eq!(verdict.status, "4.4.2".parse().ok());
    assert_eq!(verdict.severity, Severity::Soft);
}

#[test]
fn a_daemon_that_keeps_the_subject_of_the_sent_mail_still_reports() {
    let james = "Return-Path: <>\nFrom: postmaster@mail.example.com\nTo: news@example.org\nSubject: Re:January news\n\n\
        Hi. This is the mail server at mail.example.com.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\
        This is a permanent error; I've given up.\n\nFailed recipient(s):\nann@example.com\n\nError message:\n550 5.1.1 user unknown\n";
    let report = Classifier::new().classify(james.as_bytes());
    assert_eq!(report.category, Category::HardBounce, "{report:#?}");
}
