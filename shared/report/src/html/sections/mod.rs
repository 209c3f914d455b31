//! What stands on the page, section by section.

mod contacts;
mod days;
mod overview;
mod refusals;
mod table;
mod to_do;

use maud::{Markup, html};

use super::charts::Part;
use crate::outcomes::{Group, Outcomes};
use crate::report::Report;

/// A part of the page with a heading of its own.
pub(super) struct Section {
    /// What links lead to.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// Whether two of its kind may stand side by side.
    pub(super) is_narrow: bool,
    pub(super) content: Markup,
}

/// Those that a report has, in order.
pub(super) fn of(report: &Report) -> Vec<Section> {
    let section = |id, title, content| Section {
        id,
        title,
        is_narrow: false,
        content,
    };
    let narrow = |id, title, content| Section {
        is_narrow: true,
        ..section(id, title, content)
    };
    vec![
        section("overview", "At a glance", overview::overview(report)),
        section("days", "When it came back", days::days(report)),
        narrow("reasons", "Why", refusals::reasons(report)),
        narrow("contacts", "Contacts", contacts::contacts(report)),
        section(
            "our-side",
            "What is yours to mend",
            refusals::our_faults(&report.our_faults),
        ),
        section("providers", "Who refuses, and why", refusals::heat(report)),
        section("campaigns", "Campaigns", table::campaigns(report)),
        section("places", "Lists, domains, accounts", table::places(report)),
        section("suppressed", "Newly suppressed", contacts::suppressed(report)),
        section("to-do", "To look at", to_do::to_do(report)),
    ]
}

/// The groups that charts show: what calls for something to be done.
const CHARTED: [Group; 6] = [
    Group::Hard,
    Group::Soft,
    Group::Unknown,
    Group::Blocked,
    Group::Complaints,
    Group::Unsubscribes,
];

/// Those of them that are failures.
const FAILURES: [Group; 4] = [Group::Hard, Group::Soft, Group::Unknown, Group::Blocked];

/// The class of a group in the style.
const fn class(group: Group) -> &'static str {
    match group {
        Group::Hard => "hard",
        Group::Soft => "soft",
        Group::Unknown => "unknown",
        Group::Blocked => "blocked",
        Group::Complaints => "complaints",
        Group::Unsubscribes => "unsubscribes",
        Group::Other => "other",
    }
}

/// The failures among what came back, each in its colour.
fn failures(outcomes: &Outcomes) -> [Part; 4] {
    FAILURES.map(|group| Part {
        class: class(group),
        count: outcomes.of_group(group),
    })
}

fn legend(groups: &[(Group, String)]) -> Markup {
    html! {
        ul.legend { @for (group, note) in groups { li { (super::charts::swatch(class(*group))) (group.name()) @if !note.is_empty() { " " strong { (note) } } } } }
    }
}

/// Something wide: where it does not fit it can be scrolled, with the keyboard, too.
fn wide(what: &str, content: &Markup) -> Markup {
    html! { div.wide role="region" aria-label=(what) tabindex="0" { (content) } }
}

/// In place of what there is none of.
fn nothing(text: &str) -> Markup {
    html! { p.nothing { (text) } }
}
