//! Where the repository is tested: the embedded DynamoDB, and any other that is named.
#![allow(clippy::unwrap_used, clippy::print_stderr)] // test code, though not in a `cfg(test)` module

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{BehaviorVersion, ConfigBag, Intercept, Region, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rebound_contacts::Policy;
use rebound_contacts::repository::{Repository, Tables};
use rebound_local::LocalStack;

/// Names another DynamoDB, `http://127.0.0.1:8000` for example; `tests/servers/dynamodb-local` starts one.
const ENDPOINT: &str = "REBOUND_DYNAMODB_ENDPOINT";

/// One DynamoDB with tables of its own for one test.
pub(crate) struct Store {
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

    match std::env::var(ENDPOINT) {
        Ok(endpoint) => {
            let config = aws_sdk_dynamodb::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .credentials_provider(Credentials::new("test", "test", None, None, "test"))
                .region(Region::from_static("eu-central-1"))
                .endpoint_url(endpoint);
            let test = format!("{test}-{}", std::process::id());
            check(&Store::over(Client::from_conf(config.build()), &test).await).await;
        }
        Err(_) => eprintln!("SKIPPED on another DynamoDB: {ENDPOINT} names none (tests/servers/dynamodb-local)"),
    }
}

impl Store {
    async fn over(client: Client, test: &str) -> Self {
        let requests = Requests::default();
        let client = Client::from_conf(client.config().to_builder().interceptor(requests.clone()).build());
        let tables = Tables::with_prefix(&format!("{test}-"));
        tables.ensure(&client).await.unwrap();
        let repository = Repository::new(&client, tables.clone(), Arc::new(Policy::default()));
        Self {
            client,
            tables,
            repository,
            requests,
        }
    }
}

/// What was asked for, and what becomes of the answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests {
    operations: Arc<Mutex<Vec<String>>>,
    losses: Arc<AtomicU32>,
}

impl Requests {
    /// The operations since the last time, in order.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.operations.lock().unwrap())
    }

    /// The next answers get lost, so many: the operation is done, but a server error comes back.
    pub(crate) fn lose_answers(&self, count: u32) {
        self.losses.store(count, Ordering::SeqCst);
    }
}

impl Intercept for Requests {
    fn name(&self) -> &'static str {
        "requests"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        self.operations.lock().unwrap().push(operation.to_owned());
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let left = |losses: u32| losses.checked_sub(1);
        if self
            .losses
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
            .is_ok()
        {
            let error = r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"lost"}"#;
            let mut response = HttpResponse::new(500.try_into()?, error.into());
            response
                .headers_mut()
                .insert("content-type", "application/x-amz-json-1.0");
            *context.response_mut() = response;
        }
        Ok(())
    }
}
