//! The report on a terminal.

use std::fmt::Write;

use rebound_classify::{Category, Reason};
use rebound_report::{Alarm, Group, NamedRow, Rate, Report};

use crate::output::{self, Align, Table, printable};
use crate::place::Place;

/// How many rows each table has here; pages and CSV files have more.
const ROWS: usize = 8;

/// How many days a trend shows, one column each; longer periods are drawn together.
const TREND_COLUMNS: usize = 60;

/// The groups that have a line each.
const GROUPS: [Group; 7] = Group::ALL;

/// Everything, at most `width` columns wide.
pub(super) fn render(report: &Report, place: &Place, width: usize) -> String {
    let period = report.selection.period;
    let mut text = format!(
        "Returned mail from {} to {}{}\n",
        period.since,
        period.until,
        narrowed(report)
    );
    if report.alarms.is_empty() {
        if !report.knows_sent() {
            let _ = writeln!(
                text,
                "\nNo rates: nobody has said how much was sent (`{} campaigns sent NAME COUNT`).",
                place.command()
            );
        }
    } else {
        text.push('\n');
        for alarm in &report.alarms {
            let level = alarm.rate.level.to_string().to_uppercase();
            let _ = writeln!(text, "{}: {}", output::paint_word(&level, 0), told(alarm));
        }
    }
    section(&mut text, "What came back, day by day", totals(report), width);
    section(&mut text, "Why deliveries failed", reasons(report), width);
    section(
        &mut text,
        "Providers",
        named("PROVIDER", &report.providers, false),
        width,
    );
    let rates = report.campaigns.iter().any(|row| row.sent.is_some());
    section(
        &mut text,
        "Campaigns",
        named("CAMPAIGN", &report.campaigns, rates),
        width,
    );
    section(&mut text, "Accounts", named("ACCOUNT", &report.accounts, false), width);
    our_side(&mut text, report, width);
    contacts(&mut text, report, width);
    to_do(&mut text, report, place, width);
    text
}

/// An alarm on one line.
pub(super) fn told(alarm: &Alarm) -> String {
    let what = alarm.measure.verb();
    let Rate { count, sent, .. } = alarm.rate;
    let mostly = alarm
        .main_reason
        .map(|reason| format!(", mostly {reason}"))
        .unwrap_or_default();
    let line = format!(
        "{}: {} {what} ({count} of {sent}){mostly}; {}",
        alarm.subject, alarm.rate, alarm.likely_cause
    );
    printable(&line).into_owned()
}

fn narrowed(report: &Report) -> String {
    let selection = &report.selection;
    let mut text = String::new();
    for (what, name) in [
        ("list", &selection.list),
        ("account", &selection.account),
        ("campaign", &selection.campaign),
        ("domain", &selection.domain),
    ] {
        if let Some(name) = name {
            let _ = write!(text, ", {what} {}", printable(name));
        }
    }
    text
}

fn section(text: &mut String, title: &str, table: Option<Table>, width: usize) {
    let Some(table) = table else { return };
    let _ = write!(text, "\n{}\n{}", output::title(title), table.render(width));
}

fn totals(report: &Report) -> Option<Table> {
    let mut table = Table::new([("", Align::Right), ("", Align::Left), ("", Align::Left)]).indented();
    let mut any = false;
    for group in GROUPS {
        let count = report.totals.of_group(group);
        if count > 0 {
            let days: Vec<u64> = report.days.iter().map(|row| row.outcomes.of_group(group)).collect();
            table.row([count.to_string().as_str(), group.name(), sparkline(&days).as_str()]);
            any = true;
        }
    }
    any.then_some(table)
}

/// Counts as blocks of eight heights, as many as fit; nothing is a dot.
fn sparkline(counts: &[u64]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let together = counts.len().div_ceil(TREND_COLUMNS).max(1);
    let columns: Vec<u64> = counts.chunks(together).map(|days| days.iter().sum()).collect();
    let greatest = columns.iter().copied().max().unwrap_or(0).max(1);
    let block = |count: u64| {
        let height = usize::try_from((count * 8).div_ceil(greatest)).unwrap_or(BLOCKS.len());
        let top = height.checked_sub(1).and_then(|index| BLOCKS.get(index));
        top.copied().unwrap_or('·')
    };
    columns.into_iter().map(block).collect()
}

fn reasons(report: &Report) -> Option<Table> {
    let greatest = report.reasons.first()?.count;
    let mut table = Table::new([("", Align::Right), ("", Align::Left), ("", Align::Left)]).indented();
    for row in report.reasons.iter().take(ROWS) {
        let bar = usize::try_from((row.count * 30).div_ceil(greatest.max(1))).unwrap_or(30);
        table.row([
            row.count.to_string().as_str(),
            row.reason.as_str(),
            "█".repeat(bar).as_str(),
        ]);
    }
    Some(table)
}

