//! A user's rules are asked before the built-in ones, and may name a category of their own.
#![allow(missing_docs)]

use rebound_classify::reason::{RuleSet, Rules};
use rebound_classify::{Action, Address, Category, Classifier, SentHeaders};

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
    let names = SentHeaders {
        contact: vec!["X-Moon".into()],
        campaign: vec!["X-Tide".into()],
    };
    let report = Classifier::new().with_sent_headers(names).classify(MESSAGE.as_bytes());
    assert_eq!(
        report.recipients[0].address.as_ref().map(Address::as_str),
        Some("ann-contact@example.com")
    );
    assert_eq!(report.original.campaign.as_deref(), Some("c42"));
}
