//! A mailbox read with POP3.

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::time::Duration;

use super::conversation::{Conversation, Size, refused, unexpected};
use super::login::log_in;
use super::{Command, Event};
use crate::net::Check;
use crate::sasl::without_secret;
use crate::server::{
    Access, After, Applied, Connection, Delivery, ErrorKind, Folder, FolderName, Limits, Listed, Listing, Login,
    MailboxError, MessageRef, OpenFolder, Probe, Server, Session, Step, Uidl,
};

/// How many bytes of messages are asked for ahead, where the server has PIPELINING: enough to keep the wire full over
/// half the globe (100 Mbit/s, 160 ms), little enough to read to its end when the sink breaks off.
const WINDOW_BYTES: u64 = 2 * 1024 * 1024;

/// How many commands are sent ahead. Their bytes must fit into what a server's socket holds while it answers nothing
/// but writes, or both sides would wait for each other: 256 times `RETR 1000000` is 4 KB.
const WINDOW_COMMANDS: usize = 256;

/// TOP with this many lines is the whole message. More digits are too many for some servers.
const ALL_LINES: u32 = 99_999_999;

/// What a server may take at QUIT for each message that it then deletes.
const TIME_PER_DELETION: Duration = Duration::from_millis(20);

/// A mailbox read with POP3: one connection, logged in.
///
/// The server keeps every message until [`Session::close`] says QUIT and is answered `+OK`; dropping the session leaves
/// everything as it was.
#[derive(Debug)]
pub struct Pop3Session {
    conversation: Conversation,
    connection: Connection,
    folder: OpenFolder,
    /// What every message is called, by ascending number, once that was asked.
    listing: Option<Vec<(NonZeroU32, Uidl)>>,
    access: Access,
    deleted: HashSet<NonZeroU32>,
}

impl Pop3Session {
    /// Connects and logs in.
    pub fn open(server: &Server, login: &Login, access: Access, limits: &Limits) -> Result<Self, MailboxError> {
        let (mut conversation, greeting) = Conversation::begin(server, limits, Check::Enforce)?;
        let mut capabilities = conversation.capabilities(Step::Greeting)?;
        log_in(&mut conversation, capabilities.as_deref(), login).map_err(|error| MailboxError {
            reason: without_secret(&error.reason, login),
            ..error
        })?;
        // What a server lists may be more once it knows whom it talks to (RFC 2449 section 5).
        if capabilities.is_some() {
            capabilities = conversation.capabilities(Step::Folder)?.or(capabilities);
        }
        let messages = match conversation.ask(Step::Folder, Command::Stat, Size::Line)? {
            Event::Stat { messages } => messages,
            Event::Refused(refusal) => return Err(refused(Step::Folder, &refusal, ErrorKind::Folder)),
            other => return Err(unexpected(Step::Folder, &other)),
        };
        Ok(Self {
            connection: Connection {
                peer: conversation.stream().peer(),
                tls: conversation.stream().tls(),
                greeting,
                capabilities: capabilities.unwrap_or_default(),
            },
            conversation,
            folder: OpenFolder {
                name: FolderName::inbox(),
                messages,
                uid_validity: None,
            },
            listing: None,
            access,
            deleted: HashSet::new(),
        })
    }

    /// Connects and asks what the server can do, without a login. Its certificate need not be trusted: nothing is sent
    /// that needs protection.
    pub(crate) fn probe(server: &Server, limits: &Limits) -> Result<Probe, MailboxError> {
        let (mut conversation, greeting) = Conversation::begin(server, limits, Check::Report)?;
        let capabilities = conversation.capabilities(Step::Greeting)?.unwrap_or_default();
        let stream = conversation.stream();
        Ok(Probe {
            connection: Connection {
                peer: stream.peer(),
                tls: stream.tls(),
                greeting,
                capabilities,
            },
            certificate: stream.certificate().cloned(),
            doubt: stream.doubt().cloned(),
        })
    }

    fn has(&self, capability: &str) -> bool {
        let first_word = |line: &String| line.split(' ').next() == Some(capability);
        self.connection.capabilities.iter().any(first_word)
    }

    /// How many commands may be under way at once.
    fn commands_ahead(&self) -> usize {
        if self.has("PIPELINING") { WINDOW_COMMANDS } else { 1 }
    }

