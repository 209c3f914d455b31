//! The folder that holds everything, and the lock on it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The folder is private: returned mail names people.
#[cfg(unix)]
const MODE: u32 = 0o700;

/// A folder that is ours alone as long as this lives. Whoever has a file in it open holds on to this as well.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Dropping the file drops the lock.
    _lock: File,
    /// Removes a temporary folder in the end.
    _temporary: Option<tempfile::TempDir>,
}

impl Folder {
    /// Takes `path` for this process alone; creates it if it is not there. Blocking.
    pub(crate) fn claim(path: PathBuf) -> Result<Self, Error> {
        if !path.is_dir() {
            create(&path).map_err(Error::io("create", &path))?;
        }
        let lock_path = path.join("lock");
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(false);
        let lock = options.open(&lock_path).map_err(Error::io("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path,
                _lock: lock,
                _temporary: None,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse { folder: path }),
            Err(TryLockError::Error(error)) => Err(Error::io("lock", &lock_path)(error)),
        }
    }

    /// A new folder that disappears in the end. Blocking.
    pub(crate) fn temporary() -> Result<Self, Error> {
        let temporary = tempfile::tempdir().map_err(Error::io("create a folder in", &std::env::temp_dir()))?;
        let claimed = Self::claim(temporary.path().to_owned())?;
        Ok(Self {
            _temporary: Some(temporary),
            ..claimed
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn create(path: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, MODE);
    builder.create(path)
}
