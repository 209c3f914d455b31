//! The fetcher as a Lambda function.
//!
//! Environment: `BUCKET` names the archive, `TABLE_PREFIX` the tables (`rebound-` makes `rebound-mailboxes`), `QUEUE_URL`
//! the function's own queue, `ACCOUNTS_PREFIX` the secrets of accounts (`rebound/accounts/` unless it is set).

use std::sync::Arc;

use anyhow::Context;
use aws_config::BehaviorVersion;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use rebound_accounts::Accounts;
use rebound_accounts::store::{AccountStore, DEFAULT_PREFIX};
use rebound_archive::Archive;
use rebound_classify::Classifier;
use rebound_fetcher::mailboxes::Mailboxes;
use rebound_fetcher::{AccountFetcher, Call, Clock, Function, SqsQueue, over_the_network};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::INFO)
        .init();
    let needed = |name: &'static str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let secrets = std::env::var("ACCOUNTS_PREFIX").unwrap_or_else(|_| DEFAULT_PREFIX.to_owned());
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    #[expect(clippy::disallowed_methods, reason = "the edge reads the clock")]
    let clock = Clock::new(jiff::Timestamp::now);
    let fetcher = AccountFetcher::new(
        Accounts::new(AccountStore::new(aws_sdk_secretsmanager::Client::new(&aws), secrets)),
        Archive::new(aws_sdk_s3::Client::new(&aws), &needed("BUCKET")?),
        Mailboxes::new(&aws_sdk_dynamodb::Client::new(&aws), &needed("TABLE_PREFIX")?),
        Arc::new(Classifier::new()),
        over_the_network(),
        clock,
    );
    let queue = SqsQueue::new(aws_sdk_sqs::Client::new(&aws), needed("QUEUE_URL")?);
    let function = Function::new(fetcher, Arc::new(queue));
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| answer(&function, event))).await
}

async fn answer(function: &Function<Archive>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let call = Call {
        id: event.context.request_id,
        ends_at: i64::try_from(event.context.deadline)
            .ok()
            .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok()),
    };
    Ok(Box::pin(function.handle(event.payload, &call)).await?)
}
