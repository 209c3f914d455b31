//! What mail belongs to.

use crate::{AccountName, ListName};

/// A place that returned mail comes from, and the list that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What it is called.
    pub name: AccountName,
    /// The list that its mail is about, and that an unsubscribe from it leaves.
    pub list: ListName,
}

impl Account {
    /// The account called `name`, about the list of the same name.
    pub fn new(name: AccountName) -> Self {
        Self {
            list: ListName::from(&name),
            name,
        }
    }
}
