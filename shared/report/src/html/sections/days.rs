//! When it came back.

use maud::{Markup, html};

use super::{CHARTED, class, legend, nothing, wide};
use crate::html::charts::{self, Column, Part};
use crate::html::spans::{self, Span};
use crate::html::words::grouped;
use crate::outcomes::Group;
use crate::report::Report;

pub(super) fn days(report: &Report) -> Markup {
    let (spans, length) = spans::of(&report.days);
    let title = format!("What came back, by {}", spans::name(length));
    if CHARTED.iter().all(|group| report.totals.of_group(*group) == 0) {
        return nothing("No bounce, complaint or unsubscribe came in on any of these days.");
    }
    let columns: Vec<Column> = spans.iter().map(column).collect();
    let totals = CHARTED.map(|group| (group, grouped(report.totals.of_group(group))));
    html! {
        figure {
            (legend(&totals))
            (charts::columns("chart-days", &title, &columns))
        }
        details {
            summary { "The numbers behind it" }
            (wide(&title, &html! { table.numbers {
                caption { (title) }
                thead { tr { th scope="col" { (spans::heading(length)) } @for group in CHARTED { th.number scope="col" { (group.name()) } } th.number scope="col" { "other mail" } } }
                tbody { @for span in &spans { tr {
                    th scope="row" { (span.label()) }
                    @for group in CHARTED { td { (grouped(span.of_group(group))) } }
                    td { (grouped(span.of_group(Group::Other))) }
                } } }
            } }))
        }
    }
}

fn column(span: &Span) -> Column {
    let parts: Vec<Part> = CHARTED
        .iter()
        .map(|group| Part {
            class: class(*group),
            count: span.of_group(*group),
        })
        .collect();
    let counts = CHARTED.iter().filter(|group| span.of_group(**group) > 0);
    let counts: Vec<String> = counts
        .map(|group| format!("{} {}", grouped(span.of_group(*group)), group.name()))
        .collect();
    let told = if counts.is_empty() {
        "nothing".to_owned()
    } else {
        counts.join(", ")
    };
    Column {
        label: span.short_label(),
        told: format!("{}: {told}", span.label()),
        parts,
    }
}
