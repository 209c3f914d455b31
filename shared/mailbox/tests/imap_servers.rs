//! IMAP with real servers.

// A test may panic, and so may what helps it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/real.rs"]
mod real;
mod support;

use std::num::NonZeroU32;

use real::{fetch, list, one_of_many, password, refs};
use rebound_mailbox::server::{
    self, Access, After, Applied, Delivery, ErrorKind, FolderName, Limits, Listing, Login, MailboxError, MessageRef,
    Protocol, Secret, Security, Server, Session, Step, Trust, Uid,
};
use rebound_test_mail::{MailServer, TokenTrouble};
use support::patient;

fn settings(server: &MailServer, security: Security) -> Server {
    real::settings(server, Protocol::Imap, security)
}

fn open(
    server: &MailServer,
    user: &str,
    folder: &str,
    access: Access,
    limits: &Limits,
) -> Result<Box<dyn Session>, MailboxError> {
    let folder = FolderName::new(folder).unwrap();
    server::open(
        &settings(server, Security::Tls),
        &password(server, user),
        &folder,
        access,
        limits,
    )
}

fn inbox(server: &MailServer, user: &str) -> Box<dyn Session> {
    open(server, user, "INBOX", Access::Full, &patient()).unwrap()
}

/// Every server that there is.
fn servers() -> Vec<MailServer> {
    MailServer::dovecot().into_iter().chain(MailServer::cyrus()).collect()
}

fn messages() -> Vec<Vec<u8>> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        text("Subject: looks like an answer\r\n\r\n)\r\nf1 OK done\r\n* BYE\r\n{5}\r\n"),
        text("Subject: 8 bit\r\n\r\n\u{fc} \u{1f600}\r\n"),
        text("Subject: short\r\n\r\n"),
        [text("Subject: big\r\n\r\n"), b"x\r\n".repeat(2_000_000)].concat(),
        text("Subject: last\r\n\r\nbye\r\n"),
    ]
}

#[test]
fn messages_arrive_byte_for_byte_and_only_ours_are_deleted() {
    for server in servers() {
        let user = server.fresh_user("imap-bytes");
        let mut other = server.other_client(&user);
        let messages = messages();
        for message in &messages {
            other.append("INBOX", "", message);
        }
        let mut session = inbox(&server, &user);
        let listed = list(&mut *session);
        assert_eq!(session.folder().messages, 5, "{}", server.name());
        assert!(session.folder().uid_validity.is_some());
        let sizes: Vec<_> = listed
            .iter()
            .map(|listed| usize::try_from(listed.bytes).unwrap())
            .collect();
        assert_eq!(sizes, messages.iter().map(Vec::len).collect::<Vec<_>>());
        for (delivery, sent) in fetch(&mut *session, &listed).into_iter().zip(&messages) {
            let Delivery::Message { bytes, .. } = delivery else {
                panic!("{delivery:?}");
            };
            assert!(bytes == *sent, "{}: {}", server.name(), sent[..20].escape_ascii());
        }
        let unread = Listing {
            only_unread: true,
            ..Listing::default()
        };
        assert_eq!(session.list(&unread).unwrap().len(), 5, "a fetch left a trace");

        // Somebody else has marked the last one, and it must stay.
        other.run("SELECT INBOX");
        other.run("STORE 5 +FLAGS (\\Deleted)");
        assert_eq!(session.apply(&refs(&listed[..2]), &After::Delete), Ok(Applied::Done));
        assert_eq!(session.apply(&refs(&listed[2..3]), &After::Seen), Ok(Applied::Done));
        assert_eq!(list(&mut *session), listed[2..]);
        assert_eq!(session.list(&unread).unwrap(), listed[3..]);
        // What is gone already is done with.
        assert_eq!(session.apply(&refs(&listed[..2]), &After::Delete), Ok(Applied::Done));
        let MessageRef::Uid(third) = listed[2].message else {
            panic!("{listed:?}");
        };
        let after = Listing {
            after: Some(third),
            ..Listing::default()
        };
        assert_eq!(session.list(&after).unwrap(), listed[3..]);
        let after_all = Listing {
            after: NonZeroU32::new(4_000_000).map(Uid),
            ..Listing::default()
        };
        assert_eq!(session.list(&after_all).unwrap(), [], "the echo of the last message");
        session.close().unwrap();
    }
}

