//! Takes an object's bytes in: hashes them on the way, keeps small ones in memory, writes large ones to a file, and
//! lets nothing through that does not match what the client said about it.

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3Result, StdError, TrailingHeaders, s3_error};

use super::digest::{Algorithm, Digest, hex};
use crate::blobs::{Blobs, NewBlob};
use crate::error::StoreError;
use crate::store::{Body, Checksum, Payload, blocking};

/// Larger objects get a file of their own: SQLite is faster than files below about this size, and a large row would
/// pass through the write-ahead log too.
const INLINE_LIMIT: usize = 64 * 1024;

/// Bytes gathered before they are written to a file in one go.
const WRITE_SIZE: usize = 256 * 1024;

/// The largest object that one request may put: S3's own limit.
const MAX_OBJECT_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// What the client said about the bytes it sends.
pub(super) struct Expected {
    /// MD5 in base64, from `Content-MD5`.
    md5: Option<String>,
    checksum: Option<Checksum>,
    /// Where the checksum will be that follows the bytes, and its algorithm.
    trailer: Option<(Algorithm, TrailingHeaders)>,
    /// What is computed although nothing was said.
    computed: Option<Algorithm>,
}

/// Bytes that are what the client meant.
pub(super) struct Received {
    pub(super) payload: Payload,
    pub(super) size: u64,
    /// MD5 in hex.
    pub(super) etag: String,
    pub(super) checksum: Option<Checksum>,
}

/// Takes all of `body` in.
pub(super) async fn receive(blobs: &Blobs, body: Option<StreamingBlob>, expected: Expected) -> S3Result<Received> {
    let mut body = body.unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
    let mut digest = Digest::new(expected.algorithm());
    let mut file = None;
    let mut pending = Pending::default();
    while let Some(chunk) = body.next().await {
        pending.push(chunk.map_err(unreadable)?);
        let limit = if file.is_some() { WRITE_SIZE } else { INLINE_LIMIT };
        if pending.bytes > limit {
            let (hashed, written) = append(blobs, digest, file, pending.take()).await?;
            (digest, file) = (hashed, Some(written));
        }
        if digest.size > MAX_OBJECT_BYTES {
            return Err(s3_error!(EntityTooLarge));
        }
    }
    let Some(file) = file else {
        let bytes = join(pending.take());
        digest.update(&bytes);
        return expected.verify(digest, Payload::Inline(bytes));
    };
    let (digest, mut file) = append(blobs, digest, Some(file), pending.take()).await?;
    let file = blocking(move || {
        file.finish()?;
        Ok(file)
    });
    expected.verify(digest, Payload::File(file.await?))
}

/// The same bytes once more, for an object of its own.
pub(super) async fn copy(blobs: &Blobs, body: Body) -> Result<Payload, StoreError> {
    match body {
        Body::None => Ok(Payload::Inline(Bytes::new())),
        Body::Inline(bytes) => Ok(Payload::Inline(bytes)),
        Body::File(file) => {
            let blobs = blobs.clone();
            blocking(move || Ok(Payload::File(blobs.duplicate(&file)?))).await
        }
    }
}

/// The same bytes in a file, where they are not yet.
pub(super) async fn into_file(blobs: &Blobs, payload: Payload) -> Result<NewBlob, StoreError> {
    match payload {
        Payload::File(file) => Ok(file),
        Payload::Inline(bytes) => {
            let blobs = blobs.clone();
            blocking(move || {
                let mut file = blobs.create()?;
                file.write(&[bytes])?;
                file.finish()?;
                Ok(file)
            })
            .await
        }
    }
}

impl Expected {
    /// `announced` is the name of the trailer that will carry a checksum, `trailers` where it will be.
    pub(super) fn new(
        md5: Option<String>,
        checksum: Option<Checksum>,
        announced: Option<&str>,
        trailers: Option<TrailingHeaders>,
    ) -> Self {
        Self {
            md5,
            checksum,
            trailer: announced.and_then(Algorithm::of_header).zip(trailers),
            computed: None,
        }
    }

    /// Also computes this checksum; who sends another one is refused.
    pub(super) fn computing(mut self, algorithm: Algorithm) -> S3Result<Self> {
        if self.algorithm().is_some_and(|sent| sent != algorithm) {
            return Err(s3_error!(
                InvalidRequest,
                "this upload was begun with {} checksums",
                algorithm.name()
            ));
        }
        self.computed = Some(algorithm);
        Ok(self)
    }

    fn algorithm(&self) -> Option<Algorithm> {
        let announced = self.trailer.as_ref().map(|(algorithm, _)| *algorithm);
        self.checksum
            .as_ref()
            .map(Algorithm::of)
            .or(announced)
            .or(self.computed)
    }

    fn verify(self, digest: Digest, payload: Payload) -> S3Result<Received> {
        let expected = match (self.checksum, self.trailer) {
            (None, Some((algorithm, trailers))) => {
                let sent = trailers.read(|headers| Some(headers.get(algorithm.header())?.to_str().ok()?.to_owned()));
                let sent = sent.flatten();
                Some(
                    algorithm
                        .checksum(sent.ok_or_else(|| s3_error!(InvalidRequest, "the announced checksum is missing"))?),
                )
            }
            (checksum, _) => checksum,
        };
        let digested = digest.finish();
        let as_said = expected.is_none() || expected == digested.checksum;
        if !as_said || self.md5.is_some_and(|sent| sent != base64(&digested.md5)) {
            return Err(s3_error!(BadDigest));
        }
        Ok(Received {
            payload,
            size: digested.size,
            etag: hex(&digested.md5),
            checksum: digested.checksum,
        })
    }
}

/// Chunks that wait to be written together.
#[derive(Default)]
struct Pending {
    chunks: Vec<Bytes>,
    bytes: usize,
}

impl Pending {
    fn push(&mut self, chunk: Bytes) {
        self.bytes += chunk.len();
        self.chunks.push(chunk);
    }

    fn take(&mut self) -> Vec<Bytes> {
        self.bytes = 0;
        std::mem::take(&mut self.chunks)
    }
}

/// Hashes and writes `chunks` where it may block, starting the file if there is none yet.
async fn append(
    blobs: &Blobs,
    mut digest: Digest,
    file: Option<NewBlob>,
    chunks: Vec<Bytes>,
) -> Result<(Digest, NewBlob), StoreError> {
    let blobs = blobs.clone();
    blocking(move || {
        let mut file = match file {
            Some(file) => file,
            None => blobs.create()?,
        };
        for chunk in &chunks {
            digest.update(chunk);
        }
        file.write(&chunks)?;
        Ok((digest, file))
    })
    .await
}

/// One run of bytes; without a copy when there is one chunk.
fn join(chunks: Vec<Bytes>) -> Bytes {
    match <[Bytes; 1]>::try_from(chunks) {
        Ok([only]) => only,
        Err(chunks) => {
            let mut all = BytesMut::new();
            for chunk in &chunks {
                all.extend_from_slice(chunk);
            }
            all.freeze()
        }
    }
}

/// The body broke off, or is not what its signature says.
fn unreadable(error: StdError) -> S3Error {
    let mut answer = s3_error!(IncompleteBody, "{error}");
    answer.set_source(error);
    answer
}

fn base64(bytes: &[u8]) -> String {
    aws_smithy_types::base64::encode(bytes)
}
