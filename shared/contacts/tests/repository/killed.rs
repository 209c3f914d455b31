//! Writers that are killed in the middle of a batch, again and again.
//!
//! The writer is this test program once more, running [`writer`] alone. It says what it sends, and is killed when it
//! has said so often enough: what becomes of the transaction under way is left to chance, where the kill falls is not.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use futures::TryStreamExt;
use rebound_contacts::repository::{Repository, Tables};
use rebound_contacts::{Event, MessageRecord, Policy, fold};
use rebound_local::LocalStack;

use crate::stores::{Store, other_dynamodb};
use crate::support::{all_contacts, events_of, random_record};

/// The tables' prefix, for the writer.
const TABLES: &str = "REBOUND_TEST_KILLED_TABLES";
/// The folder with the embedded DynamoDB, for the writer; without it, the other one.
const FOLDER: &str = "REBOUND_TEST_KILLED_FOLDER";
/// What the writer says whenever it sends a transaction.
const SENDS: &str = "sends a transaction";

const MESSAGES: u32 = 240;
const BATCH: usize = 30;
/// Items in a transaction: a batch is several.
const SMALL: usize = 20;

#[tokio::test]
async fn killed_in_the_middle_of_batches_the_rerun_counts_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let stack = LocalStack::open(folder.path()).await.unwrap();
    Store::over(stack.dynamodb(), "killed").await;
    stack.close().await.unwrap();
    for transactions in KILLED_AFTER {
        run_writer("killed", Some(folder.path()), transactions);
        let stack = LocalStack::open(folder.path()).await.unwrap();
        counted_exactly(&Store::over(stack.dynamodb(), "killed").await).await;
        stack.close().await.unwrap();
    }
    run_writer("killed", Some(folder.path()), None);
    let stack = LocalStack::open(folder.path()).await.unwrap();
    counted_completely(&Store::over(stack.dynamodb(), "killed").await).await;
    stack.close().await.unwrap();

    let Some(client) = other_dynamodb() else { return };
    let tables = format!("killed-{}", std::process::id());
    let store = Store::over(client, &tables).await;
    for transactions in KILLED_AFTER {
        run_writer(&tables, None, transactions);
        counted_exactly(&store).await;
    }
    run_writer(&tables, None, None);
    counted_completely(&store).await;
}

/// A batch takes six transactions or so, and as many to see that it was recorded before.
const KILLED_AFTER: [Option<usize>; 7] = [Some(1), Some(4), Some(9), Some(16), Some(25), Some(34), Some(40)];

#[tokio::test]
#[ignore = "the writer that the test above runs and kills"]
async fn writer() {
    let tables = std::env::var(TABLES).unwrap();
    let stack = match std::env::var_os(FOLDER) {
        Some(folder) => Some(LocalStack::open(Path::new(&folder)).await.unwrap()),
        None => None,
    };
    let client = stack
        .as_ref()
        .map_or_else(other_dynamodb, |stack| Some(stack.dynamodb()));
    let config = client.unwrap().config().to_builder().interceptor(Speaks);
    let client = Client::from_conf(config.build());
    let tables = Tables::with_prefix(&format!("{tables}-"));
    let repository = Repository::new(&client, tables, Arc::new(Policy::default())).with_transaction_items(SMALL);
    for batch in messages().chunks(BATCH) {
        for result in repository.record(batch).await {
            result.unwrap();
        }
    }
    if let Some(stack) = stack {
        stack.close().await.unwrap();
    }
}

/// Runs the writer, and kills it when it has said that it sends so many transactions.
fn run_writer(tables: &str, folder: Option<&Path>, transactions: Option<usize>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["killed::writer", "--exact", "--ignored", "--nocapture"])
        .env(TABLES, tables);
    match folder {
        Some(folder) => command.env(FOLDER, folder),
        None => command.env_remove(FOLDER),
    };
    let mut writer = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let mut sent = lines.map_while(Result::ok).filter(|line| line.ends_with(SENDS));
    if let Some(transactions) = transactions {
        let seen = sent.by_ref().take(transactions).count();
        assert_eq!(seen, transactions, "the writer ended before it could be killed");
        writer.kill().unwrap();
        writer.wait().unwrap();
    } else {
        assert!(sent.by_ref().count() > 0);
        assert!(writer.wait().unwrap().success());
    }
}

/// Whatever is stored fits together: each contact is the fold of the events that are there.
async fn counted_exactly(store: &Store) {
    let mut events = 0;
    for contact in all_contacts(store).await {
        let history = events_of(store, &contact.address).await;
        assert_eq!(contact, fold(&Policy::default(), &contact.address, &history));
        events += history.len();
    }
    // No event is there without its contact: all of these count.
    let scan = store
        .client
        .scan()
        .table_name(&store.tables.events)
        .into_paginator()
        .items()
        .send();
    let stored: Vec<_> = scan.try_collect().await.unwrap();
    assert_eq!(stored.len(), events);
}

/// And nothing is missing.
async fn counted_completely(store: &Store) {
    counted_exactly(store).await;
    let messages = messages();
    for message in &messages {
        let events = store.repository.events_of_message(message.message());
        let events: Vec<Event> = events.try_collect().await.unwrap();
        assert_eq!(events, message.events());
    }
    let history: Vec<Event> = messages.iter().flat_map(MessageRecord::events).cloned().collect();
    for contact in all_contacts(store).await {
        assert_eq!(contact, fold(&Policy::default(), &contact.address, &history));
    }
}

/// The same in every process.
fn messages() -> Vec<MessageRecord> {
    let mut random = fastrand::Rng::with_seed(3);
    (0..MESSAGES).map(|nth| random_record(nth, &mut random)).collect()
}

/// Says whenever a transaction is sent.
#[derive(Debug)]
struct Speaks;

impl Intercept for Speaks {
    fn name(&self) -> &'static str {
        "speaks"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        if target.ends_with("TransactWriteItems") {
            println!("{SENDS}");
        }
        Ok(())
    }
}
