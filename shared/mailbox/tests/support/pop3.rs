//! POP3 sessions with servers that follow a script.

#![allow(dead_code, unreachable_pub)] // every test file uses its part of it
// A test may panic, and so may what helps it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc)]

use std::ops::ControlFlow;

use rebound_mailbox::pop3::Pop3Session;
use rebound_mailbox::server::{
    Access, Delivery, Limits, Listed, Listing, Login, MailboxError, MessageRef, Protocol, Secret, Security, Session,
};

use crate::support::ScriptedServer;

/// What nobody may hear who is not trusted.
pub const SECRET: &str = "opensesame";

/// A login with a password.
pub fn password() -> Login {
    Login::Password {
        user: "ann".to_owned(),
        password: Secret::new(SECRET),
    }
}

/// A login with a token.
pub fn token() -> Login {
    Login::Token {
        user: "ann".to_owned(),
        token: Secret::new(SECRET),
    }
}

/// Opens a session over TLS with a server that has shaken hands and greeted.
pub fn open_with(
    script: &str,
    login: &Login,
    limits: &Limits,
) -> (Result<Box<Pop3Session>, MailboxError>, ScriptedServer) {
    let server = ScriptedServer::start(&format!("TLS\nS: +OK ready\n{script}"));
    let session = Pop3Session::open(
        &server.server(Protocol::Pop3, Security::Tls),
        login,
        Access::Full,
        limits,
    );
    (session.map(Box::new), server)
}

/// A login with a password, and three messages of 5, 50 and 500 bytes.
pub const THREE: &str = "C: CAPA
    S: -ERR
    C: USER ann
    S: +OK
    C: PASS opensesame
    S: +OK
    C: STAT
    S: +OK 3 555
    C: UIDL
    S: +OK
    S: 1 a
    S: 2 b
    S: 3 c
    S: .
    C: LIST
    S: +OK
    S: 1 5
    S: 2 50
    S: 3 500
    S: .";

/// The same, with PIPELINING and TOP.
pub const THREE_PIPELINED: &str = "C: CAPA
    S: +OK
    S: PIPELINING
    S: .
    C: USER ann
    S: +OK
    C: PASS opensesame
    S: +OK
    C: CAPA
    S: +OK
    S: PIPELINING
    S: TOP
    S: .
    C: STAT
    S: +OK 3 555
    C: UIDL
    S: +OK
    S: 1 a
    S: 2 b
    S: 3 c
    S: .
    C: LIST
    S: +OK
    S: 1 5
    S: 2 50
    S: 3 500
    S: .";

/// A session that has listed its messages.
pub fn listed(beginning: &str, script: &str, limits: &Limits) -> (Box<Pop3Session>, Vec<Listed>, ScriptedServer) {
    let (session, server) = open_with(&format!("{beginning}\n{script}"), &password(), limits);
    let mut session = session.unwrap();
    let listed = session.list(&Listing::default()).unwrap();
    (session, listed, server)
}

/// What became of messages that were wanted.
pub fn fetched(session: &mut Pop3Session, wanted: &[Listed]) -> (Vec<String>, Result<(), MailboxError>) {
    let mut deliveries = Vec::new();
    let result = session.fetch(wanted, &mut |delivery| {
        deliveries.push(told(&delivery));
        ControlFlow::Continue(())
    });
    (deliveries, result)
}

/// A delivery, readable.
pub fn told(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Message { message, bytes } => format!("{} {}", name(message), bytes.escape_ascii()),
        Delivery::TooLong(listed) => format!("{} is too long: {}", name(&listed.message), listed.bytes),
        Delivery::Gone(message) => format!("{} is gone", name(message)),
        Delivery::Refused { message, reason } => format!("{} is refused: {reason}", name(message)),
    }
}

/// A message, readable.
pub fn name(message: &MessageRef) -> String {
    let MessageRef::Uidl { number, uidl } = message else {
        panic!("a UID in POP3");
    };
    format!("{number}={}", uidl.as_str())
}

/// What the server calls them.
pub fn refs(listed: &[Listed]) -> Vec<MessageRef> {
    listed.iter().map(|listed| listed.message.clone()).collect()
}
