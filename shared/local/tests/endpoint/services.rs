//! Each service by the SDK's own client, all at one address.

use std::collections::BTreeMap;
use std::process::Stdio;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_s3::primitives::ByteStream;
use futures::future::join_all;
use rebound_local::LocalStack;

use crate::support::{Served, config, noise};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_written_by_one_client_are_read_by_another_and_by_those_in_the_process() {
    let stack = LocalStack::temporary().await.unwrap();
    let inside = stack.dynamodb();
    let served = Served::over(stack).await;
    let clients = [
        aws_sdk_dynamodb::Client::new(&served.config().await),
        aws_sdk_dynamodb::Client::new(&served.config().await),
    ];
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
    let id = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::S);
    let create = clients[0]
        .create_table()
        .table_name("things")
        .billing_mode(BillingMode::PayPerRequest);
    let create = create
        .key_schema(key.build().unwrap())
        .attribute_definitions(id.build().unwrap());
    create.send().await.unwrap();
    let one = AttributeValue::S("one".into());
    let put = clients[0].put_item().table_name("things").item("id", one.clone());
    put.send().await.unwrap();
    for client in [&clients[1], &inside] {
        let get = client.get_item().table_name("things").key("id", one.clone());
        assert!(get.send().await.unwrap().item.is_some());
    }
    let select = clients[1]
        .execute_statement()
        .statement("SELECT * FROM \"things\" WHERE id = 'one'");
    assert_eq!(select.send().await.unwrap().items().len(), 1);
    let missing = clients[1]
        .get_item()
        .table_name("others")
        .key("id", one)
        .send()
        .await
        .unwrap_err();
    assert!(missing.into_service_error().is_resource_not_found_exception());
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_secrets_and_files_at_once() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::over(LocalStack::open(home.path()).await.unwrap()).await;
    let client = aws_sdk_secretsmanager::Client::new(&served.config().await);
    let document = "host = \"imap.example.com\"\n";
    let create = client.create_secret().name("rebound/accounts/news");
    create.secret_string(document).send().await.unwrap();
    let file = home.path().join("accounts/news.toml");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), document);
    std::fs::write(&file, "host = \"imap.example.net\"\n").unwrap();
    let get = client.get_secret_value().secret_id("rebound/accounts/news").send();
    assert_eq!(
        get.await.unwrap().secret_string(),
        Some("host = \"imap.example.net\"\n")
    );
    let update = client.update_secret().secret_id("rebound/accounts/news");
    update.secret_string(document).send().await.unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), document);
    let list = client.list_secrets().send().await.unwrap();
    let names: Vec<_> = list.secret_list().iter().filter_map(|secret| secret.name()).collect();
    assert_eq!(names, ["rebound/accounts/news"]);
    let missing = client
        .get_secret_value()
        .secret_id("rebound/accounts/other")
        .send()
        .await;
    assert!(
        missing
            .unwrap_err()
            .into_service_error()
            .is_resource_not_found_exception()
    );
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_come_back_as_they_went_however_they_travel() {
    let served = Served::start().await;
    let client = aws_sdk_s3::Client::new(&served.config().await);
    let file = tempfile::NamedTempFile::new().unwrap();
    let bytes = noise(3_000_000, 1);
    std::fs::write(file.path(), &bytes).unwrap();
    // A file is streamed: in chunks, its checksum behind them.
    let body = ByteStream::from_path(file.path()).await.unwrap();
    let put = client.put_object().bucket("messages").key("raw/a b/ü+%.eml").body(body);
    put.send().await.unwrap();
    let put = client
        .put_object()
        .bucket("messages")
        .key("raw/none")
        .body(ByteStream::default());
    put.send().await.unwrap();
    let get = client.get_object().bucket("messages").key("raw/a b/ü+%.eml").send();
    assert!(get.await.unwrap().body.collect().await.unwrap().to_vec() == bytes);
    let get = client.get_object().bucket("messages").key("raw/none").send();
    assert!(get.await.unwrap().body.collect().await.unwrap().to_vec().is_empty());
    // With a name for a host, the SDK puts the bucket before it.
    let named = config(&format!("http://localhost:{}", served.address.port()), "local", "local").await;
    let named = aws_sdk_s3::config::Builder::from(&named).force_path_style(true).build();
    let named = aws_sdk_s3::Client::from_conf(named);
    let list = named
        .list_objects()
        .bucket("messages")
        .max_keys(1)
        .send()
        .await
        .unwrap();
    assert_eq!(list.contents()[0].key(), Some("raw/a b/ü+%.eml"));
    let list = named
        .list_objects()
        .bucket("messages")
        .marker("raw/a b/ü+%.eml")
        .send()
        .await
        .unwrap();
    assert_eq!(list.contents()[0].key(), Some("raw/none"));
    let buckets = named.list_buckets().send().await.unwrap();
    assert_eq!(buckets.buckets()[0].name(), Some("messages"));
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_readers_and_a_writer_do_not_wait_for_each_other_for_ever() {
    let served = Served::start().await;
    let client = aws_sdk_s3::Client::new(&served.config().await);
    let bytes = noise(300_000, 2);
    let put = client
        .put_object()
        .bucket("messages")
        .key("raw/x")
        .body(bytes.clone().into());
    put.send().await.unwrap();
    // Begun, not read; meanwhile others read and the object is replaced.
    let begun = client
        .get_object()
        .bucket("messages")
        .key("raw/x")
        .send()
        .await
        .unwrap();
    let reads = (0..20).map(async |_| {
        let get = client
            .get_object()
            .bucket("messages")
            .key("raw/x")
            .send()
            .await
            .unwrap();
        get.body.collect().await.unwrap().to_vec().len()
    });
    assert_eq!(join_all(reads).await, [300_000; 20]);
    let put = client
        .put_object()
        .bucket("messages")
        .key("raw/x")
        .body(noise(200_000, 3).into());
    put.send().await.unwrap();
    assert!(begun.body.collect().await.unwrap().to_vec() == bytes);
    served.end().await;
}

/// Signed and read by another maker's code; the test of the command reads it with the SDK.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stack_is_described_to_the_command_line() {
    let Some(tools) = crate::clients::tools() else { return };
    let served = Served::start().await;
    let aws = |arguments: &'static [&'static str]| {
        let mut aws = crate::clients::command(&tools, "aws", &served.url());
        aws.args(arguments).stdin(Stdio::null());
        async move {
            tokio::task::spawn_blocking(move || aws.output().unwrap())
                .await
                .unwrap()
        }
    };
    let described = aws(&["cloudformation", "describe-stacks", "--stack-name", "local"]).await;
    assert!(
        described.status.success(),
        "{}",
        String::from_utf8_lossy(&described.stderr)
    );
    let stacks: serde_json::Value = serde_json::from_slice(&described.stdout).unwrap();
    let outputs: BTreeMap<&str, &str> = stacks["Stacks"][0]["Outputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|output| {
            (
                output["OutputKey"].as_str().unwrap(),
                output["OutputValue"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(outputs["Bucket"], "messages");
    assert_eq!(outputs["TablePrefix"], "rebound-");
    assert_eq!(outputs["FetchQueueUrl"], format!("{}/000000000000/fetch", served.url()));
    let other = aws(&["cloudformation", "describe-stacks", "--stack-name", "other"]).await;
    let told = String::from_utf8_lossy(&other.stderr);
    assert!(
        told.contains("ValidationError") && told.contains("does not exist"),
        "{told}"
    );
    served.end().await;
}
