//! How fast the embedded stores are, with everything on the disk before it is answered.
//!
//! `cargo bench -p rebound-local`; each number is per object or per item, the concurrency is in the name.

#![allow(missing_docs)] // criterion's macros
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)] // a benchmark that fails may say so at once

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::operation::create_table::CreateTableInput;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, Put, ScalarAttributeType, TransactWriteItem, Update,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::{StreamExt, stream};
use rebound_local::{LocalStack, TableDefinition};
use tokio::runtime::Runtime;

/// A returned message without attachments.
const MESSAGE_BYTES: usize = 4096;

criterion_group!(benches, objects, transactions);
criterion_main!(benches);

fn objects(criterion: &mut Criterion) {
    let fixture = Fixture::new();
    let mut group = criterion.benchmark_group("s3");
    group.throughput(Throughput::Elements(1)).sample_size(10);
    for concurrency in [1, 16, 32] {
        group.bench_function(format!("put 4 KB, {concurrency} at a time"), |bencher| {
            bencher.iter_custom(|count| fixture.timed(count, concurrency, |n| fixture.put(n)));
        });
    }
    for concurrency in [1, 16] {
        group.bench_function(format!("get 4 KB, {concurrency} at a time"), |bencher| {
            bencher.iter_custom(|count| fixture.timed(count, concurrency, |n| fixture.get(n)));
        });
    }
    group.bench_function("notifications, received and deleted by 100", |bencher| {
        bencher.iter_custom(|count| fixture.drain(count));
    });
}

fn transactions(criterion: &mut Criterion) {
    let fixture = Fixture::new();
    let mut group = criterion.benchmark_group("dynamodb");
    group.sample_size(10);
    for (messages, concurrency) in [(1, 1), (1, 16), (10, 4), (50, 1), (50, 4)] {
        group.throughput(Throughput::Elements(messages * 2));
        group.bench_function(
            format!("transactions of {} items, {concurrency} at a time", messages * 2),
            |bencher| {
                bencher.iter_custom(|count| fixture.timed(count, concurrency, |_| fixture.transact(messages)));
            },
        );
    }
}

struct Fixture {
    runtime: Runtime,
    stack: LocalStack,
    random: std::sync::Mutex<fastrand::Rng>,
    _home: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        // Not the system's temporary folder, which is often in memory: the disk is what is measured.
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let stack = runtime.block_on(async {
            let stack = LocalStack::open(home.path()).await.unwrap();
            stack.ensure_table(events()).await.unwrap();
            stack.ensure_table(contacts()).await.unwrap();
            stack
        });
        Self {
            runtime,
            stack,
            random: std::sync::Mutex::new(fastrand::Rng::with_seed(1)),
            _home: home,
        }
    }

    /// How long `count` runs of `work` take with `concurrency` of them at a time.
    fn timed<W: Future<Output = ()> + Send + 'static>(
        &self,
        count: u64,
        concurrency: usize,
        work: impl Fn(u64) -> W,
    ) -> Duration {
        self.runtime.block_on(async {
            let start = Instant::now();
            let work = stream::iter(0..count).map(|n| tokio::spawn(work(n)));
            work.buffer_unordered(concurrency)
                .for_each(|done| async { done.unwrap() })
                .await;
            start.elapsed()
        })
    }

    fn hex(&self) -> String {
        let mut random = self.random.lock().unwrap();
        format!("{:032x}{:032x}", random.u128(..), random.u128(..))
    }

    fn put(&self, n: u64) -> impl Future<Output = ()> + Send + use<> {
        let hash = self.hex();
        self.put_key(format!("raw/bench/{}/{hash}.eml", &hash[..2]), n)
    }

    fn put_key(&self, key: String, n: u64) -> impl Future<Output = ()> + Send + use<> {
        let mut body = vec![b'x'; MESSAGE_BYTES];
        body[..8].copy_from_slice(&n.to_le_bytes());
        let put = self
            .stack
            .s3()
            .put_object()
            .bucket(self.stack.bucket())
            .key(key)
            .if_none_match("*");
        let put = put
            .metadata("account", "bench")
            .metadata("uid", n.to_string())
            .body(body.into());
        async move {
            put.send().await.unwrap();
        }
    }

    fn get(&self, n: u64) -> impl Future<Output = ()> + Send + use<> {
        let key = format!("get/{}", n % 100);
        let get = self.stack.s3().get_object().bucket(self.stack.bucket()).key(&key);
        let put = self.put_key(key, n);
        async move {
            match get.clone().send().await {
                Ok(got) => assert_eq!(got.body.collect().await.unwrap().into_bytes().len(), MESSAGE_BYTES),
                Err(_) => put.await,
            }
        }
    }

    fn drain(&self, count: u64) -> Duration {
        self.timed(count, 32, |n| self.put(n));
        self.runtime.block_on(async {
            let queue = self.stack.notifications();
            let start = Instant::now();
            let mut drained = 0;
            while drained < count {
                let messages = queue.receive(100, Duration::from_mins(1)).await.unwrap();
                let ids: Vec<_> = messages.iter().map(|message| message.id).collect();
                queue.delete(&ids).await.unwrap();
                drained += ids.len() as u64;
            }
            start.elapsed()
        })
    }

    /// What recording `messages` messages costs: an event and a contact each, in one transaction.
    fn transact(&self, messages: u64) -> impl Future<Output = ()> + Send + use<> {
        let mut transaction = self.stack.dynamodb().transact_write_items();
        for _ in 0..messages {
            let hash = self.hex();
            let address = format!("{}@example.com", &hash[..12]);
            let put = Put::builder()
                .table_name("events")
                .set_item(Some(event(&hash, &address)));
            let put = put
                .condition_expression("attribute_not_exists(message)")
                .build()
                .unwrap();
            let update = Update::builder()
                .table_name("contacts")
                .key("address", text(&address))
                .update_expression("SET #d = :d, version = :v, last_event_at = :at, hard_bounces = :n, #s = :s")
                .condition_expression("attribute_not_exists(version)")
                .expression_attribute_names("#d", "domain")
                .expression_attribute_names("#s", "status")
                .expression_attribute_values(":d", text("example.com"))
                .expression_attribute_values(":v", AttributeValue::N("1".into()))
                .expression_attribute_values(":n", AttributeValue::N("1".into()))
                .expression_attribute_values(":at", text("2026-11-21T20:00:00Z"))
                .expression_attribute_values(":s", text("suppressed"))
                .build()
                .unwrap();
            transaction = transaction
                .transact_items(TransactWriteItem::builder().put(put).build())
                .transact_items(TransactWriteItem::builder().update(update).build());
        }
        async move {
            transaction.send().await.unwrap();
        }
    }
}

