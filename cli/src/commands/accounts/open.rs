//! From an account's name to an open mailbox.

use anyhow::Result;
use rebound_accounts::{AccountName, AccountSettings, Accounts, Ready};
use rebound_fetcher::speaking_server;
use rebound_mailbox::server::{
    Access, ErrorKind, Login, MailboxError, Protocol, Security, Server, Session, open as open_session,
};

use super::warn;
use crate::clock;
use crate::complaints::{say, step};

/// An account, ready to be opened.
pub(super) struct Door {
    pub(super) ready: Ready,
    pub(super) server: Server,
}

impl Door {
    /// Reads the settings, gets a token where one is needed, and finds out the protocol where nothing says it.
    pub(super) async fn find(accounts: &Accounts, name: &AccountName) -> Result<Self> {
        let door = Self::find_silently(accounts, name).await?;
        warn(&door.ready.settings);
        door.ready.warnings.iter().for_each(|warning| say("warning", warning));
        Ok(door)
    }

    /// The same, without a word about what a person should hear.
    pub(super) async fn find_silently(accounts: &Accounts, name: &AccountName) -> Result<Self> {
        let ready = accounts.login(name, clock::now()).await.map_err(MailboxError::from)?;
        let server = match ready.settings.server() {
            Some(server) => server,
            None => found_out(&ready.settings).await?,
        };
        Ok(Self { ready, server })
    }

    /// Opens the account's folder for looking only. A login that is refused is tried once more when its password has
    /// changed meanwhile, or another token is to be had.
    pub(super) async fn open(&self, accounts: &Accounts) -> Result<Box<dyn Session>, MailboxError> {
        match self.open_with(&self.ready.login).await {
            Err(error) if error.kind == ErrorKind::Credentials => {
                let again = accounts
                    .renew(self.ready.settings.name(), &self.ready.login, clock::now())
                    .await?;
                match again {
                    Some(again) => self.open_with(&again.login).await,
                    None => Err(error),
                }
            }
            opened => opened,
        }
    }

    async fn open_with(&self, login: &Login) -> Result<Box<dyn Session>, MailboxError> {
        step(format!("logging in at {}", place(&self.server)));
        let (server, login) = (self.server.clone(), login.clone());
        let (folder, limits) = (self.ready.settings.folder.clone(), self.ready.settings.limits());
        blocking(move || open_session(&server, &login, &folder, Access::ReadOnly, &limits)).await
    }
}

/// Does what blocks on a thread that may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MailboxError> + Send + 'static,
) -> Result<T, MailboxError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The server, speaking what it turns out to speak.
async fn found_out(settings: &AccountSettings) -> Result<Server, MailboxError> {
    let asked = settings.clone();
    let server = blocking(move || speaking_server(&asked)).await?;
    let protocol = match server.protocol {
        Protocol::Imap => "imap",
        Protocol::Pop3 => "pop3",
    };
    say(
        "note",
        format!(
            "{} speaks {protocol}; `rebound accounts edit {} --set protocol={protocol}` saves finding that out",
            server.host,
            settings.name()
        ),
    );
    Ok(server)
}

/// A server on one line.
pub(super) fn place(server: &Server) -> String {
    let security = match server.security {
        Security::Tls => "TLS",
        Security::StartTls => "STARTTLS",
        Security::None => "not protected",
    };
    let protocol = match server.protocol {
        Protocol::Imap => "IMAP",
        Protocol::Pop3 => "POP3",
    };
    format!("{}:{} ({protocol}, {security})", server.host, server.port)
}
