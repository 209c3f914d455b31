//! A mail server, an archive and a table, all of which may break at any step, and a clock that stands still.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use rebound_accounts::Account;
use rebound_archive::{ArchiveError, ObjectKey, Operation, Provenance, RawMessage, Stored};
use rebound_classify::Classifier;
use rebound_fetcher::mailboxes::{MailboxState, Mailboxes, MailboxesError};
use rebound_fetcher::{
    Attempt, Clock, Errand, MailboxFetcher, MailboxOptions, MailboxOutcome, MailboxRun, Opener, Opening, Store,
};
use rebound_local::LocalStack;
use rebound_mailbox::server::{
    After, Applied, Connection, Delivery, ErrorKind, Folder, FolderName, Listed, Listing, MailboxError, MessageRef,
    OpenFolder, Session, Step, Uid, UidValidity, Uidl,
};

/// The longest message that the server's client fetches, in bytes.
pub(crate) const LONGEST: u64 = 100_000;

/// Everything outside the fetcher.
#[derive(Clone, Default)]
pub(crate) struct World(Arc<Mutex<State>>);

/// What the world is like.
#[derive(Default)]
pub(crate) struct State {
    pub pop3: bool,
    /// Without UIDPLUS.
    pub(crate) cannot_expunge: bool,
    pub(crate) validity: u32,
    pub(crate) mailbox: Vec<Mail>,
    /// What was moved away.
    pub(crate) elsewhere: Vec<Mail>,
    /// By key: the bytes, and how often they were put as new.
    pub(crate) archive: BTreeMap<String, u64>,
    pub(crate) now: Timestamp,
    pub(crate) fault: Fault,
    /// Puts of messages with these words fail.
    pub(crate) refused_words: Option<&'static str>,
    /// Storing mail of this account panics.
    pub(crate) panics_over: Option<&'static str>,
    /// The password is wrong.
    pub(crate) refused_login: Option<ErrorKind>,
    /// The connection is lost once, when this message is fetched.
    pub(crate) lost_at: Option<u32>,
    /// Steps so far.
    pub(crate) steps: u64,
    pub(crate) logins: u64,
    /// What was asked of the server, for tests that look at the order of things.
    pub(crate) log: Vec<String>,
    /// Seconds that pass with every fetch command.
    pub(crate) seconds_per_fetch: i64,
}

/// A message on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) uid: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) seen: bool,
    pub(crate) deleted: bool,
}

/// What breaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    #[default]
    Nothing,
    /// Nothing is done any more from this step on. To the world it is the same as a step before it whose answer nobody
    /// has heard any more.
    DiesBefore(u64),
    /// This step is not done, and everything else is.
    Fails(u64),
    /// This step is done, but nobody hears of it; everything else is fine.
    AnswerLost(u64),
}

/// What happens to one step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Luck {
    Done,
    NotDone,
    NotHeard,
}

impl World {
    pub(crate) fn imap() -> Self {
        let world = Self::default();
        world.state().validity = 7;
        world
    }

