//! The stack as a whole: its folder, its queue, its tables.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)] // a failed test may say so at once

use std::collections::HashMap;
use std::time::Duration;

use aws_lambda_events::event::s3::S3Event;
use aws_sdk_dynamodb::operation::create_table::CreateTableInput;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, Put, ScalarAttributeType,
    TransactWriteItem,
};
use rebound_local::{Depth, Error, LocalStack, NotificationId, TableDefinition};

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_folder_has_one_owner_at_a_time() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("deep/er");
    let stack = LocalStack::open(&folder).await.unwrap();
    let error = LocalStack::open(&folder).await.unwrap_err();
    assert!(
        matches!(&error, Error::InUse { folder: in_use } if *in_use == folder),
        "{error}"
    );
    assert!(error.to_string().contains(folder.to_str().unwrap()));
    stack.close().await.unwrap();
    LocalStack::open(&folder).await.unwrap().close().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_folder_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let stack = LocalStack::open(&home.path().join("new")).await.unwrap();
    assert_eq!(
        std::fs::metadata(stack.folder()).unwrap().permissions().mode() & 0o777,
        0o700
    );
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let stack = LocalStack::open(home.path()).await.unwrap();
    stack.ensure_table(table("things")).await.unwrap();
    put(&stack, "raw/a", b"small").await;
    put(&stack, "raw/b", &large(7)).await;
    put_item(&stack, "one").await;
    assert_eq!(received(&stack).await.len(), 2);
    stack.close().await.unwrap();

    let stack = LocalStack::open(home.path()).await.unwrap();
    stack.ensure_table(table("things")).await.unwrap();
    assert_eq!(get(&stack, "raw/a").await, b"small");
    assert_eq!(get(&stack, "raw/b").await, large(7));
    assert_eq!(item_count(&stack).await, 1);
    // Nobody holds them any more.
    assert_eq!(received(&stack).await.len(), 2);
    stack.close().await.unwrap();
}

#[tokio::test]
async fn after_close_the_clients_fail_instead_of_writing() {
    let home = tempfile::tempdir().unwrap();
    let stack = LocalStack::open(home.path()).await.unwrap();
    stack.ensure_table(table("things")).await.unwrap();
    let (s3, dynamodb, bucket) = (stack.s3(), stack.dynamodb(), stack.bucket().to_owned());
    stack.close().await.unwrap();
    s3.put_object()
        .bucket(&bucket)
        .key("raw/late")
        .body(b"late".to_vec().into())
        .send()
        .await
        .unwrap_err();
    s3.get_object()
        .bucket(&bucket)
        .key("raw/late")
        .send()
        .await
        .unwrap_err();
    dynamodb.list_tables().send().await.unwrap_err();
}

#[tokio::test]
async fn files_that_no_object_names_are_swept_on_start() {
    let home = tempfile::tempdir().unwrap();
    let stack = LocalStack::open(home.path()).await.unwrap();
    put(&stack, "raw/large", &large(1)).await;
    stack.close().await.unwrap();
    let orphan = home.path().join("objects/0123");
    std::fs::write(&orphan, b"half an obj").unwrap();
    let stack = LocalStack::open(home.path()).await.unwrap();
    assert!(!orphan.exists());
    assert_eq!(get(&stack, "raw/large").await, large(1));
}

#[tokio::test]
async fn replaced_and_deleted_objects_leave_no_files() {
    let stack = LocalStack::temporary().await.unwrap();
    let files = || std::fs::read_dir(stack.folder().join("objects")).unwrap().count();
    put(&stack, "raw/a", &large(1)).await;
    put(&stack, "raw/a", &large(2)).await;
    put(&stack, "raw/b", &large(3)).await;
    assert_eq!(files(), 2);
    let taken = stack
        .s3()
        .put_object()
        .bucket(stack.bucket())
        .key("raw/a")
        .if_none_match("*");
    taken.body(large(4).into()).send().await.unwrap_err();
    assert_eq!(files(), 2);
    for key in ["raw/a", "raw/b"] {
        stack
            .s3()
            .delete_object()
            .bucket(stack.bucket())
            .key(key)
            .send()
            .await
            .unwrap();
    }
    assert_eq!(files(), 0);
}

