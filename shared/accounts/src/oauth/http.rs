//! One request, one answer.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::Request;
use hyper::header::{ACCEPT, CONTENT_TYPE};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::TokenUrl;

/// The longest that an endpoint may take for an answer, from the first byte sent to the last received.
const DEADLINE: Duration = Duration::from_secs(30);

/// The same for the connection.
const CONNECT: Duration = Duration::from_secs(10);

/// The longest answer in bytes: a token or two, and words.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

type Connection = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// An HTTP client that is made when it is first needed: reading the machine's authorities takes milliseconds.
#[derive(Clone, Default)]
pub(super) struct Http {
    client: Arc<OnceLock<Connection>>,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

/// Why nothing came back.
#[derive(Debug)]
pub(super) enum Trouble {
    /// This machine has no list of authorities.
    NoAuthorities(String),
    /// It could not be reached, or the connection ended.
    Unreachable(String),
    /// It took too long.
    TimedOut,
    /// It answered with too much.
    TooLong,
}

impl Http {
    /// Sends a form. Redirections are answers like any other.
    pub(super) async fn post(&self, url: &TokenUrl, form: String) -> Result<Answer, Trouble> {
        let request = Request::post(url.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(Full::from(form))
            .map_err(|error| Trouble::Unreachable(error.to_string()))?;
        let client = self.client()?;
        let exchange = async {
            let answer = client.request(request).await.map_err(|error| unreachable(&error))?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
            match body {
                Ok(body) => Ok(Answer {
                    status,
                    body: body.to_bytes(),
                }),
                Err(error) if error.is::<LengthLimitError>() => Err(Trouble::TooLong),
                Err(error) => Err(unreachable(&*error)),
            }
        };
        tokio::time::timeout(DEADLINE, exchange)
            .await
            .unwrap_or(Err(Trouble::TimedOut))
    }

    fn client(&self) -> Result<&Connection, Trouble> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        // The addresses say which is which, and only a loopback one may do without TLS.
        connector.enforce_http(false);
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let https = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|error| Trouble::NoAuthorities(error.to_string()))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        // Tokens are fetched an hour apart: a connection that waits for the next is cut by somebody in between.
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(https);
        Ok(self.client.get_or_init(|| client))
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

/// The error and its causes on one line. None of them knows what was sent.
fn unreachable(error: &(dyn std::error::Error + 'static)) -> Trouble {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !told.contains(&words) {
            told = format!("{told}: {words}");
        }
        cause = error.source();
    }
    Trouble::Unreachable(told)
}
