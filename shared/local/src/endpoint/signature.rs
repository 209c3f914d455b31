//! Signature version 4 of requests whose whole body is at hand: computed once more with AWS's own signer, and compared.
//! S3's own are checked where S3's protocol is read.
//!
//! How old a signature is does not matter: the key pair is no secret, and the clock of a container's virtual machine may
//! be hours behind after a laptop has slept.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_types::date_time::{DateTime, Format};
use http::header::AUTHORIZATION;
use http::request::Parts;

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsigned {
    #[error(
        "the request is not signed with AWS signature version 4: give the client the access key `local` with the secret `local`"
    )]
    Missing,
    #[error("the access key here is `local`, and the secret is `local`: the request is signed with others")]
    OtherKey,
    #[error("the signature is not that of this request with the secret `local`")]
    Wrong,
}

/// Fails unless the request is signed with `credentials`.
pub(super) fn verify(request: &Parts, body: &[u8], credentials: &Credentials) -> Result<(), Unsigned> {
    let said = Said::of(request).ok_or(Unsigned::Missing)?;
    if said.access_key != credentials.access_key_id() {
        return Err(Unsigned::OtherKey);
    }
    match compute(request, body, &said, credentials) {
        Some(signature) if signature == said.signature => Ok(()),
        _ => Err(Unsigned::Wrong),
    }
}

/// What the header `Authorization` says.
struct Said<'a> {
    access_key: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Said<'a> {
    fn of(request: &'a Parts) -> Option<Self> {
        let header = request.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let fields = header.strip_prefix("AWS4-HMAC-SHA256")?.split(',');
        let field = |name: &str| {
            let mut fields = fields.clone().filter_map(|field| field.trim().split_once('='));
            fields.find(|(found, _)| *found == name).map(|(_, value)| value)
        };
        let mut scope = field("Credential")?.split('/');
        let access_key = scope.next()?;
        let _day = scope.next()?;
        Some(Self {
            access_key,
            region: scope.next()?,
            service: scope.next()?,
            signed_headers: field("SignedHeaders")?.split(';').collect(),
            signature: field("Signature")?,
        })
    }
}

/// The signature of this request, if it can have one.
fn compute(request: &Parts, body: &[u8], said: &Said<'_>, credentials: &Credentials) -> Option<String> {
    let text = |name: &str| request.headers.get(name)?.to_str().ok();
    // `2026-11-21T08:00:03Z` without what RFC 3339 has between the digits.
    let at = text("x-amz-date")?;
    let (day, time) = at.strip_suffix('Z')?.split_once('T')?;
    let at = format!(
        "{}-{}-{}T{}:{}:{}Z",
        day.get(..4)?,
        day.get(4..6)?,
        day.get(6..)?,
        time.get(..2)?,
        time.get(2..4)?,
        time.get(4..)?
    );
    let at = SystemTime::try_from(DateTime::from_str(&at, Format::DateTime).ok()?).ok()?;
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    let identity = Identity::from(credentials.clone());
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(said.region)
        .name(said.service)
        .time(at)
        .settings(settings)
        .build()
        .ok()?;
    let headers: Option<Vec<(&str, &str)>> = said
        .signed_headers
        .iter()
        .map(|name| Some((*name, text(name)?)))
        .collect();
    let host = text("host").filter(|_| said.signed_headers.contains(&"host"))?;
    let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
    let signable = SignableRequest::new(
        request.method.as_str(),
        format!("http://{host}{target}"),
        headers?.into_iter(),
        SignableBody::Bytes(body),
    );
    let signed = sign(signable.ok()?, &SigningParams::V4(params)).ok()?;
    Some(signed.signature().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signed by botocore 1.44.5, of another maker than what checks it here.
    const HEADERS: [(&str, &str); 5] = [
        ("host", "127.0.0.1:4566"),
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "DynamoDB_20120810.ListTables"),
        ("x-amz-date", "20261121T080003Z"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=local/20261121/us-east-1/dynamodb/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-target, \
             Signature=ca79964100fdb229cf9b97baee3b74d62b0d9dbf89b8cceb7b8e1c4908d5158b",
        ),
    ];

    fn request() -> Parts {
        let request = HEADERS.iter().fold(http::Request::post("/"), |request, (name, value)| {
            request.header(*name, *value)
        });
        request.body(()).unwrap().into_parts().0
    }

    fn ours() -> Credentials {
        Credentials::from_keys("local", "local", None)
    }

    #[test]
    fn another_makers_signature_counts_for_exactly_what_was_signed() {
        assert_eq!(verify(&request(), b"{}", &ours()), Ok(()));
        assert_eq!(verify(&request(), b"[]", &ours()), Err(Unsigned::Wrong));
        let other_secret = Credentials::from_keys("local", "other", None);
        assert_eq!(verify(&request(), b"{}", &other_secret), Err(Unsigned::Wrong));
        let other_key = Credentials::from_keys("other", "local", None);
        assert_eq!(verify(&request(), b"{}", &other_key), Err(Unsigned::OtherKey));
        for (name, value) in [
            ("x-amz-target", "DynamoDB_20120810.Scan"),
            ("x-amz-date", "20261121T080004Z"),
            ("x-amz-date", "yesterday"),
            ("host", "localhost"),
        ] {
            let mut parts = request();
            parts.headers.insert(name, value.parse().unwrap());
            assert_eq!(verify(&parts, b"{}", &ours()), Err(Unsigned::Wrong), "{name}: {value}");
        }
        // What was not signed may change on the way.
        let mut parts = request();
        parts.headers.insert("user-agent", "any".parse().unwrap());
        assert_eq!(verify(&parts, b"{}", &ours()), Ok(()));
    }

    #[test]
    fn what_is_not_signed_is_told_so() {
        let mut parts = request();
        for nonsense in [
            "",
            "Basic bG9jYWw6bG9jYWw=",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=local",
        ] {
            parts.headers.insert(AUTHORIZATION, nonsense.parse().unwrap());
            assert_eq!(verify(&parts, b"{}", &ours()), Err(Unsigned::Missing), "{nonsense}");
        }
        parts.headers.remove(AUTHORIZATION);
        assert_eq!(verify(&parts, b"{}", &ours()), Err(Unsigned::Missing));
    }
}
