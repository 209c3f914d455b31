//! The reporter as a Lambda function.
//!
//! Environment: `BUCKET` names the bucket that reports are written to, below `reports/`; `TABLE_PREFIX` the tables
//! (`rebound-` makes `rebound-events` and `rebound-contacts`). `REPORT_DAYS` says how many days a report is about, 30 unless
//! it is set. `STAGE` is a dimension of the metrics, `LOG_LEVEL` says how much is logged.

use std::sync::Arc;

use lambda_runtime::Error;
use rebound_contacts::Policy;
use rebound_contacts::repository::{Repository, Tables};
use rebound_lambda::Environment;
use rebound_lambda::metrics::Service;
use rebound_reporter::Function;

#[tokio::main]
async fn main() -> Result<(), Error> {
    rebound_lambda::run(Service::Reporter, async |environment| {
        let function = function(environment).await?;
        Ok(async move |event, call| Box::pin(function.answer(event, &call)).await)
    })
    .await
}

async fn function(environment: &Environment) -> Result<Function, Error> {
    let bucket = environment.required("BUCKET", "the name of the bucket that reports are written to")?;
    let prefix = environment.required("TABLE_PREFIX", "what the tables' names begin with")?;
    let days = environment.get_or("REPORT_DAYS", "30").parse()?;
    let aws = rebound_lambda::aws().await;
    let contacts = Repository::new(
        &aws_sdk_dynamodb::Client::new(&aws),
        Tables::with_prefix(prefix),
        // Reading asks no policy.
        Arc::new(Policy::default()),
    );
    Ok(Function::new(contacts, aws_sdk_s3::Client::new(&aws), bucket, days))
}
