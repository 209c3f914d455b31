//! Objects that arrive in parts. Each part is durable when it is answered for; the object appears all at once, when the
//! client says which parts it is made of.

use std::io::Read;

use bytes::Bytes;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, CopyPartResult, CopySource,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload, Range, StreamingBlob,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Response, S3Result, TrailingHeaders, s3_error};

use super::conditions::{condition, unchanged};
use super::digest::{Algorithm, Digest, composite_checksum, composite_etag};
use super::{MAX_KEYS, download, length, metadata, timestamp, upload, without_transfer_coding};
use crate::blobs::NewBlob;
use crate::error::StoreError;
use crate::store::{
    Attributes, Checksum, NewObject, NewPart, NewUpload, Part, PartsPage, Payload, Store, Upload, blocking,
};

/// Parts of one object: S3's own limit.
const MAX_PARTS: i32 = 10_000;

/// All parts but the last are at least so large, as in S3: what works here is to work there.
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// Bytes copied in one go when parts are put together.
const COPY_SIZE: usize = 256 * 1024;

/// The checksum that client and store agreed upon when the upload began.
#[derive(Clone, Copy)]
struct Agreed {
    algorithm: Algorithm,
    /// Of all bytes, not of the parts' checksums.
    whole: bool,
}

pub(super) async fn begin(
    store: &Store,
    input: CreateMultipartUploadInput,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    if input.tagging.is_some() {
        return Err(s3_error!(NotImplemented, "tags are not supported here"));
    }
    let agreed = Agreed::upon(input.checksum_algorithm.as_ref(), input.checksum_type.as_ref())?;
    let upload = NewUpload {
        bucket: input.bucket.clone(),
        key: input.key.clone(),
        attributes: Attributes {
            content_type: input.content_type,
            content_encoding: input.content_encoding.as_deref().and_then(without_transfer_coding),
            content_language: input.content_language,
            content_disposition: input.content_disposition,
            cache_control: input.cache_control,
            metadata: metadata(input.metadata.as_ref())?,
            checksum: None,
        },
        checksum: agreed.map(Agreed::to_text),
    };
    let token = store.begin_upload(upload).await?;
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(token),
        checksum_algorithm: agreed.map(Agreed::algorithm),
        checksum_type: agreed.map(Agreed::kind),
        ..Default::default()
    }))
}

pub(super) async fn take(
    store: &Store,
    mut input: UploadPartInput,
    announced: Option<String>,
    trailers: Option<TrailingHeaders>,
) -> S3Result<S3Response<UploadPartOutput>> {
    in_range(input.part_number)?;
    let given = given_checksums!(input);
    let upload = store.upload(input.bucket, input.key, input.upload_id).await?;
    let expected = upload::Expected::new(input.content_md5, given, announced.as_deref(), trailers);
    let (etag, checksum) = keep(store, upload, input.part_number, input.body, expected).await?;
    let mut output = UploadPartOutput {
        e_tag: Some(ETag::Strong(etag)),
        ..Default::default()
    };
    set_checksum!(output, checksum);
    Ok(S3Response::new(output))
}

/// A part out of another object.
pub(super) async fn copy(store: &Store, input: UploadPartCopyInput) -> S3Result<S3Response<UploadPartCopyOutput>> {
    in_range(input.part_number)?;
    let CopySource::Bucket { bucket, key, .. } = input.copy_source else {
        return Err(s3_error!(NotImplemented, "access points are not supported here"));
    };
    let upload = store.upload(input.bucket, input.key, input.upload_id).await?;
    let source = store.get(bucket.into_string(), key.into_string()).await?;
    unchanged(
        &source.etag,
        input.copy_source_if_match.as_ref(),
        input.copy_source_if_none_match.as_ref(),
    )?;
    let window = match input.copy_source_range {
        None => 0..source.size,
        Some(range) => Range::parse(&range)
            .map_err(|_| s3_error!(InvalidArgument, "the copy source range must be bytes=first-last"))?
            .check(source.size)?,
    };
    let body = download::stream(source.body, window);
    let expected = upload::Expected::new(None, None, None, None);
    let (etag, checksum) = keep(store, upload, input.part_number, Some(body), expected).await?;
    let mut result = CopyPartResult {
        e_tag: Some(ETag::Strong(etag)),
        last_modified: Some(timestamp(crate::clock::now_ms())),
        ..Default::default()
    };
    set_checksum!(result, checksum);
    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(result),
        ..Default::default()
    }))
}

/// Stores what comes as a part, under the checksum that its upload agreed upon; its ETag and checksum.
async fn keep(
    store: &Store,
    to: Upload,
    number: i32,
    body: Option<StreamingBlob>,
    mut expected: upload::Expected,
) -> S3Result<(String, Option<Checksum>)> {
    if let Some(agreed) = Agreed::of(&to) {
        expected = expected.computing(agreed.algorithm)?;
    }
    let upload::Received {
        payload,
        size,
        etag,
        checksum,
    } = upload::receive(store.blobs(), body, expected).await?;
    let part = NewPart {
        number,
        size,
        etag: etag.clone(),
        checksum: checksum.clone(),
        file: upload::into_file(store.blobs(), payload).await?,
    };
    store.put_part(to, part).await?;
    Ok((etag, checksum))
}

