//! Where a message came from and what it shows of the mail it speaks of: facts for whoever decides whether to believe it.

use crate::domain::organisational;
use crate::mime::{Fields, Mail, addresses};
use crate::received::{arrived_at, handed_over_by};
use crate::report::Original;
use crate::words::Address;

/// Addresses that one report was delivered to, and those of each kind in what came back: a report that names more has
/// been made up.
const MAX_ADDRESSES: usize = 16;
/// Domains of one message: those of an author, a sender, a return path and an id are four.
const MAX_DOMAINS: usize = 8;
/// Fields that servers write the address of a delivery into, the most reliable first.
const DELIVERY_FIELDS: &[&str] = &["delivered-to", "x-original-to", "envelope-to", "x-envelope-to"];

/// What a message shows of its origin. Nothing of it is proven by standing here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The addresses it was delivered to: what servers wrote down on delivery (`Delivered-To`, `X-Original-To`,
    /// `Envelope-To`, `X-Envelope-To`), then `To`. Each once.
    pub delivered_to: Vec<Address>,
    /// When it arrived, seconds since 1970-01-01 UTC: the date of the topmost `Received` field, which the receiving server
    /// wrote. The date that its author gave is [`Report::written_at`](crate::Report::written_at).
    pub arrived_at: Option<i64>,
    /// Who handed it over: the address of the first server from the top that is not the recipient's own; an IPv6 address
    /// by its network, `2001:db8:1:2::/64`. None when nothing was delivered by SMTP.
    pub server: Option<String>,
    /// Where reports about the returned message were to go: its `Return-Path` and `Errors-To`, and `Original-Mail-From` of a
    /// feedback report (RFC 5965 section 3.2).
    pub returned_path: Vec<Address>,
    /// The addresses that the returned message was to be unsubscribed at: the `mailto` ones of `List-Unsubscribe` (RFC 2369
    /// section 3.2).
    pub unsubscribe: Vec<Address>,
    /// The returned message's own `Date`, seconds since 1970-01-01 UTC.
    pub returned_date: Option<i64>,
    /// Organisational domains of the returned message's `From`, `Sender`, `Return-Path` and `Message-ID`, in lower case.
    pub returned_domains: Vec<String>,
}

impl Provenance {
    /// What the fields of a message that came back show; `envelope` is its `Return-Path` and `Errors-To`, and `sources` all
    /// addresses that its domains are to be taken from.
    pub(crate) fn of_returned<'s>(
        fields: &Fields<'_>,
        envelope: impl Iterator<Item = &'s Address>,
        sources: impl Iterator<Item = &'s Address>,
        message_id: Option<&'s str>,
    ) -> Self {
        let mut shown = Self::default();
        add(&mut shown.returned_path, envelope.cloned());
        if let Some(field) = fields.get("list-unsubscribe") {
            add(&mut shown.unsubscribe, mail_links(field));
        }
        let id = message_id.and_then(|id| id.rsplit_once('@')).map(|(_, domain)| domain);
        let mut before = "";
        for domain in sources.filter_map(Address::domain).chain(id) {
            // Most are the same host over and over.
            if std::mem::replace(&mut before, domain) == domain {
                continue;
            }
            let Some(domain) = organisational(domain).filter(|_| shown.returned_domains.len() < MAX_DOMAINS) else {
                continue;
            };
            let known = |known: &String| known.eq_ignore_ascii_case(domain);
            if !shown.returned_domains.iter().any(known) {
                shown.returned_domains.push(domain.to_ascii_lowercase());
            }
        }
        shown
    }

    /// Adds what the message that arrived shows of its own way, and when the one was sent that came back.
    pub(crate) fn arrived_with(&mut self, mail: &Mail<'_>, returned: &Original) {
        if self.delivered_to.is_empty() {
            self.delivered_with(mail);
        }
        self.arrived_at = arrived_at(mail.raw_headers("received"));
        self.server = handed_over_by(mail.raw_headers("received"));
        self.returned_date = returned.date.as_deref().and_then(timestamp);
    }

    /// Adds the addresses that it was delivered to.
    pub(crate) fn delivered_with(&mut self, mail: &Mail<'_>) {
        for name in DELIVERY_FIELDS {
            for field in mail.headers(name) {
                add(&mut self.delivered_to, addresses(field));
            }
        }
        add(&mut self.delivered_to, mail.to().iter().cloned());
    }

    /// Adds where the sender of the returned message wanted reports to go, as a feedback report says.
    pub(crate) fn with_return_path(mut self, path: Option<Address>) -> Self {
        add(&mut self.returned_path, path);
        self
    }
}

/// A date as messages write it, seconds since 1970-01-01 UTC.
pub(crate) fn timestamp(date: &str) -> Option<i64> {
    let date = mail_parser::DateTime::parse_rfc822(date)?;
    Some(date.to_timestamp())
}

/// Each once, up to the limit.
fn add(known: &mut Vec<Address>, more: impl IntoIterator<Item = Address>) {
    for address in more {
        if known.len() >= MAX_ADDRESSES {
            return;
        }
        if !known.contains(&address) {
            known.push(address);
        }
    }
}

/// The addresses in `<mailto:leave@example.com?subject=leave>, <https://example.com/leave>`.
fn mail_links(field: &str) -> Vec<Address> {
    field
        .split('<')
        .skip(1)
        .filter_map(|link| {
            let link = link.split(['>', '?']).next()?.trim();
            let scheme = link.get(..7)?;
            scheme.eq_ignore_ascii_case("mailto:").then(|| Address::parse(link))?
        })
        .take(MAX_ADDRESSES)
        .collect()
}
