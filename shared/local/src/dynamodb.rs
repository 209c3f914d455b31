//! DynamoDB's protocol over dynoxide: JSON in, JSON out, the operation named in a header.

mod expiry;
mod readers;

use std::sync::{Arc, PoisonError, RwLock};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableInputBuilder;
use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use dynoxide::{Database, DynoxideError};
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::connector::{self, Service};
use crate::error::Error;
use crate::folder::Folder;
use expiry::ExpiryMark;
use readers::Readers;

/// What DynamoDB's JSON is called.
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// The database in the folder.
pub(crate) const TABLES_FILE: &str = "dynamodb.sqlite";

/// How an operation is named in `X-Amz-Target`.
const TARGET_PREFIX: &str = "DynamoDB_20120810.";
/// The same for the operations on streams.
const STREAMS_TARGET_PREFIX: &str = "DynamoDBStreams_20120810.";

/// A table and what belongs to it.
#[derive(Clone, Debug)]
pub struct TableDefinition {
    /// Name, key, attributes, indexes, stream.
    pub table: CreateTableInputBuilder,
    /// The attribute (seconds since 1970) after which an item may be removed.
    pub time_to_live: Option<String>,
}

impl TableDefinition {
    pub(crate) async fn ensure(self, client: &Client) -> Result<(), Error> {
        let table = self.table.get_table_name().clone().unwrap_or_default();
        match self.table.send_with(client).await {
            Ok(_) => {}
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(CreateTableError::is_resource_in_use_exception) => {}
            Err(error) => return Err(failed("create", &table, &error)),
        }
        let Some(attribute) = self.time_to_live else {
            return Ok(());
        };
        // Asked each time: the process may have ended right after it created the table.
        let set = client.describe_time_to_live().table_name(&table).send().await;
        let set = set.map_err(|error| failed("read the time to live of", &table, &error))?;
        let set = set.time_to_live_description.and_then(|set| set.attribute_name);
        if set.as_deref() == Some(attribute.as_str()) {
            return Ok(());
        }
        let specification = TimeToLiveSpecification::builder()
            .attribute_name(attribute)
            .enabled(true)
            .build();
        let specification = specification.map_err(|error| failed("set the time to live of", &table, &error))?;
        let update = client
            .update_time_to_live()
            .table_name(&table)
            .time_to_live_specification(specification);
        update
            .send()
            .await
            .map_err(|error| failed("set the time to live of", &table, &error))?;
        Ok(())
    }
}

/// With all that is known about the cause, in one line.
fn failed(action: &'static str, table: &str, error: &(dyn std::error::Error + 'static)) -> Error {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let reason = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    Error::Table {
        action,
        table: table.to_owned(),
        reason,
    }
}

/// The tables on this machine. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tables {
    /// `None` once closed.
    open: Arc<RwLock<Option<Open>>>,
}

struct Open {
    /// The connection that writes, and reads what must not change meanwhile.
    database: Database,
    readers: Readers,
    /// Keeps others out while the file is open.
    _folder: Arc<Folder>,
}

impl Tables {
    /// Opens or creates the database file in `folder`, and removes expired items now and then. Blocking. Where it is not
    /// `durable`, what is written last is lost when the machine stops.
    pub(crate) fn open(folder: Arc<Folder>, durable: bool) -> Result<Self, Error> {
        let path = folder.path().join(TABLES_FILE);
        let text = path.to_str().ok_or_else(|| Error::FolderName {
            folder: folder.path().to_owned(),
        })?;
        let failed = |error: DynoxideError| Error::DynamoDb {
            path: path.clone(),
            reason: error.to_string(),
        };
        let database = Database::new(text).map_err(failed)?;
        if !durable {
            database.enable_bulk_loading().map_err(failed)?;
        }
        let mark = ExpiryMark::in_folder(folder.path());
        if mark.is_due() {
            let expired = database.sweep_ttl().map_err(failed)?;
            tracing::info!(local.expired_items = expired, "removed expired items");
            mark.set()?;
        }
        Ok(Self {
            open: Arc::new(RwLock::new(Some(Open {
                readers: Readers::of(text),
                database,
                _folder: folder,
            }))),
        })
    }

