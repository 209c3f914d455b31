//! The classifier as a Lambda function.
//!
//! Environment: `BUCKET` names the archive, which may hold the user's own rules at `config/rules.toml` and
//! policy at `config/policy.toml`; `TABLE_PREFIX` the tables (`rebound-` makes `rebound-events` and
//! `rebound-contacts`).

use std::sync::Arc;

use anyhow::Context;
use aws_config::BehaviorVersion;
use aws_lambda_events::sqs::SqsBatchResponse;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use rebound_archive::Archive;
use rebound_classifier::event::Invocation;
use rebound_classifier::{Function, UserPolicy, UserRules};
use rebound_classify::Classifier;
use rebound_contacts::Policy;
use rebound_contacts::repository::{Repository, Tables};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::INFO)
        .init();
    let bucket = std::env::var("BUCKET").context("BUCKET must name the bucket of archived messages")?;
    let prefix = std::env::var("TABLE_PREFIX").context("TABLE_PREFIX must say how the tables' names begin")?;
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let s3 = aws_sdk_s3::Client::new(&aws);
    let rules = UserRules::new(s3.clone(), &bucket);
    let policy = UserPolicy::new(s3.clone(), &bucket);
    let archive = Archive::new(s3, &bucket);
    let contacts = Repository::new(
        &aws_sdk_dynamodb::Client::new(&aws),
        Tables::with_prefix(&prefix),
        Arc::new(Policy::default()),
    );
    let function = Function::new(archive, Arc::new(Classifier::new()), contacts)
        .with_rules(rules)
        .with_policy(policy);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| answer(&function, event.payload))).await
}

/// Answers with exactly the records that have to be delivered again.
async fn answer(function: &Function, event: Value) -> Result<SqsBatchResponse, Error> {
    let invocation = Invocation::parse(event)?;
    #[expect(clippy::disallowed_methods, reason = "the edge reads the clock")]
    let outcome = function.handle(&invocation, jiff::Timestamp::now()).await;
    Ok(outcome.into_response(&invocation)?)
}