#[test]
fn folders_are_opened_filled_and_counted_whatever_they_are_called() {
    for server in servers() {
        let user = server.fresh_user("imap-folders");
        let mut other = server.other_client(&user);
        other.append("INBOX", "\\Seen", b"Subject: 1\r\n\r\n");
        other.append("INBOX", "", b"Subject: 2\r\n\r\n");
        // Cyrus keeps personal folders below INBOX or beside it, and its delimiter is `.` or `/`.
        let listed = other.run("LIST \"\" \"\"").join("");
        let delimiter = if listed.contains("\"/\"") { "/" } else { "." };
        let mut session = inbox(&server, &user);
        for name in ["Zur\u{fc}ck R&D", "two words", "\u{53f0}\u{5317}"] {
            let name = match server.name() {
                "Cyrus" => format!("INBOX{delimiter}{name}"),
                _ => name.to_owned(),
            };
            let folder = FolderName::new(name.clone()).unwrap();
            let wanted = list(&mut *session);
            let moved = session.apply(&refs(&wanted[..1]), &After::Move(folder.clone()));
            assert_eq!(moved, Ok(Applied::Done), "{}: {name}", server.name());
            other.append("INBOX", "", b"Subject: another\r\n\r\n");
            let mut there = open(&server, &user, &name, Access::ReadOnly, &patient()).unwrap();
            assert_eq!(there.folder().messages, 1);
            let all = list(&mut *there);
            assert_eq!(fetch(&mut *there, &all).len(), 1);
            let error = there.apply(&refs(&all), &After::Delete).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unsupported);
            let folders = session.folders().unwrap();
            let found = folders.iter().find(|found| found.name == folder);
            let found = found.unwrap_or_else(|| panic!("{}: no {name} in {folders:?}", server.name()));
            assert_eq!((found.selectable, found.messages), (true, Some(1)), "{}", server.name());
        }
        let inbox = session.folders().unwrap();
        let inbox = inbox.iter().find(|folder| folder.name == FolderName::inbox()).unwrap();
        assert_eq!((inbox.messages, inbox.unread), (Some(2), Some(2)));
        let Err(error) = open(&server, &user, "No such folder", Access::Full, &patient()) else {
            panic!("{} opens what is not there", server.name());
        };
        assert_eq!((error.step, error.kind), (Step::Folder, ErrorKind::Folder), "{error}");
    }
}

#[test]
fn what_another_client_removes_is_gone_and_the_rest_arrives() {
    for server in servers() {
        let user = server.fresh_user("imap-removed");
        let mut other = server.other_client(&user);
        for n in 0..5 {
            other.append("INBOX", "", format!("Subject: {n}\r\n\r\n").as_bytes());
        }
        let mut session = inbox(&server, &user);
        let listed = list(&mut *session);
        other.run("SELECT INBOX");
        other.run("STORE 2,4 +FLAGS (\\Deleted)");
        other.run("EXPUNGE");
        let all = fetch(&mut *session, &listed);
        let shape: String = all
            .iter()
            .map(|delivery| match delivery {
                Delivery::Message { .. } => 'm',
                Delivery::Gone(_) => 'g',
                Delivery::Refused { .. } => 'r',
                Delivery::TooLong(_) => 'l',
            })
            .collect();
        // A server may give out what another session has removed, as long as it has it.
        assert!(
            ["mgmgm", "mmmmm"].contains(&shape.as_str()),
            "{}: {shape}",
            server.name()
        );
        assert_eq!(list(&mut *session).len(), 3);
    }
}

