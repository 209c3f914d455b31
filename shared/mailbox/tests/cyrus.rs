//! A server of another make than the one that the sessions grew up with.

// A test may panic, and so may what helps it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::fs;
use std::ops::ControlFlow;

use rebound_mailbox::server::{
    self, Access, After, Applied, Delivery, ErrorKind, FolderName, Listed, Listing, Login, MailboxError, MessageRef,
    Protocol, Secret, Security, Server, Session, Step, Trust,
};
use rebound_test_mail::{Door, MailServer, OtherClient};
use support::patient;

const WAYS: [(Protocol, Security, Door); 4] = [
    (Protocol::Imap, Security::Tls, Door::Imaps),
    (Protocol::Imap, Security::StartTls, Door::Imap),
    (Protocol::Pop3, Security::Tls, Door::Pop3s),
    (Protocol::Pop3, Security::StartTls, Door::Pop3),
];

const IMAP: (Protocol, Security, Door) = WAYS[0];

fn open(
    cyrus: &MailServer,
    user: &str,
    password: &str,
    (protocol, security, door): (Protocol, Security, Door),
) -> Result<Box<dyn Session>, MailboxError> {
    let server = Server {
        protocol,
        host: cyrus.host().to_owned(),
        port: cyrus.port(door),
        security,
        trust: Trust::Authorities(fs::read_to_string(cyrus.authority()).unwrap()),
    };
    let login = Login::Password {
        user: user.to_owned(),
        password: Secret::new(password),
    };
    server::open(&server, &login, &FolderName::inbox(), Access::Full, &patient())
}

/// A user with these messages.
fn user_with(cyrus: &MailServer, test: &str, messages: &[&[u8]]) -> (String, OtherClient) {
    let user = cyrus.fresh_user(test);
    let mut client = cyrus.other_client(&user);
    for message in messages {
        client.append("INBOX", "", message);
    }
    (user, client)
}

fn fetch(session: &mut dyn Session, wanted: &[Listed]) -> Vec<Vec<u8>> {
    let mut fetched = Vec::new();
    let sink = &mut |delivery| {
        let Delivery::Message { bytes, .. } = delivery else {
            panic!("{delivery:?}");
        };
        fetched.push(bytes);
        ControlFlow::Continue(())
    };
    session.fetch(wanted, sink).unwrap();
    fetched
}

fn refs(listed: &[Listed]) -> Vec<MessageRef> {
    listed.iter().map(|listed| listed.message.clone()).collect()
}

const MESSAGES: [&[u8]; 3] = [
    b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\n\r\n.\r\n",
    b"Subject: 8 bit\r\n\r\nGr\xfc\xdfe\r\n",
    b"Subject: headers only\r\n\r\n",
];

#[test]
fn messages_arrive_byte_for_byte_and_unread() {
    let Some(cyrus) = MailServer::cyrus() else { return };
    let (user, mut client) = user_with(&cyrus, "bytes", &MESSAGES);
    for way in WAYS {
        let mut session = open(&cyrus, &user, cyrus.password(), way).unwrap();
        assert!(session.connection().tls.is_some(), "{way:?}");
        assert_eq!(session.folder().messages, 3, "{way:?}");
        let listed = session.list(&Listing::default()).unwrap();
        let sizes: Vec<_> = listed.iter().map(|listed| listed.bytes).collect();
        assert_eq!(sizes, MESSAGES.map(|message| message.len() as u64), "{way:?}");
        assert_eq!(fetch(&mut *session, &listed), MESSAGES, "{way:?}");
        session.close().unwrap();
        client.run("SELECT INBOX");
        if way.0 == Protocol::Imap {
            assert_eq!(client.run("UID SEARCH UNSEEN"), ["* SEARCH 1 2 3"], "{way:?}");
        }
    }
}

#[test]
fn what_is_deleted_is_gone_and_nothing_else() {
    let Some(cyrus) = MailServer::cyrus() else { return };
    for way in WAYS {
        let (user, mut client) = user_with(&cyrus, "deleted", &MESSAGES);
        client.run("SELECT INBOX");
        client.run("UID STORE 3 +FLAGS (\\Deleted)");
        // POP3 gets the mailbox to itself.
        client.run("UNSELECT");

        let mut session = open(&cyrus, &user, cyrus.password(), way).unwrap();
        let listed = session.list(&Listing::default()).unwrap();
        let applied = session.apply(&refs(&listed[..1]), &After::Delete).unwrap();
        let expected = match way.0 {
            Protocol::Imap => Applied::Done,
            Protocol::Pop3 => Applied::AtClose,
        };
        assert_eq!(applied, expected, "{way:?}");
        session.close().unwrap();
        client.run("SELECT INBOX");
        assert_eq!(client.run("UID SEARCH ALL"), ["* SEARCH 2 3"], "{way:?}");
    }
}

#[test]
fn messages_are_marked_and_moved() {
    let Some(cyrus) = MailServer::cyrus() else { return };
    let (user, mut client) = user_with(&cyrus, "moved", &MESSAGES);
    let folder = "Erledigt & \u{fc}bersehen/heute";
    client.run("CREATE \"Erledigt &- &APw-bersehen/heute\"");
    let mut session = open(&cyrus, &user, cyrus.password(), IMAP).unwrap();
    let listed = session.list(&Listing::default()).unwrap();
    assert_eq!(session.apply(&refs(&listed[..1]), &After::Seen), Ok(Applied::Done));
    let to = After::Move(FolderName::new(folder).unwrap());
    assert_eq!(session.apply(&refs(&listed[1..2]), &to), Ok(Applied::Done));

    let folders = session.folders().unwrap();
    let counts = |name: &str| {
        let folder = folders.iter().find(|folder| folder.name.as_str() == name);
        folder.map(|folder| (folder.messages, folder.unread))
    };
    assert_eq!(counts("INBOX"), Some((Some(2), Some(1))), "{folders:?}");
    assert_eq!(counts(folder), Some((Some(1), Some(1))), "{folders:?}");
    session.close().unwrap();
}

#[test]
fn only_unread_messages_and_only_later_ones_are_listed() {
    let Some(cyrus) = MailServer::cyrus() else { return };
    let (user, mut client) = user_with(&cyrus, "listed", &MESSAGES);
    client.run("SELECT INBOX");
    client.run("UID STORE 1 +FLAGS (\\Seen)");
    let mut session = open(&cyrus, &user, cyrus.password(), IMAP).unwrap();
    let all = session.list(&Listing::default()).unwrap();
    let unread = Listing {
        only_unread: true,
        after: None,
    };
    assert_eq!(session.list(&unread).unwrap(), all[1..]);
    let [.., before_last, last] = &all[..] else {
        panic!("{all:?}")
    };
    for (after, expected) in [(before_last, &all[2..]), (last, &[])] {
        let MessageRef::Uid(uid) = after.message else {
            panic!("{after:?}")
        };
        let later = Listing {
            only_unread: false,
            after: Some(uid),
        };
        assert_eq!(session.list(&later).unwrap(), expected);
    }
}

#[test]
fn a_wrong_password_is_one() {
    let Some(cyrus) = MailServer::cyrus() else { return };
    for way in WAYS {
        let refused = open(&cyrus, "nobody-in-particular", "wrong", way).err().unwrap();
        assert_eq!(
            (refused.step, refused.kind),
            (Step::Login, ErrorKind::Credentials),
            "{way:?}: {refused}"
        );
    }
}
