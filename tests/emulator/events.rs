//! Every event of `events/` is answered as expected.

use rebound_test_emulator::{Called, Programs};
use rebound_test_events::{Expected, Situation, classifier, fetcher, includes, message, objects, reporter};
use rebound_test_mail::MailServer;

use crate::deployed::Deployed;

#[tokio::test]
async fn every_event_of_the_classifier_is_answered_as_expected() {
    let Some(programs) = Programs::find() else { return };
    let deployed = Deployed::new(programs).await;
    for object in objects() {
        deployed.put(object).await;
    }
    let mut function = deployed.function("classifier");
    for situation in classifier() {
        let called = function.call(&situation.event);
        check(&called, &situation);
        if let Expected::Answer(_) = situation.expected {
            for metric in ["Messages", "Duplicates", "Unrecognised", "Suppressed", "Failures"] {
                let expected = situation.counted.get(metric).copied().unwrap_or_default();
                assert_eq!(called.metric(metric), Some(expected), "{}: {metric}", situation.name);
            }
        }
        let judged = called.logged("message judged");
        let counted: u64 = ["Messages", "Duplicates"]
            .map(|metric| called.metric(metric).unwrap_or_default())
            .iter()
            .sum();
        assert_eq!(judged.len() as u64, counted, "{}: a line a message", situation.name);
        for line in judged {
            // The emulator gives out no trace id; it would stand beside this.
            assert!(line["span"]["requestId"].is_string(), "{line}");
        }
        assert_no_address(&called);
    }
}

#[tokio::test]
async fn every_event_of_the_fetcher_is_answered_as_expected() {
    let (Some(programs), Some(server)) = (Programs::find(), MailServer::dovecot()) else {
        return;
    };
    let deployed = Deployed::new(programs).await;
    let mailboxes = ["news", "shop"].map(|account| (account, server.mailbox(account)));
    for (account, mailbox) in &mailboxes {
        mailbox.inbox().deliver(&message("postfix-no-such-user.eml"));
        deployed.account(account, mailbox).await;
    }
    let mut function = deployed.function("fetcher");
    for situation in fetcher() {
        let called = function.call(&situation.event);
        check(&called, &situation);
        for metric in ["Heartbeat", "Queued", "AccountErrors"] {
            let expected = situation.counted.get(metric).copied().unwrap_or_default();
            assert_eq!(
                called.metric(metric).unwrap_or_default(),
                expected,
                "{}: {metric}",
                situation.name
            );
        }
        assert_no_address(&called);
    }
}

#[tokio::test]
async fn every_event_of_the_reporter_is_answered_as_expected() {
    let Some(programs) = Programs::find() else { return };
    let deployed = Deployed::new(programs).await;
    let mut function = deployed.function("reporter");
    for situation in reporter() {
        let called = function.call(&situation.event);
        check(&called, &situation);
        let written = situation.counted.get("Reports").copied();
        assert_eq!(called.metric("Reports"), written, "{}", situation.name);
        let lines = called.logged("report written").len() as u64;
        assert_eq!(
            lines,
            written.unwrap_or_default(),
            "{}: a line a report",
            situation.name
        );
        assert_no_address(&called);
    }
}

fn check(called: &Called, Situation { name, expected, .. }: &Situation) {
    let answer = &called.answer;
    match expected {
        Expected::Answer(expected) => assert!(includes(answer, expected), "{name}: {answer}"),
        Expected::Error(kind) => assert_eq!(answer["errorType"], *kind, "{name}: {answer}"),
    }
}

/// Logs and metrics are read by more people than contacts are.
fn assert_no_address(called: &Called) {
    for line in &called.log {
        assert!(!line.to_string().contains('@'), "{line}");
    }
}