    pub(crate) fn pop3() -> Self {
        let world = Self::default();
        world.state().pop3 = true;
        world
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Delivers `count` messages, every third of which is ordinary mail.
    pub(crate) fn deliver(&self, count: u32) {
        let mut state = self.state();
        for _ in 0..count {
            let uid = state.mailbox.iter().map(|mail| mail.uid).max().unwrap_or(0) + 1;
            let bytes = if uid.is_multiple_of(3) {
                letter(uid)
            } else {
                bounce(uid)
            };
            state.mailbox.push(Mail {
                uid,
                bytes,
                seen: false,
                deleted: false,
            });
        }
    }

    pub(crate) fn pass(&self, time: Duration) {
        let mut state = self.state();
        state.now = state.now.checked_add(time).unwrap();
    }

    pub(crate) fn uids(&self) -> Vec<u32> {
        self.state().mailbox.iter().map(|mail| mail.uid).collect()
    }

    /// A session with the server, as if the login had gone well.
    pub(crate) fn session(&self) -> Box<dyn Session> {
        Box::new(WorldSession::new(self.clone()))
    }

    fn step(&self, what: &str) -> Luck {
        let mut state = self.state();
        let step = state.steps;
        state.steps += 1;
        state.log.push(what.to_owned());
        match state.fault {
            Fault::DiesBefore(at) if step >= at => Luck::NotDone,
            Fault::Fails(at) if step == at => Luck::NotDone,
            Fault::AnswerLost(at) if step == at => Luck::NotHeard,
            _ => Luck::Done,
        }
    }

    fn server_step<T>(&self, step: Step, what: &str, act: impl FnOnce(&mut State) -> T) -> Result<T, MailboxError> {
        let luck = self.step(what);
        if luck == Luck::NotDone {
            return Err(lost(step));
        }
        let done = act(&mut self.state());
        if luck == Luck::Done { Ok(done) } else { Err(lost(step)) }
    }
}

/// A hard bounce.
pub(crate) fn bounce(number: u32) -> Vec<u8> {
    format!(
        "From: MAILER-DAEMON@mx.example.org\r\nTo: bounces@example.com\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n\
         Final-Recipient: rfc822; person{number}@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n\r\n--b--\r\n"
    )
    .into_bytes()
}

/// An ordinary letter.
pub(crate) fn letter(number: u32) -> Vec<u8> {
    format!("From: ann@example.net\r\nTo: bob@example.com\r\nSubject: Lunch {number}\r\n\r\nShall we meet at noon?\r\n")
        .into_bytes()
}

pub(crate) fn lost(step: Step) -> MailboxError {
    MailboxError::new(step, ErrorKind::Lost, "the connection ended")
}

/// Small chunks, so that there are many of them.
pub(crate) fn options(owner: &str) -> MailboxOptions {
    MailboxOptions {
        chunk: 16,
        ..MailboxOptions::by(owner)
    }
}

/// A fetcher in the world, with a table of its own.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) world: World,
    pub(crate) fetcher: MailboxFetcher<WorldStore>,
    pub(crate) errand: Errand,
    /// Sees the table as it is.
    pub(crate) table: Mailboxes,
}

impl Setting {
    /// The account called `name` in `world`.
    pub(crate) async fn new(stack: &LocalStack, world: &World, name: &str, after: After, after_others: After) -> Self {
        let table = Mailboxes::new(&stack.dynamodb(), "test-");
        table.ensure().await.unwrap();
        let faulty = faulty_client(&stack.dynamodb(), world);
        let clock = world.clone();
        let clock = Clock::new(move || clock.state().now);
        let classifier = Arc::new(Classifier::new());
        let mailboxes = Mailboxes::new(&faulty, "test-");
        let place = if world.state().pop3 {
            "pop3://ann@example.com"
        } else {
            "imap://ann@example.com/INBOX"
        };
        Self {
            fetcher: MailboxFetcher::new(WorldStore(world.clone()), mailboxes, classifier, clock),
            errand: Errand {
                account: Account::new(name.parse().unwrap()),
                place: place.to_owned(),
                only_unread: false,
                after,
                after_others,
            },
            world: world.clone(),
            table,
        }
    }

    pub(crate) async fn fetch(&self, options: &MailboxOptions) -> Result<MailboxOutcome, MailboxesError> {
        let opener = WorldOpener(self.world.clone());
        self.fetcher.fetch(&self.errand, &opener, options, |_| {}).await
    }

    /// Fetches in small chunks; the mailbox must be free.
    pub(crate) async fn run(&self) -> MailboxRun {
        self.run_with(&options("run")).await
    }

