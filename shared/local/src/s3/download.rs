//! Sends an object's bytes out, large ones a piece at a time.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::try_unfold;
use s3s::dto::StreamingBlob;

use crate::store::Body;

/// Bytes read from a file in one go.
const READ_SIZE: u64 = 256 * 1024;

/// The bytes of `body` that lie in `window`.
pub(super) fn stream(body: Body, window: Range<u64>) -> StreamingBlob {
    match body {
        Body::None => StreamingBlob::from(s3s::Body::empty()),
        Body::Inline(bytes) => {
            let start = usize::try_from(window.start).unwrap_or(usize::MAX).min(bytes.len());
            let end = usize::try_from(window.end)
                .unwrap_or(usize::MAX)
                .clamp(start, bytes.len());
            StreamingBlob::from(s3s::Body::from(bytes.slice(start..end)))
        }
        Body::File(file) => {
            let file = Arc::new(file);
            StreamingBlob::wrap(try_unfold(window, move |window| piece(Arc::clone(&file), window)))
        }
    }
}

/// The next piece of the file and the window that is left.
async fn piece(file: Arc<File>, window: Range<u64>) -> io::Result<Option<(Bytes, Range<u64>)>> {
    if window.is_empty() {
        return Ok(None);
    }
    let end = window.end.min(window.start.saturating_add(READ_SIZE));
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = vec![0; usize::try_from(end - window.start).unwrap_or_default()];
        file.read_exact_at(&mut bytes, window.start)?;
        Ok(Some((Bytes::from(bytes), end..window.end)))
    });
    read.await
        .unwrap_or_else(|_| Err(io::Error::other("the reader stopped")))
}
