//! A large object passes through; it is not collected. Alone in its file: the peak is that of the whole process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a failed test may say so at once

use rebound_local::LocalStack;

/// Large enough to tell a copy of it from everything else.
const OBJECT_BYTES: usize = 20 * 1024 * 1024;

/// What clients, SQLite and buffers may take beside the object itself.
const ROOM_BYTES: usize = OBJECT_BYTES * 3 / 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_object_costs_its_own_size_to_put_and_next_to_nothing_to_get() {
    let stack = LocalStack::temporary().await.unwrap();
    // What the first request of all needs is no matter of size.
    let first = stack.s3().put_object().bucket(stack.bucket()).key("raw/first");
    first.body(vec![b'x'; 100_000].into()).send().await.unwrap();

    let before = peak_bytes();
    let put = stack.s3().put_object().bucket(stack.bucket()).key("raw/large");
    put.body(vec![b'x'; OBJECT_BYTES].into()).send().await.unwrap();
    let put = peak_bytes() - before;
    assert!(
        put < OBJECT_BYTES + ROOM_BYTES,
        "putting {OBJECT_BYTES} bytes took {put}"
    );

    let before = peak_bytes();
    let mut got = stack
        .s3()
        .get_object()
        .bucket(stack.bucket())
        .key("raw/large")
        .send()
        .await
        .unwrap();
    let mut size = 0;
    while let Some(chunk) = got.body.next().await {
        size += chunk.unwrap().len();
    }
    assert_eq!(size, OBJECT_BYTES);
    let get = peak_bytes() - before;
    assert!(get < ROOM_BYTES, "getting {OBJECT_BYTES} bytes took {get}");
}

/// The most memory this process has had so far.
fn peak_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
