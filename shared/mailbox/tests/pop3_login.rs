//! The way into a mailbox with POP3, up to a login that is taken or refused, with servers that follow a script.

// A test may panic, and so may what helps it.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/pop3.rs"]
mod pop3;
mod support;

use pop3::{SECRET, open_with, password, token};
use rebound_mailbox::pop3::Pop3Session;
use rebound_mailbox::server::{Access, ErrorKind, Listing, Login, Protocol, Secret, Security, Session, Step};
use support::{ScriptedServer, patient};

#[test]
fn stls_comes_before_everything_and_capabilities_are_asked_after_it() {
    let server = ScriptedServer::start(
        "S: +OK ready
        C: STLS
        S: +OK begin
        TLS
        C: CAPA
        S: +OK
        S: USER
        S: .
        C: USER ann
        S: +OK
        C: PASS opensesame
        S: +OK
        C: CAPA
        S: -ERR not now
        C: STAT
        S: +OK 0 0",
    );
    let session = Pop3Session::open(
        &server.server(Protocol::Pop3, Security::StartTls),
        &password(),
        Access::Full,
        &patient(),
    );
    let mut session = session.unwrap();
    assert!(session.connection().tls.is_some());
    assert_eq!(session.connection().capabilities, ["USER"]);
    assert_eq!(session.list(&Listing::default()), Ok(Vec::new()));
    drop(session);
    server.notes();
}

#[test]
fn no_credential_is_sent_before_the_channel_is_verified() {
    for (name, script, step, kind) in [
        (
            "STLS is refused",
            "S: +OK\nC: STLS\nS: -ERR what?",
            Step::Tls,
            ErrorKind::Certificate,
        ),
        (
            "an answer is injected before the handshake",
            r"S: +OK
            C: STLS
            s: +OK\r\n+OK injected\r\n
            TLS
            stall",
            Step::Tls,
            ErrorKind::Certificate,
        ),
        (
            "half an answer is injected before the handshake",
            r"S: +OK
            C: STLS
            s: +OK\r\n+O
            TLS
            stall",
            Step::Tls,
            ErrorKind::Certificate,
        ),
        (
            "the server hangs up",
            "S: +OK\nC: STLS\nclose",
            Step::Tls,
            ErrorKind::Lost,
        ),
        (
            "the greeting is an invitation",
            "s: +OK\\r\\n+OK logged in already\\r\\n\nstall",
            Step::Greeting,
            ErrorKind::Protocol,
        ),
    ] {
        let server = ScriptedServer::start(script);
        let address = server.server(Protocol::Pop3, Security::StartTls);
        let error = Pop3Session::open(&address, &password(), Access::Full, &patient()).unwrap_err();
        let notes = server.notes().join("\n");
        assert!(
            !notes.contains("ann") && !notes.contains("USER") && !notes.contains("AUTH"),
            "{name}: {notes}"
        );
        assert_eq!((error.step, error.kind), (step, kind), "{name}: {error}");
    }
    let server = ScriptedServer::start("TLS\nS: +OK\nstall");
    let mut address = server.server(Protocol::Pop3, Security::Tls);
    address.trust = ScriptedServer::start("").server(Protocol::Pop3, Security::Tls).trust;
    let error = Pop3Session::open(&address, &password(), Access::Full, &patient()).unwrap_err();
    assert_eq!((error.step, error.kind), (Step::Tls, ErrorKind::Certificate), "{error}");
    assert_eq!(server.notes(), [""; 0]);
}

