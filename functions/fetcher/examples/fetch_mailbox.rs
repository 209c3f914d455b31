//! Fetches a mailbox as the function does, from nothing, and says how many messages came. `tests/bench/fetch` measures
//! it against other programs.
//!
//! ```sh
//! cargo run --release -p rebound-fetcher --example fetch_mailbox -- \
//!     imap discarding localhost 993 authority.pem USER PASSWORD FOLDER
//! ```
//!
//! `discarding` throws every message away once it is hashed; `durable` has it on the disk, in the embedded archive in
//! FOLDER, before it counts as fetched.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use rebound_accounts::Account;
use rebound_archive::{Archive, ArchiveError, ObjectKey, Provenance, RawMessage, Stored};
use rebound_classify::Classifier;
use rebound_fetcher::mailboxes::Mailboxes;
use rebound_fetcher::{
    Attempt, Clock, Errand, MailboxFetcher, MailboxOptions, MailboxOutcome, MailboxRun, Opener, Opening, Store,
};
use rebound_local::LocalStack;
use rebound_mailbox::server::{
    self, Access, After, FolderName, Limits, Login, MailboxError, Protocol, Secret, Security, Server, Trust,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [protocol, archive, host, port, authority, user, password, folder] = &arguments[..] else {
        return Err("usage: fetch_mailbox imap|pop3 discarding|durable HOST PORT CA_FILE USER PASSWORD FOLDER".into());
    };
    let mailbox = Mailbox {
        server: Server {
            protocol: if protocol == "pop3" {
                Protocol::Pop3
            } else {
                Protocol::Imap
            },
            host: host.clone(),
            port: port.parse()?,
            security: Security::Tls,
            trust: Trust::Authorities(std::fs::read_to_string(authority)?),
        },
        login: Login::Password {
            user: user.clone(),
            password: Secret::new(password.as_str()),
        },
    };
    let stack = LocalStack::open(&Path::new(folder).join("rebound")).await?;
    let run = match archive.as_str() {
        "discarding" => fetch(Discarding, &stack, &mailbox).await?,
        "durable" => fetch(Archive::new(stack.s3(), stack.bucket()), &stack, &mailbox).await?,
        other => return Err(format!("{other} is neither discarding nor durable").into()),
    };
    stack.close().await?;
    if let Some(error) = run.error {
        return Err(error.into());
    }
    println!("{}", run.summary.new);
    Ok(())
}

async fn fetch(store: impl Store, stack: &LocalStack, mailbox: &Mailbox) -> Result<MailboxRun, Box<dyn Error>> {
    let mailboxes = Mailboxes::new(&stack.dynamodb(), "");
    mailboxes.ensure().await?;
    let errand = Errand {
        account: Account::new("bench".parse()?),
        place: "bench".to_owned(),
        only_unread: false,
        after: After::Keep,
        after_others: After::Keep,
    };
    let fetcher = MailboxFetcher::new(store, mailboxes, Arc::new(Classifier::new()), Clock::new(now));
    match fetcher
        .fetch(&errand, mailbox, &MailboxOptions::by("bench"), |_| {})
        .await?
    {
        MailboxOutcome::Ran(run) => Ok(run),
        other => Err(format!("{other:?}").into()),
    }
}

#[expect(clippy::disallowed_methods, reason = "a program's edge reads the clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

struct Mailbox {
    server: Server,
    login: Login,
}

impl Opener for Mailbox {
    fn prepare(&self, _attempt: Attempt) -> BoxFuture<'_, Result<Option<Opening>, MailboxError>> {
        let (server, login) = (self.server.clone(), self.login.clone());
        let opening: Opening =
            Box::new(move || server::open(&server, &login, &FolderName::inbox(), Access::Full, &Limits::default()));
        async { Ok(Some(opening)) }.boxed()
    }
}

/// Keeps nothing, and says that it has.
#[derive(Clone)]
struct Discarding;

impl Store for Discarding {
    async fn store(&self, account: &Account, message: &RawMessage, _: &Provenance) -> Result<Stored, ArchiveError> {
        let key = ObjectKey::new(account.name.clone(), message.hash());
        Ok(Stored { key, new: true })
    }
}
