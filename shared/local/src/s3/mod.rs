//! The S3 protocol over the object store. s3s reads and writes the HTTP; this says what the operations mean.

mod digest;
mod download;
mod upload;

use std::collections::BTreeMap;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use futures::future::BoxFuture;
use s3s::auth::SimpleAuth;
use s3s::dto::{
    CommonPrefix, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, CreateBucketInput,
    CreateBucketOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETag, ETagCondition, EncodingType, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, MetadataDirective, Object,
    PutObjectInput, PutObjectOutput, Timestamp,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};
use tracing::instrument::WithSubscriber;

use crate::clock;
use crate::connector::Service;
use crate::error::StoreError;
use crate::store::{Attributes, Checksum, Condition, NewObject, Page, Position, Store};

/// Every output that carries checksums has the same fields and no trait for them.
macro_rules! set_checksum {
    ($output:expr, $checksum:expr) => {
        match $checksum {
            None => {}
            Some(checksum) => {
                $output.checksum_type = Some(s3s::dto::ChecksumType::from_static(s3s::dto::ChecksumType::FULL_OBJECT));
                match checksum {
                    Checksum::Crc32(value) => $output.checksum_crc32 = Some(value),
                    Checksum::Crc32c(value) => $output.checksum_crc32c = Some(value),
                    Checksum::Crc64nvme(value) => $output.checksum_crc64nvme = Some(value),
                    Checksum::Sha1(value) => $output.checksum_sha1 = Some(value),
                    Checksum::Sha256(value) => $output.checksum_sha256 = Some(value),
                }
            }
        }
    };
}

/// Entries on a page of a listing: S3's own limit.
const MAX_KEYS: usize = 1000;

/// User metadata of one object: S3's own limit, 2 KB.
const MAX_METADATA_BYTES: usize = 2048;

/// What S3 says an object is when nobody said.
const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

/// Answers S3 requests out of `store`, for the one key pair given. Objects whose key starts with `watched` get a
/// notification.
pub(crate) fn service(store: Store, watched: &str, access_key: &str, secret_key: &str) -> impl Service {
    let mut builder = S3ServiceBuilder::new(Bucketeer {
        store,
        watched: watched.to_owned(),
    });
    builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
    Protocol(builder.build())
}

#[derive(Clone)]
struct Protocol(S3Service);

