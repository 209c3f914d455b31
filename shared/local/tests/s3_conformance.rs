//! One list of checks, run against the embedded S3 and against moto, so that neither our store nor our idea of S3 is
//! taken on trust.
//!
//! moto takes part when `REBOUND_MOTO_ENDPOINT` names a running server (`tests/servers/moto` at the top of the
//! repository starts one and prints it).

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)] // a failed test may say so at once

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Once;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, Delete, MetadataDirective, ObjectIdentifier};
use rebound_local::LocalStack;

macro_rules! conformance {
    (both: [$($both:ident),+ $(,)?], embedded_only: [$($embedded_only:ident),+ $(,)?]) => {
        mod embedded {
            conformance!(@embedded $($both),+, $($embedded_only),+);
        }
        mod moto {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $both() {
                let Some(client) = super::moto_client() else { return };
                super::$both(super::Bucket::create(client, stringify!($both)).await).await;
            })+
        }
    };
    (@embedded $($check:ident),+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $check() {
            let stack = super::LocalStack::temporary().await.unwrap();
            super::$check(super::Bucket::create(stack.s3(), stringify!($check)).await).await;
            stack.close().await.unwrap();
        })+
    };
}

conformance! {
    both: [
        an_object_keeps_its_bytes_metadata_and_content_type,
        an_empty_object_is_an_object,
        a_put_replaces_what_was_there,
        a_conditional_put_leaves_the_first_object_alone,
        a_conditional_put_has_exactly_one_winner,
        a_put_can_demand_the_version_it_replaces,
        a_put_with_a_right_checksum_is_stored,
        a_stream_is_stored_whole,
        a_range_is_a_part_of_the_object,
        what_is_missing_is_missing_in_a_typed_way,
        odd_keys_are_stored_as_they_are,
        a_key_may_have_1024_bytes,
        a_listing_is_in_byte_order_and_comes_in_pages,
        a_listing_rolls_common_prefixes_up,
        a_listing_survives_deletes_under_it,
        deleting_is_idempotent,
        many_objects_are_deleted_at_once,
        a_copy_keeps_or_replaces_metadata,
        a_large_object_can_be_copied_and_replaced,
    ],
    // S3 documents these; moto does not check.
    embedded_only: [
        a_put_with_a_wrong_checksum_is_never_visible,
        a_key_of_1025_bytes_is_refused,
    ]
}

async fn an_object_keeps_its_bytes_metadata_and_content_type(bucket: Bucket) {
    let put = bucket
        .client
        .put_object()
        .bucket(&bucket.name)
        .key("raw/a")
        .body(bytes(b"hello"));
    let put = put
        .content_type("message/rfc822")
        .metadata("uid", "4711")
        .metadata("fetched-at", "2026-11-21T00:00:00Z");
    let etag = put.send().await.unwrap().e_tag().unwrap().to_owned();
    assert_eq!(etag, "\"5d41402abc4b2a76b9719d911017c592\"");

    let head = bucket
        .client
        .head_object()
        .bucket(&bucket.name)
        .key("raw/a")
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_length(), Some(5));
    assert_eq!(head.e_tag(), Some(etag.as_str()));
    let got = bucket.get("raw/a").await;
    assert_eq!(got.content_type(), Some("message/rfc822"));
    assert_eq!(got.e_tag(), Some(etag.as_str()));
    let metadata: BTreeMap<_, _> = got.metadata().unwrap().clone().into_iter().collect();
    let expected = [("fetched-at", "2026-11-21T00:00:00Z"), ("uid", "4711")];
    assert_eq!(
        metadata,
        expected
            .into_iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect()
    );
    assert_eq!(body(got).await, b"hello");
}

async fn an_empty_object_is_an_object(bucket: Bucket) {
    bucket.put("empty", b"").await;
    let got = bucket.get("empty").await;
    assert_eq!(got.content_length(), Some(0));
    assert_eq!(body(got).await, b"");
}

async fn a_put_replaces_what_was_there(bucket: Bucket) {
    bucket.put("key", b"first").await;
    bucket.put("key", b"second").await;
    assert_eq!(body(bucket.get("key").await).await, b"second");
    assert_eq!(bucket.keys().await, ["key"]);
}

