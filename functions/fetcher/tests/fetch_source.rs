//! From a source into the embedded archive.

#![allow(clippy::unwrap_used)] // a test may panic, and so may what helps it

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::types::Object;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;
use rebound_accounts::Account;
use rebound_archive::Archive;
use rebound_fetcher::{FetchOptions, FetchSummary, Step, fetch_source};
use rebound_local::LocalStack;
use rebound_mailbox::sources::{Origin, SourceError, SourceMessage, Sources};
use tokio::sync::Barrier;

/// How many puts wait for one another where a test asks for that.
const TOGETHER: usize = 3;

/// What takes so long will never end.
const HANGS: Duration = Duration::from_mins(1);

fn message(name: &str, bytes: impl Into<Vec<u8>>) -> SourceMessage {
    SourceMessage {
        origin: Origin::file(name),
        bytes: bytes.into(),
    }
}

/// `count` messages, no two alike, called `0`, `1`, and so on.
fn messages(count: usize) -> Vec<Result<SourceMessage, SourceError>> {
    (0..count)
        .map(|number| Ok(message(&number.to_string(), format!("Subject: {number}\r\n\r\n"))))
        .collect()
}

fn account() -> Account {
    Account::new("news".parse().unwrap())
}

fn options() -> FetchOptions {
    FetchOptions::at(Timestamp::UNIX_EPOCH)
}

async fn fetch(archive: &Archive, source: Vec<Result<SourceMessage, SourceError>>) -> FetchSummary {
    fetch_source(source, archive, &account(), &options(), |_| {}).await
}

fn counts(summary: &FetchSummary) -> (u64, u64, u64, u64) {
    (summary.new, summary.already_archived, summary.failed, summary.skipped)
}

async fn archived(stack: &LocalStack) -> usize {
    let mut pages = stack
        .s3()
        .list_objects_v2()
        .bucket(stack.bucket())
        .prefix("raw/news/")
        .into_paginator()
        .send();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        count += page.unwrap().contents().len();
    }
    count
}

#[tokio::test]
async fn a_second_run_over_the_same_mail_finds_nothing_new() {
    let stack = LocalStack::temporary().await.unwrap();
    let archive = Archive::new(stack.s3(), stack.bucket());
    let first = fetch(&archive, messages(200)).await;
    assert_eq!(counts(&first), (200, 0, 0, 0));
    assert_eq!(
        first.new_bytes,
        (0..200)
            .map(|number| format!("Subject: {number}\r\n\r\n").len() as u64)
            .sum::<u64>()
    );
    assert_eq!(counts(&fetch(&archive, messages(200)).await), (0, 200, 0, 0));
    assert_eq!(counts(&fetch(&archive, messages(201)).await), (1, 200, 0, 0));
    assert_eq!(archived(&stack).await, 201);
}

#[tokio::test]
async fn a_message_that_comes_twice_is_archived_once() {
    let stack = LocalStack::temporary().await.unwrap();
    let archive = Archive::new(stack.s3(), stack.bucket());
    let twice: Vec<_> = messages(100).into_iter().chain(messages(100)).collect();
    assert_eq!(counts(&fetch(&archive, twice).await), (100, 100, 0, 0));
    assert_eq!(archived(&stack).await, 100);
}

