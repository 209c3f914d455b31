//! Mail that Amazon SES puts into the bucket, without any mailbox.

use aws_sdk_s3::primitives::ByteStream;
use rebound_archive::ObjectKey;
use rebound_message::MessageHash;

use crate::stack::{REPORT, Stack, failed_ids};

const INBOUND: &str = "inbound/news/o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1";

async fn put(stack: &Stack, key: &str, text: &str) {
    let put = stack.local.s3().put_object().bucket(stack.local.bucket()).key(key);
    put.body(ByteStream::from(text.as_bytes().to_vec()))
        .send()
        .await
        .expect("the embedded store");
}

#[tokio::test]
async fn a_message_is_archived_and_judged_once_however_often_it_is_announced() {
    let stack = Stack::start().await;
    put(&stack, INBOUND, REPORT).await;
    let raw = ObjectKey::new("news".parse().expect("a name"), MessageHash::of(REPORT.as_bytes()));

    let (outcome, invocation) = stack.handle(&[INBOUND]).await;
    assert_eq!(outcome.judged.len(), 1);
    assert!(outcome.judged[0].recorded.new);
    let event = &outcome.judged[0].record.events()[0];
    assert_eq!(event.account.as_deref(), Some("news"));
    assert_eq!(event.object_key.as_deref(), Some(&*raw.to_string()));
    assert!(failed_ids(outcome, &invocation).is_empty());
    let recorded = stack.ann().await.expect("recorded");

    // The archive announces it as well, and the queue may deliver anything again.
    let (outcome, _) = stack.handle(&[&raw.to_string(), INBOUND, INBOUND]).await;
    assert_eq!(outcome.judged.len(), 3);
    assert!(outcome.judged.iter().all(|judged| !judged.recorded.new));
    assert_eq!(stack.ann().await, Some(recorded));
}

#[tokio::test]
async fn the_archive_knows_where_a_message_came_from_and_when() {
    let stack = Stack::start().await;
    put(&stack, INBOUND, REPORT).await;
    stack.handle(&[INBOUND]).await;
    let raw = ObjectKey::new("news".parse().expect("a name"), MessageHash::of(REPORT.as_bytes()));
    let head = stack
        .local
        .s3()
        .head_object()
        .bucket(stack.local.bucket())
        .key(raw.to_string())
        .send()
        .await
        .expect("archived");
    let inbound = stack.local.s3().head_object().bucket(stack.local.bucket()).key(INBOUND);
    let put_at = inbound.send().await.expect("left as it is").last_modified;
    let metadata = head.metadata().expect("its provenance");
    assert_eq!(metadata["source"], INBOUND);
    assert_eq!(metadata["account"], "news");
    let fetched_at: jiff::Timestamp = metadata["fetched-at"].parse().expect("a time");
    assert_eq!(Some(fetched_at.as_second()), put_at.map(|at| at.secs()));
}

#[tokio::test]
async fn what_is_no_message_or_gone_is_passed_over() {
    let stack = Stack::start().await;
    put(&stack, "inbound/news/AMAZON_SES_SETUP_NOTIFICATION", "set up").await;
    let (outcome, invocation) = stack
        .handle(&[
            "inbound/news/AMAZON_SES_SETUP_NOTIFICATION",
            "inbound/news/never-there",
            "inbound/No+Name/message",
        ])
        .await;
    assert!(outcome.judged.is_empty());
    assert!(failed_ids(outcome, &invocation).is_empty());
}
