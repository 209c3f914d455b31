//! The classifier as a Lambda function.
//!
//! Environment: `BUCKET` names the archive, which may hold the user's own rules at `config/rules.toml` and
//! policy at `config/policy.toml`; `TABLE_PREFIX` the tables (`rebound-` makes `rebound-events` and
//! `rebound-contacts`). `RETURN_PATH_KEYS` names the secret with the keys of signed
//! return addresses; without it none is looked for. `STAGE` is a dimension of the metrics, `LOG_LEVEL` says how much is logged.

use std::sync::Arc;

use lambda_runtime::Error;
use rebound_accounts::ReturnPathKeys;
use rebound_archive::Archive;
use rebound_classifier::{Function, UserPolicy, UserRules};
use rebound_classify::Classifier;
use rebound_contacts::Policy;
use rebound_contacts::repository::{Repository, Tables};
use rebound_lambda::Environment;
use rebound_lambda::metrics::Service;

#[tokio::main]
async fn main() -> Result<(), Error> {
    rebound_lambda::run(Service::Classifier, async |environment| {
        let function = function(environment).await?;
        Ok(async move |event, call| function.answer(event, &call).await)
    })
    .await
}

async fn function(environment: &Environment) -> Result<Function, Error> {
    let bucket = environment.required("BUCKET", "the name of the bucket of archived messages")?;
    let prefix = environment.required("TABLE_PREFIX", "what the tables' names begin with")?;
    let aws = rebound_lambda::aws().await;
    let s3 = aws_sdk_s3::Client::new(&aws);
    let contacts = Repository::new(
        &aws_sdk_dynamodb::Client::new(&aws),
        Tables::with_prefix(prefix),
        Arc::new(Policy::default()),
    );
    let archive = Archive::new(s3.clone(), bucket);
    let function = Function::new(archive, Arc::new(Classifier::new()), contacts)
        .with_rules(UserRules::new(s3.clone(), bucket))
        .with_policy(UserPolicy::new(s3, bucket));
    let secret = environment.get_or("RETURN_PATH_KEYS", "");
    if secret.is_empty() {
        return Ok(function);
    }
    let secrets = aws_sdk_secretsmanager::Client::new(&aws);
    Ok(function.with_return_path_keys(ReturnPathKeys::new(secrets, secret)))
}
