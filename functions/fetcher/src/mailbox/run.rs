//! One run over a mailbox, from the lease to its release.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use rebound_mailbox::server::{After, ErrorKind, MailboxError, MessageRef, OpenFolder, Uid, Uidl};

use super::hold::Hold;
use super::round::Round;
use super::{Attempt, Errand, FetchError, MailboxFetcher, MailboxOptions, MailboxRun, MailboxStep, MailboxSummary};
use super::{Opener, Rescan, Worker};
use crate::Store;
use crate::backoff;
use crate::budget::Budget;
use crate::mailboxes::{Cursor, MailboxState, MailboxesError, Progress, Trouble, UidlSet};

/// One run. What it knows outlives its sessions, of which it may need two.
pub(super) struct Run<'a, S, P> {
    pub(super) fetcher: &'a MailboxFetcher<S>,
    pub(super) errand: &'a Errand,
    pub(super) options: &'a MailboxOptions,
    pub(super) hold: Hold<'a>,
    pub(super) step: P,
    pub(super) summary: MailboxSummary,
    pub(super) budget: Budget,
    /// How far the mailbox has been read; `None` until it was opened for the first time ever.
    pub(super) progress: Option<Progress>,
    /// The names behind [`Cursor::Uidls`], once they are loaded.
    pub(super) uidls: Option<UidlSet>,
    /// What is to be done on the server to messages that this run has archived.
    pub(super) archived: HashMap<Name, After>,
    /// How many messages this run has asked for.
    pub(super) asked: u64,
    /// What the server refuses to do to messages, once it has.
    pub(super) refused_after: Option<MailboxError>,
    /// How many messages could not be archived.
    pub(super) unarchived: u64,
    /// The first of them, why, and whether trying again may help.
    pub(super) first_unarchived: Option<(String, bool)>,
    /// The first message that the server did not give out, and why.
    pub(super) first_refused: Option<String>,
    earlier_trouble: Option<Trouble>,
}

/// What a message is called in every session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Uid(Uid),
    Uidl(Uidl),
}

impl From<&MessageRef> for Name {
    fn from(message: &MessageRef) -> Self {
        match message {
            MessageRef::Uid(uid) => Self::Uid(*uid),
            MessageRef::Uidl { uidl, .. } => Self::Uidl(uidl.clone()),
        }
    }
}

