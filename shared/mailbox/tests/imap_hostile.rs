//! IMAP servers that are broken, hostile, or only refuse: each ends in the right error, soon, and learns nothing.

#![allow(clippy::unwrap_used)] // a test may panic, and so may what helps it

mod support;

use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use rebound_mailbox::server::{
    self, Access, ErrorKind, FolderName, Limits, Listed, Listing, Login, MailboxError, MessageRef, Protocol, Secret,
    Security, Server, Step, Trust, Uid,
};
use support::{ScriptedServer, hasty, patient};

use ErrorKind::{Certificate, Credentials, Lost, TimedOut, Unavailable, Unsupported};

fn password() -> Login {
    Login::Password {
        user: "ann".to_owned(),
        password: Secret::new("opensesame"),
    }
}

fn token() -> Login {
    Login::Token {
        user: "ann".to_owned(),
        token: Secret::new("opensesame"),
    }
}

/// Every way in which the secret could be on the wire.
fn is_secret(note: &str) -> bool {
    // AUTHENTICATE PLAIN's and XOAUTH2's first answers, and the words themselves.
    ["opensesame", "AGFubgBvcGVuc2VzYW1l", "dXNlcj1hbm4BYXV0aD1CZWFyZXIg"]
        .iter()
        .any(|secret| note.contains(secret))
}

fn open(script: &str, security: Security, login: &Login, limits: &Limits) -> (MailboxError, Vec<String>) {
    let scripted = ScriptedServer::start(script);
    let server = scripted.server(Protocol::Imap, security);
    let error = server::open(&server, login, &FolderName::inbox(), Access::Full, limits)
        .map(drop)
        .unwrap_err();
    (error, scripted.notes())
}

#[test]
fn before_the_channel_is_safe_nothing_is_said_that_needs_protection() {
    use Security::{None, StartTls, Tls};
    for (security, script, step, kind, says) in [
        (Tls, "TLS\nclose", Step::Greeting, Lost, "closed the connection"),
        (Tls, "S: * OK ready\nstall", Step::Tls, ErrorKind::Protocol, "not TLS"),
        (Tls, "close", Step::Tls, Lost, "closed"),
        (
            Tls,
            "TLS\nS: +OK ready",
            Step::Greeting,
            ErrorKind::Protocol,
            "+OK ready",
        ),
        (
            Tls,
            "TLS\nS: 220 mail ESMTP",
            Step::Greeting,
            ErrorKind::Protocol,
            "220",
        ),
        (
            Tls,
            "TLS\ns: * OK rea\nclose",
            Step::Greeting,
            Lost,
            "in the middle of an answer",
        ),
        (
            Tls,
            "TLS\nS: * PREAUTH hello\nstall",
            Step::Greeting,
            Unsupported,
            "PREAUTH",
        ),
        (
            Tls,
            "TLS\nS: * BYE too many connections",
            Step::Greeting,
            Unavailable,
            "too many",
        ),
        (
            Tls,
            "TLS\nS: a1 OK hello\nstall",
            Step::Greeting,
            ErrorKind::Protocol,
            "does not speak IMAP",
        ),
        (
            StartTls,
            "S: * PREAUTH hello\nstall",
            Step::Greeting,
            Certificate,
            "PREAUTH",
        ),
        // STARTTLS stripped from the server's list, or refused.
        (
            StartTls,
            "S: * OK [CAPABILITY IMAP4rev1] ready\nC: s1 STARTTLS\nS: s1 BAD what?\nstall",
            Step::Tls,
            Certificate,
            "would not secure",
        ),
        (
            StartTls,
            "S: * OK ready\nC: s1 STARTTLS\nS: s1 NO\nstall",
            Step::Tls,
            Certificate,
            "would not secure",
        ),
        (
            StartTls,
            "S: * OK ready\nC: s1 STARTTLS\nclose",
            Step::Tls,
            Lost,
            "closed",
        ),
        (
            StartTls,
            "S: * OK ready\nC: s1 STARTTLS\nS: * BYE no\nclose",
            Step::Tls,
            Lost,
            "hangs up with \"no\"",
        ),
        // What somebody in between says in front of the handshake must not be believed after it (CVE-2011-0411).
        (
            StartTls,
            "S: * OK ready\nC: s1 STARTTLS\ns: s1 OK go\\r\\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\\r\\n\nstall",
            Step::Tls,
            Certificate,
            "injected",
        ),
        (
            StartTls,
            "S: * OK ready\nC: s1 STARTTLS\ns: s1 OK go\\r\\n* OK\nstall",
            Step::Tls,
            Certificate,
            "injected",
        ),
        (
            None,
            "S: * BYE [UNAVAILABLE] down for maintenance",
            Step::Greeting,
            Unavailable,
            "maintenance",
        ),
        (
            None,
            "S: * OK ready\nC: a1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS\nS: a1 OK done\nstall",
            Step::Login,
            Certificate,
            "not secured",
        ),
        (
            Tls,
            "TLS\nS: * OK ready\nC: a1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=GSSAPI\nS: a1 OK done\nstall",
            Step::Login,
            Unsupported,
            "no password",
        ),
        (
            Tls,
            "TLS\nS: * OK ready\nC: a1 CAPABILITY\nS: * CAPABILITY IMAP4rev1\nclose",
            Step::Greeting,
            Lost,
            "closed",
        ),
    ] {
        for login in [password(), token()] {
            if matches!(login, Login::Token { .. }) && script.contains("LOGINDISABLED") {
                continue;
            }
            let (error, notes) = open(script, security, &login, &patient());
            assert_eq!((error.step, error.kind), (step, kind), "{script}\n{error}");
            assert!(error.reason.contains(says), "{script}\n{error}");
            assert!(
                !notes.iter().any(|note| is_secret(note) || note.starts_with('(')),
                "{script}\n{notes:?}"
            );
        }
    }
}

