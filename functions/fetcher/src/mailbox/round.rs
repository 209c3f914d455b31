//! One session of a run: fetching, storing, and dealing with what is stored, all at the same time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rebound_accounts::Account;
use rebound_archive::{ArchiveError, FoundAs, Provenance, RawMessage, Stored};
use rebound_classify::{Category, Classifier};
use rebound_mailbox::server::{After, Applied, Delivery, ErrorKind, Listed, Listing, MessageRef, UidValidity};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinSet, spawn_blocking};

use super::ledger::{Due, Ledger};
use super::run::{Name, Run};
use super::{Attempt, Errand, FetchError, MAX_NAMED, MailboxStep, Oversized, Stopped, Worker};
use crate::Store;
use crate::budget::{part_of, unwind};
use crate::mailboxes::{Cursor, MAX_KEPT_OVERSIZED, MailboxesError, UidlSet};

/// How many bytes of messages are asked for at a time.
const CHUNK_BYTES: u64 = 8 * 1024 * 1024;

/// So many messages are worth a command of their own while others are still to be fetched.
const DUE_AT_ONCE: usize = 500;

/// After so many messages that could not be archived, the archive is what is broken.
const MAX_UNARCHIVED: u64 = 10;

/// How often what is known of a POP3 mailbox is saved during a run. It is several hundred kilobytes each time, and what
/// is lost with a crash is fetched again.
const SAVE_NAMES_EVERY: Duration = Duration::from_mins(1);

/// A message above this is hashed and judged on a thread that may block.
const LONG_MESSAGE_BYTES: usize = 256 * 1024;

/// One session.
pub(super) struct Round<'r, 'a, S, P> {
    run: &'r mut Run<'a, S, P>,
    worker: Worker,
    ledger: Ledger,
    archiver: Archiver<S>,
    stores: JoinSet<Archived>,
    saved_at: Timestamp,
    /// Whether it only ends what an earlier session has begun.
    only_ends: bool,
}

