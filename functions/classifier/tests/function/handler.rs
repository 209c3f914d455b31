//! What the handler does with messages, rules and policies.

use aws_sdk_s3::primitives::ByteStream;
use jiff::Timestamp;
use rebound_archive::ObjectKey;
use rebound_classifier::event::Invocation;
use rebound_classifier::{Function, POLICY_KEY, RULES_KEY, UserPolicy, UserRules};
use rebound_classify::Classifier;
use rebound_classify::reason::{RuleSet, Rules};
use rebound_contacts::Policy;
use rebound_contacts::repository::Tables;
use rebound_lambda::Call;
use rebound_lambda::metrics::{Dimension, Metric};
use rebound_local::LocalStack;
use serde_json::json;
use std::sync::Arc;

use crate::stack::{REPORT, Stack, batch, failed_ids};

/// What our own server writes on top of a report.
const ARRIVAL: &str = "Received: from mx.example.org (mx.example.org [203.0.113.9]) by mx.lists.example.net with ESMTP; \
    Mon, 03 Aug 2026 20:00:00 +0000\r\n";

#[tokio::test]
async fn a_stored_report_is_judged_once_however_often_it_is_announced() {
    let stack = Stack::start().await;
    let key = stack.store(REPORT).await.to_string();
    let (first, invocation) = stack.handle(&[&key, &key]).await;
    assert_eq!(first.judged.iter().filter(|judged| judged.recorded.new).count(), 1);
    assert!(failed_ids(first, &invocation).is_empty());
    let before = stack.ann().await.expect("recorded");
    assert_eq!(
        (
            before.events,
            before.counters.hard_bounces,
            before.suppression.is_some()
        ),
        (1, 1, true)
    );

    let (again, _) = stack.handle(&[&key]).await;
    assert!(again.judged.iter().all(|judged| !judged.recorded.new));
    assert_eq!(stack.ann().await, Some(before));
}

#[tokio::test]
async fn an_event_happened_when_its_report_was_written_but_never_after_it_was_fetched() {
    for (date, expected) in [
        ("Tue, 4 Aug 2026 04:00:51 +0000", "2026-08-04T04:00:51.000Z"),
        ("Fri, 4 Aug 2028 04:00:51 +0000", "2026-08-05T00:00:00.000Z"),
        ("some day", "2026-08-05T00:00:00.000Z"),
    ] {
        let stack = Stack::start().await;
        let key = stack
            .store(&REPORT.replace("Tue, 4 Aug 2026 04:00:51 +0000", date))
            .await;
        stack.handle(&[&key.to_string()]).await;
        let contact = stack.ann().await.expect("recorded");
        assert_eq!(
            contact.last_event_at.map(|at| at.to_string()).as_deref(),
            Some(expected),
            "{date}"
        );
    }
}

#[tokio::test]
async fn a_report_can_choose_its_date_on_the_day_of_its_arrival_only() {
    for (date, expected) in [
        ("Mon, 3 Aug 2026 09:00:00 +0000", "2026-08-03T09:00:00.000Z"),
        ("Tue, 4 Aug 2026 01:59:00 +0200", "2026-08-03T23:59:00.000Z"),
        ("Sun, 2 Aug 2026 09:00:00 +0000", "2026-08-03T20:00:00.000Z"),
        ("Tue, 4 Aug 2026 09:00:00 +0000", "2026-08-03T20:00:00.000Z"),
        ("some day", "2026-08-03T20:00:00.000Z"),
    ] {
        let stack = Stack::start().await;
        let report = REPORT.replace("Tue, 4 Aug 2026 04:00:51 +0000", date);
        let key = stack.store(&format!("{ARRIVAL}{report}")).await;
        stack.handle(&[&key.to_string()]).await;
        let contact = stack.ann().await.expect("recorded");
        let at = contact.last_event_at.map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some(expected), "{date}");
    }
}