#[test]
fn tokens_wait_for_the_go_ahead_and_a_refusal_is_explained() {
    let response = "dXNlcj1hbm4BYXV0aD1CZWFyZXIgb3BlbnNlc2FtZQEB";
    let (session, server) = open_with(
        &format!(
            "C: CAPA
            S: +OK
            S: SASL PLAIN XOAUTH2 OAUTHBEARER
            S: .
            C: AUTH XOAUTH2
            S: +
            C: {response}
            S: +OK
            C: CAPA
            S: -ERR
            C: STAT
            S: +OK 0 0"
        ),
        &token(),
        &patient(),
    );
    session.unwrap();
    server.notes();

    let (session, server) = open_with(
        &format!(
            "C: CAPA
            S: -ERR
            C: AUTH XOAUTH2
            S: +
            C: {response}
            S: + eyJzdGF0dXMiOiI0MDEifQ==
            C: 
            S: -ERR [AUTH] no"
        ),
        &token(),
        &patient(),
    );
    let error = session.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Credentials);
    assert_eq!(error.reason, r#"the server refuses: [AUTH] no {"status":"401"}"#);
    server.notes();

    let (session, server) = open_with(
        "C: CAPA
        S: +OK
        S: SASL OAUTHBEARER
        S: .
        C: AUTH OAUTHBEARER bixhPWFubiwBYXV0aD1CZWFyZXIgb3BlbnNlc2FtZQEB
        S: + eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=
        C: AQ==
        S: -ERR no
        stall",
        &token(),
        &patient(),
    );
    let error = session.unwrap_err();
    assert_eq!(error.reason, r#"the server refuses: no {"status":"invalid_token"}"#);
    server.notes();
}

#[test]
fn a_server_that_takes_no_such_login_is_not_tried() {
    for (login, capability, hint) in [(password(), "SASL XOAUTH2", "OAuth 2"), (token(), "USER", "password")] {
        let script = format!("C: CAPA\nS: +OK\nS: {capability}\nS: .\nstall");
        let (session, server) = open_with(&script, &login, &patient());
        let error = session.unwrap_err();
        assert_eq!((error.step, error.kind), (Step::Login, ErrorKind::Unsupported));
        assert!(error.hint.unwrap().contains(hint));
        assert_eq!(server.notes(), ["CAPA"]);
    }
}

#[test]
fn a_refused_login_is_known_by_its_code_or_its_words() {
    for (answer, kind) in [
        ("-ERR [AUTH] Authentication failed.", ErrorKind::Credentials),
        ("-ERR [IN-USE] Mailbox is in use", ErrorKind::Unavailable),
        (
            "-ERR [LOGIN-DELAY] minimum time between mail checks violation",
            ErrorKind::Unavailable,
        ),
        (
            "-ERR [SYS/TEMP] Temporary authentication failure.",
            ErrorKind::Unavailable,
        ),
        (
            "-ERR [SYS/PERM] POP access is disabled for your account",
            ErrorKind::Credentials,
        ),
        ("-ERR [SYS/PERM] Mailbox is over quota", ErrorKind::Quota),
        (
            "-ERR Logon failure: unknown user name or bad password.",
            ErrorKind::Credentials,
        ),
        (
            "-ERR maildrop already locked, another session has it",
            ErrorKind::Unavailable,
        ),
        ("-ERR unable to lock maildrop", ErrorKind::Unavailable),
        ("-ERR Too many connections", ErrorKind::Unavailable),
        ("-ERR Account is locked", ErrorKind::Credentials),
        ("-ERR", ErrorKind::Credentials),
        ("what?", ErrorKind::Protocol),
        ("-ERR no such command: PASS opensesame", ErrorKind::Credentials),
        ("PASS opensesame", ErrorKind::Protocol),
    ] {
        let script = format!("C: CAPA\nS: -ERR\nC: USER ann\nS: +OK\nC: PASS opensesame\nS: {answer}\nstall");
        let (session, server) = open_with(&script, &password(), &patient());
        let error = session.unwrap_err();
        assert_eq!((error.step, error.kind), (Step::Login, kind), "{answer}");
        assert!(!format!("{error:?}").contains(SECRET));
        assert_eq!(
            server.notes().last().unwrap(),
            "PASS opensesame",
            "nothing is tried after a refusal"
        );
    }
}

#[test]
fn a_login_that_no_line_can_hold_is_not_sent() {
    let login = Login::Password {
        user: "ann".to_owned(),
        password: Secret::new("x\r\nDELE 1"),
    };
    let (session, server) = open_with("C: CAPA\nS: -ERR\nC: USER ann\nS: +OK\nstall", &login, &patient());
    let error = session.unwrap_err();
    assert_eq!((error.step, error.kind), (Step::Login, ErrorKind::Credentials));
    assert_eq!(server.notes(), ["CAPA", "USER ann"]);
}

#[test]
fn a_greeting_that_is_none_says_what_it_is() {
    for (greeting, kind, hint) in [
        ("S: -ERR [SYS/TEMP] maintenance", ErrorKind::Unavailable, None),
        ("S: -ERR go away", ErrorKind::Unavailable, None),
        ("S: * OK IMAP4rev1", ErrorKind::Protocol, Some("IMAP")),
        ("S: 220 mx.example.com ESMTP", ErrorKind::Protocol, Some("SMTP")),
        ("S: HTTP/1.1 400 Bad Request", ErrorKind::Protocol, Some("HTTP")),
        (r"s: +OK\n", ErrorKind::Protocol, None),
        (r"s: +OK rea", ErrorKind::Lost, None),
        ("", ErrorKind::Lost, None),
        ("flood: x", ErrorKind::Protocol, None),
        ("flood: +OK", ErrorKind::Protocol, None),
    ] {
        let server = ScriptedServer::start(greeting);
        let error = Pop3Session::open(
            &server.server(Protocol::Pop3, Security::None),
            &password(),
            Access::Full,
            &patient(),
        );
        let error = error.unwrap_err();
        assert_eq!((error.step, error.kind), (Step::Greeting, kind), "{greeting}: {error}");
        match hint {
            Some(hint) => assert!(error.hint.unwrap().contains(hint)),
            None => assert!(!error.reason.is_empty()),
        }
        let notes = server.notes().join("\n");
        assert!(!notes.contains("ann"), "{greeting}: {notes}");
    }
}
