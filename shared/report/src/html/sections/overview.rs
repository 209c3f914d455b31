//! At a glance: what is wrong, and how much of what came back.

use maud::{Markup, html};

use super::{CHARTED, class};
use crate::html::charts;
use crate::html::spans::{self, Span};
use crate::html::words::{self, counted, grouped, sentence};
use crate::outcomes::Group;
use crate::rates::{Alarm, Level, Subject};
use crate::report::Report;

/// The most columns beside a number; of more some are drawn together.
const SPARKS: usize = 32;

/// How many alarms are seen at once, the worst; the others unfold.
const SEEN: usize = 4;

/// How many alarms are on the page at all.
const ON_PAGE: usize = 40;

pub(super) fn overview(report: &Report) -> Markup {
    let (spans, _) = spans::of(&report.days);
    let together = spans.len().div_ceil(SPARKS).max(1);
    let trend = |count: &dyn Fn(&Span) -> u64| -> Vec<u64> {
        spans
            .chunks(together)
            .map(|spans| spans.iter().map(count).sum())
            .collect()
    };
    let ends = spans.chunks(together).filter_map(|spans| spans.last());
    let in_all: Vec<u64> = ends.map(|span| span.suppressed_in_all).collect();
    html! {
        (in_short(report))
        (alarms(report))
        dl.cards {
            @for group in CHARTED { (card(group.name(), class(group), report.totals.of_group(group), &trend(&|span| span.of_group(group)))) }
            (card("newly suppressed", "contacts", report.contacts.newly_suppressed, &trend(&|span| span.suppressed)))
            (card("suppressed in all", "contacts", report.contacts.suppressed, &in_all))
        }
    }
}

fn card(what: &str, class: &str, count: u64, trend: &[u64]) -> Markup {
    html! {
        div { dt { (charts::swatch(class)) (what) } dd { (grouped(count)) @if count > 0 { (charts::spark(class, trend)) } } }
    }
}

/// The numbers as one would tell them.
fn in_short(report: &Report) -> Markup {
    let totals = &report.totals;
    if report.seen.events == 0 {
        return html! {
            p.lead {
                "Nothing came back in this time" @if !report.selection.is_all() { " of what is asked for" } ". If there should be something: "
                code { "rebound run" } " reads mailboxes, and " code { "rebound report --since DAY" } " looks further back."
            }
        };
    }
    let failed = totals.failed();
    let parts: Vec<String> = [
        (Group::Hard, "for good"),
        (Group::Soft, "for now"),
        (Group::Blocked, "because of the sender"),
        (Group::Unknown, "without saying why"),
    ]
    .into_iter()
    .filter(|(group, _)| totals.of_group(*group) > 0)
    .map(|(group, how)| format!("{} {how}", grouped(totals.of_group(group))))
    .collect();
    html! {
        p.lead {
            strong { (counted(failed, "delivery", "deliveries")) " failed" } @if !parts.is_empty() { ": " (parts.join(", ")) } ". "
            @match report.contacts.newly_suppressed {
                0 => "Nobody was suppressed.",
                1 => "1 contact was suppressed, and is mailed no more.",
                many => { (grouped(many)) " contacts were suppressed, and are mailed no more." },
            }
        }
    }
}

fn alarms(report: &Report) -> Markup {
    html! {
        @if report.alarms.is_empty() {
            @if report.knows_sent() {
                p.note.fine { "No rate calls for attention." }
            } @else {
                p.note { "There are no rates as long as nobody says how much was sent: " code { "rebound campaigns sent NAME COUNT" } "." }
            }
        } @else {
            @let on_page = report.alarms.get(..ON_PAGE).unwrap_or(&report.alarms);
            @let (seen, folded) = on_page.split_at(SEEN.min(on_page.len()));
            ul.alarms { @for alarm in seen { (told(alarm)) } }
            @if !folded.is_empty() {
                details.more { summary { (grouped(folded.len() as u64)) " more" } ul.alarms { @for alarm in folded { (told(alarm)) } } }
            }
            @if report.alarms.len() > ON_PAGE {
                p.quiet { (grouped((report.alarms.len() - ON_PAGE) as u64)) " lesser ones are not on this page; the CSV files have them." }
            }
        }
    }
}

fn told(alarm: &Alarm) -> Markup {
    let (class, word) = match alarm.rate.level {
        Level::Alarm => ("alarm", "Alarm"),
        Level::Warning | Level::Fine => ("warning", "Warning"),
    };
    html! {
        li class={ "note " (class) } {
            p {
                strong { (word) ": " (subject(&alarm.subject)) ": " (alarm.rate) " " (alarm.measure.verb()) }
                " (" (grouped(alarm.rate.count)) " of " (grouped(alarm.rate.sent)) ")"
                @if let Some(reason) = alarm.main_reason { ", mostly " code { (reason) } }
                ". " (sentence(alarm.likely_cause))
            }
        }
    }
}

fn subject(subject: &Subject) -> Markup {
    match subject.parts() {
        (_, None) => html! { (subject) },
        (kind, Some(name)) => html! { (kind) " " (words::name(name)) },
    }
}
