//! From nothing to a server that is ready for a login.

use super::ANSWER_BYTES;
use super::refusal::refused;
use super::status::{Status, StatusLine};
use super::wire::Wire;
use crate::net::{Check, Stream};
use crate::server::{ErrorKind, Limits, MailboxError, Security, Server, Step, printable};

/// Connects, hears the greeting, and secures the connection as the settings say. Gives the greeting, too.
pub(super) fn greet(server: &Server, limits: &Limits, check: Check) -> Result<(Wire, String), MailboxError> {
    let mut wire = Wire::new(Stream::connect(server, limits, check)?);
    wire.allow(limits.command, ANSWER_BYTES);
    let greeting = wire.response().map_err(|error| wire.failure(Step::Greeting, &error))?;
    let Some(line) = StatusLine::read(&greeting).filter(|line| line.tag.is_none()) else {
        return Err(not_imap(&greeting));
    };
    match line.status {
        Status::Ok => {}
        Status::PreAuth => return Err(preauth(server)),
        Status::Bye | Status::No | Status::Bad => return Err(refused(Step::Greeting, &line)),
    }
    if server.security == Security::StartTls {
        wire = start_tls(wire, server, limits, check)?;
    }
    Ok((wire, line.words))
}

/// STARTTLS. Whether the server lists it is not asked: the list is not protected yet, and so proves nothing.
fn start_tls(mut wire: Wire, server: &Server, limits: &Limits, check: Check) -> Result<Wire, MailboxError> {
    const TAG: &str = "s1";
    wire.allow(limits.command, ANSWER_BYTES);
    wire.say(format!("{TAG} STARTTLS\r\n").as_bytes())
        .map_err(|error| wire.failure(Step::Tls, &error))?;
    loop {
        let response = wire.response().map_err(|error| wire.failure(Step::Tls, &error))?;
        let Some(line) = StatusLine::read(&response) else {
            if response.starts_with(b"* ") {
                continue;
            }
            return Err(not_imap(&response));
        };
        if line.ends(TAG) && line.status == Status::Ok {
            return wire.upgrade(server, limits, check);
        }
        if line.ends(TAG) {
            return Err(MailboxError::new(
                Step::Tls,
                ErrorKind::Certificate,
                format!("the server would not secure the connection: {}", line.words),
            )
            .with_hint("try implicit TLS (`security = \"tls\"`, port 993); nothing was sent that needs protection"));
        }
        wire.note(line);
    }
}

/// Whoever is logged in without having said who they are: RFC 3501 section 7.1.4. In front of STARTTLS, which may not
/// follow it, that is how somebody in between keeps a connection from being secured (RFC 9051 section 7.1.4).
fn preauth(server: &Server) -> MailboxError {
    let kind = match server.security {
        Security::StartTls => ErrorKind::Certificate,
        Security::Tls | Security::None => ErrorKind::Unsupported,
    };
    MailboxError::new(
        Step::Greeting,
        kind,
        "the server says that somebody is logged in already (PREAUTH), which nobody asked for",
    )
    .with_hint("the server is set up for another purpose, or somebody is in between; nothing was sent")
}

fn not_imap(said: &[u8]) -> MailboxError {
    let error = MailboxError::new(
        Step::Greeting,
        ErrorKind::Protocol,
        format!("the server does not speak IMAP, it says {:?}", printable(said)),
    );
    let others = [("+OK", "POP3"), ("220", "SMTP"), ("SSH-", "SSH"), ("HTTP/", "HTTP")];
    let other = others.iter().find(|(begins, _)| said.starts_with(begins.as_bytes()));
    match other {
        Some((_, protocol)) => error.with_hint(format!("this is {protocol}: check port and protocol")),
        None => error.with_hint("check port, protocol and security"),
    }
}
