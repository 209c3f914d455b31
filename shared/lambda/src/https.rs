//! HTTPS for the AWS clients.

use std::sync::{Arc, OnceLock};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// Region, credentials and HTTPS for clients, as everywhere on AWS. All clients made from it share one pool of
/// connections, and one reading of the machine's authorities, which is done for the first request.
pub async fn aws() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(LazyHttps::default())
        .load()
        .await
}

/// The SDK's own HTTPS, made when the first request is sent. Left to themselves, each of the SDK's clients parses more
/// than a hundred certificates as soon as it is made, which a cold start notices.
#[derive(Clone, Debug, Default)]
struct LazyHttps(Arc<OnceLock<SharedHttpClient>>);

impl HttpClient for LazyHttps {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let make = || {
            Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .build_https()
        };
        self.0.get_or_init(make).http_connector(settings, components)
    }
}