/// Makes one object of the parts that the client names, in their order.
pub(super) async fn complete(
    store: &Store,
    mut input: CompleteMultipartUploadInput,
    notify: Option<&'static str>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let condition = condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let given = given_checksums!(input);
    let upload = store
        .upload(input.bucket.clone(), input.key.clone(), input.upload_id)
        .await?;
    let named = input.multipart_upload.and_then(|named| named.parts).unwrap_or_default();
    let parts = select(named, store.parts(&upload, PartsPage::ALL).await?)?;
    let size: u64 = parts.iter().map(|part| part.size).sum();
    if input.mpu_object_size.is_some_and(|said| said != length(size)) {
        return Err(s3_error!(
            InvalidRequest,
            "the parts make {size} bytes, which is not what was said"
        ));
    }
    let etag = composite_etag(parts.iter().map(|part| part.etag.as_str())).ok_or_else(|| s3_error!(InvalidPart))?;
    let agreed = Agreed::of(&upload);
    let composite = match agreed {
        Some(Agreed {
            algorithm,
            whole: false,
        }) => Some(
            composite_checksum(algorithm, parts.iter().map(|part| part.checksum.as_ref()))
                .ok_or_else(|| s3_error!(InvalidPart))?,
        ),
        _ => None,
    };
    let of_whole = agreed.filter(|agreed| agreed.whole).map(|agreed| agreed.algorithm);
    let of_whole = of_whole.or_else(|| {
        // Said at the end only: then it is of all bytes, if it is not of the parts.
        let sent = given.as_ref().filter(|_| agreed.is_none());
        sent.filter(|sent| !sent.value().contains('-')).map(Algorithm::of)
    });
    let (file, whole) = assemble(store.clone(), parts, of_whole).await?;
    let checksum = composite.or(whole);
    if given.is_some_and(|given| checksum.as_ref().is_some_and(|computed| *computed != given)) {
        return Err(s3_error!(BadDigest));
    }
    let object = NewObject {
        bucket: input.bucket.clone(),
        key: input.key.clone(),
        payload: Payload::File(file),
        size,
        etag,
        attributes: Attributes {
            checksum,
            ..upload.attributes.clone()
        },
        condition,
        notify,
    };
    let stored = store.complete_upload(upload, object).await?;
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(stored.etag)),
        ..Default::default()
    };
    set_object_checksum!(output, stored.attributes.checksum);
    Ok(S3Response::new(output))
}

pub(super) async fn abort(
    store: &Store,
    input: AbortMultipartUploadInput,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let upload = store.upload(input.bucket, input.key, input.upload_id).await?;
    store.abort_upload(upload).await?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

pub(super) async fn list_parts(store: &Store, input: ListPartsInput) -> S3Result<S3Response<ListPartsOutput>> {
    let upload = store
        .upload(input.bucket.clone(), input.key.clone(), input.upload_id)
        .await?;
    let after = input.part_number_marker.unwrap_or(0);
    let max = usize::try_from(input.max_parts.unwrap_or(i32::MAX))
        .unwrap_or(0)
        .min(MAX_KEYS);
    let mut parts = store.parts(&upload, PartsPage { after, max }).await?;
    let more = parts.len() > max;
    parts.truncate(max);
    let agreed = Agreed::of(&upload);
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload.token),
        part_number_marker: Some(after),
        max_parts: i32::try_from(max).ok(),
        is_truncated: Some(more),
        next_part_number_marker: parts.last().map(|part| part.number),
        checksum_algorithm: agreed.map(Agreed::algorithm),
        checksum_type: agreed.map(Agreed::kind),
        parts: Some(parts.into_iter().map(listed).collect()),
        ..Default::default()
    }))
}

/// All that there are, on one page: an upload is a client's unfinished business, and there are few.
pub(super) async fn list_uploads(
    store: &Store,
    input: ListMultipartUploadsInput,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let prefix = input.prefix.clone().unwrap_or_default();
    let uploads = store.uploads(input.bucket.clone(), prefix).await?;
    let upload = |upload: Upload| MultipartUpload {
        checksum_algorithm: Agreed::of(&upload).map(Agreed::algorithm),
        checksum_type: Agreed::of(&upload).map(Agreed::kind),
        initiated: Some(timestamp(upload.created_ms)),
        key: Some(upload.key),
        upload_id: Some(upload.token),
        ..Default::default()
    };
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: input.prefix,
        is_truncated: Some(false),
        uploads: Some(uploads.into_iter().map(upload).collect()),
        ..Default::default()
    }))
}

