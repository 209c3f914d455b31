//! What the socket costs: the same objects through the SDK's client in the process, and over a connection.
//!
//! `cargo bench -p rebound-local --bench endpoint`; each number is per object, the concurrency is in the name.

#![allow(missing_docs)] // criterion's macros
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a benchmark that fails may say so at once

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::{StreamExt, stream};
use rebound_local::{ACCESS_KEY, Endpoint, EndpointSettings, LocalStack, REGION, SECRET_KEY};
use tokio::runtime::Runtime;

/// A returned message with what was returned.
const MESSAGE_BYTES: usize = 10_000;

/// Objects that are read, over and over.
const READ: u64 = 100;

criterion_group!(benches, objects);
criterion_main!(benches);

fn objects(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    // Not the system's temporary folder, which is often in memory: the disk is what is measured.
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let clients = runtime.block_on(clients(home.path()));
    let mut group = criterion.benchmark_group("objects of 10 KB");
    group.throughput(Throughput::Elements(1)).sample_size(10);
    for concurrency in [1, 16] {
        for (way, client) in &clients {
            group.bench_function(format!("put {way}, {concurrency} at a time"), |bencher| {
                bencher.iter_custom(|count| runtime.block_on(timed(count, concurrency, |n| put(client.clone(), n))));
            });
        }
        for (way, client) in &clients {
            group.bench_function(format!("get {way}, {concurrency} at a time"), |bencher| {
                bencher.iter_custom(|count| runtime.block_on(timed(count, concurrency, |n| get(client.clone(), n))));
            });
        }
    }
}

/// One in the process and one over a socket, for the same store.
async fn clients(home: &std::path::Path) -> [(&'static str, Client); 2] {
    let stack = Arc::new(LocalStack::open(home).await.unwrap());
    let inside = stack.s3();
    for n in 0..READ {
        let put = inside.put_object().bucket(LocalStack::BUCKET).key(format!("get/{n}"));
        put.body(vec![b'x'; MESSAGE_BYTES].into()).send().await.unwrap();
    }
    let endpoint = Endpoint::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(format!("http://{}", endpoint.address()))
        .region(Region::new(REGION))
        .credentials_provider(Credentials::from_keys(ACCESS_KEY, SECRET_KEY, None))
        .load()
        .await;
    let settings = EndpointSettings {
        table_prefix: "rebound-".into(),
    };
    tokio::spawn(async move { endpoint.serve(&stack, settings, std::future::pending()).await });
    [("in the process", inside), ("over a socket", Client::new(&config))]
}

/// How long `count` runs of `work` take with `concurrency` of them at a time.
async fn timed<W: Future<Output = ()> + Send + 'static>(
    count: u64,
    concurrency: usize,
    work: impl Fn(u64) -> W,
) -> Duration {
    let start = Instant::now();
    let work = stream::iter(0..count).map(|n| tokio::spawn(work(n)));
    let mut work = work.buffer_unordered(concurrency);
    while let Some(done) = work.next().await {
        done.unwrap();
    }
    start.elapsed()
}

async fn put(client: Client, _: u64) {
    // A key of its own for every object, whichever client puts it.
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let key = format!("raw/bench/{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let put = client
        .put_object()
        .bucket(LocalStack::BUCKET)
        .key(key)
        .if_none_match("*");
    put.body(vec![b'x'; MESSAGE_BYTES].into()).send().await.unwrap();
}

async fn get(client: Client, n: u64) {
    let get = client
        .get_object()
        .bucket(LocalStack::BUCKET)
        .key(format!("get/{}", n % READ));
    let got = get.send().await.unwrap().body.collect().await.unwrap();
    assert_eq!(got.into_bytes().len(), MESSAGE_BYTES);
}
