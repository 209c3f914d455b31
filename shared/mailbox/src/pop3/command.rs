//! What a client says.

use std::num::NonZeroU32;

use crate::server::Secret;

/// The longest line a server has to take, with its line end (RFC 2449 section 4). A server may cut off whoever says more,
/// so that a longer initial response waits for the server's go-ahead instead (RFC 5034 section 4).
const MAX_COMMAND_BYTES: usize = 255;

/// A command. Messages are named by their number in the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// What can you do? RFC 2449 section 5.
    Capa,
    /// Let us speak TLS from here on. RFC 2595 section 4.
    Stls,
    /// A name to log in with.
    User(&'a str),
    /// The password that belongs to it.
    Pass(&'a Secret),
    /// A SASL exchange, RFC 5034. The initial response goes along with it where it is short enough.
    Auth {
        /// The mechanism's registered name.
        mechanism: &'static str,
        /// What the client says first, in base64. `None` waits for the server to ask, as does one that is too long; it
        /// is then sent as [`Command::Answer`].
        initial: Option<&'a Secret>,
    },
    /// An answer to [`Event::Challenge`](super::Event::Challenge), in base64.
    Answer(&'a Secret),
    /// How many messages are there?
    Stat,
    /// What are all messages called?
    Uidl,
    /// How long are all messages?
    List,
    /// Is this message there?
    ListOne(NonZeroU32),
    /// Give me a message.
    Retr {
        /// Its number.
        number: NonZeroU32,
        /// The size that the server listed, for making room at once; it need not be true.
        announced: u64,
    },
    /// Give me a message's header and the first lines of its body.
    Top {
        /// Its number.
        number: NonZeroU32,
        /// How many lines of the body.
        lines: u32,
        /// As for [`Command::Retr`].
        announced: u64,
    },
    /// Delete a message once [`Command::Quit`] is answered.
    Dele(NonZeroU32),
    /// Delete nothing after all.
    Rset,
    /// Are you still there?
    Noop,
    /// Delete what is marked, and good-bye.
    Quit,
}

/// What cannot be said in POP3, because it holds what ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it holds a line end or a NUL, which no POP3 command can carry")]
pub struct Unsendable;

impl Command<'_> {
    /// Whether [`Command::Auth`] carries its initial response with it.
    pub fn carries_initial_response(self) -> bool {
        match self {
            Self::Auth {
                mechanism,
                initial: Some(initial),
            } => "AUTH ".len() + mechanism.len() + 1 + initial.reveal().len() + 2 <= MAX_COMMAND_BYTES,
            _ => false,
        }
    }

    /// Appends its line, or nothing.
    pub(super) fn write(self, out: &mut Vec<u8>) -> Result<(), Unsendable> {
        let line = self.line();
        if line.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | b'\0')) {
            return Err(Unsendable);
        }
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn line(self) -> String {
        match self {
            Self::Capa => "CAPA".to_owned(),
            Self::Stls => "STLS".to_owned(),
            Self::User(user) => format!("USER {user}"),
            Self::Pass(password) => format!("PASS {}", password.reveal()),
            Self::Auth { mechanism, initial } => match initial {
                // An empty initial response is spelled `=`, RFC 5034 section 4.
                Some(initial) if initial.reveal().is_empty() => format!("AUTH {mechanism} ="),
                Some(initial) if self.carries_initial_response() => format!("AUTH {mechanism} {}", initial.reveal()),
                _ => format!("AUTH {mechanism}"),
            },
            Self::Answer(answer) => answer.reveal().to_owned(),
            Self::Stat => "STAT".to_owned(),
            Self::Uidl => "UIDL".to_owned(),
            Self::List => "LIST".to_owned(),
            Self::ListOne(number) => format!("LIST {number}"),
            Self::Retr { number, .. } => format!("RETR {number}"),
            Self::Top { number, lines, .. } => format!("TOP {number} {lines}"),
            Self::Dele(number) => format!("DELE {number}"),
            Self::Rset => "RSET".to_owned(),
            Self::Noop => "NOOP".to_owned(),
            Self::Quit => "QUIT".to_owned(),
        }
    }
}