impl Service for Protocol {
    fn call(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, ConnectorError>> {
        let service = self.0.clone();
        Box::pin(async move {
            let head = request.method() == "HEAD";
            let mut request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?
                .map(s3s::Body::http_body_unsync);
            // A connection would send the host as a header, and it is part of what the client signed.
            if let Some(host) = request.uri().authority().and_then(|host| host.as_str().parse().ok()) {
                request.headers_mut().entry("host").or_insert(host);
            }
            // s3s reports every refusal as an error, and at debug level whole requests with their metadata. The caller
            // gets the answer; the log gets nothing.
            let answer = service.call(request).with_subscriber(tracing::Dispatch::none());
            let response = answer
                .await
                .map_err(|error| ConnectorError::other(format!("{error:?}").into(), None))?;
            // The answer to HEAD has no body (RFC 9110, section 9.3.2), not even to say why not.
            let response = response.map(|body| {
                if head {
                    SdkBody::empty()
                } else {
                    SdkBody::from_body_1_x(body)
                }
            });
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

struct Bucketeer {
    store: Store,
    watched: String,
}

#[async_trait::async_trait]
impl S3 for Bucketeer {
    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        let location = Some(format!("/{}", req.input.bucket));
        if !self.store.create_bucket(req.input.bucket).await? {
            return Err(s3_error!(BucketAlreadyOwnedByYou));
        }
        Ok(S3Response::new(CreateBucketOutput { location }))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.store.head_bucket(req.input.bucket).await?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        if req.input.tagging.is_some() {
            return Err(s3_error!(NotImplemented, "tags are not supported here"));
        }
        let condition = condition(req.input.if_match.as_ref(), req.input.if_none_match.as_ref())?;
        let metadata = metadata(req.input.metadata.as_ref())?;
        let mut input = req.input;
        let announced = req.headers.get("x-amz-trailer").and_then(|name| name.to_str().ok());
        let expected = upload::Expected::new(&input, announced, req.trailing_headers);
        let received = upload::receive(self.store.blobs(), input.body.take(), expected).await?;
        let attributes = Attributes {
            content_type: input.content_type,
            content_encoding: input.content_encoding.as_deref().and_then(without_transfer_coding),
            content_language: input.content_language,
            content_disposition: input.content_disposition,
            cache_control: input.cache_control,
            metadata,
            checksum: received.checksum,
        };
        let notify = self.notify(&input.key, "ObjectCreated:Put");
        let object = NewObject {
            bucket: input.bucket,
            key: input.key,
            payload: received.payload,
            size: received.size,
            etag: received.etag,
            attributes,
            condition,
            notify,
        };
        let stored = self.store.put(object).await?;
        let mut output = PutObjectOutput {
            e_tag: Some(ETag::Strong(stored.etag)),
            ..Default::default()
        };
        set_checksum!(output, stored.attributes.checksum);
        Ok(S3Response::new(output))
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let GetObjectInput {
            bucket,
            key,
            range,
            checksum_mode,
            if_match,
            if_none_match,
            ..
        } = req.input;
        let found = self.store.get(bucket, key).await?;
        unchanged(&found.etag, if_match.as_ref(), if_none_match.as_ref())?;
        let window = match range {
            Some(range) => range.check(found.size)?,
            None => 0..found.size,
        };
        let mut output = GetObjectOutput {
            accept_ranges: Some("bytes".into()),
            content_length: Some(length(window.end - window.start)),
            content_range: range.map(|_| format!("bytes {}-{}/{}", window.start, window.end - 1, found.size)),
            content_type: Some(
                found
                    .attributes
                    .content_type
                    .unwrap_or_else(|| DEFAULT_CONTENT_TYPE.into()),
            ),
            content_encoding: found.attributes.content_encoding,
            content_language: found.attributes.content_language,
            content_disposition: found.attributes.content_disposition,
            cache_control: found.attributes.cache_control,
            e_tag: Some(ETag::Strong(found.etag)),
            last_modified: Some(timestamp(found.modified_ms)),
            metadata: Some(found.attributes.metadata.into_iter().collect()),
            ..Default::default()
        };
        // The checksum is that of the whole object: of no use to who reads a part.
        if range.is_none() && checksum_mode.is_some() {
            set_checksum!(output, found.attributes.checksum);
        }
        output.body = Some(download::stream(found.body, window));
        Ok(S3Response::new(output))
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let HeadObjectInput {
            bucket,
            key,
            checksum_mode,
            if_match,
            if_none_match,
            ..
        } = req.input;
        let found = self.store.head(bucket, key).await?;
        unchanged(&found.etag, if_match.as_ref(), if_none_match.as_ref())?;
        let mut output = HeadObjectOutput {
            accept_ranges: Some("bytes".into()),
            content_length: Some(length(found.size)),
            content_type: Some(
                found
                    .attributes
                    .content_type
                    .unwrap_or_else(|| DEFAULT_CONTENT_TYPE.into()),
            ),
            content_encoding: found.attributes.content_encoding,
            content_language: found.attributes.content_language,
            content_disposition: found.attributes.content_disposition,
            cache_control: found.attributes.cache_control,
            e_tag: Some(ETag::Strong(found.etag)),
            last_modified: Some(timestamp(found.modified_ms)),
            metadata: Some(found.attributes.metadata.into_iter().collect()),
            ..Default::default()
        };
        if checksum_mode.is_some() {
            set_checksum!(output, found.attributes.checksum);
        }
        Ok(S3Response::new(output))
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.store.delete(req.input.bucket, vec![req.input.key]).await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let quiet = req.input.delete.quiet.unwrap_or(false);
        let keys: Vec<String> = req.input.delete.objects.into_iter().map(|object| object.key).collect();
        if keys.len() > MAX_KEYS {
            return Err(s3_error!(MalformedXML, "more than {MAX_KEYS} keys in one request"));
        }
        self.store.delete(req.input.bucket, keys.clone()).await?;
        let deleted = |key| DeletedObject {
            key: Some(key),
            ..Default::default()
        };
        let deleted = if quiet {
            Vec::new()
        } else {
            keys.into_iter().map(deleted).collect()
        };
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: Some(deleted),
            ..Default::default()
        }))
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        let CopySource::Bucket {
            bucket,
            key,
            version_id: None,
        } = input.copy_source
        else {
            return Err(s3_error!(NotImplemented, "only bucket/key can be copied here"));
        };
        let replace = input
            .metadata_directive
            .as_ref()
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        let source = self.store.get(bucket.into_string(), key.into_string()).await?;
        unchanged(
            &source.etag,
            input.copy_source_if_match.as_ref(),
            input.copy_source_if_none_match.as_ref(),
        )?;
        let attributes = if replace {
            Attributes {
                content_type: input.content_type,
                content_encoding: input.content_encoding,
                content_language: input.content_language,
                content_disposition: input.content_disposition,
                cache_control: input.cache_control,
                metadata: metadata(input.metadata.as_ref())?,
                checksum: source.attributes.checksum,
            }
        } else {
            source.attributes
        };
        let object = NewObject {
            payload: upload::copy(self.store.blobs(), source.body).await?,
            notify: self.notify(&input.key, "ObjectCreated:Copy"),
            bucket: input.bucket,
            key: input.key,
            size: source.size,
            etag: source.etag,
            attributes,
            condition: Condition::Always,
        };
        let stored = self.store.put(object).await?;
        let mut result = CopyObjectResult {
            e_tag: Some(ETag::Strong(stored.etag)),
            last_modified: Some(timestamp(stored.modified_ms)),
            ..Default::default()
        };
        set_checksum!(result, stored.attributes.checksum);
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            ..Default::default()
        }))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        let from = match (&input.continuation_token, &input.start_after) {
            (Some(token), _) => Position::from_token(token)
                .ok_or_else(|| s3_error!(InvalidArgument, "the continuation token provided is incorrect"))?,
            (None, Some(key)) if !key.is_empty() => Position::after(key),
            _ => Position::default(),
        };
        let max = match input.max_keys {
            Some(max) => usize::try_from(max)
                .map_err(|_| s3_error!(InvalidArgument, "max-keys must not be negative"))?
                .min(MAX_KEYS),
            None => MAX_KEYS,
        };
        let page = Page {
            bucket: input.bucket.clone(),
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            from,
            max,
        };
        let listed = self.store.list(page).await?;
        let url = input
            .encoding_type
            .as_ref()
            .is_some_and(|encoding| encoding.as_str() == EncodingType::URL);
        let encode = |key: String| if url { percent_encode(&key) } else { key };
        let count = listed.objects.len() + listed.common_prefixes.len();
        let contents = listed.objects.into_iter().map(|object| Object {
            key: Some(encode(object.key)),
            size: Some(object.size),
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(timestamp(object.modified_ms)),
            ..Default::default()
        });
        let contents: Vec<Object> = contents.collect();
        let prefixes = listed.common_prefixes.into_iter().map(|prefix| CommonPrefix {
            prefix: Some(encode(prefix)),
        });
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            common_prefixes: Some(prefixes.collect()),
            contents: Some(contents),
            key_count: i32::try_from(count).ok(),
            max_keys: i32::try_from(max).ok(),
            is_truncated: Some(max > 0 && listed.next.is_some()),
            next_continuation_token: listed.next.filter(|_| max > 0).map(|position| position.to_token()),
            continuation_token: input.continuation_token,
            start_after: input.start_after.map(encode),
            prefix: input.prefix.map(encode),
            delimiter: input.delimiter.map(encode),
            encoding_type: input.encoding_type,
            ..Default::default()
        }))
    }
}

