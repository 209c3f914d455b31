//! Where in the bucket a message lies.

use std::fmt;
use std::str::FromStr;

use rebound_accounts::AccountName;
use rebound_message::MessageHash;

/// What every raw message's key begins with; other objects of the bucket (configuration) begin differently.
pub(crate) const PREFIX: &str = "raw/";

const SUFFIX: &str = ".eml";

/// The key of a raw message: `raw/<account>/<first two hex digits>/<SHA-256>.eml`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    account: AccountName,
    hash: MessageHash,
}

impl ObjectKey {
    /// The key of the message `hash` of `account`.
    pub fn new(account: AccountName, hash: MessageHash) -> Self {
        Self { account, hash }
    }

    /// Takes a key apart, as it is in S3 (in S3's events it is form-encoded; undo that first).
    pub fn parse(key: &str) -> Result<Self, InvalidObjectKey> {
        Self::parts(key).ok_or_else(|| InvalidObjectKey(key.to_owned()))
    }

    /// The account that the message was fetched from.
    pub fn account(&self) -> &AccountName {
        &self.account
    }

    /// The message.
    pub fn hash(&self) -> MessageHash {
        self.hash
    }

    fn parts(key: &str) -> Option<Self> {
        let (account, rest) = key.strip_prefix(PREFIX)?.split_once('/')?;
        let (shard, name) = rest.split_once('/')?;
        let hash = name.strip_suffix(SUFFIX)?;
        let parsed = Self::new(account.parse().ok()?, hash.parse().ok()?);
        hash.get(..2).is_some_and(|first| first == shard).then_some(parsed)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, ..] = self.hash.as_bytes();
        write!(f, "{PREFIX}{}/{first:02x}/{}{SUFFIX}", self.account, self.hash)
    }
}

impl FromStr for ObjectKey {
    type Err = InvalidObjectKey;

    fn from_str(key: &str) -> Result<Self, InvalidObjectKey> {
        Self::parse(key)
    }
}

/// A key that is not a raw message's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the key of a raw message: those are raw/<account>/<first two hex digits>/<SHA-256>.eml")]
pub struct InvalidObjectKey(String);

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "raw/news/ba/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.eml";

    #[test]
    fn a_key_is_made_of_account_and_hash_and_taken_apart_again() {
        let key = ObjectKey::new("news".parse().unwrap(), MessageHash::of(b"abc"));
        assert_eq!(key.to_string(), KEY);
        assert_eq!(ObjectKey::parse(KEY), Ok(key));
    }

    #[test]
    fn any_other_key_is_refused() {
        for wrong in [
            "",
            "config/policy.toml",
            &KEY.replace("raw/", "Raw/"),
            &KEY.replace("/ba/", "/bb/"),
            &KEY.replace("/ba/", "/"),
            &KEY.replace("news", ".."),
            &KEY.replace("news", "news/old"),
            &KEY.replace(".eml", ""),
            &format!("{KEY}.eml"),
            &format!("/{KEY}"),
        ] {
            assert!(ObjectKey::parse(wrong).is_err(), "{wrong}");
        }
    }
}