#[tokio::test]
async fn new_objects_below_raw_are_announced_once_each() {
    let stack = LocalStack::temporary().await.unwrap();
    put(&stack, "raw/acc/ab/first one.eml", b"1").await;
    put(&stack, "config/policy.toml", b"2").await;
    put(&stack, "raw/acc/cd/second.eml", b"three").await;
    let again = stack
        .s3()
        .put_object()
        .bucket(stack.bucket())
        .key("raw/acc/cd/second.eml")
        .if_none_match("*");
    again.body(b"three".to_vec().into()).send().await.unwrap_err();

    let messages = stack.notifications().receive(10, HOUR).await.unwrap();
    let events = messages
        .iter()
        .map(|message| serde_json::from_str::<S3Event>(&message.body).unwrap());
    let objects: Vec<_> = events.map(|event| event.records[0].s3.object.clone()).collect();
    let keys: Vec<_> = objects.iter().map(|object| object.key.clone().unwrap()).collect();
    assert_eq!(keys, ["raw/acc/ab/first+one.eml", "raw/acc/cd/second.eml"]);
    assert_eq!(objects[1].size, Some(5));
    assert!(objects[0].sequencer < objects[1].sequencer);
}

#[tokio::test]
async fn a_notification_is_delivered_until_it_is_deleted() {
    let stack = LocalStack::temporary().await.unwrap();
    let queue = stack.notifications();
    put(&stack, "raw/a", b"1").await;
    put(&stack, "raw/b", b"2").await;

    let first = queue.receive(1, HOUR).await.unwrap();
    assert_eq!((first.len(), first[0].receive_count), (1, 1));
    assert_eq!(
        queue.depth().await.unwrap(),
        Depth {
            waiting: 1,
            in_flight: 1,
            delayed: 0,
            dead: 0
        }
    );
    // Failed: again, and counted.
    queue.release(&[first[0].id]).await.unwrap();
    let again = queue.receive(1, HOUR).await.unwrap();
    assert_eq!((again[0].id, again[0].receive_count), (first[0].id, 2));
    // Timed out: again.
    let second = queue.receive(10, Duration::ZERO).await.unwrap();
    assert_eq!(second.len(), 1);
    assert_eq!(queue.receive(10, HOUR).await.unwrap()[0].id, second[0].id);
    queue.delete(&[first[0].id, second[0].id]).await.unwrap();
    assert_eq!(queue.depth().await.unwrap(), Depth::default());
}

#[tokio::test]
async fn a_notification_that_keeps_failing_is_set_aside_and_can_be_redriven() {
    let stack = LocalStack::temporary().await.unwrap();
    let queue = stack.notifications();
    put(&stack, "raw/poison", b"1").await;
    for _ in 0..5 {
        let received = received(&stack).await;
        assert_eq!(received.len(), 1);
        queue.release(&received).await.unwrap();
    }
    assert!(received(&stack).await.is_empty());
    assert_eq!(
        queue.depth().await.unwrap(),
        Depth {
            waiting: 0,
            in_flight: 0,
            delayed: 0,
            dead: 1
        }
    );
    assert_eq!(queue.dead_letters().await.unwrap().len(), 1);
    assert_eq!(queue.redrive().await.unwrap(), 1);
    assert_eq!(queue.receive(10, HOUR).await.unwrap()[0].receive_count, 1);
}

#[tokio::test]
async fn arrival_wakes_whoever_waits_for_work() {
    let stack = LocalStack::temporary().await.unwrap();
    let queue = stack.notifications();
    let waiter = tokio::spawn(async move {
        loop {
            let messages = queue.receive(10, HOUR).await.unwrap();
            if !messages.is_empty() {
                return messages.len();
            }
            queue.arrival().await;
        }
    });
    put(&stack, "raw/a", b"1").await;
    assert_eq!(waiter.await.unwrap(), 1);
}

#[tokio::test]
async fn a_table_is_created_once_and_conditions_fail_in_a_typed_way() {
    let stack = LocalStack::temporary().await.unwrap();
    stack.ensure_table(table("things")).await.unwrap();
    stack.ensure_table(table("things")).await.unwrap();
    let ttl = stack
        .dynamodb()
        .describe_time_to_live()
        .table_name("things")
        .send()
        .await
        .unwrap();
    assert_eq!(
        ttl.time_to_live_description().unwrap().attribute_name(),
        Some("expires_at")
    );

    put_item(&stack, "one").await;
    let again = stack
        .dynamodb()
        .put_item()
        .table_name("things")
        .set_item(Some(item("one")));
    let error = again
        .condition_expression("attribute_not_exists(id)")
        .send()
        .await
        .unwrap_err();
    assert!(
        error
            .as_service_error()
            .unwrap()
            .is_conditional_check_failed_exception()
    );

    let put = |id: &str| {
        let put = Put::builder().table_name("things").set_item(Some(item(id)));
        let put = put.condition_expression("attribute_not_exists(id)").build().unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let transaction = stack
        .dynamodb()
        .transact_write_items()
        .transact_items(put("two"))
        .transact_items(put("one"));
    let error = transaction.send().await.unwrap_err().into_service_error();
    let reasons: Vec<_> = match &error {
        aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
            cancelled,
        ) => cancelled
            .cancellation_reasons()
            .iter()
            .map(|reason| reason.code().unwrap())
            .collect(),
        other => panic!("{other:?}"),
    };
    assert_eq!(reasons, ["None", "ConditionalCheckFailed"]);
    assert_eq!(item_count(&stack).await, 1);
}

