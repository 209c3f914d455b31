//! What stands on the page, section by section.

use maud::{Markup, html};
use rebound_classify::{Category, Reason};
use rebound_contacts::Moment;

use super::{charts, grouped};
use crate::outcomes::{Group, Outcomes};
use crate::rates::{Alarm, Level, Rate, Subject};
use crate::report::{NamedRow, OurFault, Report};

/// How many rows long tables have on the page; the rest is in the CSV files.
const SHOWN_ROWS: usize = 100;

/// A part of the page with a heading of its own.
pub(super) struct Section {
    /// What links lead to.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) content: Markup,
}

/// Those that a report has, in order.
pub(super) fn of(report: &Report) -> Vec<Section> {
    let section = |id, title, content| Section { id, title, content };
    vec![
        section("overview", "At a glance", overview(report)),
        section("days", "Day by day", days(report)),
        section("reasons", "Why", reasons(report)),
        section("our-side", "What is ours to mend", our_faults(&report.our_faults)),
        section("providers", "Who refuses, and why", heat(report)),
        section("campaigns", "Campaigns", campaigns(report)),
        section("places", "Lists, domains, accounts", places(report)),
        section("contacts", "Contacts", contacts(report)),
        section("suppressed", "Newly suppressed", suppressed(report)),
        section("to-do", "To look at", to_do(report)),
    ]
}

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

/// The groups that charts show: what calls for something to be done.
const CHARTED: [Group; 6] = [
    Group::Hard,
    Group::Soft,
    Group::Unknown,
    Group::Blocked,
    Group::Complaints,
    Group::Unsubscribes,
];

fn overview(report: &Report) -> Markup {
    html! {
        @if report.alarms.is_empty() {
            div.note { p { "No rate calls for attention" @if !report.knows_sent() { ": nobody said how much was sent, so there are no rates" } "." } }
        }
        @for alarm in &report.alarms { (told(alarm)) }
        dl.cards {
            @for group in CHARTED {
                div { dt { (group.name()) } dd { (grouped(report.totals.of_group(group))) } }
            }
            div { dt { "newly suppressed" } dd { (grouped(report.contacts.newly_suppressed)) } }
            div { dt { "suppressed in all" } dd { (grouped(report.contacts.suppressed)) } }
        }
    }
}

