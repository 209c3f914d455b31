//! A connection on which POP3 is spoken: the machine, and the stream that it has none of.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::time::Duration;

use super::body::MAX_DRAINED_BYTES;
use super::machine::{MAX_LINE_BYTES, MAX_LISTED};
use super::{Command, Event, Machine, Refusal, ResponseCode, Unsendable, Violation};
use crate::net::{Check, Stream, lost, read_failure};
use crate::server::{ErrorKind, Limits, MailboxError, Security, Server, Step, printable};

/// What is read at once: several TLS records.
const BUFFER_BYTES: usize = 64 * 1024;

/// What a listing may take of the wire: as many lines as are listed, each as long as RFC 1939 lets UIDL's be, and a
/// little more.
const MAX_LISTING_BYTES: u64 = MAX_LISTED as u64 * 128;

/// What an answer may take, in time and bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Size {
    /// A line.
    Line,
    /// A line that may take a while to come, because there is this much work to be done before it.
    LineAfter(Duration),
    /// A listing.
    Listing,
    /// A message.
    Message,
}

/// A connection on which POP3 is spoken. After an error it repeats that error, and says nothing more to the server.
pub(super) struct Conversation {
    stream: Stream,
    machine: Machine,
    limits: Limits,
    /// What has been read, and how much of it is understood.
    buffer: Box<[u8]>,
    understood: usize,
    filled: usize,
    /// What is to be sent.
    out: Vec<u8>,
    failed: Option<MailboxError>,
}

impl Conversation {
    /// Connects, secures the connection as the server's settings say, and gives the greeting.
    pub(super) fn begin(server: &Server, limits: &Limits, check: Check) -> Result<(Self, String), MailboxError> {
        let mut conversation = Self {
            stream: Stream::connect(server, limits, check)?,
            machine: Machine::new(limits.message_bytes),
            limits: *limits,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            understood: 0,
            filled: 0,
            out: Vec::new(),
            failed: None,
        };
        let greeting = match conversation.hear(Step::Greeting, Size::Line)? {
            Event::Greeting(greeting) => greeting,
            Event::Refused(refusal) => return Err(refused(Step::Greeting, &refusal, ErrorKind::Unavailable)),
            other => return Err(unexpected(Step::Greeting, &other)),
        };
        if server.security == Security::StartTls {
            conversation = conversation.secure(server, check)?;
        }
        Ok((conversation, greeting))
    }

    /// STLS. Whether the server lists it is not asked: the list is not protected yet, and so proves nothing.
    fn secure(mut self, server: &Server, check: Check) -> Result<Self, MailboxError> {
        self.say(Command::Stls).map_err(|error| unsendable(Step::Tls, error))?;
        match self.next_event(Step::Tls, Size::Line)? {
            Event::Ok(_) => {}
            Event::Refused(refusal) => {
                return Err(MailboxError::new(
                    Step::Tls,
                    ErrorKind::Certificate,
                    format!("the server would not secure the connection: {}", refusal.text),
                )
                .with_hint(
                    "try implicit TLS (`security = \"tls\"`, port 995); nothing was sent that needs protection",
                ));
            }
            other => return Err(unexpected(Step::Tls, &other)),
        }
        let unread = self.buffer.get(self.understood..self.filled).unwrap_or_default();
        self.stream = self.stream.upgrade(unread, server, &self.limits, check)?;
        Ok(self)
    }

    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What the server can do; `None` where it does not know the question (RFC 2449 is an extension itself).
    pub(super) fn capabilities(&mut self, step: Step) -> Result<Option<Vec<String>>, MailboxError> {
        match self.ask(step, Command::Capa, Size::Line)? {
            Event::Capabilities(capabilities) => Ok(Some(capabilities)),
            Event::Refused(_) => Ok(None),
            other => Err(self.fail(unexpected(step, &other))),
        }
    }

    /// A command and its answer.
    pub(super) fn ask(&mut self, step: Step, command: Command<'_>, size: Size) -> Result<Event, MailboxError> {
        self.say(command).map_err(|error| unsendable(step, error))?;
        self.hear(step, size)
    }

    /// Puts a command with those that are sent before the next answer is waited for.
    pub(super) fn say(&mut self, command: Command<'_>) -> Result<(), Unsendable> {
        self.machine.send(command, &mut self.out)
    }

    /// The next answer.
    pub(super) fn hear(&mut self, step: Step, size: Size) -> Result<Event, MailboxError> {
        let event = self.next_event(step, size)?;
        if self.machine.is_quiet() && self.understood < self.filled {
            return Err(self.fail(violated(step, &Violation::Unasked)));
        }
        Ok(event)
    }

    /// Makes an error the conversation's last word.
    pub(super) fn fail(&mut self, error: MailboxError) -> MailboxError {
        self.failed.get_or_insert(error).clone()
    }

