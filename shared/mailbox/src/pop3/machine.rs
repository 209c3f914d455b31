//! The protocol: which answer belongs to which command, and where each one ends.

use std::collections::VecDeque;
use std::mem;

use memchr::memchr;

use super::body::Body;
use super::command::{Command, Unsendable};
use super::reply::{Event, Status, Violation, read_size, read_stat, read_uidl};
use crate::server::printable;

/// The longest line that is read outside a message, with its end. RFC 2449 allows 512; the reasons that OAuth 2 servers
/// give are longer, and a server that says this much on one line says nothing that is needed.
pub(super) const MAX_LINE_BYTES: usize = 8 * 1024;

/// The most messages that are listed: more than any mailbox holds that POP3 can be used with, since every session lists
/// them all.
pub const MAX_LISTED: usize = 1_000_000;

/// The most capabilities that are listed; servers have twenty.
const MAX_CAPABILITIES: usize = 1_000;

/// A POP3 client without its connection: commands become bytes in [`Machine::send`], bytes become events in
/// [`Machine::receive`].
///
/// However the bytes are cut into pieces, the events are the same. Whatever the bytes, it holds no more than one message
/// of the limit, or one listing; and after a [`Violation`] it gives nothing but that.
///
/// ```
/// # use rebound_mailbox::pop3::{Command, Event, Machine};
/// let mut machine = Machine::new(1_000_000);
/// let mut said = &b"+OK ready\r\n"[..];
/// assert_eq!(machine.receive(&mut said), Ok(Some(Event::Greeting("ready".to_owned()))));
/// let mut out = Vec::new();
/// machine.send(Command::Stat, &mut out).unwrap();
/// assert_eq!(out, b"STAT\r\n");
/// let mut said = &b"+OK 2 320\r\n"[..];
/// assert_eq!(machine.receive(&mut said), Ok(Some(Event::Stat { messages: 2 })));
/// ```
#[derive(Debug)]
pub struct Machine {
    /// The answers that are due.
    awaited: VecDeque<Awaited>,
    reading: Reading,
    /// A line whose end has not come yet.
    line: Vec<u8>,
    max_message_bytes: u64,
    broken: Option<Violation>,
}

/// What kind of answer a command gets.
#[derive(Clone, Copy, Debug)]
enum Awaited {
    Greeting,
    Line,
    /// A line, or a challenge.
    Auth,
    Stat,
    Listing(fn() -> Listing),
    Message {
        announced: u64,
    },
}

/// What the next bytes belong to.
#[derive(Debug)]
enum Reading {
    Status,
    Listing(Listing),
    Message(Body),
}

/// A listing that has begun.
#[derive(Debug)]
enum Listing {
    Capabilities(Vec<String>),
    Uidls(Vec<(std::num::NonZeroU32, crate::server::Uidl)>),
    Sizes(Vec<(std::num::NonZeroU32, u64)>),
}

impl Machine {
    /// A new connection, which begins with the server's greeting. Messages longer than `max_message_bytes` are read and
    /// thrown away.
    pub fn new(max_message_bytes: u64) -> Self {
        Self {
            awaited: VecDeque::from([Awaited::Greeting]),
            reading: Reading::Status,
            line: Vec::new(),
            max_message_bytes,
            broken: None,
        }
    }

    /// Appends a command to `out`, and expects its answer after those of the commands before it. On an error `out` is as
    /// it was, and nothing is expected.
    pub fn send(&mut self, command: Command<'_>, out: &mut Vec<u8>) -> Result<(), Unsendable> {
        command.write(out)?;
        self.awaited.push_back(match command {
            Command::Capa => Awaited::Listing(|| Listing::Capabilities(Vec::new())),
            Command::Uidl => Awaited::Listing(|| Listing::Uidls(Vec::new())),
            Command::List => Awaited::Listing(|| Listing::Sizes(Vec::new())),
            Command::Auth { .. } | Command::Answer(_) => Awaited::Auth,
            Command::Stat => Awaited::Stat,
            Command::Retr { announced, .. } | Command::Top { announced, .. } => Awaited::Message { announced },
            Command::Stls
            | Command::User(_)
            | Command::Pass(_)
            | Command::ListOne(_)
            | Command::Dele(_)
            | Command::Rset
            | Command::Noop
            | Command::Quit => Awaited::Line,
        });
        Ok(())
    }

