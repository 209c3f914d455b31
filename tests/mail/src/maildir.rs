//! A mailbox as the files that Dovecot keeps it in: a Maildir++.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use crate::{MailServer, OtherClient};

/// The mailbox of a user of its own. It goes when it is dropped.
#[derive(Debug)]
pub struct Mailbox {
    server: MailServer,
    user: String,
    home: TempDir,
}

/// A folder of a mailbox.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// A message as it lies in a folder.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// What was delivered, byte by byte.
    pub bytes: Vec<u8>,
    /// Its flags, each a letter, in order: `D` draft, `F` flagged, `R` answered, `S` seen, `T` to be deleted.
    pub flags: String,
}

impl Message {
    /// Whether nobody has read it.
    pub fn is_unread(&self) -> bool {
        !self.flags.contains('S')
    }

    /// Whether somebody wants it deleted and has not expunged it.
    pub fn is_deleted(&self) -> bool {
        self.flags.contains('T')
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = String::from_utf8_lossy(&self.bytes);
        let first = text.lines().next().unwrap_or_default();
        write!(f, "{first:?} ({} bytes, flags {:?})", self.bytes.len(), self.flags)
    }
}

impl Mailbox {
    pub(crate) fn new(server: &MailServer, mail: &Path, test: &str) -> Self {
        let home = tempfile::Builder::new()
            .prefix(&format!("{test}-"))
            .tempdir_in(mail)
            .expect("the server's mail folder lets everybody make a folder");
        let name = home.path().file_name().expect("it has a name").to_string_lossy();
        let mailbox = Self {
            user: format!("{name}@example.org"),
            server: server.clone(),
            home,
        };
        share(mailbox.home.path());
        mailbox.inbox().create();
        mailbox
    }

    /// Who logs in.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Where it is.
    pub fn server(&self) -> &MailServer {
        &self.server
    }

    /// Its INBOX.
    pub fn inbox(&self) -> Folder {
        let path = self.home.path().join("Maildir");
        Folder { path }
    }

    /// The folder of this name, made now unless it is there: `Done/Today`, in ASCII.
    pub fn folder(&self, name: &str) -> Folder {
        let folder = self.existing_folder(name);
        folder.create();
        folder
    }

    /// The folder of this name, which may or may not be there.
    pub fn existing_folder(&self, name: &str) -> Folder {
        assert!(
            name.is_ascii() && !name.contains('.'),
            "{name} is spelt otherwise on disk"
        );
        let path = self.inbox().path.join(format!(".{}", name.replace('/', ".")));
        Folder { path }
    }

    /// Somebody else who uses this mailbox.
    pub fn other_client(&self) -> OtherClient {
        self.server.other_client(&self.user)
    }
}

impl Folder {
    /// Whether it exists.
    pub fn exists(&self) -> bool {
        self.path.join("cur").is_dir()
    }

    /// Puts a message in, as new mail.
    pub fn deliver(&self, message: &[u8]) {
        self.deliver_in("new", "", message);
    }

    /// Puts a message in that has these flags already, as in [`Message::flags`].
    pub fn deliver_with_flags(&self, message: &[u8], flags: &str) {
        self.deliver_in("cur", &format!(":2,{flags}"), message);
    }

    /// Every message in it, in the order in which they were put in.
    pub fn messages(&self) -> Vec<Message> {
        let mut found: Vec<(String, Message)> = ["new", "cur"]
            .iter()
            .flat_map(|part| files(&self.path.join(part)))
            .map(|path| {
                let name = path.file_name().expect("a file").to_string_lossy().into_owned();
                let flags = name.split_once(":2,").map_or("", |(_, flags)| flags).to_owned();
                let bytes = fs::read(&path).expect("nobody else changes this mailbox just now");
                (name, Message { bytes, flags })
            })
            .collect();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        found.into_iter().map(|(_, message)| message).collect()
    }

    /// How many messages are in it.
    pub fn len(&self) -> usize {
        ["new", "cur"]
            .iter()
            .map(|part| files(&self.path.join(part)).len())
            .sum()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a restored backup does: the same messages under new UIDs, which a new UIDVALIDITY announces. Nobody may be
    /// connected.
    pub fn renumber(&self) {
        let list = self.path.join("dovecot-uidlist");
        let old = fs::read_to_string(&list).expect("the server has looked into this folder before");
        let header = old.lines().next().expect("a header");
        let validity: u32 = header
            .split(' ')
            .find_map(|word| word.strip_prefix('V'))
            .and_then(|validity| validity.parse().ok())
            .expect("a UIDVALIDITY in the header");
        for index in ["dovecot.index", "dovecot.index.log", "dovecot.index.cache"] {
            remove(&self.path.join(index));
        }
        fs::write(&list, format!("3 V{} N1\n", validity + 1)).expect("the folder is shared");
        share_file(&list);
    }

    fn create(&self) {
        for part in ["", "cur", "new", "tmp"] {
            let path = self.path.join(part);
            fs::create_dir_all(&path).expect("a folder of ours");
            share(&path);
        }
    }

    fn deliver_in(&self, part: &str, info: &str, message: &[u8]) {
        // Names in the order of delivery, as the server hands out UIDs; written elsewhere first, as nobody may see half
        // a message.
        static DELIVERED: AtomicU64 = AtomicU64::new(0);
        let number = DELIVERED.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}.P{}.test", 1_700_000_000 + number, std::process::id());
        let written = self.path.join("tmp").join(&name);
        fs::write(&written, message).expect("the folder exists");
        share_file(&written);
        fs::rename(&written, self.path.join(part).join(name + info)).expect("the folder exists");
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{} is no folder: {error}", folder.display()));
    entries.map(|entry| entry.expect("readable").path()).collect()
}

fn remove(file: &Path) {
    if file.exists() {
        fs::remove_file(file).expect("the folder is shared");
    }
}

/// The server's user need not be the test's.
fn share(folder: &Path) {
    // What the server made itself belongs to it, and it shares nothing.
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o777));
}

fn share_file(file: &Path) {
    fs::set_permissions(file, fs::Permissions::from_mode(0o666)).expect("a file of ours");
}
