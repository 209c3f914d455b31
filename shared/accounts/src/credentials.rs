//! Settings and logins, as a fetch needs them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rebound_mailbox::server::{ErrorKind, Login, MailboxError, Secret, Step};
use tokio::sync::Mutex as AsyncMutex;

use crate::oauth::{AccessToken, Granted, TokenClient, TokenError};
use crate::store::{AccountStore, StoreError};
use crate::{AccountName, AccountSettings, Auth, Field, Grant, OAuth};

/// How long settings are used before they are read again: a change takes effect within minutes, and a function that is
/// called every minute does not pay for reading them each time.
const SETTINGS_LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// The accounts of a deployment, with what they log in with. Cheap to clone; clones share what they remember.
///
/// Settings are remembered for five minutes, access tokens until shortly before their end, both forgotten by
/// [`Accounts::renew`].
#[derive(Clone, Debug)]
pub struct Accounts {
    store: AccountStore,
    tokens: TokenClient,
    slots: Arc<Mutex<HashMap<AccountName, Slot>>>,
}

/// What a session is opened with.
#[derive(Clone, Debug)]
pub struct Ready {
    /// How the mailbox is read.
    pub settings: Arc<AccountSettings>,
    /// What to log in with.
    pub login: Login,
    /// What a person should hear, beside [`AccountSettings::warnings`].
    pub warnings: Vec<String>,
}

/// Why an account cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AccountError {
    /// Its settings could not be read, or are wrong.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no access token for it.
    #[error("account {account}: {error}")]
    Token {
        /// Which account.
        account: AccountName,
        /// Why.
        error: TokenError,
    },
}

impl AccountError {
    /// Whether trying again later may help without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::Token { error, .. } => error.is_retryable(),
        }
    }

    /// What kind of trouble it is, in the words of mailboxes; `None` when the settings are wrong.
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Store(error) => error.is_retryable().then_some(ErrorKind::Unavailable),
            Self::Token { error, .. } => Some(error.kind),
        }
    }

    /// What may be done about it, where that is known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Store(_) => None,
            Self::Token { error, .. } => error.hint.as_deref(),
        }
    }
}

/// So that whoever opens a mailbox has one kind of error for all that keeps it shut.
impl From<AccountError> for MailboxError {
    fn from(error: AccountError) -> Self {
        // Settings that cannot be used ask for something that nobody offers.
        let kind = error.kind().unwrap_or(ErrorKind::Unsupported);
        let mailbox = Self::new(Step::Login, kind, error.to_string());
        match error.hint() {
            Some(hint) => mailbox.with_hint(hint),
            None => mailbox,
        }
    }
}

impl Accounts {
    /// The accounts in `store`.
    pub fn new(store: AccountStore) -> Self {
        Self {
            store,
            tokens: TokenClient::default(),
            slots: Arc::default(),
        }
    }

    /// Where their documents are kept.
    pub fn store(&self) -> &AccountStore {
        &self.store
    }

    /// Every account, sorted.
    pub async fn names(&self) -> Result<Vec<AccountName>, StoreError> {
        self.store.names().await
    }

    /// The settings of an account.
    pub async fn settings(&self, account: &AccountName, now: Timestamp) -> Result<Arc<AccountSettings>, StoreError> {
        let slot = self.slot(account);
        let mut slot = slot.lock().await;
        Ok(Arc::clone(&self.known(account, &mut slot, now).await?.settings))
    }

    /// What a session with the account's mailbox is opened with. May ask a token endpoint.
    pub async fn login(&self, account: &AccountName, now: Timestamp) -> Result<Ready, AccountError> {
        let slot = self.slot(account);
        let mut slot = slot.lock().await;
        let mut warnings = Vec::new();
        let (settings, token) = {
            let known = self.known(account, &mut slot, now).await?;
            (Arc::clone(&known.settings), known.token.clone())
        };
        let oauth = match &settings.auth {
            Auth::Password(password) => {
                let login = Login::Password {
                    user: settings.user.clone(),
                    password: password.clone(),
                };
                return Ok(Ready {
                    settings,
                    login,
                    warnings,
                });
            }
            Auth::OAuth(oauth) => oauth,
        };
        let token = if let Some(token) = token.filter(|token| token.is_fresh(now)) {
            token
        } else {
            let token = self.fetch(account, oauth, &mut slot, &mut warnings, now).await?;
            if let Some(known) = &mut slot.known {
                known.token = Some(token.clone());
            }
            token
        };
        let login = Login::Token {
            user: settings.user.clone(),
            token: token.secret,
        };
        Ok(Ready {
            settings,
            login,
            warnings,
        })
    }

