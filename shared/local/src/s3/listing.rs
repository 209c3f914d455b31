//! Listings of buckets and of keys.

use s3s::dto::{
    Bucket, CommonPrefix, ETag, EncodingType, ListBucketsInput, ListBucketsOutput, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, Object,
};
use s3s::{S3Response, S3Result, s3_error};

use super::{MAX_KEYS, timestamp};
use crate::store::{Listed, Page, Position, Store};

/// All buckets whose names begin so, on one page.
pub(super) async fn buckets(store: &Store, input: ListBucketsInput) -> S3Result<S3Response<ListBucketsOutput>> {
    let prefix = input.prefix.unwrap_or_default();
    let mut buckets = store.buckets().await?;
    buckets.retain(|(name, _)| name.starts_with(&prefix));
    let bucket = |(name, created_ms)| Bucket {
        name: Some(name),
        creation_date: Some(timestamp(created_ms)),
        ..Default::default()
    };
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(buckets.into_iter().map(bucket).collect()),
        ..Default::default()
    }))
}

/// Pages go on behind a key.
pub(super) async fn first_version(store: &Store, input: ListObjectsInput) -> S3Result<S3Response<ListObjectsOutput>> {
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.unwrap_or_default();
    let marker = input.marker.unwrap_or_default();
    let max = page_size(input.max_keys)?;
    let page = Page {
        bucket: input.bucket.clone(),
        from: if marker.is_empty() {
            Position::default()
        } else {
            Position::behind(&marker, &prefix, &delimiter)
        },
        prefix: prefix.clone(),
        delimiter: Some(delimiter.clone()),
        max,
    };
    let listed = store.list(page).await?;
    let spelling = Spelling::of(input.encoding_type.as_ref());
    let more = max > 0 && listed.next.is_some();
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket),
        max_keys: i32::try_from(max).ok(),
        is_truncated: Some(more),
        next_marker: last(&listed).filter(|_| more).map(|last| spelling.spell(last)),
        common_prefixes: Some(common_prefixes(&listed, spelling)),
        contents: Some(contents(listed, spelling)),
        marker: Some(spelling.spell(&marker)),
        prefix: Some(spelling.spell(&prefix)),
        delimiter: Some(spelling.spell(&delimiter)).filter(|delimiter| !delimiter.is_empty()),
        encoding_type: input.encoding_type,
        ..Default::default()
    }))
}

/// Pages go on with a token.
pub(super) async fn second_version(
    store: &Store,
    input: ListObjectsV2Input,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let max = page_size(input.max_keys)?;
    let page = Page {
        bucket: input.bucket.clone(),
        from: match (&input.continuation_token, &input.start_after) {
            (Some(token), _) => Position::from_token(token)
                .ok_or_else(|| s3_error!(InvalidArgument, "the continuation token provided is incorrect"))?,
            (None, Some(key)) if !key.is_empty() => Position::after(key),
            _ => Position::default(),
        },
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        max,
    };
    let listed = store.list(page).await?;
    let spelling = Spelling::of(input.encoding_type.as_ref());
    let count = listed.objects.len() + listed.common_prefixes.len();
    let next = listed.next.as_ref().filter(|_| max > 0).map(Position::to_token);
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket),
        key_count: i32::try_from(count).ok(),
        max_keys: i32::try_from(max).ok(),
        is_truncated: Some(next.is_some()),
        next_continuation_token: next,
        common_prefixes: Some(common_prefixes(&listed, spelling)),
        contents: Some(contents(listed, spelling)),
        continuation_token: input.continuation_token,
        start_after: input.start_after.map(|key| spelling.spell(&key)),
        prefix: input.prefix.map(|prefix| spelling.spell(&prefix)),
        delimiter: input.delimiter.map(|delimiter| spelling.spell(&delimiter)),
        encoding_type: input.encoding_type,
        ..Default::default()
    }))
}

fn page_size(max_keys: Option<i32>) -> S3Result<usize> {
    let Some(max) = max_keys else { return Ok(MAX_KEYS) };
    let max = usize::try_from(max).map_err(|_| s3_error!(InvalidArgument, "max-keys must not be negative"))?;
    Ok(max.min(MAX_KEYS))
}

/// The last entry of a page, in the order of the whole listing.
fn last(listed: &Listed) -> Option<&str> {
    let object = listed.objects.last().map(|object| object.key.as_str());
    let prefix = listed.common_prefixes.last().map(String::as_str);
    object.max(prefix)
}

fn contents(listed: Listed, spelling: Spelling) -> Vec<Object> {
    let object = |object: crate::store::ListedObject| Object {
        key: Some(spelling.spell(&object.key)),
        size: Some(object.size),
        e_tag: Some(ETag::Strong(object.etag)),
        last_modified: Some(timestamp(object.modified_ms)),
        ..Default::default()
    };
    listed.objects.into_iter().map(object).collect()
}

fn common_prefixes(listed: &Listed, spelling: Spelling) -> Vec<CommonPrefix> {
    let prefix = |prefix: &String| CommonPrefix {
        prefix: Some(spelling.spell(prefix)),
    };
    listed.common_prefixes.iter().map(prefix).collect()
}

/// How keys are written: as they are, or encoded, which the client may ask for because XML can't hold every key.
#[derive(Clone, Copy)]
enum Spelling {
    Plain,
    Url,
}

impl Spelling {
    fn of(asked: Option<&EncodingType>) -> Self {
        match asked {
            Some(encoding) if encoding.as_str() == EncodingType::URL => Self::Url,
            _ => Self::Plain,
        }
    }

    fn spell(self, key: &str) -> String {
        match self {
            Self::Plain => key.to_owned(),
            Self::Url => percent_encode(key),
        }
    }
}

/// As S3 does it: everything but unreserved characters and the slash.
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
