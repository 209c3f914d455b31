//! Objects that arrive in parts, here and at moto.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart};
use futures::future::join_all;

use crate::support::{Served, moto, noise};

const MIB: usize = 1024 * 1024;

/// Runs checks here, and some of them also at moto, where that runs.
macro_rules! checks {
    (here_and_at_moto: [$($both:ident),+ $(,)?], here: [$($here:ident),+ $(,)?]) => {
        $(mod $both {
            checks!(@here $both);
            checks!(@moto $both);
        })+
        $(mod $here {
            checks!(@here $here);
        })+
    };
    (@here $check:ident) => {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn here() {
                let served = crate::support::Served::start().await;
                let client = aws_sdk_s3::Client::new(&served.config().await);
                super::$check(super::Bucket { client, name: "messages".into() }).await;
                served.end().await;
            }
    };
    (@moto $check:ident) => {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn at_moto() {
                let Some(config) = super::moto().await else { return };
                let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
                let client = aws_sdk_s3::Client::from_conf(config);
                let name = format!("uploads-{:x}", fastrand::u64(..));
                client.create_bucket().bucket(&name).send().await.unwrap();
                super::$check(super::Bucket { client, name }).await;
            }
    };
}

checks! {
    here_and_at_moto: [
        a_part_may_come_out_of_another_object,
        a_part_replaces_the_one_before_it,
    ],
    // moto lists parts under another name, and checks in another order, or not.
    here: [
        the_parts_become_one_object_when_they_are_complete,
        an_upload_that_is_aborted_leaves_nothing,
        what_is_not_here_as_it_is_named_is_refused,
    ]
}

struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    async fn begin(&self, key: &str) -> String {
        let begun = self.client.create_multipart_upload().bucket(&self.name).key(key);
        begun.send().await.unwrap().upload_id.unwrap()
    }

    async fn part(&self, key: &str, upload: &str, number: i32, bytes: Vec<u8>) -> CompletedPart {
        let part = self.client.upload_part().bucket(&self.name).key(key).upload_id(upload);
        let part = part.part_number(number).body(bytes.into()).send().await.unwrap();
        let named = CompletedPart::builder().part_number(number).set_e_tag(part.e_tag);
        named.set_checksum_crc32(part.checksum_crc32).build()
    }

    async fn complete(&self, key: &str, upload: &str, parts: Vec<CompletedPart>) -> Result<(), String> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.client.complete_multipart_upload().bucket(&self.name).key(key);
        let completed = complete.upload_id(upload).multipart_upload(parts).send().await;
        let completed = completed.map_err(|error| error.code().unwrap_or_default().to_owned())?;
        assert_eq!(completed.key.as_deref(), Some(key));
        Ok(())
    }

    async fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        let got = self.client.get_object().bucket(&self.name).key(key).send().await.ok()?;
        Some(got.body.collect().await.unwrap().to_vec())
    }
}

async fn the_parts_become_one_object_when_they_are_complete(bucket: Bucket) {
    let begun = bucket
        .client
        .create_multipart_upload()
        .bucket(&bucket.name)
        .key("raw/large");
    let begun = begun.content_type("message/rfc822").metadata("account", "news");
    let upload = begun.send().await.unwrap().upload_id.unwrap();
    // The second part first, and both at once.
    let (first, second) = (noise(5 * MIB, 1), noise(300_000, 2));
    let parts = [(2, second.clone()), (1, first.clone())]
        .map(|(number, bytes)| bucket.part("raw/large", &upload, number, bytes));
    let mut parts = join_all(parts).await;
    parts.reverse();
    assert_eq!(bucket.bytes("raw/large").await, None);
    let listed = bucket.client.list_parts().bucket(&bucket.name).key("raw/large");
    let listed = listed.upload_id(&upload).send().await.unwrap();
    let sizes: Vec<_> = listed
        .parts()
        .iter()
        .map(|part| (part.part_number, part.size))
        .collect();
    assert_eq!(sizes, [(Some(1), Some(5_242_880)), (Some(2), Some(300_000))]);

    bucket.complete("raw/large", &upload, parts).await.unwrap();
    assert!(bucket.bytes("raw/large").await.unwrap() == [first, second].concat());
    let head = bucket.client.head_object().bucket(&bucket.name).key("raw/large");
    let head = head.send().await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("message/rfc822"));
    assert_eq!(head.metadata.unwrap()["account"], "news");
    assert!(head.e_tag.unwrap().trim_matches('"').ends_with("-2"));
    let uploads = bucket.client.list_multipart_uploads().bucket(&bucket.name);
    assert!(uploads.send().await.unwrap().uploads().is_empty());
}