    /// Reads the settings again, and fetches another token, after the server has refused `refused`.
    ///
    /// `None` means that nothing has changed: the same password would be refused again, and may lock the account.
    pub async fn renew(
        &self,
        account: &AccountName,
        refused: &Login,
        now: Timestamp,
    ) -> Result<Option<Ready>, AccountError> {
        self.slot(account).lock().await.known = None;
        let ready = self.login(account, now).await?;
        let same = match (refused, &ready.login) {
            (
                Login::Password { user, password },
                Login::Password {
                    user: new,
                    password: again,
                },
            ) => user == new && password == again,
            (Login::Token { token, .. }, Login::Token { token: again, .. }) => token == again,
            _ => false,
        };
        Ok((!same).then_some(ready))
    }

    /// The settings as they are remembered, or as they are read now.
    async fn known<'s>(
        &self,
        account: &AccountName,
        slot: &'s mut Remembered,
        now: Timestamp,
    ) -> Result<&'s mut Known, StoreError> {
        let usable = |known: &Known| known.read_at <= now && now.duration_since(known.read_at) < SETTINGS_LIFETIME;
        let known = match slot.known.take() {
            Some(known) if usable(&known) => known,
            before => {
                let mut settings = self.store.settings(account).await?;
                if let Some(rotated) = &slot.rotated {
                    rotated.apply(&mut settings);
                }
                let same = before.filter(|before| before.settings.auth == settings.auth);
                Known {
                    settings: Arc::new(settings),
                    read_at: now,
                    token: same.and_then(|before| before.token),
                }
            }
        };
        Ok(slot.known.insert(known))
    }

    async fn fetch(
        &self,
        account: &AccountName,
        oauth: &OAuth,
        slot: &mut Remembered,
        warnings: &mut Vec<String>,
        now: Timestamp,
    ) -> Result<AccessToken, AccountError> {
        let granted = self.tokens.fetch(oauth, now).await;
        let Granted {
            token,
            new_refresh_token,
        } = granted.map_err(|error| AccountError::Token {
            account: account.clone(),
            error,
        })?;
        if let (Some(new), Grant::RefreshToken { refresh_token, .. }) = (new_refresh_token, &oauth.grant) {
            // Remembered first: whatever becomes of the document, this process goes on with the new one.
            let stored = slot
                .rotated
                .take()
                .map_or_else(|| refresh_token.clone(), |before| before.stored);
            let rotated = Rotated { stored, current: new };
            if let Some(known) = &mut slot.known {
                let mut settings = AccountSettings::clone(&known.settings);
                rotated.apply_to(&mut settings, refresh_token);
                known.settings = Arc::new(settings);
            }
            match self.keep(account, &rotated).await {
                Ok(()) => slot.rotated = None,
                Err(error) => {
                    warnings.push(format!(
                        "account {account}: {} gave a new refresh token, which could not be stored ({error}); the one in \
                         the settings may stop working: store it by hand, or allow secretsmanager:PutSecretValue on this \
                         account's secret",
                        oauth.token_url.host()
                    ));
                    slot.rotated = Some(rotated);
                }
            }
        }
        Ok(token)
    }

    /// Writes a new refresh token into the document, unless somebody has changed it meanwhile.
    async fn keep(&self, account: &AccountName, rotated: &Rotated) -> Result<(), StoreError> {
        let Some(field) = Field::named("refresh_token") else {
            return Ok(());
        };
        let mut document = self.store.document(account).await?;
        if document.get(field).as_deref() == Some(rotated.stored.reveal()) {
            document.set(field, rotated.current.reveal())?;
            self.store.replace(&document).await?;
        }
        Ok(())
    }

    fn slot(&self, account: &AccountName) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(account.clone()).or_default())
    }
}

/// One account at a time asks: two that showed the same refresh token could both lose it.
type Slot = Arc<AsyncMutex<Remembered>>;

#[derive(Debug, Default)]
struct Remembered {
    known: Option<Known>,
    rotated: Option<Rotated>,
}

#[derive(Debug)]
struct Known {
    settings: Arc<AccountSettings>,
    read_at: Timestamp,
    token: Option<AccessToken>,
}

/// A refresh token that took the place of the one in the document, and could not be written there yet.
struct Rotated {
    stored: Secret,
    current: Secret,
}

impl Rotated {
    /// Puts the new token in the place of the stored one.
    fn apply(&self, settings: &mut AccountSettings) {
        self.apply_to(settings, &self.stored);
    }

    fn apply_to(&self, settings: &mut AccountSettings, old: &Secret) {
        if let Auth::OAuth(OAuth {
            grant: Grant::RefreshToken { refresh_token, .. },
            ..
        }) = &mut settings.auth
            && refresh_token == old
        {
            *refresh_token = self.current.clone();
        }
    }
}

impl fmt::Debug for Rotated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rotated")
    }
}
