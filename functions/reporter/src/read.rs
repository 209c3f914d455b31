//! Reading what a report is made of.

use std::iter::successors;
use std::ops::Range;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use futures::future::try_join;
use futures::stream::{self, BoxStream, Stream};
use futures::{StreamExt, TryStreamExt};
use jiff::ToSpan;
use jiff::civil::Date;
use rebound_contacts::repository::{ReadError, Repository};
use rebound_contacts::{ContactBrief, Event};
use rebound_report::{ContactTally, Report, Selection, Tally};
use tokio::sync::mpsc;

/// Events handed over in one go.
const CHUNK: usize = 1_000;

/// Chunks that may be read ahead: enough to read while others are counted, and little memory.
const AHEAD: usize = 4;

/// The hours of a day that are read in one go, the latest first: short enough that the next ones are read while these are.
const SLICES: [Range<u8>; 4] = [18..24, 12..18, 6..12, 0..6];

/// Slices read side by side.
const SLICES_AT_ONCE: usize = 3;

/// So much more has been read, for those who watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many events.
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
    watch: impl FnMut(Step) + Send,
) -> Result<Report, ReadError> {
    let mut tally = Tally::new(selection.clone(), contacts.sent().try_collect::<Vec<_>>().await?);
    let mut in_short = ContactTally::of(&selection);
    // Both are told of, but only one at a time.
    let watch = Mutex::new(watch);
    let tell = |step| (watch.lock().unwrap_or_else(PoisonError::into_inner))(step);
    let count_events = |events: &[Event]| {
        tell(Step::Events(events.len() as u64));
        for event in events {
            tally.add(event);
        }
    };
    let count_contacts = async |briefs: &[ContactBrief]| {
        tell(Step::Contacts(briefs.len() as u64));
        for brief in briefs {
            in_short.add(brief);
        }
        Ok::<_, ReadError>(())
    };
    read_all(contacts, (today, selection.period.since), count_events, count_contacts).await?;
    Ok(Report::new(tally, in_short))
}

/// Reads the events of the days from the first of these back to the second, the latest first, and all contacts in short;
/// gives out many at a time, and reads some while others are taken.
pub(crate) async fn read_all<E: From<ReadError>>(
    contacts: &Repository,
    (from, back_to): (Date, Date),
    mut take_events: impl FnMut(&[Event]),
    mut take_contacts: impl AsyncFnMut(&[ContactBrief]) -> Result<(), E>,
) -> Result<(), E> {
    let events = async {
        let mut chunks = pin!(events(contacts, from, back_to));
        while let Some(chunk) = chunks.try_next().await? {
            take_events(&chunk);
        }
        Ok(())
    };
    let briefs = async {
        let mut chunks = pin!(read_ahead(contacts.clone(), |contacts| contacts.briefs().boxed()));
        while let Some(chunk) = chunks.try_next().await? {
            take_contacts(&chunk).await?;
        }
        Ok(())
    };
    try_join(events, briefs).await.map(|_| ())
}

/// The events of the days from `from` back to `back_to`, the latest first.
fn events(contacts: &Repository, from: Date, back_to: Date) -> impl Stream<Item = Result<Vec<Event>, ReadError>> {
    let days = successors(Some(from), |day| day.checked_sub(1.day()).ok()).take_while(move |day| *day >= back_to);
    let slices = days.flat_map(|day| SLICES.map(|hours| (day, hours)));
    stream::iter(slices)
        .map(|(day, hours)| {
            let slice = read_ahead(contacts.clone(), move |contacts| contacts.events_on(day, hours).boxed());
            std::future::ready(slice)
        })
        .buffered(SLICES_AT_ONCE)
        .flatten()
}

/// Reads in a task of its own, some chunks ahead of whoever takes them.
fn read_ahead<T: Send + 'static>(
    contacts: Repository,
    read: impl FnOnce(&Repository) -> BoxStream<'_, Result<T, ReadError>> + Send + 'static,
) -> impl Stream<Item = Result<Vec<T>, ReadError>> {
    let (give, mut chunks) = mpsc::channel(AHEAD);
    let reader = tokio::spawn(async move {
        let mut stream = read(&contacts).try_chunks(CHUNK);
        while let Some(chunk) = stream.next().await {
            // Nobody listening means that nobody wants to know any more.
            if give.send(chunk.map_err(|failed| failed.1)).await.is_err() {
                return;
            }
        }
    });
    let given = stream::poll_fn(move |context| chunks.poll_recv(context));
    // A reader that panics gives no end that can be trusted.
    let end = stream::once(reader).filter_map(|ended| async {
        if let Err(failed) = ended
            && let Ok(panic) = failed.try_into_panic()
        {
            resume_unwind(panic);
        }
        None
    });
    given.chain(end)
}
