//! The tables in the template are those that the code creates on one machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // a test may panic, and so may what helps it

use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use rebound_contacts::repository::Tables;
use rebound_fetcher::mailboxes::Mailboxes;
use rebound_test_infra::{Template, written};
use serde_json::{Value, json};

/// What a table is made of, in DynamoDB's words, which are CloudFormation's, too.
const PARTS: [&str; 4] = [
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "BillingMode",
];

#[tokio::test]
async fn tables_and_indexes_are_those_that_the_code_creates() {
    assert_eq!(differences(&template(), &requests().await), [""; 0]);
}

#[tokio::test]
async fn a_table_that_differs_is_noticed() {
    let requests = requests().await;
    for (place, value) in [
        ("EventsTable/Properties/KeySchema/1/AttributeName", json!("address")),
        (
            "EventsTable/Properties/GlobalSecondaryIndexes/2/IndexName",
            json!("by-campaign"),
        ),
        (
            "EventsTable/Properties/GlobalSecondaryIndexes/0/Projection/ProjectionType",
            json!("KEYS_ONLY"),
        ),
        (
            "ContactsTable/Properties/GlobalSecondaryIndexes/1/KeySchema/1/AttributeName",
            json!("first_event_at"),
        ),
        (
            "ContactsTable/Properties/GlobalSecondaryIndexes/1/Projection/NonKeyAttributes/3",
            json!("journal"),
        ),
        (
            "ContactsTable/Properties/AttributeDefinitions/2/AttributeType",
            json!("N"),
        ),
        ("MailboxesTable/Properties/BillingMode", json!("PROVISIONED")),
        ("MailboxesTable/Type", json!("AWS::DynamoDB::GlobalTable")),
    ] {
        let mut template = template();
        *template.at_mut(&format!("/Resources/{place}")).expect(place) = value;
        assert_ne!(differences(&template, &requests), [""; 0], "{place}");
    }
}

#[tokio::test]
async fn items_expire_by_the_attribute_that_the_code_names() {
    let requests = requests().await;
    let template = template();
    for (table, suffix) in TABLES {
        let expiry = requests
            .iter()
            .filter(|request| request["TableName"] == format!("x-{suffix}").as_str())
            .find_map(|request| request.get("TimeToLiveSpecification"));
        let in_template = template.at(&format!("/Resources/{table}/Properties/TimeToLiveSpecification"));
        assert_eq!(in_template, expiry.unwrap_or(&Value::Null), "{table}");
        assert_eq!(expiry.is_some(), ["events", "sent"].contains(&suffix), "{table}");
    }
}

#[test]
fn tables_are_called_as_the_functions_expect() {
    let template = template();
    let prefix = written(template.at("/Globals/Function/Environment/Variables/TABLE_PREFIX")).join("");
    let output = written(template.at("/Outputs/TablePrefix/Value")).join("");
    assert_eq!(prefix, output);
    for (table, suffix) in TABLES {
        let name = written(template.at(&format!("/Resources/{table}/Properties/TableName"))).join("");
        assert_eq!(name, format!("{prefix}{suffix}"));
    }
}

/// Where the template's tables are not those that were asked for.
fn differences(template: &Template, requests: &[Value]) -> Vec<String> {
    let mut differences = Vec::new();
    let asked_for = requests.iter().filter(|request| request.get("KeySchema").is_some());
    let (asked_for, there) = (asked_for.count(), template.of_kind("AWS::DynamoDB::Table").count());
    if asked_for != TABLES.len() || there != TABLES.len() {
        differences.push(format!("{asked_for} tables are asked for, {there} are in the template"));
    }
    for (table, suffix) in TABLES {
        let name = format!("x-{suffix}");
        let request = requests
            .iter()
            .find(|request| request["TableName"] == name.as_str() && request.get("KeySchema").is_some())
            .expect(&name);
        let properties = template.at(&format!("/Resources/{table}/Properties"));
        for part in PARTS {
            let (there, asked_for) = (sorted(&properties[part]), sorted(&request[part]));
            if there != asked_for {
                differences.push(format!("{part} of {table}: {there}, the code creates {asked_for}"));
            }
        }
    }
    differences
}

const TABLES: [(&str, &str); 4] = [
    ("ContactsTable", "contacts"),
    ("EventsTable", "events"),
    ("MailboxesTable", "mailboxes"),
    ("SentTable", "sent"),
];

fn template() -> Template {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/template.yaml");
    Template::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What the code asks DynamoDB to create.
async fn requests() -> Vec<Value> {
    let seen = Seen::default();
    let connector = seen.clone();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::from_keys("nobody", "nothing", None))
        .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(connector.clone())))
        .build();
    let client = Client::from_conf(config);
    Tables::with_prefix("x-").ensure(&client).await.unwrap();
    Mailboxes::new(&client, "x-").ensure().await.unwrap();
    seen.0.lock().unwrap().clone()
}

/// Keeps what is sent, and answers that all is well.
#[derive(Clone, Debug, Default)]
struct Seen(Arc<Mutex<Vec<Value>>>);

impl HttpConnector for Seen {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        self.0.lock().unwrap().push(body);
        let answer = HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from("{}"));
        HttpConnectorFuture::ready(Ok(answer))
    }
}

/// Neither the order of attributes nor that of indexes means anything; that of keys does, and stays.
fn sorted(value: &Value) -> Value {
    let Value::Array(items) = value else {
        return value.clone();
    };
    let mut items: Vec<_> = items.iter().map(by_name).collect();
    if items.iter().any(|item| item.get("KeyType").is_none()) {
        items.sort_by_key(ToString::to_string);
    }
    json!(items)
}

/// An index with what it carries sorted.
fn by_name(item: &Value) -> Value {
    let mut item = item.clone();
    if let Some(Value::Array(names)) = item.pointer_mut("/Projection/NonKeyAttributes") {
        names.sort_by_key(ToString::to_string);
    }
    item
}
