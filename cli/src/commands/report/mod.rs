//! `rebound report`: why mail comes back, and whom to stop mailing.

mod terminal;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use rebound_report::{Level, Period, Report, Selection, page, sheets};
use rebound_reporter::Step;

use super::Outcome;
use crate::args::{FailOn, ReportArgs, SummaryFormat};
use crate::clock;
use crate::complaints::{Hinted, say};
use crate::output::{prose_width, replace_file};
use crate::place::Place;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// Prints the report, and writes it where it is wanted.
pub(super) async fn report(place: &Place, args: ReportArgs) -> Result<Outcome> {
    let now = clock::now();
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let until = args.until.unwrap_or(today);
    let period = match args.since {
        Some(since) if since > until => bail!(Hinted::new(
            format!("--since {since} is after the last day, {until}"),
            "--until says the last day, which is today otherwise"
        )),
        Some(since) => Period { since, until },
        None => Period::ending(until, args.days),
    };
    let selection = Selection {
        list: args.list,
        account: args.account,
        campaign: args.campaign,
        domain: args.domain.map(|domain| domain.to_ascii_lowercase()),
        ..Selection::all(period)
    };
    let workspace = Workspace::open(place).await?;
    let progress = Progress::of("events and contacts", None);
    let reading = rebound_reporter::report(workspace.contacts(), selection, today.max(until), |step| {
        let (Step::Events(count) | Step::Contacts(count)) = step;
        progress.advance(count);
    });
    let report = Box::pin(reading).await?;
    drop(progress);
    workspace.close().await?;

    if let Some(file) = &args.html {
        replace_file(file, page(&report, now).as_bytes()).with_context(|| format!("writing {}", file.display()))?;
        say("note", format!("the page is in {}", file.display()));
    }
    if let Some(folder) = &args.csv {
        write_sheets(&report, folder).with_context(|| format!("writing into {}", folder.display()))?;
        say("note", format!("the numbers are in {}", folder.display()));
    }
    let mut out = io::stdout().lock();
    match args.format {
        SummaryFormat::Table => out.write_all(terminal::render(&report, place, prose_width()).as_bytes())?,
        SummaryFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &report)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(judged(&report, args.fail_on))
}

fn write_sheets(report: &Report, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for sheet in sheets(report) {
        replace_file(&folder.join(sheet.name).with_extension("csv"), sheet.csv().as_bytes())?;
    }
    Ok(())
}

/// Whether the rates are good enough.
fn judged(report: &Report, fail_on: Option<FailOn>) -> Outcome {
    let limit = match fail_on {
        None => return Outcome::Done,
        Some(FailOn::Warning) => Level::Warning,
        Some(FailOn::Alarm) => Level::Alarm,
    };
    let bad: Vec<_> = report.alarms.iter().filter(|alarm| alarm.rate.level >= limit).collect();
    for alarm in &bad {
        say("error", terminal::told(alarm));
    }
    if bad.is_empty() {
        Outcome::Done
    } else {
        Outcome::Incomplete
    }
}
