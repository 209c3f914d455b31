//! Real mail servers for tests, and mailboxes on them that each test has to itself.
//!
//! ```no_run
//! use rebound_test_mail::{Door, MailServer};
//!
//! let Some(server) = MailServer::dovecot() else { return };
//! let mailbox = server.mailbox("keeps-what-is-no-bounce");
//! mailbox.inbox().deliver(b"Subject: hello\r\n\r\nhello\r\n");
//! // ... fetch from server.host(), server.port(Door::Imaps) as mailbox.user() with server.password() ...
//! assert!(mailbox.inbox().messages()[0].is_unread());
//! ```
//!
//! Messages go in, and what became of them is read, as files of the server's Maildir: what a test says about a fetch
//! does not rest on the code that fetched. [`OtherClient`] plays somebody else who uses the mailbox at the same time.

#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc, clippy::print_stderr)] // part of tests, which may panic

mod maildir;
mod other_client;
mod token;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub use maildir::{Folder, Mailbox, Message};
pub use other_client::OtherClient;
use serde::Deserialize;
pub use token::TokenTrouble;

/// A running mail server.
#[derive(Clone, Debug, Deserialize)]
pub struct MailServer {
    name: String,
    host: String,
    imap: u16,
    imaps: u16,
    pop3: u16,
    pop3s: u16,
    authority: PathBuf,
    password: String,
    /// Only where tokens are taken.
    token_key: Option<String>,
    /// Only where messages are files that tests may touch.
    mail: Option<PathBuf>,
}

/// A port of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// IMAP in plain text, with STARTTLS.
    Imap,
    /// IMAP over TLS.
    Imaps,
    /// POP3 in plain text, with STLS.
    Pop3,
    /// POP3 over TLS.
    Pop3s,
}

impl MailServer {
    /// The Dovecot that `tests/servers/dovecot` started. Where there is none, this says so, and the test has nothing to
    /// do.
    pub fn dovecot() -> Option<Self> {
        Self::described_by("REBOUND_DOVECOT", "tests/servers/dovecot")
    }

    /// The Cyrus that `tests/servers/cyrus` started, a server of another make: it takes no tokens, and its mail is reached
    /// through [`MailServer::other_client`] alone. Where there is none, this says so, and the test has nothing to do.
    pub fn cyrus() -> Option<Self> {
        Self::described_by("REBOUND_CYRUS", "tests/servers/cyrus")
    }

    fn described_by(variable: &str, script: &str) -> Option<Self> {
        let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) else {
            eprintln!("SKIPPED: {variable} names no server ({script} starts one, tests/run does it all)");
            return None;
        };
        let description = std::fs::read(&path).unwrap_or_else(|error| {
            panic!("{variable} names {}, which cannot be read: {error}", path.display());
        });
        Some(serde_json::from_slice(&description).expect("the server's script describes the server"))
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name on the network, which its certificate carries.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Where it listens.
    pub fn port(&self, door: Door) -> u16 {
        match door {
            Door::Imap => self.imap,
            Door::Imaps => self.imaps,
            Door::Pop3 => self.pop3,
            Door::Pop3s => self.pop3s,
        }
    }

    /// The certificate, in PEM, of the authority that vouches for it.
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    /// Everybody's password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// An OAuth 2 access token that lets `user` in.
    pub fn token(&self, user: &str) -> String {
        token::mint(self.token_key(), user, None)
    }

    /// An OAuth 2 access token that would let `user` in, but for the trouble with it.
    pub fn bad_token(&self, user: &str, trouble: TokenTrouble) -> String {
        token::mint(self.token_key(), user, Some(trouble))
    }

    /// A fresh, empty mailbox, called after the test that uses it. It goes when it is dropped.
    pub fn mailbox(&self, test: &str) -> Mailbox {
        let mail = self.mail.as_ref().expect("a server whose mail is files");
        Mailbox::new(self, mail, test)
    }

    /// A user nobody has used yet, called after the test that uses it, with an empty INBOX. For a server whose mail is
    /// no business of ours; else [`MailServer::mailbox`] does better.
    pub fn fresh_user(&self, test: &str) -> String {
        static USERS: AtomicU32 = AtomicU32::new(0);
        let number = USERS.fetch_add(1, Ordering::Relaxed);
        format!("{test}-{}-{number}", std::process::id())
    }

    /// Somebody else who uses the mailbox of `user`.
    pub fn other_client(&self, user: &str) -> OtherClient {
        OtherClient::new(self, user)
    }

    fn token_key(&self) -> &str {
        self.token_key.as_deref().expect("a server that takes tokens")
    }
}
