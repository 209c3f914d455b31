//! One logged-in connection with one open folder.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::{ErrorKind, MailboxError, Step};

/// One logged-in connection with one open folder.
///
/// Nothing is marked read, moved or deleted but by [`Session::apply`]. After an error other than
/// [`ErrorKind::Unsupported`] the session is of no further use: drop it, which closes the connection without a word.
pub trait Session: Send {
    /// How the server was reached, and what it said of itself.
    fn connection(&self) -> &Connection;

    /// The folder as it was when it was opened. POP3 knows one folder, and no validity.
    fn folder(&self) -> &OpenFolder;

    /// Every folder of the account, with its counts. POP3 has one, `INBOX`.
    fn folders(&mut self) -> Result<Vec<Folder>, MailboxError>;

    /// The messages of the open folder that `listing` asks for, each once, in ascending order of UID or of POP3's
    /// message number.
    fn list(&mut self, listing: &Listing) -> Result<Vec<Listed>, MailboxError>;

    /// Fetches messages without marking them read, in the order of `wanted`, and hands each to `sink` as it is
    /// complete. `sink` may break off; the session is then still usable.
    ///
    /// Batches are planned by size, so that no more than a few megabytes, or one message, are in memory at a time.
    /// Every wanted message gets exactly one [`Delivery`] unless the sink breaks off.
    fn fetch(
        &mut self,
        wanted: &[Listed],
        sink: &mut dyn FnMut(Delivery) -> ControlFlow<()>,
    ) -> Result<(), MailboxError>;

    /// Does to exactly these messages, and to no other, what `after` says. A message that is no longer there counts as
    /// done.
    fn apply(&mut self, messages: &[MessageRef], after: &After) -> Result<Applied, MailboxError>;

    /// Ends the session. With POP3, only its success makes deletions real: on any doubt the connection is dropped, and
    /// the server keeps everything.
    fn close(self: Box<Self>) -> Result<(), MailboxError>;
}

/// How a server was reached, and what it said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The address that answered.
    pub peer: SocketAddr,
    /// The TLS version and cipher suite, as `TLSv1.3 TLS13_AES_256_GCM_SHA384`; `None` for plain text.
    pub tls: Option<String>,
    /// Its greeting, without line ends, made printable.
    pub greeting: String,
    /// What it can do once logged in, in capitals, as it spells it (`UIDPLUS`, `AUTH=PLAIN`, `SASL PLAIN XOAUTH2`).
    pub capabilities: Vec<String>,
}

/// An opened folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFolder {
    /// Its name.
    pub name: FolderName,
    /// How many messages are in it.
    pub messages: u64,
    /// What its UIDs belong to; `None` with POP3, and with servers that name none.
    pub uid_validity: Option<UidValidity>,
}

/// A folder of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its name.
    pub name: FolderName,
    /// Whether it can hold messages at all.
    pub selectable: bool,
    /// How many messages are in it, where the server says.
    pub messages: Option<u64>,
    /// How many of them nobody has read, where the server says.
    pub unread: Option<u64>,
}

/// The name of a folder in Unicode, as people read it; never empty, without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FolderName(String);

impl FolderName {
    /// The folder that every account has.
    pub fn inbox() -> Self {
        Self("INBOX".to_owned())
    }

    /// The folder called `name`; `None` when nothing can be called so.
    pub fn new(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        let usable = !name.is_empty() && !name.chars().any(char::is_control);
        usable.then_some(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an IMAP message is called within a folder, RFC 3501 section 2.3.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(pub NonZeroU32);

/// What a folder's UIDs belong to: with another value, every UID known before means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UidValidity(pub NonZeroU32);

/// What a POP3 message is called, RFC 1939 section 7: 1 to 70 printable characters. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uidl(Arc<str>);

impl Uidl {
    /// More than RFC 1939 allows, because servers do; still small enough to keep.
    pub const MAX_BYTES: usize = 255;

    /// The name that a server gave, if it can be one.
    pub fn new(name: impl AsRef<str>) -> Option<Self> {
        let name = name.as_ref();
        let usable = !name.is_empty() && name.len() <= Self::MAX_BYTES && name.bytes().all(|b| b.is_ascii_graphic());
        usable.then(|| Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the server calls a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MessageRef {
    /// With IMAP.
    Uid(Uid),
    /// With POP3: its number in this session, and what it is called in every session.
    Uidl {
        /// Its number in this session.
        number: NonZeroU32,
        /// What it is called in every session.
        uidl: Uidl,
    },
}

/// A message that a folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What the server calls it.
    pub message: MessageRef,
    /// Its size in bytes, as the server says; 0 where it does not.
    pub bytes: u64,
}

/// Which messages are asked for. POP3 knows neither: it lists all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Only messages with a higher UID.
    pub after: Option<Uid>,
    /// Only messages that nobody has read.
    pub only_unread: bool,
}

/// What came of one wanted message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// All of it.
    Message {
        /// What the server calls it.
        message: MessageRef,
        /// Its raw bytes, as the server holds them.
        bytes: Vec<u8>,
    },
    /// It was not fetched, because it is longer than the limit.
    TooLong(Listed),
    /// Somebody else removed it since it was listed.
    Gone(MessageRef),
    /// The server would not give it out, though as far as is known it is still there. It must not be taken for fetched.
    Refused {
        /// What the server calls it.
        message: MessageRef,
        /// Its words (cut and made printable).
        reason: String,
    },
}

/// What becomes of a message on the server once it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    #[default]
    Keep,
    /// It is deleted.
    Delete,
    /// It is moved to a folder. IMAP only.
    Move(FolderName),
    /// It is marked read. IMAP only.
    Seen,
}

/// How an after-action was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is done.
    Done,
    /// The server has no UIDPLUS (RFC 4315): the messages carry the flag `\Deleted`, and are still there until somebody
    /// expunges the folder. A plain EXPUNGE would also take what others have flagged.
    FlaggedOnly,
    /// It is done once [`Session::close`] succeeds (POP3).
    AtClose,
}

impl After {
    /// The error of a protocol that cannot do this.
    pub fn unsupported(&self) -> MailboxError {
        let what = match self {
            Self::Keep => "keep",
            Self::Delete => "delete",
            Self::Move(_) => "move",
            Self::Seen => "mark as read",
        };
        MailboxError::new(
            Step::After,
            ErrorKind::Unsupported,
            format!("the server cannot {what} messages"),
        )
        .with_hint("set `after` to keep or delete, or read the account with IMAP")
    }
}
