//! What reports read: events day by day, contacts in short, and how much was sent.

use std::ops::Range;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::stream::Stream;
use jiff::civil::Date;

use super::Repository;
use super::error::{ChangeError, ReadError};
use super::item::{brief_from_item, reported_from_item, sent_from_item, sent_to_item};
use super::read::{PAGE_ITEMS, decoded, pages};
use super::retry::persist;
use super::tables::DAY_BY_TIME;
use crate::brief::ContactBrief;
use crate::event::Event;
use crate::sent::Sent;

/// The partition of the table of events that says how much was sent. No message has this hash.
pub(super) const SENT: &str = "sent";

/// What an event needs at least, and what reports look at beside it.
const REPORTED: [&str; 16] = [
    "message",
    "address",
    "spelling",
    "at",
    "category",
    "reason",
    "account",
    "list",
    "campaign",
    "diagnostic",
    "evidence",
    "provider",
    "original_message_id",
    "object_key",
    "new_address",
    "about",
];

/// What makes a [`ContactBrief`].
const BRIEF: &str = "address, spelling, suppressed_cause, suppressed_at, suppressed_by, held_cause, held_at, held_by, \
                     soft_streak, last_reason, last_diagnostic";

impl Repository {
    /// What happened in some hours of a UTC day, such as `0..24`, the latest first, without what reports do not look at.
    /// From an index, which may lag behind its table by less than a second.
    pub fn events_on(&self, day: Date, hours: Range<u8>) -> impl Stream<Item = Result<Event, ReadError>> + '_ {
        // Some of these words are reserved.
        let names: Vec<_> = (0..).map(|index| format!("#{index}")).take(REPORTED.len()).collect();
        // The beginning of every time within the hour, and before each of them.
        let hour = |hour: u8| AttributeValue::S(format!("{day}T{hour:02}"));
        let mut request = self
            .client
            .query()
            .table_name(&self.tables.events)
            .index_name(DAY_BY_TIME)
            .key_condition_expression("#day = :day AND #at BETWEEN :from AND :to")
            .expression_attribute_names("#day", "day")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":day", AttributeValue::S(day.to_string()))
            .expression_attribute_values(":from", hour(hours.start))
            .expression_attribute_values(":to", hour(hours.end))
            .scan_index_forward(false)
            .projection_expression(names.join(", "))
            .limit(PAGE_ITEMS);
        for (name, attribute) in names.into_iter().zip(REPORTED) {
            request = request.expression_attribute_names(name, attribute);
        }
        let pages = pages(move |start| self.query(request.clone().set_exclusive_start_key(start)));
        decoded(pages, reported_from_item, format!("events of {day}"))
    }

    /// Every contact in short (strongly consistent), in no particular order. One whose every event was taken back is left
    /// out.
    pub fn briefs(&self) -> impl Stream<Item = Result<ContactBrief, ReadError>> + '_ {
        let scan = self
            .client
            .scan()
            .table_name(&self.tables.contacts)
            .consistent_read(true)
            .filter_expression("#events > :none")
            .projection_expression(BRIEF)
            .expression_attribute_names("#events", "events")
            .expression_attribute_values(":none", AttributeValue::N("0".to_owned()))
            .limit(PAGE_ITEMS);
        let pages = pages(move |start| self.scan(scan.clone().set_exclusive_start_key(start)));
        decoded(pages, brief_from_item, "contacts".to_owned())
    }

    /// How much was sent, as far as the sender says, by campaign.
    pub fn sent(&self) -> impl Stream<Item = Result<Sent, ReadError>> + '_ {
        let query = self
            .client
            .query()
            .table_name(&self.tables.events)
            .consistent_read(true)
            .key_condition_expression("#message = :sent")
            .expression_attribute_names("#message", "message")
            .expression_attribute_values(":sent", AttributeValue::S(SENT.to_owned()))
            .limit(PAGE_ITEMS);
        let pages = pages(move |start| self.query(query.clone().set_exclusive_start_key(start)));
        decoded(pages, sent_from_item, "how much was sent".to_owned())
    }

    /// Notes how much was sent, in place of what was noted about the same campaign and domain before.
    pub async fn note_sent(&self, sent: &Sent) -> Result<(), ChangeError> {
        let request = self
            .client
            .put_item()
            .table_name(&self.tables.events)
            .set_item(Some(sent_to_item(sent)));
        persist(self.attempts(), || request.clone().send())
            .await
            .map(drop)
            .map_err(|failure| ChangeError::Failed {
                what: format!("how much was sent in campaign {}", sent.campaign),
                failure,
            })
    }
}
