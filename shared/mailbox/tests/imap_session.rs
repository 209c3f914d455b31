//! What is said to an IMAP server, and what is made of its answers.

#![allow(clippy::unwrap_used)] // a test may panic, and so may what helps it

mod support;

use std::num::NonZeroU32;
use std::ops::ControlFlow;

use rebound_mailbox::server::{
    self, Access, After, Applied, Delivery, FolderName, Limits, Listed, Listing, Login, MailboxError, MessageRef,
    Protocol, Secret, Security, Session, Uid, UidValidity,
};
use support::{ScriptedServer, patient};

const CAPABILITIES: &str = "IMAP4rev1 SASL-IR UIDPLUS MOVE";

/// A script that begins with a login and an open folder, and ends with LOGOUT.
fn script(capabilities: &str, rest: &str) -> String {
    format!(
        "TLS
         S: * OK ready
         C: a1 CAPABILITY
         S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
         S: a1 OK done
         C: a2 AUTHENTICATE PLAIN
         S: +
         C: AGFubgBvcGVuc2VzYW1l
         S: a2 OK welcome
         C: a3 CAPABILITY
         S: * CAPABILITY {capabilities}
         S: a3 OK done
         C: a4 SELECT \"INBOX\"
         S: * 3 EXISTS
         S: * OK [UIDVALIDITY 17] valid
         S: a4 OK [READ-WRITE] open
         {rest}"
    )
}

const GOODBYE: &str = "
    S: * BYE bye
    S: a99 OK done";

fn password() -> Login {
    Login::Password {
        user: "ann".to_owned(),
        password: Secret::new("opensesame"),
    }
}

fn open(scripted: &ScriptedServer, limits: &Limits) -> Result<Box<dyn Session>, MailboxError> {
    let server = scripted.server(Protocol::Imap, Security::Tls);
    server::open(&server, &password(), &FolderName::inbox(), Access::Full, limits)
}

/// Plays a script against what `act` does with an open session.
fn play<T>(script: &str, act: impl FnOnce(&mut dyn Session) -> T) -> T {
    let scripted = ScriptedServer::start(script);
    let mut session = open(&scripted, &patient()).unwrap();
    let made = act(&mut *session);
    drop(session);
    let notes = scripted.notes();
    let expected = script.lines().filter(|line| line.trim_start().starts_with('C')).count();
    assert_eq!(notes.len(), expected, "{script}\n{notes:#?}");
    made
}

fn uid(number: u32) -> Uid {
    Uid(NonZeroU32::new(number).unwrap())
}

fn message(number: u32) -> MessageRef {
    MessageRef::Uid(uid(number))
}

fn listed(number: u32, bytes: u64) -> Listed {
    Listed {
        message: message(number),
        bytes,
    }
}

fn whole(number: u32, bytes: &str) -> Delivery {
    Delivery::Message {
        message: message(number),
        bytes: bytes.as_bytes().to_vec(),
    }
}

fn fetch(session: &mut dyn Session, wanted: &[Listed]) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    let fetched = session.fetch(wanted, &mut |delivery| {
        deliveries.push(delivery);
        ControlFlow::Continue(())
    });
    fetched.unwrap();
    deliveries
}

#[test]
fn a_session_knows_its_server_and_its_folder() {
    let script = script(CAPABILITIES, &format!("C: a5 LOGOUT{GOODBYE}"));
    let scripted = ScriptedServer::start(&script);
    let session = open(&scripted, &patient()).unwrap();
    let connection = session.connection();
    assert_eq!(connection.greeting, "ready");
    assert_eq!(connection.capabilities, ["IMAP4REV1", "MOVE", "SASL-IR", "UIDPLUS"]);
    assert!(
        connection.tls.as_deref().unwrap().starts_with("TLSv1.3 TLS13_AES_"),
        "{connection:?}"
    );
    let folder = session.folder();
    assert_eq!(folder.name, FolderName::inbox());
    assert_eq!(folder.messages, 3);
    assert_eq!(folder.uid_validity, NonZeroU32::new(17).map(UidValidity));
    session.close().unwrap();
    assert_eq!(scripted.notes().last().unwrap(), "a5 LOGOUT");
}

