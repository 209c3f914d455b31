//! What a person should look at.

use maud::{Markup, html};

use super::{nothing, wide};
use crate::html::words::{grouped, name, stranger, when};
use crate::report::{Misspelt, Report};
use crate::tally::{Moved, Unrecognised};

/// How many announced addresses are on the page; the CSV file has more.
const MOVED_ON_PAGE: usize = 60;

pub(super) fn to_do(report: &Report) -> Markup {
    if report.misspelt.is_empty() && report.moved.is_empty() && report.unrecognised.is_empty() {
        return nothing(
            "Nothing: nobody announced another address, no domain looks misspelt, every message was recognised.",
        );
    }
    html! {
        @if !report.misspelt.is_empty() { h3 { "Probably misspelt" } (misspelt(&report.misspelt)) }
        @if !report.moved.is_empty() { h3 { "Announced new addresses" } (moved(&report.moved)) }
        @if !report.unrecognised.is_empty() { h3 { "Not recognised" } (unrecognised(&report.unrecognised)) }
    }
}

fn misspelt(rows: &[Misspelt]) -> Markup {
    let caption = "Domains that do not exist and are one slip of the finger from one that does";
    html! {
        (wide(caption, &html! { table {
            caption { (caption) }
            thead { tr { th scope="col" { "Domain" } th scope="col" { "Probably" } th.number scope="col" { "Contacts" } } }
            tbody { @for row in rows { tr { th scope="row" { (stranger(&row.domain)) } td { strong { (row.meant) } } td.number { (grouped(row.contacts)) } } } }
        } }))
        p.quiet { code { "rebound contacts correct OLD NEW" } " moves a contact to the right address." }
    }
}

fn moved(rows: &[Moved]) -> Markup {
    let caption = "Who can be reached elsewhere, the latest first";
    html! {
        (wide(caption, &html! { table {
            caption { (caption) }
            thead { tr { th scope="col" { "Contact" } th scope="col" { "New address" } th scope="col" { "Said on" } } }
            tbody { @for row in rows.iter().take(MOVED_ON_PAGE) { tr {
                th.who scope="row" { (stranger(&row.address)) } td { (stranger(&row.new_address)) } td.when { (when(row.at)) }
            } } }
        } }))
        p.quiet { "Anybody can write such a message: ask before you believe it." }
        @if rows.len() > MOVED_ON_PAGE { p.quiet { (grouped((rows.len() - MOVED_ON_PAGE) as u64)) " older ones are in the CSV files." } }
    }
}

fn unrecognised(rows: &[Unrecognised]) -> Markup {
    let caption = "The latest messages that are none of what comes back";
    wide(
        caption,
        &html! { table {
            caption { (caption) }
            thead { tr { th scope="col" { "When" } th scope="col" { "Account" } th scope="col" { "Message" } } }
            tbody { @for row in rows { tr {
                td.when { (when(row.at)) }
                td { @if let Some(account) = &row.account { (name(account)) } }
                td.said { @if let Some(key) = &row.object_key { code { (stranger(key)) } } }
            } } }
        } },
    )
}
