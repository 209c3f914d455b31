//! Answers an SDK client's HTTP requests inside the process.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use futures::future::BoxFuture;

/// Something that answers HTTP requests.
pub(crate) trait Service: Send + Sync + 'static {
    /// Answers one request. An error is a failure to talk at all, not an answer that says no.
    fn call(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, ConnectorError>>;
}

/// An HTTP client that talks to `service` and to nothing else.
pub(crate) fn http_client(service: impl Service) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(InProcess(Arc::new(service)));
    http_client_fn(move |_: &HttpConnectorSettings, _: &RuntimeComponents| connector.clone())
}

/// An answer in JSON.
pub(crate) fn json(status: u16, content_type: &'static str, json: Vec<u8>) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(json));
    response.headers_mut().insert("content-type", content_type);
    Ok(response)
}

#[derive(Clone)]
struct InProcess(Arc<dyn Service>);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.0.call(request))
    }
}
