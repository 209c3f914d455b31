//! What some servers do in a way of their own, each by name. What they say in a way of their own is in
//! [`refusal`](super::refusal); what they spell in a way of their own is put right where it is read.

use crate::server::Connection;

/// How to treat a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quirks {
    /// How many commands may be under way at once. RFC 3501 section 5.5 allows many.
    pub(super) commands_ahead: usize,
    /// Whether it wants to know who we are (ID, RFC 2971) before it opens a folder.
    pub(super) wants_a_name: bool,
    /// Whether a message is deleted by moving it to the bin.
    pub(super) deletes_by_bin: bool,
}

impl Quirks {
    /// What is known of this server.
    pub(super) fn of(connection: &Connection) -> Self {
        Self {
            commands_ahead: if is_exchange(connection) { 1 } else { 2 },
            wants_a_name: is_coremail(connection),
            deletes_by_bin: is_gmail(connection),
        }
    }
}

/// Exchange and Microsoft 365 count commands that come too fast, and throttle whoever sends them.
fn is_exchange(connection: &Connection) -> bool {
    connection.greeting.contains("Microsoft Exchange")
}

/// NetEase (163.com, 126.com, yeah.net) runs Coremail, which answers `Unsafe Login` to whoever opens a folder unnamed.
fn is_coremail(connection: &Connection) -> bool {
    connection.greeting.contains("Coremail")
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
        let usual = Quirks {
            commands_ahead: 2,
            wants_a_name: false,
            deletes_by_bin: false,
        };
        for (greeting, capability, quirks) in [
            ("[CAPABILITY IMAP4rev1] Dovecot ready.", "UIDPLUS", usual),
            (
                "The Microsoft Exchange IMAP4 service is ready. [QQBCAEMA]",
                "UIDPLUS",
                Quirks {
                    commands_ahead: 1,
                    ..usual
                },
            ),
            (
                "Coremail System IMap Server Ready(163com[b0a7c5])",
                "ID",
                Quirks {
                    wants_a_name: true,
                    ..usual
                },
            ),
            (
                "Gimap ready for requests from 192.0.2.1",
                "X-GM-EXT-1",
                Quirks {
                    deletes_by_bin: true,
                    ..usual
                },
            ),
        ] {
            let connection = Connection {
                peer: "192.0.2.1:993".parse().unwrap(),
                tls: None,
                greeting: greeting.to_owned(),
                capabilities: vec![capability.to_owned()],
            };
            assert_eq!(Quirks::of(&connection), quirks, "{greeting}");
        }
    }
}