#[tokio::test]
async fn each_item_is_reported_once_with_what_became_of_it() {
    let stack = LocalStack::temporary().await.unwrap();
    let archive = Archive::new(stack.s3(), stack.bucket());
    let source = vec![
        Ok(message("a.eml", "a")),
        Err(SourceError::NotMail {
            origin: Origin::file("b.png"),
        }),
        Err(SourceError::Unreadable {
            origin: Origin::file("c.eml"),
            error: io::Error::other("broken"),
        }),
        Err(SourceError::TooLong {
            origin: Origin::numbered("d.mbox", 3),
            limit: 10,
        }),
        Ok(message("e.eml", "e")),
    ];
    let mut heard = BTreeSet::new();
    let summary = fetch_source(source, &archive, &account(), &options(), |step| {
        assert!(heard.insert(match step {
            Step::Archived { origin, new } => format!("{origin} {new}"),
            Step::Skipped(skip) => skip.to_string(),
            Step::Failed(failure) => format!("! {failure}"),
        }));
    })
    .await;
    let too_long = "longer than 10 bytes, the most that is read of one message: skipped, look at it by hand";
    let expected = [
        "! c.eml: cannot be read: broken",
        &format!("! d.mbox#3: {too_long}"),
        "a.eml true",
        "b.png: not a mail message: skipped",
        "e.eml true",
    ];
    assert_eq!(heard.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    assert_eq!(counts(&summary), (2, 0, 2, 1));
    assert_eq!(summary.seen(), 4);
    assert!(!summary.is_complete());
    let failures: Vec<_> = summary
        .failures
        .iter()
        .map(|failure| failure.origin().to_string())
        .collect();
    assert_eq!(failures, ["c.eml", "d.mbox#3"]);
    assert_eq!(summary.skips.len(), 1);
}

#[tokio::test]
async fn a_failing_put_is_reported_and_the_rest_is_stored_and_a_second_run_heals_it() {
    let stack = LocalStack::temporary().await.unwrap();
    let refuse = Refuse::new(&stack, |number| number % 10 == 3);
    let archive = refuse.archive(&stack);
    let broken = fetch(&archive, messages(100)).await;
    assert_eq!(counts(&broken), (90, 0, 10, 0));
    for failure in &broken.failures {
        let said = failure.to_string();
        assert!(said.starts_with(&format!("{}: raw/news/", failure.origin())), "{said}");
        assert!(said.contains("could not be stored: AccessDenied: not today"), "{said}");
    }
    assert_eq!(archived(&stack).await, 90);

    let healed = fetch(&Archive::new(stack.s3(), stack.bucket()), messages(100)).await;
    assert_eq!(counts(&healed), (10, 90, 0, 0));
}

#[tokio::test]
async fn messages_wait_for_the_byte_budget_and_one_over_it_goes_alone() {
    const KIB: usize = 1024;
    let stack = LocalStack::temporary().await.unwrap();
    let gauge = Refuse::new(&stack, |_| false);
    let archive = gauge.archive(&stack);
    let sizes = [9, 89, 59, 29, 499, 1, 1, 99, 39, 39, 39].map(|size| size * KIB);
    let source = sizes
        .iter()
        .enumerate()
        .map(|(at, &size)| Ok(message(&at.to_string(), vec![b'x'; size + at])))
        .collect::<Vec<_>>();
    let options = FetchOptions {
        concurrency: 8,
        in_flight_bytes: 100 * KIB,
        ..options()
    };
    let summary = fetch_source(source, &archive, &account(), &options, |_| {}).await;
    assert_eq!(counts(&summary), (sizes.len() as u64, 0, 0, 0));
    for (together, bytes) in gauge.seen.lock().unwrap().iter() {
        assert!(
            *bytes <= 100 * KIB || *together == 1,
            "{together} messages of {bytes} bytes at a time"
        );
    }
}

#[tokio::test]
async fn no_more_are_stored_at_a_time_than_asked_for() {
    let stack = LocalStack::temporary().await.unwrap();
    let gauge = Refuse {
        first: Some(Arc::new(Barrier::new(TOGETHER))),
        ..Refuse::new(&stack, |_| false)
    };
    let options = FetchOptions {
        concurrency: TOGETHER,
        ..options()
    };
    let archive = gauge.archive(&stack);
    let account = account();
    let fetched = fetch_source(messages(50), &archive, &account, &options, |_| {});
    tokio::time::timeout(HANGS, fetched).await.expect("so many at a time");
    let most = gauge.seen.lock().unwrap().iter().map(|(together, _)| *together).max();
    assert_eq!(most, Some(TOGETHER));
}

#[tokio::test]
async fn a_large_message_among_small_ones_is_archived_whole() {
    const LENGTH: usize = 8 * 1024 * 1024;
    let stack = LocalStack::temporary().await.unwrap();
    let archive = Archive::new(stack.s3(), stack.bucket());
    let mut source = messages(20);
    source.insert(10, Ok(message("large", vec![b'x'; LENGTH])));
    let summary = fetch(&archive, source).await;
    assert_eq!(counts(&summary), (21, 0, 0, 0));
    let sizes = stack
        .s3()
        .list_objects_v2()
        .bucket(stack.bucket())
        .send()
        .await
        .unwrap();
    assert_eq!(
        sizes.contents().iter().filter_map(Object::size).max(),
        i64::try_from(LENGTH).ok()
    );
}

#[tokio::test]
async fn paths_are_fetched_as_they_stand_on_a_command_line() {
    let stack = LocalStack::temporary().await.unwrap();
    let archive = Archive::new(stack.s3(), stack.bucket());
    let folder = tempfile::tempdir().unwrap();
    let from = "From a@example.com Thu Jan  1 00:00:00 2026\n";
    std::fs::write(folder.path().join("1.eml"), "A: 1\n").unwrap();
    std::fs::write(folder.path().join("2.mbox"), format!("{from}A: 1\n\n{from}A: 2\n\n")).unwrap();
    std::fs::write(folder.path().join("3.png"), "\u{89}PNG").unwrap();
    let sources = Sources::open([folder.path()]);
    let summary = fetch_source(sources, &archive, &account(), &options(), |_| {}).await;
    assert_eq!(counts(&summary), (2, 1, 0, 1));
}

#[tokio::test]
async fn every_new_message_is_announced_once() {
    let stack = LocalStack::temporary().await.unwrap();
    let archive = Archive::new(stack.s3(), stack.bucket());
    for _ in 0..2 {
        fetch(&archive, messages(30)).await;
    }
    assert_eq!(stack.notifications().depth().await.unwrap().waiting, 30);
}

/// Stands before the embedded S3: refuses some puts, and watches how many are under way.
#[derive(Clone)]
struct Refuse {
    inner: SharedHttpClient,
    refused: fn(usize) -> bool,
    puts: Arc<AtomicUsize>,
    /// Makes the first puts wait for one another.
    first: Option<Arc<Barrier>>,
    under_way: Arc<Mutex<(usize, usize)>>,
    /// How many puts, and how many bytes of messages, were under way when each put began.
    seen: Arc<Mutex<Vec<(usize, usize)>>>,
}

impl Refuse {
    fn new(stack: &LocalStack, refused: fn(usize) -> bool) -> Self {
        Self {
            inner: stack.s3().config().http_client().unwrap(),
            refused,
            puts: Arc::default(),
            first: None,
            under_way: Arc::default(),
            seen: Arc::default(),
        }
    }

    fn archive(&self, stack: &LocalStack) -> Archive {
        let config = stack.s3().config().to_builder();
        let config = config
            .http_client(self.clone())
            .retry_config(RetryConfig::disabled())
            .build();
        Archive::new(aws_sdk_s3::Client::from_conf(config), stack.bucket())
    }

    fn begin(&self, bytes: usize) {
        let mut under_way = self.under_way.lock().unwrap();
        under_way.0 += 1;
        under_way.1 += bytes;
        self.seen.lock().unwrap().push(*under_way);
    }

    fn end(&self, bytes: usize) {
        let mut under_way = self.under_way.lock().unwrap();
        under_way.0 -= 1;
        under_way.1 -= bytes;
    }
}

impl std::fmt::Debug for Refuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Refuse")
    }
}

impl HttpClient for Refuse {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(RefuseConnector {
            refuse: self.clone(),
            inner: self.inner.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct RefuseConnector {
    refuse: Refuse,
    inner: SharedHttpConnector,
}

impl HttpConnector for RefuseConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let number = self.refuse.puts.fetch_add(1, Ordering::Relaxed);
        if (self.refuse.refused)(number) {
            let body = "<Error><Code>AccessDenied</Code><Message>not today</Message></Error>";
            return HttpConnectorFuture::ready(Ok(HttpResponse::new(403.try_into().unwrap(), SdkBody::from(body))));
        }
        let bytes = request
            .headers()
            .get("content-length")
            .map_or(0, |length| length.parse().unwrap());
        let (refuse, answer) = (self.refuse.clone(), self.inner.call(request));
        refuse.begin(bytes);
        HttpConnectorFuture::new(async move {
            if let Some(first) = refuse.first.as_ref().filter(|_| number < TOGETHER) {
                first.wait().await;
            }
            let answer = answer.await;
            refuse.end(bytes);
            answer
        })
    }
}
