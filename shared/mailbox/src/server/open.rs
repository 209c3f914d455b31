//! Opening a mailbox, or only looking at its server.

use super::{Connection, FolderName, Limits, Login, MailboxError, Protocol, Server, Session};
use crate::imap::ImapSession;
use crate::net::Certificate;
use crate::pop3::Pop3Session;

/// What a session may do to its folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Access {
    /// Whatever [`Session::apply`] is asked for.
    #[default]
    Full,
    /// Nothing, for looking only: an IMAP server is told so (EXAMINE, RFC 3501 section 6.3.2). A POP3 server can't be told,
    /// and many mark what RETR gives out as read, or don't list it again; so messages are fetched with TOP, which leaves
    /// no trace, where the server has it.
    ReadOnly,
}

/// Connects to a server as its settings say, logs in, and opens a folder. POP3 has one, `INBOX`, whatever `folder` says.
///
/// No byte of the login is sent before the connection is what the settings ask for.
pub fn open(
    server: &Server,
    login: &Login,
    folder: &FolderName,
    access: Access,
    limits: &Limits,
) -> Result<Box<dyn Session>, MailboxError> {
    Ok(match server.protocol {
        Protocol::Imap => Box::new(ImapSession::open(server, login, folder, access, limits)?),
        Protocol::Pop3 => Box::new(Pop3Session::open(server, login, access, limits)?),
    })
}

/// What a server says to somebody who does not log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// How it was reached, its greeting, and what it can do.
    pub connection: Connection,
    /// The certificate that it showed; `None` for plain text, and for one that cannot be read. Its
    /// [`pin`](Certificate::pin) is what [`Trust::Key`](super::Trust::Key) takes.
    pub certificate: Option<Certificate>,
    /// Why its certificate is not to be trusted, where it is not; [`open`] fails with this.
    pub doubt: Option<MailboxError>,
}

/// Connects to a server as its settings say, and asks what it can do. No login is needed, and none can be sent; so the
/// certificate need not be trusted to look at it.
pub fn probe(server: &Server, limits: &Limits) -> Result<Probe, MailboxError> {
    match server.protocol {
        Protocol::Imap => ImapSession::probe(server, limits),
        Protocol::Pop3 => Pop3Session::probe(server, limits),
    }
}
