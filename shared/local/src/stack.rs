//! The stack as a whole: one folder, locked, with everything in it.

use std::path::Path;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_s3::config::StalledStreamProtectionConfig;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::connector;
use crate::dynamodb::{TABLES_FILE, TableDefinition, Tables};
use crate::error::{Error, StoreError};
use crate::folder::Folder;
use crate::notifications::NotificationQueue;
use crate::s3;
use crate::secrets::secrets_manager;
use crate::store::{OBJECTS_FILE, Store, damage_of};

/// The region that everything claims to be in.
pub const REGION: &str = "us-east-1";

/// New objects below these prefixes are announced in the notification queue: what the fetcher archives, and what is
/// delivered straight into the bucket.
const WATCHED_PREFIXES: &[&str] = &["raw/", "inbound/"];

/// The fixed key pair. It is no secret: it says that a request is meant for a local stack, and nothing more.
pub const ACCESS_KEY: &str = "local";
/// Its other half.
pub const SECRET_KEY: &str = "local";

/// S3, DynamoDB and the notification queue below one folder.
///
/// Clones of the clients may outlive the stack's [`close`](Self::close); they then answer with errors.
pub struct LocalStack {
    store: Store,
    tables: Tables,
    protocol: s3::Protocol,
    s3: aws_sdk_s3::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    folder: Arc<Folder>,
}

impl LocalStack {
    /// The one bucket that is there from the start.
    pub const BUCKET: &str = "messages";

    /// Opens or creates the stack below `folder`. One process at a time: a second one gets [`Error::InUse`].
    pub async fn open(folder: &Path) -> Result<Self, Error> {
        Self::open_as(folder, true).await
    }

    /// The same without flushing anything to the disk before it is answered, which is many times faster. For folders that
    /// can be filled again: what was written last may be gone or damaged when the machine stops.
    pub async fn open_unflushed(folder: &Path) -> Result<Self, Error> {
        Self::open_as(folder, false).await
    }

    async fn open_as(folder: &Path, durable: bool) -> Result<Self, Error> {
        let path = folder.to_owned();
        let opened = blocking(move || {
            let folder = Folder::claim(path)?;
            Opened::new(folder, durable)
        });
        Self::start(opened.await?).await
    }

    /// The databases that a stack has in its folder.
    pub const FILES: [&str; 2] = [OBJECTS_FILE, TABLES_FILE];

    /// A stack in a temporary folder that disappears with it, for tests: nothing is flushed to the disk.
    pub async fn temporary() -> Result<Self, Error> {
        let opened = blocking(|| {
            let folder = Folder::temporary()?;
            Opened::new(folder, false)
        });
        Self::start(opened.await?).await
    }

    /// An S3 client for everything in this stack.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        self.s3.clone()
    }

    /// A DynamoDB client for everything in this stack.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.dynamodb.clone()
    }

    /// A Secrets Manager client for the accounts' secrets in this folder.
    pub fn secrets_manager(&self) -> aws_sdk_secretsmanager::Client {
        secrets_manager(self.folder.path())
    }

    /// The bucket that is there from the start.
    pub fn bucket(&self) -> &str {
        Self::BUCKET
    }

    /// The notifications about new objects below `raw/` and `inbound/`.
    pub fn notifications(&self) -> NotificationQueue {
        NotificationQueue::new(self.store.clone())
    }

    /// The folder that holds everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Creates a table and sets its time to live, unless that is done. A table that is there keeps its key and indexes,
    /// however they are defined.
    pub async fn ensure_table(&self, definition: TableDefinition) -> Result<(), Error> {
        definition.ensure(&self.dynamodb).await
    }

    /// Looks for damage in the databases and the files of large objects: what is wrong, one line each; nothing when all is
    /// well. Reads every page of both databases, which takes a while where they are large.
    pub async fn damage(&self) -> Result<Vec<String>, Error> {
        let mut damage = self.store.damage().await?;
        let tables = self.folder.path().join(TABLES_FILE);
        damage.extend(blocking(move || Ok(damage_of(&tables)?)).await?);
        Ok(damage)
    }

    /// Waits for the writes under way, closes all files and gives the folder back.
    pub async fn close(self) -> Result<(), Error> {
        let tables = self.tables;
        blocking(move || {
            tables.close();
            Ok(())
        })
        .await?;
        Ok(self.store.close().await?)
    }

    pub(crate) fn s3_protocol(&self) -> s3::Protocol {
        self.protocol.clone()
    }

    pub(crate) fn tables(&self) -> Tables {
        self.tables.clone()
    }

    pub(crate) fn store(&self) -> Store {
        self.store.clone()
    }

    async fn start(opened: Opened) -> Result<Self, Error> {
        let Opened { folder, store, tables } = opened;
        store.create_bucket(Self::BUCKET.into()).await?;
        let protocol = s3::Protocol::new(store.clone(), WATCHED_PREFIXES, ACCESS_KEY, SECRET_KEY);
        let s3 = s3_client(connector::http_client(protocol.clone()));
        let dynamodb = dynamodb_client(connector::http_client(tables.clone()));
        Ok(Self {
            store,
            tables,
            protocol,
            s3,
            dynamodb,
            folder,
        })
    }
}

impl std::fmt::Debug for LocalStack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalStack")
            .field("folder", &self.folder.path())
            .finish_non_exhaustive()
    }
}

/// What opening a folder gives: all that may block.
struct Opened {
    folder: Arc<Folder>,
    store: Store,
    tables: Tables,
}

impl Opened {
    fn new(folder: Folder, durable: bool) -> Result<Self, Error> {
        let folder = Arc::new(folder);
        let store = Store::open(Arc::clone(&folder), durable)?;
        let tables = Tables::open(Arc::clone(&folder), durable)?;
        Ok(Self { folder, store, tables })
    }
}

/// A failed request to this process will not succeed when it is repeated, so the clients do not retry.
fn s3_client(http: SharedHttpClient) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new(REGION))
        .credentials_provider(credentials())
        .endpoint_url("http://s3.local")
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(http)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

fn dynamodb_client(http: SharedHttpClient) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(aws_sdk_dynamodb::config::Region::new(REGION))
        .credentials_provider(credentials())
        .endpoint_url("http://dynamodb.local")
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(http)
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

pub(crate) fn credentials() -> Credentials {
    Credentials::from_keys(ACCESS_KEY, SECRET_KEY, None)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(Error::Store(StoreError::Closed)))
}