async fn a_conditional_put_leaves_the_first_object_alone(bucket: Bucket) {
    let put = |text: &'static [u8]| {
        bucket
            .client
            .put_object()
            .bucket(&bucket.name)
            .key("key")
            .if_none_match("*")
            .body(bytes(text))
            .send()
    };
    put(b"first").await.unwrap();
    let error = put(b"second").await.unwrap_err();
    assert_eq!(status(&error), Some(412));
    assert_eq!(error.code(), Some("PreconditionFailed"));
    assert_eq!(body(bucket.get("key").await).await, b"first");
}

async fn a_conditional_put_has_exactly_one_winner(bucket: Bucket) {
    for round in 0..10 {
        let key = format!("key-{round}");
        let writers = (0..16).map(|writer| {
            let put = bucket
                .client
                .put_object()
                .bucket(&bucket.name)
                .key(&key)
                .if_none_match("*");
            tokio::spawn(put.body(bytes(format!("writer {writer}").as_bytes())).send())
        });
        let mut winners = Vec::new();
        for (writer, put) in writers.collect::<Vec<_>>().into_iter().enumerate() {
            match put.await.unwrap() {
                Ok(_) => winners.push(writer),
                Err(error) => assert_eq!(status(&error), Some(412)),
            }
        }
        assert_eq!(winners.len(), 1, "winners of {key}: {winners:?}");
        assert_eq!(
            body(bucket.get(&key).await).await,
            format!("writer {}", winners[0]).as_bytes()
        );
    }
}

async fn a_put_can_demand_the_version_it_replaces(bucket: Bucket) {
    let put = |etag: String, text: &'static [u8]| {
        bucket
            .client
            .put_object()
            .bucket(&bucket.name)
            .key("key")
            .if_match(etag)
            .body(bytes(text))
            .send()
    };
    let first = bucket.put("key", b"first").await;
    put(first.clone(), b"second").await.unwrap();
    let error = put(first, b"third").await.unwrap_err();
    assert_eq!(status(&error), Some(412));
    assert_eq!(body(bucket.get("key").await).await, b"second");
}

async fn a_put_with_a_right_checksum_is_stored(bucket: Bucket) {
    let algorithms = [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ];
    for algorithm in algorithms {
        let key = algorithm.as_str().to_owned();
        let put = bucket
            .client
            .put_object()
            .bucket(&bucket.name)
            .key(&key)
            .checksum_algorithm(algorithm);
        put.body(bytes(b"checked")).send().await.unwrap();
        assert_eq!(body(bucket.get(&key).await).await, b"checked");
    }
}

