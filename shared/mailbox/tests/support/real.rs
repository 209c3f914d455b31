//! Real servers, in either protocol, and what every session with one has to keep.

#![allow(unreachable_pub)] // each test file has it as a module of its own
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc
)] // a test may panic, and so may what helps it

use std::fs;
use std::ops::ControlFlow;

use rebound_mailbox::server::{
    After, Delivery, Limits, Listed, Listing, Login, MessageRef, Protocol, Secret, Security, Server, Session, Trust,
};
use rebound_test_mail::{Door, MailServer, Mailbox};

use crate::support::patient;

/// How a server is reached with a protocol.
pub fn settings(server: &MailServer, protocol: Protocol, security: Security) -> Server {
    Server {
        protocol,
        host: server.host().to_owned(),
        port: server.port(match (protocol, security) {
            (Protocol::Imap, Security::Tls) => Door::Imaps,
            (Protocol::Imap, Security::StartTls | Security::None) => Door::Imap,
            (Protocol::Pop3, Security::Tls) => Door::Pop3s,
            (Protocol::Pop3, Security::StartTls | Security::None) => Door::Pop3,
        }),
        security,
        trust: Trust::Authorities(fs::read_to_string(server.authority()).unwrap()),
    }
}

/// The login that every user of a server has.
pub fn password(server: &MailServer, user: &str) -> Login {
    Login::Password {
        user: user.to_owned(),
        password: Secret::new(server.password()),
    }
}

/// Every message of the open folder.
pub fn list(session: &mut dyn Session) -> Vec<Listed> {
    session.list(&Listing::default()).unwrap()
}

/// What comes of these messages, in the order in which it came.
pub fn fetch(session: &mut dyn Session, wanted: &[Listed]) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    let fetched = session.fetch(wanted, &mut |delivery| {
        deliveries.push(delivery);
        ControlFlow::Continue(())
    });
    fetched.unwrap();
    deliveries
}

/// What the server calls these messages.
pub fn refs(listed: &[Listed]) -> Vec<MessageRef> {
    listed.iter().map(|listed| listed.message.clone()).collect()
}

/// Message `n` of many.
pub fn one_of_many(n: usize) -> Vec<u8> {
    format!("Subject: {n}\r\n\r\n{}", "text\r\n".repeat(n * 7 % 4_000)).into_bytes()
}

/// Fetches 700 messages of all lengths from a mailbox that gets them first: they come in order, long ones stay, and a
/// fetch may be broken off. `more` is tried with the session and its listing before all but the last are deleted.
pub fn many_messages_come_in_order_and_long_ones_stay(
    mailbox: &Mailbox,
    open: impl FnOnce(&Limits) -> Box<dyn Session>,
    more: impl FnOnce(&mut dyn Session, &[Listed]),
) {
    for n in 0..700 {
        mailbox.inbox().deliver(&one_of_many(n));
    }
    let mut session = open(&Limits {
        message_bytes: 20_000,
        ..patient()
    });
    let listed = list(&mut *session);
    let deliveries = fetch(&mut *session, &listed);
    assert_eq!(deliveries.len(), 700);
    for (n, delivery) in deliveries.iter().enumerate() {
        match delivery {
            Delivery::Message { bytes, .. } => assert!(*bytes == one_of_many(n), "message {n}"),
            Delivery::TooLong(listed) => assert_eq!(listed.bytes, one_of_many(n).len() as u64),
            other => panic!("{other:?}"),
        }
    }
    let mut first = 0;
    let broken_off = session.fetch(&listed, &mut |_| {
        first += 1;
        ControlFlow::Break(())
    });
    assert_eq!((first, broken_off), (1, Ok(())));
    more(&mut *session, &listed);
    session.apply(&refs(&listed[..699]), &After::Delete).unwrap();
    session.close().unwrap();
    assert_eq!(mailbox.inbox().messages()[0].bytes, one_of_many(699));
}
