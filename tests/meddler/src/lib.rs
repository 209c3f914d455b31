//! What may happen to a request between a client and its store, for tests.

#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc)] // part of tests, which may panic

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is answered.
    Passes,
    /// Its answer takes this long.
    Late(Duration),
    /// There is never an answer.
    Never,
    /// The store refuses it: 403, which is not tried again.
    Refused,
    /// Whoever sent it panics.
    Panics,
}

/// Decides about requests: by operation (`TransactWriteItems`, or S3's method) and by path and body as text.
type Decide = Arc<dyn Fn(&str, &str) -> Fate + Send + Sync>;

#[derive(Clone)]
struct Meddler {
    inner: SharedHttpClient,
    decide: Decide,
}

/// The same client, with `decide` between it and its store.
pub fn dynamodb(
    client: &aws_sdk_dynamodb::Client,
    decide: impl Fn(&str, &str) -> Fate + Send + Sync + 'static,
) -> aws_sdk_dynamodb::Client {
    let inner = client.config().http_client().expect("an embedded store");
    let meddler = Meddler {
        inner,
        decide: Arc::new(decide),
    };
    aws_sdk_dynamodb::Client::from_conf(client.config().to_builder().http_client(meddler).build())
}

/// The same client, with `decide` between it and its store.
pub fn s3(
    client: &aws_sdk_s3::Client,
    decide: impl Fn(&str, &str) -> Fate + Send + Sync + 'static,
) -> aws_sdk_s3::Client {
    let inner = client.config().http_client().expect("an embedded store");
    let meddler = Meddler {
        inner,
        decide: Arc::new(decide),
    };
    aws_sdk_s3::Client::from_conf(client.config().to_builder().http_client(meddler).build())
}

impl HttpClient for Meddler {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Between {
            inner: self.inner.http_connector(settings, components),
            meddler: self.clone(),
        })
    }
}

#[derive(Debug)]
struct Between {
    inner: SharedHttpConnector,
    meddler: Meddler,
}

impl HttpConnector for Between {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target
            .rsplit_once('.')
            .map_or(request.method(), |(_, operation)| operation);
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
        match (self.meddler.decide)(operation, &format!("{} {body}", request.uri())) {
            Fate::Passes => self.inner.call(request),
            Fate::Panics => panic!("as the test wanted it"),
            Fate::Refused => HttpConnectorFuture::ready(Ok(refusal())),
            Fate::Never => HttpConnectorFuture::new(std::future::pending()),
            Fate::Late(time) => {
                let inner = self.inner.clone();
                HttpConnectorFuture::new(async move {
                    tokio::time::sleep(time).await;
                    inner.call(request).await
                })
            }
        }
    }
}

fn refusal() -> HttpResponse {
    let status = StatusCode::try_from(403).expect("a status");
    HttpResponse::new(status, SdkBody::from("<Error><Code>AccessDenied</Code></Error>"))
}

impl fmt::Debug for Meddler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meddler")
    }
}
