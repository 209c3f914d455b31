//! Stores that are slow or refuse: what was there stays, and nothing is left over.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use lambda_runtime::Diagnostic;
use rebound_contacts::repository::Failure;
use rebound_reporter::{PREFIX, ReportError};
use rebound_test_meddler::{self as meddler, Fate};
use serde_json::json;

use crate::stack::{Stack, call, function, hard_bounce};

fn kind(error: ReportError) -> String {
    Diagnostic::from(error).error_type
}

#[tokio::test]
async fn without_time_nothing_is_written_and_the_error_says_what_to_do() {
    let stack = Stack::start().await;
    stack
        .record(hard_bounce("one", "2026-11-20T10:00:00Z", "ann@example.com"))
        .await;
    for slow in ["Query", "Scan"] {
        let dynamodb = meddler::dynamodb(&stack.local.dynamodb(), move |operation, _| match operation {
            operation if operation == slow => Fate::Never,
            _ => Fate::Passes,
        });
        let function = function(&dynamodb, stack.local.s3());
        let mut call = call();
        call.ends_at = Some(call.began_at + SignedDuration::from_secs(1));
        let began = Instant::now();
        let error = function
            .answer(json!({"report": {}}), &call)
            .await
            .expect_err("no time");
        assert!(began.elapsed() < Duration::from_secs(1), "there is time left to say so");
        assert!(error.to_string().contains("ReporterTimeout"), "{error}");
        assert_eq!(kind(error), "OutOfTime", "{slow}");
    }
    assert!(stack.objects(PREFIX).await.is_empty());
}

#[tokio::test]
async fn writing_that_does_not_end_is_given_up_in_time() {
    let stack = Stack::start().await;
    let s3 = meddler::s3(&stack.local.s3(), |operation, _| match operation {
        "PUT" => Fate::Never,
        _ => Fate::Passes,
    });
    let mut call = call();
    let time = Duration::from_secs(4);
    call.ends_at = Some(call.began_at + SignedDuration::try_from(time).expect("a time"));
    let began = Instant::now();
    let function = function(&stack.local.dynamodb(), s3);
    let error = function
        .answer(json!({"report": {}}), &call)
        .await
        .expect_err("no answer");
    assert!(began.elapsed() < time, "there is time left to say so");
    assert!(
        error.to_string().contains("no time left to write the report"),
        "{error}"
    );
    assert_eq!(kind(error), "OutOfTime");
}

#[tokio::test]
async fn what_cannot_be_read_or_written_has_a_name() {
    let stack = Stack::start().await;
    let refuses = |_: &str, _: &str| Fate::Refused;
    let reading = function(&meddler::dynamodb(&stack.local.dynamodb(), refuses), stack.local.s3());
    let error = reading
        .answer(json!({"report": {}}), &call())
        .await
        .expect_err("refused");
    let ReportError::Read(read) = &error else {
        panic!("{error}")
    };
    assert!(matches!(read.failure, Failure::Refused { .. }), "{error}");
    assert_eq!(kind(error), "NotRead");

    let s3 = meddler::s3(&stack.local.s3(), |_, request| {
        if request.contains("our-side.csv") {
            Fate::Refused
        } else {
            Fate::Passes
        }
    });
    let writing = function(&stack.local.dynamodb(), s3);
    let error = writing
        .answer(json!({"report": {}}), &call())
        .await
        .expect_err("refused");
    assert!(error.to_string().contains("s3://messages/reports/"), "{error}");
    assert!(error.to_string().contains("AccessDenied"), "{error}");
    assert_eq!(kind(error), "NotWritten");
}
