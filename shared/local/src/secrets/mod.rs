//! Secrets Manager's protocol over private files: JSON 1.1 in and out, the operation named in a header.

mod answer;
mod files;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Region};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use futures::future::BoxFuture;

use crate::connector::{self, Service};
use crate::stack::{REGION, credentials};
use files::Files;

/// How the names of the secrets begin that are kept here: `rebound/accounts/news` is the file `accounts/news.toml`.
pub const SECRETS_PREFIX: &str = "rebound/accounts/";

/// The folder of the accounts' secrets, seen from the folder that holds everything.
pub const SECRETS_FOLDER: &str = "accounts";

/// The one other secret that is kept here: the keys of signed return addresses, in [`RETURN_PATH_KEYS_FILE`].
pub const RETURN_PATH_KEYS: &str = "rebound/return-path-keys";

/// Its file, seen from the folder that holds everything. In a folder of its own, which nobody else may write.
pub const RETURN_PATH_KEYS_FILE: &str = "keys/return-path-keys.toml";

/// The folder of that file.
const KEYS_FOLDER: &str = "keys";

/// What Secrets Manager's JSON is called.
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// A Secrets Manager client for the secrets below `data`: those of accounts, and the keys of return addresses.
///
/// Every secret is a file, `accounts/NAME.toml` or `keys/return-path-keys.toml`, which a person may write as well. Files are replaced as a whole, so that
/// no lock is needed. They are made for their owner alone (mode 0600), and one that others may read is refused.
pub fn secrets_manager(data: &Path) -> Client {
    let secrets = Secrets::below(data);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials())
        .endpoint_url("http://secretsmanager.local")
        // A failed request to this process will not succeed when it is repeated.
        .retry_config(RetryConfig::disabled())
        .http_client(connector::http_client(secrets))
        .build();
    Client::from_conf(config)
}

/// Answers requests about the secrets in one folder. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Secrets {
    accounts: Arc<Files>,
    keys: Arc<Files>,
}

impl Secrets {
    /// The secrets below `data`.
    pub(crate) fn below(data: &Path) -> Self {
        Self {
            accounts: Arc::new(Files::new(data.join(SECRETS_FOLDER))),
            keys: Arc::new(Files::new(data.join(KEYS_FOLDER))),
        }
    }

    /// Answers the operation that `target` names with a status and JSON. Blocking.
    pub(crate) fn answer(&self, target: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let operation = target.rsplit('.').next().unwrap_or_default();
        match answer::answer(self, operation, body) {
            Ok(json) => (200, json.to_string().into_bytes()),
            Err(refusal) => (400, refusal.to_json().to_string().into_bytes()),
        }
    }
}

impl Service for Secrets {
    fn call(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, ConnectorError>> {
        let secrets = self.clone();
        let answered = tokio::task::spawn_blocking(move || {
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let (status, json) = secrets.answer(target, request.body().bytes().unwrap_or_default());
            connector::json(status, CONTENT_TYPE, json)
        });
        Box::pin(async move {
            answered
                .await
                .unwrap_or_else(|error| Err(ConnectorError::other(error.into(), None)))
        })
    }
}

/// The file of a secret as people name it.
fn named(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.toml"))
}
