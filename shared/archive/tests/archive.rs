//! The archive over the embedded S3.

#![allow(clippy::unwrap_used)] // a test may panic, and so may what helps it

use aws_sdk_s3::primitives::ByteStream;
use futures::TryStreamExt;
use jiff::Timestamp;
use rebound_accounts::Account;
use rebound_archive::{Archive, ArchiveError, FoundAs, ObjectKey, Provenance, RawMessage, ReadLimits};
use rebound_local::LocalStack;

const LIMITS: ReadLimits = ReadLimits { head: 100, tail: 20 };

struct Fixture {
    archive: Archive,
    account: Account,
    stack: LocalStack,
}

impl Fixture {
    async fn new() -> Self {
        let stack = LocalStack::temporary().await.unwrap();
        Self {
            archive: Archive::new(stack.s3(), stack.bucket()),
            account: Account {
                list: "Große Liste".parse().unwrap(),
                ..Account::new("news".parse().unwrap())
            },
            stack,
        }
    }

    async fn store(&self, bytes: &[u8], source: &str) -> (ObjectKey, bool) {
        let provenance = provenance(source);
        let message = RawMessage::new(bytes.to_vec());
        let stored = self.archive.store(&self.account, &message, &provenance).await.unwrap();
        (stored.key, stored.new)
    }
}

fn provenance(source: &str) -> Provenance {
    Provenance {
        found_as: FoundAs::Source(source.to_owned()),
        fetched_at: "2026-11-21T20:00:00Z".parse::<Timestamp>().unwrap(),
    }
}

#[tokio::test]
async fn what_was_stored_is_read_with_all_that_is_known_about_it() {
    let fixture = Fixture::new().await;
    let (key, new) = fixture.store(b"Subject: hi\r\n\r\n\xff\0", "böx.mbox#17").await;
    assert!(new);
    assert_eq!(key, ObjectKey::parse(&key.to_string()).unwrap());

    let read = fixture.archive.read(&key, LIMITS).await.unwrap();
    assert_eq!(&read.bytes[..], b"Subject: hi\r\n\r\n\xff\0");
    assert!(read.is_complete());
    assert_eq!(read.total_length, 17);
    assert_eq!(read.metadata.account, Some(fixture.account.name.clone()));
    assert_eq!(read.metadata.list, Some(fixture.account.list.clone()));
    assert_eq!(read.metadata.found_as, Some(provenance("böx.mbox#17").found_as));
    assert_eq!(read.metadata.fetched_at, Some(provenance("").fetched_at));

    let object = fixture
        .stack
        .s3()
        .head_object()
        .bucket(fixture.stack.bucket())
        .key(key.to_string());
    assert_eq!(object.send().await.unwrap().content_type(), Some("message/rfc822"));
}

#[tokio::test]
async fn a_message_stored_again_keeps_its_first_provenance() {
    let fixture = Fixture::new().await;
    let (key, _) = fixture.store(b"the same", "first").await;
    assert_eq!(fixture.store(b"the same", "second").await, (key.clone(), false));
    let read = fixture.archive.read(&key, LIMITS).await.unwrap();
    assert_eq!(read.metadata.found_as, Some(provenance("first").found_as));
}

#[tokio::test]
async fn of_a_long_message_head_and_tail_are_read() {
    let fixture = Fixture::new().await;
    for (length, complete) in [(1, true), (99, true), (120, true), (121, false), (200_000, false)] {
        let bytes: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[(at % 4) as usize]).collect();
        let (key, _) = fixture.store(&bytes, "long").await;
        let read = fixture.archive.read(&key, LIMITS).await.unwrap();
        assert_eq!(read.total_length, u64::from(length));
        assert_eq!(read.is_complete(), complete);
        if complete {
            assert_eq!(read.bytes, bytes);
        } else {
            assert_eq!(read.omitted, Some(100..u64::from(length) - 20));
            assert_eq!(read.bytes, [&bytes[..100], &bytes[bytes.len() - 20..]].concat());
        }
    }
}

#[tokio::test]
async fn a_missing_message_is_not_found() {
    let fixture = Fixture::new().await;
    let key = ObjectKey::new("news".parse().unwrap(), RawMessage::new("never stored").hash());
    assert!(fixture.archive.read(&key, LIMITS).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn an_object_with_other_bytes_than_its_key_says_is_damaged() {
    let fixture = Fixture::new().await;
    for bytes in [&b""[..], b"something else"] {
        let key = ObjectKey::new("news".parse().unwrap(), RawMessage::new("a message").hash());
        let put = fixture
            .stack
            .s3()
            .put_object()
            .bucket(fixture.stack.bucket())
            .key(key.to_string());
        put.body(ByteStream::from(bytes.to_vec())).send().await.unwrap();
        let error = fixture.archive.read(&key, LIMITS).await.unwrap_err();
        assert!(matches!(error, ArchiveError::Damaged { .. }), "{error}");
    }
}

#[tokio::test]
async fn of_many_that_store_one_message_at_once_one_finds_it_new() {
    let fixture = Fixture::new().await;
    let stores = (0..16).map(|_| {
        let (archive, account) = (fixture.archive.clone(), fixture.account.clone());
        tokio::spawn(async move {
            let message = RawMessage::new("the same");
            archive
                .store(&account, &message, &provenance("race"))
                .await
                .unwrap()
                .new
        })
    });
    let mut new = 0;
    for store in stores.collect::<Vec<_>>() {
        new += u32::from(store.await.unwrap());
    }
    assert_eq!(new, 1);
}

#[tokio::test]
async fn messages_are_listed_by_account_and_nothing_else_is() {
    let Fixture { archive, stack, .. } = Fixture::new().await;
    let mut stored = Vec::new();
    for (account, message) in [("ads", "1"), ("news", "2"), ("news", "3"), ("news2", "4")] {
        let account = Account::new(account.parse().unwrap());
        let message = RawMessage::new(message.as_bytes().to_vec());
        stored.push(archive.store(&account, &message, &provenance("box")).await.unwrap().key);
    }
    let other = stack.s3().put_object().bucket(stack.bucket()).key("config/rules.toml");
    other.send().await.unwrap();
    stored.sort();
    let listed = async |account: Option<&str>| {
        let account = account.map(|account| account.parse().unwrap());
        archive.keys(account.as_ref()).try_collect::<Vec<_>>().await.unwrap()
    };
    assert_eq!(listed(None).await, stored);
    assert_eq!(listed(Some("news")).await.len(), 2);
    assert!(listed(Some("nobody")).await.is_empty());
}
