//! Why deliveries failed, who says so, and what of it is the sender's own doing.

use maud::{Markup, html};
use rebound_classify::Reason;

use super::{nothing, wide};
use crate::html::charts::{self, Part};
use crate::html::words::{self, capitalised, grouped, meaning, sentence, share, stranger};
use crate::report::{OurFault, ReasonRow, Report};

/// How many reasons are seen at once; the others unfold.
const SEEN: usize = 12;

/// How many reasons the map of providers has columns for, the most frequent ones.
const HEAT_REASONS: usize = 12;

pub(super) fn reasons(report: &Report) -> Markup {
    if report.reasons.is_empty() {
        return nothing("No delivery failed.");
    }
    let (seen, folded) = report.reasons.split_at(SEEN.min(report.reasons.len()));
    html! {
        (reason_bars("Reasons of failed deliveries, the most frequent first", seen, &report.reasons))
        @if !folded.is_empty() {
            details { summary { (grouped(folded.len() as u64)) " more" } (reason_bars("Rarer reasons", folded, &report.reasons)) }
        }
    }
}

fn reason_bars(caption: &str, rows: &[ReasonRow], all: &[ReasonRow]) -> Markup {
    let greatest = all.iter().map(|row| row.count).max().unwrap_or_default();
    let sum = all.iter().map(|row| row.count).sum();
    html! {
        table.bars {
            caption { (caption) }
            thead { tr { th scope="col" { "Reason" } th.number scope="col" { "Failures" } th.number scope="col" { "Share" } } }
            tbody { @for row in rows { tr {
                th scope="row" {
                    code { (row.reason) } " " span.quiet { (meaning(row.reason)) }
                    (charts::bar(&[Part { class: "plain", count: row.count }], greatest))
                }
                td.number { (grouped(row.count)) }
                td.number { (share(row.count, sum)) }
            } } }
        }
    }
}

pub(super) fn our_faults(faults: &[OurFault]) -> Markup {
    if faults.is_empty() {
        return nothing("Nothing: nobody refused your mail for a reason of yours.");
    }
    html! {
        p { "These refusals are about you, not about the recipients. They never count against a contact, and they go on until you mend what is behind them." }
        ul.faults { @for fault in faults { li { (our_fault(fault)) } } }
    }
}

fn our_fault(fault: &OurFault) -> Markup {
    html! {
        h3 { (capitalised(fault.advice.what)) }
        p.quiet { strong { (grouped(fault.count)) " ×" } " " code { (fault.reason) } }
        p.advice { (sentence(fault.advice.todo)) }
        @if !fault.providers.is_empty() {
            p { "Refused by " @for (index, (name, count)) in fault.providers.iter().enumerate() {
                @if index > 0 { ", " } (words::name(name)) " (" (grouped(*count)) ")"
            } "." }
        }
        @if !fault.blocklists.is_empty() {
            p { "Ask " @for (index, list) in fault.blocklists.iter().enumerate() {
                @if index > 0 { ", " } a href=(list.url) rel="noreferrer noopener" { (list.name) }
            } "." }
        }
        @for words in &fault.words { blockquote { (stranger(words)) } }
    }
}

/// How dark a cell is, of five: one is the lightest, the greatest the darkest. By the square root, so that one provider with
/// very many leaves the others their differences.
fn heat_class(count: u64, greatest: u64) -> Option<String> {
    let (above_one, most) = (
        u128::from(count.checked_sub(1)?),
        u128::from(greatest.saturating_sub(1)),
    );
    // 1 + 4 * sqrt(above_one / most), rounded, without a square root.
    let reaches = |level: &u128| above_one * 64 >= (2 * level - 3) * (2 * level - 3) * most;
    let level = (2..=5).rev().find(reaches).unwrap_or(1);
    Some(format!("heat-{level}"))
}

pub(super) fn heat(report: &Report) -> Markup {
    let Some(greatest) = report.heat.iter().flat_map(|row| row.reasons.values()).max() else {
        return nothing("No delivery failed.");
    };
    let reasons: Vec<Reason> = report.reasons.iter().map(|row| row.reason).take(HEAT_REASONS).collect();
    let caption = "Failures by mailbox provider (by domain where the provider is not known) and reason";
    html! {
        p.quiet { (caption) }
        (wide(caption, &html! { table.heat {
            caption { (caption) }
            thead { tr {
                th scope="col" { "Provider" }
                @for reason in &reasons { th.turned scope="col" { span { (reason) } } }
                th.turned scope="col" { span { "all reasons" } }
            } }
            tbody { @for row in &report.heat { tr {
                th scope="row" { (words::name(&row.provider)) }
                @for reason in &reasons {
                    @let count = row.reasons.get(reason).copied().unwrap_or_default();
                    td class=[heat_class(count, *greatest)] { @if count > 0 { (grouped(count)) } }
                }
                td.sum { (grouped(row.reasons.values().sum())) }
            } } }
        } }))
        p.ramp aria-hidden="true" {
            "1" @for level in 1..=5 { span class={ "heat-" (level) } {} } (grouped(*greatest))
        }
        @if report.reasons.len() > reasons.len() {
            p.quiet { "Rarer reasons have no column; they are in the sums." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_the_darker_the_more_and_empty_ones_have_no_colour() {
        for (count, greatest, class) in [
            (0, 100, None),
            (1, 5, Some("heat-1")),
            (2, 5, Some("heat-3")),
            (3, 5, Some("heat-4")),
            (5, 5, Some("heat-5")),
            (2, 101, Some("heat-1")),
            (3, 101, Some("heat-2")),
            (26, 101, Some("heat-3")),
            (57, 101, Some("heat-4")),
            (101, 101, Some("heat-5")),
            (1, 1, Some("heat-5")),
            (u64::MAX, u64::MAX, Some("heat-5")),
        ] {
            assert_eq!(heat_class(count, greatest).as_deref(), class, "{count} of {greatest}");
        }
    }
}
