//! How an account is set up.

use serde::Deserialize;

use crate::{AccountName, ListName};

/// An account and its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What it is called; the name of its secret or file says so, the document does not.
    pub name: AccountName,
    /// The list that its mail is about, and that an unsubscribe from it leaves.
    pub list: ListName,
    /// Whether it is fetched on schedule.
    pub enabled: bool,
}

impl Account {
    /// The account called `name` with every setting as it is when nothing else is said: a list of the same name,
    /// enabled.
    pub fn new(name: AccountName) -> Self {
        Self {
            list: ListName::from(&name),
            name,
            enabled: true,
        }
    }

    /// The account called `name` as `document`, in TOML, sets it up.
    ///
    /// A setting that is not known is an error: a misspelt one would otherwise do nothing, and nobody would notice.
    pub fn from_toml(name: AccountName, document: &str) -> Result<Self, InvalidAccount> {
        let settings: Settings = match toml::from_str(document) {
            Ok(settings) => settings,
            Err(error) => return Err(InvalidAccount::new(name, document, &error)),
        };
        let usual = Self::new(name);
        Ok(Self {
            list: settings.list.unwrap_or(usual.list),
            enabled: settings.enabled.unwrap_or(usual.enabled),
            name: usual.name,
        })
    }
}

/// A document that sets up no account. The message never quotes the document, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the settings of account {name} cannot be used: line {line}: {reason}")]
pub struct InvalidAccount {
    name: AccountName,
    line: usize,
    reason: String,
}

impl InvalidAccount {
    fn new(name: AccountName, document: &str, error: &toml::de::Error) -> Self {
        let before = error
            .span()
            .and_then(|span| document.get(..span.start))
            .unwrap_or_default();
        Self {
            name,
            line: 1 + before.matches('\n').count(),
            reason: error.message().to_owned(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    list: Option<ListName>,
    enabled: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(document: &str) -> Result<Account, InvalidAccount> {
        Account::from_toml("news".parse().unwrap(), document)
    }

    #[test]
    fn an_empty_document_is_an_account_with_the_usual_settings() {
        let account = account("").unwrap();
        assert_eq!(account, Account::new("news".parse().unwrap()));
        assert_eq!(account.list.as_str(), "news");
        assert!(account.enabled);
    }

    #[test]
    fn every_setting_can_be_set() {
        let account = account("list = \"Weekly News\"\nenabled = false").unwrap();
        assert_eq!(account.list.as_str(), "Weekly News");
        assert!(!account.enabled);
    }

    #[test]
    fn a_wrong_document_is_refused_with_its_account_and_line() {
        for (document, said) in [
            ("lsit = \"news\"", "unknown field `lsit`"),
            ("list = \"\"", "cannot be a list's name"),
            ("\nenabled = 1", "line 2"),
        ] {
            let message = account(document).unwrap_err().to_string();
            assert!(message.contains("account news") && message.contains(said), "{message}");
        }
    }
}
