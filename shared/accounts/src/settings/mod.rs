//! How the mailbox of an account is read.

mod auth;
mod document;
mod error;
mod fields;
mod read;
#[cfg(test)]
mod tests;

use std::path::Path;

use rebound_mailbox::server::{After, FolderName, Limits, Protocol, Security, Server, Trust};

pub use auth::{Auth, Grant, OAuth, Provider, ServiceAccountKey, TokenUrl};
pub use document::{Document, MAX_DOCUMENT_BYTES};
pub use error::InvalidAccount;
pub use fields::{Field, FieldKind};

use crate::{Account, AccountName};

/// How the mailbox of an account is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSettings {
    /// Whose mail it is.
    pub account: Account,
    /// Whether it is fetched on schedule.
    pub enabled: bool,
    /// What the server speaks; `None` when it has to be found out (`rebound_mailbox`'s detection).
    pub protocol: Option<Protocol>,
    /// The server's name or address.
    pub host: String,
    /// Its port; `None` means the usual one.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: Security,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Who logs in.
    pub user: String,
    /// With what.
    pub auth: Auth,
    /// The folder that is read.
    pub folder: FolderName,
    /// Whether only messages that nobody has read are fetched.
    pub only_unread: bool,
    /// What becomes of a message on the server once it is stored and rebound knows what it is.
    pub after: After,
    /// The same for mail that rebound does not recognise: ordinary letters, spam.
    pub after_others: After,
    /// The longest message that is fetched, in bytes.
    pub max_message_bytes: u64,
}

impl AccountSettings {
    /// The settings of account `name` that `document` holds, in TOML or, when it begins with a brace, in JSON.
    ///
    /// Nothing is read but the document: authorities must be in it.
    pub fn parse(name: AccountName, document: &str) -> Result<Self, InvalidAccount> {
        Document::parse(name, document)?.settings()
    }

    /// The same, where `ca` may also be the path of a file, which is seen from `folder`.
    pub fn parse_beside(name: AccountName, document: &str, folder: &Path) -> Result<Self, InvalidAccount> {
        Document::parse(name, document)?.settings_beside(folder)
    }

    /// What the account is called.
    pub fn name(&self) -> &AccountName {
        &self.account.name
    }

    /// The server, unless its protocol has to be found out first.
    pub fn server(&self) -> Option<Server> {
        let protocol = self.protocol?;
        Some(Server {
            protocol,
            host: self.host.clone(),
            port: self.port.unwrap_or_else(|| protocol.usual_port(self.security)),
            security: self.security,
            trust: self.trust.clone(),
        })
    }

    /// The same settings, now that the server is known to speak `protocol`; refused when they ask for what it cannot do.
    pub fn speaking(self, protocol: Protocol) -> Result<Self, InvalidAccount> {
        let settings = Self {
            protocol: Some(protocol),
            ..self
        };
        match settings.beyond_pop3() {
            Some(reason) => Err(InvalidAccount::new(settings.account.name, None, reason)),
            None => Ok(settings),
        }
    }

    /// How long and how much the server may take.
    pub fn limits(&self) -> Limits {
        Limits {
            message_bytes: self.max_message_bytes,
            ..Limits::default()
        }
    }

    /// What a person should hear each time the account is used.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.security == Security::None {
            warnings.push(format!(
                "account {}: security is \"none\": whoever can listen to the connection to {} reads the password and \
                 every message; set security to \"tls\" or \"starttls\" as soon as the server can",
                self.account.name, self.host
            ));
        }
        if self.after_others == After::Delete {
            warnings.push(format!(
                "account {}: after_others is \"delete\": mail that is no bounce, also a letter from a person, is \
                 deleted on the server once it is archived",
                self.account.name
            ));
        }
        warnings
    }

    /// What POP3 has no way to do, when that is spoken.
    fn beyond_pop3(&self) -> Option<String> {
        if self.protocol != Some(Protocol::Pop3) {
            return None;
        }
        let what = match (&self.after, &self.after_others) {
            (After::Move(_), _) | (_, After::Move(_)) => "move messages",
            (After::Seen, _) | (_, After::Seen) => "mark messages as read",
            _ if self.only_unread => "tell which messages are unread",
            _ if self.folder != FolderName::inbox() => "open any folder but INBOX",
            _ => return None,
        };
        Some(format!(
            "POP3 cannot {what}: read the account with protocol = \"imap\", or change that"
        ))
    }
}
