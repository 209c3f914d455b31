//! Notes which messages were sent, and to whom.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::{self, Write};

use anyhow::{Context, Result, anyhow, bail};
use rebound_contacts::repository::Repository;
use rebound_contacts::{LedgerEntry, Moment};
use serde::Serialize;

use super::file::SentFile;
use crate::args::{SentImportArgs, SummaryFormat};
use crate::clock;
use crate::complaints::{BadRows, Hinted, say};
use crate::outcome::Outcome;
use crate::output::{Align, Table, width};
use crate::place::Place;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// How many entries are written at a time: enough for all requests that are under way together.
const BATCH: usize = 1000;

/// Among how many messages those are looked for that went to several recipients: 32 MB of memory.
const MESSAGES_COMPARED: usize = 1 << 20;

/// Reads the whole file, says what is in it, and notes it.
pub(super) async fn import(place: &Place, args: &SentImportArgs) -> Result<Outcome> {
    let refused = || format!("{} was refused", args.file.display());
    let now = clock::now().into();
    let file = SentFile::open(args, now).with_context(refused)?;
    let contents = Contents::read(&file, now).with_context(refused)?;
    if args.format == SummaryFormat::Table {
        print(&contents.told())?;
    }
    if contents.shared > 0 {
        let shared = contents.shared;
        say(
            "warning",
            format!("{shared} of them share their Message-ID with another recipient, and prove nothing"),
        );
        say(
            "hint",
            "give every copy of a message a Message-ID of its own: docs/sent-ledger.md",
        );
    }
    let noted = if args.dry_run {
        None
    } else {
        let workspace = Workspace::open(place).await?;
        let noted = note(&file, &contents, now, workspace.contacts()).await;
        workspace.close().await?;
        Some(noted?)
    };
    match (args.format, noted) {
        (SummaryFormat::Table, Some(noted)) => {
            let days = args.keep_days;
            print(&format!(
                "{noted} noted. Each is forgotten {days} days after it was sent.\n"
            ))?;
        }
        (SummaryFormat::Table, None) => print("Nothing was noted: this was a dry run.\n")?,
        (SummaryFormat::Json, noted) => print_json(&Document { contents, noted })?,
    }
    Ok(Outcome::Done)
}

/// What is in a file.
#[derive(Debug, Default, Serialize)]
struct Contents {
    /// Rows that are noted.
    entries: u64,
    /// Of those, rows whose Message-ID is that of another recipient, too, as far as was looked.
    shared: u64,
    /// Rows about messages so old that they are forgotten already.
    too_old: u64,
    unreadable: u64,
}

/// What is in a file and what came of it, for programs. The keys are stable.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    contents: Contents,
    /// Null after a dry run.
    noted: Option<u64>,
}

impl Contents {
    /// Reads all of it, and names the rows that can't be read.
    fn read(file: &SentFile, now: Moment) -> Result<Self> {
        let progress = Progress::of("rows read", None);
        let mut contents = Self::default();
        let mut bad = BadRows::default();
        let mut recipients = Recipients::default();
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
            match file.entry(&cells) {
                Ok(entry) if entry.is_expired(now) => contents.too_old += 1,
                Ok(entry) => {
                    contents.entries += 1;
                    contents.shared += recipients.sharing(&entry);
                }
                Err(what) => progress.suspend(|| bad.add(line, what, &cells.join(", "))),
            }
        }
        drop(progress);
        contents.unreadable = bad.finish();
        if contents.entries == 0 && contents.too_old == 0 {
            bail!(Hinted::new(
                "no row of it can be used",
                "docs/sent-ledger.md says which columns there are, and what stands in them",
            ));
        }
        Ok(contents)
    }

    fn told(&self) -> String {
        let mut table = Table::new([("", Align::Right), ("", Align::Left)]).indented();
        for (count, what) in [
            (self.entries, "messages to one recipient each"),
            (self.too_old, "so old that they are forgotten already: left out"),
            (self.unreadable, "can't be read: left out"),
        ] {
            if count > 0 {
                table.row([count.to_string().as_str(), what]);
            }
        }
        table.render(width())
    }
}

/// Who had each message, in hashes.
#[derive(Debug, Default)]
struct Recipients {
    hasher: BuildHasherDefault<DefaultHasher>,
    /// The first recipient of a message; `None` once there are several.
    first: HashMap<u64, Option<u64>>,
}

impl Recipients {
    /// How many rows more share their Message-ID, now that this one has been seen: two with the second recipient.
    fn sharing(&mut self, entry: &LedgerEntry) -> u64 {
        let message = self.hasher.hash_one(&entry.message_id);
        let recipient = self.hasher.hash_one(&entry.address);
        let has_room = self.first.len() < MESSAGES_COMPARED;
        match self.first.entry(message) {
            Entry::Vacant(_) if !has_room => 0,
            Entry::Vacant(unseen) => {
                unseen.insert(Some(recipient));
                0
            }
            Entry::Occupied(seen) if *seen.get() == Some(recipient) => 0,
            Entry::Occupied(mut seen) => seen.get_mut().take().map_or(1, |_| 2),
        }
    }
}

/// Notes every row that can be read; ends at the first batch that the store does not take.
async fn note(file: &SentFile, contents: &Contents, now: Moment, contacts: &Repository) -> Result<u64> {
    let progress = Progress::of("messages", Some(contents.entries));
    let mut noted = 0;
    let mut rows = file.rows()?;
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let row = rows.next()?;
        let is_last = row.is_none();
        // Those that can't be read were named before.
        let entry = row.and_then(|row| row.ok().and_then(|(_, cells)| file.entry(&cells).ok()));
        batch.extend(entry.filter(|entry| !entry.is_expired(now)));
        if batch.len() >= BATCH || is_last {
            let written = contacts.note_sent_messages(&batch).await;
            written.map_err(|error| {
                anyhow!(error).context(Hinted::new(
                    format!("not all of it was noted, but {noted}"),
                    "run it again: what is noted already stays as it is",
                ))
            })?;
            noted += batch.len() as u64;
            progress.advance(batch.len() as u64);
            batch.clear();
        }
        if is_last {
            return Ok(noted);
        }
    }
}

fn print_json(document: &Document) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, document)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_share_a_message_id_are_counted_all_of_them() {
        let entry = |message_id: &str, address: &str| LedgerEntry {
            message_id: message_id.parse().expect("a Message-ID"),
            address: address.parse().expect("an address"),
            list: None,
            campaign: None,
            sent_at: Moment::from_millis(0),
            expires_at: None,
        };
        let mut recipients = Recipients::default();
        for (message_id, address, expected) in [
            ("1@example.com", "ann@example.com", 0),
            ("2@example.com", "bob@example.com", 0),
            ("1@example.com", "Ann@example.com", 0),
            ("1@example.com", "bob@example.com", 2),
            ("1@example.com", "carol@example.com", 1),
        ] {
            assert_eq!(recipients.sharing(&entry(message_id, address)), expected, "{address}");
        }
    }
}
