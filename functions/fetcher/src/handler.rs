//! What the Lambda function does with an event.

use serde_json::Value;

use crate::{FetchRequest, InvalidRequest};

/// Answers an event.
///
/// Every well-formed request ends in [`HandlerError::NoProtocol`]: an error, so that a queue keeps its jobs and a schedule
/// shows as failed, instead of a success that fetched nothing.
pub async fn handle(event: Value) -> Result<Value, HandlerError> {
    let request = FetchRequest::parse(event)?;
    Err(HandlerError::NoProtocol(request))
}

/// Why an event was not answered with success.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// Nobody knows what it asks for.
    #[error(transparent)]
    Invalid(#[from] InvalidRequest),
    /// It asks for a mailbox on a server.
    #[error(
        "cannot {0}: this version reads no mailbox on a server; run `rebound run` over files, folders, Maildirs or \
         mboxes instead"
    )]
    NoProtocol(FetchRequest),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_cannot_be_done_is_no_success() {
        let error = handle(json!({"fetch": "news"})).await.unwrap_err();
        assert!(
            error.to_string().starts_with("cannot fetch account news: this version"),
            "{error}"
        );
        assert!(matches!(handle(json!({})).await, Err(HandlerError::Invalid(_))));
    }
}
