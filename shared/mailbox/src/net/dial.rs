//! From a server's name to a TCP connection.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::server::{ErrorKind, MailboxError, Server, Step, printable};

/// Connects to the first of the server's addresses that answers, all of it within `limit`.
pub(super) fn dial(server: &Server, limit: Duration) -> Result<(TcpStream, SocketAddr), MailboxError> {
    let deadline = Instant::now() + limit;
    let addresses = resolve(server, deadline)?;
    connect(&addresses, deadline).map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ErrorKind::TimedOut,
            _ => ErrorKind::Unreachable,
        };
        MailboxError::new(
            Step::Connect,
            kind,
            format!("{} does not answer at port {}: {error}", host(server), server.port),
        )
        .with_hint("check the host name, the port, and whether a firewall is in between")
    })
}

/// The system's resolver blocks as long as it likes, so it does that on a thread of its own, which is left behind when
/// it takes too long.
fn resolve(server: &Server, deadline: Instant) -> Result<Vec<SocketAddr>, MailboxError> {
    if let Some(address) = literal(&server.host) {
        return Ok(vec![SocketAddr::new(address, server.port)]);
    }
    let failed = |kind, reason: &str| {
        MailboxError::new(
            Step::Resolve,
            kind,
            format!("{} cannot be looked up: {reason}", host(server)),
        )
        .with_hint("check the host name")
    };
    let name = ascii(&server.host).ok_or_else(|| failed(ErrorKind::Unreachable, "nothing can be called so"))?;
    let port = server.port;
    let (send, receive) = mpsc::channel();
    thread::Builder::new()
        .name("resolver".to_owned())
        .spawn(move || {
            let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect);
            let _ = send.send(found);
        })
        .map_err(|error| failed(ErrorKind::Unavailable, &error.to_string()))?;
    let addresses: Vec<SocketAddr> = match receive.recv_timeout(left(deadline)) {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(error)) => return Err(failed(ErrorKind::Unreachable, &error.to_string())),
        Err(RecvTimeoutError::Timeout) => return Err(failed(ErrorKind::TimedOut, "the name server does not answer")),
        Err(RecvTimeoutError::Disconnected) => return Err(failed(ErrorKind::Unreachable, "the resolver broke off")),
    };
    if addresses.is_empty() {
        return Err(failed(ErrorKind::Unreachable, "it has no address"));
    }
    Ok(addresses)
}

/// Each address gets its share of the time that is left, so that a dead one leaves some for the next.
fn connect(addresses: &[SocketAddr], deadline: Instant) -> io::Result<(TcpStream, SocketAddr)> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for (tried, address) in addresses.iter().enumerate() {
        let untried = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = left(deadline) / untried;
        if share.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok((stream, *address));
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// An address that was given instead of a name; IPv6 may be in brackets.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

/// The name as DNS and certificates spell it.
pub(crate) fn ascii(host: &str) -> Option<String> {
    idna::domain_to_ascii(host).ok().filter(|name| !name.is_empty())
}

fn host(server: &Server) -> String {
    printable(server.host.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_no_resolver() {
        assert_eq!(literal("192.0.2.1"), Some([192, 0, 2, 1].into()));
        assert_eq!(literal("::1"), Some(std::net::Ipv6Addr::LOCALHOST.into()));
        assert_eq!(literal("[::1]"), Some(std::net::Ipv6Addr::LOCALHOST.into()));
        assert_eq!(literal("mail.example.com"), None);
    }

    #[test]
    fn names_are_spelled_as_dns_spells_them() {
        assert_eq!(ascii("Bücher.example").as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!(ascii(""), None);
    }

    #[test]
    fn the_next_address_is_tried_when_one_refuses() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let there = listener.local_addr().unwrap();
        let gone = {
            let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            closed.local_addr().unwrap()
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        let (_, reached) = connect(&[gone, there], deadline).unwrap();
        assert_eq!(reached, there);
        let refused = connect(&[gone], deadline).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn no_time_left_is_no_attempt() {
        let address = "127.0.0.1:9".parse().unwrap();
        let error = connect(&[address], Instant::now()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