#[test]
fn where_nobody_listens_nothing_is_reached() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let server = Server {
        protocol: Protocol::Imap,
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Tls,
        trust: Trust::Public,
    };
    let opened = server::open(&server, &password(), &FolderName::inbox(), Access::Full, &patient());
    let error = opened.map(drop).unwrap_err();
    assert_eq!((error.step, error.kind), (Step::Connect, ErrorKind::Unreachable));
    assert!(
        error
            .reason
            .contains(&format!("127.0.0.1 does not answer at port {port}")),
        "{error}"
    );
}

/// A greeting, and capabilities with these mechanisms.
fn greeted(mechanisms: &str) -> String {
    format!(
        "TLS
         S: * OK ready
         C: a1 CAPABILITY
         S: * CAPABILITY IMAP4rev1 {mechanisms}
         S: a1 OK done"
    )
}

#[test]
fn a_login_is_tried_once_and_its_refusal_told() {
    for (login, mechanisms, script, kind, says) in [
        (
            password(),
            "",
            "C: a2 LOGIN \"ann\" \"opensesame\"\nS: a2 NO [AUTHENTICATIONFAILED] wrong\nstall",
            Credentials,
            "wrong",
        ),
        (
            password(),
            "AUTH=PLAIN",
            "C: a2 AUTHENTICATE PLAIN\nS: +\nC: AGFubgBvcGVuc2VzYW1l\nS: a2 NO LOGIN failed.\nstall",
            Credentials,
            "LOGIN failed",
        ),
        (
            password(),
            "AUTH=PLAIN",
            "C: a2 AUTHENTICATE PLAIN\nS: a2 BAD not now\nstall",
            ErrorKind::Protocol,
            "not now",
        ),
        (
            password(),
            "AUTH=PLAIN",
            "C: a2 AUTHENTICATE PLAIN\nS: + \nC: AGFubgBvcGVuc2VzYW1l\nS: * BYE Too many connections\nclose",
            Unavailable,
            "Too many connections",
        ),
        (
            password(),
            "AUTH=PLAIN",
            "C: a2 AUTHENTICATE PLAIN\nclose",
            Lost,
            "closed",
        ),
        (
            password(),
            "AUTH=PLAIN",
            "C: a2 AUTHENTICATE PLAIN\nS: + !!!\nstall",
            ErrorKind::Protocol,
            "understood",
        ),
        (
            password(),
            "AUTH=PLAIN",
            "C: a2 AUTHENTICATE PLAIN\nS: hello\nstall",
            ErrorKind::Protocol,
            "hello",
        ),
        (token(), "AUTH=PLAIN", "stall", Unsupported, "OAuth 2"),
        (
            token(),
            "AUTH=XOAUTH2 AUTH=PLAIN",
            "C: a2 AUTHENTICATE XOAUTH2\nS: +\nC* dXNlcj1hbm4BYXV0aD1CZWFyZXIg\nS: + eyJzdGF0dXMiOiI0MDAifQ==\nC: \n\
             S: a2 NO AUTHENTICATE failed.\nstall",
            Credentials,
            "explaining {\"status\":\"400\"}",
        ),
        (
            token(),
            "AUTH=OAUTHBEARER",
            "C: a2 AUTHENTICATE OAUTHBEARER\nS: +\nC* bixhPWFubiwBYXV0aD1CZWFyZXIg\nS: + eyJzdGF0dXMiOiI0MDAifQ==\n\
             C: AQ==\nS: a2 NO [AUTHENTICATIONFAILED] no\nstall",
            Credentials,
            "explaining {\"status\":\"400\"}",
        ),
        (
            token(),
            "AUTH=XOAUTH2",
            "C: a2 AUTHENTICATE XOAUTH2\nS: +\nC* dXNlcj1hbm4BYXV0aD1CZWFyZXIg\nS: a2 OK in\nC: a3 CAPABILITY\n\
             S: * CAPABILITY IMAP4rev1\nS: a3 OK done\nC: a4 SELECT \"INBOX\"\n\
             S: a4 BAD User is authenticated but not connected.\nstall",
            Unavailable,
            "not connected",
        ),
    ] {
        let (error, notes) = open(
            &format!("{}\n{script}", greeted(mechanisms)),
            Security::Tls,
            &login,
            &patient(),
        );
        assert_eq!(error.kind, kind, "{script}\n{error}");
        assert!(error.reason.contains(says), "{script}\n{error}");
        assert!(!error.to_string().contains("opensesame") && error.hint.iter().all(|hint| !is_secret(hint)));
        assert!(!notes.iter().any(|note| note.starts_with('(')), "{script}\n{notes:?}");
    }
}