#[tokio::test]
async fn what_proves_nothing_silences_nobody_and_is_counted() {
    let stack = Stack::start().await;
    let nothing_back = REPORT.replace("From: news@lists.example.net", "From: news@example.org");
    let forged = |date: &str, subject: &str| {
        let forged = nothing_back.replace("Tue, 4 Aug 2026 04:00:51 +0000", date);
        format!("{ARRIVAL}{}", forged.replace("Undelivered", subject))
    };
    let call = Call {
        id: "call".to_owned(),
        began_at: Timestamp::UNIX_EPOCH,
        ends_at: None,
    };
    // Two, which claim to be of different days and came on one.
    for (date, subject, unproven) in [
        ("Mon, 3 Aug 2026 19:00:00 +0000", "Undelivered", 1),
        ("Sat, 1 Aug 2026 19:00:00 +0000", "Still undelivered", 0),
    ] {
        let key = stack.store(&forged(date, subject)).await.to_string();
        let event = batch(stack.local.bucket(), &[&key]);
        let counts = stack.function.answer(event, &call).await.expect("judged").counts;
        assert_eq!(counts.of(Metric::Messages), 1);
        assert_eq!((counts.of(Metric::Suppressed), counts.of(Metric::Held)), (0, 0));
        assert_eq!(counts.of(Metric::Unproven), unproven);
        assert_eq!(counts.of_one(Metric::Unproven, Dimension::Account, "bounces"), unproven);
        let ann = stack.ann().await.expect("recorded");
        assert!(ann.suppression.is_none() && ann.held.is_some());
    }
}

#[tokio::test]
async fn what_is_gone_or_no_message_is_passed_over() {
    let stack = Stack::start().await;
    let missing = ObjectKey::new(
        "bounces".parse().expect("a name"),
        rebound_message::MessageHash::of(b"never stored"),
    );
    let (outcome, invocation) = stack
        .handle(&[&missing.to_string(), "config/policy.toml", "raw/odd"])
        .await;
    assert!(outcome.judged.is_empty());
    assert!(failed_ids(outcome, &invocation).is_empty());
}

#[tokio::test]
async fn only_the_failing_record_is_to_be_delivered_again() {
    let stack = Stack::start().await;
    let good = stack.store(REPORT).await.to_string();
    let damaged = ObjectKey::new(
        "bounces".parse().expect("a name"),
        rebound_message::MessageHash::of(b"other bytes"),
    );
    let put = stack
        .local
        .s3()
        .put_object()
        .bucket(stack.local.bucket())
        .key(damaged.to_string());
    put.body(ByteStream::from_static(b"these bytes"))
        .send()
        .await
        .expect("the embedded store");
    let (outcome, invocation) = stack.handle(&[&damaged.to_string(), &good]).await;
    assert_eq!(outcome.judged.len(), 1);
    assert_eq!(failed_ids(outcome, &invocation), ["record-0"]);
}

#[tokio::test]
async fn nothing_is_answered_for_while_the_tables_are_missing() {
    let local = LocalStack::temporary().await.expect("a temporary stack");
    let stack = Stack::over(local, Tables::with_prefix("missing-"));
    let key = stack.store(REPORT).await.to_string();
    let (outcome, invocation) = stack.handle(&[&key]).await;
    assert!(outcome.judged.is_empty());
    assert_eq!(failed_ids(outcome, &invocation), ["record-0"]);
}

#[tokio::test]
async fn rules_from_the_bucket_judge_and_the_last_good_ones_stay() {
    const GOOD: &str = "[[rule]]\nid = \"ours.moon\"\nreason = \"mailbox-full\"\nphrases = [\"no such user\"]\nexamples = [\"550 No such user\"]\n";
    const BAD: &str = "[[rule]]\nid = \"ours.sun\"\nphrase = [\"x\"]\n";
    let local = LocalStack::temporary().await.expect("a temporary stack");
    let put = async |text: &str| {
        local
            .s3()
            .put_object()
            .bucket(local.bucket())
            .key(RULES_KEY)
            .body(ByteStream::from(text.as_bytes().to_vec()))
            .send()
            .await
            .expect("the file is stored");
    };
    let rules = UserRules::new(local.s3(), local.bucket());
    let rule_at = async |minute: i64| {
        let now = Timestamp::from_second(minute * 60).expect("a time");
        let report = rules.classifier(now).await.classify(REPORT.as_bytes());
        report.recipients.first().map(|verdict| verdict.rule.to_string())
    };
    let builtin = rule_at(0).await;
    assert!(builtin.is_some());
    put(GOOD).await;
    assert_eq!(rule_at(0).await, builtin, "nobody asks again within the minute");
    assert_eq!(rule_at(1).await.as_deref(), Some("ours.moon"));
    assert_eq!(rule_at(2).await.as_deref(), Some("ours.moon"), "unchanged");
    put(BAD).await;
    assert_eq!(
        rule_at(3).await.as_deref(),
        Some("ours.moon"),
        "a bad file changes nothing"
    );
    local
        .s3()
        .delete_object()
        .bucket(local.bucket())
        .key(RULES_KEY)
        .send()
        .await
        .expect("the file is deleted");
    assert_eq!(
        rule_at(4).await,
        builtin,
        "without a file the built-in rules judge alone"
    );
}

