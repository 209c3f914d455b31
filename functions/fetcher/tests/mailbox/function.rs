//! What the function does with events, for accounts in the embedded Secrets Manager.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use rebound_accounts::store::{AccountStore, DEFAULT_PREFIX};
use rebound_accounts::{AccountName, Accounts, Document};
use rebound_classify::Classifier;
use rebound_fetcher::mailboxes::Mailboxes;
use rebound_fetcher::{AccountFetcher, Clock, Function, HandlerError, JobQueue, NotQueued, Open};
use rebound_lambda::metrics::{Dimension, Metric};
use rebound_lambda::{Answer, Call};
use rebound_local::LocalStack;
use rebound_mailbox::server::{ErrorKind, MailboxError, Step};
use serde_json::{Value, json};

use crate::world::{World, WorldStore};

/// Takes every job.
#[derive(Default)]
struct Jobs(Mutex<Vec<String>>);

impl JobQueue for Jobs {
    fn send<'a>(&'a self, accounts: &'a [AccountName]) -> BoxFuture<'a, Result<(), NotQueued>> {
        self.0.lock().unwrap().extend(accounts.iter().map(ToString::to_string));
        Box::pin(async { Ok(()) })
    }
}

/// The function, with accounts set up by these documents. Mailboxes are opened in the world; on the host
/// `locked.example.com` the password is wrong, and `down.example.com` does not answer.
pub(crate) struct Deployed {
    function: Function<WorldStore>,
    pub(crate) world: World,
    jobs: Arc<Jobs>,
    _stack: LocalStack,
}

impl Deployed {
    pub(crate) async fn new(documents: &[(&str, &str)]) -> Self {
        let stack = LocalStack::temporary().await.unwrap();
        let store = AccountStore::new(stack.secrets_manager(), DEFAULT_PREFIX);
        for (name, settings) in documents {
            let document = format!("user = \"ann\"\npassword = \"opensesame\"\nprotocol = \"imap\"\n{settings}");
            let document = Document::parse(name.parse().unwrap(), &document).unwrap();
            store.create(&document).await.unwrap();
        }
        let world = World::imap();
        let mailboxes = Mailboxes::new(&stack.dynamodb(), "test-");
        mailboxes.ensure().await.unwrap();
        let (clock, behind) = (world.clone(), world.clone());
        let open: Open = Arc::new(move |settings, _, _| {
            let refused = |step, kind| Err(MailboxError::new(step, kind, "no").with_hint("ask"));
            match settings.host.as_str() {
                "locked.example.com" => refused(Step::Login, ErrorKind::Credentials),
                "down.example.com" => refused(Step::Connect, ErrorKind::Unreachable),
                _ => Ok(behind.session()),
            }
        });
        let fetcher = AccountFetcher::new(
            Accounts::new(store),
            WorldStore(world.clone()),
            mailboxes,
            Arc::new(Classifier::new()),
            open,
            Clock::new(move || clock.state().now),
        );
        let jobs = Arc::new(Jobs::default());
        Self {
            function: Function::new(fetcher, jobs.clone()),
            world,
            jobs,
            _stack: stack,
        }
    }

    async fn handle(&self, event: Value) -> Value {
        self.answer(event).await.value
    }

    async fn answer(&self, event: Value) -> Answer<Value> {
        self.try_answer(event).await.unwrap()
    }

    pub(crate) async fn try_answer(&self, event: Value) -> Result<Answer<Value>, HandlerError> {
        let now = self.world.state().now;
        let call = Call {
            id: "call".to_owned(),
            began_at: now,
            ends_at: now.checked_add(Duration::from_mins(2)).ok(),
        };
        self.function.answer(event, &call).await
    }

    fn queued(&self) -> Vec<String> {
        std::mem::take(&mut *self.jobs.0.lock().unwrap())
    }
}

fn batch(accounts: &[&str]) -> Value {
    let records = accounts.iter().map(|account| {
        json!({"messageId": format!("job-{account}"), "eventSource": "aws:sqs",
               "body": json!({"fetch": account}).to_string()})
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

#[tokio::test]
async fn a_schedule_queues_a_job_for_each_enabled_account() {
    let host = "host = \"mail.example.com\"";
    let off = format!("{host}\nenabled = false");
    let deployed = Deployed::new(&[("news", host), ("old", &off), ("shop", host)]).await;
    let event = json!({"detail-type": "Scheduled Event", "source": "aws.scheduler"});
    assert_eq!(deployed.handle(event).await, json!({"queued": ["news", "shop"]}));
    assert_eq!(deployed.queued(), ["news", "shop"]);
}

#[tokio::test]
async fn one_accounts_failure_never_stops_another() {
    let deployed = Deployed::new(&[
        ("locked", "host = \"locked.example.com\""),
        ("down", "host = \"down.example.com\""),
        ("news", "host = \"mail.example.com\"\nafter = \"delete\""),
    ])
    .await;
    deployed.world.deliver(6);
    let answer = deployed.handle(batch(&["locked", "down", "nobody", "news"])).await;
    // A wrong password is nothing that the queue could help.
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "job-down"}]}));
    assert_eq!(deployed.world.uids(), [3, 6]);
    assert_eq!(deployed.world.state().archive.len(), 6);
    assert!(deployed.queued().is_empty());
}

