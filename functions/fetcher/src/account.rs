//! Accounts by name: their settings and logins, and the mailboxes behind them.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use jiff::Timestamp;
use rebound_accounts::store::StoreError;
use rebound_accounts::{AccountName, AccountSettings, Accounts, Ready};
use rebound_classify::Classifier;
use rebound_mailbox::detect;
use rebound_mailbox::server::{
    self, Access, ErrorKind, FolderName, Login, MailboxError, Protocol, Server, Session, Step,
};

use crate::inspect::{self, FolderCounts, Previewed, Tested};
use crate::mailboxes::{Mailboxes, MailboxesError};
use crate::{
    Attempt, Clock, Errand, MailboxFetcher, MailboxOptions, MailboxOutcome, MailboxStep, Opener, Opening, Store,
};

/// Opens a session with the mailbox that settings describe. Blocks.
pub type Open = Arc<dyn Fn(&AccountSettings, &Login, Access) -> Result<Box<dyn Session>, MailboxError> + Send + Sync>;

/// Opens sessions over the network; finds out what a server speaks where the settings do not say.
pub fn over_the_network() -> Open {
    Arc::new(|settings, login, access| {
        let server = match settings.server() {
            Some(server) => server,
            None => speaking_server(settings)?,
        };
        let folder = match server.protocol {
            Protocol::Imap => settings.folder.clone(),
            Protocol::Pop3 => FolderName::inbox(),
        };
        server::open(&server, login, &folder, access, &settings.limits())
    })
}

/// Fetches accounts by name. Cheap to clone.
#[derive(Clone)]
pub struct AccountFetcher<S> {
    accounts: Accounts,
    fetcher: MailboxFetcher<S>,
    classifier: Arc<Classifier>,
    open: Open,
    clock: Clock,
}

/// Why nothing was done for an account.
#[derive(Debug, thiserror::Error)]
pub enum AccountFetchError {
    /// Its settings cannot be read, or are wrong.
    #[error(transparent)]
    Settings(#[from] StoreError),
    /// What is remembered of its mailbox cannot be read.
    #[error(transparent)]
    Remembering(#[from] MailboxesError),
    /// Its mailbox cannot be looked at.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
}

impl AccountFetchError {
    /// Whether the same may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Settings(error) => error.is_retryable(),
            Self::Remembering(error) => error.is_retryable(),
            Self::Mailbox(error) => error.is_retryable(),
        }
    }

    /// What may be done about it, where that is known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Mailbox(error) => error.hint.as_deref(),
            Self::Settings(_) | Self::Remembering(_) => None,
        }
    }
}

impl<S: Store> AccountFetcher<S> {
    /// Fetches `accounts` into `store`, remembers in `mailboxes`, opens mailboxes with `open` (see
    /// [`over_the_network`]).
    pub fn new(
        accounts: Accounts,
        store: S,
        mailboxes: Mailboxes,
        classifier: Arc<Classifier>,
        open: Open,
        clock: Clock,
    ) -> Self {
        Self {
            accounts,
            fetcher: MailboxFetcher::new(store, mailboxes, Arc::clone(&classifier), clock.clone()),
            classifier,
            open,
            clock,
        }
    }

    /// The accounts.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// What time it is for it.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The settings of an account, as they are now or were minutes ago.
    pub async fn settings(&self, account: &AccountName) -> Result<Arc<AccountSettings>, StoreError> {
        self.accounts.settings(account, self.clock.now()).await
    }

