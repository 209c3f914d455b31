//! What a folder holds, in a fixed order.

use std::ffi::OsString;
use std::fs::{self, FileType};
use std::io;
use std::path::Path;

/// One name in a folder.
pub(super) struct Entry {
    pub(super) name: OsString,
    pub(super) kind: Kind,
}

impl Entry {
    /// The folder itself, which could not be listed, or not to its end.
    pub(super) fn unreadable_folder(error: io::Error) -> Self {
        Self {
            name: OsString::new(),
            kind: Kind::Unreadable(error),
        }
    }
}

/// What a name in a folder stands for, links followed.
pub(super) enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// Neither, and what instead.
    Special(&'static str),
    /// A link to nowhere, or nothing the operating system would tell about.
    Unreadable(io::Error),
}

/// Everything in the folder `path`, sorted by the bytes of the names. Where listing breaks off, the last entry says so.
pub(super) fn list(path: &Path) -> io::Result<Vec<Entry>> {
    let mut broken = None;
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        match entry {
            Ok(entry) => entries.push(Entry {
                kind: kind_of(&entry.path(), entry.file_type()),
                name: entry.file_name(),
            }),
            Err(error) => broken = Some(error),
        }
    }
    entries.sort_unstable_by(|a, b| a.name.as_encoded_bytes().cmp(b.name.as_encoded_bytes()));
    entries.extend(broken.map(Entry::unreadable_folder));
    Ok(entries)
}

/// What a file that is neither a regular file nor a folder is called.
pub(super) fn special_kind(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_socket() {
            return "socket";
        }
        if kind.is_fifo() {
            return "pipe";
        }
    }
    let _ = kind;
    "device"
}

/// Whether it is a pipe, which can be read once, from its beginning to its end.
pub(super) fn is_pipe(kind: FileType) -> bool {
    special_kind(kind) == "pipe"
}

fn kind_of(path: &Path, listed: io::Result<FileType>) -> Kind {
    let listed = match listed {
        Ok(listed) => listed,
        Err(error) => return Kind::Unreadable(error),
    };
    let followed = if listed.is_symlink() {
        match fs::metadata(path) {
            Ok(metadata) => metadata.file_type(),
            Err(error) => return Kind::Unreadable(error),
        }
    } else {
        listed
    };
    if followed.is_dir() {
        Kind::Folder
    } else if followed.is_file() {
        Kind::File
    } else {
        Kind::Special(special_kind(followed))
    }
}