#[test]
fn a_password_that_cannot_be_sent_is_not() {
    let login = Login::Password {
        user: "ann".to_owned(),
        password: Secret::new("open\r\na9 DELETE INBOX"),
    };
    let (error, notes) = open(&format!("{}\nstall", greeted("")), Security::Tls, &login, &patient());
    assert_eq!((error.step, error.kind), (Step::Login, Credentials));
    assert_eq!(notes, ["a1 CAPABILITY"]);
}

/// An open session, up to the answer to SELECT.
fn opened(rest: &str) -> String {
    format!(
        "{}
         C: a2 LOGIN \"ann\" \"opensesame\"
         S: a2 OK in
         C: a3 CAPABILITY
         S: * CAPABILITY IMAP4rev1 UIDPLUS
         S: a3 OK done
         C: a4 SELECT \"INBOX\"
         {rest}",
        greeted("")
    )
}

#[test]
fn a_folder_is_opened_whatever_else_the_server_says() {
    for said in [
        "",
        "S: * NO Mailbox is at 95% of quota",
        "S: * BAD something",
        "S: * OK [ALERT] schöne Grüße",
        "S: * XYZZY plugh",
        "S: * CAPABILITY IMAP4rev1",
        "S: * 3 FETCH (FLAGS ())",
        "S: * OK [UIDNEXT 99999999999999] much",
        "S: * FLAGS (\\Answered",
    ] {
        let scripted = ScriptedServer::start(&opened(&format!("S: * 3 EXISTS\n{said}\nS: a4 OK schön")));
        let server = scripted.server(Protocol::Imap, Security::Tls);
        let opened = server::open(&server, &password(), &FolderName::inbox(), Access::Full, &patient());
        assert_eq!(opened.unwrap().folder().messages, 3, "{said}");
    }
}

