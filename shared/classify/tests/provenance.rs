//! What a report shows of where it came from, and whom it may be about.

use rebound_classify::explain::ContactSource;
use rebound_classify::{Address, Category, Classifier, Provenance, Report};

const RETURNED: &str = "Return-Path: <bounces+t1@example.com>\nReceived: from app.example.com by out.example.com; Sun, 22 Nov 2026 09:00:00 +0000\n\
    From: Example Weekly <news@mail.example.com>\nSender: <robot@sender.example.net>\nTo: ann@example.org\nSubject: News\n\
    Date: Sun, 22 Nov 2026 09:00:00 +0000\nMessage-ID: <1@ids.example.com>\n\
    List-Unsubscribe: <mailto:leave+t2@example.com?subject=leave>, <https://example.com/leave>,\n <MAILTO:leave+t3@example.com>\n\nHello\n";

fn judged(message: &str) -> Report {
    Classifier::new().classify(message.as_bytes())
}

fn words(addresses: &[Address]) -> Vec<&str> {
    addresses.iter().map(Address::as_str).collect()
}

/// A report of a server, with `fields` on top of it and `recipients` in its fields for programs.
fn bounce(fields: &str, recipients: &[&str]) -> String {
    let about: Vec<String> = recipients
        .iter()
        .map(|recipient| format!("\n{recipient}\nAction: failed\nStatus: 5.1.1\n"))
        .collect();
    let about = about.concat();
    format!(
        "{fields}From: MAILER-DAEMON@mx.example.net\nTo: <bounces+t1@example.com>\nSubject: Undelivered Mail\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nIt failed.\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n{about}\n\
         --b\nContent-Type: message/rfc822\n\n{RETURNED}\n--b--\n"
    )
}

#[test]
fn a_report_shows_its_way_and_that_of_the_message_it_returns() {
    let raw = bounce(
        "Delivered-To: bounces+t1@store.example.com\nX-Original-To: bounces+t1@example.com\n\
         Received: from in.example.com by store.example.com with LMTP id 1;\n\tSun, 22 Nov 2026 10:00:05 +0000\n\
         Received: from mx.example.net (mx.example.net [192.0.2.1])\n\tby in.example.com (Postfix) with ESMTPS id 2;\n\tSun, 22 Nov 2026 10:00:00 +0000\n\
         Date: Tue, 1 Jan 2030 00:00:00 +0000\n",
        &["Final-Recipient: rfc822; ann@example.org"],
    );
    let shown = judged(&raw).provenance;
    assert_eq!(
        words(&shown.delivered_to),
        ["bounces+t1@store.example.com", "bounces+t1@example.com"]
    );
    assert_eq!(
        shown.arrived_at,
        Some(1_795_341_605),
        "not the date that its author gave"
    );
    assert_eq!(shown.server.as_deref(), Some("192.0.2.1"));
    assert_eq!(words(&shown.returned_path), ["bounces+t1@example.com"]);
    assert_eq!(
        words(&shown.unsubscribe),
        ["leave+t2@example.com", "leave+t3@example.com"]
    );
    assert_eq!(shown.returned_date, Some(1_795_338_000));
    assert_eq!(shown.returned_domains, ["example.com", "example.net"]);
}

#[test]
fn a_message_that_shows_nothing_shows_nothing() {
    assert_eq!(judged("").provenance, Provenance::default());
    let many = "Delivered-To: a@example.com\nDelivered-To: b@example.com, c@example.com\n".repeat(100);
    let named: Vec<String> = (0..1_000).map(|n| format!("a{n}@example.com")).collect();
    let many = format!(
        "{many}To: {}\nSubject: failure notice\nFrom: MAILER-DAEMON@example.net\n\n<ann@example.org>: 550 5.1.1 no such user\n",
        named.join(", ")
    );
    let shown = judged(&many).provenance;
    assert_eq!(shown.delivered_to.len(), 16);
}

#[test]
fn a_complaint_shows_where_the_reported_message_came_from() {
    let raw = format!(
        "From: fbl@provider.example\nTo: fbl@example.com\nSubject: complaint\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n\
         --b\n\nA complaint.\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\nUser-Agent: x/1\n\
         Original-Mail-From: <bounces+t9@example.com>\nOriginal-Rcpt-To: <inbox@provider.example>\n\n--b\nContent-Type: message/rfc822\n\n{RETURNED}\n--b--\n"
    );
    let report = judged(&raw);
    assert_eq!(report.category, Category::Complaint);
    assert_eq!(
        words(&report.provenance.returned_path),
        ["bounces+t1@example.com", "bounces+t9@example.com"]
    );
    assert_eq!(
        words(&report.recipients.first().expect("a verdict").candidates),
        ["inbox@provider.example", "ann@example.org"]
    );
}

