//! From an account's name to an open mailbox.

use anyhow::{Context, Result};
use rebound_accounts::{AccountName, AccountSettings, Accounts, Ready};
use rebound_mailbox::detect;
use rebound_mailbox::server::{
    Access, ErrorKind, Login, MailboxError, Protocol, Security, Server, Session, Step, open as open_session,
};

use super::warn;
use crate::clock;
use crate::complaints::say;

/// An account, ready to be opened.
pub(super) struct Door {
    pub(super) ready: Ready,
    pub(super) server: Server,
}

impl Door {
    /// Reads the settings, gets a token where one is needed, and finds out the protocol where nothing says it.
    pub(super) async fn find(accounts: &Accounts, name: &AccountName) -> Result<Self> {
        let ready = accounts.login(name, clock::now()).await.map_err(MailboxError::from)?;
        warn(&ready.settings);
        ready.warnings.iter().for_each(|warning| say("warning", warning));
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

/// Tries both protocols at the port that the settings name, or at the usual ones.
async fn found_out(settings: &AccountSettings) -> Result<Server> {
    let candidates: Vec<Server> = [Protocol::Imap, Protocol::Pop3]
        .into_iter()
        .filter_map(|protocol| settings.clone().speaking(protocol).ok()?.server())
        .collect();
    let found = blocking(move || Ok(detect::look(candidates, &detect::LIMITS))).await?;
    let best = found
        .into_iter()
        .next()
        .context("neither IMAP nor POP3 can do what the settings ask for")?;
    best.outcome.map_err(|error| MailboxError {
        hint: error
            .hint
            .or_else(|| Some("set `protocol` to imap or pop3, and `port` if it is no usual one".to_owned())),
        ..error
    })?;
    let protocol = match best.server.protocol {
        Protocol::Imap => "imap",
        Protocol::Pop3 => "pop3",
    };
    say(
        "note",
        format!(
            "{} speaks {protocol}; `rebound accounts edit {} --set protocol={protocol}` saves finding that out",
            best.server.host,
            settings.name()
        ),
    );
    Ok(best.server)
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

/// Every step on the way to an open folder, in the order in which they are taken.
pub(super) const STEPS: [Step; 6] = [
    Step::Resolve,
    Step::Connect,
    Step::Tls,
    Step::Greeting,
    Step::Login,
    Step::Folder,
];