fn event(hash: &str, address: &str) -> HashMap<String, AttributeValue> {
    let attributes = [
        ("message", hash),
        ("recipient", address),
        ("address", address),
        ("account", "bench"),
        ("at", "2026-11-21T20:00:00Z"),
        ("day", "2026-11-21"),
        ("category", "hard-bounce"),
        ("severity", "hard"),
        ("reason", "user-unknown"),
        ("status", "5.1.1"),
        ("reply", "550"),
        (
            "diagnostic",
            "550 5.1.1 The email account that you tried to reach does not exist.",
        ),
        ("rule", "dsn-status"),
    ];
    attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), text(value)))
        .collect()
}

fn events() -> TableDefinition {
    let table = CreateTableInput::builder()
        .table_name("events")
        .set_attribute_definitions(Some(strings(&["message", "recipient", "day", "at", "address"])))
        .set_key_schema(Some(key("message", "recipient")))
        .global_secondary_indexes(index("day-by-time", "day", "at"))
        .global_secondary_indexes(index("address-by-time", "address", "at"))
        .billing_mode(BillingMode::PayPerRequest);
    TableDefinition {
        table,
        time_to_live: Some("expires_at".into()),
    }
}

fn contacts() -> TableDefinition {
    let address = KeySchemaElement::builder()
        .attribute_name("address")
        .key_type(KeyType::Hash);
    let table = CreateTableInput::builder()
        .table_name("contacts")
        .set_attribute_definitions(Some(strings(&["address", "domain", "last_event_at"])))
        .key_schema(address.build().unwrap())
        .global_secondary_indexes(index("domain-by-time", "domain", "last_event_at"))
        .billing_mode(BillingMode::PayPerRequest);
    TableDefinition {
        table,
        time_to_live: None,
    }
}

fn strings(names: &[&str]) -> Vec<AttributeDefinition> {
    let definition = |name: &&str| {
        let definition = AttributeDefinition::builder().attribute_name(*name);
        definition.attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    names.iter().map(definition).collect()
}

fn key(hash: &str, range: &str) -> Vec<KeySchemaElement> {
    let element = |name, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    vec![element(hash, KeyType::Hash), element(range, KeyType::Range)]
}

fn index(name: &str, hash: &str, range: &str) -> GlobalSecondaryIndex {
    let all = Projection::builder().projection_type(ProjectionType::All).build();
    let index = GlobalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(key(hash, range)));
    index.projection(all).build().unwrap()
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.into())
}
