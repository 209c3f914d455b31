//! The S3 protocol over the object store. s3s reads and writes the HTTP; this says what the operations mean.

use std::collections::BTreeMap;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use conditions::{condition, unchanged};
use futures::future::BoxFuture;
use s3s::auth::SimpleAuth;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, CreateBucketInput, CreateBucketOutput,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, DeletedObject, ETag, GetBucketLocationInput, GetBucketLocationOutput,
    GetBucketVersioningInput, GetBucketVersioningOutput, GetObjectInput, GetObjectOutput, GetObjectTaggingInput,
    GetObjectTaggingOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput,
    ListBucketsOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, MetadataDirective, PutObjectInput,
    PutObjectOutput, Timestamp, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};
use tracing::instrument::WithSubscriber;

use crate::clock;
use crate::connector::Service;
use crate::error::StoreError;
use crate::store::{Attributes, Checksum, Condition, NewObject, Store};

/// Every output that carries checksums has the same fields and no trait for them.
macro_rules! set_checksum {
    ($output:expr, $checksum:expr) => {
        match $checksum {
            None => {}
            Some(Checksum::Crc32(value)) => $output.checksum_crc32 = Some(value),
            Some(Checksum::Crc32c(value)) => $output.checksum_crc32c = Some(value),
            Some(Checksum::Crc64nvme(value)) => $output.checksum_crc64nvme = Some(value),
            Some(Checksum::Sha1(value)) => $output.checksum_sha1 = Some(value),
            Some(Checksum::Sha256(value)) => $output.checksum_sha256 = Some(value),
        }
    };
}

/// The same where the output also says what the checksum is of.
macro_rules! set_object_checksum {
    ($output:expr, $checksum:expr) => {{
        let checksum: Option<Checksum> = $checksum;
        $output.checksum_type = checksum.as_ref().map(crate::s3::digest::checksum_type);
        set_checksum!($output, checksum);
    }};
}

/// And every input.
macro_rules! given_checksums {
    ($input:expr) => {{
        let given = [
            $input.checksum_crc32.take().map(Checksum::Crc32),
            $input.checksum_crc32c.take().map(Checksum::Crc32c),
            $input.checksum_crc64nvme.take().map(Checksum::Crc64nvme),
            $input.checksum_sha1.take().map(Checksum::Sha1),
            $input.checksum_sha256.take().map(Checksum::Sha256),
        ];
        given.into_iter().flatten().next()
    }};
}

mod conditions;
mod digest;
mod download;
mod host;
mod listing;
mod multipart;
mod upload;

/// Entries on a page of a listing: S3's own limit.
pub(crate) const MAX_KEYS: usize = 1000;

/// User metadata of one object: S3's own limit, 2 KB.
const MAX_METADATA_BYTES: usize = 2048;

/// What S3 says an object is when nobody said.
const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

/// Answers S3 requests out of `store`, for the one key pair given. Objects whose key starts with one of `watched` get a
/// notification. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Protocol(S3Service);

impl Protocol {
    pub(crate) fn new(store: Store, watched: &'static [&'static str], access_key: &str, secret_key: &str) -> Self {
        let mut builder = S3ServiceBuilder::new(Bucketeer { store, watched });
        builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
        builder.set_host(host::Hosts);
        Self(builder.build())
    }

    /// Answers one request; its host is a header.
    pub(crate) async fn answer(&self, request: http::Request<s3s::Body>) -> Result<http::Response<s3s::Body>, String> {
        let head = request.method() == http::Method::HEAD;
        // s3s reports every refusal as an error, and at debug level whole requests with their metadata. The caller gets
        // the answer; the log gets nothing.
        let answer = self.0.call(request).with_subscriber(tracing::Dispatch::none()).await;
        let response = answer.map_err(|error| format!("{error:?}"))?;
        // The answer to HEAD has no body (RFC 9110, section 9.3.2), not even to say why not.
        Ok(if head {
            response.map(|_| s3s::Body::empty())
        } else {
            response
        })
    }
}