#[test]
fn everybody_who_may_be_the_contact_is_named_in_the_order_of_trust() {
    for (what, raw, expected) in [
        (
            "the returned message's recipient goes before a forwarding's end",
            bounce("", &["Final-Recipient: rfc822; end@example.net"]),
            &[&["ann@example.org", "end@example.net"][..]][..],
        ),
        (
            "each once",
            bounce("", &["Original-Recipient: rfc822; Ann@example.org\nFinal-Recipient: rfc822; ann@example.org"]),
            &[&["Ann@example.org"]],
        ),
        (
            "of several, whoever the report names goes first",
            bounce(
                "",
                &["Final-Recipient: rfc822; bob@example.net", "Final-Recipient: rfc822; cat@example.net"],
            ),
            &[&["bob@example.net", "ann@example.org"], &["cat@example.net", "ann@example.org"]],
        ),
        (
            "a letter is its author's",
            "From: Ann <ann@example.org>\nReply-To: ann@example.net\nTo: leave+t2@example.com\nSubject: unsubscribe\n\nunsubscribe\n".to_owned(),
            &[&["ann@example.org", "ann@example.net"]],
        ),
        (
            "or that of whom it names",
            "From: Ann <ann@example.net>\nTo: leave+t2@example.com\nSubject: unsubscribe\n\nplease unsubscribe me.\n\nI used to be ann@example.org\nor <a@example.edu>.\n".to_owned(),
            &[&["ann@example.net", "ann@example.org", "a@example.edu"]],
        ),
    ] {
        let report = judged(&raw);
        let candidates: Vec<Vec<&str>> = report.recipients.iter().map(|v| words(&v.candidates)).collect();
        assert_eq!(candidates, expected, "{what}");
        for verdict in &report.recipients {
            assert_eq!(verdict.address.as_ref(), verdict.candidates.first(), "{what}");
        }
    }
}

#[test]
fn what_a_report_shows_is_no_part_of_what_is_printed() {
    let printed =
        serde_json::to_string(&judged(&bounce("", &["Final-Recipient: rfc822; ann@example.org"]))).expect("JSON");
    for hidden in ["provenance", "candidates", "bounces+t1"] {
        assert!(!printed.contains(hidden), "{hidden} in {printed}");
    }
}

#[test]
fn a_return_path_that_reads_like_a_contacts_goes_before_whom_the_returned_message_names() {
    let forwarded = "Final-Recipient: rfc822; end@example.net";
    let to_list = |raw: String| raw.replace("To: ann@example.org", "To: members@lists.example.com");
    let hinting = |raw: String| raw.replace("To: <bounces+t1@", "To: <bounces+ann=example.org@");
    let named = ContactSource::ReturnPathHint;
    for (what, raw, source, contact) in [
        (
            "where the report came to",
            hinting(to_list(bounce("", &[forwarded]))),
            named,
            "ann@example.org",
        ),
        (
            "behind what a forwarder wrote",
            hinting(bounce("", &[forwarded])).replace("bounces+ann=", "SRS0=Hx7f=2B=example.com=bounces+ann="),
            named,
            "ann@example.org",
        ),
        (
            "what the returned message says it came from",
            to_list(bounce("", &[forwarded]))
                .replace("Return-Path: <bounces+t1@", "Return-Path: <bounces+ann=example.org@"),
            named,
            "ann@example.org",
        ),
        (
            "of two readings the one that the report names",
            hinting(to_list(bounce("", &["Final-Recipient: rfc822; 7-ann@example.org"])))
                .replace("bounces+ann=", "bounces+7-ann="),
            named,
            "7-ann@example.org",
        ),
        (
            "not before the original recipient",
            hinting(bounce(
                "",
                &["Original-Recipient: rfc822; bob@example.net\nFinal-Recipient: rfc822; end@example.net"],
            )),
            ContactSource::OriginalRecipient,
            "bob@example.net",
        ),
        (
            "not where it reads like the sender",
            bounce("", &[forwarded]).replace("To: <bounces+t1@", "To: <bounces+news=mail.example.com@"),
            ContactSource::ReturnedTo,
            "ann@example.org",
        ),
        (
            "not of several recipients",
            hinting(bounce("", &[forwarded, "Final-Recipient: rfc822; bob@example.net"])),
            ContactSource::FinalRecipient,
            "end@example.net",
        ),
        (
            "not from a number",
            to_list(bounce("", &[forwarded])).replace("bounces+t1@", "bounces+12=34@"),
            ContactSource::ReturnedTo,
            "members@lists.example.com",
        ),
    ] {
        let (report, explanation) = Classifier::new().explain(raw.as_bytes());
        let contact_of = report.recipients.first().and_then(|verdict| verdict.address.as_ref());
        assert_eq!(contact_of.map(Address::as_str), Some(contact), "{what}");
        let first = explanation
            .recipients
            .first()
            .and_then(|recipient| recipient.contacts.first());
        assert_eq!(first.map(|candidate| candidate.source), Some(source), "{what}");
    }
}
