//! The tables and their indexes: the interface of whoever reports on them, and of senders.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, DisplayErrorContext};
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};

/// By `suppressed_cause` and `suppressed_at`; holds suppressed contacts only.
pub(super) const SUPPRESSED_BY_TIME: &str = "suppressed-by-time";
/// By `domain` and `last_event_at`.
const DOMAIN_BY_TIME: &str = "domain-by-time";
/// By `address` and `at`.
pub(super) const ADDRESS_BY_TIME: &str = "address-by-time";
/// By `day` and `at`.
pub(super) const DAY_BY_TIME: &str = "day-by-time";
/// By `campaign` and `at`.
const CAMPAIGN_BY_TIME: &str = "campaign-by-time";

/// The attribute, in seconds since 1970, after which DynamoDB may delete an event or an entry of the sent ledger.
const EXPIRY: &str = "expires_at";

/// What the indexes on contacts carry beside the keys; not the journal, which only the fold reads. DynamoDB takes 20.
const CONTACT_PROJECTION: [&str; 17] = [
    "spelling",
    "status",
    "suppressed_by",
    "hard_bounces",
    "soft_bounces",
    "soft_streak",
    "unknown_bounces",
    "blocks",
    "complaints",
    "auto_replies",
    "delivered",
    "events",
    "first_event_at",
    "last_category",
    "last_reason",
    "last_status",
    "new_address",
];

/// The names of the tables: `<prefix>contacts`, `<prefix>events` and `<prefix>sent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// One item per contact; partition key `address`.
    pub contacts: String,
    /// One item per event; partition key `message`, sort key `recipient`.
    pub events: String,
    /// The sent ledger: one item per message and recipient; partition key `message_id`, sort key `address`.
    pub sent: String,
}

impl Tables {
    /// The tables whose names begin with `prefix`, which may be empty.
    pub fn with_prefix(prefix: &str) -> Self {
        Self {
            contacts: format!("{prefix}contacts"),
            events: format!("{prefix}events"),
            sent: format!("{prefix}sent"),
        }
    }

    /// Creates the tables that are not there yet. Tables that are there stay as they are.
    ///
    /// For embedded and test stores; in the cloud the template creates them.
    pub async fn ensure(&self, client: &Client) -> Result<(), TableError> {
        ensure(client, &self.contacts, contacts().table_name(&self.contacts)).await?;
        for (table, definition) in [(&self.events, events()), (&self.sent, sent())] {
            if ensure(client, table, definition.table_name(table)).await? {
                expire(client, table).await?;
            }
        }
        Ok(())
    }
}

/// A table that could not be created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("table {table} could not be created: {reason}")]
pub struct TableError {
    table: String,
    reason: String,
}

/// Whether it had to be created.
async fn ensure(client: &Client, table: &str, definition: CreateTableInputBuilder) -> Result<bool, TableError> {
    match definition.send_with(client).await {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(CreateTableError::is_resource_in_use_exception) =>
        {
            Ok(false)
        }
        Err(error) => Err(TableError {
            table: table.to_owned(),
            reason: DisplayErrorContext(error).to_string(),
        }),
    }
}

/// Has items deleted when their time has come.
async fn expire(client: &Client, table: &str) -> Result<(), TableError> {
    let failed = |reason| TableError {
        table: table.to_owned(),
        reason,
    };
    let expiry = TimeToLiveSpecification::builder()
        .attribute_name(EXPIRY)
        .enabled(true)
        .build();
    let expiry = expiry.map_err(|error| failed(error.to_string()))?;
    let request = client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(expiry);
    let set = request.send().await;
    set.map(drop)
        .map_err(|error| failed(DisplayErrorContext(error).to_string()))
}

fn contacts() -> CreateTableInputBuilder {
    let some = Projection::builder()
        .projection_type(ProjectionType::Include)
        .set_non_key_attributes(Some(CONTACT_PROJECTION.map(str::to_owned).to_vec()))
        .build();
    on_demand(
        &[
            "address",
            "suppressed_cause",
            "suppressed_at",
            "domain",
            "last_event_at",
        ],
        ("address", None),
        &[
            (SUPPRESSED_BY_TIME, "suppressed_cause", "suppressed_at"),
            (DOMAIN_BY_TIME, "domain", "last_event_at"),
        ],
        &some,
    )
}

fn events() -> CreateTableInputBuilder {
    let all = Projection::builder().projection_type(ProjectionType::All).build();
    on_demand(
        &["message", "recipient", "at", "day", "address", "campaign"],
        ("message", Some("recipient")),
        &[
            (ADDRESS_BY_TIME, "address", "at"),
            (DAY_BY_TIME, "day", "at"),
            (CAMPAIGN_BY_TIME, "campaign", "at"),
        ],
        &all,
    )
}

fn sent() -> CreateTableInputBuilder {
    let none = Projection::builder().build();
    on_demand(&["message_id", "address"], ("message_id", Some("address")), &[], &none)
}

/// An on-demand table whose key and index attributes are all strings.
fn on_demand(
    attributes: &[&str],
    (partition, sort): (&str, Option<&str>),
    indexes: &[(&str, &str, &str)],
    projection: &Projection,
) -> CreateTableInputBuilder {
    let attributes = attributes.iter().filter_map(|name| {
        let string = ScalarAttributeType::S;
        AttributeDefinition::builder()
            .attribute_name(*name)
            .attribute_type(string)
            .build()
            .ok()
    });
    let indexes = indexes.iter().filter_map(|(name, partition, sort)| {
        GlobalSecondaryIndex::builder()
            .index_name(*name)
            .set_key_schema(Some(key(partition, Some(sort))))
            .projection(projection.clone())
            .build()
            .ok()
    });
    let indexes: Vec<_> = indexes.collect();
    CreateTableInputBuilder::default()
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes.collect()))
        .set_key_schema(Some(key(partition, sort)))
        // None may be named, but no empty list of them.
        .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
}

fn key(partition: &str, sort: Option<&str>) -> Vec<KeySchemaElement> {
    let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let partition: Result<_, BuildError> = element(partition, KeyType::Hash);
    let sort = sort.map(|name| element(name, KeyType::Range));
    [Some(partition), sort].into_iter().flatten().flatten().collect()
}
