//! Whom the events are about and where their messages lie, read from the whole table in bounded memory.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use aws_sdk_dynamodb::types::AttributeValue;
use futures::stream::{Stream, TryStreamExt};
use rebound_classify::Category;

use super::Repository;
use super::error::{DamagedItem, Failure, ReadError};
use super::item::Item;
use super::read::{PAGE_ITEMS, decoded, pages};
use super::retry::persist;
use crate::address::ContactAddress;
use crate::moment::Moment;

/// Which archived messages to name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchivedSince<'a> {
    /// Those that happened at this moment or later.
    pub since: Option<Moment>,
    /// Those of which an event has this category, or a user's own of this name.
    pub category: Option<&'a str>,
    /// Those that came in through this account.
    pub account: Option<&'a str>,
}

impl ArchivedSince<'_> {
    /// Messages of this category.
    pub const fn of_category(category: Category) -> Self {
        Self {
            since: None,
            category: Some(category.as_str()),
            account: None,
        }
    }
}

impl Repository {
    /// Every address that events speak of (strongly consistent), each once, in no particular order; with a list, those
    /// of its mail. Reads the whole table of events, but keeps 8 bytes for every address: of so many million that two of
    /// them share those, one would be passed over, with a chance of about one in thirty million for a million.
    pub fn addresses<'a>(
        &'a self,
        list: Option<&'a str>,
    ) -> impl Stream<Item = Result<ContactAddress, ReadError>> + use<'a> {
        let mut filter = "attribute_exists(#at) AND attribute_exists(#address)".to_owned();
        if list.is_some() {
            filter.push_str(" AND #list = :list");
        }
        let values = list.map(|list| (":list", list));
        let names = [("#at", "at"), ("#list", "list")];
        let names = names.into_iter().filter(|(name, _)| filter.contains(name));
        let names = names.chain([("#address", "address")]).collect();
        let texts = self.distinct("address", filter, names, values.into_iter().collect());
        texts.and_then(|text| {
            let damaged = |_| ReadError {
                what: "the table of events".to_owned(),
                failure: Failure::Damaged(DamagedItem {
                    key: text.clone(),
                    attribute: "address",
                    trouble: "no address".to_owned(),
                }),
            };
            std::future::ready(text.parse().map_err(damaged))
        })
    }

    /// Where the messages lie whose events are such (strongly consistent), each once, in no particular order. Reads the
    /// whole table of events, but keeps 8 bytes for every message.
    pub fn object_keys<'a>(
        &'a self,
        which: &ArchivedSince<'a>,
    ) -> impl Stream<Item = Result<String, ReadError>> + use<'a> {
        let mut filter = "attribute_exists(#key)".to_owned();
        let mut names = vec![("#key", "object_key")];
        let mut values = Vec::new();
        let since = which.since.map(|since| since.to_string());
        let mut narrow = |clause: &str, name: &[(&'static str, &'static str)], value: (&'static str, &str)| {
            filter.push_str(" AND ");
            filter.push_str(clause);
            names.extend(name);
            values.push((value.0, value.1.to_owned()));
        };
        if let Some(since) = &since {
            narrow("#at >= :since", &[("#at", "at")], (":since", since));
        }
        if let Some(category) = which.category {
            let either = [("#category", "category"), ("#own", "own_category")];
            narrow(
                "(#category = :category OR #own = :category)",
                &either,
                (":category", category),
            );
        }
        if let Some(account) = which.account {
            narrow("#account = :account", &[("#account", "account")], (":account", account));
        }
        let values = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.distinct("object_key", filter, names, values)
    }

    /// The distinct values of one attribute of the events that pass a filter.
    fn distinct<'a>(
        &'a self,
        attribute: &'static str,
        filter: String,
        names: Vec<(&str, &str)>,
        values: Vec<(&str, &str)>,
    ) -> impl Stream<Item = Result<String, ReadError>> + use<'a> {
        let projected = names.iter().find(|(_, name)| *name == attribute).map(|(name, _)| *name);
        let mut scan = self
            .client
            .scan()
            .table_name(&self.tables.events)
            .consistent_read(true)
            .limit(PAGE_ITEMS)
            .set_projection_expression(projected.map(str::to_owned))
            .filter_expression(filter);
        for (name, value) in names {
            scan = scan.expression_attribute_names(name, value);
        }
        for (name, value) in values {
            scan = scan.expression_attribute_values(name, AttributeValue::S(value.to_owned()));
        }
        let pages = pages(move |start: Option<Item>| {
            let request = scan.clone().set_exclusive_start_key(start);
            async move {
                let page = persist(self.attempts(), || request.clone().send()).await?;
                Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
            }
        });
        let read = move |mut item: Item| -> Result<String, DamagedItem> {
            match item.remove(attribute) {
                Some(AttributeValue::S(text)) => Ok(text),
                _ => Err(DamagedItem {
                    key: String::new(),
                    attribute,
                    trouble: "no string".to_owned(),
                }),
            }
        };
        // Seeded anew each time: nobody can choose addresses that hide each other.
        let hasher = RandomState::new();
        let mut seen = HashSet::new();
        decoded(pages, read, "the table of events".to_owned()).try_filter_map(move |text| {
            let is_new = seen.insert(hasher.hash_one(&text));
            async move { Ok(is_new.then_some(text)) }
        })
    }
}