#[tokio::test]
async fn a_policy_from_the_bucket_is_followed_and_no_other_guessed() {
    const RECORD: &str = "[categories]\nhard-bounce = 'record'\n";
    let mut stack = Stack::start().await;
    let policy = UserPolicy::new(stack.local.s3(), stack.local.bucket());
    stack.function = stack.function.with_policy(policy.clone());
    let key = stack.store(REPORT).await.to_string();
    let put = async |text: &str| {
        let put = stack
            .local
            .s3()
            .put_object()
            .bucket(stack.local.bucket())
            .key(POLICY_KEY);
        put.body(ByteStream::from(text.as_bytes().to_vec()))
            .send()
            .await
            .expect("the file is stored");
    };

    put("[categories]\nhard-bounce = 'burn'\n").await;
    let (outcome, invocation) = stack.handle(&[&key]).await;
    assert!(outcome.judged.is_empty());
    assert_eq!(
        failed_ids(outcome, &invocation),
        ["record-0"],
        "nobody knows what to do"
    );
    assert_eq!(stack.ann().await, None);

    put(RECORD).await;
    let (outcome, _) = stack.handle(&[&key]).await;
    assert_eq!(outcome.judged.len(), 1);
    let ann = stack.ann().await.expect("recorded");
    assert_eq!((ann.counters.hard_bounces, ann.suppression), (1, None));

    put("[categories]\nhard-bounce = 'burn'\n").await;
    let later = Timestamp::from_second(120).expect("a time");
    let kept = policy.policy(later).await.expect("the one before");
    assert_eq!(Ok((*kept).clone()), Policy::parse(RECORD, "test"));
}

#[tokio::test]
async fn an_order_to_judge_again_replaces_what_was_recorded() {
    const RULES: &str = "[[rule]]\nid = \"ours.full\"\nreason = \"mailbox-full\"\nphrases = [\"no such user\"]\nexamples = [\"550 No such user\"]\n";
    let stack = Stack::start().await;
    let key = stack.store(REPORT).await.to_string();
    let set = RuleSet::parse(RULES, "ours").expect("good rules");
    let rules = Rules::with_user_rules(&[set]).expect("good rules");
    let misled = Classifier::new().with_rules(rules);
    let misled = Function::new(stack.archive.clone(), Arc::new(misled), stack.contacts.clone());
    let announced = Invocation::parse(batch(stack.local.bucket(), &[&key])).expect("a queue batch");
    misled.handle(&announced, Timestamp::UNIX_EPOCH).await;
    let before = stack.ann().await.expect("recorded");
    assert_eq!(before.counters.hard_bounces, 0);

    let order = json!({"reprocess": {"bucket": stack.local.bucket(), "keys": [key, "raw/odd"]}});
    let order = json!({"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": order.to_string()}]});
    let order = Invocation::parse(order).expect("an order");
    let outcome = stack.function.handle(&order, Timestamp::UNIX_EPOCH).await;
    assert_eq!((outcome.judged.len(), outcome.replaced.len()), (0, 1));
    assert_eq!(outcome.replaced[0].changes.len(), 1);
    assert!(failed_ids(outcome, &order).is_empty());
    let after = stack.ann().await.expect("still there");
    assert_eq!(
        (after.events, after.counters.hard_bounces, after.counters.soft_bounces),
        (1, 1, 0)
    );
    assert_eq!(after.first_event_at, before.first_event_at);

    // It is as if it had been judged so at once, and the same order again changes nothing.
    let right = Stack::start().await;
    right.store(REPORT).await;
    right.handle(&[&key]).await;
    assert_eq!(right.ann().await, Some(after));
    let again = stack.function.handle(&order, Timestamp::UNIX_EPOCH).await;
    assert!(again.replaced[0].changes.is_empty());
}