/// Too much to be kept in a row.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_written_is_read_at_once_by_many_at_a_time() {
    let stack = LocalStack::temporary().await.unwrap();
    stack.ensure_table(table("things")).await.unwrap();
    // More than there are connections that read.
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let client = stack.dynamodb();
            tokio::spawn(async move {
                for nth in 0..20 {
                    let id = format!("{task}-{nth}");
                    let put = client.put_item().table_name("things").set_item(Some(item(&id)));
                    put.send().await.unwrap();
                    let get = client.get_item().table_name("things").set_key(Some(item(&id)));
                    let found = get.consistent_read(true).send().await.unwrap();
                    assert_eq!(found.item, Some(item(&id)));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(item_count(&stack).await, 16 * 20);
}

#[tokio::test]
async fn a_table_made_anew_is_read_as_it_is_defined_now() {
    let stack = LocalStack::temporary().await.unwrap();
    let client = stack.dynamodb();
    let get = |key: &str| {
        let key = HashMap::from([(key.to_owned(), AttributeValue::S("one".to_owned()))]);
        client.get_item().table_name("things").set_key(Some(key)).send()
    };
    stack.ensure_table(table("things")).await.unwrap();
    put_item(&stack, "one").await;
    assert!(get("id").await.unwrap().item.is_some());

    client.delete_table().table_name("things").send().await.unwrap();
    assert!(get("id").await.is_err(), "there is no such table");
    stack.ensure_table(keyed("things", "name")).await.unwrap();
    let named = HashMap::from([("name".to_owned(), AttributeValue::S("one".to_owned()))]);
    let put = client.put_item().table_name("things").set_item(Some(named.clone()));
    put.send().await.unwrap();
    assert_eq!(get("name").await.unwrap().item, Some(named));
    assert!(get("id").await.is_err(), "the key has another name");
}

fn large(byte: u8) -> Vec<u8> {
    vec![byte; 100_000]
}

async fn put(stack: &LocalStack, key: &str, body: &[u8]) {
    stack
        .s3()
        .put_object()
        .bucket(stack.bucket())
        .key(key)
        .body(body.to_vec().into())
        .send()
        .await
        .unwrap();
}

async fn get(stack: &LocalStack, key: &str) -> Vec<u8> {
    let got = stack
        .s3()
        .get_object()
        .bucket(stack.bucket())
        .key(key)
        .send()
        .await
        .unwrap();
    got.body.collect().await.unwrap().to_vec()
}

async fn received(stack: &LocalStack) -> Vec<NotificationId> {
    let messages = stack.notifications().receive(10, HOUR).await.unwrap();
    messages.into_iter().map(|message| message.id).collect()
}

fn table(name: &str) -> TableDefinition {
    keyed(name, "id")
}

fn keyed(name: &str, key: &str) -> TableDefinition {
    let id = AttributeDefinition::builder()
        .attribute_name(key)
        .attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash);
    let table = CreateTableInput::builder()
        .table_name(name)
        .attribute_definitions(id.build().unwrap())
        .key_schema(key.build().unwrap())
        .billing_mode(BillingMode::PayPerRequest);
    TableDefinition {
        table,
        time_to_live: Some("expires_at".into()),
    }
}

fn item(id: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("id".into(), AttributeValue::S(id.into()))])
}

async fn put_item(stack: &LocalStack, id: &str) {
    stack
        .dynamodb()
        .put_item()
        .table_name("things")
        .set_item(Some(item(id)))
        .send()
        .await
        .unwrap();
}

async fn item_count(stack: &LocalStack) -> i32 {
    stack
        .dynamodb()
        .scan()
        .table_name("things")
        .send()
        .await
        .unwrap()
        .count()
}
