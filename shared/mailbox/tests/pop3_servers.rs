//! POP3 with real servers.

// A test may panic, and so may what helps it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/real.rs"]
mod real;
mod support;

use real::{fetch, refs};
use rebound_mailbox::pop3::Pop3Session;
use rebound_mailbox::server::{
    Access, After, Applied, Delivery, ErrorKind, Limits, Listing, Login, Protocol, Secret, Security, Server, Session,
    Step, Trust,
};
use rebound_test_mail::{MailServer, Mailbox, TokenTrouble};
use support::patient;

fn server(server: &MailServer, security: Security) -> Server {
    real::settings(server, Protocol::Pop3, security)
}

fn password(mailbox: &Mailbox) -> Login {
    real::password(mailbox.server(), mailbox.user())
}

fn open(mailbox: &Mailbox, access: Access, limits: &Limits) -> Box<Pop3Session> {
    let server = server(mailbox.server(), Security::Tls);
    Box::new(Pop3Session::open(&server, &password(mailbox), access, limits).unwrap())
}

#[test]
fn messages_arrive_byte_for_byte_and_go_only_with_quit() {
    let Some(dovecot) = MailServer::dovecot() else { return };
    let mailbox = dovecot.mailbox("pop3-bytes");
    let messages: Vec<Vec<u8>> = [
        "Subject: dots\r\n\r\n.\r\n..\r\n.a\r\n\r\n.\r\n",
        "Subject: no line end\r\n\r\ntext",
        "Subject: 8 bit\r\n\r\n\u{fc}\u{0}\u{ff}\r\n",
        "\r\n",
        "Subject: long\r\n\r\n",
    ]
    .iter()
    .map(|message| message.as_bytes().to_vec())
    .chain([
        b"Subject: big\r\n\r\n".to_vec(),
        b"x".repeat(900_000),
        b"\r\n.\r\n".repeat(300_000),
    ])
    .collect();
    for message in &messages {
        mailbox.inbox().deliver(message);
    }
    let mut session = open(&mailbox, Access::ReadOnly, &patient());
    let listed = session.list(&Listing::default()).unwrap();
    assert_eq!(session.folder().messages, messages.len() as u64);
    let looked = fetch(&mut *session, &listed);
    drop(session);
    assert!(
        mailbox
            .inbox()
            .messages()
            .iter()
            .all(rebound_test_mail::Message::is_unread),
        "a look left a trace"
    );

    let mut session = open(&mailbox, Access::Full, &patient());
    assert_eq!(
        session.list(&Listing::default()).unwrap(),
        listed,
        "names stay the same"
    );
    let fetched = fetch(&mut *session, &listed);
    assert!(fetched == looked, "a look shows something else");
    for (delivery, sent) in fetched.into_iter().zip(&messages) {
        let Delivery::Message { bytes, .. } = delivery else {
            panic!("{delivery:?}");
        };
        // The protocol cannot say that the last line has no end.
        let sent = if sent.ends_with(b"\r\n") {
            sent.clone()
        } else {
            [sent, &b"\r\n"[..]].concat()
        };
        assert!(
            bytes == sent,
            "{} is not {}",
            bytes[..20].escape_ascii(),
            sent.escape_ascii()
        );
    }
    assert_eq!(session.apply(&refs(&listed[..2]), &After::Delete), Ok(Applied::AtClose));
    drop(session);
    assert_eq!(mailbox.inbox().len(), messages.len(), "nothing is deleted without QUIT");

    let mut session = open(&mailbox, Access::Full, &patient());
    let listed = session.list(&Listing::default()).unwrap();
    session.apply(&refs(&listed[1..]), &After::Delete).unwrap();
    session.close().unwrap();
    let left = mailbox.inbox().messages();
    assert_eq!((left.len(), &left[0].bytes), (1, &messages[0]));
}

#[test]
fn many_messages_come_in_order_and_long_ones_stay() {
    let Some(dovecot) = MailServer::dovecot() else { return };
    let mailbox = dovecot.mailbox("pop3-many");
    real::many_messages_come_in_order_and_long_ones_stay(
        &mailbox,
        |limits| open(&mailbox, Access::Full, limits),
        |_, _| {},
    );
}