    /// Takes bytes off the front of `input` up to the end of the next answer. `None` when they are used up before that.
    ///
    /// Bytes that are left when nothing is awaited are an error of the next call: call it until `input` is empty.
    pub fn receive(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Violation> {
        if let Some(violation) = &self.broken {
            return Err(violation.clone());
        }
        self.advance(input).inspect_err(|violation| {
            self.broken = Some(violation.clone());
        })
    }

    /// Whether every command has its answer: what comes now would be unasked.
    pub fn is_quiet(&self) -> bool {
        self.awaited.is_empty() && matches!(self.reading, Reading::Status)
    }

    /// What the server has said of a line that it has not ended, for telling what was cut off; empty within a message.
    pub fn unfinished_line(&self) -> &[u8] {
        &self.line
    }

    fn advance(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Violation> {
        loop {
            if let Reading::Message(body) = &mut self.reading {
                if !body.receive(input)? {
                    return Ok(None);
                }
                let Reading::Message(body) = mem::replace(&mut self.reading, Reading::Status) else {
                    return Ok(None);
                };
                return Ok(Some(match body.finish() {
                    Ok(message) => Event::Message(message),
                    Err(bytes) => Event::TooLong { bytes },
                }));
            }
            if input.is_empty() {
                return Ok(None);
            }
            if self.is_quiet() {
                return Err(Violation::Unasked);
            }
            let Some(mut line) = self.take_line(input)? else {
                return Ok(None);
            };
            let event = self.read_line(&line)?;
            line.clear();
            self.line = line; // for its room
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    /// The next line without its end, once that has come.
    fn take_line(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, Violation> {
        let room = MAX_LINE_BYTES - self.line.len();
        let (within, _) = input.split_at(input.len().min(room));
        let end = memchr(b'\n', within);
        let (piece, rest) = input.split_at(end.map_or(within.len(), |end| end + 1));
        self.line.extend_from_slice(piece);
        *input = rest;
        if end.is_some() {
            let mut line = mem::take(&mut self.line);
            line.pop();
            return if line.pop() == Some(b'\r') {
                Ok(Some(line))
            } else {
                Err(Violation::BareLineFeed(printable(&line)))
            };
        }
        if self.line.len() >= MAX_LINE_BYTES {
            return Err(Violation::LineTooLong {
                max: MAX_LINE_BYTES,
                begins: printable(&self.line),
            });
        }
        Ok(None)
    }

    /// What a line completes, if anything.
    fn read_line(&mut self, line: &[u8]) -> Result<Option<Event>, Violation> {
        match &mut self.reading {
            Reading::Listing(_) if line == b"." => {
                let Reading::Listing(listing) = mem::replace(&mut self.reading, Reading::Status) else {
                    return Ok(None);
                };
                Ok(Some(listing.finish()))
            }
            Reading::Listing(listing) => {
                listing.add(line.strip_prefix(b".").unwrap_or(line))?;
                Ok(None)
            }
            Reading::Status | Reading::Message(_) => self.read_status(line),
        }
    }

    fn read_status(&mut self, line: &[u8]) -> Result<Option<Event>, Violation> {
        let not_a_reply = || Violation::NotAReply(printable(line));
        let awaited = self.awaited.pop_front().ok_or(Violation::Unasked)?;
        let text = match Status::read(line).ok_or_else(not_a_reply)? {
            Status::Refused(refusal) => return Ok(Some(Event::Refused(refusal))),
            Status::Challenge(challenge) if matches!(awaited, Awaited::Auth) => {
                return Ok(Some(Event::Challenge(challenge.to_vec())));
            }
            Status::Challenge(_) => return Err(not_a_reply()),
            Status::Ok(text) => text,
        };
        match awaited {
            Awaited::Greeting => Ok(Some(Event::Greeting(printable(text)))),
            Awaited::Line | Awaited::Auth => Ok(Some(Event::Ok(printable(text)))),
            Awaited::Stat => {
                let messages = read_stat(text).ok_or_else(|| malformed("STAT", line))?;
                Ok(Some(Event::Stat { messages }))
            }
            Awaited::Listing(begin) => {
                self.reading = Reading::Listing(begin());
                Ok(None)
            }
            Awaited::Message { announced } => {
                self.reading = Reading::Message(Body::new(announced, self.max_message_bytes));
                Ok(None)
            }
        }
    }
}

impl Listing {
    fn add(&mut self, line: &[u8]) -> Result<(), Violation> {
        match self {
            Self::Capabilities(all) => add(all, MAX_CAPABILITIES, || Ok(printable(line).to_ascii_uppercase())),
            Self::Uidls(all) => add(all, MAX_LISTED, || {
                read_uidl(line).ok_or_else(|| malformed("UIDL", line))
            }),
            Self::Sizes(all) => add(all, MAX_LISTED, || {
                read_size(line).ok_or_else(|| malformed("LIST", line))
            }),
        }
    }

    fn finish(self) -> Event {
        match self {
            Self::Capabilities(all) => Event::Capabilities(all),
            Self::Uidls(all) => Event::Uidls(all),
            Self::Sizes(all) => Event::Sizes(all),
        }
    }
}

fn add<T>(all: &mut Vec<T>, most: usize, one: impl FnOnce() -> Result<T, Violation>) -> Result<(), Violation> {
    if all.len() == most {
        return Err(Violation::ListingTooLong(most));
    }
    all.push(one()?);
    Ok(())
}

fn malformed(command: &'static str, line: &[u8]) -> Violation {
    Violation::Malformed {
        command,
        line: printable(line),
    }
}
