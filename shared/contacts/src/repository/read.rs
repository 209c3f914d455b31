//! Reading contacts and events.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures::stream::{self, Stream, StreamExt, TryChunksError, TryStreamExt};
use rebound_message::MessageHash;
use tokio::time::Instant;

use super::error::{DamagedItem, Failure, ReadError};
use super::item::{Item, contact_from_item, event_from_item, unmailable_from_item};
use super::plan::Known;
use super::retry::{Attempts, persist};
use super::tables::{ADDRESS_BY_TIME, SUPPRESSED_BY_TIME};
use super::{ContactFilter, Repository};
use crate::address::ContactAddress;
use crate::contact::Contact;
use crate::decision::Cause;
use crate::event::Event;
use crate::moment::Moment;

/// The most keys DynamoDB takes in one batch.
const MAX_BATCH_KEYS: usize = 100;

/// How many items are asked for at a time. DynamoDB ends a page at 1 MB in any case; the embedded one collects all that
/// it could answer before it does, so that a table read without this takes the square of its length.
pub(super) const PAGE_ITEMS: i32 = 1000;

/// One page, and where the next one begins.
pub(super) type Page = (Vec<Item>, Option<Item>);

impl Repository {
    /// A contact as it is now (strongly consistent); `None` when nothing was ever recorded about it.
    pub async fn contact(&self, address: &ContactAddress) -> Result<Option<Contact>, ReadError> {
        let found = self
            .stored([address.as_str()], self.deadline())
            .await
            .and_then(Found::whole);
        let found = found.map_err(reading(format!("contact {address}")))?;
        Ok(found.into_values().next().map(|stored| stored.contact))
    }

    /// Whether a message was recorded (strongly consistent).
    pub async fn message_recorded(&self, message: MessageHash) -> Result<bool, ReadError> {
        self.events_page(message, None, Some(1))
            .await
            .map(|(items, _)| !items.is_empty())
            .map_err(reading(format!("message {message}")))
    }