#[test]
fn a_folder_that_does_not_open_says_why() {
    for (said, kind, says) in [
        (
            "S: a4 NO [NONEXISTENT] Unknown Mailbox: INBOX",
            ErrorKind::Folder,
            "Unknown Mailbox",
        ),
        ("S: a4 NO", ErrorKind::Folder, "without a word"),
        ("S: a4 BYE out\nclose", Lost, "closed"),
        ("S: a5 OK wrong tag\nstall", ErrorKind::Protocol, "understood"),
        ("S: * BYE Autologout\nclose", Lost, "Autologout"),
        ("S: nonsense\nstall", ErrorKind::Protocol, "nonsense"),
        ("s: * 3 EXI\nclose", Lost, "in the middle"),
        ("s: * LIST () {5}\\r\\nab\nclose", Lost, "in the middle"),
    ] {
        let (error, _) = open(&opened(said), Security::Tls, &password(), &patient());
        assert_eq!((error.step, error.kind), (Step::Folder, kind), "{said}\n{error}");
        assert!(error.reason.contains(says), "{said}\n{error}");
    }
}

const OPEN: &str = "S: * 3 EXISTS\nS: a4 OK open";

fn listed(uid: u32, bytes: u64) -> Listed {
    Listed {
        message: MessageRef::Uid(Uid(uid.try_into().unwrap())),
        bytes,
    }
}

/// What comes of fetching two messages of three bytes.
fn fetch(said: &str, limits: &Limits) -> (Result<(), MailboxError>, usize) {
    let scripted = ScriptedServer::start(&opened(&format!(
        "{OPEN}\nC: f1 UID FETCH 1:2 (UID BODY.PEEK[])\n{said}"
    )));
    let server = scripted.server(Protocol::Imap, Security::Tls);
    let mut session = server::open(&server, &password(), &FolderName::inbox(), Access::Full, limits).unwrap();
    let mut delivered = 0;
    let fetched = session.fetch(&[listed(1, 3), listed(2, 3)], &mut |_| {
        delivered += 1;
        ControlFlow::Continue(())
    });
    // After an error it is the same error again, and nothing is said to the server.
    if let Err(error) = &fetched {
        assert_eq!(session.list(&Listing::default()).as_ref(), Err(error));
        assert_eq!(session.close(), Ok(()));
    } else {
        drop(session);
    }
    let notes = scripted.notes();
    assert_eq!(notes.last().unwrap(), "f1 UID FETCH 1:2 (UID BODY.PEEK[])", "{said}");
    (fetched, delivered)
}

#[test]
fn a_fetch_that_breaks_delivers_what_was_whole_and_tells_why() {
    let first = "S: * 1 FETCH (UID 1 BODY[] \"one\")\n";
    for (said, kind, says, delivered) in [
        ("close", Lost, "closed", 0),
        ("S: * 1 FETCH (UID 1 BODY[] {3}\ns: on\nclose", Lost, "in the middle", 0),
        (
            "S: * 1 FETCH (UID 1 BODY[] {3}\ns: one\nclose",
            Lost,
            "in the middle",
            0,
        ),
        ("S: nonsense\nstall", ErrorKind::Protocol, "nonsense", 0),
        (
            "S: * 1 FETCH (UID 1 BODY[]\nstall",
            ErrorKind::Protocol,
            "cannot be understood",
            0,
        ),
        (
            "S: * 1 FETCH (UID 0x1 BODY[] \"one\")\nstall",
            ErrorKind::Protocol,
            "cannot be understood",
            0,
        ),
        ("S: a9 OK done\nstall", ErrorKind::Protocol, "was not sent", 0),
        ("S: f2 OK done\nstall", ErrorKind::Protocol, "was not sent", 0),
        ("S: f1 BAD what\nstall", ErrorKind::Protocol, "what", 0),
        ("S: f1 NO [UNAVAILABLE] later\nstall", Unavailable, "later", 0),
        ("S: f1 BAD Request is throttled.\nstall", Unavailable, "throttled", 0),
        (
            "S: * BYE Session invalidated - AccessTokenExpired\nclose",
            Lost,
            "AccessTokenExpired",
            0,
        ),
        // More than anybody could have asked for.
        ("flood: * 7 EXISTS", ErrorKind::Protocol, "more than was asked", 0),
        (
            "S: * 1 FETCH (UID 1 BODY[] {99999999999}\nflood: x",
            ErrorKind::Protocol,
            "more than was asked",
            0,
        ),
        (
            "flood: * 1 FETCH (UID 1 BODY[] {0}\\r\\n)",
            ErrorKind::Protocol,
            "more than was asked",
            0,
        ),
    ] {
        let limits = Limits {
            message_bytes: 1_000_000,
            ..patient()
        };
        let (fetched, count) = fetch(said, &limits);
        let error = fetched.unwrap_err();
        assert_eq!(
            (error.step, error.kind, count),
            (Step::Fetch, kind, delivered),
            "{said}\n{error}"
        );
        assert!(error.reason.contains(says), "{said}\n{error}");
        let (fetched, count) = fetch(&format!("{first}{said}"), &limits);
        assert!(fetched.is_err() && count == 1, "{said}");
    }
}