    /// UIDL and LIST. Where they do not speak of the same messages, their numbers can't be trusted to name any.
    fn read_listing(&mut self) -> Result<Vec<Listed>, MailboxError> {
        if self.folder.messages == 0 {
            self.listing = Some(Vec::new()); // not asked: some servers refuse to list nothing
            return Ok(Vec::new());
        }
        let conversation = &mut self.conversation;
        let mut names = match conversation.ask(Step::List, Command::Uidl, Size::Listing)? {
            Event::Uidls(names) => names,
            Event::Refused(refusal) if refusal.code.is_none() => {
                return Err(MailboxError::new(
                    Step::List,
                    ErrorKind::Unsupported,
                    format!("the server cannot name its messages (UIDL): {}", refusal.text),
                )
                .with_hint(
                    "without names, new messages can't be told from those fetched before: read the account with IMAP",
                ));
            }
            Event::Refused(refusal) => {
                return Err(conversation.fail(refused(Step::List, &refusal, ErrorKind::Unavailable)));
            }
            other => return Err(conversation.fail(unexpected(Step::List, &other))),
        };
        let mut sizes = match conversation.ask(Step::List, Command::List, Size::Listing)? {
            Event::Sizes(sizes) => sizes,
            Event::Refused(refusal) => {
                return Err(conversation.fail(refused(Step::List, &refusal, ErrorKind::Unavailable)));
            }
            other => return Err(conversation.fail(unexpected(Step::List, &other))),
        };
        names.sort_unstable_by_key(|&(number, _)| number);
        sizes.sort_unstable_by_key(|&(number, _)| number);
        let contradiction = contradiction(&names, &sizes);
        if let Some(contradiction) = contradiction {
            return Err(conversation.fail(MailboxError::new(Step::List, ErrorKind::Protocol, contradiction)));
        }
        let listed = names.iter().zip(&sizes).map(|((number, uidl), &(_, bytes))| Listed {
            message: MessageRef::Uidl {
                number: *number,
                uidl: uidl.clone(),
            },
            bytes,
        });
        let listed = listed.collect();
        self.listing = Some(names);
        Ok(listed)
    }

    /// The number of a message of this session. `None` for one that is not in it, as one from another session may be
    /// whose number now means something else.
    fn number(&mut self, message: &MessageRef) -> Result<Option<NonZeroU32>, MailboxError> {
        let MessageRef::Uidl { number, uidl } = message else {
            return Ok(None); // an IMAP message is in no POP3 session
        };
        if self.listing.is_none() {
            self.read_listing()?;
        }
        let listing = self.listing.as_deref().unwrap_or_default();
        let found = listing.binary_search_by_key(number, |&(number, _)| number).ok();
        let found = found.and_then(|index| listing.get(index));
        Ok(found.filter(|(_, listed)| listed == uidl).map(|&(number, _)| number))
    }

    /// Asks ahead for as much as the window holds, and hands over what comes, in order.
    fn transfer(
        &mut self,
        wanted: &[Listed],
        sink: &mut dyn FnMut(Delivery) -> ControlFlow<()>,
    ) -> Result<(), MailboxError> {
        let most_ahead = self.commands_ahead();
        let mut wanted = wanted.iter();
        let mut ahead: VecDeque<(&Listed, Plan)> = VecDeque::new();
        let mut bytes_ahead: u64 = 0;
        loop {
            // Filled only when half of it is used up, so that commands travel together.
            if bytes_ahead <= WINDOW_BYTES / 2 && ahead.len() <= most_ahead / 2 {
                while bytes_ahead < WINDOW_BYTES && ahead.len() < most_ahead {
                    let Some(listed) = wanted.next() else { break };
                    let plan = self.plan(listed)?;
                    if let Plan::Fetch(number) = plan {
                        // Commands made of numbers can't hold a line end.
                        let _ = self.conversation.say(self.fetching(number, listed.bytes));
                        bytes_ahead = listed.bytes.saturating_add(bytes_ahead);
                    }
                    ahead.push_back((listed, plan));
                }
            }
            let Some((listed, plan)) = ahead.pop_front() else {
                return Ok(());
            };
            let delivery = match plan {
                Plan::TooLong => Delivery::TooLong(listed.clone()),
                Plan::Gone => Delivery::Gone(listed.message.clone()),
                Plan::Fetch(_) => {
                    bytes_ahead = bytes_ahead.saturating_sub(listed.bytes);
                    self.delivery(listed)?
                }
            };
            if sink(delivery).is_break() {
                // What is under way is read to its end, so that the session stays in step.
                for (listed, plan) in ahead {
                    if matches!(plan, Plan::Fetch(_)) {
                        self.delivery(listed)?;
                    }
                }
                return Ok(());
            }
        }
    }

