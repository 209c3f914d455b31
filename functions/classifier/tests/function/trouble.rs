//! Panics, deadlines and slow stores: what one message suffers from never touches another.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rebound_archive::Archive;
use rebound_classifier::event::Invocation;
use rebound_classifier::{CallError, Function, JudgeError, Outcome};
use rebound_classify::Classifier;
use rebound_contacts::Policy;
use rebound_contacts::repository::{Repository, Tables};
use rebound_lambda::Call;
use rebound_lambda::metrics::Metric;
use rebound_test_meddler::{self as meddler, Fate};
use serde_json::json;

use crate::stack::{REPORT, Stack, batch, failed_ids};

/// Time enough for anything.
const LONG: Duration = Duration::from_mins(1);

/// Reports about `person0@example.com` and so on, in the archive; their keys.
async fn reports(stack: &Stack, count: usize) -> Vec<String> {
    let mut keys = Vec::new();
    for nth in 0..count {
        let report = REPORT.replace("ann@example.com", &format!("person{nth}@example.com"));
        keys.push(stack.store(&report).await.to_string());
    }
    keys
}

/// The function of `stack`, with these between it and its stores.
fn meddled(
    stack: &Stack,
    s3: impl Fn(&str, &str) -> Fate + Send + Sync + 'static,
    dynamodb: impl Fn(&str, &str) -> Fate + Send + Sync + 'static,
) -> Function {
    let archive = Archive::new(meddler::s3(&stack.local.s3(), s3), stack.local.bucket());
    let dynamodb = meddler::dynamodb(&stack.local.dynamodb(), dynamodb);
    let contacts = Repository::new(&dynamodb, Tables::with_prefix("test-"), Arc::new(Policy::default()));
    Function::new(archive, Arc::new(Classifier::new()), contacts)
}

fn passes(_: &str, _: &str) -> Fate {
    Fate::Passes
}

fn announced(stack: &Stack, keys: &[String]) -> Invocation {
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    Invocation::parse(batch(stack.local.bucket(), &keys)).expect("a queue batch")
}

fn judged(outcome: &Outcome) -> usize {
    outcome.judged.iter().filter(|judged| judged.recorded.new).count()
}

#[tokio::test]
async fn a_panic_over_one_message_fails_that_message_alone() {
    // While it is read, while its contact is, and while it is written.
    for operation in ["GET", "BatchGetItem", "TransactWriteItems"] {
        let stack = Stack::start().await;
        let keys = reports(&stack, 12).await;
        let poison = if operation == "GET" {
            keys[7].clone()
        } else {
            "person7@example.com".to_owned()
        };
        let decide = move |this: &str, request: &str| {
            if this == operation && request.contains(&poison) {
                Fate::Panics
            } else {
                Fate::Passes
            }
        };
        let invocation = announced(&stack, &keys);
        let outcome = meddled(&stack, decide.clone(), decide)
            .handle(&invocation, Timestamp::UNIX_EPOCH)
            .await;
        assert!(matches!(outcome.failed[&7], JudgeError::Panicked(_)), "{operation}");
        assert_eq!(failed_ids(outcome, &invocation), ["record-7"], "{operation}");

        // Without the panic nothing is missing, and nothing was counted twice.
        let outcome = stack.function.handle(&invocation, Timestamp::UNIX_EPOCH).await;
        assert_eq!(judged(&outcome), 1, "{operation}");
        for nth in 0..12 {
            let person = format!("person{nth}@example.com").parse().expect("an address");
            let contact = stack.contacts.contact(&person).await.expect("the embedded table");
            assert_eq!(
                contact.expect("recorded").counters.hard_bounces,
                1,
                "{operation}, {nth}"
            );
        }
    }
}

#[tokio::test]
async fn what_there_is_no_time_for_is_given_back() {
    let stack = Stack::start().await;
    let keys = reports(&stack, 3).await;
    let slow = keys[1].clone();
    let invocation = announced(&stack, &keys);
    let function = meddled(
        &stack,
        move |_, request| {
            if request.contains(&slow) {
                Fate::Never
            } else {
                Fate::Passes
            }
        },
        passes,
    );
    let outcome = function
        .handle_within(Duration::from_secs(2), &invocation, Timestamp::UNIX_EPOCH)
        .await;
    assert_eq!(judged(&outcome), 2, "the others are judged and recorded");
    assert!(matches!(outcome.failed[&1], JudgeError::OutOfTime(_)));
    assert_eq!(failed_ids(outcome, &invocation), ["record-1"]);

    // With no time at all nothing is begun.
    let outcome = stack
        .function
        .handle_within(Duration::ZERO, &invocation, Timestamp::UNIX_EPOCH)
        .await;
    assert_eq!(outcome.judged.len(), 0);
    assert_eq!(failed_ids(outcome, &invocation).len(), 3);
}

