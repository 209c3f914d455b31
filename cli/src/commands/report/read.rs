//! Reading what a report is made of.

use anyhow::Result;
use futures::{StreamExt, TryStreamExt};
use jiff::ToSpan;
use jiff::civil::Date;
use rebound_contacts::repository::{ReadError, Repository};
use rebound_contacts::{Event, Sent};
use rebound_report::{ContactTally, Report, Selection, Tally};
use tokio::sync::mpsc;

use crate::progress::Progress;

/// Events handed over in one go.
const CHUNK: usize = 1_000;

/// Chunks that may be read ahead: enough to read while others are counted, and little memory.
const AHEAD: usize = 4;

/// Reads the events from `today` back to the first day of the period, the latest first, and all contacts.
pub(super) async fn report(contacts: &Repository, selection: Selection, today: Date) -> Result<Report> {
    let progress = Progress::of("events", None);
    let sent: Vec<Sent> = contacts.sent().try_collect().await?;
    let mut tally = Tally::new(selection.clone(), sent);
    let (give, mut chunks) = mpsc::channel(AHEAD);
    let reader = tokio::spawn(read_events(contacts.clone(), today, selection.period.since, give));
    while let Some(chunk) = chunks.recv().await {
        let chunk: Vec<Event> = chunk?;
        progress.advance(chunk.len() as u64);
        for event in &chunk {
            tally.add(event);
        }
    }
    reader.await?;
    drop(progress);

    let progress = Progress::of("contacts", None);
    let mut in_short = ContactTally::of(&selection);
    let mut briefs = std::pin::pin!(contacts.briefs());
    while let Some(brief) = briefs.try_next().await? {
        progress.advance(1);
        in_short.add(&brief);
    }
    Ok(Report::new(tally, in_short))
}

async fn read_events(
    contacts: Repository,
    from: Date,
    back_to: Date,
    give: mpsc::Sender<Result<Vec<Event>, ReadError>>,
) {
    let mut day = from;
    while day >= back_to {
        let mut chunks = std::pin::pin!(contacts.events_on(day).try_chunks(CHUNK));
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|failed| failed.1);
            let is_last = chunk.is_err();
            // Nobody listening means that an error has been passed on.
            if give.send(chunk).await.is_err() || is_last {
                return;
            }
        }
        let Ok(before) = day.checked_sub(1.day()) else { return };
        day = before;
    }
}