    /// Waits for the requests under way and closes the file; later ones are answered with an error. Blocking.
    pub(crate) fn close(&self) {
        self.open.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Answers the operation that `target` names with a status and JSON; `None` once closed. Blocking.
    pub(crate) fn answer(&self, target: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let operation = target
            .strip_prefix(TARGET_PREFIX)
            .or_else(|| target.strip_prefix(STREAMS_TARGET_PREFIX));
        Some(match open.as_ref()?.dispatch(operation.unwrap_or(target), body) {
            Ok(json) => (200, json),
            Err(error) => (error.status_code(), error.to_json().into()),
        })
    }
}

impl Service for Tables {
    fn call(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, ConnectorError>> {
        let tables = self.clone();
        let answered = tokio::task::spawn_blocking(move || {
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let body = request.body().bytes().unwrap_or_default();
            let (status, json) = tables
                .answer(target, body)
                .ok_or_else(|| ConnectorError::user("the local stack is closed".into()))?;
            connector::json(status, CONTENT_TYPE, json)
        });
        Box::pin(async move {
            answered
                .await
                .unwrap_or_else(|error| Err(ConnectorError::other(error.into(), None)))
        })
    }
}

impl Open {
    /// Runs the operation that a request names.
    fn dispatch(&self, operation: &str, body: &[u8]) -> Result<Vec<u8>, DynoxideError> {
        let Self { database, readers, .. } = self;
        match operation {
            "BatchGetItem" => run(body, |request| {
                readers.read(|database| database.batch_get_item(request))
            }),
            "GetItem" => run(body, |request| readers.read(|database| database.get_item(request))),
            "Query" => run(body, |request| readers.read(|database| database.query(request))),
            "Scan" => run(body, |request| readers.read(|database| database.scan(request))),

            "BatchExecuteStatement" => run(body, |request| database.batch_execute_statement(request)),
            "BatchWriteItem" => run(body, |request| database.batch_write_item(request)),
            "DeleteItem" => run(body, |request| database.delete_item(request)),
            "DescribeStream" => run(body, |request| database.describe_stream(request)),
            "DescribeTable" => run(body, |request| database.describe_table(request)),
            "DescribeTimeToLive" => run(body, |request| database.describe_time_to_live(request)),
            "ExecuteStatement" => run(body, |request| database.execute_statement(request)),
            "ExecuteTransaction" => run(body, |request| database.execute_transaction(request)),
            "GetRecords" => run(body, |request| database.get_records(request)),
            "GetShardIterator" => run(body, |request| database.get_shard_iterator(request)),
            "ListStreams" => run(body, |request| database.list_streams(request)),
            "ListTables" => run(body, |request| database.list_tables(request)),
            "PutItem" => run(body, |request| database.put_item(request)),
            "TransactGetItems" => run(body, |request| database.transact_get_items(request)),
            "TransactWriteItems" => run(body, |request| database.transact_write_items(request)),
            "UpdateItem" => run(body, |request| database.update_item(request)),

            "CreateTable" => self.define(body, |request| database.create_table(request)),
            "DeleteTable" => self.define(body, |request| database.delete_table(request)),
            "UpdateTable" => self.define(body, |request| database.update_table(request)),
            "UpdateTimeToLive" => self.define(body, |request| database.update_time_to_live(request)),
            other => Err(DynoxideError::ValidationException(format!(
                "{other} is not supported here"
            ))),
        }
    }

    /// Runs what changes how tables are defined.
    fn define<Q: DeserializeOwned, A: Serialize>(
        &self,
        body: &[u8],
        operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
    ) -> Result<Vec<u8>, DynoxideError> {
        let answer = run(body, operation);
        self.readers.forget_definitions();
        answer
    }
}

/// Reads a request, runs it, writes the answer.
fn run<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<Vec<u8>, DynoxideError> {
    let request =
        serde_json::from_slice(body).map_err(|error| DynoxideError::ValidationException(error.to_string()))?;
    let answer = operation(request)?;
    serde_json::to_vec(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