#[tokio::test]
async fn recording_ends_before_the_function_is_ended() {
    for fate in [Fate::Never, Fate::Passes] {
        let stack = Stack::start().await;
        let keys = reports(&stack, 3).await;
        let invocation = announced(&stack, &keys);
        let function = meddled(&stack, passes, move |operation, _| match operation {
            "TransactWriteItems" => fate,
            _ => Fate::Passes,
        });
        let began = Instant::now();
        let time = Duration::from_secs(if fate == Fate::Never { 1 } else { 60 });
        let outcome = function.handle_within(time, &invocation, Timestamp::UNIX_EPOCH).await;
        assert!(began.elapsed() < time, "there is time left to answer");
        let failed = if fate == Fate::Never { 3 } else { 0 };
        assert_eq!(failed_ids(outcome, &invocation).len(), failed);
    }
}

#[tokio::test]
async fn a_failure_without_a_queue_is_the_answer_and_has_a_name() {
    let stack = Stack::start().await;
    let call = |ends_at| Call {
        id: "call".to_owned(),
        began_at: Timestamp::UNIX_EPOCH,
        ends_at,
    };
    let named = |error: CallError| lambda_runtime::Diagnostic::from(error).error_type;
    let unknown = stack.function.answer(json!({"hello": "world"}), &call(None)).await;
    assert_eq!(named(unknown.expect_err("no event of ours")), "UnknownEvent");

    let key = stack.store(REPORT).await.to_string();
    let event = json!({"Records": [{"eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": stack.local.bucket()}, "object": {"key": key}}}]});
    let late = stack
        .function
        .answer(event.clone(), &call(Some(Timestamp::UNIX_EPOCH)))
        .await;
    assert_eq!(named(late.expect_err("no time")), "OutOfTime");
    let answer = stack.function.answer(event, &call(None)).await.expect("judged");
    assert_eq!(answer.counts.of(Metric::Messages), 1);
}

#[tokio::test]
async fn a_batch_of_a_hundred_waits_for_few_of_its_requests() {
    // Long enough that what a debug build computes meanwhile does not matter.
    const LATENCY: Duration = Duration::from_millis(100);
    const MESSAGES: u32 = 100;
    let stack = Stack::start().await;
    let keys = reports(&stack, MESSAGES as usize).await;
    let invocation = announced(&stack, &keys);
    let reads = Arc::new(AtomicU32::new(0));
    let tables: Arc<Mutex<Vec<String>>> = Arc::default();
    let (reading, asking) = (Arc::clone(&reads), Arc::clone(&tables));
    let function = meddled(
        &stack,
        move |_, _| {
            reading.fetch_add(1, Ordering::Relaxed);
            Fate::Late(LATENCY)
        },
        move |operation, _| {
            asking.lock().expect("no panic").push(operation.to_owned());
            Fate::Late(LATENCY)
        },
    );
    let began = Instant::now();
    let outcome = function.handle_within(LONG, &invocation, Timestamp::UNIX_EPOCH).await;
    let took = began.elapsed();
    assert_eq!(judged(&outcome), MESSAGES as usize);
    assert_eq!(reads.load(Ordering::Relaxed), MESSAGES, "one request reads a message");
    let tables = tables.lock().expect("no panic");
    let asked = |operation: &str| tables.iter().filter(|asked| *asked == operation).count();
    assert_eq!(
        (asked("BatchGetItem"), asked("TransactWriteItems")),
        (2, 2),
        "one each for fifty messages: {tables:?}"
    );
    let requests = MESSAGES + u32::try_from(tables.len()).expect("few");
    let sum = LATENCY * requests;
    println!("{requests} requests of {LATENCY:?} each, {sum:?} in all, took {took:?}");
    assert!(took < sum / 3, "{took:?} of {sum:?}");
}