#[test]
fn a_renumbered_folder_says_so() {
    let Some(dovecot) = MailServer::dovecot() else { return };
    let mailbox = dovecot.mailbox("imap-validity");
    mailbox.inbox().deliver(b"Subject: one\r\n\r\n");
    let before = inbox(&dovecot, mailbox.user());
    let first = before.folder().uid_validity;
    before.close().unwrap();
    mailbox.inbox().renumber();
    let after = inbox(&dovecot, mailbox.user());
    assert!(first.is_some() && after.folder().uid_validity != first);
}

#[test]
fn many_messages_come_in_order_and_long_ones_stay() {
    let Some(dovecot) = MailServer::dovecot() else { return };
    let mailbox = dovecot.mailbox("imap-many");
    real::many_messages_come_in_order_and_long_ones_stay(
        &mailbox,
        |limits| open(&dovecot, mailbox.user(), "INBOX", Access::Full, limits).unwrap(),
        |session, listed| {
            // Backwards works as well.
            let backwards: Vec<_> = listed[690..].iter().rev().cloned().collect();
            let Delivery::Message { bytes, .. } = &fetch(session, &backwards)[9] else {
                panic!("the first of the last ten is short");
            };
            assert!(*bytes == one_of_many(690));
        },
    );
}

#[test]
fn starttls_protects_and_tokens_let_in() {
    let Some(dovecot) = MailServer::dovecot() else { return };
    let mailbox = dovecot.mailbox("imap-token");
    mailbox.inbox().deliver(b"Subject: one\r\n\r\n");
    let folder = FolderName::inbox();
    let open = |server: &Server, login: &Login| server::open(server, login, &folder, Access::Full, &patient());
    for security in [Security::Tls, Security::StartTls] {
        let token = |token: String| Login::Token {
            user: mailbox.user().to_owned(),
            token: Secret::new(token),
        };
        let settings = settings(&dovecot, security);
        let password = password(&dovecot, mailbox.user());
        for login in [password.clone(), token(dovecot.token(mailbox.user()))] {
            let session = open(&settings, &login).unwrap();
            assert!(session.connection().tls.is_some());
            assert_eq!(session.folder().messages, 1);
            session.close().unwrap();
        }
        let wrong = Login::Password {
            user: mailbox.user().to_owned(),
            password: Secret::new("wrong"),
        };
        let expired = token(dovecot.bad_token(mailbox.user(), TokenTrouble::Expired));
        for login in [wrong, expired] {
            let error = open(&settings, &login).map(drop).unwrap_err();
            assert_eq!(
                (error.step, error.kind),
                (Step::Login, ErrorKind::Credentials),
                "{error}"
            );
        }
        let stranger = Server {
            trust: Trust::Public,
            ..settings
        };
        let error = open(&stranger, &password).map(drop).unwrap_err();
        assert_eq!((error.step, error.kind), (Step::Tls, ErrorKind::Certificate));
    }
}

#[test]
fn a_look_at_a_server_tells_what_it_offers_and_whom_to_trust() {
    for server in servers() {
        let known = settings(&server, Security::Tls);
        let probe = server::probe(&known, &patient()).unwrap();
        assert_eq!(probe.doubt, None);
        assert!(
            probe.connection.capabilities.contains(&"IMAP4REV1".to_owned()),
            "{probe:?}"
        );
        let stranger = Server {
            trust: Trust::Public,
            ..settings(&server, Security::StartTls)
        };
        let probe = server::probe(&stranger, &patient()).unwrap();
        let doubt = probe.doubt.unwrap();
        assert_eq!((doubt.step, doubt.kind), (Step::Tls, ErrorKind::Certificate));
        let pinned = Server {
            trust: Trust::Key(probe.certificate.unwrap().pin),
            ..stranger
        };
        let user = server.fresh_user("imap-pin");
        let folder = FolderName::inbox();
        let opened = server::open(&pinned, &password(&server, &user), &folder, Access::Full, &patient());
        assert_eq!(opened.unwrap().folder().messages, 0);
    }
}
