//! Mail accounts: what they are called and how they are set up.
//!
//! An account is a place that returned mail comes from. Its name stands in the keys of the archive, in the names of
//! secrets and files, and in every event; the list is what its subscribers unsubscribe from.

mod account;
mod names;

pub use account::{Account, InvalidAccount};
pub use names::{AccountName, InvalidName, ListName, MAX_ACCOUNT_NAME_BYTES, MAX_LIST_NAME_BYTES};
