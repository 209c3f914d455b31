//! A stack on a socket, and clients for it.

use std::net::SocketAddr;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use rebound_local::{ACCESS_KEY, Endpoint, EndpointSettings, LocalStack, REGION, SECRET_KEY};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A stack of its own at an address of its own.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    end: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn start() -> Self {
        Self::over(LocalStack::temporary().await.unwrap()).await
    }

    pub(crate) async fn over(stack: LocalStack) -> Self {
        let endpoint = Endpoint::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = endpoint.address();
        let (end, ended) = oneshot::channel();
        let settings = EndpointSettings {
            table_prefix: "rebound-".into(),
        };
        let serving = tokio::spawn(async move {
            let shutdown = async {
                let _ = ended.await;
            };
            endpoint.serve(&stack, settings, shutdown).await;
            stack.close().await.unwrap();
        });
        Self { address, end, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// As the environment says it to an SDK.
    pub(crate) async fn config(&self) -> SdkConfig {
        config(&self.url(), ACCESS_KEY, SECRET_KEY).await
    }

    /// Ends it in good order; answers when all is closed.
    pub(crate) async fn end(self) {
        self.end.send(()).unwrap();
        self.serving.await.unwrap();
    }
}

pub(crate) async fn config(url: &str, access_key: &str, secret_key: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::new(REGION))
        .credentials_provider(Credentials::from_keys(access_key, secret_key, None))
        .load()
        .await
}

/// moto's configuration, where it runs.
pub(crate) async fn moto() -> Option<SdkConfig> {
    let Ok(url) = std::env::var("REBOUND_MOTO_ENDPOINT") else {
        eprintln!("SKIPPED: REBOUND_MOTO_ENDPOINT is not set, moto does not take part");
        return None;
    };
    Some(config(&url, "any", "any").await)
}

/// Bytes that do not repeat.
pub(crate) fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = vec![0; size];
    random.fill(&mut bytes);
    bytes
}
