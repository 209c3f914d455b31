//! The fetcher as a Lambda function.
//!
//! Environment: `BUCKET` names the archive, `TABLE_PREFIX` the tables (`rebound-` makes `rebound-mailboxes`), `QUEUE_URL`
//! the function's own queue, `ACCOUNTS_PREFIX` the secrets of accounts (`rebound/accounts/` unless it is set). `STAGE` is a
//! dimension of the metrics, `LOG_LEVEL` says how much is logged.

use std::sync::Arc;

use lambda_runtime::Error;
use rebound_accounts::Accounts;
use rebound_accounts::store::{AccountStore, DEFAULT_PREFIX};
use rebound_archive::Archive;
use rebound_classify::Classifier;
use rebound_fetcher::mailboxes::Mailboxes;
use rebound_fetcher::{AccountFetcher, Clock, Function, SqsQueue, over_the_network};
use rebound_lambda::Environment;
use rebound_lambda::metrics::Service;

#[tokio::main]
async fn main() -> Result<(), Error> {
    rebound_lambda::run(Service::Fetcher, async |environment| {
        let function = function(environment).await?;
        Ok(async move |event, call| Box::pin(function.answer(event, &call)).await)
    })
    .await
}

async fn function(environment: &Environment) -> Result<Function<Archive>, Error> {
    let bucket = environment.required("BUCKET", "the name of the bucket of archived messages")?;
    let prefix = environment.required("TABLE_PREFIX", "what the tables' names begin with")?;
    let queue = environment.required("QUEUE_URL", "the URL of the fetcher's own queue")?;
    let secrets = environment.get_or("ACCOUNTS_PREFIX", DEFAULT_PREFIX);
    let aws = rebound_lambda::aws().await;
    let accounts = AccountStore::new(aws_sdk_secretsmanager::Client::new(&aws), secrets);
    let fetcher = AccountFetcher::new(
        Accounts::new(accounts),
        Archive::new(aws_sdk_s3::Client::new(&aws), bucket),
        Mailboxes::new(&aws_sdk_dynamodb::Client::new(&aws), prefix),
        Arc::new(Classifier::new()),
        over_the_network(),
        Clock::new(rebound_lambda::now),
    );
    let queue = SqsQueue::new(aws_sdk_sqs::Client::new(&aws), queue);
    Ok(Function::new(fetcher, Arc::new(queue)))
}