    /// The events of a message, by recipient (strongly consistent).
    pub fn events_of_message(&self, message: MessageHash) -> impl Stream<Item = Result<Event, ReadError>> + '_ {
        let pages = pages(move |start| self.events_page(message, start, None));
        decoded(pages, event_from_item, format!("message {message}"))
    }

    /// The events of a contact, oldest first. The index they are read from may lag behind by moments.
    pub fn events_of(&self, address: &ContactAddress) -> impl Stream<Item = Result<Event, ReadError>> + '_ {
        let what = format!("events of {address}");
        let key = address.as_str().to_owned();
        let pages = pages(move |start| {
            let request = self
                .client
                .query()
                .table_name(&self.tables.events)
                .index_name(ADDRESS_BY_TIME)
                .key_condition_expression("#address = :address")
                .expression_attribute_names("#address", "address")
                .expression_attribute_values(":address", AttributeValue::S(key.clone()))
                .limit(PAGE_ITEMS)
                .set_exclusive_start_key(start);
            self.query(request)
        });
        decoded(pages, event_from_item, what)
    }

    /// Contacts, page by page. One whose every event was taken back is left out.
    pub fn contacts(&self, filter: ContactFilter) -> impl Stream<Item = Result<Contact, ReadError>> + '_ {
        match filter {
            ContactFilter::All => self.all_contacts().left_stream(),
            ContactFilter::Suppressed { cause, since } => {
                let causes: Vec<Cause> = Cause::all()
                    .filter(|any| cause.is_none_or(|cause| cause == *any))
                    .collect();
                stream::iter(causes)
                    .flat_map(move |cause| self.suppressed(cause, since))
                    .right_stream()
            }
        }
    }

    /// Everybody who must not be mailed (strongly consistent), in no particular order; with a list, also those who are
    /// off it. Reads the whole table, but only what this takes.
    pub fn unmailable<'a>(&'a self, list: Option<&'a str>) -> impl Stream<Item = Result<Unmailable, ReadError>> + 'a {
        let mut attributes = "address, suppressed_cause, suppressed_at".to_owned();
        let mut filter = "attribute_exists(suppressed_cause)".to_owned();
        if list.is_some() {
            attributes.push_str(", journal");
            filter.push_str(" OR contains(unsubscribed_lists, :list)");
        }
        let pages = self.scan_pages(filter, Some(attributes), list);
        decoded(
            pages,
            move |item| unmailable_from_item(item, list),
            "who must not be mailed".to_owned(),
        )
    }

    /// The contacts that are off this list (strongly consistent), in no particular order. Reads the whole table.
    pub fn off_list<'a>(&'a self, list: &'a str) -> impl Stream<Item = Result<Contact, ReadError>> + 'a {
        let pages = self.scan_pages("contains(unsubscribed_lists, :list)".to_owned(), None, Some(list));
        decoded(
            pages,
            |item| contact_from_item(item).map(|stored| stored.contact),
            format!("contacts off the list {list}"),
        )
    }

    /// The contacts that only the circuit breaker keeps from being suppressed (strongly consistent), in no particular
    /// order. Reads the whole table.
    pub fn held(&self) -> impl Stream<Item = Result<Contact, ReadError>> + '_ {
        let pages = self.scan_pages("attribute_exists(held_by)".to_owned(), None, None);
        decoded(
            pages,
            |item| contact_from_item(item).map(|stored| stored.contact),
            "contacts that are held".to_owned(),
        )
    }

    /// Pages of the contacts that pass a filter. One after the other: segments at a time are slower on the embedded
    /// store, which sorts the whole table for each.
    fn scan_pages<'a>(
        &'a self,
        filter: String,
        attributes: Option<String>,
        list: Option<&'a str>,
    ) -> impl Stream<Item = Result<Vec<Item>, Failure>> + 'a {
        let scan = self
            .client
            .scan()
            .table_name(&self.tables.contacts)
            .consistent_read(true)
            .limit(PAGE_ITEMS)
            .filter_expression(filter)
            .set_projection_expression(attributes)
            .set_expression_attribute_values(
                list.map(|list| Item::from([(":list".to_owned(), AttributeValue::S(list.to_owned()))])),
            );
        pages(move |start| self.scan(scan.clone().set_exclusive_start_key(start)))
    }

    fn all_contacts(&self) -> impl Stream<Item = Result<Contact, ReadError>> + '_ {
        let pages = pages(move |start| {
            let request = self
                .client
                .scan()
                .table_name(&self.tables.contacts)
                .consistent_read(true)
                .limit(PAGE_ITEMS)
                .set_exclusive_start_key(start);
            self.scan(request)
        });
        decoded(
            pages,
            |item| contact_from_item(item).map(|stored| stored.contact),
            "contacts".to_owned(),
        )
        .try_filter(|contact| std::future::ready(contact.events > 0))
    }

    /// Keys from the index, contacts from the table: the index may lag behind and carries no journal.
    fn suppressed(&self, cause: Cause, since: Option<Moment>) -> impl Stream<Item = Result<Contact, ReadError>> + '_ {
        let since = since.unwrap_or(Moment::from_millis(0));
        let what = format!("contacts suppressed by {cause}");
        let pages = pages(move |start| {
            let request = self
                .client
                .query()
                .table_name(&self.tables.contacts)
                .index_name(SUPPRESSED_BY_TIME)
                .key_condition_expression("#cause = :cause AND #at >= :since")
                .expression_attribute_names("#cause", "suppressed_cause")
                .expression_attribute_names("#at", "suppressed_at")
                .expression_attribute_values(":cause", AttributeValue::S(cause.to_string()))
                .expression_attribute_values(":since", AttributeValue::S(since.to_string()))
                .limit(PAGE_ITEMS)
                .set_exclusive_start_key(start);
            self.query(request)
        });
        let failed = reading(what);
        pages
            .map_ok(|items| stream::iter(items).map(Ok))
            .try_flatten()
            .map_ok(|item: Item| {
                item.get("address")
                    .and_then(|key| key.as_s().ok())
                    .cloned()
                    .unwrap_or_default()
            })
            .try_chunks(MAX_BATCH_KEYS)
            .map_err(|TryChunksError(_, failure): TryChunksError<String, Failure>| failure)
            .and_then(move |keys| async move {
                let mut known = self
                    .stored(keys.iter().map(String::as_str), self.deadline())
                    .await?
                    .whole()?;
                let in_order = keys.into_iter().filter_map(move |key| known.remove(&key));
                let still = in_order.map(|stored| stored.contact).filter(move |contact| {
                    contact
                        .suppression
                        .is_some_and(|now| now.cause == cause && now.at >= since)
                });
                Ok(stream::iter(still.collect::<Vec<_>>()).map(Ok))
            })
            .try_flatten()
            .map_err(failed)
    }

    /// What is stored of these contacts, strongly consistent; those that are not there are left out.
    pub(super) async fn stored<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k str>,
        deadline: Instant,
    ) -> Result<Found, Failure> {
        let keys: BTreeSet<&str> = keys.into_iter().collect();
        let keys: Vec<_> = keys
            .into_iter()
            .map(|key| Item::from([("address".to_owned(), AttributeValue::S(key.to_owned()))]))
            .collect();
        let chunks: Vec<_> = keys
            .chunks(MAX_BATCH_KEYS)
            .map(|chunk| self.batch_get(chunk.to_vec(), deadline))
            .collect();
        let found = stream::iter(chunks).buffer_unordered(self.concurrency);
        found
            .try_fold(Found::default(), async |all, more| Ok(all.and(more)))
            .await
    }

    async fn batch_get(&self, keys: Vec<Item>, deadline: Instant) -> Result<Found, Failure> {
        let mut found = Found::default();
        for item in self.items(&self.tables.contacts, keys, deadline).await? {
            match contact_from_item(item) {
                Ok(stored) => drop(found.known.insert(stored.contact.address.as_str().to_owned(), stored)),
                Err(damaged) => drop(found.damaged.insert(damaged.key.clone(), damaged)),
            }
        }
        Ok(found)
    }

    /// The items of a table with these keys, strongly consistent, in no particular order; those that are not there are
    /// left out.
    pub(super) async fn items(
        &self,
        table: &str,
        mut keys: Vec<Item>,
        deadline: Instant,
    ) -> Result<Vec<Item>, Failure> {
        let mut items = Vec::with_capacity(keys.len());
        let mut attempts = Attempts::until(deadline);
        while !keys.is_empty() {
            let batch = keys.split_off(keys.len().saturating_sub(MAX_BATCH_KEYS));
            let wanted = KeysAndAttributes::builder()
                .consistent_read(true)
                .set_keys(Some(batch.clone()))
                .build();
            let wanted = wanted.map_err(Failure::from)?;
            let request = self.client.batch_get_item().request_items(table, wanted);
            let permit = self.permits.acquire().await;
            let answer = request.send().await;
            drop(permit);
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    keys.extend(batch);
                    attempts.after_error(&error).await?;
                    continue;
                }
            };
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            let left = answer.unprocessed_keys.unwrap_or_default();
            let left: Vec<_> = left.into_values().flat_map(|left| left.keys).collect();
            // It leaves keys when it would have to throttle.
            if !left.is_empty() {
                let reason = format!("it left {} keys unprocessed", left.len());
                keys.extend(left);
                attempts.after_trouble(|| reason).await?;
            }
        }
        Ok(items)
    }

    async fn events_page(
        &self,
        message: MessageHash,
        start: Option<Item>,
        limit: Option<i32>,
    ) -> Result<Page, Failure> {
        let request = self
            .client
            .query()
            .table_name(&self.tables.events)
            .consistent_read(true)
            .key_condition_expression("#message = :message")
            .expression_attribute_names("#message", "message")
            .expression_attribute_values(":message", AttributeValue::S(message.to_string()))
            .set_limit(limit)
            .set_exclusive_start_key(start);
        self.query(request).await
    }

    pub(super) async fn scan(&self, request: ScanFluentBuilder) -> Result<Page, Failure> {
        let page = persist(self.attempts(), || request.clone().send()).await?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }

    pub(super) async fn query(&self, request: QueryFluentBuilder) -> Result<Page, Failure> {
        let page = persist(self.attempts(), || request.clone().send()).await?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }
}