    pub(crate) async fn run_with(&self, options: &MailboxOptions) -> MailboxRun {
        match self.fetch(options).await.unwrap() {
            MailboxOutcome::Ran(run) => run,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn remembered(&self) -> Option<MailboxState> {
        self.table.state(&self.errand.account.name).await.unwrap()
    }
}

/// The archive of the world.
#[derive(Clone)]
pub(crate) struct WorldStore(pub(crate) World);

impl Store for WorldStore {
    async fn store(&self, account: &Account, message: &RawMessage, _: &Provenance) -> Result<Stored, ArchiveError> {
        // Puts do not end in the order in which they begin.
        for _ in 0..message.hash().as_bytes()[0] % 4 {
            tokio::task::yield_now().await;
        }
        let key = ObjectKey::new(account.name.clone(), message.hash());
        let refused = |reason: &str| ArchiveError::Refused {
            key: key.clone(),
            operation: Operation::Store,
            reason: reason.to_owned(),
            retryable: true,
            source: reason.into(),
        };
        let panics_over = self.0.state().panics_over;
        assert_ne!(panics_over, Some(account.name.as_str()), "as the test wanted it");
        let words = self.0.state().refused_words;
        if words.is_some_and(|words| String::from_utf8_lossy(message.bytes()).contains(words)) {
            return Err(refused("not today"));
        }
        let luck = self.0.step("put");
        if luck == Luck::NotDone {
            return Err(refused("unreachable"));
        }
        let mut state = self.0.state();
        let new = !state.archive.contains_key(&key.to_string());
        *state.archive.entry(key.to_string()).or_default() += u64::from(new);
        if luck == Luck::NotHeard {
            return Err(refused("no answer"));
        }
        Ok(Stored { key, new })
    }
}

/// Opens the mailbox of the world.
pub(crate) struct WorldOpener(pub(crate) World);

impl Opener for WorldOpener {
    fn prepare(&self, _: Attempt) -> BoxFuture<'_, Result<Option<Opening>, MailboxError>> {
        let world = self.0.clone();
        let opening: Opening = Box::new(move || {
            world.server_step(Step::Connect, "open", |state| state.logins += 1)?;
            let refused = world.state().refused_login;
            if let Some(kind) = refused {
                return Err(MailboxError::new(Step::Login, kind, "no").with_hint("another password"));
            }
            Ok(world.session())
        });
        std::future::ready(Ok(Some(opening))).boxed()
    }
}

/// A session with the server of the world.
struct WorldSession {
    world: World,
    connection: Connection,
    folder: OpenFolder,
    /// The maildrop as it was at the beginning of a POP3 session, and what is marked as deleted in it.
    drop: Vec<u32>,
    marked: BTreeSet<u32>,
}

impl WorldSession {
    fn new(world: World) -> Self {
        let state = world.state();
        let folder = OpenFolder {
            name: FolderName::inbox(),
            messages: state.mailbox.len() as u64,
            uid_validity: NonZeroU32::new(state.validity).map(UidValidity),
        };
        let drop = state.mailbox.iter().map(|mail| mail.uid).collect();
        std::mem::drop(state);
        Self {
            world,
            connection: Connection {
                peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 993)),
                tls: None,
                greeting: "ready".to_owned(),
                capabilities: Vec::new(),
            },
            folder,
            drop,
            marked: BTreeSet::new(),
        }
    }

    fn named(&self, uid: u32) -> MessageRef {
        if !self.world.state().pop3 {
            return MessageRef::Uid(Uid(NonZeroU32::new(uid).unwrap()));
        }
        let number = self.drop.iter().position(|one| *one == uid).unwrap() + 1;
        MessageRef::Uidl {
            number: NonZeroU32::new(u32::try_from(number).unwrap()).unwrap(),
            uidl: Uidl::new(format!("uidl-{uid}")).unwrap(),
        }
    }

    fn uid_of(&self, message: &MessageRef) -> u32 {
        match message {
            MessageRef::Uid(uid) => uid.0.get(),
            MessageRef::Uidl { number, .. } => self.drop[number.get() as usize - 1],
        }
    }
}

impl Session for WorldSession {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn folder(&self) -> &OpenFolder {
        &self.folder
    }

    fn folders(&mut self) -> Result<Vec<Folder>, MailboxError> {
        Ok(Vec::new())
    }

    fn list(&mut self, listing: &Listing) -> Result<Vec<Listed>, MailboxError> {
        let after = listing.after.map_or(0, |uid| uid.0.get());
        let mails = self.world.server_step(Step::List, "list", |state| {
            let last = state.mailbox.iter().map(|mail| mail.uid).max();
            let wanted = |mail: &&Mail| {
                // As `UID FETCH n:*` has it, the last message is always among the answers.
                (state.pop3 || mail.uid > after || Some(mail.uid) == last) && !(listing.only_unread && mail.seen)
            };
            let mails = state.mailbox.iter().filter(wanted);
            mails
                .map(|mail| (mail.uid, mail.bytes.len() as u64))
                .collect::<Vec<_>>()
        })?;
        let listed = mails.into_iter().map(|(uid, bytes)| Listed {
            message: self.named(uid),
            bytes,
        });
        Ok(listed.collect())
    }

