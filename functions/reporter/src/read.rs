//! Reading what a report is made of.

use std::panic::resume_unwind;

use futures::{StreamExt, TryStreamExt};
use jiff::ToSpan;
use jiff::civil::Date;
use rebound_contacts::Event;
use rebound_contacts::repository::{ReadError, Repository};
use rebound_report::{ContactTally, Report, Selection, Tally};
use tokio::sync::mpsc;

/// Events handed over in one go.
const CHUNK: usize = 1_000;

/// Chunks that may be read ahead: enough to read while others are counted, and little memory.
const AHEAD: usize = 4;

/// So much more has been read, for those who watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many events. They come first.
    Events(u64),
    /// So many contacts.
    Contacts(u64),
}

/// Reads and counts what a selection is about. `today` is the latest day that may have events: later ones than the
/// period's are read, too, for what they discard.
pub async fn report(
    contacts: &Repository,
    selection: Selection,
    today: Date,
    mut watch: impl FnMut(Step),
) -> Result<Report, ReadError> {
    let mut tally = Tally::new(selection.clone(), contacts.sent().try_collect::<Vec<_>>().await?);
    each_event(contacts, today, selection.period.since, |events| {
        watch(Step::Events(events.len() as u64));
        for event in events {
            tally.add(event);
        }
    })
    .await?;
    let mut in_short = ContactTally::of(&selection);
    let mut briefs = std::pin::pin!(contacts.briefs());
    while let Some(brief) = briefs.try_next().await? {
        watch(Step::Contacts(1));
        in_short.add(&brief);
    }
    Ok(Report::new(tally, in_short))
}

/// Reads the events of the days from `from` back to `back_to`, and gives them to `take`, many at a time, the latest first.
/// Some are read while others are taken.
pub(crate) async fn each_event(
    contacts: &Repository,
    from: Date,
    back_to: Date,
    mut take: impl FnMut(&[Event]),
) -> Result<(), ReadError> {
    let (give, mut chunks) = mpsc::channel(AHEAD);
    let reader = tokio::spawn(read_events(contacts.clone(), from, back_to, give));
    while let Some(chunk) = chunks.recv().await {
        take(&chunk?);
    }
    if let Err(failed) = reader.await
        && let Ok(panic) = failed.try_into_panic()
    {
        resume_unwind(panic);
    }
    Ok(())
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
            // Nobody listening means that an error has been passed on, or that nobody wants to know any more.
            if give.send(chunk).await.is_err() || is_last {
                return;
            }
        }
        let Ok(before) = day.checked_sub(1.day()) else { return };
        day = before;
    }
}