/// Soon passed by a server that dawdles, and not by a busy machine.
fn short() -> Limits {
    Limits {
        command: Duration::from_secs(2),
        ..hasty()
    }
}

#[test]
fn a_server_that_is_slow_or_silent_has_its_time_and_no_more() {
    // All at once, since each takes its time.
    thread::scope(|cases| {
        for said in [
            "stall",
            "drip: * 3 EXISTS\\r\\n",
            "drip: * OK still here\\r\\n",
            "S: * 1 FETCH (UID 1 BODY[] {100000}\ndrip: x",
        ] {
            cases.spawn(move || {
                let (fetched, _) = fetch(said, &short());
                let error = fetched.unwrap_err();
                assert_eq!((error.step, error.kind), (Step::Fetch, TimedOut), "{said}\n{error}");
            });
        }
        // What it announces earns no time.
        cases.spawn(|| {
            let limits = Limits {
                per_megabyte: Duration::from_hours(1),
                ..short()
            };
            let (fetched, _) = fetch("S: * 1 FETCH (UID 1 BODY[] {60000000}\nstall", &limits);
            assert_eq!(fetched.unwrap_err().kind, TimedOut);
        });
        for script in [
            "TLS\nstall",
            "TLS\ndrip: * OK ",
            "TLS\nS: * OK ready\nC: a1 CAPABILITY\nstall",
            "TLS\nS: * OK ready\nC: a1 CAPABILITY\ndrip: * OK wait\\r\\n",
        ] {
            cases.spawn(move || {
                let (error, _) = open(script, Security::Tls, &password(), &short());
                assert_eq!(
                    (error.step, error.kind),
                    (Step::Greeting, TimedOut),
                    "{script}\n{error}"
                );
            });
        }
        cases.spawn(|| {
            let never_shaken = Limits {
                connect: short().command,
                ..short()
            };
            let (error, _) = open("stall", Security::Tls, &password(), &never_shaken);
            assert_eq!((error.step, error.kind), (Step::Tls, TimedOut));
        });
    });
}

#[test]
fn a_flood_ends_at_every_step() {
    for (script, step) in [
        ("TLS\nflood: * OK".to_owned(), Step::Greeting),
        ("TLS\nS: * OK ready\nflood: * OK more".to_owned(), Step::Greeting),
        (format!("{}\nflood: * 1 EXISTS", greeted("")), Step::Login),
        (
            format!("{}\nC: a2 AUTHENTICATE PLAIN\nflood: + ", greeted("AUTH=PLAIN")),
            Step::Login,
        ),
        (opened("flood: * 1 EXISTS"), Step::Folder),
    ] {
        let (error, _) = open(&script, Security::Tls, &password(), &patient());
        assert_eq!(error.step, step, "{script}\n{error}");
        assert!(matches!(error.kind, ErrorKind::Protocol | Lost), "{script}\n{error}");
    }
}