#[test]
fn stls_protects_and_tokens_let_in() {
    let Some(dovecot) = MailServer::dovecot() else { return };
    let mailbox = dovecot.mailbox("pop3-token");
    mailbox.inbox().deliver(b"Subject: one\r\n\r\n");
    for security in [Security::Tls, Security::StartTls] {
        let token = |token: String| Login::Token {
            user: mailbox.user().to_owned(),
            token: Secret::new(token),
        };
        let server = server(&dovecot, security);
        for login in [password(&mailbox), token(dovecot.token(mailbox.user()))] {
            let session = Pop3Session::open(&server, &login, Access::Full, &patient()).unwrap();
            assert!(session.connection().tls.is_some());
            assert_eq!(session.folder().messages, 1);
            Box::new(session).close().unwrap();
        }
        let wrong = Login::Password {
            user: mailbox.user().to_owned(),
            password: Secret::new("wrong"),
        };
        let expired = token(dovecot.bad_token(mailbox.user(), TokenTrouble::Expired));
        for login in [wrong, expired] {
            let error = Pop3Session::open(&server, &login, Access::Full, &patient()).unwrap_err();
            assert_eq!(
                (error.step, error.kind),
                (Step::Login, ErrorKind::Credentials),
                "{error}"
            );
        }
        let stranger = Server {
            trust: Trust::Public,
            ..server
        };
        let error = Pop3Session::open(&stranger, &password(&mailbox), Access::Full, &patient()).unwrap_err();
        assert_eq!((error.step, error.kind), (Step::Tls, ErrorKind::Certificate));
    }
}

#[test]
fn what_another_client_removes_is_not_taken_for_fetched() {
    let Some(dovecot) = MailServer::dovecot() else { return };
    let mailbox = dovecot.mailbox("pop3-removed");
    for n in 0..3 {
        mailbox.inbox().deliver(format!("Subject: {n}\r\n\r\n").as_bytes());
    }
    let mut session = open(&mailbox, Access::Full, &patient());
    let listed = session.list(&Listing::default()).unwrap();
    let mut other = mailbox.other_client();
    other.run("SELECT INBOX");
    other.run("UID STORE 2 +FLAGS (\\Deleted)");
    other.run("EXPUNGE");
    let deliveries = fetch(&mut *session, &listed);
    assert!(
        matches!(
            &deliveries[..],
            [Delivery::Message { .. }, Delivery::Refused { message, reason }, Delivery::Message { .. }]
                if *message == listed[1].message && reason.contains("expunged")
        ),
        "{deliveries:?}"
    );
    session.apply(&refs(&listed), &After::Delete).unwrap();
    session.close().unwrap();
    assert!(mailbox.inbox().is_empty());
}

#[test]
fn a_server_of_another_make_is_read_and_emptied() {
    let Some(cyrus) = MailServer::cyrus() else { return };
    let user = cyrus.fresh_user("pop3");
    let mut other = cyrus.other_client(&user);
    let messages = [
        "Subject: one\r\n\r\n.\r\n..\r\n",
        "Subject: two\r\n\r\ntext\r\n",
        "Subject: three\r\n\r\n",
    ];
    for message in messages {
        other.append("INBOX", "", message.as_bytes());
    }
    let login = Login::Password {
        user: user.clone(),
        password: Secret::new(cyrus.password()),
    };
    for security in [Security::StartTls, Security::Tls] {
        let server = server(&cyrus, security);
        let mut session = Box::new(Pop3Session::open(&server, &login, Access::Full, &patient()).unwrap());
        let listed = session.list(&Listing::default()).unwrap();
        let arrived: Vec<_> = fetch(&mut *session, &listed)
            .into_iter()
            .map(|delivery| match delivery {
                Delivery::Message { bytes, .. } => String::from_utf8(bytes).unwrap(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(arrived, messages);
        session.apply(&refs(&listed[1..]), &After::Delete).unwrap();
        match security {
            Security::Tls => session.close().unwrap(),
            Security::StartTls | Security::None => drop(session),
        }
    }
    let selected = other.run("SELECT INBOX");
    assert!(selected.contains(&"* 1 EXISTS".to_owned()), "{selected:?}");
}