async fn a_put_with_a_wrong_checksum_is_never_visible(bucket: Bucket) {
    let put = || {
        bucket
            .client
            .put_object()
            .bucket(&bucket.name)
            .key("key")
            .body(bytes(b"hello"))
    };
    let wrong = [
        put().checksum_crc32("AAAAAA=="),
        put().checksum_sha256("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        put().content_md5("AAAAAAAAAAAAAAAAAAAAAA=="),
    ];
    for put in wrong {
        let error = put.send().await.unwrap_err();
        assert_eq!(status(&error), Some(400), "{error:?}");
    }
    let large = bucket
        .client
        .put_object()
        .bucket(&bucket.name)
        .key("large")
        .body(bytes(&noise(100_000)));
    assert_eq!(
        status(&large.checksum_crc32("AAAAAA==").send().await.unwrap_err()),
        Some(400)
    );
    assert!(bucket.keys().await.is_empty());
}

async fn a_stream_is_stored_whole(bucket: Bucket) {
    // From a file the SDK does not know the checksum beforehand and sends it behind the bytes.
    let folder = tempfile::tempdir().unwrap();
    for size in [1, 65_536, 65_537, 3_000_000] {
        let path = folder.path().join("object");
        let expected = noise(size);
        std::fs::write(&path, &expected).unwrap();
        let stream = ByteStream::read_from().path(&path).build().await.unwrap();
        bucket
            .client
            .put_object()
            .bucket(&bucket.name)
            .key("key")
            .body(stream)
            .send()
            .await
            .unwrap();
        let got = bucket.get("key").await;
        assert_eq!(got.content_encoding().unwrap_or_default(), "");
        assert!(body(got).await == expected, "{size} bytes came back changed");
    }
}

async fn a_range_is_a_part_of_the_object(bucket: Bucket) {
    for size in [1000, 1_000_000] {
        let all = noise(size);
        bucket.put("key", &all).await;
        let table = [
            ("bytes=0-0".to_owned(), 0..1),
            ("bytes=10-19".to_owned(), 10..20),
            (format!("bytes={}-", size - 7), size - 7..size),
            ("bytes=-7".to_owned(), size - 7..size),
            (format!("bytes=990-{}", size * 2), 990..size),
        ];
        for (range, expected) in table {
            let got = bucket
                .client
                .get_object()
                .bucket(&bucket.name)
                .key("key")
                .range(&range)
                .send()
                .await
                .unwrap();
            let content_range = format!("bytes {}-{}/{size}", expected.start, expected.end - 1);
            assert_eq!(got.content_range(), Some(content_range.as_str()), "{range}");
            assert!(body(got).await == all[expected], "{range} of {size}");
        }
        let beyond = format!("bytes={size}-");
        let error = bucket
            .client
            .get_object()
            .bucket(&bucket.name)
            .key("key")
            .range(beyond)
            .send()
            .await
            .unwrap_err();
        assert_eq!(status(&error), Some(416));
    }
}

async fn what_is_missing_is_missing_in_a_typed_way(bucket: Bucket) {
    let Bucket { client, name } = &bucket;
    let error = client.head_object().bucket(name).key("no").send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_not_found());
    let error = client.get_object().bucket(name).key("no").send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_no_such_key());
    let error = client
        .head_bucket()
        .bucket("there-is-no-such-bucket")
        .send()
        .await
        .unwrap_err();
    assert!(error.as_service_error().unwrap().is_not_found());
    let error = client
        .put_object()
        .bucket("there-is-no-such-bucket")
        .key("k")
        .body(bytes(b""))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("NoSuchBucket"));
    let error = client
        .list_objects_v2()
        .bucket("there-is-no-such-bucket")
        .send()
        .await
        .unwrap_err();
    assert!(error.as_service_error().unwrap().is_no_such_bucket());
}

async fn odd_keys_are_stored_as_they_are(bucket: Bucket) {
    let mut keys = vec![
        "a",
        "a/b",
        "a/b/",
        "dbl//slash",
        "dot/../up",
        "./dot",
        "space and +plus",
        "per%20cent%2f",
        "quote\"'<&>",
        "ünïcode/日本語/😀",
        "question?mark=1&x#y",
    ];
    for key in &keys {
        bucket.put(key, key.as_bytes()).await;
    }
    for key in &keys {
        assert_eq!(body(bucket.get(key).await).await, key.as_bytes(), "{key}");
    }
    keys.sort_unstable();
    assert_eq!(bucket.keys().await, keys);
}

async fn a_key_may_have_1024_bytes(bucket: Bucket) {
    let longest = format!("{}é", "k".repeat(1022));
    bucket.put(&longest, b"long").await;
    assert_eq!(body(bucket.get(&longest).await).await, b"long");
    assert_eq!(bucket.keys().await, [longest]);
}

async fn a_key_of_1025_bytes_is_refused(bucket: Bucket) {
    let put = bucket
        .client
        .put_object()
        .bucket(&bucket.name)
        .key("k".repeat(1025))
        .body(bytes(b""));
    assert_eq!(put.send().await.unwrap_err().code(), Some("KeyTooLongError"));
    assert!(bucket.keys().await.is_empty());
}