#[tokio::test]
async fn what_is_left_at_the_deadline_is_queued_again() {
    let deployed = Deployed::new(&[("news", "host = \"mail.example.com\"")]).await;
    deployed.world.deliver(100);
    deployed.world.state().seconds_per_fetch = 40;
    let answer = deployed.handle(batch(&["news"])).await;
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert_eq!(deployed.queued(), ["news"]);
    while !deployed.world.state().archive.len().eq(&100) {
        deployed.handle(batch(&["news"])).await;
    }
    deployed.queued();
    deployed.handle(batch(&["news"])).await;
    assert!(deployed.queued().is_empty());
}

#[tokio::test]
async fn a_job_that_there_is_no_time_for_is_delivered_again() {
    let host = "host = \"mail.example.com\"";
    let deployed = Deployed::new(&[("news", host), ("shop", host)]).await;
    deployed.world.deliver(100);
    deployed.world.state().seconds_per_fetch = 40;
    let answer = deployed.handle(batch(&["news", "shop"])).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "job-shop"}]}));
    assert_eq!(deployed.queued(), ["news"], "what was begun is queued by itself");
}

#[tokio::test]
async fn a_job_that_says_nothing_fails_until_its_queue_sets_it_aside() {
    let deployed = Deployed::new(&[("news", "host = \"mail.example.com\"")]).await;
    deployed.world.deliver(3);
    let mut jobs = batch(&["news", "odd"]);
    jobs["Records"][1]["body"] = json!("fetch everything");
    let answer = deployed.answer(jobs).await;
    assert_eq!(
        answer.value,
        json!({"batchItemFailures": [{"itemIdentifier": "job-odd"}]})
    );
    assert_eq!(answer.counts.of(Metric::Fetched), 3);
}

#[tokio::test]
async fn a_panic_over_one_account_fails_its_job_alone() {
    let host = "host = \"mail.example.com\"";
    let deployed = Deployed::new(&[("cursed", host), ("news", host)]).await;
    deployed.world.deliver(3);
    deployed.world.state().panics_over = Some("cursed");
    let answer = deployed.answer(batch(&["cursed", "news"])).await;
    assert_eq!(
        answer.value,
        json!({"batchItemFailures": [{"itemIdentifier": "job-cursed"}]})
    );
    let of = |metric, account| answer.counts.of_one(metric, Dimension::Account, account);
    assert_eq!(
        (of(Metric::AccountErrors, "cursed"), of(Metric::Fetched, "news")),
        (1, 3)
    );
    assert_eq!(of(Metric::AccountErrors, "news"), 0);
}

#[tokio::test]
async fn what_happens_is_counted_by_account() {
    let deployed = Deployed::new(&[
        ("locked", "host = \"locked.example.com\""),
        ("news", "host = \"mail.example.com\""),
    ])
    .await;
    deployed.world.deliver(100);
    deployed.world.state().seconds_per_fetch = 40;
    let tick = deployed.answer(json!({"detail-type": "Scheduled Event"})).await.counts;
    assert_eq!((tick.of(Metric::Heartbeat), tick.of(Metric::Queued)), (1, 2));

    for nth in 0..2 {
        // The second time its mailbox is left alone, and is in trouble still.
        let locked = deployed.answer(batch(&["locked"])).await.counts;
        let errors = locked.of_one(Metric::AccountErrors, Dimension::Account, "locked");
        assert_eq!((locked.of(Metric::AccountErrors), errors), (1, 1), "{nth}");
    }
    let news = deployed.answer(batch(&["news"])).await.counts;
    let (fetched, left) = (news.of(Metric::Fetched), news.of(Metric::Left));
    assert_eq!(fetched + left, 100);
    assert!(left > 0);
    assert_eq!(news.of(Metric::AccountErrors), 0);
    assert_eq!(news.of_one(Metric::Left, Dimension::Account, "news"), left);
}

#[tokio::test]
async fn a_request_by_hand_is_answered_in_words() {
    let deployed = Deployed::new(&[
        ("news", "host = \"mail.example.com\"\nafter = \"delete\""),
        ("locked", "host = \"locked.example.com\""),
    ])
    .await;
    deployed.world.deliver(3);

    let preview = deployed.handle(json!({"preview": "news"})).await;
    let messages = preview["messages"].as_array().unwrap();
    let said: Vec<_> = messages
        .iter()
        .map(|message| (message["category"].as_str().unwrap(), message["then"].as_str().unwrap()))
        .collect();
    let bounce = ("hard-bounce", "delete");
    assert_eq!(said, [bounce, bounce, ("unrecognised", "keep")]);
    assert_eq!(messages[0]["recipients"][0]["address"], "person1@example.net");
    assert_eq!(messages[0]["recipients"][0]["action"], "suppress");
    assert_eq!(deployed.world.uids(), [1, 2, 3]);

    let test = deployed.handle(json!({"test": "locked"})).await;
    assert_eq!((&test["ok"], &test["hint"]), (&json!(false), &json!("ask")));
    let steps: Vec<_> = test["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["ok"])
        .collect();
    assert_eq!(steps, [true, true, true, true, false]);
    assert_eq!(deployed.handle(json!({"test": "news"})).await["ok"], true);
    assert_eq!(deployed.handle(json!({"folders": "news"})).await["folders"], json!([]));

    let fetched = deployed.handle(json!({"fetch": "news"})).await;
    assert_eq!((&fetched["ok"], &fetched["summary"]["new"]), (&json!(true), &json!(3)));
    let nobody = deployed.handle(json!({"fetch": "nobody"})).await;
    assert_eq!(nobody["error"]["message"], "there is no account called nobody");
    let locked = deployed.handle(json!({"fetch": "locked"})).await;
    assert_eq!(locked["error"]["kind"], "credentials");
}
