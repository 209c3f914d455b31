//! Messages that lie on this machine.
//!
//! [`Sources::open`] takes what stands on a command line, in any mix, and hands out one message at a time:
//!
//! | path | messages |
//! |---|---|
//! | `-` | standard input: an mbox, or else one message |
//! | a file named `*.eml` | one message, byte for byte, whatever it holds |
//! | a file that begins with an mbox's `From ` line | one for each `From ` line |
//! | any other file, named by itself | one message, whatever it holds |
//! | a Maildir (a folder with `cur` and `new`) | every file of `cur` and `new`, and of its nested folders; never `tmp` |
//! | any other folder | its files and folders by name, all the way down; files that are no mail are reported and skipped |
//!
//! A message's bytes are those that were delivered: an mbox's `From ` line, its quoting and the empty line between
//! messages are not part of any message. Memory is bounded by one message, whatever the size of the mbox.

mod error;
mod listing;
mod mbox;
mod origin;
mod sniff;
mod walk;
mod window;

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use error::SourceError;
pub use origin::Origin;

use mbox::Mbox;
use walk::{Found, Walk};
use window::Window;

/// The longest message that is read, in bytes: 64 MiB, more than any provider delivers (50 MB is the usual limit, and
/// base64 is in that). A longer one is an error that names it, and reading goes on behind it.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;

/// The largest mbox that is read through only to count its messages: a quarter of a second from a plain disk.
const MAX_COUNTED_MBOX_BYTES: u64 = 256 * 1024 * 1024;

/// One message, as it was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceMessage {
    /// Where it was found.
    pub origin: Origin,
    /// Its raw bytes; never empty.
    pub bytes: Vec<u8>,
}

/// Every message of a list of paths, in the order of the list; within a folder in the order of names, so that two runs
/// over the same mail see it in the same order.
///
/// What cannot be handed out is an error in its place, and the next call goes on with what follows. The iterator reads
/// from disk: keep it off threads that must not block.
pub struct Sources {
    pending: VecDeque<PathBuf>,
    walk: Option<Walk>,
    mbox: Option<Mbox>,
    standard_input: Option<Box<dyn Read + Send>>,
    max_message_bytes: usize,
}

impl Sources {
    /// The messages of `paths`; `-` is standard input. Nothing is opened before the first message is asked for.
    pub fn open<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self {
            pending: paths.into_iter().map(Into::into).collect(),
            walk: None,
            mbox: None,
            standard_input: None,
            max_message_bytes: MAX_MESSAGE_BYTES,
        }
    }

    /// Refuses messages of more than `limit` bytes instead of [`MAX_MESSAGE_BYTES`].
    #[must_use]
    pub fn with_max_message_bytes(mut self, limit: usize) -> Self {
        self.max_message_bytes = limit;
        self
    }

    /// Reads `input` where the list of paths says `-`.
    #[must_use]
    pub fn with_standard_input(mut self, input: impl Read + Send + 'static) -> Self {
        self.standard_input = Some(Box::new(input));
        self
    }

    /// About how many messages there are, for a progress bar: folders are listed, files named `*.mbox` and mboxes
    /// named by themselves are read through, no other file is opened.
    ///
    /// `None` when counting would cost too much: standard input, pipes, an mbox of more than 256 MiB.
    pub fn count_hint(&self) -> Option<u64> {
        self.pending.iter().map(|path| count_hint(path)).sum()
    }

    fn open_path(&mut self, path: PathBuf) -> Option<Result<SourceMessage, SourceError>> {
        if path.as_os_str() == "-" {
            let input = self.standard_input.take().unwrap_or_else(|| Box::new(io::stdin()));
            return self.open_stream(Origin::file(path), input);
        }
        let unreadable = |error| SourceError::unreadable(Origin::file(&path), error);
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => return Some(Err(unreadable(error))),
        };
        if metadata.is_dir() {
            self.walk = Some(Walk::new(path));
            return None;
        }
        if !metadata.is_file() && !listing::is_pipe(metadata.file_type()) {
            let kind = listing::special_kind(metadata.file_type());
            return Some(Err(unreadable(io::Error::other(format!("it is a {kind}")))));
        }
        self.open_file(path, Expectation::Mail)
    }

    fn open_file(&mut self, path: PathBuf, expectation: Expectation) -> Option<Result<SourceMessage, SourceError>> {
        let origin = Origin::file(path);
        let opened = File::open(origin.path()).and_then(|file| file.metadata().map(|metadata| (file, metadata.len())));
        let (file, length) = match opened {
            Ok(opened) => opened,
            Err(error) => return Some(Err(SourceError::unreadable(origin, error))),
        };
        if expectation == Expectation::OneMessage || has_extension(origin.path(), "eml") {
            return Some(self.read_whole(origin, file, length));
        }
        let mut window = Window::new(Box::new(file));
        let start = match window.peek() {
            Ok(start) => start,
            Err(error) => return Some(Err(SourceError::unreadable(origin, error))),
        };
        if sniff::begins_mbox(start) {
            self.mbox = Some(Mbox::new(origin, window, self.max_message_bytes));
            return None;
        }
        if !start.is_empty() && expectation == Expectation::Anything && !sniff::looks_like_mail(start) {
            return Some(Err(SourceError::NotMail { origin }));
        }
        Some(self.read_whole(origin, window, length))
    }

    fn open_stream(
        &mut self,
        origin: Origin,
        input: Box<dyn Read + Send>,
    ) -> Option<Result<SourceMessage, SourceError>> {
        let mut window = Window::new(input);
        match window.peek() {
            Ok(start) if sniff::begins_mbox(start) => {
                self.mbox = Some(Mbox::new(origin, window, self.max_message_bytes));
                None
            }
            Ok(_) => Some(self.read_whole(origin, window, 0)),
            Err(error) => Some(Err(SourceError::unreadable(origin, error))),
        }
    }

    /// All of `input` as one message; `expected` is its length as far as it is known beforehand.
    fn read_whole(&self, origin: Origin, input: impl Read, expected: u64) -> Result<SourceMessage, SourceError> {
        let limit = self.max_message_bytes;
        let capacity = usize::try_from(expected).unwrap_or(usize::MAX);
        if capacity > limit {
            return Err(SourceError::TooLong { origin, limit });
        }
        let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::with_capacity(capacity);
        match input.take(one_more).read_to_end(&mut bytes) {
            Err(error) => Err(SourceError::unreadable(origin, error)),
            Ok(_) if bytes.len() > limit => Err(SourceError::TooLong { origin, limit }),
            Ok(_) if bytes.is_empty() => Err(SourceError::Empty { origin }),
            Ok(_) => Ok(SourceMessage { origin, bytes }),
        }
    }
}

