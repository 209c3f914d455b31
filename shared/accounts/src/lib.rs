//! Mail accounts: what they are called, how they are set up, and what they log in with.
//!
//! An [`Account`] is a place that returned mail comes from. Its name stands in the keys of the archive, in the names of
//! secrets and files, and in every event; the list is what its subscribers unsubscribe from. [`AccountSettings`] say how
//! the mailbox of an account is read; they are written in a [`Document`], one for each account.
//!
//! With the feature `online`, [`Accounts`] reads the documents from Secrets Manager and fetches OAuth 2 access tokens, and
//! [`ReturnPathKeys`] reads from there what return addresses are signed with.

mod account;
#[cfg(feature = "online")]
mod credentials;
mod imap_flags;
mod names;
#[cfg(feature = "online")]
pub mod oauth;
#[cfg(feature = "online")]
mod return_path_keys;
mod settings;
#[cfg(feature = "online")]
pub mod store;

pub use account::Account;
#[cfg(feature = "online")]
pub use credentials::{AccountError, Accounts, Ready};
pub use imap_flags::{ImapFlags, InvalidImapFlags};
pub use names::{AccountName, InvalidName, ListName, MAX_ACCOUNT_NAME_BYTES, MAX_LIST_NAME_BYTES};
#[cfg(feature = "online")]
pub use return_path_keys::{
    DEFAULT_RETURN_PATH_KEYS, KeysError, KeysOperation, NoRandomness, ReturnPathKeys, random_secret,
};
pub use settings::{
    AccountSettings, Auth, Document, Field, FieldKind, Grant, InvalidAccount, MAX_DOCUMENT_BYTES, OAuth, Provider,
    ServiceAccountKey, TokenUrl,
};
