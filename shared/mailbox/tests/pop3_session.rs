//! POP3 sessions with servers that follow a script.

// A test may panic, and so may what helps it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/pop3.rs"]
mod pop3;
mod support;

use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use pop3::{THREE, THREE_PIPELINED, fetched, listed, name, open_with, password, refs};
use proptest::collection::vec;
use proptest::prelude::*;
use rebound_mailbox::pop3::Pop3Session;
use rebound_mailbox::server::{
    Access, After, Applied, ErrorKind, Limits, Listing, MailboxError, MessageRef, Protocol, Security, Session, Step,
    Uidl,
};
use support::{ScriptedServer, hasty, patient};

#[test]
fn a_whole_session_fetches_deletes_and_says_quit() {
    let server = ScriptedServer::start(
        r"TLS
        S: +OK example.com ready
        C: CAPA
        S: +OK
        S: SASL PLAIN XOAUTH2
        S: .
        C: AUTH PLAIN AGFubgBvcGVuc2VzYW1l
        S: +OK Logged in.
        C: CAPA
        S: +OK
        S: UIDL
        S: PIPELINING
        S: .
        C: STAT
        S: +OK 2 9000
        C: UIDL
        S: +OK
        S: 1 aaa
        S: 2 bbb
        S: .
        C: LIST
        S: +OK
        S: 1 40
        S: 2 23
        S: .
        C: RETR 1
        C: RETR 2
        S: +OK
        S: Subject: one
        S:
        S: ..dot
        S: .
        S: +OK
        S: Subject: two
        S: .
        C: DELE 1
        C: DELE 2
        S: +OK
        S: +OK
        C: QUIT
        S: +OK bye",
    );
    let address = server.server(Protocol::Pop3, Security::Tls);
    let mut session = Box::new(Pop3Session::open(&address, &password(), Access::Full, &patient()).unwrap());
    assert_eq!(session.connection().greeting, "example.com ready");
    assert!(session.connection().tls.as_deref().unwrap().starts_with("TLSv1.3 "));
    assert_eq!(session.connection().capabilities, ["UIDL", "PIPELINING"]);
    assert_eq!(session.folder().messages, 2);
    let folders = session.folders().unwrap();
    assert_eq!(
        (folders.len(), folders[0].name.as_str(), folders[0].messages),
        (1, "INBOX", Some(2))
    );
    let listed = session.list(&Listing::default()).unwrap();
    let (deliveries, result) = fetched(&mut session, &listed);
    assert_eq!(
        deliveries,
        [r"1=aaa Subject: one\r\n\r\n.dot\r\n", r"2=bbb Subject: two\r\n"]
    );
    result.unwrap();
    assert_eq!(session.apply(&refs(&listed), &After::Keep), Ok(Applied::Done));
    assert_eq!(session.apply(&refs(&listed), &After::Delete), Ok(Applied::AtClose));
    let unsupported = session.apply(&refs(&listed), &After::Seen).unwrap_err();
    assert_eq!(
        (unsupported.step, unsupported.kind),
        (Step::After, ErrorKind::Unsupported)
    );
    session.close().unwrap();
    assert_eq!(server.notes().last().unwrap(), "QUIT");
}

#[test]
fn without_pipelining_each_command_waits_for_the_answer_before() {
    let script = "C: RETR 1
        S: +OK
        S: 1
        S: .
        C: RETR 2
        S: +OK
        S: 2
        S: .
        C: RETR 3
        S: +OK
        S: 3
        S: .
        C: DELE 1
        S: +OK
        C: DELE 3
        S: +OK";
    // The script's server answers what it has read: were commands sent ahead, they would have been read already, and
    // so this also shows that they may come one by one. That they do is seen from a server that reads all there is.
    let (mut session, listed, server) = listed(THREE, script, &patient());
    let (deliveries, result) = fetched(&mut session, &listed);
    assert_eq!(deliveries, [r"1=a 1\r\n", r"2=b 2\r\n", r"3=c 3\r\n"]);
    result.unwrap();
    let some = [
        listed[0].message.clone(),
        listed[2].message.clone(),
        listed[0].message.clone(),
    ];
    session.apply(&some, &After::Delete).unwrap();
    drop(session);
    assert_eq!(
        server.notes().last().unwrap(),
        "DELE 3",
        "nothing is deleted twice, and nobody said QUIT"
    );
}

