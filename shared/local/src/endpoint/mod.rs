//! The stack on a socket: one address for S3, DynamoDB, Secrets Manager, SQS, and the description of a stack called
//! `local`, as `AWS_ENDPOINT_URL` wants it.
//!
//! Whoever reaches the address and knows the key pair `local`/`local` may do everything: the signature says that a
//! request is meant for here, not who it is from. What keeps others out is the address, which should be loopback; and
//! [`admission`] keeps out the pages that a browser on this machine has open.

mod admission;
mod answer;
mod signature;
mod stack_description;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::stack::LocalStack;
use answer::Services;

/// Connections open at a time; who comes then waits. Each may have a request of [`answer::MAX_JSON_BYTES`] under way.
const MAX_CONNECTIONS: usize = 256;

/// How long a connection may take to send the head of its next request. Longer than SDKs keep idle connections (90
/// seconds): they should be the ones who close.
const HEAD_TIMEOUT: Duration = Duration::from_mins(2);

/// How long requests under way may take to end once the end is near.
const GRACE: Duration = Duration::from_secs(10);

/// How long to wait after accepting failed, for example because all file descriptors are in use.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What an endpoint says about the stack.
#[derive(Clone, Debug)]
pub struct EndpointSettings {
    /// How the tables' names begin: `rebound-` for `rebound-contacts`.
    pub table_prefix: String,
}

/// An address at which a stack answers.
#[derive(Debug)]
pub struct Endpoint {
    listener: TcpListener,
    address: SocketAddr,
}

impl Endpoint {
    /// Takes the address; port 0 means any that is free. From now on connections wait to be served.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address, with the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `shutdown` is ready; then lets those under way end, for ten seconds at most.
    pub async fn serve(self, stack: &LocalStack, settings: EndpointSettings, shutdown: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        let services = Arc::new(Services::new(stack, settings, stopped));
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let graceful = GracefulShutdown::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, self.listener.accept().await)
            };
            let (place, stream) = tokio::select! {
                (place, accepted) = accepted => match accepted {
                    Ok((stream, _)) => (place, stream),
                    Err(error) => {
                        tracing::warn!(error.message = %error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_AGAIN).await;
                        continue;
                    }
                },
                () = &mut shutdown => break,
            };
            let connection = graceful.watch(connection(stream, Arc::clone(&services)));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(error.message = %error, "a connection broke");
                }
                drop(place);
            });
        }
        drop(self.listener);
        stopping.send_replace(true);
        if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were still under way at the end");
        }
    }
}

/// One connection and all its requests.
fn connection(stream: TcpStream, services: Arc<Services>) -> http1::Connection<TokioIo<TcpStream>, Answers> {
    // Otherwise the second half of an answer waits until the client has acknowledged the first: 40 ms each.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error.message = %error, "a connection will be slow");
    }
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), Answers(services))
}

struct Answers(Arc<Services>);

impl Service<Request<Incoming>> for Answers {
    type Response = Response<s3s::Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let services = Arc::clone(&self.0);
        Box::pin(async move { Ok(services.answer(request).await) })
    }
}
