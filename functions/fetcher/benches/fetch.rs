//! How fast messages come from files into the embedded archive, durably.
//!
//! `cargo bench -p rebound-fetcher`; one element is one message of 4 KiB.

#![allow(clippy::unwrap_used, missing_docs)] // a benchmark may panic, and its group is a macro's function

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use rebound_accounts::Account;
use rebound_archive::Archive;
use rebound_fetcher::{FetchOptions, FetchSummary, fetch_source};
use rebound_local::LocalStack;
use rebound_mailbox::sources::Sources;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const MESSAGES: u64 = 5000;
const MESSAGE_BYTES: usize = 4096;

fn benches(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let input = TempDir::new().unwrap();
    let folder = input.path().join("folder");
    let mbox = input.path().join("box.mbox");
    write_mail(&folder, &mbox);

    let mut group = criterion.benchmark_group("fetch");
    group.throughput(Throughput::Elements(MESSAGES)).sample_size(10);
    for (name, path) in [("folder", &folder), ("mbox", &mbox)] {
        group.bench_function(format!("{name}: read only"), |bencher| {
            bencher.iter(|| assert_eq!(Sources::open([path]).flatten().count() as u64, MESSAGES));
        });
        group.bench_function(format!("{name}: all new"), |bencher| {
            bencher.iter_batched(
                || runtime.block_on(LocalStack::temporary()).unwrap(),
                |stack| {
                    assert_eq!(runtime.block_on(fetch(&stack, path)).new, MESSAGES);
                    stack
                },
                BatchSize::PerIteration,
            );
        });
    }
    let stack = runtime.block_on(LocalStack::temporary()).unwrap();
    runtime.block_on(fetch(&stack, &mbox));
    group.bench_function("mbox: nothing new", |bencher| {
        bencher.iter(|| assert_eq!(runtime.block_on(fetch(&stack, &mbox)).already_archived, MESSAGES));
    });
}

async fn fetch(stack: &LocalStack, path: &Path) -> FetchSummary {
    let archive = Archive::new(stack.s3(), stack.bucket());
    let account = Account::new("bench".parse().unwrap());
    let options = FetchOptions::at(Timestamp::UNIX_EPOCH);
    fetch_source(Sources::open([path]), &archive, &account, &options, |_| {}).await
}

fn write_mail(folder: &Path, mbox: &Path) {
    fs::create_dir_all(folder).unwrap();
    let mut all = String::new();
    for number in 0..MESSAGES {
        let mut message = format!("From: mailer-daemon@example.com\nSubject: returned mail {number}\n\n");
        while message.len() < MESSAGE_BYTES {
            message.push_str("<someone@example.net>: host mx.example.net said: 550 5.1.1 no such user\n");
        }
        fs::write(folder.join(format!("{number:05}.eml")), &message).unwrap();
        writeln!(all, "From bounce@example.com Thu Jan  1 00:00:00 2026\n{message}").unwrap();
    }
    fs::write(mbox, all).unwrap();
}

criterion_group!(fetching, benches);
criterion_main!(fetching);