fn named(heading: &str, rows: &[NamedRow], rates: bool) -> Option<Table> {
    if rows.is_empty() {
        return None;
    }
    let mut columns = vec![(heading, Align::Left)];
    if rates {
        columns.extend([
            ("SENT", Align::Right),
            ("BOUNCED", Align::Right),
            ("COMPLAINED", Align::Right),
        ]);
    }
    columns.extend([
        ("FAILED", Align::Right),
        ("HARD", Align::Right),
        ("BLOCKED", Align::Right),
        ("COMPLAINTS", Align::Right),
        ("MOSTLY", Align::Left),
    ]);
    let mut table = Table::new(columns).indented();
    for row in rows.iter().take(ROWS) {
        let mut cells = vec![row.name.clone().unwrap_or_else(|| "all others".to_owned())];
        if rates {
            let shown = |rate: Option<Rate>| rate.map(|rate| rate.to_string()).unwrap_or_default();
            let sent = row.sent.map(|sent| sent.to_string()).unwrap_or_default();
            cells.extend([sent, shown(row.bounces), shown(row.complaints)]);
        }
        let reason = row.outcomes.main_reason();
        cells.extend([
            row.outcomes.failed().to_string(),
            row.of(Group::Hard).to_string(),
            row.of(Group::Blocked).to_string(),
            row.outcomes.of(Category::Complaint).to_string(),
            reason.map(|reason| reason.to_string()).unwrap_or_default(),
        ]);
        table.row(cells.iter().map(String::as_str));
    }
    Some(table)
}

fn our_side(text: &mut String, report: &Report, width: usize) {
    if report.our_faults.is_empty() {
        return;
    }
    text.push_str("\nOurs to mend (never counts against a contact)\n");
    for fault in report.our_faults.iter().take(ROWS) {
        let lists: Vec<_> = fault
            .blocklists
            .iter()
            .map(|list| format!("{} ({})", list.name, list.url))
            .collect();
        let providers: Vec<_> = fault
            .providers
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        let _ = writeln!(text, "  {} × {}: {}", fault.count, fault.reason, fault.advice.what);
        let mut lines = vec![("do", fault.advice.todo.to_owned()), ("who", providers.join(", "))];
        lines.push(("lists", lists.join(", ")));
        lines.push(("words", fault.words.first().cloned().unwrap_or_default()));
        let mut table = Table::new([("", Align::Left), ("", Align::Left), ("", Align::Left)]);
        for (what, line) in lines.iter().filter(|(_, line)| !line.is_empty()) {
            table.row(["  ", what, line.as_str()]);
        }
        text.push_str(&table.render(width));
    }
}

fn contacts(text: &mut String, report: &Report, width: usize) {
    let numbers = &report.contacts;
    let mut table = Table::new([("", Align::Right), ("", Align::Left), ("", Align::Left)]).indented();
    let before: Vec<u64> = report.days.iter().map(|row| row.suppressed).collect();
    for (count, what, trend) in [
        (
            numbers.newly_suppressed,
            "newly suppressed".to_owned(),
            sparkline(&before),
        ),
        (numbers.suppressed, "suppressed in all".to_owned(), String::new()),
        (numbers.held, "held until somebody looks".to_owned(), String::new()),
        (numbers.active, "may be mailed".to_owned(), String::new()),
    ] {
        table.row([count.to_string().as_str(), what.as_str(), trend.as_str()]);
    }
    for (streak, count) in &numbers.streaks {
        let what = format!("failed {streak} in a row");
        table.row([count.to_string().as_str(), what.as_str(), ""]);
    }
    section(text, "Contacts", Some(table), width);
    if report.suppressed.is_empty() {
        return;
    }
    let mut table = Table::new([("", Align::Left); 5]).indented();
    for contact in report.suppressed.iter().take(ROWS) {
        table.row([
            contact.address.as_str(),
            contact.at.day().as_str(),
            contact.cause.as_str(),
            contact.reason.map(Reason::as_str).unwrap_or_default(),
            contact.diagnostic.as_deref().unwrap_or_default(),
        ]);
    }
    section(text, "Newly suppressed, the latest first", Some(table), width);
    more(text, numbers.newly_suppressed, report.suppressed.len());
}

/// What the table does not show.
fn more(text: &mut String, all: u64, known: usize) {
    let shown = known.min(ROWS) as u64;
    if all > shown {
        let _ = writeln!(text, "  … and {} more", all - shown);
    }
}

fn to_do(text: &mut String, report: &Report, place: &Place, width: usize) {
    let rebound = place.command();
    let mut table = Table::new([("", Align::Left); 3]).indented();
    let mut any = false;
    for row in report.misspelt.iter().take(ROWS) {
        let probably = format!("probably {}", row.meant);
        table.row([
            row.domain.as_str(),
            probably.as_str(),
            format!("{} contacts", row.contacts).as_str(),
        ]);
        any = true;
    }
    for row in report.moved.iter().take(ROWS) {
        table.row([row.address.as_str(), "says it is now", row.new_address.as_str()]);
        any = true;
    }
    section(text, "Misspelt domains and new addresses", any.then_some(table), width);
    if let Some(newest) = report.unrecognised.first() {
        let _ = writeln!(
            text,
            "\n{} messages were not recognised, the latest on {}; `{rebound} report --html FILE` names them",
            report.totals.of(Category::Unrecognised),
            newest.at.day()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_is_as_high_as_its_greatest_day_and_no_longer_than_a_line() {
        for (counts, line) in [
            (vec![0, 1, 4, 8], "·▁▄█"),
            (vec![0, 0], "··"),
            (vec![1_000, 1], "█▁"),
            (vec![], ""),
        ] {
            assert_eq!(sparkline(&counts), line);
        }
        assert_eq!(sparkline(&[1; 100]), "█".repeat(50));
    }
}