/// Hostile after each step of a good session: the step it fails in.
const STEPS: [(&str, Step); 9] = [
    ("", Step::Greeting),
    ("C: CAPA\nS: +OK\nS: X\nS: .", Step::Login),
    ("C: USER ann\nS: +OK", Step::Login),
    ("C: PASS opensesame\nS: +OK", Step::Folder),
    ("C: CAPA\nS: -ERR", Step::Folder),
    ("C: STAT\nS: +OK 2 20", Step::List),
    ("C: UIDL\nS: +OK\nS: 1 a\nS: 2 b\nS: .", Step::List),
    ("C: LIST\nS: +OK\nS: 1 10\nS: 2 10\nS: .", Step::Fetch),
    ("C: RETR 1\nS: +OK\nS: text\nS: .", Step::Fetch),
];

/// Plays a session up to the first error.
fn whole_session(server: &ScriptedServer, limits: &Limits) -> Result<(), MailboxError> {
    let server = server.server(Protocol::Pop3, Security::None);
    let mut session = Box::new(Pop3Session::open(&server, &password(), Access::Full, limits)?);
    let listed = session.list(&Listing::default())?;
    session.fetch(&listed, &mut |_| ControlFlow::Continue(()))?;
    session.apply(&refs(&listed), &After::Delete)?;
    session.close()
}

/// What a server may do instead of answering, and the kind of error that it gives.
const HOSTILE: [(&str, ErrorKind); 9] = [
    ("close", ErrorKind::Lost),
    ("s: +O\nclose", ErrorKind::Lost),
    ("s: +OK\\r\\n\nclose", ErrorKind::Lost),
    ("s: +OK\\r\\n1 a\nclose", ErrorKind::Lost),
    ("stall", ErrorKind::TimedOut),
    ("drip: +OK", ErrorKind::TimedOut),
    ("drip: +OK 1 1\\r\\n1 1\\r\\n", ErrorKind::TimedOut),
    ("S: \\xff\\x00 gibberish", ErrorKind::Protocol),
    ("flood: gibberish", ErrorKind::Protocol),
];

fn ends_soon(done: usize, (hostile, kind): (&str, ErrorKind)) {
    let good: Vec<_> = STEPS[..=done].iter().map(|(script, _)| *script).collect();
    let step = STEPS[done].1;
    let server = ScriptedServer::start(&format!("S: +OK\n{}\nC* \n{hostile}", good.join("\n")));
    let limits = match kind {
        ErrorKind::TimedOut => Limits {
            command: Duration::from_secs(1), // all of them run at once
            ..hasty()
        },
        _ => patient(),
    };
    let error = whole_session(&server, &limits).unwrap_err();
    server.notes();
    if (error.step, error.kind) == (step, kind) {
        return;
    }
    // An answer that is whole leads to a later step, where the server is gone or says what nobody asked.
    let whole = hostile.starts_with("s: +OK\\r\\n") || hostile.starts_with("drip: +OK 1 1");
    let later = whole && error.step >= step && (error.kind == kind || error.kind == ErrorKind::Protocol);
    assert!(later, "{hostile} after {good:?}: {error:?}");
}

