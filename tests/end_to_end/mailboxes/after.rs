//! What becomes of messages on the server once they are archived.

use rebound_test_mail::{MailServer, Mailbox, Message};
use serde_json::json;

use super::account::{Machine, Way, bounce, letter, one_each};

const BOUNCES: usize = 5;

/// A mailbox with bounces and two letters in between, and a folder to move things to.
fn mixed_mailbox(server: &MailServer, test: &str) -> Mailbox {
    let mailbox = server.mailbox(test);
    mailbox.folder("Done/Today");
    for number in 0..BOUNCES {
        if number % 3 == 1 {
            mailbox.inbox().deliver(&letter(number));
        }
        mailbox.inbox().deliver(&bounce(number));
    }
    mailbox
}

/// Bounces and letters as they are told apart without reading them as rebound does.
fn sort(messages: Vec<Message>) -> (Vec<Message>, Vec<Message>) {
    messages
        .into_iter()
        .partition(|message| message.bytes.starts_with(b"From: MAILER-DAEMON@"))
}

#[test]
fn bounces_are_dealt_with_as_the_account_says_and_letters_left_alone() {
    let Some(server) = MailServer::dovecot() else { return };
    for (way, after, left, moved) in [
        (Way::IMAP, "keep", BOUNCES, 0),
        (Way::IMAP, "seen", BOUNCES, 0),
        (Way::IMAP, "delete", 0, 0),
        (Way::IMAP, "move:Done/Today", 0, BOUNCES),
        (Way::POP3, "keep", BOUNCES, 0),
        (Way::POP3, "delete", 0, 0),
    ] {
        let mailbox = mixed_mailbox(&server, "dealt-with");
        let machine = Machine::new(&server, mailbox.user(), way, &[&format!("after={after}")]);
        let context = format!("{way:?} {after}");

        assert_eq!(machine.run()["messages"]["new"], json!(BOUNCES + 2), "{context}");
        assert_eq!(machine.hard_bounces(), one_each(BOUNCES), "{context}");
        let (bounces, letters) = sort(mailbox.inbox().messages());
        assert_eq!(bounces.len(), left, "{context}");
        assert_eq!(letters.len(), 2, "{context}");
        if way == Way::IMAP {
            assert!(
                letters.iter().all(|letter| letter.flags.is_empty()),
                "{context}: {letters:?}"
            );
            let read = bounces.iter().filter(|bounce| !bounce.is_unread()).count();
            assert_eq!(
                read,
                if after == "seen" { BOUNCES } else { 0 },
                "{context}: {bounces:?}"
            );
        }
        let (done, strays) = sort(mailbox.existing_folder("Done/Today").messages());
        assert_eq!((done.len(), strays.len()), (moved, 0), "{context}");

        assert_eq!(machine.run()["messages"]["new"], json!(0), "{context}, a second run");
        assert_eq!(machine.hard_bounces(), one_each(BOUNCES), "{context}, a second run");
        assert_eq!(mailbox.inbox().len(), left + 2, "{context}, a second run");
    }
}

#[test]
fn letters_are_dealt_with_only_when_the_account_says_so() {
    let Some(server) = MailServer::dovecot() else { return };
    for (after_others, letters_left, letters_read) in [("seen", 2, 2), ("delete", 0, 0), ("move:Done/Today", 0, 0)] {
        let mailbox = mixed_mailbox(&server, "letters");
        let settings = [&*format!("after_others={after_others}"), "after=keep"];
        Machine::new(&server, mailbox.user(), Way::IMAP, &settings).run();
        let (bounces, letters) = sort(mailbox.inbox().messages());
        let read = letters.iter().filter(|letter| !letter.is_unread()).count();
        assert_eq!((letters.len(), read), (letters_left, letters_read), "{after_others}");
        assert!(
            bounces.len() == BOUNCES && bounces.iter().all(|bounce| bounce.flags.is_empty()),
            "{after_others}: {bounces:?}"
        );
    }
}

#[test]
fn what_somebody_else_wants_deleted_is_not_expunged_with_ours() {
    let Some(server) = MailServer::dovecot() else { return };
    let mailbox = mixed_mailbox(&server, "somebody-elses");
    mailbox.inbox().deliver_with_flags(&letter(77), "T");
    let machine = Machine::new(&server, mailbox.user(), Way::IMAP, &["after=delete"]);
    machine.run();
    let (bounces, letters) = sort(mailbox.inbox().messages());
    assert_eq!((bounces.len(), letters.len()), (0, 3));
    let flagged: Vec<_> = letters.iter().filter(|letter| letter.is_deleted()).collect();
    assert!(
        matches!(flagged[..], [one] if one.bytes == letter(77)),
        "somebody else's message: {letters:?}"
    );
}

#[test]
fn only_unread_messages_are_fetched_when_the_account_says_so() {
    let Some(server) = MailServer::dovecot() else { return };
    let mailbox = mixed_mailbox(&server, "only-unread");
    mailbox.inbox().deliver_with_flags(&bounce(77), "S");
    let machine = Machine::new(&server, mailbox.user(), Way::IMAP, &["only_unread=true", "after=seen"]);
    assert_eq!(machine.run()["messages"]["new"], json!(BOUNCES + 2));
    assert_eq!(machine.hard_bounces(), one_each(BOUNCES));
}

#[test]
fn new_uids_for_old_messages_count_nothing_twice_and_hide_nothing_new() {
    let Some(server) = MailServer::dovecot() else { return };
    let mailbox = mixed_mailbox(&server, "renumbered");
    let machine = Machine::new(&server, mailbox.user(), Way::IMAP, &[]);
    machine.run();

    mailbox.inbox().renumber();
    mailbox.inbox().deliver(&bounce(BOUNCES));
    assert_eq!(machine.run()["messages"]["new"], json!(1));
    assert_eq!(machine.hard_bounces(), one_each(BOUNCES + 1));
    assert_eq!(
        machine.run()["messages"]["seen"],
        json!(0),
        "nothing is fetched again after that"
    );
}
