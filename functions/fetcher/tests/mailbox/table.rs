//! What is remembered between two runs, in the embedded DynamoDB.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use jiff::Timestamp;
use rebound_accounts::AccountName;
use rebound_fetcher::mailboxes::{Acquired, Cursor, LastRun, Lease, Mailboxes, Progress, Trouble, UidlSet};
use rebound_local::LocalStack;
use rebound_mailbox::server::{Uid, UidValidity, Uidl};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

async fn lease(table: &Mailboxes, account: &AccountName) -> Lease {
    match table.acquire(account, "test", at(0), at(300)).await.unwrap() {
        Acquired::Ours(lease, _) => lease,
        Acquired::Held { .. } => panic!("held"),
    }
}

#[tokio::test]
async fn everything_comes_back_as_it_was() {
    let stack = LocalStack::temporary().await.unwrap();
    let table = Mailboxes::new(&stack.dynamodb(), "test-");
    table.ensure().await.unwrap();
    table.ensure().await.unwrap();
    let account: AccountName = "news".parse().unwrap();
    assert_eq!(table.state(&account).await.unwrap(), None);

    let number = |number| NonZeroU32::new(number).unwrap();
    let progress = Progress {
        place: "imap://ann@example.com/Größe".to_owned(),
        cursor: Cursor::Uid {
            validity: UidValidity(number(u32::MAX)),
            last: Some(Uid(number(17))),
        },
        oversized: BTreeMap::from([("UID 3".to_owned(), 70_000_000)]),
    };
    let run = LastRun {
        started_at: at(1_000_000_000),
        finished_at: at(1_000_000_060),
        new: 1,
        already_archived: 2,
        failed: 3,
        deleted: 4,
        moved: 5,
        marked_seen: 6,
        left: 7,
    };
    let trouble = Trouble {
        kind: "credentials".to_owned(),
        words: "logging in: no".to_owned(),
        hint: Some("another password".to_owned()),
        since: at(1_000_000_000),
        failures: 3,
        retry_after: Some(at(1_000_003_600)),
    };
    let held = lease(&table, &account).await;
    table
        .finish(held, Some(&progress), None, &run, Some(&trouble))
        .await
        .unwrap();
    let state = table.state(&account).await.unwrap().unwrap();
    assert_eq!(state.progress, Some(progress));
    assert_eq!(state.last_run, Some(run));
    assert_eq!(state.trouble, Some(trouble));
    assert_eq!(state.lease, None);

    let held = lease(&table, &account).await;
    table.finish(held, None, None, &run, None).await.unwrap();
    assert_eq!(table.state(&account).await.unwrap().unwrap().trouble, None);
}

#[tokio::test]
async fn two_hundred_thousand_names_are_remembered_and_forgotten() {
    let stack = LocalStack::temporary().await.unwrap();
    let table = Mailboxes::new(&stack.dynamodb(), "test-");
    table.ensure().await.unwrap();
    let account: AccountName = "news".parse().unwrap();
    let names: Vec<_> = (0..200_000_u32)
        .map(|number| Uidl::new(format!("{number:x}")).unwrap())
        .collect();
    let mut uidls = UidlSet::default();
    for name in &names {
        uidls.insert(name);
    }
    let mut held = lease(&table, &account).await;
    save(&table, &mut held, &mut uidls).await;

    let mut loaded = load(&table, &account).await;
    assert_eq!(loaded.len(), 200_000);
    assert!(names.iter().all(|name| loaded.contains(name)));
    assert!(!loaded.contains(&Uidl::new("other").unwrap()));

    loaded.retain(&names[..10]);
    save(&table, &mut held, &mut loaded).await;
    let loaded = load(&table, &account).await;
    assert_eq!((loaded.len(), loaded.chunks()), (10, 1));
    let items = stack
        .dynamodb()
        .scan()
        .table_name("test-mailboxes")
        .send()
        .await
        .unwrap();
    assert_eq!(items.count(), 2, "chunks that are no longer needed are gone");
}

async fn save(table: &Mailboxes, lease: &mut Lease, uidls: &mut UidlSet) {
    let progress = Progress {
        place: "pop3://ann@example.com".to_owned(),
        cursor: Cursor::Uidls {
            chunks: uidls.chunks(),
            known: uidls.len(),
        },
        oversized: BTreeMap::new(),
    };
    table.save(lease, &progress, Some(uidls), at(300)).await.unwrap();
}

async fn load(table: &Mailboxes, account: &AccountName) -> UidlSet {
    let state = table.state(account).await.unwrap().unwrap();
    table.uidls(account, &state.progress.unwrap().cursor).await.unwrap()
}