async fn an_upload_that_is_aborted_leaves_nothing(bucket: Bucket) {
    let upload = bucket.begin("raw/never").await;
    let part = bucket.part("raw/never", &upload, 1, noise(1000, 3)).await;
    let uploads = bucket.client.list_multipart_uploads().bucket(&bucket.name);
    assert_eq!(uploads.send().await.unwrap().uploads()[0].key(), Some("raw/never"));
    let abort = bucket.client.abort_multipart_upload().bucket(&bucket.name);
    abort.key("raw/never").upload_id(&upload).send().await.unwrap();
    let refused = bucket.complete("raw/never", &upload, vec![part]).await;
    assert_eq!(refused, Err("NoSuchUpload".into()));
    assert_eq!(bucket.bytes("raw/never").await, None);
}

async fn what_is_not_here_as_it_is_named_is_refused(bucket: Bucket) {
    let upload = bucket.begin("raw/x").await;
    let one = bucket.part("raw/x", &upload, 1, noise(1000, 4)).await;
    let two = bucket.part("raw/x", &upload, 2, noise(1000, 5)).await;
    let other = CompletedPart::builder()
        .part_number(1)
        .set_e_tag(two.e_tag.clone())
        .build();
    let missing = CompletedPart::builder()
        .part_number(3)
        .set_e_tag(two.e_tag.clone())
        .build();
    for (parts, code) in [
        (vec![two.clone(), one.clone()], "InvalidPartOrder"),
        (vec![one.clone(), two.clone()], "EntityTooSmall"),
        (vec![other], "InvalidPart"),
        (vec![missing], "InvalidPart"),
    ] {
        let refused = bucket.complete("raw/x", &upload, parts).await;
        assert_eq!(refused, Err(code.to_owned()));
    }
    // The last may be as small as it likes.
    bucket.complete("raw/x", &upload, vec![two]).await.unwrap();
    assert!(bucket.bytes("raw/x").await.unwrap() == noise(1000, 5));
}

async fn a_part_may_come_out_of_another_object(bucket: Bucket) {
    let from = noise(6 * MIB, 6);
    let put = bucket.client.put_object().bucket(&bucket.name).key("raw/from");
    put.body(from.clone().into()).send().await.unwrap();
    let upload = bucket.begin("raw/to").await;
    let copy = bucket.client.upload_part_copy().bucket(&bucket.name).key("raw/to");
    let copy = copy.upload_id(&upload).part_number(1);
    let copy = copy.copy_source(format!("{}/raw/from", bucket.name));
    let copied = copy.copy_source_range("bytes=100-5242979").send().await.unwrap();
    let copied = CompletedPart::builder()
        .part_number(1)
        .set_e_tag(copied.copy_part_result.unwrap().e_tag)
        .build();
    let last = bucket.part("raw/to", &upload, 2, b"end".to_vec()).await;
    bucket.complete("raw/to", &upload, vec![copied, last]).await.unwrap();
    assert!(bucket.bytes("raw/to").await.unwrap() == [&from[100..5_242_980], b"end"].concat());
}

