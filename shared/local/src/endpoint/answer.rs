//! Which service a request is for, and its answer.

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use serde_json::json;
use tokio::sync::watch;

use super::{EndpointSettings, admission, signature, stack_description};
use crate::dynamodb::{self, Tables};
use crate::s3;
use crate::secrets::{self, Secrets};
use crate::sqs::{self, Queues};
use crate::stack::{self, LocalStack};

/// The largest request but S3's: as much as DynamoDB takes. S3's bodies go to the disk as they come, up to 5 GiB.
pub(super) const MAX_JSON_BYTES: usize = 16 * 1024 * 1024;

/// Everything that answers here.
pub(super) struct Services {
    s3: s3::Protocol,
    tables: Tables,
    secrets: Secrets,
    queues: Queues,
    credentials: Credentials,
    table_prefix: String,
}

/// For whom a request is, beside S3, and how that one wants to be answered.
#[derive(Clone, Copy)]
enum Service {
    DynamoDb,
    SecretsManager,
    Sqs,
    CloudFormation,
}

impl Services {
    pub(super) fn new(stack: &LocalStack, settings: EndpointSettings, stopping: watch::Receiver<bool>) -> Self {
        Self {
            s3: stack.s3_protocol(),
            tables: stack.tables(),
            secrets: Secrets::below(stack.folder()),
            queues: Queues::new(stack.store(), stopping),
            credentials: stack::credentials(),
            table_prefix: settings.table_prefix,
        }
    }

    /// Answers one request, whatever it is.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<s3s::Body> {
        let host = match admission::admit(request.uri(), request.headers()) {
            Ok(host) => host.to_owned(),
            Err(refused) => return s3_refusal(StatusCode::FORBIDDEN, "AccessDenied", &refused.to_string()),
        };
        match Service::of(&request) {
            Ok(Some(service)) => self.other(service, request, &host).await,
            Ok(None) => match self.s3.answer(request.map(s3s::Body::from)).await {
                Ok(response) => response,
                Err(error) => {
                    tracing::error!(error.message = error, "S3 could not answer");
                    s3_refusal(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "InternalError",
                        "S3 could not answer",
                    )
                }
            },
            Err(target) => {
                let message = format!("{target} is of a service that is not here");
                json_refusal(StatusCode::BAD_REQUEST, "UnknownOperationException", &message)
            }
        }
    }

    async fn other(&self, service: Service, request: Request<Incoming>, host: &str) -> Response<s3s::Body> {
        let (parts, body) = request.into_parts();
        let too_large = || {
            let message = format!("a request takes at most {MAX_JSON_BYTES} bytes");
            service.refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
        };
        // Said to be too large, it need not come first.
        if body.size_hint().lower() > MAX_JSON_BYTES as u64 {
            return too_large();
        }
        let body = match Limited::new(body, MAX_JSON_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return too_large(),
            Err(error) => return service.refusal(StatusCode::BAD_REQUEST, "IncompleteBody", &error.to_string()),
        };
        if let Err(unsigned) = signature::verify(&parts, &body, &self.credentials) {
            // Each protocol has names of its own for these.
            let code = match (unsigned, service) {
                (signature::Unsigned::Missing, _) => "MissingAuthenticationToken",
                (signature::Unsigned::OtherKey, Service::CloudFormation) => "InvalidClientTokenId",
                (signature::Unsigned::OtherKey, _) => "UnrecognizedClientException",
                (signature::Unsigned::Wrong, Service::CloudFormation) => "SignatureDoesNotMatch",
                (signature::Unsigned::Wrong, _) => "InvalidSignatureException",
            };
            return service.refusal(StatusCode::FORBIDDEN, code, &unsigned.to_string());
        }
        match service {
            Service::CloudFormation => {
                let (status, xml) = stack_description::answer(&body, &self.table_prefix, host);
                response(status, stack_description::CONTENT_TYPE, xml.into())
            }
            Service::Sqs => self.sqs(&parts, &body, host).await,
            Service::DynamoDb | Service::SecretsManager => {
                let (tables, secrets) = (self.tables.clone(), self.secrets.clone());
                let answered = tokio::task::spawn_blocking(move || {
                    let target = target(&parts);
                    match service {
                        Service::SecretsManager => Some((secrets::CONTENT_TYPE, secrets.answer(target, &body))),
                        _ => Some((dynamodb::CONTENT_TYPE, tables.answer(target, &body)?)),
                    }
                });
                match answered.await {
                    Ok(Some((content_type, (status, json)))) => response(status, content_type, json.into()),
                    _ => service.refusal(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "ServiceUnavailable",
                        "the local stack is closed",
                    ),
                }
            }
        }
    }

    async fn sqs(&self, parts: &Parts, body: &[u8], host: &str) -> Response<s3s::Body> {
        let operation = target(parts).rsplit('.').next().unwrap_or_default();
        match self.queues.answer(operation, body, host).await {
            Ok(json) => response(200, sqs::CONTENT_TYPE, json.to_string().into()),
            Err(refusal) => {
                let json = refusal.to_json().to_string();
                let mut response = response(refusal.status, sqs::CONTENT_TYPE, json.into());
                if let Ok(older) = HeaderValue::try_from(refusal.query_error()) {
                    response
                        .headers_mut()
                        .insert(HeaderName::from_static("x-amzn-query-error"), older);
                }
                response
            }
        }
    }
}

impl Service {
    /// `None` means S3, which gets all that is nobody else's; an error names a target that is nobody's.
    fn of<B>(request: &Request<B>) -> Result<Option<Self>, String> {
        if request.method() != Method::POST {
            return Ok(None);
        }
        if let Some(target) = request.headers().get(TARGET) {
            let target = target.to_str().unwrap_or_default();
            return match target.split('.').next().unwrap_or_default() {
                "DynamoDB_20120810" | "DynamoDBStreams_20120810" => Ok(Some(Self::DynamoDb)),
                "secretsmanager" => Ok(Some(Self::SecretsManager)),
                "AmazonSQS" => Ok(Some(Self::Sqs)),
                _ => Err(target.to_owned()),
            };
        }
        let form = request.headers().get(CONTENT_TYPE).is_some_and(|content_type| {
            content_type
                .as_bytes()
                .starts_with(b"application/x-www-form-urlencoded")
        });
        Ok((form && request.uri().path() == "/").then_some(Self::CloudFormation))
    }

    fn refusal(self, status: StatusCode, code: &str, message: &str) -> Response<s3s::Body> {
        match self {
            Self::CloudFormation => {
                let xml = stack_description::refusal(code, message);
                response(status.as_u16(), stack_description::CONTENT_TYPE, xml.into())
            }
            Self::DynamoDb | Self::SecretsManager | Self::Sqs => json_refusal(status, code, message),
        }
    }
}

/// The header that names a service and its operation.
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

fn target(parts: &Parts) -> &str {
    let target = parts.headers.get(TARGET);
    target.and_then(|target| target.to_str().ok()).unwrap_or_default()
}

fn json_refusal(status: StatusCode, code: &str, message: &str) -> Response<s3s::Body> {
    let json = json!({"__type": code, "message": message}).to_string();
    response(status.as_u16(), dynamodb::CONTENT_TYPE, json.into())
}

fn s3_refusal(status: StatusCode, code: &str, message: &str) -> Response<s3s::Body> {
    let message = stack_description::escape(message);
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    response(status.as_u16(), "application/xml", xml.into())
}

fn response(status: u16, content_type: &'static str, body: Bytes) -> Response<s3s::Body> {
    let mut response = Response::new(s3s::Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
