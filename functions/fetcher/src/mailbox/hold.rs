//! Keeping a lease while work goes on.

use std::time::Duration;

use jiff::Timestamp;

use crate::Clock;
use crate::mailboxes::{LastRun, Lease, Mailboxes, MailboxesError, Progress, Trouble, UidlSet};

/// How long a lease lasts unless it is renewed. Whoever finds a mailbox leased by a run that died waits so long.
pub(super) const LEASE: Duration = Duration::from_mins(5);

/// A lease that ends sooner is renewed, whatever is under way.
const RENEWED_BELOW: Duration = Duration::from_mins(4);

/// How often it is looked at while something else is waited for.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Nothing that can't be undone is begun on a lease that ends sooner: clocks differ, and commands take time.
const FIRM: Duration = Duration::from_mins(2);

/// A lease, kept up. Everything that fails with [`MailboxesError::LeaseLost`] means that another run has the mailbox.
#[derive(Debug)]
pub(super) struct Hold<'a> {
    mailboxes: &'a Mailboxes,
    clock: &'a Clock,
    lease: Lease,
}

impl<'a> Hold<'a> {
    pub(super) fn new(mailboxes: &'a Mailboxes, clock: &'a Clock, lease: Lease) -> Self {
        Self {
            mailboxes,
            clock,
            lease,
        }
    }

    /// Waits for `work`, and renews the lease meanwhile.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> Result<T, MailboxesError> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = tokio::time::sleep(HEARTBEAT) => self.keep().await?,
            }
        }
    }

    /// Renews the lease when it is time to.
    pub(super) async fn keep(&mut self) -> Result<(), MailboxesError> {
        if self.lasts(RENEWED_BELOW) {
            return Ok(());
        }
        match self.renew().await {
            // There is time for another attempt.
            Err(error @ MailboxesError::Refused { retryable: true, .. }) if self.lasts(FIRM) => {
                tracing::warn!(account = %self.lease.account(), %error, "lease not renewed; tried again soon");
                Ok(())
            }
            answer => answer,
        }
    }

    /// Makes sure that nobody else can have the mailbox for a while.
    pub(super) async fn firm(&mut self) -> Result<(), MailboxesError> {
        if self.lasts(FIRM) { Ok(()) } else { self.renew().await }
    }

    pub(super) async fn save(
        &mut self,
        progress: &Progress,
        uidls: Option<&mut UidlSet>,
    ) -> Result<(), MailboxesError> {
        let until = self.until();
        self.mailboxes.save(&mut self.lease, progress, uidls, until).await
    }

    pub(super) async fn finish(
        self,
        progress: Option<&Progress>,
        uidls: Option<&mut UidlSet>,
        run: &LastRun,
        trouble: Option<&Trouble>,
    ) -> Result<(), MailboxesError> {
        self.mailboxes.finish(self.lease, progress, uidls, run, trouble).await
    }

    async fn renew(&mut self) -> Result<(), MailboxesError> {
        let until = self.until();
        self.mailboxes.renew(&mut self.lease, until).await
    }

    fn lasts(&self, duration: Duration) -> bool {
        self.lease.until().duration_since(self.clock.now()) >= duration.try_into().unwrap_or_default()
    }

    fn until(&self) -> Timestamp {
        lease_end(self.clock.now())
    }
}

/// When a lease that is taken or renewed now ends.
pub(super) fn lease_end(now: Timestamp) -> Timestamp {
    now.checked_add(LEASE).unwrap_or(Timestamp::MAX)
}
