//! An IMAP server that answers every command with anything: nothing panics, nothing waits for ever, and what comes of a
//! fetch keeps its promise.

#![allow(clippy::unwrap_used)] // a test may panic, and so may what helps it

mod support;

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::thread;

use proptest::collection::vec;
use proptest::prelude::*;
use rebound_mailbox::server::{
    self, Access, After, Delivery, FolderName, Limits, Listed, Listing, Login, MailboxError, MessageRef, Protocol,
    Secret, Security, Server, Session, Trust, Uid,
};
use support::patient;

const SAYINGS: &[&str] = &[
    "* 3 EXISTS",
    "* 99999999999 EXISTS",
    "* 0 EXPUNGE",
    "* 1 EXPUNGE",
    "* VANISHED (EARLIER) 1:5",
    "* FLAGS (\\Seen)",
    "* OK [UIDVALIDITY 17] valid",
    "* OK [UIDVALIDITY 0] void",
    "* OK [UIDNEXT 99999999999] much",
    "* OK [ALERT] sch\u{f6}n",
    "* OK",
    "* NO warning",
    "* BAD something",
    "* BYE [UNAVAILABLE] bye",
    "* PREAUTH hello",
    "* SEARCH 1 2 3",
    "* SEARCH 0 4294967295 ",
    "* SEARCH 4294967296",
    "* LIST () \"/\" one",
    "* LIST (\\Noselect) NIL {3}\r\nabc",
    "* LIST () \"/\" \"a\\\"b\"",
    "* LIST () \"/\" \"\"",
    "* STATUS one (MESSAGES 1 UNSEEN 1)",
    "* STATUS one (MESSAGES -1)",
    "* CAPABILITY IMAP4rev1 UIDPLUS MOVE LIST-STATUS",
    "* CAPABILITY",
    "* 1 FETCH (UID 1 RFC822.SIZE 3)",
    "* 1 FETCH (UID 1 BODY[] {3}\r\nabc)",
    "* 2 FETCH (UID 2 BODY[] {13}\r\nf1 OK done\r\n)",
    "* 3 FETCH (UID 3 BODY[] NIL)",
    "* 3 FETCH (UID 3 BODY[] \"three\")",
    "* 3 FETCH (FLAGS (\\Seen))",
    "* 3 FETCH (UID 0)",
    "* ID NIL",
    "* QUOTA \"\" ()",
    "* X",
    "* ",
    "+ go",
    "+",
    "nonsense",
    "a1 OK done",
    "f1 OK done",
];

/// Mostly well, for hardly any session would come far otherwise.
const ENDINGS: &[&str] = &[
    "OK done",
    "OK [READ-ONLY] done",
    "OK done",
    "OK",
    "OK [COPYUID 17 1 1] done",
    "OK done",
    "OK [EXPUNGEISSUED] gone",
    "NO [EXPUNGEISSUED] gone",
    "NO [TRYCREATE] no",
    "NO no",
    "BAD bad",
];

/// What is said to one command: so many sayings, and an ending.
type Answer = (Vec<prop::sample::Index>, prop::sample::Index);

/// What opens a session: the answers to CAPABILITY, LOGIN, CAPABILITY, SELECT and SEARCH.
const WELCOME: [&str; 5] = [
    "* CAPABILITY IMAP4rev1",
    "* OK in",
    "* CAPABILITY IMAP4rev1 UIDPLUS MOVE",
    "* 3 EXISTS",
    "* SEARCH 1 2 3",
];

/// Is friendly for so many commands, for hardly any session would open otherwise, and then says anything.
fn babble(client: &TcpStream, friendly: usize, answers: &[Answer]) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut out = client.try_clone()?;
    out.write_all(b"* OK ready\r\n")?;
    let welcome = WELCOME.iter().take(friendly).map(|saying| (vec![*saying], "OK done"));
    let anything = answers.iter().map(|(sayings, ending)| {
        let sayings = sayings.iter().map(|saying| *saying.get(SAYINGS)).collect();
        (sayings, *ending.get(ENDINGS))
    });
    for (line, (sayings, ending)) in BufReader::new(client).lines().zip(welcome.chain(anything)) {
        let line = line?;
        let tag = line.split(' ').next().unwrap_or_default();
        let mut answer = sayings.join("\r\n");
        if !sayings.is_empty() {
            answer.push_str("\r\n");
        }
        answer.extend([tag, " ", ending, "\r\n"]);
        out.write_all(answer.as_bytes())?;
    }
    Ok(())
}

fn message(number: u32) -> MessageRef {
    MessageRef::Uid(Uid(NonZeroU32::new(number).unwrap()))
}

fn use_it(session: &mut dyn Session) -> Result<(), MailboxError> {
    session.list(&Listing::default())?;
    let wanted = [1, 2, 3].map(|number| Listed {
        message: message(number),
        bytes: 3,
    });
    let mut delivered = Vec::new();
    let fetched = session.fetch(&wanted, &mut |delivery| {
        delivered.push(match delivery {
            Delivery::Message { message, .. } | Delivery::Gone(message) | Delivery::Refused { message, .. } => message,
            Delivery::TooLong(listed) => listed.message,
        });
        ControlFlow::Continue(())
    });
    let distinct: HashSet<_> = delivered.iter().collect();
    assert_eq!(distinct.len(), delivered.len(), "delivered twice");
    assert!(
        wanted
            .iter()
            .map(|listed| &listed.message)
            .zip(&delivered)
            .all(|(one, other)| one == other),
        "out of order"
    );
    assert!(fetched.is_err() || delivered.len() == wanted.len(), "not delivered");
    fetched?;
    session.folders()?;
    session.apply(&[message(1)], &After::Delete)?;
    session.apply(&[message(2)], &After::Move(FolderName::new("Done").unwrap()))?;
    session.apply(&[message(3)], &After::Seen)?;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whatever_a_server_answers_the_session_keeps_its_promises(
        answers in vec((vec(any::<prop::sample::Index>(), 0..4), any::<prop::sample::Index>()), 0..20),
        friendly in 0..=WELCOME.len(),
    ) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server {
            protocol: Protocol::Imap,
            host: "127.0.0.1".to_owned(),
            port: listener.local_addr().unwrap().port(),
            security: Security::None,
            trust: Trust::Public,
        };
        thread::scope(|threads| {
            threads.spawn(|| {
                let (client, _) = listener.accept().unwrap();
                let _ = babble(&client, friendly, &answers);
            });
            let login = Login::Password { user: "ann".to_owned(), password: Secret::new("opensesame") };
            let limits = Limits { message_bytes: 100, ..patient() };
            let opened = server::open(&server, &login, &FolderName::inbox(), Access::Full, &limits);
            if let Ok(mut session) = opened {
                let _ = use_it(&mut *session);
                prop_assert_eq!(session.close(), Ok(()));
            }
            Ok(())
        })?;
    }
}
