//! Names that are safe wherever they are put.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest account name in bytes: it goes into S3 keys, secret names and file names, and into columns of tables.
pub const MAX_ACCOUNT_NAME_BYTES: usize = 64;

/// The longest list name in bytes: it goes into S3 metadata, of which an object has 2 KB, and every byte of a list's
/// name may take three there.
pub const MAX_LIST_NAME_BYTES: usize = 256;

/// The name of an account: 1 to 64 of `a-z`, `0-9`, `.`, `_` and `-`, the first a letter or a digit.
///
/// Safe as part of an S3 key, a secret's name, a file's name, and as an argument of a command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

/// The name of a mailing list, as people write it: 1 to 256 bytes, no control characters, no white space around it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListName(String);

impl AccountName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ListName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccountName {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, InvalidName> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if begins && name.len() <= MAX_ACCOUNT_NAME_BYTES && name.bytes().all(allowed) {
            Ok(Self(name))
        } else {
            Err(InvalidName::Account(name))
        }
    }
}

impl TryFrom<String> for ListName {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, InvalidName> {
        let trimmed = name.trim() == name && !name.is_empty();
        if trimmed && name.len() <= MAX_LIST_NAME_BYTES && !name.chars().any(char::is_control) {
            Ok(Self(name))
        } else {
            Err(InvalidName::List(name))
        }
    }
}

impl From<&AccountName> for ListName {
    /// The list of an account that names none.
    fn from(account: &AccountName) -> Self {
        Self(account.0.clone())
    }
}

impl FromStr for AccountName {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        name.to_owned().try_into()
    }
}

impl FromStr for ListName {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        name.to_owned().try_into()
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

impl From<ListName> for String {
    fn from(name: ListName) -> Self {
        name.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A text that cannot be a name, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Not an [`AccountName`].
    #[error(
        "{0:?} cannot be an account's name: it takes 1 to {MAX_ACCOUNT_NAME_BYTES} of a-z, 0-9, '.', '_' and '-', and \
         begins with a letter or a digit"
    )]
    Account(String),
    /// Not a [`ListName`].
    #[error(
        "{0:?} cannot be a list's name: it takes 1 to {MAX_LIST_NAME_BYTES} bytes without control characters, and \
         without white space around it"
    )]
    List(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_name_is_safe_in_keys_secrets_files_and_arguments() {
        for good in ["a", "news", "2026", "bounces.example.com", "a_b-c", &"x".repeat(64)] {
            assert_eq!(good.parse::<AccountName>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "-v",
            ".",
            "..",
            ".hidden",
            "News",
            "a b",
            "a/b",
            "ü",
            "a\n",
            &"x".repeat(65),
        ] {
            assert_eq!(bad.parse::<AccountName>(), Err(InvalidName::Account(bad.to_owned())));
        }
    }

    #[test]
    fn a_list_name_is_any_line_of_text() {
        for good in ["News", "Große Liste / 2026", "a"] {
            assert_eq!(good.parse::<ListName>().unwrap().as_str(), good);
        }
        for bad in ["", " ", " a", "a\n", "a\tb", &"x".repeat(257)] {
            assert_eq!(bad.parse::<ListName>(), Err(InvalidName::List(bad.to_owned())));
        }
    }
}
