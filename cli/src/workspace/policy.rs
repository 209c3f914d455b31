//! The policy in force: a file in the bucket of archived messages, as on AWS.

use anyhow::{Context, Result, anyhow};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use rebound_classifier::POLICY_KEY;
use rebound_contacts::Policy;

use crate::complaints::Hinted;

/// Where the policy is kept.
pub(crate) struct PolicyFile {
    client: Client,
    bucket: String,
}

impl PolicyFile {
    /// The one in this bucket.
    pub(super) fn new(client: Client, bucket: String) -> Self {
        Self { client, bucket }
    }

    /// What was put there, word for word; `None` when the built-in policy is in force.
    pub(crate) async fn text(&self) -> Result<Option<String>> {
        text_at(&self.client, &self.bucket, POLICY_KEY).await
    }

    /// The policy in force. One that can't be followed is an error: nothing is judged by a policy nobody wanted.
    pub(crate) async fn policy(&self) -> Result<Policy> {
        let Some(text) = self.text().await? else {
            return Ok(Policy::default());
        };
        Policy::parse(&text, POLICY_KEY).map_err(|refused| {
            let hint =
                "`rebound policy use FILE` puts a good one in its place, `rebound policy reset` the built-in one";
            anyhow::Error::from(refused).context(Hinted::new("the policy in force can't be followed", hint))
        })
    }

    /// Puts this text in force, which the caller has read.
    pub(crate) async fn put(&self, text: &str) -> Result<()> {
        let request = self.client.put_object().bucket(&self.bucket).key(POLICY_KEY);
        let body = text.as_bytes().to_vec().into();
        let put = request.content_type("application/toml").body(body).send().await;
        put.map(drop)
            .map_err(|error| failed("written", &DisplayErrorContext(error)))
    }

    /// Puts the built-in policy in force.
    pub(crate) async fn remove(&self) -> Result<()> {
        let request = self.client.delete_object().bucket(&self.bucket).key(POLICY_KEY);
        let deleted = request.send().await;
        deleted
            .map(drop)
            .map_err(|error| failed("removed", &DisplayErrorContext(error)))
    }
}

/// A file of settings in a bucket; `None` when it is not there.
pub(crate) async fn text_at(client: &Client, bucket: &str, key: &str) -> Result<Option<String>> {
    let file = match client.get_object().bucket(bucket).key(key).send().await {
        Ok(file) => file,
        Err(error)
            if error
                .raw_response()
                .is_some_and(|answer| answer.status().as_u16() == 404) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(anyhow!("{key} could not be read: {}", DisplayErrorContext(error))),
    };
    let bytes = file.body.collect().await.with_context(|| format!("reading {key}"))?;
    let text = String::from_utf8(bytes.into_bytes().into()).with_context(|| format!("{key} is no UTF-8"))?;
    Ok(Some(text))
}

fn failed(done: &str, error: &impl std::fmt::Display) -> anyhow::Error {
    anyhow!("the policy {POLICY_KEY} could not be {done}: {error}")
}
