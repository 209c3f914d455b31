//! Killed in the middle of a mailbox, the next run makes good what was missed.

use std::process::Command;

use rebound_test_mail::MailServer;

use super::account::{Machine, Way, bounce, letter, one_each};
use crate::crash::{folder_size, run_until};

const BOUNCES: usize = 300;

#[test]
fn killed_runs_lose_no_message_and_count_none_twice() {
    let Some(server) = MailServer::dovecot() else { return };
    for way in [Way::IMAP, Way::POP3] {
        let mailbox = server.mailbox("killed");
        mailbox.inbox().deliver(&letter(1));
        (0..BOUNCES).for_each(|number| mailbox.inbox().deliver(&bounce(number)));
        let machine = Machine::new(&server, mailbox.user(), way, &["after=delete"]);

        // No clock decides where each run is killed: while messages arrive and are judged, and when the first is deleted.
        let begun = folder_size(machine.data());
        let mut kills = 0;
        for bytes in [0, 100_000, 500_000, 2_000_000, 4_000_000] {
            let grown = || folder_size(machine.data()) > begun + bytes;
            kills += usize::from(run_until(&mut command(&machine), grown));
        }
        run_until(&mut command(&machine), || mailbox.inbox().len() <= BOUNCES);
        assert!(kills >= 3, "{way:?}: nothing was broken off");
        machine.run();
        assert_eq!(machine.hard_bounces(), one_each(BOUNCES), "{way:?}");
        let left = mailbox.inbox().messages();
        assert!(
            matches!(&left[..], [one] if one.bytes == letter(1)),
            "{way:?} left {} messages",
            left.len()
        );
    }
}

fn command(machine: &Machine) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rebound"));
    command.env_remove("REBOUND_DATA").arg("--data").arg(machine.data());
    command.args(["run", "--account", "news"]);
    command
}