#[test]
fn messages_are_listed_with_their_sizes_in_ascending_order() {
    // The echo of the last message below the asked-for range; news in between; a message that vanished; one that the
    // server forgets at first.
    let listing = Listing {
        after: Some(uid(6)),
        only_unread: true,
    };
    let script = script(
        CAPABILITIES,
        "C: a5 UID SEARCH UID 7:* UNSEEN
         S: * SEARCH 12 8 6 9 10
         S: * 4 EXISTS
         S: a5 OK done
         C: f1 UID FETCH 8:10,12 (UID RFC822.SIZE)
         S: * 4 FETCH (UID 12 RFC822.SIZE 1200)
         S: * 5 EXPUNGE
         S: * 1 FETCH (FLAGS (\\Seen) UID 8 RFC822.SIZE 800)
         S: * 1 FETCH (UID 8 FLAGS ())
         S: * 2 FETCH (FLAGS ())
         S: * 9 FETCH (UID 77 RFC822.SIZE 7)
         S: f1 OK done
         C: f2 UID FETCH 9:10 (UID RFC822.SIZE)
         S: * 2 FETCH (UID 9 RFC822.SIZE 900)
         S: f2 OK done",
    );
    let all = play(&script, |session| session.list(&listing).unwrap());
    assert_eq!(all, [listed(8, 800), listed(9, 900), listed(10, 0), listed(12, 1200)]);
}

#[test]
fn an_empty_folder_lists_nothing() {
    for answer in ["* SEARCH", "* SEARCH ", "* OK nothing there"] {
        let script = script(
            CAPABILITIES,
            &format!(
                "C: a5 UID SEARCH ALL
                 S: {answer}
                 S: a5 OK done"
            ),
        );
        let all = play(&script, |session| session.list(&Listing::default()).unwrap());
        assert!(all.is_empty(), "{answer}");
    }
}

