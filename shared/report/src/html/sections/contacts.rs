//! How things stand with contacts: who is mailed, who is not any more, and who is on the way there.

use maud::{Markup, html};

use super::{nothing, wide};
use crate::contacts::{ContactNumbers, Suppressed};
use crate::html::charts::{self, Column, Part};
use crate::html::spans;
use crate::html::words::{grouped, stranger, when};
use crate::report::Report;

/// How many of the newly suppressed are seen at once; the others unfold.
const SEEN: usize = 15;

/// How many are on the page at all; the CSV file has more.
const ON_PAGE: usize = 60;

/// How many failures in a row have a row of their own.
const ROWS_OF_STREAKS: u32 = 8;

pub(super) fn contacts(report: &Report) -> Markup {
    let numbers = &report.contacts;
    if numbers.known == 0 {
        return nothing("No contact is known yet: one is as soon as mail about it comes back.");
    }
    html! {
        dl.facts {
            @for (what, count) in [("known", numbers.known), ("may be mailed", numbers.active), ("suppressed", numbers.suppressed), ("held", numbers.held)] {
                div { dt { (what) } dd { (grouped(count)) } }
            }
        }
        @if numbers.held > 0 {
            p.note.warning { "Suppressions are held because one day's mail would have suppressed more than usual: " code { "rebound contacts held" } " lists them." }
        }
        h3 { "Suppressed, over time" }
        (over_time(report))
        h3 { "On the way to being suppressed" }
        (funnel(numbers))
        @if !numbers.causes.is_empty() { h3 { "What suppressed them" } (causes(numbers)) }
    }
}

fn over_time(report: &Report) -> Markup {
    let (spans, length) = spans::of(&report.days);
    let caption = "Suppressed contacts at the end of each day, of those who still are";
    if report.days.last().is_none_or(|day| day.suppressed_in_all == 0) {
        return nothing("Nobody is suppressed.");
    }
    let columns = spans.iter().map(|span| Column {
        label: span.short_label(),
        told: format!(
            "{}: {} suppressed, {} in all",
            span.label(),
            grouped(span.suppressed),
            grouped(span.suppressed_in_all)
        ),
        parts: vec![Part {
            class: "contacts",
            count: span.suppressed_in_all,
        }],
    });
    html! {
        figure { (charts::line("chart-suppressed", caption, &columns.collect::<Vec<_>>())) }
        details { summary { "The numbers behind it" } (wide(caption, &html! { table.numbers {
            caption { (caption) }
            thead { tr { th scope="col" { (spans::heading(length)) } th.number scope="col" { "newly suppressed" } th.number scope="col" { "in all" } } }
            tbody { @for span in &spans { tr { th scope="row" { (span.label()) } td { (grouped(span.suppressed)) } td { (grouped(span.suppressed_in_all)) } } } }
        } })) }
    }
}

/// From the first failure to the last one: how many contacts are how far.
fn funnel(numbers: &ContactNumbers) -> Markup {
    let with = |wanted: &dyn Fn(u32) -> bool| -> u64 {
        let streaks = numbers.streaks.iter().filter(|(streak, _)| wanted(**streak));
        streaks.map(|(_, count)| count).sum()
    };
    let rows = 4
        .max(numbers.streaks.keys().copied().max().unwrap_or(0))
        .min(ROWS_OF_STREAKS);
    let mut steps: Vec<_> = (1..=rows)
        .map(|streak| (streak.to_string(), "soft", with(&|found| found == streak)))
        .collect();
    let more = with(&|found| found > ROWS_OF_STREAKS);
    if more > 0 {
        steps.push((format!("more than {ROWS_OF_STREAKS}"), "soft", more));
    }
    let soft = numbers
        .causes
        .iter()
        .filter(|(cause, _)| cause.as_str() == "soft-bounce");
    steps.push((
        "too many: suppressed".to_owned(),
        "hard",
        soft.map(|(_, count)| count).sum(),
    ));
    bars(
        "Contacts by how often in a row mail to them failed",
        "Failures in a row",
        &steps,
    )
}

fn causes(numbers: &ContactNumbers) -> Markup {
    let mut causes: Vec<_> = numbers
        .causes
        .iter()
        .map(|(cause, count)| (cause.to_string(), "contacts", *count))
        .collect();
    causes.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
    bars("Suppressed contacts by cause", "Cause", &causes)
}

fn bars(caption: &str, head: &str, rows: &[(String, &'static str, u64)]) -> Markup {
    let greatest = rows.iter().map(|(_, _, count)| *count).max().unwrap_or_default();
    html! {
        table.bars {
            caption { (caption) }
            thead { tr { th scope="col" { (head) } th.number scope="col" { "Contacts" } } }
            tbody { @for &(ref what, class, count) in rows { tr {
                th scope="row" { (what) (charts::bar(&[Part { class, count }], greatest)) } td.number { (grouped(count)) }
            } } }
        }
    }
}

pub(super) fn suppressed(report: &Report) -> Markup {
    if report.suppressed.is_empty() {
        return nothing("Nobody was suppressed in this time.");
    }
    let on_page = report.suppressed.get(..ON_PAGE).unwrap_or(&report.suppressed);
    let (seen, folded) = on_page.split_at(SEEN.min(on_page.len()));
    let left_out = report.contacts.newly_suppressed.saturating_sub(on_page.len() as u64);
    html! {
        (suppressions("Newly suppressed contacts, the latest first", seen))
        @if !folded.is_empty() {
            details { summary { (grouped(folded.len() as u64)) " more" } (suppressions("Newly suppressed contacts, continued", folded)) }
        }
        @if left_out > 0 { p.quiet { (grouped(left_out)) " older ones are not on this page: " code { "rebound contacts list --suppressed" } "." } }
    }
}

fn suppressions(caption: &str, rows: &[Suppressed]) -> Markup {
    wide(
        caption,
        &html! { table {
            caption { (caption) }
            thead { tr { th scope="col" { "Contact" } th scope="col" { "When" } th scope="col" { "Cause" } th scope="col" { "Reason" } th scope="col" { "In the server's words" } } }
            tbody { @for row in rows { tr {
                th.who scope="row" { (stranger(&row.address)) }
                td.when { (when(row.at)) }
                td.word { (row.cause) }
                td.word { @if let Some(reason) = row.reason { code { (reason) } } }
                td.said { @if let Some(words) = &row.diagnostic { (stranger(words)) } }
            } } }
        } },
    )
}
