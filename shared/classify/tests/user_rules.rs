//! A user's rules are asked before the built-in ones, and may name a category of their own.
#![allow(missing_docs)]

use rebound_classify::explain::ContactSource;
use rebound_classify::reason::{RuleSet, Rules};
use rebound_classify::{Action, Address, Category, Classifier, SentMail, Severity};

const MESSAGE: &str = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nTo: news@example.org\nSubject: failure notice\n\n\
    <ann@example.com>:\nRemote host said: 550 5.1.1 The moon is full tonight\n\n--- Below this line is a copy of the message.\n\n\
    From: news@example.org\nTo: list@example.org\nX-Moon: ann-contact@example.com\nX-Tide: c42\nSubject: News\nMessage-ID: <1@example.org>\n\nwords\n";

#[test]
fn a_users_rule_decides() {
    let rules = "[[rule]]\nid = \"moon\"\nreason = \"policy-violation\"\nphrases = [\"moon is full\"]\nexamples = [\"550 the moon is full\"]\n";
    let set = RuleSet::parse(rules, "moon.toml").expect("a good rule file");
    let classifier = Classifier::new().with_rules(Rules::with_user_rules(&[set]).expect("it fits"));
    let report = classifier.classify(MESSAGE.as_bytes());
    assert_eq!(
        (report.category, report.recipients[0].rule.as_ref()),
        (Category::SenderBlocked, "moon")
    );
    assert_eq!(report.rules_version, classifier.rules().version());
    let builtin = Classifier::new().classify(MESSAGE.as_bytes());
    assert_eq!(
        (builtin.category, builtin.recipients[0].action),
        (Category::HardBounce, Action::Suppress)
    );
    assert_ne!(report.rules_version, builtin.rules_version);
}

#[test]
fn contact_and_campaign_may_stand_in_other_fields() {
    let sent = SentMail {
        contact_headers: vec!["X-Moon".into()],
        campaign_headers: vec!["X-Tide".into()],
        verp: Vec::new(),
    };
    let report = Classifier::new().with_sent_mail(sent).classify(MESSAGE.as_bytes());
    assert_eq!(
        report.recipients[0].address.as_ref().map(Address::as_str),
        Some("ann-contact@example.com")
    );
    assert_eq!(report.original.campaign.as_deref(), Some("c42"));
}

#[test]
fn a_users_rule_says_how_lasting_it_is_and_what_it_means() {
    for (fields, outcome, expected) in [
        (
            "reason = \"user-unknown\"",
            "failed",
            (Category::HardBounce, Severity::Hard, Action::Suppress),
        ),
        (
            "reason = \"user-unknown\"\nseverity = \"soft\"",
            "failed",
            (Category::SoftBounce, Severity::Soft, Action::Count),
        ),
        (
            "reason = \"mailbox-full\"\nseverity = \"hard\"",
            "failed",
            (Category::HardBounce, Severity::Hard, Action::Suppress),
        ),
        (
            "reason = \"mailbox-full\"\nseverity = \"hard\"",
            "delayed",
            (Category::PossibleFailure, Severity::Soft, Action::Record),
        ),
        (
            "category = \"moonstruck\"\naction = \"suppress\"",
            "delivered",
            (Category::Delivered, Severity::None, Action::Record),
        ),
    ] {
        let rules = format!(
            "[[rule]]\nid = \"moon\"\n{fields}\nphrases = [\"moon is full\"]\nexamples = [\"550 the moon is full\"]\n"
        );
        let set = RuleSet::parse(&rules, "moon.toml").expect("a good rule file");
        let classifier = Classifier::new().with_rules(Rules::with_user_rules(&[set]).expect("it fits"));
        let message = format!(
            "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nSubject: Report\n\
             Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n\
             Reporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; ann@example.com\nAction: {outcome}\n\
             Diagnostic-Code: smtp; the moon is full tonight\n\n--b--\n"
        );
        let report = classifier.classify(message.as_bytes());
        let verdict = &report.recipients[0];
        assert_eq!(
            (verdict.category, verdict.severity, verdict.action),
            expected,
            "{fields}, {outcome}"
        );
    }
}

