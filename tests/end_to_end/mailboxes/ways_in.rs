//! Every way into a mailbox, on two makes of servers.

use rebound_test_mail::MailServer;
use serde_json::json;

use super::account::{Login, Machine, Way, bounce, letter, one_each};

const BOUNCES: usize = 20;

#[test]
fn every_way_in_fetches_each_message_once_and_leaves_it_there() {
    let Some(server) = MailServer::dovecot() else { return };
    for way in [
        Way::IMAP,
        Way::new("imap", "starttls", Login::Password),
        Way::new("imap", "tls", Login::Token),
        Way::POP3,
        Way::new("pop3", "starttls", Login::Password),
        Way::new("pop3", "tls", Login::Token),
    ] {
        let mailbox = server.mailbox("every-way-in");
        let inbox = mailbox.inbox();
        let sent: Vec<_> = (0..BOUNCES).map(bounce).chain([letter(1), letter(2)]).collect();
        for message in &sent {
            inbox.deliver(message);
        }
        let machine = Machine::new(&server, mailbox.user(), way, &[]);

        assert_eq!(machine.run()["messages"]["new"], json!(BOUNCES + 2), "{way:?}");
        assert_eq!(machine.hard_bounces(), one_each(BOUNCES), "{way:?}");
        assert_eq!(machine.run()["messages"]["new"], json!(0), "{way:?}, a second run");
        assert_eq!(machine.hard_bounces(), one_each(BOUNCES), "{way:?}, a second run");

        let left = inbox.messages();
        assert!(
            left.iter().map(|message| &message.bytes).eq(&sent),
            "{way:?} left {left:?}"
        );
        if way.protocol == "imap" {
            assert!(
                left.iter().all(|message| message.flags.is_empty()),
                "{way:?} left {left:?}"
            );
        }

        inbox.deliver(&bounce(BOUNCES));
        assert_eq!(machine.run()["messages"]["new"], json!(1), "{way:?}, with new mail");
        assert_eq!(machine.hard_bounces(), one_each(BOUNCES + 1), "{way:?}, with new mail");
    }
}

#[test]
fn a_server_of_another_make_is_read_as_well() {
    let Some(server) = MailServer::cyrus() else { return };
    for way in [
        Way::IMAP,
        Way::new("imap", "starttls", Login::Password),
        Way::POP3,
        Way::new("pop3", "starttls", Login::Password),
    ] {
        let user = server.fresh_user("another-make");
        let mut client = server.other_client(&user);
        for number in 0..BOUNCES {
            client.append("INBOX", "", &bounce(number));
        }
        client.append("INBOX", "", &letter(1));
        let machine = Machine::new(&server, &user, way, &["after=delete"]);

        assert_eq!(machine.run()["messages"]["new"], json!(BOUNCES + 1), "{way:?}");
        assert_eq!(machine.hard_bounces(), one_each(BOUNCES), "{way:?}");
        assert_eq!(machine.run()["messages"]["new"], json!(0), "{way:?}, a second run");
        let selected = client.run("SELECT INBOX");
        assert!(selected.contains(&"* 1 EXISTS".to_owned()), "{way:?}: {selected:?}");
        assert_eq!(client.run("UID SEARCH SUBJECT Lunch").len(), 1, "{way:?}");
    }
}

#[test]
fn a_wrong_password_fails_the_run_and_is_named_without_being_shown() {
    let Some(server) = MailServer::dovecot() else { return };
    for way in [Way::IMAP, Way::POP3] {
        let mailbox = server.mailbox("wrong-password");
        mailbox.inbox().deliver(&bounce(1));
        let machine = Machine::new(&server, mailbox.user(), way, &[]);
        let mut edit = machine.rebound();
        edit.args(["accounts", "edit", "news", "--password-stdin"])
            .write_stdin("opensesame");
        edit.assert().success();
        let said = failed_run(&machine);
        assert!(said.contains("logging in") && !said.contains("opensesame"), "{said}");
        assert!(mailbox.inbox().messages()[0].is_unread());
    }
}

#[test]
fn a_server_whose_certificate_nobody_vouches_for_is_not_spoken_to() {
    let Some(server) = MailServer::dovecot() else { return };
    for way in [
        Way::IMAP,
        Way::new("imap", "starttls", Login::Password),
        Way::POP3,
        Way::new("pop3", "starttls", Login::Password),
    ] {
        let mailbox = server.mailbox("not-vouched-for");
        let machine = Machine::new(&server, mailbox.user(), way, &[]);
        machine
            .rebound()
            .args(["accounts", "edit", "news", "--unset", "ca"])
            .assert()
            .success();
        let said = failed_run(&machine);
        assert!(said.contains("certificate"), "{way:?}: {said}");
    }
}

/// What a run complains about that must fail.
fn failed_run(machine: &Machine) -> String {
    let mut run = machine.rebound();
    let failed = run.args(["run", "--account", "news"]).assert().code(1);
    String::from_utf8(failed.get_output().stderr.clone()).expect("complaints are UTF-8")
}
