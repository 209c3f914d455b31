//! What was answered with success is there after the process was killed, and nothing half is.
//!
//! Killing a process does not test the disk: that every answer waits for a flush is SQLite's `synchronous = FULL`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a failed test may say so at once

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use aws_lambda_events::event::s3::S3Event;
use aws_sdk_dynamodb::operation::create_table::CreateTableInput;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use rebound_local::{LocalStack, TableDefinition};

/// Where the child is told its folder.
const FOLDER: &str = "REBOUND_LOCAL_TEST_FOLDER";

/// Writers in the child: enough to share flushes.
const WRITERS: usize = 8;

/// Answered writes after which the child is killed.
const ENOUGH: usize = 40;

#[tokio::test]
async fn answered_writes_survive_a_kill_and_half_ones_are_invisible() {
    let home = tempfile::tempdir().unwrap();
    let mut answered = BTreeSet::new();
    for round in 0..2 {
        answered.extend(write_and_kill(home.path(), round));
        let stack = LocalStack::open(home.path()).await.unwrap();
        check(&stack, &answered).await;
        stack.close().await.unwrap();
    }
}

/// Everything in the stack fits together, and everything in `answered` is there.
async fn check(stack: &LocalStack, answered: &BTreeSet<String>) {
    let mut visible = BTreeMap::new();
    let mut pages = stack
        .s3()
        .list_objects_v2()
        .bucket(stack.bucket())
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        for object in page.unwrap().contents() {
            visible.insert(object.key().unwrap().to_owned(), object.size().unwrap());
        }
    }
    for key in answered {
        assert!(visible.contains_key(key), "{key} was answered and is gone");
    }
    for key in visible.keys() {
        let got = stack
            .s3()
            .get_object()
            .bucket(stack.bucket())
            .key(key)
            .send()
            .await
            .unwrap();
        assert!(
            got.body.collect().await.unwrap().to_vec() == body_of(key),
            "{key} is damaged"
        );
    }

    let notified: BTreeSet<String> = notified(stack).await;
    assert_eq!(
        notified,
        visible.keys().cloned().collect(),
        "one notification for each object"
    );

    let files = std::fs::read_dir(stack.folder().join("objects")).unwrap().count();
    assert_eq!(
        files,
        visible.values().filter(|size| **size > 65_536).count(),
        "one file for each large object"
    );

    for key in answered {
        let id = HashMap::from([("id".to_owned(), AttributeValue::S(key.clone()))]);
        let got = stack
            .dynamodb()
            .get_item()
            .table_name("answered")
            .set_key(Some(id))
            .send()
            .await
            .unwrap();
        assert!(got.item().is_some(), "item {key} was answered and is gone");
    }
}

async fn notified(stack: &LocalStack) -> BTreeSet<String> {
    let messages = stack.notifications().receive(100_000, Duration::ZERO).await.unwrap();
    let key = |body: &str| {
        let event: S3Event = serde_json::from_str(body).unwrap();
        event.records[0].s3.object.key.clone().unwrap()
    };
    let keys: BTreeSet<String> = messages.iter().map(|message| key(&message.body)).collect();
    assert_eq!(keys.len(), messages.len(), "no object is announced twice");
    keys
}

/// Runs [`child`] until it has reported enough, kills it, and answers what it reported.
fn write_and_kill(folder: &Path, round: u32) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "child"])
        .env(FOLDER, folder)
        .env("ROUND", round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    // A line may be cut off by the kill.
    let mut keys = lines.filter_map(|line| line.strip_suffix(" done").map(str::to_owned));
    let mut answered: Vec<String> = keys.by_ref().take(ENOUGH).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it died counts as well.
    answered.extend(keys);
    answered
}

#[test]
#[ignore = "the other test runs it in a process of its own, and kills it"]
fn child() {
    let folder = std::env::var(FOLDER).unwrap();
    let round = std::env::var("ROUND").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let stack = LocalStack::open(folder.as_ref()).await.unwrap();
        stack.ensure_table(answered_table()).await.unwrap();
        let writers = (0..WRITERS).map(|writer| {
            let (s3, dynamodb) = (stack.s3(), stack.dynamodb());
            let (bucket, round) = (stack.bucket().to_owned(), round.clone());
            tokio::spawn(async move {
                for n in 0.. {
                    let key = format!("raw/{round}/{writer}/{n}");
                    let put = s3.put_object().bucket(&bucket).key(&key).body(body_of(&key).into());
                    put.send().await.unwrap();
                    let put = dynamodb
                        .put_item()
                        .table_name("answered")
                        .item("id", AttributeValue::S(key.clone()));
                    put.send().await.unwrap();
                    writeln!(std::io::stdout().lock(), "{key} done").unwrap();
                }
            })
        });
        futures::future::join_all(writers).await;
    });
}

/// What belongs under `key`; every fourth is large enough for a file of its own.
fn body_of(key: &str) -> Vec<u8> {
    let large = key.bytes().last().is_some_and(|digit| digit % 4 == 0);
    key.bytes().cycle().take(if large { 70_000 } else { 4_000 }).collect()
}

fn answered_table() -> TableDefinition {
    let id = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
    let table = CreateTableInput::builder()
        .table_name("answered")
        .attribute_definitions(id.build().unwrap())
        .key_schema(key.build().unwrap())
        .billing_mode(BillingMode::PayPerRequest);
    TableDefinition {
        table,
        time_to_live: None,
    }
}
