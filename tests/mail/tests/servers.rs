//! The servers do what their descriptions promise.
#![allow(clippy::indexing_slicing, clippy::panic)] // a test may panic

use rebound_test_mail::MailServer;

#[test]
fn a_message_that_was_put_in_is_there_for_every_client_and_back() {
    let Some(server) = MailServer::dovecot() else { return };
    let mailbox = server.mailbox("put-in");
    let (done, inbox) = (mailbox.folder("Done/Today"), mailbox.inbox());
    inbox.deliver(b"Subject: first\r\n\r\n1\r\n");
    inbox.deliver(b"Subject: second\r\n\r\n2\r\n");
    inbox.deliver_with_flags(b"Subject: third\r\n\r\n3\r\n", "S");

    let mut client = mailbox.other_client();
    let selected = client.run("SELECT INBOX");
    assert!(selected.contains(&"* 3 EXISTS".to_owned()), "{selected:?}");
    assert_eq!(client.run("UID SEARCH UNSEEN"), ["* SEARCH 1 2"]);
    client.run("UID STORE 2 +FLAGS (\\Seen \\Deleted)");
    client.run("UID MOVE 1 Done/Today");
    drop(client);

    let flags: Vec<(Vec<u8>, String)> = inbox.messages().into_iter().map(|m| (m.bytes, m.flags)).collect();
    assert_eq!(
        flags,
        [
            (b"Subject: second\r\n\r\n2\r\n".to_vec(), "ST".to_owned()),
            (b"Subject: third\r\n\r\n3\r\n".to_vec(), "S".to_owned()),
        ]
    );
    assert_eq!(done.len(), 1);
    assert!(done.messages()[0].is_unread());
}

#[test]
fn renumbering_changes_the_validity_and_keeps_the_messages() {
    let Some(server) = MailServer::dovecot() else { return };
    let mailbox = server.mailbox("renumbered");
    mailbox.inbox().deliver(b"Subject: kept\r\n\r\n");
    let before = validity(&mailbox.other_client().run("SELECT INBOX"));
    mailbox.inbox().renumber();
    let mut client = mailbox.other_client();
    let after = validity(&client.run("SELECT INBOX"));
    assert_eq!(after, before + 1);
    assert_eq!(client.run("UID SEARCH ALL"), ["* SEARCH 1"]);
}

#[test]
fn a_fresh_user_of_the_second_server_has_an_empty_inbox_to_put_messages_in() {
    let Some(server) = MailServer::cyrus() else { return };
    let mut client = server.other_client(&server.fresh_user("put-in"));
    let selected = client.run("SELECT INBOX");
    assert!(selected.contains(&"* 0 EXISTS".to_owned()), "{selected:?}");
    client.append("INBOX", "", b"Subject: first\r\n\r\n1\r\n");
    client.append("INBOX", "\\Seen", b"Subject: second\r\n\r\n2\r\n");
    client.run("SELECT INBOX");
    assert_eq!(client.run("UID SEARCH UNSEEN"), ["* SEARCH 1"]);
}

fn validity(selected: &[String]) -> u32 {
    selected
        .iter()
        .find_map(|line| line.strip_prefix("* OK [UIDVALIDITY ")?.split(']').next()?.parse().ok())
        .unwrap_or_else(|| panic!("no UIDVALIDITY in {selected:?}"))
}
