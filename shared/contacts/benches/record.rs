//! How fast messages are recorded, durably, in the embedded DynamoDB. The aim is 2,000 events a second.
#![allow(missing_docs, clippy::unwrap_used)] // criterion writes functions without documentation

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rebound_classify::Category;
use rebound_contacts::repository::{Repository, Tables};
use rebound_contacts::{ContactAddress, Event, EventKind, MessageHash, MessageRecord, Moment, Policy};
use rebound_local::LocalStack;
use tokio::runtime::Runtime;

/// How many messages one call records.
const BATCH: u64 = 400;

/// For the circuit breaker, which watches as it does over mail.
const NOW: Moment = Moment::from_millis(1_795_262_400_000);

fn recording(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = c.benchmark_group("record");
    group.sample_size(10).throughput(Throughput::Elements(BATCH));
    // Contacts are new or known: among `contacts` of them the batches choose at random.
    for (items, contacts) in [
        (10, 1_000_000),
        (25, 1_000_000),
        (50, 1_000_000),
        (100, 1_000_000),
        (100, 500),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let stack = runtime.block_on(LocalStack::open(folder.path())).unwrap();
        let tables = Tables::with_prefix("bench-");
        runtime.block_on(tables.ensure(&stack.dynamodb())).unwrap();
        let repository = Repository::new(&stack.dynamodb(), tables, Arc::new(Policy::default()));
        let repository = repository.with_transaction_items(items);
        let mut random = fastrand::Rng::with_seed(1);
        group.bench_function(BenchmarkId::new(format!("of_{contacts}_contacts"), items), |b| {
            b.iter_batched(
                || (0..BATCH).map(|_| message(&mut random, contacts)).collect::<Vec<_>>(),
                |batch| {
                    let results = runtime.block_on(repository.record_mail(&batch, NOW));
                    assert!(black_box(results).iter().all(Result::is_ok));
                },
                BatchSize::PerIteration,
            );
        });
        runtime.block_on(stack.close()).unwrap();
    }
    group.finish();
}

fn message(random: &mut fastrand::Rng, contacts: u64) -> MessageRecord {
    let address: ContactAddress = format!("contact{}@example.com", random.u64(..contacts))
        .parse()
        .unwrap();
    let message = MessageHash::of(&random.u128(..).to_be_bytes());
    let at = Moment::from_millis(random.i64(0..1_000_000_000_000));
    let mut event = Event::new(message, Some(address), at, EventKind::Mail(Category::SoftBounce));
    event.account = Some("bounces".to_owned());
    event.diagnostic = Some("452 4.2.2 The email account that you tried to reach is over quota".to_owned());
    event.original_message_id = Some(format!("{message}@news.example.com"));
    event.original_subject = Some("What is new in November".to_owned());
    event.object_key = Some(format!("raw/bounces/00/{message}.eml"));
    event.rule = Some("text.mailbox-full.over-quota".to_owned());
    event.evidence = Some("over quota".to_owned());
    MessageRecord::new(vec![event]).unwrap()
}

criterion_group!(benches, recording);
criterion_main!(benches);
