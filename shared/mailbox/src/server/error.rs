//! What goes wrong with a server.

use std::fmt;

/// What a server, or the way to it, refused or broke. It says where, why and what to do, and holds no credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{step}: {reason}")]
pub struct MailboxError {
    /// How far it came.
    pub step: Step,
    /// What kind of trouble it is, for deciding what to do next.
    pub kind: ErrorKind,
    /// What happened, in words, with the server's own where it said any (cut and made printable).
    pub reason: String,
    /// What may be done about it, where that is known.
    pub hint: Option<String>,
}

impl MailboxError {
    /// Trouble of a kind at a step.
    pub fn new(step: Step, kind: ErrorKind, reason: impl Into<String>) -> Self {
        Self {
            step,
            kind,
            reason: reason.into(),
            hint: None,
        }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether trying again later may help without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        self.kind.is_retryable()
    }
}

/// How far a session came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Finding the server's addresses.
    Resolve,
    /// The TCP connection.
    Connect,
    /// The TLS handshake, and the server's certificate.
    Tls,
    /// The server's first words, and what it can do.
    Greeting,
    /// Logging in.
    Login,
    /// Opening the folder.
    Folder,
    /// Listing messages.
    List,
    /// Fetching messages.
    Fetch,
    /// Deleting, moving or marking messages.
    After,
    /// Ending the session.
    Close,
}

impl Step {
    /// Every step on the way to an open folder, in the order in which they are taken.
    pub const TO_A_FOLDER: [Self; 6] = [
        Self::Resolve,
        Self::Connect,
        Self::Tls,
        Self::Greeting,
        Self::Login,
        Self::Folder,
    ];
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "looking up the server",
            Self::Connect => "connecting",
            Self::Tls => "securing the connection",
            Self::Greeting => "greeting",
            Self::Login => "logging in",
            Self::Folder => "opening the folder",
            Self::List => "listing messages",
            Self::Fetch => "fetching messages",
            Self::After => "deleting, moving or marking messages",
            Self::Close => "closing the session",
        })
    }
}

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// No such server, or nobody answers there.
    Unreachable,
    /// It took longer than its limit.
    TimedOut,
    /// The server's certificate, or the protection of the connection, is not what was asked for.
    Certificate,
    /// The server refused the login for good: wrong password, expired token, account locked.
    Credentials,
    /// The server refuses for now: in use, too many connections, over its quota of bandwidth, under maintenance.
    Unavailable,
    /// The account is over a quota that needs somebody to act.
    Quota,
    /// There is no such folder, or it may not be opened.
    Folder,
    /// What was asked for is not offered by this server.
    Unsupported,
    /// The connection ended in the middle.
    Lost,
    /// The server said what the protocol does not allow.
    Protocol,
}

impl ErrorKind {
    /// Its wire name, stable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed-out",
            Self::Certificate => "certificate",
            Self::Credentials => "credentials",
            Self::Unavailable => "unavailable",
            Self::Quota => "quota",
            Self::Folder => "folder",
            Self::Unsupported => "unsupported",
            Self::Lost => "lost",
            Self::Protocol => "protocol",
        }
    }

    /// Whether trying again later may help without anybody changing anything.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Unreachable | Self::TimedOut | Self::Unavailable | Self::Lost
        )
    }
}
