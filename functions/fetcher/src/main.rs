//! The fetcher as a Lambda function.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::INFO)
        .init();
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async {
        rebound_fetcher::handle(event.payload).await.map_err(Error::from)
    }))
    .await
}
