//! What is written, and where.

use rebound_lambda::metrics::Metric;
use rebound_reporter::PREFIX;
use serde_json::json;

use crate::stack::{Stack, call, hard_bounce};

async fn with_some_bounces() -> Stack {
    let stack = Stack::start().await;
    for (name, at, who) in [
        ("yesterday", "2026-11-20T10:00:00Z", "Ann@Example.com"),
        ("the day before", "2026-11-19T23:59:59Z", "bob@example.net"),
        ("a month ago", "2026-10-25T08:00:00Z", "+eve@example.net"),
        ("long ago", "2026-01-01T08:00:00Z", "old@example.org"),
        ("tonight", "2026-11-21T00:10:00Z", "late@example.org"),
    ] {
        stack.record(hard_bounce(name, at, who)).await;
    }
    stack
}

#[tokio::test]
async fn a_nights_report_is_a_page_numbers_roll_ups_and_the_list_of_the_suppressed() {
    let stack = with_some_bounces().await;
    let tick = json!({"detail-type": "Scheduled Event", "time": "2026-11-21T00:15:00Z"});
    let answer = stack.function.answer(tick, &call()).await.expect("a report");
    let counted = [Metric::Reports, Metric::EventsReported, Metric::SuppressionsListed].map(|it| answer.counts.of(it));
    assert_eq!(counted, [1, 3, 5]);

    let written = stack.objects(PREFIX).await;
    assert_eq!(
        written.keys().collect::<Vec<_>>(),
        answer.value.objects.iter().collect::<Vec<_>>()
    );
    for place in ["reports/2026-11-20/", "reports/latest/"] {
        let page = stack.text(&format!("{place}report.html")).await;
        assert!(page.contains("Returned mail from 2026-10-22 to 2026-11-20"));
        let days = stack.text(&format!("{place}numbers/days.csv")).await;
        assert_eq!(days.lines().count(), 31, "a header and a row a day: {days}");
        assert_eq!(
            stack.json(&format!("{place}rollup.json")).await["categories"],
            json!({"hard-bounce": 1})
        );
        let list = stack.text(&format!("{place}suppressions.csv")).await;
        let (header, rows) = list.split_once("\r\n").expect("a header");
        assert_eq!(
            header,
            "\"address\",\"spelling\",\"suppressed_cause\",\"suppressed_at\",\"last_reason\",\"last_diagnostic\""
        );
        let mut rows: Vec<_> = rows.lines().collect();
        rows.sort_unstable();
        assert_eq!(
            rows,
            [
                r#""'+eve@example.net","'+eve@example.net","hard-bounce","2026-10-25T08:00:00.000Z","user-unknown","550 5.1.1 =no such user (a month ago)""#,
                r#""ann@example.com","Ann@Example.com","hard-bounce","2026-11-20T10:00:00.000Z","user-unknown","550 5.1.1 =no such user (yesterday)""#,
                r#""bob@example.net","bob@example.net","hard-bounce","2026-11-19T23:59:59.000Z","user-unknown","550 5.1.1 =no such user (the day before)""#,
                r#""late@example.org","late@example.org","hard-bounce","2026-11-21T00:10:00.000Z","user-unknown","550 5.1.1 =no such user (tonight)""#,
                r#""old@example.org","old@example.org","hard-bounce","2026-01-01T08:00:00.000Z","user-unknown","550 5.1.1 =no such user (long ago)""#,
            ],
            "everybody, whenever it was"
        );
    }
    let types = [
        ("report.html", "text/html; charset=utf-8"),
        ("suppressions.csv", "text/csv; charset=utf-8"),
    ];
    for (file, expected) in types {
        let head = stack.local.s3().head_object().bucket(stack.local.bucket());
        let head = head
            .key(format!("reports/latest/{file}"))
            .send()
            .await
            .expect("it is there");
        assert_eq!(head.content_type(), Some(expected), "{file}");
    }
}

#[tokio::test]
async fn the_days_before_are_rolled_up_again_with_what_came_late() {
    let stack = with_some_bounces().await;
    stack.report(json!({})).await;
    let key = "reports/2026-11-18/rollup.json";
    assert_eq!(stack.json(key).await["events"], 0);
    stack
        .record(hard_bounce("late", "2026-11-18T12:00:00Z", "carol@example.com"))
        .await;
    stack.report(json!({})).await;
    let rolled = stack.json(key).await;
    assert_eq!(
        (
            &rolled["day"],
            &rolled["events"],
            &rolled["suppressed"],
            &rolled["suppressed_in_all"]
        ),
        (&json!("2026-11-18"), &json!(1), &json!(1), &json!(3))
    );
    let week = stack.objects("reports/2026-11-1").await;
    let week: Vec<_> = week.keys().collect();
    let expected: Vec<_> = (14..=19)
        .map(|day| format!("reports/2026-11-{day}/rollup.json"))
        .collect();
    assert_eq!(
        week,
        expected.iter().collect::<Vec<_>>(),
        "and nothing else of those days"
    );
}

#[tokio::test]
async fn the_same_day_made_again_is_the_same() {
    let stack = with_some_bounces().await;
    let tick = || json!({"detail-type": "Scheduled Event", "time": "2026-11-21T00:15:00Z"});
    stack.function.answer(tick(), &call()).await.expect("a report");
    let first = stack.objects(PREFIX).await;
    // Later, and by hand.
    let mut later = call();
    later.began_at = "2026-11-21T18:00:00Z".parse().expect("a time");
    stack
        .function
        .answer(json!({"report": {"day": "2026-11-20"}}), &later)
        .await
        .expect("a report");
    assert!(
        first == stack.objects(PREFIX).await,
        "no clock is in it, and nothing is beside it"
    );
}

#[tokio::test]
async fn a_report_of_the_past_or_of_a_part_is_not_the_latest() {
    let stack = with_some_bounces().await;
    for (asked, folder, events) in [
        (json!({"day": "2026-11-19", "days": 1}), "reports/2026-11-19/", 1),
        (
            json!({"day": "2026-11-20", "days": 2, "list": "news"}),
            "reports/2026-11-20/list=news/",
            2,
        ),
        (
            json!({"days": 1, "account": "other", "domain": "Example.com"}),
            "reports/2026-11-20/account=other/domain=example.com/",
            0,
        ),
    ] {
        let answer = stack.report(asked).await;
        assert_eq!(answer.value.events, events, "{folder}");
        let page = stack.text(&format!("{folder}report.html")).await;
        assert!(page.starts_with("<!DOCTYPE html>"));
        let lists = answer.value.suppressed.is_some();
        assert_eq!(
            lists,
            folder == "reports/2026-11-19/",
            "contacts belong to no list: {folder}"
        );
        assert_eq!(
            lists,
            answer.value.objects.contains(&format!("{folder}suppressions.csv"))
        );
    }
    assert!(stack.objects("reports/latest/").await.is_empty());
}

#[tokio::test]
async fn the_classifier_is_not_told_of_reports() {
    let stack = with_some_bounces().await;
    stack.report(json!({})).await;
    let depth = stack.local.notifications().depth().await.expect("the queue");
    assert_eq!(depth, rebound_local::Depth::default());
}
