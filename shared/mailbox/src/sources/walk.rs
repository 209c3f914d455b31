//! The files of a folder and of the folders in it.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::{fs, vec};

use super::listing::{self, Entry, Kind};
use super::{Origin, SourceError};

/// What mail servers keep in a Maildir beside its messages, by the beginning of the name; nobody wants to read about
/// each of these.
const MAILDIR_HOUSEKEEPING: [&str; 6] = [
    ".",
    "courier",
    "dovecot",
    "maildirfolder",
    "maildirsize",
    "subscriptions",
];

/// A file that may be a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Whether it lies in a Maildir's `cur` or `new`, where every file is one message.
    pub(super) in_maildir: bool,
}

/// Every file below a folder, folders and files by name; links are followed, and every folder is read once.
pub(super) struct Walk {
    /// Where it begins, before the first step.
    root: Option<PathBuf>,
    /// The folders that are being read, the innermost last.
    open: Vec<Folder>,
    /// Every folder that was entered, by its real path: links may lead in a circle, and two of them to one folder.
    entered: HashSet<PathBuf>,
}

struct Folder {
    path: PathBuf,
    role: Role,
    entries: vec::IntoIter<Entry>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A folder of the user's own making.
    Plain,
    /// A Maildir, but for its messages.
    Maildir,
    /// A Maildir's messages: the entries of `cur` and `new`.
    Messages,
}

impl Walk {
    /// The files below the folder `root`.
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root: Some(root),
            open: Vec::new(),
            entered: HashSet::new(),
        }
    }

    fn enter(&mut self, path: PathBuf) -> Result<(), SourceError> {
        let real = match fs::canonicalize(&path) {
            Ok(real) => real,
            Err(error) => return Err(SourceError::unreadable(Origin::file(path), error)),
        };
        let half = is_maildir_half(&real);
        if !self.entered.insert(real) {
            return Err(SourceError::ReadAlready {
                origin: Origin::file(path),
            });
        }
        let entries = match listing::list(&path) {
            Ok(entries) => entries,
            Err(error) => return Err(SourceError::unreadable(Origin::file(path), error)),
        };
        let whole = is_maildir(&path);
        let messages = whole.then(|| Folder {
            entries: list_messages(&path).into_iter(),
            path: path.clone(),
            role: Role::Messages,
        });
        let role = match (half, whole) {
            (true, _) => Role::Messages,
            (false, true) => Role::Maildir,
            (false, false) => Role::Plain,
        };
        self.open.push(Folder {
            path,
            role,
            entries: entries.into_iter(),
        });
        self.open.extend(messages);
        Ok(())
    }
}

impl Iterator for Walk {
    type Item = Result<Found, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(root) = self.root.take()
                && let Err(error) = self.enter(root)
            {
                return Some(Err(error));
            }
            let folder = self.open.last_mut()?;
            let Some(Entry { name, kind }) = folder.entries.next() else {
                self.open.pop();
                continue;
            };
            let role = folder.role;
            if role == Role::Maildir && is_part_of_maildir(&name, &kind) {
                continue;
            }
            let path = if name.is_empty() {
                folder.path.clone()
            } else {
                folder.path.join(&name)
            };
            let origin = || Origin::file(&path);
            let hidden = is_hidden(&path);
            return Some(Err(match kind {
                Kind::Unreadable(error) => SourceError::unreadable(origin(), error),
                Kind::Special(kind) => SourceError::Special { origin: origin(), kind },
                Kind::File if !hidden => {
                    let in_maildir = role == Role::Messages;
                    return Some(Ok(Found { path, in_maildir }));
                }
                Kind::Folder if role == Role::Plain && !hidden || role == Role::Maildir => match self.enter(path) {
                    Ok(()) => continue,
                    Err(error) => error,
                },
                Kind::File | Kind::Folder => SourceError::NotMail { origin: origin() },
            }));
        }
    }
}

/// The entries of a Maildir's `cur` and `new`, by name, which is by the time of delivery; named relative to the Maildir.
fn list_messages(maildir: &Path) -> Vec<Entry> {
    let mut messages = Vec::new();
    for half in ["cur", "new"] {
        let entries = listing::list(&maildir.join(half)).unwrap_or_else(|error| vec![Entry::unreadable_folder(error)]);
        messages.extend(entries.into_iter().map(|entry| (half, entry)));
    }
    messages.sort_by(|(_, a), (_, b)| a.name.as_encoded_bytes().cmp(b.name.as_encoded_bytes()));
    let relative = |(half, entry): (&str, Entry)| Entry {
        name: if entry.name.is_empty() {
            OsString::from(half)
        } else {
            Path::new(half).join(&entry.name).into_os_string()
        },
        kind: entry.kind,
    };
    messages.into_iter().map(relative).collect()
}

fn is_maildir(path: &Path) -> bool {
    path.join("cur").is_dir() && path.join("new").is_dir()
}

/// Whether it is a Maildir's own `cur` or `new`, named by itself.
fn is_maildir_half(path: &Path) -> bool {
    matches!(path.file_name().and_then(OsStr::to_str), Some("cur" | "new")) && path.parent().is_some_and(is_maildir)
}

/// Whether a name in a Maildir is not worth a word: its messages, which are read apart, and what servers keep there.
fn is_part_of_maildir(name: &OsStr, kind: &Kind) -> bool {
    let name = name.to_string_lossy();
    match kind {
        Kind::Folder => matches!(&*name, "cur" | "new" | "tmp"),
        Kind::File => MAILDIR_HOUSEKEEPING.iter().any(|prefix| name.starts_with(prefix)),
        Kind::Special(_) | Kind::Unreadable(_) => false,
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}
