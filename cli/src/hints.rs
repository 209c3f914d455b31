//! What to do about an error that says nothing about that itself.

use std::error::Error;
use std::io::ErrorKind;
use std::iter::successors;

use rebound_accounts::store::StoreError;
use rebound_fetcher::{AccountFetchError, Failure};
use rebound_local::Error as LocalError;
use rebound_mailbox::sources::SourceError;

use crate::complaints::Hinted;

/// The next step, if one is known.
pub(crate) fn of(error: &anyhow::Error) -> Option<String> {
    if let Some(hinted) = error.downcast_ref::<Hinted>() {
        return Some(hinted.hint.clone());
    }
    error.chain().find_map(of_one)
}

/// The same for an error that somebody has caught, or for what caused it.
pub(crate) fn of_cause(error: &(dyn Error + 'static)) -> Option<String> {
    successors(Some(error), |&error| error.source()).find_map(of_one)
}

fn of_one(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<LocalError>() {
        return of_local(error);
    }
    // Transparent: what they hold is no cause of theirs.
    if let Some(Failure::Unread(error)) = error.downcast_ref() {
        return of_one(error);
    }
    if let Some(AccountFetchError::Settings(error)) = error.downcast_ref() {
        return of_one(error);
    }
    if let Some(SourceError::Unreadable { error, .. }) = error.downcast_ref() {
        return of_io(error.kind());
    }
    if let Some(StoreError::NotFound { account }) = error.downcast_ref() {
        return Some(format!(
            "`rebound accounts list` names those there are; `rebound accounts add {account}` sets it up"
        ));
    }
    error.downcast_ref::<std::io::Error>().and_then(|io| of_io(io.kind()))
}

fn of_local(error: &LocalError) -> Option<String> {
    match error {
        LocalError::InUse { .. } => Some(
            "one command at a time: a `rebound run` or `rebound serve` may be at work there; --stack local works through \
             a `rebound serve`"
                .to_owned(),
        ),
        LocalError::Io { source, .. } => of_io(source.kind()),
        LocalError::NewerFormat { .. } => {
            Some("a newer rebound wrote there: use that one, or another folder with --data DIR".to_owned())
        }
        LocalError::Store(_) | LocalError::DynamoDb { .. } => {
            Some("`rebound doctor` looks at the folder; a damaged one is best restored from a backup".to_owned())
        }
        _ => None,
    }
}

fn of_io(kind: ErrorKind) -> Option<String> {
    let hint = match kind {
        ErrorKind::NotFound => "is the path right? A relative one begins at the folder that you are in",
        ErrorKind::PermissionDenied => "you may not do that there: ask its owner, or choose another place",
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "there is a file where a folder should be: choose another path, or move it away"
        }
        ErrorKind::IsADirectory => "that is a folder where a file should be",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on the disk, then run it again",
        ErrorKind::ReadOnlyFilesystem => "nothing can be written there: choose another place",
        ErrorKind::AddrInUse => "another program listens there: choose another port, or 0 for any that is free",
        _ => return None,
    };
    Some(hint.to_owned())
}
