//! What came back by a name: campaigns, lists, domains, accounts.

use maud::{Markup, html};
use rebound_classify::Category;

use super::{FAILURES, failures, legend, nothing, wide};
use crate::html::charts;
use crate::html::words::{self, grouped};
use crate::outcomes::Group;
use crate::rates::{Level, Measure, Rate};
use crate::report::{NamedRow, Report};

/// How many names are seen at once; the others unfold.
const SEEN: usize = 12;

/// How many names of a kind are on the page at all; the CSV files have more.
const ON_PAGE: usize = 30;

pub(super) fn campaigns(report: &Report) -> Markup {
    if report.campaigns.is_empty() {
        return nothing("No mail that came back names a campaign. A field X-Campaign in what you send does.");
    }
    html! {
        @if !report.knows_sent() {
            p.quiet { "There are rates once you say how much was sent: " code { "rebound campaigns sent NAME COUNT" } "." }
        }
        (named("Campaigns", "Campaign", &report.campaigns))
        (colours())
        @if report.knows_sent() { (marks()) }
    }
}

pub(super) fn places(report: &Report) -> Markup {
    let kinds = [
        ("Mailing lists", "List", &report.lists),
        ("Domains of recipients", "Domain", &report.domains),
        ("Accounts that mail came in through", "Account", &report.accounts),
    ];
    html! {
        @for (what, head, rows) in kinds {
            h3 { (what) }
            @if rows.is_empty() { (nothing("None is known.")) } @else { (named(what, head, rows)) }
        }
        @if kinds.iter().any(|(_, _, rows)| !rows.is_empty()) { (colours()) }
    }
}

/// What the colours of the bars mean.
fn colours() -> Markup {
    html! { (legend(&FAILURES.map(|group| (group, String::new())))) }
}

/// What the marks on rates mean.
fn marks() -> Markup {
    let [[bounces, many_bounces], [complaints, many_complaints]] =
        [Measure::Bounces, Measure::Complaints].map(|measure| measure.limits().map(percent));
    html! {
        p.quiet {
            "The marks on a rate: above " (bounces) " of bounces or " (complaints) " of complaints is a warning, above "
            (many_bounces) " or " (many_complaints) " an alarm. A full bar may be more than it shows."
        }
    }
}

/// A share in millionths as it is told.
fn percent(millionths: u64) -> Rate {
    Rate {
        count: millionths,
        sent: 1_000_000,
        level: Level::Fine,
    }
}

fn named(what: &str, head: &str, rows: &[NamedRow]) -> Markup {
    let on_page = rows.get(..ON_PAGE).unwrap_or(rows);
    let left_out = rows.len() - on_page.len();
    let (seen, folded) = on_page.split_at(SEEN.min(on_page.len()));
    let scale = Scale {
        has_rates: rows.iter().any(|row| row.sent.is_some()),
        greatest: rows
            .iter()
            .filter(|row| row.name.is_some())
            .map(|row| row.outcomes.failed())
            .max()
            .unwrap_or_default(),
    };
    html! {
        (table(&format!("{what}, the most frequent first"), head, seen, &scale))
        @if !folded.is_empty() {
            details { summary { (grouped(folded.len() as u64)) " more" } (table(&format!("{what}, continued"), head, folded, &scale)) }
        }
        @if left_out > 0 { p.quiet { (grouped(left_out as u64)) " rarer ones are not on this page; the CSV files have them." } }
    }
}

/// What all rows of a table share.
struct Scale {
    has_rates: bool,
    /// The most failures of one name; all others together are not drawn, they would dwarf it.
    greatest: u64,
}

fn table(caption: &str, head: &str, rows: &[NamedRow], scale: &Scale) -> Markup {
    wide(
        caption,
        &html! { table {
            caption { (caption) }
            thead { tr {
                th scope="col" { (head) }
                @if scale.has_rates { th.number scope="col" { "sent" } }
                th.number scope="col" { "failed" }
                @if scale.has_rates { th.number scope="col" { "bounce rate" } }
                th.number scope="col" { "complaints" }
                @if scale.has_rates { th.number scope="col" { "complaint rate" } }
                th.number scope="col" { "hard" } th.number scope="col" { "blocked" } th.word scope="col" { "mostly" }
            } }
            tbody { @for row in rows { (line(row, scale)) } }
        } },
    )
}

fn line(row: &NamedRow, scale: &Scale) -> Markup {
    html! { tr {
        th scope="row" { @match &row.name { Some(name) => (words::name(name)), None => span.quiet { "all others" } } }
        @if scale.has_rates { td.number { @if let Some(sent) = row.sent { (grouped(sent)) } } }
        td.number.charted { (grouped(row.outcomes.failed())) @if row.name.is_some() { (charts::bar(&failures(&row.outcomes), scale.greatest)) } }
        @if scale.has_rates { (rate(Measure::Bounces, row.bounces)) }
        td.number { (grouped(row.outcomes.of(Category::Complaint))) }
        @if scale.has_rates { (rate(Measure::Complaints, row.complaints)) }
        td.number { (grouped(row.of(Group::Hard))) }
        td.number { (grouped(row.of(Group::Blocked))) }
        td.word { @if let Some(reason) = row.outcomes.main_reason() { code { (reason) } } }
    } }
}

fn rate(measure: Measure, rate: Option<Rate>) -> Markup {
    html! { td.number.charted { @if let Some(rate) = rate {
        @if rate.level > Level::Fine { strong class={ "level-" (rate.level) } { (rate) } } @else { (rate) }
        (charts::meter(rate, measure.limits()))
    } } }
}