    fn fetching(&self, number: NonZeroU32, announced: u64) -> Command<'static> {
        if self.access == Access::ReadOnly && self.has("TOP") {
            return Command::Top {
                number,
                lines: ALL_LINES,
                announced,
            };
        }
        Command::Retr { number, announced }
    }

    fn plan(&mut self, listed: &Listed) -> Result<Plan, MailboxError> {
        Ok(match self.number(&listed.message)? {
            None => Plan::Gone,
            Some(_) if listed.bytes > self.conversation.limits().message_bytes => Plan::TooLong,
            Some(number) => Plan::Fetch(number),
        })
    }

    /// The next answer, which is to RETR or TOP.
    fn delivery(&mut self, listed: &Listed) -> Result<Delivery, MailboxError> {
        let message = listed.message.clone();
        match self.conversation.hear(Step::Fetch, Size::Message)? {
            Event::Message(bytes) => Ok(Delivery::Message { message, bytes }),
            Event::TooLong { bytes } => Ok(Delivery::TooLong(Listed { message, bytes })),
            Event::Refused(refusal) => Ok(Delivery::Refused {
                message,
                reason: refusal.text,
            }),
            other => Err(self.conversation.fail(unexpected(Step::Fetch, &other))),
        }
    }

    /// Marks messages to be deleted by QUIT.
    fn delete(&mut self, messages: &[MessageRef]) -> Result<(), MailboxError> {
        let mut numbers = Vec::new();
        for message in messages {
            if let Some(number) = self.number(message)?
                && self.deleted.insert(number)
            {
                numbers.push(number);
            }
        }
        for numbers in numbers.chunks(self.commands_ahead()) {
            for &number in numbers {
                let _ = self.conversation.say(Command::Dele(number));
            }
            let mut refusals = Vec::new();
            for &number in numbers {
                match self.conversation.hear(Step::After, Size::Line)? {
                    Event::Ok(_) => {}
                    Event::Refused(refusal) => refusals.push((number, refusal)),
                    other => return Err(self.conversation.fail(unexpected(Step::After, &other))),
                }
            }
            for (number, refusal) in refusals {
                // Somebody else may have deleted it; RFC 1939 has no other reason to refuse. If it is still listed, the
                // server has one of its own.
                let listed = Command::ListOne(number);
                if !matches!(
                    self.conversation.ask(Step::After, listed, Size::Line)?,
                    Event::Refused(_)
                ) {
                    let error = refused(Step::After, &refusal, ErrorKind::Folder)
                        .with_hint("the server keeps what it was to delete; nothing is deleted in this session");
                    return Err(self.conversation.fail(error));
                }
            }
        }
        Ok(())
    }
}

/// What is done about a wanted message.
#[derive(Clone, Copy, Debug)]
enum Plan {
    Fetch(NonZeroU32),
    TooLong,
    Gone,
}

impl Session for Pop3Session {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn folder(&self) -> &OpenFolder {
        &self.folder
    }

    fn folders(&mut self) -> Result<Vec<Folder>, MailboxError> {
        Ok(vec![Folder {
            name: self.folder.name.clone(),
            selectable: true,
            messages: Some(self.folder.messages),
            unread: None,
        }])
    }

    fn list(&mut self, _: &Listing) -> Result<Vec<Listed>, MailboxError> {
        self.read_listing()
    }

    fn fetch(
        &mut self,
        wanted: &[Listed],
        sink: &mut dyn FnMut(Delivery) -> ControlFlow<()>,
    ) -> Result<(), MailboxError> {
        self.transfer(wanted, sink)
    }

    fn apply(&mut self, messages: &[MessageRef], after: &After) -> Result<Applied, MailboxError> {
        match after {
            After::Keep => Ok(Applied::Done),
            After::Delete if self.access == Access::ReadOnly => Err(MailboxError::new(
                Step::After,
                ErrorKind::Unsupported,
                "the mailbox is open for reading only",
            )),
            After::Delete => self.delete(messages).map(|()| Applied::AtClose),
            After::Move(_) | After::Seen => Err(after.unsupported()),
        }
    }

    fn close(mut self: Box<Self>) -> Result<(), MailboxError> {
        let deletions = u32::try_from(self.deleted.len()).unwrap_or(u32::MAX);
        let size = Size::LineAfter(TIME_PER_DELETION.saturating_mul(deletions));
        match self.conversation.ask(Step::Close, Command::Quit, size)? {
            Event::Ok(_) => Ok(()),
            Event::Refused(refusal) => Err(refused(Step::Close, &refusal, ErrorKind::Unavailable)
                .with_hint("the server may have kept messages that were to be deleted")),
            other => Err(unexpected(Step::Close, &other)),
        }
    }
}

/// What UIDL and LIST disagree about. Both are in ascending order.
fn contradiction(names: &[(NonZeroU32, Uidl)], sizes: &[(NonZeroU32, u64)]) -> Option<String> {
    let twice = names.windows(2).find_map(|pair| match pair {
        [(one, _), (other, _)] if one == other => Some(one),
        _ => None,
    });
    if let Some(number) = twice {
        return Some(format!("the server lists message {number} twice"));
    }
    let same = names.len() == sizes.len() && names.iter().zip(sizes).all(|((one, _), (other, _))| one == other);
    (!same).then(|| {
        format!(
            "the server names {} messages (UIDL) and gives the sizes of {} (LIST), or not of the same ones",
            names.len(),
            sizes.len()
        )
    })
}
