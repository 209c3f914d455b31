//! What a run does when all is well, and what it says when it is not.

use std::time::Duration;

use rebound_fetcher::mailboxes::Cursor;
use rebound_fetcher::{MailboxOptions, MailboxOutcome, Rescan, Stopped};
use rebound_local::LocalStack;
use rebound_mailbox::server::{After, ErrorKind, FolderName};

use crate::world::{LONGEST, Setting, World, options};

async fn setting(world: &World, after: After, after_others: After) -> (LocalStack, Setting) {
    let stack = LocalStack::temporary().await.unwrap();
    let setting = Setting::new(&stack, world, "news", after, after_others).await;
    (stack, setting)
}

#[tokio::test]
async fn only_what_is_new_is_fetched() {
    for world in [World::imap(), World::pop3()] {
        world.deliver(40);
        let (_stack, setting) = setting(&world, After::Keep, After::Keep).await;
        let counts = |run: &rebound_fetcher::MailboxRun| (run.summary.found, run.summary.new, run.summary.left);
        assert_eq!(counts(&setting.run().await), (40, 40, 0));
        assert_eq!(counts(&setting.run().await), (0, 0, 0));
        world.deliver(2);
        assert_eq!(counts(&setting.run().await), (2, 2, 0));
        assert_eq!(world.uids().len(), 42);
        let all = MailboxOptions {
            all: true,
            ..options("run")
        };
        let run = setting.run_with(&all).await;
        assert_eq!((run.summary.found, run.summary.already_archived), (42, 42));
        assert_eq!(run.summary.rescan, Some(Rescan::AskedFor));
        assert_eq!(counts(&setting.run().await), (0, 0, 0));
    }
}

#[tokio::test]
async fn bounces_and_ordinary_mail_go_their_own_ways() {
    let world = World::imap();
    world.deliver(9);
    let done = After::Move(FolderName::new("Done").unwrap());
    let (_stack, setting) = setting(&world, done, After::Keep).await;
    let run = setting.run().await;
    assert_eq!((run.summary.new, run.summary.moved), (9, 6));
    assert_eq!(world.uids(), [3, 6, 9]);
    assert_eq!(world.state().elsewhere.len(), 6);
}

#[tokio::test]
async fn a_server_that_cannot_expunge_single_messages_is_reported() {
    let world = World::imap();
    world.deliver(4);
    world.state().cannot_expunge = true;
    let (_stack, setting) = setting(&world, After::Delete, After::Delete).await;
    let run = setting.run().await;
    assert_eq!((run.summary.deleted, run.summary.only_flagged), (0, 4));
    assert!(world.state().mailbox.iter().all(|mail| mail.deleted));
    assert_eq!(setting.run().await.summary.found, 0);
}

#[tokio::test]
async fn what_a_server_cannot_do_stops_no_fetching() {
    let world = World::pop3();
    world.deliver(40);
    let (_stack, setting) = setting(&world, After::Seen, After::Seen).await;
    let run = setting.run().await;
    assert_eq!(run.summary.new, 40);
    assert_eq!(run.error.unwrap().kind(), "unsupported");
}

#[tokio::test]
async fn new_uids_lead_to_a_rescan_which_archives_nothing_twice() {
    let world = World::imap();
    world.deliver(20);
    let (_stack, setting) = setting(&world, After::Keep, After::Keep).await;
    setting.run().await;
    world.state().validity = 8;
    world.deliver(1);
    let run = setting.run().await;
    assert_eq!(run.summary.rescan, Some(Rescan::UidValidityChanged));
    assert_eq!((run.summary.new, run.summary.already_archived), (1, 20));
    assert!(world.state().archive.values().all(|times| *times == 1));
}

#[tokio::test]
async fn another_mailbox_is_read_from_its_beginning() {
    let world = World::imap();
    world.deliver(5);
    let (_stack, mut setting) = setting(&world, After::Keep, After::Keep).await;
    setting.run().await;
    setting.errand.place = "imap://ann@example.com/Bounces".to_owned();
    let run = setting.run().await;
    assert_eq!(run.summary.rescan, Some(Rescan::AnotherMailbox));
    assert_eq!(run.summary.found, 5);
    // From POP3 to IMAP, the names go.
    let world = World::pop3();
    world.deliver(5);
    let (stack, mut setting) = self::setting(&world, After::Keep, After::Keep).await;
    setting.run().await;
    world.state().pop3 = false;
    world.state().validity = 7;
    setting.errand.place = "imap://ann@example.com/INBOX".to_owned();
    setting.run().await;
    let items = stack
        .dynamodb()
        .scan()
        .table_name("test-mailboxes")
        .send()
        .await
        .unwrap();
    assert_eq!(items.count(), 1);
}

#[tokio::test]
async fn a_message_that_is_too_long_stays_and_is_reported_and_passed() {
    for world in [World::imap(), World::pop3()] {
        world.deliver(10);
        let length = usize::try_from(LONGEST).unwrap() + 1;
        world.state().mailbox[4].bytes = vec![b'x'; length];
        let (_stack, setting) = setting(&world, After::Delete, After::Delete).await;
        let run = setting.run().await;
        assert_eq!((run.summary.deleted, run.summary.oversized), (9, 1));
        let named = &run.summary.oversized_named[0];
        assert!(named.message.ends_with('5') && named.bytes == LONGEST + 1, "{named:?}");
        assert_eq!(world.uids(), [5]);
        let remembered = setting.remembered().await.unwrap().progress.unwrap();
        assert_eq!(
            remembered.oversized.values().copied().collect::<Vec<_>>(),
            [LONGEST + 1]
        );
        if let Cursor::Uid { last, .. } = remembered.cursor {
            assert_eq!(last.unwrap().0.get(), 10);
        }
    }
}