async fn a_listing_is_in_byte_order_and_comes_in_pages(bucket: Bucket) {
    let mut keys: Vec<String> = (0..23).map(|n| format!("list/{n}")).collect();
    keys.push("list/é".into());
    keys.push("other".into());
    for key in &keys {
        bucket.put(key, b"x").await;
    }
    keys.sort_unstable();
    assert_eq!(bucket.keys().await, keys);

    let list = || bucket.client.list_objects_v2().bucket(&bucket.name).prefix("list/");
    let mut pages = list().max_keys(10).into_paginator().send();
    let mut sizes = Vec::new();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push((page.key_count().unwrap(), page.is_truncated().unwrap()));
        seen.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
    }
    assert_eq!(sizes, [(10, true), (10, true), (4, false)]);
    assert_eq!(seen, keys[..24]);

    let after = list().start_after("list/8").send().await.unwrap();
    assert_eq!(keys_of(&after), ["list/9", "list/é"]);
    assert!(keys_of(&list().prefix("none/").send().await.unwrap()).is_empty());
}

async fn a_listing_rolls_common_prefixes_up(bucket: Bucket) {
    for key in ["raw/a/1", "raw/a/2", "raw/b", "raw/c/1", "raw/c/2/3", "raw/d", "zzz"] {
        bucket.put(key, b"x").await;
    }
    let list = || {
        bucket
            .client
            .list_objects_v2()
            .bucket(&bucket.name)
            .prefix("raw/")
            .delimiter("/")
    };
    let all = list().send().await.unwrap();
    assert_eq!(keys_of(&all), ["raw/b", "raw/d"]);
    assert_eq!(prefixes_of(&all), ["raw/a/", "raw/c/"]);
    assert_eq!(all.key_count(), Some(4));

    let mut pages = list().max_keys(1).into_paginator().send();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        seen.extend(keys_of(&page));
        seen.extend(prefixes_of(&page));
    }
    assert_eq!(seen, ["raw/a/", "raw/b", "raw/c/", "raw/d"]);
}

async fn a_listing_survives_deletes_under_it(bucket: Bucket) {
    let keep: Vec<String> = (0..20).map(|n| format!("keep/{n:02}")).collect();
    let go: Vec<String> = (0..40).map(|n| format!("keep/{n:02}-go")).collect();
    for key in keep.iter().chain(&go) {
        bucket.put(key, b"x").await;
    }
    let deleter = {
        let (client, name) = (bucket.client.clone(), bucket.name.clone());
        tokio::spawn(async move {
            for key in go {
                client.delete_object().bucket(&name).key(key).send().await.unwrap();
            }
        })
    };
    while !deleter.is_finished() {
        let mut pages = bucket
            .client
            .list_objects_v2()
            .bucket(&bucket.name)
            .max_keys(7)
            .into_paginator()
            .send();
        let mut seen = Vec::new();
        while let Some(page) = pages.next().await {
            seen.extend(keys_of(&page.unwrap()));
        }
        assert!(seen.is_sorted());
        seen.retain(|key| !key.ends_with("-go"));
        assert_eq!(seen, keep);
    }
    deleter.await.unwrap();
    assert_eq!(bucket.keys().await, keep);
}

async fn deleting_is_idempotent(bucket: Bucket) {
    bucket.put("key", b"x").await;
    for _ in 0..2 {
        bucket
            .client
            .delete_object()
            .bucket(&bucket.name)
            .key("key")
            .send()
            .await
            .unwrap();
        assert!(bucket.keys().await.is_empty());
    }
}

async fn many_objects_are_deleted_at_once(bucket: Bucket) {
    for key in ["a", "b&<", "c"] {
        bucket.put(key, b"x").await;
    }
    let objects = ["a", "b&<", "missing"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.into())).build().unwrap();
    let answer = bucket
        .client
        .delete_objects()
        .bucket(&bucket.name)
        .delete(delete)
        .send()
        .await
        .unwrap();
    assert!(answer.errors().is_empty());
    assert!(answer.deleted().iter().any(|deleted| deleted.key() == Some("b&<")));
    assert_eq!(bucket.keys().await, ["c"]);
}

