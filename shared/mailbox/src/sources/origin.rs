//! Where a message was found.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a message was found: a file, and which message of it when it is an mbox.
///
/// Written `inbox/bounce.eml` or `box.mbox#17`; standard input is `-`. Control characters in a file's name are written
/// as escapes, so that a report stays one line and commands no terminal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    path: PathBuf,
    number: Option<u64>,
}

impl Origin {
    /// A file that is one message.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            number: None,
        }
    }

    /// Message number `number` of an mbox, counted from 1.
    pub fn numbered(path: impl Into<PathBuf>, number: u64) -> Self {
        Self {
            path: path.into(),
            number: Some(number),
        }
    }

    /// The file, as it was named or found; `-` is standard input.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which message of an mbox it is, counted from 1.
    pub fn number(&self) -> Option<u64> {
        self.number
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.path.to_string_lossy().chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        match self.number {
            Some(number) => write!(f, "#{number}"),
            None => Ok(()),
        }
    }
}
