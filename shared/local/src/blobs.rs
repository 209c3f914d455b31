//! The files that hold large objects, one file an object, each written once and never changed.
//!
//! A file is complete and flushed before the row that names it is committed, and removed only after the row that named
//! it is gone. So a crash may leave a file that nobody names (swept on the next start), never a row without its file.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

/// The folder of object files.
#[derive(Clone, Debug)]
pub(crate) struct Blobs {
    folder: PathBuf,
    /// Whether to flush files to the disk; off only for folders that are thrown away.
    durable: bool,
}

impl Blobs {
    pub(crate) fn new(folder: PathBuf, durable: bool) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, durable })
    }

    /// Removes every file that is not in `named`; answers how many there were.
    pub(crate) fn sweep(&self, named: &HashSet<String>) -> io::Result<usize> {
        let mut removed = 0;
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if !entry.file_name().to_str().is_some_and(|name| named.contains(name)) {
                std::fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Starts a new file under a name of its own.
    pub(crate) fn create(&self) -> io::Result<NewBlob> {
        let name = format!("{:032x}", fastrand::u128(..));
        let path = self.folder.join(&name);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(NewBlob {
            name,
            file: Some(file),
            path,
            blobs: self.clone(),
            keep: false,
        })
    }

    /// The bytes of an open object file once more, under a name of their own.
    pub(crate) fn duplicate(&self, mut from: &File) -> io::Result<NewBlob> {
        let mut copy = self.create()?;
        if let Some(file) = &mut copy.file {
            io::copy(&mut from, file)?;
        }
        copy.finish()?;
        Ok(copy)
    }

    pub(crate) fn open(&self, name: &str) -> io::Result<File> {
        File::open(self.folder.join(name))
    }

    /// Removes a file that no row names any more. A failure leaves an orphan, which the next start sweeps.
    pub(crate) fn remove(&self, name: &str) {
        if let Err(error) = std::fs::remove_file(self.folder.join(name)) {
            tracing::warn!(error.message = %error, "object file stays until the next start");
        }
    }

    fn flush_folder(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

/// A file being written. Dropped without [`keep`](NewBlob::keep), it disappears.
#[derive(Debug)]
pub(crate) struct NewBlob {
    name: String,
    file: Option<File>,
    path: PathBuf,
    blobs: Blobs,
    keep: bool,
}

impl NewBlob {
    pub(crate) fn write(&mut self, chunks: &[Bytes]) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Err(io::Error::other("the file is finished"));
        };
        chunks.iter().try_for_each(|chunk| file.write_all(chunk))
    }

    /// Flushes the bytes and the name to the disk.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let file = self.file.take();
        if self.blobs.durable {
            if let Some(file) = file {
                file.sync_all()?;
            }
            self.blobs.flush_folder()?;
        }
        Ok(())
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A row is about to name this file: from here on only a sweep may remove it.
    pub(crate) fn keep(&mut self) {
        self.keep = true;
    }
}

impl Drop for NewBlob {
    fn drop(&mut self) {
        if !self.keep {
            remove_quietly(&self.path);
        }
    }
}

fn remove_quietly(path: &Path) {
    // Failure leaves an orphan, which the next start sweeps.
    let _ = std::fs::remove_file(path);
}