#[test]
fn whatever_a_server_does_in_whatever_state_it_ends_soon_and_at_its_step() {
    thread::scope(|scope| {
        for done in 0..STEPS.len() {
            for hostile in HOSTILE {
                scope.spawn(move || ends_soon(done, hostile));
            }
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A server that says anything at all, and hangs up, leads to an end and to no panic.
    #[test]
    fn any_answers_lead_to_an_end(good in 0..=STEPS.len(), answers in vec(0..ANSWERS.len(), 0..8)) {
        let good = STEPS[..good].iter().map(|(script, _)| (*script).to_owned());
        let said = good.chain(answers.iter().map(|&answer| format!("C* \ns: {}", ANSWERS[answer])));
        let server = ScriptedServer::start(&format!("S: +OK\n{}", said.collect::<Vec<_>>().join("\n")));
        let session = whole_session(&server, &hasty()); // both may wait for each other
        let notes = server.notes();
        let deleted = notes.iter().any(|said| said.starts_with("DELE")) && session.is_ok();
        // A server with more to say notes after it, in brackets, that nobody asked.
        let last = notes.iter().rfind(|said| !said.starts_with('('));
        prop_assert!(!deleted || last.is_some_and(|said| said == "QUIT"), "{notes:?}");
    }
}

/// Answers to one command or another.
const ANSWERS: [&str; 10] = [
    "+OK\\r\\n",
    "+OK 1 5\\r\\n",
    "+OK\\r\\n1 a\\r\\n.\\r\\n",
    "+OK\\r\\n1 5\\r\\n.\\r\\n",
    "+OK\\r\\nPIPELINING\\r\\n.\\r\\n",
    "-ERR\\r\\n",
    "-ERR [SYS/TEMP]\\r\\n",
    "+ \\r\\n",
    ".\\r\\n",
    "gibber",
];

#[test]
fn an_endless_listing_is_given_up() {
    let script = "C: CAPA\nS: -ERR\nC: USER ann\nS: +OK\nC: PASS opensesame\nS: +OK\nC: STAT\nS: +OK 2 20
        C: UIDL\nS: +OK\nflood: 1 a";
    let (session, server) = open_with(script, &password(), &patient());
    let error = session.unwrap().list(&Listing::default()).unwrap_err();
    assert_eq!((error.step, error.kind), (Step::List, ErrorKind::Protocol));
    assert!(error.reason.contains("1000000"), "{error}");
    server.notes();
}

#[test]
fn listings_that_contradict_each_other_are_refused() {
    for (names, sizes, reason) in [
        (&["1 a", "2 b"][..], &["1 10"][..], "names 2 messages"),
        (&["1 a"], &["1 10", "2 10"], "names 1 messages"),
        (&["1 a", "2 b"], &["1 10", "3 10"], "not of the same ones"),
        (&["1 a", "1 b"], &["1 10", "1 10"], "lists message 1 twice"),
        (&["1 a", "x b"], &["1 10"], "not understood"),
        (&["0 a"], &["1 10"], "not understood"),
    ] {
        let lines = |all: &[&str]| format!("S: {}", all.join("\nS: "));
        let script = format!(
            "C: CAPA\nS: -ERR\nC: USER ann\nS: +OK\nC: PASS opensesame\nS: +OK\nC: STAT\nS: +OK 2 20
            C: UIDL\nS: +OK\n{}\nS: .\nC: LIST\nS: +OK\n{}\nS: .\nstall",
            lines(names),
            lines(sizes)
        );
        let (session, server) = open_with(&script, &password(), &patient());
        let mut session = session.unwrap();
        let error = session.list(&Listing::default()).unwrap_err();
        assert_eq!((error.step, error.kind), (Step::List, ErrorKind::Protocol));
        assert!(error.reason.contains(reason), "{error}");
        assert_eq!(
            session.close(),
            Err(error),
            "after an error nothing is said, and QUIT above all"
        );
        assert_ne!(server.notes().last().unwrap(), "QUIT");
    }
}

#[test]
fn gaps_any_order_and_names_that_occur_twice_are_no_contradiction() {
    let script = THREE.replace("S: 1 a\n    S: 2 b\n    S: 3 c", "S: 9 same\nS: 2 same\nS: 3 c");
    let script = script.replace("S: 1 5\n    S: 2 50\n    S: 3 500", "S: 3 5\nS: 2 4\nS: 9 6");
    let (session, listed, server) = listed(&script, "", &patient());
    let listed: Vec<_> = listed
        .iter()
        .map(|l| format!("{} {}", name(&l.message), l.bytes))
        .collect();
    assert_eq!(listed, ["2=same 4", "3=c 5", "9=same 6"]);
    drop(session);
    server.notes();
}

#[test]
fn without_uidl_the_session_says_so_and_lives_on() {
    let (session, server) = open_with(
        "C: CAPA\nS: -ERR\nC: USER ann\nS: +OK\nC: PASS opensesame\nS: +OK\nC: STAT\nS: +OK 1 10
        C: UIDL
        S: -ERR unknown command
        C: QUIT
        S: +OK",
        &password(),
        &patient(),
    );
    let mut session = session.unwrap();
    let error = session.list(&Listing::default()).unwrap_err();
    assert_eq!((error.step, error.kind), (Step::List, ErrorKind::Unsupported));
    assert!(error.hint.unwrap().contains("IMAP"));
    session.close().unwrap();
    server.notes();
}

#[test]
fn long_and_refused_and_unknown_messages_each_get_their_delivery_in_order() {
    let limits = Limits {
        message_bytes: 60,
        ..patient()
    };
    let (mut session, listed, server) = listed(
        THREE_PIPELINED,
        "C: RETR 1
        C: RETR 2
        S: -ERR [SYS/TEMP] cannot be read now
        S: +OK
        S: longer than it was listed, and longer than anybody may be here
        S: .
        C: RETR 2
        S: +OK
        S: 2
        S: .",
        &limits,
    );
    let mut stranger = listed[1].clone();
    stranger.message = MessageRef::Uidl {
        number: NonZeroU32::new(2).unwrap(),
        uidl: Uidl::new("from-another-session").unwrap(),
    };
    let wanted = [
        listed[2].clone(),
        listed[0].clone(),
        stranger.clone(),
        listed[1].clone(),
    ];
    let (deliveries, result) = fetched(&mut session, &wanted);
    assert_eq!(
        deliveries,
        [
            "3=c is too long: 500",
            "1=a is refused: [SYS/TEMP] cannot be read now",
            "2=from-another-session is gone",
            "2=b is too long: 64",
        ]
    );
    result.unwrap();
    let (deliveries, result) = fetched(&mut session, &listed[1..2]);
    assert_eq!(deliveries, [r"2=b 2\r\n"], "the session is still in step");
    result.unwrap();
    session.apply(&[stranger.message], &After::Delete).unwrap();
    drop(session);
    assert_eq!(server.notes().last().unwrap(), "RETR 2", "a stranger is not deleted");
}

#[test]
fn a_message_without_end_drops_the_connection() {
    let limits = Limits {
        message_bytes: 60,
        ..patient()
    };
    let (mut session, listed, server) = listed(THREE, "C: RETR 1\nS: +OK\nflood: text", &limits);
    let (deliveries, result) = fetched(&mut session, &listed);
    assert_eq!(deliveries, [""; 0]);
    let error = result.unwrap_err();
    assert_eq!((error.step, error.kind), (Step::Fetch, ErrorKind::Protocol));
    assert!(error.reason.contains("listed with 5"), "{error}");
    drop(session);
    server.notes();
}

#[test]
fn breaking_off_leaves_the_session_in_step() {
    let (mut session, listed, server) = listed(
        THREE_PIPELINED,
        "C: RETR 1
        C: RETR 2
        C: RETR 3
        S: +OK
        S: .
        S: -ERR
        S: +OK
        S: 3
        S: .
        C: QUIT
        S: +OK",
        &patient(),
    );
    let mut deliveries = 0;
    let result = session.fetch(&listed, &mut |_| {
        deliveries += 1;
        ControlFlow::Break(())
    });
    assert_eq!((deliveries, result), (1, Ok(())));
    session.close().unwrap();
    server.notes();
}

#[test]
fn a_mailbox_that_is_only_looked_at_is_not_changed() {
    let server = ScriptedServer::start(&format!(
        "TLS
        S: +OK
        {THREE_PIPELINED}
        C: TOP 1 99999999
        S: +OK
        S: 1
        S: .
        C: QUIT
        S: +OK"
    ));
    let address = server.server(Protocol::Pop3, Security::Tls);
    let session = Pop3Session::open(&address, &password(), Access::ReadOnly, &patient());
    let mut session = Box::new(session.unwrap());
    let listed = session.list(&Listing::default()).unwrap();
    let (deliveries, result) = fetched(&mut session, &listed[..1]);
    assert_eq!(deliveries, [r"1=a 1\r\n"]);
    result.unwrap();
    let error = session.apply(&refs(&listed), &After::Delete).unwrap_err();
    assert_eq!((error.step, error.kind), (Step::After, ErrorKind::Unsupported));
    session.close().unwrap();
    server.notes();
}

#[test]
fn a_refused_deletion_is_done_if_the_message_is_gone_and_an_error_if_it_is_not() {
    let (mut session, listed, server) = listed(
        THREE_PIPELINED,
        "C: DELE 1
        C: DELE 2
        C: DELE 3
        S: +OK
        S: -ERR no such message
        S: +OK
        C: LIST 2
        S: -ERR no such message
        C: QUIT
        S: +OK",
        &patient(),
    );
    assert_eq!(session.apply(&refs(&listed), &After::Delete), Ok(Applied::AtClose));
    session.close().unwrap();
    server.notes();

    let (mut session, listed, server) = self::listed(
        THREE_PIPELINED,
        "C: DELE 2
        S: -ERR read only
        C: LIST 2
        S: +OK 2 50
        stall",
        &patient(),
    );
    let error = session.apply(&refs(&listed[1..2]), &After::Delete).unwrap_err();
    assert_eq!((error.step, error.kind), (Step::After, ErrorKind::Folder));
    assert_eq!(session.close(), Err(error));
    assert_eq!(server.notes().last().unwrap(), "LIST 2");
}

#[test]
fn deletions_count_only_when_quit_is_answered_with_yes() {
    for (answer, kind) in [
        ("close", ErrorKind::Lost),
        ("S: -ERR some deleted messages not removed", ErrorKind::Unavailable),
        ("s: +OK", ErrorKind::Lost),
        (r"s: +OK\r\n+OK\r\n", ErrorKind::Protocol),
        ("S: done", ErrorKind::Protocol),
    ] {
        let script = format!("C: DELE 1\nS: +OK\nC: QUIT\n{answer}");
        let (mut session, listed, server) = listed(THREE, &script, &patient());
        session.apply(&refs(&listed[..1]), &After::Delete).unwrap();
        let error = session.close().unwrap_err();
        assert_eq!((error.step, error.kind), (Step::Close, kind), "{answer}");
        server.notes();
    }
}
