//! What is in the archive.

use aws_sdk_s3::error::DisplayErrorContext;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use rebound_accounts::AccountName;

use crate::{Archive, ObjectKey, key};

/// The archive could not be listed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the archive could not be listed below {prefix}: {reason}")]
pub struct ListError {
    /// What the keys begin with.
    pub prefix: String,
    /// S3's words.
    pub reason: String,
}

impl Archive {
    /// The keys of all messages, or of one account's, sorted; page by page. Other objects are left out.
    pub fn keys(&self, account: Option<&AccountName>) -> impl Stream<Item = Result<ObjectKey, ListError>> + use<> {
        /// Where the next page begins, if there is one.
        enum Next {
            At(Option<String>),
            End,
        }
        let prefix = account.map_or_else(
            || key::PREFIX.to_owned(),
            |account| format!("{}{account}/", key::PREFIX),
        );
        let archive = self.clone();
        let pages = stream::try_unfold(Next::At(None), move |next| {
            let (archive, prefix) = (archive.clone(), prefix.clone());
            async move {
                let Next::At(start) = next else { return Ok(None) };
                let list = archive
                    .client
                    .list_objects_v2()
                    .bucket(archive.bucket())
                    .prefix(&prefix);
                let page = list
                    .set_continuation_token(start)
                    .send()
                    .await
                    .map_err(|error| ListError {
                        prefix,
                        reason: DisplayErrorContext(error).to_string(),
                    })?;
                let next = page
                    .next_continuation_token
                    .map_or(Next::End, |token| Next::At(Some(token)));
                let objects = page.contents.unwrap_or_default().into_iter();
                let keys = objects
                    .filter_map(|object| object.key?.parse().ok())
                    .collect::<Vec<ObjectKey>>();
                Ok(Some((stream::iter(keys).map(Ok), next)))
            }
        });
        pages.try_flatten()
    }
}