impl Iterator for Sources {
    type Item = Result<SourceMessage, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(mbox) = &mut self.mbox {
                match mbox.next() {
                    Some(item) => return Some(item),
                    None => self.mbox = None,
                }
            }
            let item = match self.walk.as_mut().map(Walk::next) {
                Some(Some(Ok(Found { path, in_maildir: true }))) => self.open_file(path, Expectation::OneMessage),
                Some(Some(Ok(Found { path, .. }))) => self.open_file(path, Expectation::Anything),
                Some(Some(Err(error))) => Some(Err(error)),
                Some(None) => {
                    self.walk = None;
                    None
                }
                None => {
                    let path = self.pending.pop_front()?;
                    self.open_path(path)
                }
            };
            if item.is_some() {
                return item;
            }
        }
    }
}

/// What is known about a file before it is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expectation {
    /// It lies in a Maildir's `cur` or `new`: one message, whatever it holds.
    OneMessage,
    /// Somebody named it: an mbox, or else one message.
    Mail,
    /// It lies in a folder: an mbox, a message, or no mail at all.
    Anything,
}

fn count_hint(path: &Path) -> Option<u64> {
    if path.as_os_str() == "-" {
        return None;
    }
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Walk::new(path.to_owned())
            .flatten()
            .map(|found| {
                if !found.in_maildir && has_extension(&found.path, "mbox") {
                    count_in_file(&found.path)
                } else {
                    Some(1)
                }
            })
            .sum(),
        Ok(metadata) if metadata.is_file() => count_in_file(path),
        Ok(_) => None,
        Err(_) => Some(0),
    }
}

fn count_in_file(path: &Path) -> Option<u64> {
    let Ok(file) = File::open(path) else { return Some(0) };
    if has_extension(path, "eml") {
        return Some(1);
    }
    let length = file.metadata().ok()?.len();
    let mut window = Window::new(Box::new(file));
    if !sniff::begins_mbox(window.peek().ok()?) {
        return Some(1);
    }
    if length > MAX_COUNTED_MBOX_BYTES {
        return None;
    }
    // No message fits in nothing, so none is kept in memory; each is an error, and counts.
    let mbox = Mbox::new(Origin::file(path), window, 0);
    Some(mbox.fold(0, |count, _| count + 1))
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}
