//! Ordinary mail stays ordinary: what only speaks of a failed delivery, quotes one, forwards one or pretends to be one
//! reports no failure. A false hard bounce cuts off a person.
#![allow(missing_docs)]

use rebound_classify::{Address, Category, Classifier};

const BOUNCE: &str = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com (Mail Delivery System)\nTo: news@example.org\n\
    Subject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"in\"\n\n\
    --in\n\n<ann@example.com>: host mx.example.com said: 550 5.1.1 User unknown\n\n--in\nContent-Type: message/delivery-status\n\n\
    Reporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1\n\
    Diagnostic-Code: smtp; 550 5.1.1 User unknown\n\n--in--\n";

#[test]
fn ordinary_mail_is_no_failure() {
    let forwarded = format!(
        "Return-Path: <eva@example.org>\nFrom: Eva <eva@example.org>\nTo: news@example.org\nSubject: Fwd: Undelivered Mail Returned to Sender\n\
         Content-Type: multipart/mixed; boundary=out\n\n--out\n\nLook what came back. Do you know this Ann?\n\n--out\nContent-Type: message/rfc822\n\n{BOUNCE}\n--out--\n"
    );
    let inline = format!(
        "Return-Path: <eva@example.org>\nFrom: Eva <eva@example.org>\nTo: news@example.org\nSubject: WG: Undelivered Mail Returned to Sender\n\nCan you check?\n\n\
         ---------- Forwarded message ----------\n{BOUNCE}"
    );
    let quoted = format!("> {}", BOUNCE.replace('\n', "\n> "));
    for (what, message) in [
        ("a bounce that a colleague attached", forwarded.as_str()),
        ("a bounce that a colleague forwarded inline", &inline),
        (
            "an answer that quotes a bounce",
            &format!(
                "Return-Path: <eva@example.org>\nFrom: Eva <eva@example.org>\nTo: news@example.org\nIn-Reply-To: <1@example.org>\nSubject: Re: Undelivered Mail Returned to Sender\n\nI fixed it.\n\n{quoted}"
            ),
        ),
        (
            "a newsletter about bounces",
            "Return-Path: <bounces@lists.example.net>\nFrom: Deliverability Weekly <weekly@example.net>\nTo: news@example.org\nSubject: What \"550 5.1.1 User unknown\" means\n\
             List-Unsubscribe: <mailto:leave@lists.example.net>\n\nWhen mail cannot be delivered, servers say:\n\n550 5.1.1 <ann@example.com>: User unknown\n\n\"Delivery failed permanently\" is a hard bounce.\n",
        ),
        (
            "a list post about bounces",
            "Return-Path: <list-bounces@lists.example.net>\nFrom: Karl <karl@example.net>\nTo: mailop@lists.example.net\nSubject: [mailop] Undelivered Mail Returned to Sender from example.com\n\
             List-Id: <mailop.lists.example.net>\nPrecedence: list\n\nSince Monday we get\n\n<ann@example.com>: host mx.example.com said: 550 5.7.1 blocked\n\nAnyone else?\n",
        ),
        (
            "a phishing mail dressed up as a bounce",
            "Return-Path: <x@evil.example>\nFrom: \"Mail Delivery System\" <postmaster@evil.example>\nTo: news@example.org\nSubject: Undelivered Mail Returned to Sender\n\n\
             5 messages to news@example.org could not be delivered because your mailbox is full.\nClick here to release messages: https://evil.example/login\n",
        ),
        (
            "spam with a failing subject",
            "Return-Path: <win@spam.example>\nFrom: Lucky <win@spam.example>\nTo: news@example.org\nSubject: Delivery failure: your parcel could not be delivered\n\n\
             Your parcel is waiting at ann@example.com. Pay now.\n",
        ),
        (
            "a daily summary of the mail log",
            "Return-Path: <root@mx.example.org>\nFrom: postmaster@mx.example.org\nTo: news@example.org\nSubject: Postfix log summary for 3 August\n\n\
             bounced\n-------\n  ann@example.com (total: 3)\n     550 5.1.1 <ann@example.com>: User unknown\n  bob@example.net (total: 1)\n     552 5.2.2 Mailbox full\n",
        ),
        (
            "a list of yesterday's bounces",
            "Return-Path: <root@mx.example.org>\nFrom: postmaster@mx.example.org\nTo: news@example.org\nSubject: Mail of 3 August\n\n\
             ann@example.com: 550 5.1.1 User unknown\nbob@example.net: 552 5.2.2 Mailbox full\n",
        ),
        (
            "a monitoring alarm",
            "Return-Path: <noreply@monitor.example>\nFrom: Alerts <noreply@monitor.example>\nTo: news@example.org\nSubject: [ALERT] smtp check failed\nAuto-Submitted: auto-generated\n\n\
             The check for mx1.example.org returned 421 service not available at 10:00.\n",
        ),
        (
            "a complaint about undelivered goods",
            "Return-Path: <kim@example.com>\nFrom: Kim <kim@example.com>\nTo: news@example.org\nSubject: Order 550 was not delivered\n\nMy order 550 was not delivered to kim@example.com. Please help.\n",
        ),
        (
            "a delivery notice of a shop",
            "Return-Path: <noreply@shop.example>\nFrom: Shop <noreply@shop.example>\nTo: news@example.org\nSubject: Delivery problem with your order\n\nWe could not deliver your parcel. Call 555 0100.\n",
        ),
    ] {
        for ends in ["\n", "\r\n", "\r"] {
            let report = Classifier::new().classify(message.replace('\n', ends).as_bytes());
            let failing = report.recipients.iter().any(|verdict| verdict.category.is_failure());
            assert!(
                !failing && !report.category.is_failure(),
                "{what} with {ends:?}: {} {:?}",
                report.category,
                report.recipients
            );
        }
    }
}

#[test]
fn what_a_robot_passed_on_is_still_a_report() {
    let wrapped = format!(
        "Return-Path: <mailman-bounces@lists.example.net>\nFrom: mailman-bounces@lists.example.net\nTo: list-owner@lists.example.net\nSubject: Uncaught bounce notification\n\
         X-Mailman-Version: 2.1.39\nContent-Type: multipart/mixed; boundary=out\n\n--out\n\nThe attached message was received as a bounce, but no member addresses could be extracted.\n\n\
         --out\nContent-Type: message/rfc822\n\n{BOUNCE}\n--out--\n"
    );
    for message in [BOUNCE, &wrapped] {
        let report = Classifier::new().classify(message.as_bytes());
        assert_eq!(report.category, Category::HardBounce, "{message}");
        assert_eq!(
            report.recipients[0].address.as_ref().map(Address::as_str),
            Some("ann@example.com")
        );
    }
}
