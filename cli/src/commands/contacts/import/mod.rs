//! Takes over suppression lists of others, and our own.

mod entry;
mod file;
mod layouts;

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::{Context, Result, anyhow, bail};
use rebound_contacts::MessageRecord;
use rebound_contacts::repository::Repository;
use serde::Serialize;

use crate::args::{ImportArgs, SummaryFormat};
use crate::clock;
use crate::complaints::{BadRows, Hinted};
use crate::outcome::Outcome;
use crate::output::{Align, Table, width};
use crate::place::Place;
use crate::progress::Progress;
use crate::workspace::Workspace;
use entry::Reading;
use file::ListFile;

/// How many events are recorded at a time: enough to fill the transactions that are under way together.
const BATCH: usize = 1000;

/// Reads the whole list, says what is in it, and records it.
pub(super) async fn import(place: &Place, args: &ImportArgs) -> Result<Outcome> {
    let refused = || format!("{} was refused", args.file.display());
    let file = ListFile::open(args).with_context(refused)?;
    let workspace = Workspace::open(place).await?;
    let imported = async {
        let reading = Reading::new(&file, args, workspace.contacts().policy(), clock::now().into());
        let reading = reading.with_context(refused)?;
        let contents = Contents::read(&file, &reading).with_context(refused)?;
        let is_table = args.format == SummaryFormat::Table;
        if is_table {
            print(&contents.told(&file))?;
        }
        let mut recorded = Recorded::default();
        let mut result = Ok(());
        if !args.dry_run {
            result = recorded.record(&file, &reading, &contents, workspace.contacts()).await;
        }
        match (is_table, args.dry_run) {
            (true, false) => print(&recorded.told())?,
            (true, true) => print("Nothing was recorded: this was a dry run.\n")?,
            (false, _) => print_json(&Document::new(&file, &contents, (!args.dry_run).then_some(&recorded)))?,
        }
        result
    };
    let imported = imported.await;
    workspace.close().await?;
    imported.map(|()| Outcome::Done)
}

/// What is in a list.
#[derive(Debug, Default)]
struct Contents {
    /// How many events there are of each kind, on each list.
    kinds: BTreeMap<(&'static str, Option<String>), u64>,
    events: u64,
    /// Rows that say of nobody not to mail them.
    idle: u64,
    bad: u64,
}

/// How many lists are told apart.
const LISTS_TOLD: usize = 20;

impl Contents {
    /// Reads all of it, and names the rows that can't be read.
    fn read(file: &ListFile, reading: &Reading<'_>) -> Result<Self> {
        let progress = Progress::of("rows read", None);
        let mut contents = Self::default();
        let mut bad = BadRows::default();
        let mut rows = file.rows()?;
        while let Some(row) = rows.next()? {
            progress.advance(1);
            let (line, cells) = match row {
                Ok(row) => row,
                Err(row) => {
                    progress.suspend(|| bad.add(row.line, row.what, ""));
                    continue;
                }
            };
            match reading.events(&cells) {
                Ok(events) if events.is_empty() => contents.idle += 1,
                Ok(events) => events.iter().for_each(|event| contents.count(event)),
                Err(what) => progress.suspend(|| bad.add(line, what, &cells.join(", "))),
            }
        }
        drop(progress);
        contents.bad = bad.finish();
        if contents.events == 0 {
            bail!(Hinted::new(
                format!("taken for {}, no row of it can be used", file.layout.name),
                "--from says whose list it is; docs/import.md says which columns and words are known",
            ));
        }
        Ok(contents)
    }

    fn count(&mut self, record: &MessageRecord) {
        for event in record.events() {
            self.events += 1;
            let list = event.list.clone().filter(|_| self.kinds.len() < LISTS_TOLD);
            *self.kinds.entry((event.kind.as_str(), list)).or_default() += 1;
        }
    }

    fn told(&self, file: &ListFile) -> String {
        let mut table = Table::new([("", Align::Right), ("", Align::Left)]).indented();
        for ((kind, list), count) in &self.kinds {
            let list = list
                .as_ref()
                .map_or_else(String::new, |list| format!(" from the list {list}"));
            table.row([count.to_string().as_str(), &format!("{kind}{list}")]);
        }
        for (count, what) in [
            (self.idle, "may be mailed: left out"),
            (self.bad, "can't be read: left out"),
        ] {
            if count > 0 {
                table.row([count.to_string().as_str(), what]);
            }
        }
        format!("{}:\n{}", file.layout.name, table.render(width()))
    }
}

/// What became of a list.
#[derive(Debug, Default, Serialize)]
struct Recorded {
    new: u64,
    known: u64,
    suppressed: u64,
    unsubscribed: u64,
}

impl Recorded {
    /// Records every row that can be read; ends at the first that the store does not take.
    async fn record(
        &mut self,
        file: &ListFile,
        reading: &Reading<'_>,
        contents: &Contents,
        contacts: &Repository,
    ) -> Result<()> {
        let progress = Progress::of("rows", Some(contents.events));
        let mut rows = file.rows()?;
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(row) = rows.next()? {
            // Those that can't be read were named before.
            let events = row.ok().and_then(|(_, cells)| reading.events(&cells).ok());
            batch.extend(events.into_iter().flatten());
            if batch.len() >= BATCH {
                self.batch(&mut batch, contacts).await?;
                progress.advance(BATCH as u64);
            }
        }
        self.batch(&mut batch, contacts).await
    }

    async fn batch(&mut self, batch: &mut Vec<MessageRecord>, contacts: &Repository) -> Result<()> {
        let mut failed = None;
        for result in contacts.record(batch).await {
            match result {
                Ok(recorded) => {
                    *if recorded.new { &mut self.new } else { &mut self.known } += 1;
                    for (_, change) in &recorded.changes {
                        self.suppressed += u64::from(change.suppressed.is_some());
                        self.unsubscribed += u64::from(change.unsubscribed.is_some());
                    }
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        batch.clear();
        match failed {
            None => Ok(()),
            Some(error) => Err(anyhow!(error).context(Hinted::new(
                "not all of it was recorded",
                "run it again: what is in already is not counted twice",
            ))),
        }
    }

    fn told(&self) -> String {
        let Self {
            new,
            known,
            suppressed,
            unsubscribed,
        } = self;
        format!(
            "{new} recorded, {known} were in already. Newly suppressed: {suppressed}; newly off a list: {unsubscribed}.\n"
        )
    }
}

/// A list and what came of it, for programs. The keys are stable.
#[derive(Serialize)]
struct Document<'a> {
    /// Whose list it was taken for.
    source: &'static str,
    rows: Vec<RowsOfKind<'a>>,
    events: u64,
    may_be_mailed: u64,
    unreadable: u64,
    /// Null after a dry run.
    recorded: Option<&'a Recorded>,
}

#[derive(Serialize)]
struct RowsOfKind<'a> {
    kind: &'static str,
    list: Option<&'a str>,
    count: u64,
}

impl<'a> Document<'a> {
    fn new(file: &ListFile, contents: &'a Contents, recorded: Option<&'a Recorded>) -> Self {
        let rows = contents.kinds.iter().map(|((kind, list), count)| RowsOfKind {
            kind,
            list: list.as_deref(),
            count: *count,
        });
        Self {
            source: file.layout.name,
            rows: rows.collect(),
            events: contents.events,
            may_be_mailed: contents.idle,
            unreadable: contents.bad,
            recorded,
        }
    }
}

fn print_json(document: &Document<'_>) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, document)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    for line in text.lines() {
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}
