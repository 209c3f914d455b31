//! Two runs never work on one mailbox at the same time, and a run that overslept does no harm.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use rebound_fetcher::mailboxes::{Acquired, LastRun, Lease, Mailboxes, MailboxesError};
use rebound_fetcher::{Attempt, FetchError, MailboxOptions, MailboxOutcome, Opener, Opening};
use rebound_local::LocalStack;
use rebound_mailbox::server::{After, MailboxError};

use crate::world::{Setting, World, WorldOpener, options};

#[tokio::test]
async fn of_two_runs_at_the_same_time_one_works() {
    let stack = LocalStack::temporary().await.unwrap();
    let world = World::imap();
    world.deliver(30);
    let setting = Setting::new(&stack, &world, "news", After::Delete, After::Delete).await;
    let (first, second) = (options("first"), options("second"));
    let (one, other) = tokio::join!(setting.fetch(&first), setting.fetch(&second));
    let (ran, busy): (Vec<_>, Vec<_>) = [one.unwrap(), other.unwrap()]
        .into_iter()
        .partition(|outcome| matches!(outcome, MailboxOutcome::Ran(_)));
    assert_eq!((ran.len(), busy.len()), (1, 1));
    assert_eq!(world.state().logins, 1);
    assert!(world.uids().is_empty());
}

#[tokio::test]
async fn a_run_that_overslept_its_lease_stops_before_it_touches_anything() {
    let stack = LocalStack::temporary().await.unwrap();
    let world = World::imap();
    world.deliver(30);
    let setting = Arc::new(Setting::new(&stack, &world, "news", After::Delete, After::Delete).await);
    // While the first run opens the mailbox, ten minutes pass and a second run begins.
    let opener = Overslept(Arc::clone(&setting));
    let outcome = setting
        .fetcher
        .fetch(&setting.errand, &opener, &options("first"), |_| {})
        .await
        .unwrap();
    let MailboxOutcome::Ran(run) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        matches!(run.error, Some(FetchError::Remembering(MailboxesError::LeaseLost(_)))),
        "{run:?}"
    );
    assert_eq!(run.summary.deleted, 0);
    assert_eq!(world.uids().len(), 30);
    // The other one's lease stands.
    let state = setting.remembered().await.unwrap();
    assert_eq!(state.lease.unwrap().0, "second");
}

/// Takes long enough that somebody else takes the mailbox.
struct Overslept(Arc<Setting>);

impl Opener for Overslept {
    fn prepare(&self, attempt: Attempt) -> BoxFuture<'_, Result<Option<Opening>, MailboxError>> {
        Box::pin(async move {
            let setting = &self.0;
            setting.world.pass(Duration::from_mins(10));
            let now = setting.world.state().now;
            let until = now.checked_add(Duration::from_mins(5)).unwrap();
            let acquired = setting
                .table
                .acquire(&setting.errand.account.name, "second", now, until)
                .await;
            assert!(matches!(acquired, Ok(Acquired::Ours(..))));
            WorldOpener(setting.world.clone()).prepare(attempt).await
        })
    }
}

#[tokio::test]
async fn every_write_under_a_lost_lease_is_refused() {
    let stack = LocalStack::temporary().await.unwrap();
    let table = Mailboxes::new(&stack.dynamodb(), "test-");
    table.ensure().await.unwrap();
    let account = "news".parse().unwrap();
    let at = |minutes: i64| jiff::Timestamp::from_second(60 * minutes).unwrap();
    let take = async |owner: &str, now: i64| match table.acquire(&account, owner, at(now), at(now + 5)).await {
        Ok(Acquired::Ours(lease, _)) => Some(lease),
        Ok(Acquired::Held { .. }) => None,
        Err(error) => panic!("{error}"),
    };
    let mut first: Lease = take("first", 0).await.unwrap();
    assert!(take("second", 4).await.is_none());
    // The same owner may take it again, for example when the answer to the first request was lost.
    let again = take("first", 4).await.unwrap();
    assert!(again.fence() > first.fence());
    assert_eq!(
        table.renew(&mut first, at(9)).await,
        Err(MailboxesError::LeaseLost(account.clone()))
    );
    let mut second = take("second", 9).await.unwrap();
    assert!(second.fence() > again.fence());
    let run = LastRun {
        started_at: at(0),
        finished_at: at(9),
        new: 0,
        already_archived: 0,
        failed: 0,
        deleted: 0,
        moved: 0,
        marked_seen: 0,
        left: 0,
    };
    let lost = table.finish(again, None, None, &run, None).await;
    assert_eq!(lost, Err(MailboxesError::LeaseLost(account.clone())));
    table.renew(&mut second, at(20)).await.unwrap();
    table.finish(second, None, None, &run, None).await.unwrap();
    assert!(take("third", 10).await.is_some());
}

#[tokio::test]
async fn a_command_on_one_machine_takes_its_own_lease_over() {
    let stack = LocalStack::temporary().await.unwrap();
    let world = World::imap();
    world.deliver(3);
    let setting = Setting::new(&stack, &world, "news", After::Keep, After::Keep).await;
    let now = world.state().now;
    let until = now.checked_add(Duration::from_mins(5)).unwrap();
    let died = setting
        .table
        .acquire(&setting.errand.account.name, "this-machine", now, until)
        .await;
    assert!(matches!(died, Ok(Acquired::Ours(..))));
    let run = setting.run_with(&MailboxOptions::by("this-machine")).await;
    assert_eq!(run.summary.new, 3);
}