#[test]
fn a_users_file_says_where_its_mail_names_contact_and_campaign() {
    let rules = "[mail]\nverp = [\"bounces+{local}={domain}@lists.example.org\"]\ncontact-headers = [\"X-Moon\"]\ncampaign-headers = [\"X-Tide\"]\n";
    let set = RuleSet::parse(rules, "ours.toml").expect("a good file");
    let classifier = Classifier::new().with_rules(Rules::with_user_rules(&[set]).expect("it fits"));
    for (message, source, contact) in [
        (
            MESSAGE.to_owned(),
            ContactSource::ContactHeader,
            "ann-contact@example.com",
        ),
        (
            MESSAGE.replace(
                "To: news@example.org\nSubject: failure",
                "To: bounces+eve=example.net@lists.example.org\nSubject: failure",
            ),
            ContactSource::ReturnPath,
            "eve@example.net",
        ),
        (
            MESSAGE.replace(
                "To: news@example.org\nSubject: failure",
                "Delivered-To: BOUNCES+eve=example.net@lists.example.org\nSubject: failure",
            ),
            ContactSource::ReturnPath,
            "eve@example.net",
        ),
        (
            MESSAGE.replace(
                "X-Moon:",
                "Return-Path: <bounces+eve=example.net@lists.example.org>\nX-Moon:",
            ),
            ContactSource::ReturnPath,
            "eve@example.net",
        ),
    ] {
        let (report, explanation) = classifier.explain(message.as_bytes());
        assert_eq!(
            report.recipients[0].address.as_ref().map(Address::as_str),
            Some(contact),
            "{message}"
        );
        assert_eq!(explanation.recipients[0].contacts[0].source, source, "{message}");
        assert_eq!(report.original.campaign.as_deref(), Some("c42"));
        assert_eq!(
            report.recipients[0].final_recipient.as_ref().map(Address::as_str),
            Some("ann@example.com")
        );
    }
}

#[test]
fn a_complaint_without_its_recipient_is_about_the_contact_of_the_return_path() {
    let rules = "[mail]\nverp = [\"bounces+{local}={domain}@lists.example.org\"]\n";
    let set = RuleSet::parse(rules, "ours.toml").expect("a good file");
    let classifier = Classifier::new().with_rules(Rules::with_user_rules(&[set]).expect("it fits"));
    let message = "From: fbl@example.com\nTo: fbl@example.org\nSubject: complaint\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n\
        --b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: redacted@example.com\n\n--b\nContent-Type: message/rfc822\n\n\
        Return-Path: <bounces+eve=example.net@lists.example.org>\nFrom: news@example.org\nSubject: News\nMessage-ID: <1@example.org>\n\nwords\n--b--\n";
    let report = classifier.classify(message.as_bytes());
    assert_eq!(report.category, Category::Complaint);
    assert_eq!(
        report.recipients[0].address.as_ref().map(Address::as_str),
        Some("eve@example.net")
    );
}

#[test]
fn a_fault_in_what_is_said_about_mail_is_reported_with_its_line() {
    let rules = "[mail]\nverp = [\n  \"bounces+{local}={domain}@lists.example.org\",\n  \"bounces@lists.example.org\",\n]\ncontact-headers = [\"X Moon\"]\n\n\
        [[rule]]\nid = \"moon\"\nreason = \"policy-violation\"\nphrases = [\"moon is full\"]\nexamples = [\"550 the sun\"]\n";
    let errors = RuleSet::parse(rules, "ours.toml").expect_err("three faults");
    let lines: Vec<usize> = errors.faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [4, 6, 12], "{errors}");
    let unknown = RuleSet::parse("[mail]\n\nverps = []\n", "ours.toml").expect_err("a misspelt field");
    assert_eq!(unknown.faults[0].line, 3, "{unknown}");
}