    fn next_event(&mut self, step: Step, size: Size) -> Result<Event, MailboxError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let (time, bytes) = self.allowance(size);
        self.stream.allow(time, bytes);
        self.transfer(step).map_err(|error| self.fail(error))
    }

    fn transfer(&mut self, step: Step) -> Result<Event, MailboxError> {
        if !self.out.is_empty() {
            let sent = self.stream.write_all(&self.out).and_then(|()| self.stream.flush());
            self.out.clear();
            sent.map_err(|error| read_failure(step, &error))?;
        }
        loop {
            let mut unread = self.buffer.get(self.understood..self.filled).unwrap_or_default();
            let event = self.machine.receive(&mut unread);
            self.understood = self.filled - unread.len();
            if let Some(event) = event.map_err(|violation| violated(step, &violation))? {
                return Ok(event);
            }
            (self.understood, self.filled) = (0, 0);
            self.filled = match self.stream.read(&mut self.buffer) {
                Ok(0) => return Err(self.cut_off(lost(step))),
                Ok(read) => {
                    self.stream.extend(self.time_for(read));
                    read
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => 0,
                Err(error) => return Err(self.cut_off(read_failure(step, &error))),
            };
        }
    }

    /// What the server had begun to say, where that tells more than its silence.
    fn cut_off(&self, mut error: MailboxError) -> MailboxError {
        let unfinished = printable(self.machine.unfinished_line());
        if !unfinished.is_empty() {
            error.reason = format!("{}, having said {unfinished:?}", error.reason);
        }
        error
    }

    /// The time and the bytes of an answer. How long one is, is the server's word alone, so a long one is given more time
    /// as it arrives, and not because it was announced.
    fn allowance(&self, size: Size) -> (Duration, u64) {
        let (work, bytes) = match size {
            Size::Line => (Duration::ZERO, 0),
            Size::LineAfter(work) => (work, 0),
            Size::Listing => (Duration::ZERO, MAX_LISTING_BYTES),
            // The machine counts a message's bytes itself; stuffed dots add a third at most.
            Size::Message => {
                let most = self.limits.message_bytes.saturating_add(MAX_DRAINED_BYTES);
                (Duration::ZERO, most.saturating_mul(2))
            }
        };
        // Where commands are pipelined, a read may bring the beginning of the next answers along.
        let bytes = bytes.saturating_add((MAX_LINE_BYTES + BUFFER_BYTES) as u64);
        (self.limits.command.saturating_add(work), bytes)
    }

    /// The time that this many bytes may take.
    fn time_for(&self, bytes: usize) -> Duration {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.limits.per_megabyte.saturating_mul(bytes) / (1024 * 1024)
    }
}

impl fmt::Debug for Conversation {
    /// Without what was said: credentials and people's mail.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation")
            .field("peer", &self.stream.peer())
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// The error of an answer that does not belong to its command.
pub(super) fn unexpected(step: Step, event: &Event) -> MailboxError {
    let what = match event {
        Event::Challenge(_) => "asks for more where nothing is left to say",
        _ => "answers something else than what was asked",
    };
    MailboxError::new(step, ErrorKind::Protocol, format!("the server {what}"))
}

/// The error of a server's no: of the kind its code says, else of `kind`.
pub(super) fn refused(step: Step, refusal: &Refusal, kind: ErrorKind) -> MailboxError {
    let kind = match refusal.code {
        Some(ResponseCode::InUse | ResponseCode::LoginDelay | ResponseCode::SysTemp) => ErrorKind::Unavailable,
        Some(ResponseCode::SysPerm) if mentions(&refusal.text, &["quota", "over limit"]) => ErrorKind::Quota,
        Some(ResponseCode::Auth) => ErrorKind::Credentials,
        Some(ResponseCode::SysPerm) | None => kind,
    };
    let error = MailboxError::new(step, kind, format!("the server refuses: {}", refusal.text));
    match refusal.code {
        Some(ResponseCode::InUse) => {
            error.with_hint("another session has the mailbox open; POP3 lets in one at a time. It is tried again later")
        }
        Some(ResponseCode::LoginDelay) => {
            error.with_hint("the server wants more time between logins: fetch less often")
        }
        _ => error,
    }
}

/// Whether a server's words hold one of `words`, which are in small letters.
pub(super) fn mentions(text: &str, words: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    words.iter().any(|word| text.contains(word))
}

/// The error of what a server's operator cannot have meant.
fn violated(step: Step, violation: &Violation) -> MailboxError {
    let error = MailboxError::new(step, ErrorKind::Protocol, violation.to_string());
    let Violation::NotAReply(said) = violation else {
        return error;
    };
    let other = [("* ", "IMAP"), ("220", "SMTP"), ("SSH-", "SSH"), ("HTTP/", "HTTP")]
        .iter()
        .find(|(begins, _)| step == Step::Greeting && said.starts_with(begins));
    match other {
        Some((_, protocol)) => error.with_hint(format!("this is {protocol}, not POP3: check port and protocol")),
        None => error,
    }
}

pub(super) fn unsendable(step: Step, error: Unsendable) -> MailboxError {
    MailboxError::new(
        step,
        ErrorKind::Credentials,
        format!("user name or password cannot be sent: {error}"),
    )
    .with_hint("check for a line end that was copied along")
}
