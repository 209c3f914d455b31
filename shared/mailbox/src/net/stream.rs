//! A connection to a mail server, with bounds.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

use super::failure::Flooded;
use super::socket::Socket;
use super::{Certificate, dial, tls};
use crate::server::{ErrorKind, Limits, MailboxError, Security, Server, Step};

/// A connection to a mail server, plain or TLS.
///
/// Say with [`Stream::allow`] how long and how much the next exchange may take, every time. Reading past either is an
/// [`io::Error`] that [`read_failure`](super::read_failure) turns into the right error; after any error it is of no
/// further use.
#[derive(Debug)]
pub(crate) struct Stream {
    channel: Channel,
    peer: SocketAddr,
    budget: u64,
}

#[derive(Debug)]
enum Channel {
    Plain(Socket),
    Tls(Box<Tls>),
}

#[derive(Debug)]
struct Tls {
    stream: StreamOwned<ClientConnection, Socket>,
    shown: Option<Certificate>,
    doubt: Option<MailboxError>,
}

/// What becomes of a connection whose certificate is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// It ends with the error that tells why.
    Enforce,
    /// It stands, for looking only, and [`Stream::doubt`] tells why. No credential may ever be sent over it.
    Report,
}

impl Stream {
    /// Connects, and secures the connection where that is the first thing to do ([`Security::Tls`]). Until
    /// [`Stream::allow`] is called, it gives nothing.
    pub(crate) fn connect(server: &Server, limits: &Limits, check: Check) -> Result<Self, MailboxError> {
        let (tcp, peer) = dial::dial(server, limits.connect)?;
        let plain = Self {
            channel: Channel::Plain(Socket::new(tcp, limits.connect)),
            peer,
            budget: 0,
        };
        match server.security {
            Security::Tls => plain.secure(server, limits, check),
            Security::StartTls | Security::None => Ok(plain),
        }
    }

    /// Secures a plain connection after STARTTLS or STLS. `unread` is what the caller has read and not yet understood:
    /// there must be none, because whatever arrives before the handshake may come from anybody (RFC 3501 section 6.2.1,
    /// CVE-2011-0411).
    pub(crate) fn upgrade(
        self,
        unread: &[u8],
        server: &Server,
        limits: &Limits,
        check: Check,
    ) -> Result<Self, MailboxError> {
        if !unread.is_empty() {
            return Err(MailboxError::new(
                Step::Tls,
                ErrorKind::Certificate,
                "bytes were injected before the connection was secured",
            )
            .with_hint("somebody may be in between; use implicit TLS (`security = \"tls\"`) if the server has it"));
        }
        self.secure(server, limits, check)
    }

    fn secure(self, server: &Server, limits: &Limits, check: Check) -> Result<Self, MailboxError> {
        let Channel::Plain(mut socket) = self.channel else {
            return Err(MailboxError::new(
                Step::Tls,
                ErrorKind::Protocol,
                "the connection is secured already",
            ));
        };
        socket.set_limit(limits.connect);
        let secured = tls::handshake(socket, server, check)?;
        Ok(Self {
            channel: Channel::Tls(Box::new(Tls {
                stream: secured.stream,
                shown: secured.shown,
                doubt: secured.doubt,
            })),
            peer: self.peer,
            budget: 0,
        })
    }

    /// Gives the next exchange `time` from now, for everything that is read and written, and `bytes` to read.
    pub(crate) fn allow(&mut self, time: Duration, bytes: u64) {
        match &mut self.channel {
            Channel::Plain(socket) => socket.set_limit(time),
            Channel::Tls(tls) => tls.stream.sock.set_limit(time),
        }
        self.budget = bytes;
    }

    /// Gives the exchange under way more time, which was not the server's doing.
    pub(crate) fn extend(&mut self, time: Duration) {
        match &mut self.channel {
            Channel::Plain(socket) => socket.extend(time),
            Channel::Tls(tls) => tls.stream.sock.extend(time),
        }
    }

    /// The address that answered.
    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// TLS version and cipher suite; `None` for plain text.
    pub(crate) fn tls(&self) -> Option<String> {
        let Channel::Tls(tls) = &self.channel else {
            return None;
        };
        let version = tls.stream.conn.protocol_version()?;
        let suite = tls.stream.conn.negotiated_cipher_suite()?.suite();
        Some(format!(
            "{} {}",
            version.as_str().unwrap_or("TLS").replace('_', "."),
            suite.as_str().unwrap_or("unknown")
        ))
    }

    /// The certificate that the server showed, where it can be read.
    pub(crate) fn certificate(&self) -> Option<&Certificate> {
        match &self.channel {
            Channel::Plain(_) => None,
            Channel::Tls(tls) => tls.shown.as_ref(),
        }
    }

    /// Why the connection is not to be trusted ([`Check::Report`]).
    pub(crate) fn doubt(&self) -> Option<&MailboxError> {
        match &self.channel {
            Channel::Plain(_) => None,
            Channel::Tls(tls) => tls.doubt.as_ref(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.budget == 0 && !into.is_empty() {
            return Err(io::Error::other(Flooded));
        }
        let most = usize::try_from(self.budget).unwrap_or(usize::MAX).min(into.len());
        let into = into.get_mut(..most).unwrap_or_default();
        let read = match &mut self.channel {
            Channel::Plain(socket) => socket.read(into),
            Channel::Tls(tls) => tls.stream.read(into),
        }?;
        self.budget = self.budget.saturating_sub(read as u64);
        Ok(read)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.channel {
            Channel::Plain(socket) => socket.write(bytes),
            Channel::Tls(tls) => tls.stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.channel {
            Channel::Plain(socket) => socket.flush(),
            Channel::Tls(tls) => tls.stream.flush(),
        }
    }
}