    fn fetch(
        &mut self,
        wanted: &[Listed],
        sink: &mut dyn FnMut(Delivery) -> ControlFlow<()>,
    ) -> Result<(), MailboxError> {
        for batch in wanted.chunks(16) {
            for listed in batch {
                let uid = self.uid_of(&listed.message);
                if self.world.state().lost_at.take_if(|at| *at == uid).is_some() {
                    return Err(lost(Step::Fetch));
                }
                let delivery = self.world.server_step(Step::Fetch, "fetch", |state| {
                    let mail = state.mailbox.iter().find(|mail| mail.uid == uid);
                    mail.map(|mail| mail.bytes.clone())
                })?;
                let delivery = match delivery {
                    Some(bytes) if bytes.len() as u64 > LONGEST => Delivery::TooLong(listed.clone()),
                    Some(bytes) => Delivery::Message {
                        message: listed.message.clone(),
                        bytes,
                    },
                    None => Delivery::Gone(listed.message.clone()),
                };
                if sink(delivery).is_break() {
                    return Ok(());
                }
            }
            let seconds = self.world.state().seconds_per_fetch;
            self.world.pass(Duration::from_secs(seconds.unsigned_abs()));
        }
        Ok(())
    }

    fn apply(&mut self, messages: &[MessageRef], after: &After) -> Result<Applied, MailboxError> {
        let uids: HashSet<u32> = messages.iter().map(|message| self.uid_of(message)).collect();
        let pop3 = self.world.state().pop3;
        match after {
            After::Delete if pop3 => {
                self.world.server_step(Step::After, "mark", |_| ())?;
                self.marked.extend(uids);
                Ok(Applied::AtClose)
            }
            After::Keep => Ok(Applied::Done),
            after if pop3 => Err(after.unsupported()),
            after => self.world.server_step(Step::After, "apply", |state| {
                let (touched, rest) = std::mem::take(&mut state.mailbox)
                    .into_iter()
                    .partition::<Vec<_>, _>(|mail| uids.contains(&mail.uid));
                state.mailbox = rest;
                let mut flagged = false;
                for mut mail in touched {
                    match after {
                        After::Keep => unreachable!(),
                        After::Delete if state.cannot_expunge => {
                            flagged = true;
                            mail.deleted = true;
                            state.mailbox.push(mail);
                        }
                        After::Delete => {}
                        After::Move(_) => state.elsewhere.push(mail),
                        After::Seen => {
                            mail.seen = true;
                            state.mailbox.push(mail);
                        }
                    }
                }
                state.mailbox.sort_by_key(|mail| mail.uid);
                if flagged { Applied::FlaggedOnly } else { Applied::Done }
            }),
        }
    }

    fn close(self: Box<Self>) -> Result<(), MailboxError> {
        self.world.server_step(Step::Close, "close", |state| {
            state.mailbox.retain(|mail| !self.marked.contains(&mail.uid));
        })
    }
}

/// A client of the same table whose requests are steps of the world.
fn faulty_client(client: &aws_sdk_dynamodb::Client, world: &World) -> aws_sdk_dynamodb::Client {
    let inner = client.config().http_client().unwrap();
    let config = client.config().to_builder().http_client(FaultyHttp {
        inner,
        world: world.clone(),
    });
    aws_sdk_dynamodb::Client::from_conf(config.retry_config(RetryConfig::disabled()).build())
}

#[derive(Clone)]
struct FaultyHttp {
    inner: SharedHttpClient,
    world: World,
}

impl std::fmt::Debug for FaultyHttp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FaultyHttp")
    }
}

impl HttpClient for FaultyHttp {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(FaultyConnector {
            inner: self.inner.http_connector(settings, components),
            http: self.clone(),
        })
    }
}

#[derive(Debug)]
struct FaultyConnector {
    inner: SharedHttpConnector,
    http: FaultyHttp,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let luck = self.http.world.step(&operation);
        let broken = || Err(ConnectorError::io("the network is down".into()));
        if luck == Luck::NotDone {
            return HttpConnectorFuture::ready(broken());
        }
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            if luck == Luck::Done { answer } else { broken() }
        })
    }
}
