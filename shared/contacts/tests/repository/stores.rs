//! Where the repository is tested: the embedded DynamoDB, and any other that is named.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use rebound_contacts::Policy;
use rebound_contacts::repository::{Repository, Tables};
use rebound_local::LocalStack;

use crate::requests::Requests;

/// Names another DynamoDB, `http://127.0.0.1:8000` for example; `tests/servers/dynamodb-local` starts one.
const ENDPOINT: &str = "REBOUND_DYNAMODB_ENDPOINT";

/// One DynamoDB with tables of its own for one test.
pub(crate) struct Store {
    /// Without the watcher.
    bare: Client,
    pub(crate) client: Client,
    pub(crate) tables: Tables,
    pub(crate) repository: Repository,
    pub(crate) requests: Requests,
}

/// Runs a check on every DynamoDB there is, with fresh tables.
pub(crate) async fn on_every_store(test: &str, check: impl AsyncFn(&Store)) {
    let stack = LocalStack::temporary().await.unwrap();
    check(&Store::over(stack.dynamodb(), test).await).await;
    stack.close().await.unwrap();

    if let Some(client) = other_dynamodb() {
        // It may run for long, and for many processes; and two tests may choose the same word.
        static STORES: AtomicU32 = AtomicU32::new(0);
        let nth = STORES.fetch_add(1, Ordering::Relaxed);
        let test = format!("{test}-{}-{nth}", std::process::id());
        check(&Store::over(client, &test).await).await;
    }
}

/// A client of the other DynamoDB that is named. Says so when none is.
pub(crate) fn other_dynamodb() -> Option<Client> {
    let Ok(endpoint) = std::env::var(ENDPOINT) else {
        eprintln!("SKIPPED on another DynamoDB: {ENDPOINT} names none (tests/servers/dynamodb-local)");
        return None;
    };
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .region(Region::from_static("eu-central-1"))
        .endpoint_url(endpoint);
    Some(Client::from_conf(config.build()))
}

impl Store {
    /// With tables whose names begin with `test`; those that are there stay as they are.
    pub(crate) async fn over(client: Client, test: &str) -> Self {
        let requests = Requests::default();
        let bare = client.clone();
        let client = Client::from_conf(client.config().to_builder().interceptor(requests.clone()).build());
        let tables = Tables::with_prefix(&format!("{test}-"));
        tables.ensure(&client).await.unwrap();
        let repository = Repository::new(&client, tables.clone(), Arc::new(Policy::default()));
        // What is tested here is what comes out, on machines that may be very busy.
        let repository = repository.with_patience(Duration::from_mins(5));
        Self {
            bare,
            client,
            tables,
            repository,
            requests,
        }
    }

    /// Other tables in the same DynamoDB, watched by themselves.
    pub(crate) async fn beside(&self, name: &str) -> Self {
        let prefix = self.tables.contacts.trim_end_matches("contacts");
        Self::over(self.bare.clone(), &format!("{prefix}{name}")).await
    }
}