async fn a_part_replaces_the_one_before_it(bucket: Bucket) {
    let upload = bucket.begin("raw/twice").await;
    let before = bucket.part("raw/twice", &upload, 1, noise(70_000, 7)).await;
    let after = bucket.part("raw/twice", &upload, 1, noise(70_000, 8)).await;
    let refused = bucket.complete("raw/twice", &upload, vec![before]).await;
    assert_eq!(refused, Err("InvalidPart".into()));
    bucket.complete("raw/twice", &upload, vec![after]).await.unwrap();
    assert!(bucket.bytes("raw/twice").await.unwrap() == noise(70_000, 8));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checksums_are_of_the_parts_or_of_the_whole_as_was_agreed() {
    let served = Served::start().await;
    let client = Client::new(&served.config().await);
    let bytes = [noise(5 * MIB, 9), noise(5000, 10)];
    // What the whole has when it is put at once is what it must have in parts.
    let put = client.put_object().bucket("messages").key("whole");
    let put = put.checksum_algorithm(ChecksumAlgorithm::Crc64Nvme);
    let whole = put
        .body(bytes.concat().into())
        .send()
        .await
        .unwrap()
        .checksum_crc64_nvme
        .unwrap();
    let table = [
        (ChecksumAlgorithm::Crc64Nvme, None, "FULL_OBJECT"),
        (ChecksumAlgorithm::Crc32, None, "COMPOSITE"),
        (ChecksumAlgorithm::Crc32, Some(ChecksumType::FullObject), "FULL_OBJECT"),
        (ChecksumAlgorithm::Sha256, None, "COMPOSITE"),
    ];
    for (algorithm, kind, expected) in table {
        let begin = client.create_multipart_upload().bucket("messages").key("parts");
        let begin = begin
            .checksum_algorithm(algorithm.clone())
            .set_checksum_type(kind.clone());
        let upload = begin.send().await.unwrap().upload_id.unwrap();
        let mut parts = Vec::new();
        for (number, bytes) in (1..).zip(&bytes) {
            let part = client.upload_part().bucket("messages").key("parts").upload_id(&upload);
            let part = part.part_number(number).checksum_algorithm(algorithm.clone());
            let part = part.body(ByteStream::from(bytes.clone())).send().await.unwrap();
            let named = CompletedPart::builder().part_number(number).set_e_tag(part.e_tag);
            let named = named
                .set_checksum_crc32(part.checksum_crc32)
                .set_checksum_sha256(part.checksum_sha256);
            parts.push(named.set_checksum_crc64_nvme(part.checksum_crc64_nvme).build());
        }
        let complete = client.complete_multipart_upload().bucket("messages").key("parts");
        let complete = complete.upload_id(&upload).set_checksum_type(kind);
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = complete.multipart_upload(parts).send().await.unwrap();
        assert_eq!(
            complete.checksum_type.map(|kind| kind.as_str().to_owned()).as_deref(),
            Some(expected)
        );
        let get = client.get_object().bucket("messages").key("parts");
        let got = get.checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
        match algorithm {
            ChecksumAlgorithm::Crc64Nvme => assert_eq!(got.checksum_crc64_nvme(), Some(whole.as_str())),
            ChecksumAlgorithm::Sha256 => assert!(got.checksum_sha256().unwrap().ends_with("-2")),
            _ => assert_eq!(got.checksum_crc32().unwrap().ends_with("-2"), expected == "COMPOSITE"),
        }
        // The client checks what it can check while it reads.
        assert!(got.body.collect().await.unwrap().to_vec() == bytes.concat());
    }
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_of_one_key_do_not_disturb_each_other() {
    let served = Served::start().await;
    let bucket = Bucket {
        client: Client::new(&served.config().await),
        name: "messages".into(),
    };
    let uploads = (0..8u64).map(async |seed| {
        let upload = bucket.begin("raw/same").await;
        let bytes = [noise(5 * MIB, 100 + seed), noise(1000, 200 + seed)];
        let parts = (1..).zip(bytes.clone());
        let parts = parts.map(|(number, bytes)| bucket.part("raw/same", &upload, number, bytes));
        let parts = join_all(parts).await;
        bucket.complete("raw/same", &upload, parts).await.unwrap();
        bytes.concat()
    });
    let written = join_all(uploads).await;
    let found = bucket.bytes("raw/same").await.unwrap();
    assert!(written.contains(&found));
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_outlives_a_restart_and_is_announced_once_when_complete() {
    let home = tempfile::tempdir().unwrap();
    let (key, bytes) = ("inbound/ses/large", noise(5 * MIB, 11));
    let stack = rebound_local::LocalStack::open(home.path()).await.unwrap();
    let served = Served::over(stack).await;
    let bucket = |client| Bucket {
        client,
        name: "messages".into(),
    };
    let before = bucket(Client::new(&served.config().await));
    let upload = before.begin(key).await;
    let first = before.part(key, &upload, 1, bytes.clone()).await;
    served.end().await;

    let stack = rebound_local::LocalStack::open(home.path()).await.unwrap();
    let queue = stack.notifications();
    let served = Served::over(stack).await;
    let after = bucket(Client::new(&served.config().await));
    let second = after.part(key, &upload, 2, b"end".to_vec()).await;
    assert_eq!(queue.depth().await.unwrap().waiting, 0);
    after.complete(key, &upload, vec![first, second]).await.unwrap();
    assert!(after.bytes(key).await.unwrap() == [bytes, b"end".to_vec()].concat());
    let announced = queue.receive(10, std::time::Duration::ZERO).await.unwrap();
    assert_eq!(announced.len(), 1);
    assert!(announced[0].body.contains("ObjectCreated:CompleteMultipartUpload"));
    served.end().await;
    // One file for the object, none for its parts.
    assert_eq!(std::fs::read_dir(home.path().join("objects")).unwrap().count(), 1);
}
