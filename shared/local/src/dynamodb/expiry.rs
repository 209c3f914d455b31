//! When expired items were last removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock;
use crate::error::Error;

/// dynoxide looks at every item to find the expired ones, which takes seconds on a large folder: too long for every
/// command. DynamoDB itself promises no more than some days.
const EVERY: Duration = Duration::from_hours(24);

/// A file that says when it was, in milliseconds since 1970. Without it, it is due.
pub(super) struct ExpiryMark {
    path: PathBuf,
}

impl ExpiryMark {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join("expired-items-removed"),
        }
    }

    /// Whether it is time again. A mark from the future is a clock that was put right.
    pub(super) fn is_due(&self) -> bool {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let Ok(last) = text.trim().parse::<i64>() else {
            return true;
        };
        match u64::try_from(clock::now_ms().saturating_sub(last)) {
            Ok(passed) => Duration::from_millis(passed) >= EVERY,
            Err(_) => true,
        }
    }

    /// It was done just now.
    pub(super) fn set(&self) -> Result<(), Error> {
        fs::write(&self.path, clock::now_ms().to_string()).map_err(Error::io("write", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_once_a_day_and_when_the_mark_makes_no_sense() {
        let folder = tempfile::tempdir().unwrap();
        let mark = ExpiryMark::in_folder(folder.path());
        assert!(mark.is_due(), "it was never done");
        mark.set().unwrap();
        assert!(!mark.is_due(), "it was done just now");
        let hour = 60 * 60 * 1000;
        for (text, due) in [
            ((clock::now_ms() - 23 * hour).to_string(), false),
            ((clock::now_ms() - 25 * hour).to_string(), true),
            ((clock::now_ms() + hour).to_string(), true),
            ("yesterday".to_owned(), true),
        ] {
            fs::write(&mark.path, &text).unwrap();
            assert_eq!(mark.is_due(), due, "{text}");
        }
    }
}