#[test]
fn messages_are_delivered_in_the_order_asked_for_and_never_marked_read() {
    let script = script(
        CAPABILITIES,
        "C: f1 UID FETCH 5:8 (UID BODY.PEEK[])
         S: * 4 FETCH (UID 8 BODY[] {3}
         s: 8\\r\\n
         S: )
         S: * 9 EXISTS
         S: * 1 FETCH (BODY[] {3}
         s: 5\\r\\n
         S: \x20UID 5)
         S: * 2 FETCH (UID 6 BODY[] \"six\")
         S: * 3 FETCH (FLAGS (\\Seen))
         S: * 3 FETCH (UID 7 BODY[] {0}
         S: )
         S: * 7 FETCH (UID 70 BODY[] \"nobody asked\")
         S: * 2 FETCH (UID 6 BODY[] \"again\")
         S: f1 OK done
         C: f2 NOOP
         C: f3 UID FETCH 7 (UID RFC822.SIZE BODY.PEEK[])
         S: f2 OK done
         S: * 3 FETCH (UID 7 RFC822.SIZE 0 BODY[] \"\")
         S: f3 OK done",
    );
    let wanted = [listed(5, 3), listed(6, 3), listed(7, 0), listed(8, 3)];
    let all = play(&script, |session| fetch(session, &wanted));
    assert_eq!(
        all,
        [whole(5, "5\r\n"), whole(6, "six"), whole(7, ""), whole(8, "8\r\n")]
    );
}

#[test]
fn every_wanted_message_gets_one_answer() {
    let limits = Limits {
        message_bytes: 10,
        ..patient()
    };
    // 1 is too long by its size, 3 by its literal. 4 is gone, 5 is there and empty, 6 came at the second try.
    let script = script(
        CAPABILITIES,
        "C: f1 UID FETCH 2:6 (UID BODY.PEEK[])
         S: * 2 FETCH (UID 2 BODY[] \"two\")
         S: * 3 FETCH (UID 3 BODY[] {12}
         S: a longer one)
         S: * 5 FETCH (UID 5 BODY[] NIL)
         S: f1 OK done
         C: f2 NOOP
         C: f3 UID FETCH 4:6 (UID RFC822.SIZE BODY.PEEK[])
         S: f2 OK done
         S: * 4 FETCH (UID 5 BODY[] {0}
         S: )
         S: * 5 FETCH (UID 6 BODY[] \"six\")
         S: f3 OK done",
    );
    let scripted = ScriptedServer::start(&script);
    let mut session = open(&scripted, &limits).unwrap();
    let wanted: Vec<_> = [(1, 11), (2, 3), (3, 5), (4, 5), (5, 5), (6, 5)]
        .map(|(uid, bytes)| listed(uid, bytes))
        .into();
    let all = fetch(&mut *session, &wanted);
    drop(session);
    assert_eq!(
        all,
        [
            Delivery::TooLong(listed(1, 11)),
            whole(2, "two"),
            Delivery::TooLong(listed(3, 12)),
            Delivery::Gone(message(4)),
            Delivery::Refused {
                message: message(5),
                reason: "the server says that it is there, and gives nothing of it".to_owned()
            },
            whole(6, "six"),
        ]
    );
    scripted.notes();
}

#[test]
fn one_message_that_the_server_cannot_read_does_not_keep_back_the_others() {
    // Exchange refuses the whole command for the sake of one message.
    let script = script(
        CAPABILITIES,
        "C: f1 UID FETCH 1:3 (UID BODY.PEEK[])
         S: * 1 FETCH (UID 1 BODY[] \"one\")
         S: f1 NO The requested message could not be converted to an RFC-822 compatible format.
         C: f2 NOOP
         C: f3 UID FETCH 2 (UID RFC822.SIZE BODY.PEEK[])
         S: f2 OK done
         C: f4 UID FETCH 3 (UID RFC822.SIZE BODY.PEEK[])
         S: f3 NO The requested message could not be converted to an RFC-822 compatible format.
         S: * 3 FETCH (UID 3 BODY[] \"three\")
         S: f4 OK done",
    );
    let wanted = [listed(1, 3), listed(2, 3), listed(3, 5)];
    let all = play(&script, |session| fetch(session, &wanted));
    assert_eq!(
        all,
        [
            whole(1, "one"),
            Delivery::Refused {
                message: message(2),
                reason: "The requested message could not be converted to an RFC-822 compatible format.".to_owned()
            },
            whole(3, "three"),
        ]
    );
}

#[test]
fn a_message_is_gone_only_when_the_server_says_so() {
    let script = script(
        CAPABILITIES,
        "C: f1 UID FETCH 1:3 (UID BODY.PEEK[])
         S: f1 NO [EXPUNGEISSUED] Some are gone
         C: f2 NOOP
         C: f3 UID FETCH 1:3 (UID RFC822.SIZE BODY.PEEK[])
         S: f2 OK done
         S: * 1 FETCH (UID 1 BODY[] \"one\")
         S: f3 NO [EXPUNGEISSUED] More are gone
         C: f4 NOOP
         C: f5 UID FETCH 2 (UID RFC822.SIZE BODY.PEEK[])
         S: f4 OK done
         C: f6 UID FETCH 3 (UID RFC822.SIZE BODY.PEEK[])
         S: f5 OK nothing
         S: * 2 FETCH (UID 3 RFC822.SIZE 5)
         S: f6 OK done",
    );
    let wanted = [listed(1, 3), listed(2, 3), listed(3, 5)];
    let all = play(&script, |session| fetch(session, &wanted));
    assert_eq!(
        all,
        [
            whole(1, "one"),
            Delivery::Gone(message(2)),
            Delivery::Refused {
                message: message(3),
                reason: "the server says that it is there, and gives nothing of it".to_owned()
            },
        ]
    );
}

#[test]
fn the_next_batch_is_asked_for_before_the_last_has_come() {
    let script = script(
        CAPABILITIES,
        "C: f1 UID FETCH 1 (UID BODY.PEEK[])
         C: f2 UID FETCH 2 (UID BODY.PEEK[])
         S: * 1 FETCH (UID 1 BODY[] \"one\")
         S: f1 OK done
         C: f3 UID FETCH 3 (UID BODY.PEEK[])
         S: * 2 FETCH (UID 2 BODY[] \"two\")
         S: f2 OK done
         S: * 3 FETCH (UID 3 BODY[] \"three\")
         S: f3 OK done",
    );
    let wanted = [listed(1, 4_000_000), listed(2, 4_000_000), listed(3, 4_000_000)];
    let all = play(&script, |session| fetch(session, &wanted));
    assert_eq!(all, [whole(1, "one"), whole(2, "two"), whole(3, "three")]);
}

#[test]
fn a_sink_may_break_off_and_the_session_goes_on() {
    let script = script(
        CAPABILITIES,
        "C: f1 UID FETCH 1:2 (UID BODY.PEEK[])
         S: * 1 FETCH (UID 1 BODY[] \"one\")
         S: * 2 FETCH (UID 2 BODY[] \"two\")
         S: f1 OK done
         C: a5 UID STORE 1 +FLAGS.SILENT (\\Seen)
         S: a5 OK done",
    );
    play(&script, |session| {
        let mut count = 0;
        let fetched = session.fetch(&[listed(1, 3), listed(2, 3)], &mut |_| {
            count += 1;
            ControlFlow::Break(())
        });
        assert_eq!((fetched, count), (Ok(()), 1));
        assert_eq!(session.apply(&[message(1)], &After::Seen), Ok(Applied::Done));
    });
}

#[test]
fn what_is_done_to_messages_is_done_to_them_alone() {
    let folder = FolderName::new("Zurück \"R&D\"").unwrap();
    let name = r#""Zur&APw-ck \"R&-D\"""#;
    for (capabilities, after, said, applied) in [
        (
            "IMAP4rev1 UIDPLUS",
            After::Delete,
            "C: a5 UID STORE 1:2,9 +FLAGS.SILENT (\\Deleted)
             S: * 9 FETCH (FLAGS (\\Deleted))
             S: a5 OK done
             C: a6 UID EXPUNGE 1:2,9
             S: * 1 EXPUNGE
             S: * 1 EXPUNGE
             S: * VANISHED 9
             S: a6 OK done"
                .to_owned(),
            Applied::Done,
        ),
        (
            "IMAP4rev1",
            After::Delete,
            "C: a5 UID STORE 1:2,9 +FLAGS.SILENT (\\Deleted)
             S: a5 OK done"
                .to_owned(),
            Applied::FlaggedOnly,
        ),
        (
            "IMAP4rev1 UIDPLUS",
            After::Delete,
            "C: a5 UID STORE 1:2,9 +FLAGS.SILENT (\\Deleted)
             S: a5 NO [EXPUNGEISSUED] Some of the messages no longer exist
             C: a6 NOOP
             S: * 1 EXPUNGE
             S: a6 OK done
             C: a7 UID STORE 1:2,9 +FLAGS.SILENT (\\Deleted)
             S: a7 OK done
             C: a8 UID EXPUNGE 1:2,9
             S: a8 OK done"
                .to_owned(),
            Applied::Done,
        ),
        (
            "IMAP4rev1 MOVE UIDPLUS",
            After::Move(folder.clone()),
            format!(
                "C: a5 UID MOVE 1:2,9 {name}
                 S: * OK [COPYUID 17 1:2,9 1:3] moved
                 S: * 1 EXPUNGE
                 S: a5 OK done"
            ),
            Applied::Done,
        ),
        (
            "IMAP4rev1 UIDPLUS",
            After::Move(folder.clone()),
            format!(
                "C: a5 UID COPY 1:2,9 {name}
                 S: a5 NO [TRYCREATE] no such folder
                 C: a6 CREATE {name}
                 S: a6 OK done
                 C: a7 UID COPY 1:2,9 {name}
                 S: a7 OK [COPYUID 17 1:2,9 1:3] done
                 C: a8 UID STORE 1:2,9 +FLAGS.SILENT (\\Deleted)
                 S: a8 OK done
                 C: a9 UID EXPUNGE 1:2,9
                 S: a9 OK done"
            ),
            Applied::Done,
        ),
        (
            "IMAP4rev1",
            After::Move(folder.clone()),
            format!(
                "C: a5 UID COPY 1:2,9 {name}
                 S: a5 OK done
                 C: a6 UID STORE 1:2,9 +FLAGS.SILENT (\\Deleted)
                 S: a6 OK done"
            ),
            Applied::FlaggedOnly,
        ),
        // Gmail: deleting takes a label off, and the message stays in "All Mail"; in the bin it goes.
        (
            "IMAP4rev1 MOVE UIDPLUS X-GM-EXT-1",
            After::Delete,
            "C: a5 LIST \"\" *
             S: * LIST (\\HasNoChildren) \"/\" \"INBOX\"
             S: * LIST (\\All \\HasNoChildren) \"/\" \"[Gmail]/All Mail\"
             S: * LIST (\\HasNoChildren \\Trash) \"/\" \"[Gmail]/Papierkorb\"
             S: a5 OK done
             C: a6 UID MOVE 1:2,9 \"[Gmail]/Papierkorb\"
             S: a6 OK done"
                .to_owned(),
            Applied::Done,
        ),
        ("IMAP4rev1", After::Keep, String::new(), Applied::Done),
    ] {
        let script = script(capabilities, &said);
        let messages = [message(9), message(1), message(2), message(1)];
        let done = play(&script, |session| session.apply(&messages, &after));
        assert_eq!(done, Ok(applied), "{after:?} with {capabilities}");
    }
}

#[test]
fn what_was_not_copied_is_not_removed() {
    let done = FolderName::new("Done").unwrap();
    for refusal in [
        "NO [OVERQUOTA] full",
        "NO [EXPUNGEISSUED] gone",
        "BAD what?",
        "NO [TRYCREATE] no",
    ] {
        let again = match refusal {
            "NO [EXPUNGEISSUED] gone" => {
                "C: a6 NOOP
                 S: a6 OK done
                 C: a7 UID COPY 1 \"Done\"
                 S: a7 NO [EXPUNGEISSUED] gone"
            }
            "NO [TRYCREATE] no" => {
                "C: a6 CREATE \"Done\"
                 S: a6 NO [NOPERM] not here"
            }
            _ => "",
        };
        let script = script(
            "IMAP4rev1 UIDPLUS",
            &format!("C: a5 UID COPY 1 \"Done\"\nS: a5 {refusal}\n{again}"),
        );
        let moved = play(&script, |session| {
            session.apply(&[message(1)], &After::Move(done.clone()))
        });
        assert!(moved.is_err(), "{refusal}");
    }
}

#[test]
fn a_folder_that_is_only_looked_at_is_not_changed() {
    let script = script(CAPABILITIES, "")
        .replace("SELECT", "EXAMINE")
        .replace("READ-WRITE", "READ-ONLY");
    let scripted = ScriptedServer::start(&script);
    let server = scripted.server(Protocol::Imap, Security::Tls);
    let folder = FolderName::inbox();
    let mut session = server::open(&server, &password(), &folder, Access::ReadOnly, &patient()).unwrap();
    let error = session.apply(&[message(1)], &After::Delete).unwrap_err();
    assert_eq!(error.kind, server::ErrorKind::Unsupported);
    drop(session);
    assert_eq!(scripted.notes().last().unwrap(), "a4 EXAMINE \"INBOX\"");
}

#[test]
fn a_server_that_wants_a_name_is_told_ours() {
    let script = script(CAPABILITIES, "")
        .replace("* OK ready", "* OK Coremail System IMap Server Ready(163com)")
        .replace(
            "C: a4 SELECT",
            "C: a4 ID (\"name\" \"rebound\")
             S: * ID (\"name\" \"Coremail\")
             S: a4 OK done
             C: a5 SELECT",
        )
        .replace("S: a4 OK [READ-WRITE]", "S: a5 OK [READ-WRITE]");
    play(&script, |session| assert_eq!(session.folder().messages, 3));
}

#[test]
fn folders_are_listed_with_their_counts() {
    let found = |capabilities, said: &str| {
        play(&script(capabilities, said), |session| {
            let folders = session.folders().unwrap().into_iter();
            let shown = folders.map(|folder| {
                let counts = folder
                    .messages
                    .zip(folder.unread)
                    .map_or("?".to_owned(), |(all, new)| format!("{all}/{new}"));
                format!(
                    "{} {} {counts}",
                    folder.name,
                    if folder.selectable { "open" } else { "closed" }
                )
            });
            shown.collect::<Vec<_>>()
        })
    };
    assert_eq!(
        found(
            "IMAP4rev1 LIST-STATUS",
            "C: a5 NOOP
             S: a5 OK done
             C: a6 LIST \"\" * RETURN (STATUS (MESSAGES UNSEEN))
             S: * LIST (\\HasNoChildren) \"/\" INBOX
             S: * STATUS INBOX (MESSAGES 5 UNSEEN 2)
             S: * LIST (\\Noselect \\HasChildren) \"/\" \"[Gmail]\"
             S: * LIST () \"/\" \"Zur&APw-ck\"
             S: * STATUS \"Zur&APw-ck\" (MESSAGES 1 UNSEEN 0)
             S: a6 OK done"
        ),
        ["INBOX open 5/2", "Zurück open 1/0", "[Gmail] closed ?"]
    );
    assert_eq!(
        found(
            "IMAP4rev1",
            "C: a5 NOOP
             S: a5 OK done
             C: a6 LIST \"\" *
             S: * LIST (\\HasChildren) \".\" INBOX
             S: * LIST (\\NonExistent) \".\" INBOX.a
             S: * LIST () \".\" {9}
             S: INBOX.\"b\"
             S: * LIST () \"\\\\\" \"\\\"c\\\"\"
             S: * LIST () NIL secret
             S: a6 OK done
             C: a7 STATUS \"INBOX\" (MESSAGES UNSEEN)
             S: * STATUS INBOX (MESSAGES 5 UNSEEN 2)
             S: a7 OK done
             C: a8 STATUS \"INBOX.\\\"b\\\"\" (MESSAGES UNSEEN)
             S: * STATUS \"INBOX.\\\"b\\\"\" (MESSAGES 1 UNSEEN 1)
             S: a8 OK done
             C: a9 STATUS \"\\\"c\\\"\" (MESSAGES UNSEEN)
             S: * STATUS other (MESSAGES 1 UNSEEN 1)
             S: a9 OK done
             C: a10 STATUS \"secret\" (MESSAGES UNSEEN)
             S: a10 NO [NOPERM] not for you"
        ),
        [
            "\"c\" open ?",
            "INBOX open 5/2",
            "INBOX.\"b\" open 1/1",
            "INBOX.a closed ?",
            "secret open ?"
        ]
    );
}

#[test]
fn a_goodbye_that_fails_means_nothing() {
    let scripted = ScriptedServer::start(&script(CAPABILITIES, "close"));
    let session = open(&scripted, &patient()).unwrap();
    assert_eq!(session.close(), Ok(()));
    scripted.notes();
}

#[test]
fn a_secret_that_the_server_repeats_is_told_to_nobody() {
    let scripted = ScriptedServer::start(
        "TLS
         S: * OK ready
         C: a1 CAPABILITY
         S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
         S: a1 OK done
         C: a2 AUTHENTICATE PLAIN
         S: +
         C: AGFubgBvcGVuc2VzYW1l
         S: a2 NO [AUTHENTICATIONFAILED] no such password: opensesame (AGFubgBvcGVuc2VzYW1l)
         stall",
    );
    let error = open(&scripted, &patient()).map(drop).unwrap_err();
    assert!(error.reason.contains("no such password: *** (***)"), "{error}");
}