/// Why a contact must not be mailed: what a check before sending needs of it, and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmailable {
    /// Its key, see [`ContactAddress::as_str`].
    pub address: String,
    /// What suppressed it, and when.
    pub suppression: Option<(Cause, Moment)>,
    /// When it left the list that was asked for, if it is off it.
    pub left_at: Option<Moment>,
}

/// The contacts that were read, by key.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) known: Known,
    /// Those that are there but can't be read.
    pub(super) damaged: HashMap<String, DamagedItem>,
}

impl Found {
    /// All of them, when all can be read.
    pub(super) fn whole(self) -> Result<Known, Failure> {
        match self.damaged.into_values().next() {
            Some(damaged) => Err(Failure::Damaged(damaged)),
            None => Ok(self.known),
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.known.extend(other.known);
        self.damaged.extend(other.damaged);
        self
    }
}

/// The pages that `fetch` gets, from the first to the one that no other follows.
pub(super) fn pages<F: Future<Output = Result<Page, Failure>>>(
    fetch: impl Fn(Option<Item>) -> F,
) -> impl Stream<Item = Result<Vec<Item>, Failure>> {
    /// Where the next page begins, if there is one.
    enum Next {
        At(Option<Item>),
        End,
    }
    stream::try_unfold((Next::At(None), fetch), |(next, fetch)| async move {
        let Next::At(start) = next else { return Ok(None) };
        // On the heap, so that no future of a caller grows by a request of the SDK.
        let (items, last) = Box::pin(fetch(start)).await?;
        let next = last.map_or(Next::End, |key| Next::At(Some(key)));
        Ok(Some((items, (next, fetch))))
    })
}

/// Items one by one, read.
pub(super) fn decoded<T>(
    pages: impl Stream<Item = Result<Vec<Item>, Failure>>,
    read: impl Fn(Item) -> Result<T, DamagedItem>,
    what: String,
) -> impl Stream<Item = Result<T, ReadError>> {
    pages
        .map_ok(|items| stream::iter(items).map(Ok))
        .try_flatten()
        .map(move |item| item.and_then(|item| read(item).map_err(Failure::from)))
        .map_err(reading(what))
}

pub(super) fn reading(what: String) -> impl Fn(Failure) -> ReadError {
    move |failure| ReadError {
        what: what.clone(),
        failure,
    }
}