fn told(alarm: &Alarm) -> Markup {
    let (class, word) = match alarm.rate.level {
        Level::Alarm => ("alarm", "Alarm"),
        Level::Warning | Level::Fine => ("warning", "Warning"),
    };
    html! {
        div class={ "note " (class) } {
            p {
                strong { (word) ": " } (subject(&alarm.subject)) ": " (alarm.rate) " " (alarm.measure.verb())
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
        (kind, Some(name)) => html! { (kind) " " bdi { (name) } },
    }
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn days(report: &Report) -> Markup {
    let columns: Vec<_> = report
        .days
        .iter()
        .map(|row| {
            let part = |group| charts::Part {
                class: class(group),
                count: row.outcomes.of_group(group),
            };
            (row.day.to_string(), CHARTED.map(part).into_iter().collect())
        })
        .collect();
    html! {
        figure {
            (charts::columns("chart-days", "What came back, day by day", &columns))
            ul.legend { @for group in CHARTED { li { (charts::swatch(class(group))) (group.name()) } } }
        }
        details {
            summary { "The numbers" }
            div.wide { table {
                caption { "What came back, day by day" }
                thead { tr { th scope="col" { "Day" } @for group in CHARTED { th.number scope="col" { (group.name()) } } th.number scope="col" { "other" } } }
                tbody { @for row in &report.days { tr {
                    th scope="row" { (row.day) }
                    @for group in CHARTED { td.number { (grouped(row.outcomes.of_group(group))) } }
                    td.number { (grouped(row.outcomes.of_group(Group::Other))) }
                } } }
            } }
        }
    }
}

fn reasons(report: &Report) -> Markup {
    let Some(greatest) = report.reasons.first().map(|row| row.count) else {
        return nothing("No delivery failed.");
    };
    html! {
        div.wide { table {
            caption { "Reasons of failed deliveries, the most frequent first" }
            thead { tr { th scope="col" { "Reason" } th.number scope="col" { "Failures" } th scope="col" { "Share of the greatest" } } }
            tbody { @for row in &report.reasons { tr {
                th scope="row" { code { (row.reason) } }
                td.number { (grouped(row.count)) }
                td.track { (charts::bar(row.count, greatest)) }
            } } }
        } }
    }
}

fn our_faults(faults: &[OurFault]) -> Markup {
    if faults.is_empty() {
        return nothing("Nobody refused your mail for a reason of yours.");
    }
    html! {
        p { "These refusals are about you, not about the recipients. They never count against a contact; they go on until you mend what is behind them." }
        @for fault in faults {
            div.note {
                h3 { (sentence(fault.advice.what)) " " span.quiet { (grouped(fault.count)) " × " code { (fault.reason) } } }
                p { (sentence(fault.advice.todo)) }
                @if !fault.providers.is_empty() {
                    p { "Refused by " @for (index, (name, count)) in fault.providers.iter().enumerate() {
                        @if index > 0 { ", " } bdi { (name) } " (" (grouped(*count)) ")"
                    } "." }
                }
                @if !fault.blocklists.is_empty() {
                    p { "Blocklists: " @for (index, list) in fault.blocklists.iter().enumerate() {
                        @if index > 0 { ", " } a href=(list.url) rel="noreferrer noopener" { (list.name) }
                    } "." }
                }
                @for words in &fault.words { blockquote { bdi { (words) } } }
            }
        }
    }
}

/// How dark a cell is, of five.
fn heat_class(count: u64, greatest: u64) -> Option<String> {
    (count > 0).then(|| format!("heat-{}", (count * 5).div_ceil(greatest.max(1)).clamp(1, 5)))
}

fn heat(report: &Report) -> Markup {
    let reasons: Vec<Reason> = report.reasons.iter().map(|row| row.reason).take(12).collect();
    let Some(greatest) = report.heat.iter().flat_map(|row| row.reasons.values()).max() else {
        return nothing("No delivery failed.");
    };
    html! {
        div.wide { table.heat {
            caption { "Failures by mailbox provider (by domain where the provider is not known) and reason" }
            thead { tr { th scope="col" { "Provider" } @for reason in &reasons { th scope="col" { (reason) } } } }
            tbody { @for row in &report.heat { tr {
                th scope="row" { bdi { (row.provider) } }
                @for reason in &reasons {
                    @let count = row.reasons.get(reason).copied().unwrap_or_default();
                    td class=[heat_class(count, *greatest)] { @if count > 0 { (grouped(count)) } }
                }
            } } }
        } }
    }
}

fn campaigns(report: &Report) -> Markup {
    if report.campaigns.is_empty() {
        return nothing("No mail that came back names a campaign.");
    }
    html! {
        @if !report.knows_sent() {
            p.quiet { "There are rates once you say how much was sent: " code { "rebound campaigns sent NAME COUNT" } "." }
        }
        (named("Campaigns, the most frequent first", "Campaign", &report.campaigns))
    }
}

fn places(report: &Report) -> Markup {
    html! {
        @for (caption, head, rows) in [
            ("Mailing lists", "List", &report.lists),
            ("Domains of recipients", "Domain", &report.domains),
            ("Accounts that mail came in through", "Account", &report.accounts),
        ] {
            @if rows.is_empty() { (nothing(&format!("{caption}: none."))) } @else { (named(caption, head, rows)) }
        }
    }
}

fn named(caption: &str, head: &str, rows: &[NamedRow]) -> Markup {
    let cell = |rate: Option<Rate>| {
        let class = rate.and_then(|rate| match rate.level {
            Level::Fine => None,
            Level::Warning => Some("level-warning"),
            Level::Alarm => Some("level-alarm"),
        });
        html! { td.number { @if let Some(rate) = rate { span class=[class] { (rate) } } } }
    };
    html! {
        div.wide { table {
            caption { (caption) }
            thead { tr {
                th scope="col" { (head) }
                th.number scope="col" { "sent" } th.number scope="col" { "failed" } th.number scope="col" { "bounce rate" }
                th.number scope="col" { "complaints" } th.number scope="col" { "complaint rate" }
                th.number scope="col" { "hard" } th.number scope="col" { "blocked" } th scope="col" { "mostly" }
            } }
            tbody { @for row in rows { tr {
                th scope="row" { @match &row.name { Some(name) => bdi { (name) }, None => span.quiet { "all others" } } }
                td.number { @if let Some(sent) = row.sent { (grouped(sent)) } }
                td.number { (grouped(row.outcomes.failed())) }
                (cell(row.bounces))
                td.number { (grouped(row.outcomes.of(Category::Complaint))) }
                (cell(row.complaints))
                td.number { (grouped(row.of(Group::Hard))) }
                td.number { (grouped(row.of(Group::Blocked))) }
                td { (mostly(&row.outcomes)) }
            } } }
        } }
    }
}

fn mostly(outcomes: &Outcomes) -> Markup {
    html! { @if let Some(reason) = outcomes.main_reason() { code { (reason) } } }
}

fn contacts(report: &Report) -> Markup {
    let numbers = &report.contacts;
    let days: Vec<_> = report
        .days
        .iter()
        .map(|row| (row.day.to_string(), row.suppressed_in_all))
        .collect();
    let greatest = numbers.streaks.values().copied().max().unwrap_or_default();
    html! {
        dl.cards {
            @for (what, count) in [
                ("known", numbers.known), ("may be mailed", numbers.active), ("suppressed", numbers.suppressed), ("held", numbers.held),
            ] { div { dt { (what) } dd { (grouped(count)) } } }
        }
        @if numbers.held > 0 {
            div.note.warning { p { "Suppressions are held because one day's mail would have suppressed more than usual: " code { "rebound contacts held" } " lists them." } }
        }
        h3 { "Suppressed contacts over time" }
        figure { (charts::line("chart-suppressed", "Suppressed contacts at the end of each day, of those who still are", &days)) }
        details { summary { "The numbers" } div.wide { table {
            caption { "Suppressed contacts at the end of each day, of those who still are" }
            thead { tr { th scope="col" { "Day" } th.number scope="col" { "that day" } th.number scope="col" { "in all" } } }
            tbody { @for row in &report.days { tr { th scope="row" { (row.day) } td.number { (grouped(row.suppressed)) } td.number { (grouped(row.suppressed_in_all)) } } } }
        } } }
        h3 { "On the way to being suppressed" }
        @if numbers.streaks.is_empty() { (nothing("No contact that may be mailed has failed lately.")) } @else {
            div.wide { table {
                caption { "Contacts that may be mailed, by how often in a row mail to them failed" }
                thead { tr { th scope="col" { "Failures in a row" } th.number scope="col" { "Contacts" } th scope="col" { "Share of the greatest" } } }
                tbody { @for (streak, count) in &numbers.streaks { tr {
                    th scope="row" { (streak) } td.number { (grouped(*count)) } td.track { (charts::bar(*count, greatest)) }
                } } }
            } }
        }
    }
}

fn suppressed(report: &Report) -> Markup {
    if report.suppressed.is_empty() {
        return nothing("Nobody was suppressed in this period.");
    }
    html! {
        div.wide { table {
            caption { "The latest first" @if report.contacts.newly_suppressed > SHOWN_ROWS as u64 { "; " (SHOWN_ROWS) " of " (grouped(report.contacts.newly_suppressed)) } }
            thead { tr { th scope="col" { "Contact" } th scope="col" { "When" } th scope="col" { "Cause" } th scope="col" { "Reason" } th scope="col" { "In the server's words" } } }
            tbody { @for row in report.suppressed.iter().take(SHOWN_ROWS) { tr {
                th scope="row" { bdi { (row.address) } }
                td { (when(row.at)) }
                td { (row.cause) }
                td { @if let Some(reason) = row.reason { code { (reason) } } }
                td { @if let Some(words) = &row.diagnostic { bdi { (words) } } }
            } } }
        } }
    }
}

fn to_do(report: &Report) -> Markup {
    if report.misspelt.is_empty() && report.moved.is_empty() && report.unrecognised.is_empty() {
        return nothing("Nothing: no address moved, no domain looks misspelt, every message was recognised.");
    }
    html! {
        @if !report.misspelt.is_empty() {
            h3 { "Probably misspelt" }
            div.wide { table {
                caption { "Domains that do not exist and are one letter from one that does; " code { "rebound contacts correct" } " moves a contact" }
                thead { tr { th scope="col" { "Domain" } th scope="col" { "Probably" } th.number scope="col" { "Contacts" } } }
                tbody { @for row in &report.misspelt { tr { th scope="row" { bdi { (row.domain) } } td { (row.meant) } td.number { (grouped(row.contacts)) } } } }
            } }
        }
        @if !report.moved.is_empty() {
            h3 { "Announced new addresses" }
            div.wide { table {
                caption { "The latest first. Anybody can write such a message: ask before you believe it" }
                thead { tr { th scope="col" { "Contact" } th scope="col" { "New address" } th scope="col" { "When" } } }
                tbody { @for row in report.moved.iter().take(SHOWN_ROWS) { tr { th scope="row" { bdi { (row.address) } } td { bdi { (row.new_address) } } td { (when(row.at)) } } } }
            } }
        }
        @if !report.unrecognised.is_empty() {
            h3 { "Not recognised" }
            div.wide { table {
                caption { "The latest messages that are none of what comes back" }
                thead { tr { th scope="col" { "When" } th scope="col" { "Account" } th scope="col" { "Message" } } }
                tbody { @for row in &report.unrecognised { tr {
                    td { (when(row.at)) }
                    td { @if let Some(account) = &row.account { bdi { (account) } } }
                    td { @if let Some(key) = &row.object_key { code { (key) } } }
                } } }
            } }
        }
    }
}

fn when(at: Moment) -> Markup {
    let shown = at.to_string();
    let minute = shown.get(..16).unwrap_or(&shown).replace('T', " ");
    html! { time datetime=(shown) { (minute) } }
}

fn nothing(text: &str) -> Markup {
    html! { p.quiet { (text) } }
}
