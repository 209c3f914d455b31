//! Whatever breaks, at whatever step: afterwards nothing is lost, and the next run makes up for it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use rebound_archive::{ObjectKey, RawMessage};
use rebound_fetcher::{MailboxOptions, MailboxOutcome};
use rebound_local::LocalStack;
use rebound_mailbox::server::{After, FolderName};

use crate::world::{Fault, Mail, Setting, World, options};

/// Outlasts every lease.
const LATER: Duration = Duration::from_mins(10);

/// What becomes of bounces, and of the rest.
type Afters = (After, After);

fn moved() -> After {
    After::Move(FolderName::new("Done").unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_deleted_messages_survive_an_end_at_any_step() {
    for world in [World::imap, World::pop3] {
        let trial = Trial {
            world,
            afters: (After::Delete, After::Delete),
            messages: 200,
            chunk: 50,
            fault: Fault::DiesBefore,
        };
        trial.of_every_step().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_done_to_messages_survives_every_fault_at_any_step() {
    for fault in [Fault::DiesBefore, Fault::Fails, Fault::AnswerLost] {
        let trial = |world, afters| Trial {
            world,
            afters,
            messages: 24,
            chunk: 8,
            fault,
        };
        for afters in [
            (After::Keep, After::Keep),
            (After::Delete, After::Keep),
            (moved(), After::Seen),
            (After::Seen, After::Delete),
        ] {
            trial(World::imap, afters).of_every_step().await;
        }
        for afters in [(After::Keep, After::Keep), (After::Delete, After::Keep)] {
            trial(World::pop3, afters).of_every_step().await;
        }
    }
}

/// A fetch that is tried again and again, with another step broken each time.
#[derive(Clone)]
struct Trial {
    world: fn() -> World,
    afters: Afters,
    messages: u32,
    chunk: usize,
    fault: fn(u64) -> Fault,
}

impl Trial {
    /// Breaks each step of the fetch in turn, runs again, and looks at everything.
    async fn of_every_step(&self) {
        let stack = Arc::new(LocalStack::temporary().await.unwrap());
        let steps = self.run("calm", &stack, Fault::Nothing).await;
        assert!(steps > u64::from(2 * self.messages), "{steps} steps");
        stream::iter(0..steps)
            .map(|step| {
                let (trial, stack) = (self.clone(), Arc::clone(&stack));
                tokio::spawn(async move { trial.run(&format!("step-{step}"), &stack, (trial.fault)(step)).await })
            })
            .buffer_unordered(4)
            .for_each(async |done| assert!(done.unwrap() > 0))
            .await;
    }

    /// Runs twice, the first time with the fault. How many steps the first run took.
    async fn run(&self, account: &str, stack: &LocalStack, fault: Fault) -> u64 {
        let world = (self.world)();
        world.deliver(self.messages);
        world.state().fault = fault;
        let before = world.state().mailbox.clone();
        let setting = Setting::new(stack, &world, account, self.afters.0.clone(), self.afters.1.clone()).await;
        let options = MailboxOptions {
            chunk: self.chunk,
            ..options("run")
        };
        let _ = setting.fetch(&options).await;
        let steps = world.state().steps;
        nothing_is_lost(&setting, &before, fault);

        world.state().fault = Fault::Nothing;
        world.pass(LATER);
        let second = setting.run_with(&options).await;
        assert!(second.error.is_none(), "{fault:?}: {second:?}");
        nothing_is_lost(&setting, &before, fault);
        everything_is_as_it_should_be(&setting, &before, fault);

        let list_only = world.state().steps;
        let third = setting.run_with(&options).await;
        assert!(third.error.is_none(), "{fault:?}: {third:?}");
        assert_eq!((third.summary.found, third.summary.fetched()), (0, 0), "{fault:?}");
        assert!(
            world.state().steps - list_only < 10,
            "{fault:?}: nothing new takes a few steps"
        );
        steps
    }
}

/// What was touched on the server is in the archive.
fn nothing_is_lost(setting: &Setting, before: &[Mail], fault: Fault) {
    let state = setting.world.state();
    for mail in before {
        let untouched = state.mailbox.contains(mail);
        assert!(
            untouched || state.archive.contains_key(&key(setting, mail)),
            "{fault:?}: message {} was touched and is not archived",
            mail.uid
        );
    }
}

fn everything_is_as_it_should_be(setting: &Setting, before: &[Mail], fault: Fault) {
    let state = setting.world.state();
    let expected: BTreeSet<_> = before.iter().map(|mail| key(setting, mail)).collect();
    let archived: BTreeSet<_> = state.archive.keys().cloned().collect();
    assert!(
        archived == expected,
        "{fault:?}: the archive holds every message and nothing else"
    );
    assert!(
        state.archive.values().all(|times| *times == 1),
        "{fault:?}: every message once"
    );
    let (mut mailbox, mut elsewhere) = (Vec::new(), Vec::new());
    for mail in before {
        let mut mail = mail.clone();
        let ordinary = mail.uid.is_multiple_of(3);
        match if ordinary {
            &setting.errand.after_others
        } else {
            &setting.errand.after
        } {
            After::Keep => mailbox.push(mail),
            After::Delete => {}
            After::Move(_) => elsewhere.push(mail),
            After::Seen => {
                mail.seen = true;
                mailbox.push(mail);
            }
        }
    }
    assert_eq!(state.mailbox, mailbox, "{fault:?}: the mailbox");
    let mut moved = state.elsewhere.clone();
    moved.sort_by_key(|mail| mail.uid);
    assert_eq!(moved, elsewhere, "{fault:?}: what was moved");
}

fn key(setting: &Setting, mail: &Mail) -> String {
    let hash = RawMessage::new(mail.bytes.clone()).hash();
    ObjectKey::new(setting.errand.account.name.clone(), hash).to_string()
}

#[tokio::test]
async fn a_run_that_died_keeps_others_out_until_its_lease_ends() {
    let stack = LocalStack::temporary().await.unwrap();
    let world = World::imap();
    world.deliver(5);
    world.state().fault = Fault::DiesBefore(4);
    let setting = Setting::new(&stack, &world, "news", After::Keep, After::Keep).await;
    let _ = setting.fetch(&options("first")).await;
    world.state().fault = Fault::Nothing;
    match setting.fetch(&options("second")).await.unwrap() {
        MailboxOutcome::Busy { owner, .. } => assert_eq!(owner, "first"),
        other => panic!("{other:?}"),
    }
    world.pass(Duration::from_mins(6));
    assert_eq!(setting.run().await.summary.found, 5);
}