impl Service for Protocol {
    fn call(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, ConnectorError>> {
        let protocol = self.clone();
        Box::pin(async move {
            let mut request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?
                .map(s3s::Body::http_body_unsync);
            // A connection would send the host as a header, and it is part of what the client signed.
            if let Some(host) = request.uri().authority().and_then(|host| host.as_str().parse().ok()) {
                request.headers_mut().entry("host").or_insert(host);
            }
            let answer = protocol.answer(request).await;
            let response = answer.map_err(|error| ConnectorError::other(error.into(), None))?;
            let response = response.map(SdkBody::from_body_1_x);
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

struct Bucketeer {
    store: Store,
    watched: &'static [&'static str],
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

    async fn list_buckets(&self, req: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        listing::buckets(&self.store, req.input).await
    }

    /// Absent means us-east-1, and everything here is there.
    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.store.head_bucket(req.input.bucket).await?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    /// Absent means that there are none and never were.
    async fn get_bucket_versioning(
        &self,
        req: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        self.store.head_bucket(req.input.bucket).await?;
        Ok(S3Response::new(GetBucketVersioningOutput::default()))
    }

    /// None can be set, so there are none; who copies objects of several parts asks.
    async fn get_object_tagging(
        &self,
        req: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        self.store.head(req.input.bucket, req.input.key).await?;
        Ok(S3Response::new(GetObjectTaggingOutput::default()))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        if req.input.tagging.is_some() {
            return Err(s3_error!(NotImplemented, "tags are not supported here"));
        }
        let condition = condition(req.input.if_match.as_ref(), req.input.if_none_match.as_ref())?;
        let metadata = metadata(req.input.metadata.as_ref())?;
        let mut input = req.input;
        let expected = upload::Expected::new(
            input.content_md5.take(),
            given_checksums!(input),
            announced(&req.headers),
            req.trailing_headers,
        );
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
        set_object_checksum!(output, stored.attributes.checksum);
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
            part_number,
            ..
        } = req.input;
        whole_object(part_number)?;
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
            set_object_checksum!(output, found.attributes.checksum);
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
            part_number,
            ..
        } = req.input;
        whole_object(part_number)?;
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
            set_object_checksum!(output, found.attributes.checksum);
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
        set_object_checksum!(result, stored.attributes.checksum);
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            ..Default::default()
        }))
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        listing::first_version(&self.store, req.input).await
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        listing::second_version(&self.store, req.input).await
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        multipart::begin(&self.store, req.input).await
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let announced = announced(&req.headers).map(ToOwned::to_owned);
        multipart::take(&self.store, req.input, announced, req.trailing_headers).await
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        multipart::copy(&self.store, req.input).await
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let notify = self.notify(&req.input.key, "ObjectCreated:CompleteMultipartUpload");
        multipart::complete(&self.store, req.input, notify).await
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        multipart::abort(&self.store, req.input).await
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        multipart::list_parts(&self.store, req.input).await
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        multipart::list_uploads(&self.store, req.input).await
    }
}

impl Bucketeer {
    fn notify(&self, key: &str, event: &'static str) -> Option<&'static str> {
        let watched = self.watched.iter().any(|prefix| key.starts_with(prefix));
        watched.then_some(event)
    }
}

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchBucket => s3_error!(NoSuchBucket),
            StoreError::NoSuchKey => s3_error!(NoSuchKey),
            StoreError::NoSuchUpload => s3_error!(NoSuchUpload),
            StoreError::PreconditionFailed => s3_error!(PreconditionFailed),
            StoreError::Closed => s3_error!(ServiceUnavailable, "{error}"),
            StoreError::Database(_) | StoreError::File(_) | StoreError::Damaged(_) => {
                let message = error.to_string();
                s3_error!(error, InternalError, "{message}")
            }
        }
    }
}

/// The name of the trailer that will carry a checksum.
fn announced(headers: &http::HeaderMap) -> Option<&str> {
    headers.get("x-amz-trailer").and_then(|name| name.to_str().ok())
}

/// The parts of an object are not known any more once it is one.
fn whole_object(part: Option<i32>) -> S3Result<()> {
    match part {
        None => Ok(()),
        Some(_) => Err(s3_error!(
            NotImplemented,
            "objects cannot be read by part number here; use a range"
        )),
    }
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

fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from(clock::from_ms(ms))
}

fn length(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
