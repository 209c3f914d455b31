//! The files of the secrets: private, and replaced as a whole.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::named;
use crate::clock;

/// The longest name in bytes, as accounts are called.
const MAX_NAME_BYTES: usize = 64;

/// One folder of secrets.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
}

/// What a file holds.
pub(super) struct Stored {
    pub(super) text: String,
    /// In seconds since 1970.
    pub(super) changed_at: u64,
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("there is no such file")]
    Missing,
    #[error("there is such a file already")]
    Exists,
    #[error(transparent)]
    NotPrivate(NotPrivate),
    #[error("can't {action} {}: {source}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

/// Others than the owner get at a secret.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} holds secrets, and others than its owner can {verb} it (mode {mode:04o}): run `chmod {right} '{}'`",
    path.display(), path.display()
)]
pub(super) struct NotPrivate {
    path: PathBuf,
    verb: &'static str,
    mode: u32,
    right: &'static str,
}

impl Files {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether a file can be called so, and nothing else is meant by it.
    pub(super) fn can_be_named(name: &str) -> bool {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        begins && name.len() <= MAX_NAME_BYTES && name.bytes().all(allowed)
    }

    /// Every secret's name, sorted.
    pub(super) fn names(&self) -> Result<Vec<String>, FileError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("list", &self.folder, error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let file = entry.map_err(|error| failed("list", &self.folder, error))?.file_name();
            let name = file.to_str().and_then(|file| file.strip_suffix(".toml"));
            names.extend(name.filter(|name| Self::can_be_named(name)).map(ToOwned::to_owned));
        }
        names.sort();
        Ok(names)
    }

    pub(super) fn read(&self, name: &str) -> Result<Stored, FileError> {
        let path = named(&self.folder, name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(FileError::Missing),
            Err(error) => return Err(failed("read", &path, error)),
        };
        let about = file.metadata().map_err(|error| failed("read", &path, error))?;
        self.must_be_private(&path, &about)?;
        let text = io::read_to_string(file).map_err(|error| failed("read", &path, error))?;
        Ok(Stored {
            text,
            changed_at: seconds(about.modified().unwrap_or(UNIX_EPOCH)),
        })
    }

    pub(super) fn create(&self, name: &str, text: String) -> Result<Stored, FileError> {
        self.write(name, text, |new, path| new.persist_noclobber(path))
    }

    pub(super) fn replace(&self, name: &str, text: String) -> Result<Stored, FileError> {
        // Also refuses to be the one who makes a public file private after the damage is done.
        self.read(name)?;
        self.write(name, text, |new, path| new.persist(path))
    }

    /// When it was removed, in seconds since 1970.
    pub(super) fn remove(&self, name: &str) -> Result<u64, FileError> {
        let path = named(&self.folder, name);
        match fs::remove_file(&path) {
            Ok(()) => Ok(now()),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(FileError::Missing),
            Err(error) => Err(failed("remove", &path, error)),
        }
    }

    /// The whole text or none of it, on the disk when this returns.
    fn write(
        &self,
        name: &str,
        text: String,
        persist: impl FnOnce(tempfile::NamedTempFile, &Path) -> Result<File, tempfile::PersistError>,
    ) -> Result<Stored, FileError> {
        self.ensure_folder()?;
        let path = named(&self.folder, name);
        let write = || {
            // Mode 0600, and a name that no secret can have.
            let mut new = tempfile::Builder::new().prefix(".new-").tempfile_in(&self.folder)?;
            new.write_all(text.as_bytes())?;
            new.as_file().sync_all()?;
            persist(new, &path).map_err(|error| error.error)?;
            File::open(&self.folder)?.sync_all()
        };
        match write() {
            Ok(()) => Ok(Stored {
                text,
                changed_at: now(),
            }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(FileError::Exists),
            Err(error) => Err(failed("write", &path, error)),
        }
    }

    fn ensure_folder(&self) -> Result<(), FileError> {
        if self.folder.is_dir() {
            return Ok(());
        }
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&self.folder)
            .map_err(|error| failed("create", &self.folder, error))
    }

    /// Neither may others read the file, nor put another in its place.
    #[cfg(unix)]
    fn must_be_private(&self, path: &Path, about: &fs::Metadata) -> Result<(), FileError> {
        use std::os::unix::fs::MetadataExt;
        let folder = fs::metadata(&self.folder).map_err(|error| failed("read", &self.folder, error))?;
        for (path, mode, others, verb, right) in [
            (path, about.mode(), 0o077, "read or change", "600"),
            (&*self.folder, folder.mode(), 0o022, "change", "700"),
        ] {
            if mode & others != 0 {
                return Err(FileError::NotPrivate(NotPrivate {
                    path: path.to_owned(),
                    verb,
                    mode: mode & 0o7777,
                    right,
                }));
            }
        }
        Ok(())
    }

    #[cfg(not(unix))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "there are no modes to look at"
    )]
    fn must_be_private(&self, _: &Path, _: &fs::Metadata) -> Result<(), FileError> {
        Ok(())
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> FileError {
    FileError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

fn now() -> u64 {
    seconds(clock::from_ms(clock::now_ms()))
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