impl<'r, 'a, S, P> Round<'r, 'a, S, P>
where
    S: Store,
    P: FnMut(MailboxStep<'_>),
{
    /// Does what there is to do, until the deadline at most.
    pub(super) async fn over(run: &'r mut Run<'a, S, P>, worker: Worker, attempt: Attempt) -> Result<(), FetchError> {
        let ledger = run.list(&worker, attempt).await?;
        let archiver = Archiver {
            store: run.fetcher.store.clone(),
            errand: Arc::new(run.errand.clone()),
            classifier: Arc::clone(&run.fetcher.classifier),
            turns: Arc::new(Semaphore::new(run.options.concurrency.max(1))),
            validity: worker.folder.uid_validity,
        };
        let saved_at = run.fetcher.clock.now();
        // Only the end of a POP3 session makes deletions real. When one was lost, the next is kept short.
        let only_ends = attempt == Attempt::Lost && run.uidls.is_some() && !run.archived.is_empty();
        let mut round = Self {
            run,
            worker,
            ledger,
            archiver,
            stores: JoinSet::new(),
            saved_at,
            only_ends,
        };
        let ended = round.work().await;
        // What is archived counts, whatever has ended the work.
        while let Some(archived) = round.stores.join_next().await {
            round.settle(unwind(archived));
        }
        round.note_progress();
        round.run.summary.left = round.ledger.left();
        ended?;
        round.close().await
    }

    async fn work(&mut self) -> Result<(), FetchError> {
        loop {
            while let Some(archived) = self.stores.try_join_next() {
                self.settle(unwind(archived));
            }
            self.await_first_archived().await?;
            self.save_in_passing().await?;
            let chunk = if self.wants_more() {
                self.next_chunk()
            } else {
                Vec::new()
            };
            let due = self.due();
            let enough = due.iter().map(|due| due.messages.len()).sum::<usize>();
            let enough = enough >= DUE_AT_ONCE.min(self.run.options.chunk);
            if enough || (chunk.is_empty() && self.stores.is_empty() && !due.is_empty()) {
                self.apply(due).await?;
            }
            if !chunk.is_empty() {
                self.fetch(chunk).await?;
            } else if let Some(archived) = self.run.hold.during(self.stores.join_next()).await? {
                self.settle(unwind(archived));
            } else if self.due().is_empty() {
                return Ok(());
            }
        }
    }

    /// Fetches no further until the archive has taken one message: one that takes none is found out before mail piles up
    /// in front of it.
    async fn await_first_archived(&mut self) -> Result<(), FetchError> {
        while self.run.summary.new + self.run.summary.already_archived == 0 {
            let Some(archived) = self.run.hold.during(self.stores.join_next()).await? else {
                break;
            };
            self.settle(unwind(archived));
        }
        Ok(())
    }

    /// Whether more messages are to be fetched.
    fn wants_more(&mut self) -> bool {
        let Run { fetcher, options, .. } = &*self.run;
        let stopped = if options.deadline.is_some_and(|deadline| fetcher.clock.now() >= deadline) {
            Stopped::Deadline
        } else if options.most.is_some_and(|most| self.run.asked >= most) {
            Stopped::Enough
        } else if self.run.unarchived >= MAX_UNARCHIVED {
            Stopped::ArchiveFails
        } else if self.only_ends {
            Stopped::ConnectionLost
        } else {
            return true;
        };
        if self.ledger.left() > 0 {
            self.run.summary.stopped = Some(stopped);
        }
        false
    }

    fn next_chunk(&mut self) -> Vec<(usize, Listed)> {
        let most = self.run.options.most.map_or(u64::MAX, |most| most - self.run.asked);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let chunk = self.ledger.next_chunk(self.run.options.chunk.min(most), CHUNK_BYTES);
        self.run.asked += chunk.len() as u64;
        chunk
    }

    async fn fetch(&mut self, chunk: Vec<(usize, Listed)>) -> Result<(), FetchError> {
        let sizes = chunk
            .iter()
            .map(|(_, listed)| usize::try_from(listed.bytes).unwrap_or(usize::MAX));
        let share = self.run.budget.take(sizes);
        let mut share = self.run.hold.during(share).await?;
        let (clock, deadline) = (self.run.fetcher.clock.clone(), self.run.options.deadline);
        let stop = move || deadline.is_some_and(|deadline| clock.now() >= deadline);
        let wanted = chunk.iter().map(|(_, listed)| listed.clone()).collect();
        let (mut deliveries, end) = self.worker.fetch(wanted, Box::new(stop));
        let mut expected = chunk.into_iter();
        while let Some(delivery) = self.run.hold.during(deliveries.recv()).await? {
            let message = match &delivery {
                Delivery::Message { message, .. } | Delivery::Gone(message) | Delivery::Refused { message, .. } => {
                    message
                }
                Delivery::TooLong(listed) => &listed.message,
            };
            // They come in the order in which they were asked for.
            if let Some((index, listed)) = expected.find(|(_, listed)| listed.message == *message) {
                self.take(index, &listed, delivery, &mut share);
            }
        }
        Ok(self.run.hold.during(end).await??)
    }

    fn take(&mut self, index: usize, listed: &Listed, delivery: Delivery, share: &mut Option<OwnedSemaphorePermit>) {
        match delivery {
            Delivery::Message { message, bytes } => {
                let share = part_of(share, bytes.len());
                let now = self.run.fetcher.clock.now();
                let archived = self.archiver.clone().archive(index, message, bytes, now, share);
                self.stores.spawn(archived);
            }
            Delivery::Gone(_) => {
                self.run.summary.gone += 1;
                self.ledger.settled(index);
            }
            Delivery::TooLong(_) => {
                self.run.too_long(listed);
                self.ledger.settled(index);
            }
            Delivery::Refused { message, reason } => {
                self.run.refused(&message, &reason);
                self.ledger.refused(index);
            }
        }
    }

    fn settle(&mut self, archived: Archived) {
        let Archived {
            index,
            message,
            bytes,
            stored,
        } = archived;
        let (stored, after) = match stored {
            Ok(stored) => stored,
            Err(error) => return self.run.unarchived(&message, &error),
        };
        if stored.new {
            self.run.summary.new += 1;
            self.run.summary.new_bytes += bytes;
        } else {
            self.run.summary.already_archived += 1;
        }
        (self.run.step)(MailboxStep::Archived { new: stored.new });
        match (&message, &after) {
            (MessageRef::Uidl { uidl, .. }, After::Keep) => {
                self.run.uidls.get_or_insert_default().insert(uidl);
            }
            (_, After::Keep) => {}
            _ => {
                self.run.archived.insert(Name::from(&message), after.clone());
            }
        }
        self.ledger.archived(index, after);
    }

    /// What is to be done on the server now.
    fn due(&self) -> Vec<Due> {
        if self.run.refused_after.is_some() {
            return Vec::new();
        }
        self.ledger.due(DUE_AT_ONCE)
    }

    async fn apply(&mut self, due: Vec<Due>) -> Result<(), FetchError> {
        for due in due {
            self.run.hold.firm().await?;
            let applied = self.worker.apply(due.messages.clone(), due.after.clone());
            let applied = match self.run.hold.during(applied).await? {
                Err(error) if error.kind == ErrorKind::Unsupported => {
                    self.run.refused_after = Some(error);
                    return Ok(());
                }
                applied => applied?,
            };
            self.ledger.done(&due, applied == Applied::AtClose);
            let count = due.messages.len() as u64;
            let summary = &mut self.run.summary;
            match (applied, &due.after) {
                (Applied::AtClose, _) | (_, After::Keep) => {}
                (Applied::FlaggedOnly, _) => summary.only_flagged += count,
                (Applied::Done, After::Delete) => summary.deleted += count,
                (Applied::Done, After::Move(_)) => summary.moved += count,
                (Applied::Done, After::Seen) => summary.marked_seen += count,
            }
        }
        Ok(())
    }

    /// Saves how far it has come, where that is worth it.
    async fn save_in_passing(&mut self) -> Result<(), MailboxesError> {
        let moved = self.note_progress();
        let now = self.run.fetcher.clock.now();
        let by_names = self.run.uidls.is_some();
        let every = if by_names { SAVE_NAMES_EVERY } else { Duration::ZERO };
        let due = self.saved_at.checked_add(every).is_ok_and(|at| at <= now);
        if let Some(progress) = self.run.progress.as_ref().filter(|_| moved || by_names)
            && due
        {
            self.run.hold.save(progress, self.run.uidls.as_mut()).await?;
            self.saved_at = now;
            return Ok(());
        }
        self.run.hold.keep().await
    }

    /// Takes over how far the ledger says one may go; whether that is further than before.
    fn note_progress(&mut self) -> bool {
        let Some(progress) = &mut self.run.progress else {
            return false;
        };
        let cursor = match (&progress.cursor, &self.run.uidls) {
            (Cursor::Uid { validity, last }, _) => Cursor::Uid {
                validity: *validity,
                last: self.ledger.cursor().max(*last),
            },
            (Cursor::Uidls { .. }, Some(uidls)) => cursor_of(uidls),
            (cursor, None) => cursor.clone(),
        };
        let moved = progress.cursor != cursor;
        progress.cursor = cursor;
        moved
    }

    async fn close(self) -> Result<(), FetchError> {
        let Self {
            run,
            worker,
            mut ledger,
            ..
        } = self;
        match run.hold.during(worker.close()).await? {
            Ok(()) => run.summary.deleted += ledger.closed(),
            Err(error) if ledger.waits_for_close() => return Err(error.into()),
            Err(error) => tracing::debug!(%error, "the session did not end well, which changes nothing"),
        }
        Ok(())
    }
}

impl<S, P> Run<'_, S, P>
where
    S: Store,
    P: FnMut(MailboxStep<'_>),
{
    /// Lists what is new in the open folder.
    async fn list(&mut self, worker: &Worker, attempt: Attempt) -> Result<Ledger, FetchError> {
        let after = match self.progress.as_ref().map(|progress| &progress.cursor) {
            Some(Cursor::Uid { last, .. }) => *last,
            _ => None,
        };
        let listing = Listing {
            after,
            only_unread: self.errand.only_unread,
        };
        let mut listed = self.hold.during(worker.list(listing)).await??;
        self.know_names(&listed);
        let uidls = &self.uidls;
        listed.retain(|listed| match &listed.message {
            // A server that is asked for what comes after the last message answers with the last message.
            MessageRef::Uid(uid) => after.is_none_or(|after| *uid > after),
            MessageRef::Uidl { uidl, .. } => !uidls.as_ref().is_some_and(|known| known.contains(uidl)),
        });
        let archived = &self.archived;
        let ledger = Ledger::new(listed, |message| archived.get(&Name::from(message)).cloned());
        if attempt != Attempt::Lost {
            self.summary.found = ledger.left();
            (self.step)(MailboxStep::Found {
                folder: &worker.folder.name,
                messages: ledger.left(),
            });
        }
        Ok(ledger)
    }

    /// In a mailbox whose messages have names, forgets those that are no longer there.
    fn know_names(&mut self, listed: &[Listed]) {
        let names = listed.iter().filter_map(|listed| match &listed.message {
            MessageRef::Uidl { uidl, .. } => Some(uidl),
            MessageRef::Uid(_) => None,
        });
        let names: Vec<_> = names.collect();
        let by_names = match &self.progress {
            Some(progress) => matches!(progress.cursor, Cursor::Uidls { .. }),
            None => !names.is_empty(),
        };
        if !by_names {
            return;
        }
        let uidls = self.uidls.get_or_insert_default();
        uidls.retain(names);
        let cursor = cursor_of(uidls);
        match &mut self.progress {
            Some(progress) => progress.cursor = cursor,
            None => self.begin(cursor),
        }
        // Each listing shows them again.
        if let Some(progress) = &mut self.progress {
            progress.oversized.clear();
        }
    }

    fn too_long(&mut self, listed: &Listed) {
        let oversized = Oversized {
            message: called(&listed.message),
            bytes: listed.bytes,
        };
        (self.step)(MailboxStep::TooLong(&oversized));
        if let Some(progress) = &mut self.progress
            && progress.oversized.len() < MAX_KEPT_OVERSIZED
        {
            progress.oversized.insert(oversized.message.clone(), oversized.bytes);
        }
        self.summary.oversized += 1;
        if self.summary.oversized_named.len() < MAX_NAMED {
            self.summary.oversized_named.push(oversized);
        }
    }

    fn unarchived(&mut self, message: &MessageRef, error: &ArchiveError) {
        let words = self.failed(message, error);
        self.unarchived += 1;
        self.first_unarchived.get_or_insert((words, error.is_retryable()));
    }

    fn refused(&mut self, message: &MessageRef, reason: &str) {
        let words = self.failed(message, &format_args!("the server does not give it out: {reason}"));
        self.first_refused.get_or_insert(words);
    }

    fn failed(&mut self, message: &MessageRef, reason: &dyn fmt::Display) -> String {
        let words = format!("{}: {reason}", called(message));
        self.summary.failed += 1;
        (self.step)(MailboxStep::Failed(&words));
        if self.summary.failures.len() < MAX_NAMED {
            self.summary.failures.push(words.clone());
        }
        words
    }
}

fn cursor_of(uidls: &UidlSet) -> Cursor {
    Cursor::Uidls {
        chunks: uidls.chunks(),
        known: uidls.len(),
    }
}

/// What the server calls a message, for people.
pub(crate) fn called(message: &MessageRef) -> String {
    match message {
        MessageRef::Uid(uid) => format!("UID {}", uid.0),
        MessageRef::Uidl { uidl, .. } => format!("UIDL {}", uidl.as_str()),
    }
}

/// Hashes, stores and judges messages.
#[derive(Clone)]
struct Archiver<S> {
    store: S,
    errand: Arc<Errand>,
    classifier: Arc<Classifier>,
    /// One for every message that may be stored at a time.
    turns: Arc<Semaphore>,
    validity: Option<UidValidity>,
}

/// What became of a message on its way into the archive.
struct Archived {
    index: usize,
    message: MessageRef,
    bytes: u64,
    /// And what is to be done to it on the server.
    stored: Result<(Stored, After), ArchiveError>,
}

impl<S: Store> Archiver<S> {
    async fn archive(
        self,
        index: usize,
        message: MessageRef,
        bytes: Vec<u8>,
        now: Timestamp,
        share: Option<OwnedSemaphorePermit>,
    ) -> Archived {
        let _turn = self.turns.acquire().await;
        let account: &Account = &self.errand.account;
        let provenance = Provenance {
            found_as: match &message {
                MessageRef::Uid(uid) => FoundAs::Uid {
                    validity: self.validity.map_or(0, |validity| validity.0.get()),
                    uid: uid.0.get(),
                },
                MessageRef::Uidl { uidl, .. } => FoundAs::Uidl(uidl.as_str().to_owned()),
            },
            fetched_at: now,
        };
        let length = bytes.len();
        let raw = anywhere(length, move || RawMessage::new(bytes)).await;
        // Thousands of messages may wait for their turn; what stores one is several times longer than most of them.
        let stored = match Box::pin(self.store.store(account, &raw, &provenance)).await {
            Ok(stored) => Ok((stored, self.after(raw.bytes().clone()).await)),
            Err(error) => Err(error),
        };
        drop((raw, share));
        Archived {
            index,
            message,
            bytes: length as u64,
            stored,
        }
    }

    /// What is to be done to this message. It is judged only where that makes a difference.
    async fn after(&self, message: Bytes) -> After {
        let Errand {
            after, after_others, ..
        } = &*self.errand;
        if after == after_others {
            return after.clone();
        }
        let classifier = Arc::clone(&self.classifier);
        let category = anywhere(message.len(), move || classifier.classify(&message).category).await;
        match category {
            Category::Unrecognised => after_others.clone(),
            _ => after.clone(),
        }
    }
}

/// Does work that takes time with the length of a message where it disturbs nobody.
async fn anywhere<T: Send + 'static>(length: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if length < LONG_MESSAGE_BYTES {
        work()
    } else {
        unwind(spawn_blocking(work).await)
    }
}
