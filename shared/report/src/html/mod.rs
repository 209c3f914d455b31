//! The report as a page: one file that asks for nothing, runs nothing, and shows strangers' words as what they are.
//!
//! There is no script. A content security policy in the page forbids everything but its own style, so that even a fault in
//! escaping could run nothing and reach nobody.

mod charts;
mod sections;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::period::Selection;
use crate::report::Report;

/// How it looks.
const STYLE: &str = include_str!("style.css");

/// The page. `made_at` is shown on it, if it is given; without, the same numbers make the same page at any time.
pub fn page(report: &Report, made_at: impl Into<Option<Timestamp>>) -> String {
    let made_at = made_at.into();
    let period = report.selection.period;
    let title = format!("Returned mail from {} to {}", period.since, period.until);
    let sections = sections::of(report);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the numbers" }
                header {
                    h1 { (title) }
                    p.quiet { (about(&report.selection)) }
                    nav aria-label="Sections" {
                        ul { @for section in &sections { li { a href={ "#" (section.id) } { (section.title) } } } }
                    }
                }
                main id="main" {
                    @for section in &sections {
                        section aria-labelledby=(section.id) {
                            h2 id=(section.id) { (section.title) }
                            (section.content)
                        }
                    }
                }
                footer.quiet { (foot(report, made_at)) }
            }
        }
    }
    .into_string()
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
        (period.length()) " days"
        @for (what, value) in [("list", list), ("account", account), ("campaign", campaign), ("domain", domain)] {
            @if let Some(value) = value { ", " (what) " " bdi { (value) } }
        }
        ". Days are those of UTC."
    }
}

fn foot(report: &Report, made_at: Option<Timestamp>) -> Markup {
    let seen = report.seen;
    html! {
        p {
            "Made by rebound"
            @if let Some(at) = made_at { " at " time datetime=(at) { (format!("{at:.0}")) } }
            " of " (grouped(seen.events)) " events"
            @if seen.repeated > 0 { ", not counting " (grouped(seen.repeated)) " repeated reports about the same delivery" }
            "."
            @if seen.repetitions_missed { " There were too many deliveries to know all repeated reports: some count twice." }
        }
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, shown) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1\u{202f}000"),
            (1_234_567, "1\u{202f}234\u{202f}567"),
        ] {
            assert_eq!(grouped(number), shown);
        }
    }
}
