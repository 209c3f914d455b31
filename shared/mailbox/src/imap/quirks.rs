//! What some servers do in a way of their own, each by name. What they say in a way of their own is in
//! [`refusal`](super::refusal); what they spell in a way of their own is put right where it is read.

use crate::server::Connection;

/// How to treat a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quirks {
    /// How many commands may be under way at once. RFC 3501 section 5.5 allows many.
    pub(super) commands_ahead: usize,
    /// Whether a message is deleted by moving it to the bin.
    pub(super) deletes_by_bin: bool,
}

impl Quirks {
    /// What is known of this server.
    pub(super) fn of(connection: &Connection) -> Self {
        Self {
            commands_ahead: if is_exchange(connection) { 1 } else { 2 },
            deletes_by_bin: is_gmail(connection),
        }
    }
}

/// Exchange and Microsoft 365 count commands that come too fast, and throttle whoever sends them.
fn is_exchange(connection: &Connection) -> bool {
    connection.greeting.contains("Microsoft Exchange")
}

/// Gmail has labels, not folders: what is expunged from a folder only loses its label, and stays in "All Mail" for ever
/// (<https://developers.google.com/workspace/gmail/imap/imap-extensions>). What is in the bin goes within 30 days.
fn is_gmail(connection: &Connection) -> bool {
    connection.capabilities.iter().any(|name| name == "X-GM-EXT-1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_known_by_what_they_say() {
        for (greeting, capability, commands_ahead, deletes_by_bin) in [
            ("[CAPABILITY IMAP4rev1] Dovecot ready.", "UIDPLUS", 2, false),
            (
                "The Microsoft Exchange IMAP4 service is ready. [QQBCAEMA]",
                "UIDPLUS",
                1,
                false,
            ),
            ("Gimap ready for requests from 192.0.2.1", "X-GM-EXT-1", 2, true),
        ] {
            let connection = Connection {
                peer: "192.0.2.1:993".parse().unwrap(),
                tls: None,
                greeting: greeting.to_owned(),
                capabilities: vec![capability.to_owned()],
            };
            let quirks = Quirks {
                commands_ahead,
                deletes_by_bin,
            };
            assert_eq!(Quirks::of(&connection), quirks, "{greeting}");
        }
    }
}