fn in_range(number: i32) -> S3Result<()> {
    if (1..=MAX_PARTS).contains(&number) {
        Ok(())
    } else {
        Err(s3_error!(InvalidArgument, "parts are numbered from 1 to {MAX_PARTS}"))
    }
}

/// The parts that are named, if they are here as they are named and may be put together.
fn select(named: Vec<CompletedPart>, here: Vec<Part>) -> S3Result<Vec<Part>> {
    if named.is_empty() {
        return Err(s3_error!(MalformedXML, "an object takes at least one part"));
    }
    let mut selected: Vec<Part> = Vec::with_capacity(named.len());
    let mut here = here.into_iter();
    for mut part in named {
        let given = given_checksums!(part);
        let number = part.part_number.ok_or_else(|| s3_error!(MalformedXML))?;
        if selected.last().is_some_and(|before| before.number >= number) {
            return Err(s3_error!(InvalidPartOrder));
        }
        let found = here.find(|found| found.number == number);
        let found = found.filter(|found| {
            let etag = part.e_tag.as_ref().is_some_and(|etag| etag.value() == found.etag);
            let checksum = given.is_none() || found.checksum.is_none() || given == found.checksum;
            etag && checksum
        });
        let found = found.ok_or_else(|| {
            s3_error!(
                InvalidPart,
                "part {number} is not here, or not as its ETag or checksum says"
            )
        })?;
        if selected.last().is_some_and(|before| before.size < MIN_PART_BYTES) {
            return Err(s3_error!(EntityTooSmall));
        }
        selected.push(found);
    }
    Ok(selected)
}

/// The bytes of the parts in one file, on the disk; and their checksum if one is asked for.
async fn assemble(
    store: Store,
    parts: Vec<Part>,
    algorithm: Option<Algorithm>,
) -> Result<(NewBlob, Option<Checksum>), StoreError> {
    blocking(move || {
        let mut whole = store.blobs().create()?;
        let mut digest = Digest::new(algorithm);
        for part in &parts {
            let mut from = store.open_part(part)?;
            let mut left = part.size;
            while left > 0 {
                let piece = usize::try_from(left).unwrap_or(usize::MAX).min(COPY_SIZE);
                let mut bytes = vec![0; piece];
                from.read_exact(&mut bytes)?;
                left -= piece as u64;
                if algorithm.is_some() {
                    digest.update(&bytes);
                }
                whole.write(&[Bytes::from(bytes)])?;
            }
        }
        whole.finish()?;
        Ok((whole, digest.finish().checksum.filter(|_| algorithm.is_some())))
    })
    .await
}

fn listed(part: Part) -> s3s::dto::Part {
    let mut listed = s3s::dto::Part {
        part_number: Some(part.number),
        size: Some(length(part.size)),
        e_tag: Some(ETag::Strong(part.etag)),
        last_modified: Some(timestamp(part.modified_ms)),
        ..Default::default()
    };
    set_checksum!(listed, part.checksum);
    listed
}

impl Agreed {
    /// Which kind goes with which algorithm, and which is meant when nobody says, is S3's
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>).
    fn upon(algorithm: Option<&ChecksumAlgorithm>, kind: Option<&ChecksumType>) -> S3Result<Option<Self>> {
        let Some(algorithm) = algorithm else { return Ok(None) };
        let algorithm = Algorithm::named(algorithm.as_str()).ok_or_else(|| {
            s3_error!(
                NotImplemented,
                "{} checksums are not supported here",
                algorithm.as_str()
            )
        })?;
        let whole = match kind.map(ChecksumType::as_str) {
            None => algorithm == Algorithm::Crc64nvme,
            Some(kind) => kind == ChecksumType::FULL_OBJECT,
        };
        let possible = match algorithm {
            Algorithm::Crc64nvme => whole,
            Algorithm::Crc32 | Algorithm::Crc32c => true,
            Algorithm::Sha1 | Algorithm::Sha256 => !whole,
        };
        if !possible {
            return Err(s3_error!(
                InvalidRequest,
                "the {} checksum of an object of several parts is of the other type",
                algorithm.name()
            ));
        }
        Ok(Some(Self { algorithm, whole }))
    }

    /// What was agreed upon for this upload.
    fn of(upload: &Upload) -> Option<Self> {
        let (algorithm, kind) = upload.checksum.as_deref()?.split_once(' ')?;
        Some(Self {
            algorithm: Algorithm::named(algorithm)?,
            whole: kind == ChecksumType::FULL_OBJECT,
        })
    }

    fn to_text(self) -> String {
        format!("{} {}", self.algorithm.name(), self.kind().as_str())
    }

    fn algorithm(self) -> ChecksumAlgorithm {
        ChecksumAlgorithm::from_static(self.algorithm.name())
    }

    fn kind(self) -> ChecksumType {
        ChecksumType::from_static(if self.whole {
            ChecksumType::FULL_OBJECT
        } else {
            ChecksumType::COMPOSITE
        })
    }
}