#[tokio::test]
async fn nothing_behind_a_message_that_cannot_be_archived_is_touched() {
    for world in [World::imap(), World::pop3()] {
        world.deliver(60);
        let (_stack, setting) = setting(&world, After::Delete, After::Delete).await;
        world.state().refused_words = Some("person23@");
        let run = setting.run().await;
        assert_eq!((run.summary.new, run.summary.failed, run.summary.left), (59, 1, 1));
        assert_eq!(world.uids(), (23..=60).collect::<Vec<_>>());
        let error = run.error.unwrap();
        assert_eq!((error.kind(), error.is_retryable()), ("archive", true));
        assert!(error.to_string().contains("23: raw/news/"), "{error}");

        world.state().refused_words = None;
        let healed = setting.run().await;
        assert_eq!((healed.summary.new, healed.summary.deleted), (1, 38));
        assert!(world.uids().is_empty());
        assert_eq!(setting.remembered().await.unwrap().trouble, None);
    }
}

#[tokio::test]
async fn a_broken_archive_ends_the_run_soon() {
    let world = World::imap();
    world.deliver(300);
    let (_stack, setting) = setting(&world, After::Delete, After::Delete).await;
    world.state().refused_words = Some("Subject");
    let run = setting.run().await;
    assert_eq!(run.summary.stopped, Some(Stopped::ArchiveFails));
    assert!(run.summary.failed < 100, "{}", run.summary.failed);
    assert_eq!(world.uids().len(), 300);
}

#[tokio::test]
async fn a_deadline_ends_a_run_cleanly_and_the_next_one_goes_on() {
    for world in [World::imap(), World::pop3()] {
        world.deliver(100);
        world.state().seconds_per_fetch = 10;
        let (_stack, setting) = setting(&world, After::Delete, After::Delete).await;
        let mut runs = 0;
        loop {
            let deadline = world.state().now.checked_add(Duration::from_secs(25)).ok();
            let limited = MailboxOptions {
                deadline,
                ..options("run")
            };
            let run = setting.run_with(&limited).await;
            assert!(run.error.is_none(), "{run:?}");
            assert_eq!(run.summary.left, world.uids().len() as u64);
            runs += 1;
            if run.summary.left == 0 {
                assert_eq!(run.summary.stopped, None);
                break;
            }
            assert_eq!(run.summary.stopped, Some(Stopped::Deadline));
        }
        assert!((3..=4).contains(&runs), "{runs} runs");
        assert_eq!(world.state().archive.len(), 100);
    }
}

#[tokio::test]
async fn no_more_are_fetched_than_asked_for() {
    let world = World::imap();
    world.deliver(50);
    let (_stack, setting) = setting(&world, After::Keep, After::Keep).await;
    let some = MailboxOptions {
        most: Some(20),
        ..options("run")
    };
    let run = setting.run_with(&some).await;
    assert_eq!((run.summary.found, run.summary.new, run.summary.left), (50, 20, 30));
    assert_eq!(run.summary.stopped, Some(Stopped::Enough));
    assert_eq!(setting.run().await.summary.new, 30);
}

#[tokio::test]
async fn a_long_run_keeps_its_lease() {
    let world = World::imap();
    world.deliver(160);
    world.state().seconds_per_fetch = 100;
    let (_stack, setting) = setting(&world, After::Delete, After::Delete).await;
    let run = setting.run().await;
    assert!(run.error.is_none(), "{run:?}");
    assert_eq!(run.summary.deleted, 160);
}

#[tokio::test]
async fn a_lost_connection_is_made_again_once() {
    for world in [World::imap(), World::pop3()] {
        world.deliver(100);
        let (_stack, setting) = setting(&world, After::Delete, After::Keep).await;
        world.state().lost_at = Some(60);
        let run = setting.run().await;
        assert!(run.error.is_none(), "{run:?}");
        assert_eq!(world.state().logins, 2);
        while setting.run().await.summary.left > 0 {}
        assert_eq!(world.uids().len(), 33);
    }
}

#[tokio::test]
async fn a_refused_login_is_remembered_and_tried_more_rarely() {
    let world = World::imap();
    world.deliver(1);
    let (_stack, setting) = setting(&world, After::Keep, After::Keep).await;
    world.state().refused_login = Some(ErrorKind::Credentials);
    let scheduled = MailboxOptions {
        patient: true,
        ..options("run")
    };
    let mut tried = Vec::new();
    for minute in 0..120 {
        match setting.fetch(&scheduled).await.unwrap() {
            MailboxOutcome::Ran(run) => {
                assert_eq!(run.error.unwrap().kind(), "credentials");
                tried.push(minute);
            }
            MailboxOutcome::Waiting(trouble) => {
                assert_eq!(trouble.hint.as_deref(), Some("another password"));
                assert_eq!(trouble.failures as usize, tried.len());
            }
            MailboxOutcome::Busy { .. } => panic!("busy"),
        }
        world.pass(Duration::from_mins(1));
    }
    assert_eq!(tried, [0, 15, 45, 105]);
    // Asked by hand it tries anyway, and forgets the trouble once it works.
    world.state().refused_login = None;
    assert_eq!(setting.run().await.summary.new, 1);
    assert_eq!(setting.remembered().await.unwrap().trouble, None);
}

#[tokio::test]
async fn only_unread_messages_are_fetched_where_that_is_asked_for() {
    let world = World::imap();
    world.deliver(10);
    world.state().mailbox[2].seen = true;
    let (_stack, mut setting) = setting(&world, After::Seen, After::Seen).await;
    setting.errand.only_unread = true;
    let run = setting.run().await;
    assert_eq!((run.summary.new, run.summary.marked_seen), (9, 9));
}
