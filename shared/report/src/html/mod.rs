//! The report as a page: one file that asks for nothing, runs nothing, and shows strangers' words as what they are.
//!
//! There is no script. A content security policy in the page forbids everything but its own style, so that even a fault in
//! escaping could run nothing and reach nobody. `tests/browser` opens the page and looks.

mod charts;
mod sections;
mod spans;
mod words;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::period::{Period, Selection};
use crate::report::Report;
use words::{counted, date, grouped, name};

/// How it looks.
const STYLE: &str = include_str!("style.css");

/// The page. `made_at` is shown on it, if it is given; without, the same numbers make the same page at any time.
pub fn page(report: &Report, made_at: impl Into<Option<Timestamp>>) -> String {
    let made_at = made_at.into();
    let sections = sections::of(report);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title(report.selection.period)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the numbers" }
                header {
                    p.made-by { "rebound" }
                    h1 { "Returned mail" }
                    (about(&report.selection))
                    nav aria-label="Sections" {
                        ul { @for section in &sections { li { a href={ "#" (section.id) } { (section.title) } } } }
                    }
                }
                main id="main" {
                    @for section in &sections {
                        section.half[section.is_narrow] aria-labelledby=(section.id) {
                            h2 id=(section.id) { (section.title) }
                            (section.content)
                        }
                    }
                }
                footer { (foot(report, made_at)) }
            }
        }
    }
    .into_string()
}

fn title(Period { since, until }: Period) -> String {
    format!("Returned mail from {since} to {until}")
}

fn policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'")
}

fn about(selection: &Selection) -> Markup {
    let Selection {
        period,
        list,
        account,
        campaign,
        domain,
    } = selection;
    html! {
        p.about {
            (date(period.since)) " to " (date(period.until))
            span.quiet { " · " (counted(period.length(), "day", "days")) ", UTC" }
            @for (what, value) in [("list", list), ("account", account), ("campaign", campaign), ("domain", domain)] {
                @if let Some(value) = value { " " span.only { (what) " " (name(value)) } }
            }
        }
    }
}

fn foot(report: &Report, made_at: Option<Timestamp>) -> Markup {
    let seen = report.seen;
    html! {
        p {
            "Made by rebound"
            @if let Some(at) = made_at { " at " time datetime=(at) { (format!("{at:.0}")) } }
            " of " (counted(seen.events, "event", "events"))
            @if seen.repeated > 0 { ", not counting " (grouped(seen.repeated)) " repeated reports about the same delivery" }
            "."
            @if seen.repetitions_missed { " There were too many deliveries to know all repeated reports: some count twice." }
            " The numbers behind every chart, for spreadsheets: " code { "rebound report --csv FOLDER" } "."
        }
    }
}