impl Bucketeer {
    fn notify(&self, key: &str, event: &'static str) -> Option<&'static str> {
        key.starts_with(&self.watched).then_some(event)
    }
}

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchBucket => s3_error!(NoSuchBucket),
            StoreError::NoSuchKey => s3_error!(NoSuchKey),
            StoreError::PreconditionFailed => s3_error!(PreconditionFailed),
            StoreError::Closed => s3_error!(ServiceUnavailable, "{error}"),
            StoreError::Database(_) | StoreError::File(_) | StoreError::Damaged(_) => {
                let message = error.to_string();
                s3_error!(error, InternalError, "{message}")
            }
        }
    }
}

/// What the headers of a put demand. `If-None-Match` knows the asterisk only, as in S3.
fn condition(if_match: Option<&ETagCondition>, if_none_match: Option<&ETagCondition>) -> S3Result<Condition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::Always),
        (None, Some(ETagCondition::Any)) => Ok(Condition::Absent),
        (Some(ETagCondition::Any), None) => Ok(Condition::Present),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Condition::Etag(etag.value().to_owned())),
        _ => Err(s3_error!(
            NotImplemented,
            "this combination of conditions is not supported"
        )),
    }
}

/// The conditions of a read (RFC 9110, section 13.2.2).
fn unchanged(etag: &str, if_match: Option<&ETagCondition>, if_none_match: Option<&ETagCondition>) -> S3Result<()> {
    let holds = |condition: &ETagCondition| match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => wanted.value() == etag,
    };
    if if_match.is_some_and(|condition| !holds(condition)) {
        return Err(s3_error!(PreconditionFailed));
    }
    if if_none_match.is_some_and(holds) {
        return Err(s3_error!(NotModified));
    }
    Ok(())
}

fn metadata(given: Option<&s3s::dto::Metadata>) -> S3Result<BTreeMap<String, String>> {
    let metadata: BTreeMap<String, String> = given
        .into_iter()
        .flatten()
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > MAX_METADATA_BYTES {
        return Err(s3_error!(
            MetadataTooLarge,
            "{size} bytes of user metadata; the limit is {MAX_METADATA_BYTES}"
        ));
    }
    Ok(metadata)
}

/// `aws-chunked` says how the bytes travelled, not what they are; it is not kept.
fn without_transfer_coding(encoding: &str) -> Option<String> {
    let kept: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    Some(kept.join(",")).filter(|kept| !kept.is_empty())
}

/// As S3 encodes keys in listings when asked to: everything but unreserved characters and the slash.
fn percent_encode(key: &str) -> String {
    use std::fmt::Write as _;
    key.bytes().fold(String::with_capacity(key.len()), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        encoded
    })
}

fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from(clock::from_ms(ms))
}

fn length(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