impl<'a, S, P> Run<'a, S, P>
where
    S: Store,
    P: FnMut(MailboxStep<'_>),
{
    pub(super) fn new(
        fetcher: &'a MailboxFetcher<S>,
        errand: &'a Errand,
        options: &'a MailboxOptions,
        hold: Hold<'a>,
        state: MailboxState,
        step: P,
    ) -> Self {
        let mut summary = MailboxSummary::default();
        let (mut progress, mut uidls) = (state.progress, None);
        if let Some(remembered) = &progress {
            summary.rescan = match () {
                () if options.all => Some(Rescan::AskedFor),
                () if remembered.place != errand.place => Some(Rescan::AnotherMailbox),
                () => None,
            };
        }
        if summary.rescan.is_some()
            && let Some(Cursor::Uidls { chunks, .. }) = progress.take().map(|forgotten| forgotten.cursor)
        {
            uidls = Some(UidlSet::instead_of(chunks));
        }
        Self {
            fetcher,
            errand,
            options,
            hold,
            step,
            summary,
            budget: Budget::new(options.in_flight_bytes),
            progress,
            uidls,
            archived: HashMap::new(),
            asked: 0,
            refused_after: None,
            unarchived: 0,
            first_unarchived: None,
            first_refused: None,
            earlier_trouble: state.trouble,
        }
    }

    /// Runs, and gives the lease back.
    pub(super) async fn end(mut self, opener: &dyn Opener, started_at: Timestamp) -> MailboxRun {
        let ended = self.sessions(opener).await;
        let mut error = ended.err().or_else(|| self.own_trouble());
        let now = self.fetcher.clock.now();
        let trouble = error
            .as_ref()
            .map(|error| trouble(error, self.earlier_trouble.as_ref(), now));
        let last_run = self.summary.last_run(started_at, now);
        if !matches!(error, Some(FetchError::Remembering(MailboxesError::LeaseLost(_)))) {
            let finished = self
                .hold
                .finish(self.progress.as_ref(), self.uidls.as_mut(), &last_run, trouble.as_ref());
            error = finished.await.err().map(FetchError::Remembering).or(error);
        }
        MailboxRun {
            summary: self.summary,
            error,
        }
    }

    /// One session, and another one when the first ended before its time.
    async fn sessions(&mut self, opener: &dyn Opener) -> Result<(), FetchError> {
        let error = match self.session(opener, Attempt::First).await {
            Err(FetchError::Mailbox(error)) => error,
            outcome => return outcome.map(drop),
        };
        let attempt = match error.kind {
            ErrorKind::Credentials => Attempt::Refused,
            ErrorKind::Lost if self.summary.folder.is_some() => Attempt::Lost,
            _ => return Err(error.into()),
        };
        (self.step)(MailboxStep::Reconnecting(&error));
        if self.session(opener, attempt).await? {
            Ok(())
        } else {
            Err(error.into())
        }
    }

    /// One session; `false` when there was nothing new to log in with.
    async fn session(&mut self, opener: &dyn Opener, attempt: Attempt) -> Result<bool, FetchError> {
        let opening = async {
            match opener.prepare(attempt).await? {
                Some(opening) => Worker::open(opening).await.map(Some),
                None => Ok(None),
            }
        };
        let Some(worker) = self.hold.during(opening).await?? else {
            return Ok(false);
        };
        self.find_place(&worker.folder).await?;
        Round::over(self, worker, attempt).await?;
        Ok(true)
    }

    /// Finds where in this folder the run before this one, or the session before, has ended.
    async fn find_place(&mut self, folder: &OpenFolder) -> Result<(), MailboxesError> {
        self.summary.folder = Some(folder.name.to_string());
        let cursor = self.progress.as_ref().map(|progress| &progress.cursor);
        match (folder.uid_validity, cursor) {
            (Some(now), Some(Cursor::Uid { validity, .. })) if now == *validity => {}
            (Some(now), cursor) => {
                if cursor.is_some() {
                    self.summary.rescan = Some(Rescan::UidValidityChanged);
                }
                self.begin(Cursor::Uid {
                    validity: now,
                    last: None,
                });
            }
            (None, Some(cursor @ Cursor::Uidls { .. })) if self.uidls.is_none() => {
                let account = &self.errand.account.name;
                self.uidls = Some(self.fetcher.mailboxes.uidls(account, cursor).await?);
            }
            (None, Some(Cursor::Uidls { .. })) => {}
            // What is numbered without a validity is numbered anew in every session.
            (None, _) => {
                self.progress = None;
                self.archived.clear();
            }
        }
        Ok(())
    }

    /// Nothing of this mailbox is known.
    pub(super) fn begin(&mut self, cursor: Cursor) {
        self.archived.clear();
        self.progress = Some(Progress {
            place: self.errand.place.clone(),
            cursor,
            oversized: BTreeMap::new(),
        });
    }

    /// What is wrong although no step has failed.
    fn own_trouble(&mut self) -> Option<FetchError> {
        if let Some((first, retryable)) = self.first_unarchived.take() {
            return Some(FetchError::Archive {
                failed: self.unarchived,
                first,
                retryable,
            });
        }
        if let Some(error) = self.refused_after.take() {
            return Some(error.into());
        }
        self.first_refused.take().map(FetchError::NotGivenOut)
    }
}

/// What is remembered of an error, after what was remembered before it.
fn trouble(error: &FetchError, earlier: Option<&Trouble>, now: Timestamp) -> Trouble {
    let kind = error.kind();
    let earlier = earlier.filter(|earlier| earlier.kind == kind);
    let failures = earlier.map_or(0, |earlier| earlier.failures).saturating_add(1);
    Trouble {
        kind: kind.to_owned(),
        words: error.to_string(),
        hint: error.hint().map(str::to_owned),
        since: earlier.map_or(now, |earlier| earlier.since),
        failures,
        retry_after: error
            .mailbox_kind()
            .and_then(|kind| backoff::retry_after(kind, failures, now)),
    }
}