    /// Fetches what is new in an account's mailbox, see [`MailboxFetcher::fetch`].
    pub async fn fetch(
        &self,
        account: &AccountName,
        options: &MailboxOptions,
        progress: impl FnMut(MailboxStep<'_>),
    ) -> Result<MailboxOutcome, AccountFetchError> {
        let settings = self.settings(account).await?;
        let opener = self.opener(account, Access::Full);
        Ok(self
            .fetcher
            .fetch(&Errand::of(&settings), &opener, options, progress)
            .await?)
    }

    /// Whether the account's mailbox can be opened, and else what is wrong.
    pub async fn test(&self, account: &AccountName) -> Result<Tested, AccountFetchError> {
        self.settings(account).await?;
        Ok(inspect::test(&self.opener(account, Access::ReadOnly)).await)
    }

    /// The folders of the account.
    pub async fn folders(&self, account: &AccountName) -> Result<Vec<FolderCounts>, AccountFetchError> {
        self.settings(account).await?;
        Ok(inspect::folders(&self.opener(account, Access::ReadOnly)).await?)
    }

    /// What the newest `count` messages are, and what a fetch would do about them.
    pub async fn preview(&self, account: &AccountName, count: usize) -> Result<Vec<Previewed>, AccountFetchError> {
        let errand = Errand::of(&*self.settings(account).await?);
        let opener = self.opener(account, Access::ReadOnly);
        Ok(inspect::preview(&opener, &errand, &self.classifier, count).await?)
    }

    fn opener(&self, account: &AccountName, access: Access) -> AccountOpener {
        AccountOpener {
            accounts: self.accounts.clone(),
            account: account.clone(),
            open: Arc::clone(&self.open),
            access,
            clock: self.clock.clone(),
            shown: Mutex::new(None),
        }
    }
}

impl Errand {
    /// What an account's settings ask for.
    pub fn of(settings: &AccountSettings) -> Self {
        let protocol = match settings.protocol {
            Some(Protocol::Imap) => "imap",
            Some(Protocol::Pop3) => "pop3",
            None => "mail",
        };
        let port = settings.port.map(|port| format!(":{port}")).unwrap_or_default();
        Self {
            place: format!(
                "{protocol}://{}@{}{port}/{}",
                settings.user, settings.host, settings.folder
            ),
            account: settings.account.clone(),
            only_unread: settings.only_unread,
            after: settings.after.clone(),
            after_others: settings.after_others.clone(),
        }
    }
}

/// Opens one account's mailbox, with passwords and tokens as they are now.
struct AccountOpener {
    accounts: Accounts,
    account: AccountName,
    open: Open,
    access: Access,
    clock: Clock,
    /// What the server was shown last.
    shown: Mutex<Option<Login>>,
}

impl Opener for AccountOpener {
    fn prepare(&self, attempt: Attempt) -> BoxFuture<'_, Result<Option<Opening>, MailboxError>> {
        Box::pin(async move {
            let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let now = self.clock.now();
            let ready = match (attempt, shown) {
                (Attempt::First | Attempt::Lost, _) => Some(self.accounts.login(&self.account, now).await?),
                (Attempt::Refused, Some(refused)) => self.accounts.renew(&self.account, &refused, now).await?,
                // It was not the server that refused, but whoever gives out the tokens.
                (Attempt::Refused, None) => None,
            };
            let Some(ready) = ready else { return Ok(None) };
            let Ready {
                settings,
                login,
                warnings,
            } = ready;
            for warning in settings.warnings().iter().chain(&warnings) {
                tracing::warn!(account = %self.account, "{warning}");
            }
            *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(login.clone());
            let (open, access) = (Arc::clone(&self.open), self.access);
            Ok(Some(Box::new(move || open(&settings, &login, access)) as Opening))
        })
    }
}

/// The server that settings name without saying what it speaks, speaking what it turns out to speak. Tries both protocols
/// at the port that the settings name, or at the usual ones; sends no credential. Blocks.
pub fn speaking_server(settings: &AccountSettings) -> Result<Server, MailboxError> {
    let servers = [Protocol::Imap, Protocol::Pop3]
        .into_iter()
        .filter_map(|protocol| settings.clone().speaking(protocol).ok()?.server());
    // The best comes first; whatever is doubtful about it is told when it is opened.
    let Some(best) = detect::look(servers.collect(), &detect::LIMITS).into_iter().next() else {
        let reason = "neither IMAP nor POP3 can do what the settings ask for";
        return Err(MailboxError::new(Step::Resolve, ErrorKind::Unsupported, reason));
    };
    best.outcome.map_err(|error| MailboxError {
        hint: error
            .hint
            .or_else(|| Some("set `protocol` to imap or pop3, and `port` if it is no usual one".to_owned())),
        ..error
    })?;
    Ok(best.server)
}