async fn a_copy_keeps_or_replaces_metadata(bucket: Bucket) {
    let put = bucket
        .client
        .put_object()
        .bucket(&bucket.name)
        .key("from")
        .body(bytes(b"text"));
    put.metadata("colour", "red")
        .content_type("text/plain")
        .send()
        .await
        .unwrap();
    let copy = |to: &str| {
        bucket
            .client
            .copy_object()
            .bucket(&bucket.name)
            .key(to)
            .copy_source(bucket.source("from"))
    };
    copy("kept").send().await.unwrap();
    copy("replaced")
        .metadata_directive(MetadataDirective::Replace)
        .metadata("colour", "blue")
        .send()
        .await
        .unwrap();
    for (key, colour) in [("from", "red"), ("kept", "red"), ("replaced", "blue")] {
        let got = bucket.get(key).await;
        assert_eq!(got.metadata().unwrap()["colour"], colour, "{key}");
        assert_eq!(body(got).await, b"text");
    }
}

async fn a_large_object_can_be_copied_and_replaced(bucket: Bucket) {
    let large = noise(300_000);
    bucket.put("large", &large).await;
    let copy = bucket
        .client
        .copy_object()
        .bucket(&bucket.name)
        .key("copy")
        .copy_source(bucket.source("large"));
    copy.send().await.unwrap();
    bucket.put("large", b"small now").await;
    assert!(body(bucket.get("copy").await).await == large);
    assert_eq!(body(bucket.get("large").await).await, b"small now");
    bucket
        .client
        .delete_object()
        .bucket(&bucket.name)
        .key("copy")
        .send()
        .await
        .unwrap();
    assert_eq!(bucket.keys().await, ["large"]);
}

/// A bucket of its own for each check.
struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    async fn create(client: Client, check: &str) -> Self {
        // A server that runs on between two runs of the tests remembers the buckets of the first.
        let name: String = format!("{}-{check}", std::process::id())
            .replace('_', "-")
            .chars()
            .take(60)
            .collect();
        let name = name.trim_end_matches('-').to_owned();
        client.create_bucket().bucket(&name).send().await.unwrap();
        Self { client, name }
    }

    /// Answers the new object's ETag.
    async fn put(&self, key: &str, body: &[u8]) -> String {
        let put = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .body(bytes(body))
            .send()
            .await;
        put.unwrap_or_else(|error| panic!("put {key}: {error:?}"))
            .e_tag()
            .unwrap()
            .to_owned()
    }

    async fn get(&self, key: &str) -> GetObjectOutput {
        let got = self.client.get_object().bucket(&self.name).key(key).send().await;
        got.unwrap_or_else(|error| panic!("get {key}: {error:?}"))
    }

    async fn keys(&self) -> Vec<String> {
        keys_of(&self.client.list_objects_v2().bucket(&self.name).send().await.unwrap())
    }

    fn source(&self, key: &str) -> String {
        format!("{}/{key}", self.name)
    }
}

type Listing = aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;

fn keys_of(listing: &Listing) -> Vec<String> {
    listing
        .contents()
        .iter()
        .map(|object| object.key().unwrap().to_owned())
        .collect()
}

fn prefixes_of(listing: &Listing) -> Vec<String> {
    listing
        .common_prefixes()
        .iter()
        .map(|common| common.prefix().unwrap().to_owned())
        .collect()
}

fn bytes(bytes: &[u8]) -> ByteStream {
    ByteStream::from(bytes.to_vec())
}

async fn body(got: GetObjectOutput) -> Vec<u8> {
    got.body.collect().await.unwrap().to_vec()
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Bytes without a pattern, the same every time.
fn noise(size: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(size as u64);
    (0..size).map(|_| random.u8(..)).collect()
}

fn moto_client() -> Option<Client> {
    static SKIPPED: Once = Once::new();
    let Ok(endpoint) = std::env::var("REBOUND_MOTO_ENDPOINT") else {
        SKIPPED.call_once(|| {
            // Not eprintln!: the test runner would swallow it.
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED: REBOUND_MOTO_ENDPOINT is not set, moto does not take part"
            );
        });
        return None;
    };
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new("us-east-1"))
        .credentials_provider(aws_credential_types::Credentials::from_keys("test", "test", None))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .build();
    Some(Client::from_conf(config))
}
