//! What a server says.

use std::num::NonZeroU32;

use crate::server::{Uidl, printable};

/// A complete answer. Each command gets one, in the order in which they were sent; [`Event::Challenge`] comes before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The server's first words.
    Greeting(String),
    /// `+OK`, with its words.
    Ok(String),
    /// `+`: the server waits for an answer. Still in base64.
    Challenge(Vec<u8>),
    /// What the server can do, one line each, in capitals.
    Capabilities(Vec<String>),
    /// How many messages there are.
    Stat {
        /// How many.
        messages: u64,
    },
    /// What every message is called, as the server lists them.
    Uidls(Vec<(NonZeroU32, Uidl)>),
    /// How many bytes every message has, as the server lists them.
    Sizes(Vec<(NonZeroU32, u64)>),
    /// A message, as the server holds it.
    Message(Vec<u8>),
    /// A message that turned out longer than the limit; it was read and thrown away.
    TooLong {
        /// How long it is.
        bytes: u64,
    },
    /// `-ERR`.
    Refused(Refusal),
}

/// A server's no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why, where it says so for programs.
    pub code: Option<ResponseCode>,
    /// Its words, with the code.
    pub text: String,
}

/// Why a server refuses. RFC 2449 section 8 and RFC 3206.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseCode {
    /// `[IN-USE]`: another session has the mailbox.
    InUse,
    /// `[LOGIN-DELAY]`: the last login was too short a while ago.
    LoginDelay,
    /// `[SYS/TEMP]`: a trouble of the server's own that passes.
    SysTemp,
    /// `[SYS/PERM]`: one that stays until somebody does something about it.
    SysPerm,
    /// `[AUTH]`: the name, the password, or the right to log in.
    Auth,
}

/// What the protocol does not allow. Nothing that comes after it can be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Bytes came when no answer was due: it has lost its place, or somebody puts words into its mouth.
    #[error("the server said something that nobody had asked for")]
    Unasked,
    /// A line is neither `+OK` nor `-ERR`.
    #[error("the server does not answer in POP3: {0:?}")]
    NotAReply(String),
    /// A line ends in LF alone. Where lines end so, the end of a message can't be told from its text.
    #[error("the server ends its lines with LF instead of CR LF: {0:?}")]
    BareLineFeed(String),
    /// A line has no end.
    #[error("the server sent a line of more than {max} bytes: {begins:?}")]
    LineTooLong {
        /// How long a line may be.
        max: usize,
        /// How it begins.
        begins: String,
    },
    /// A listing has no end.
    #[error("the server's listing goes on after {0} lines, the most that is read")]
    ListingTooLong(usize),
    /// A message has no end.
    #[error("the server sends on after {bytes} bytes of a message that it listed with {announced}")]
    Overrun {
        /// How many bytes came.
        bytes: u64,
        /// How many it had listed.
        announced: u64,
    },
    /// A line does not say what it has to.
    #[error("the server's answer to {command} is not understood: {line:?}")]
    Malformed {
        /// What was asked.
        command: &'static str,
        /// What came.
        line: String,
    },
}

/// The first word of an answer.
pub(super) enum Status<'a> {
    Ok(&'a [u8]),
    Refused(Refusal),
    Challenge(&'a [u8]),
}

impl<'a> Status<'a> {
    /// Reads a line without its end.
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        if let Some(text) = after_word(line, b"+OK") {
            return Some(Self::Ok(text));
        }
        if let Some(text) = after_word(line, b"-ERR") {
            return Some(Self::Refused(Refusal::read(text)));
        }
        match line {
            [b'+'] => Some(Self::Challenge(&[])),
            [b'+', b' ', challenge @ ..] => Some(Self::Challenge(challenge.trim_ascii())),
            _ => None,
        }
    }
}

impl Refusal {
    fn read(text: &[u8]) -> Self {
        let code = text.strip_prefix(b"[").and_then(|text| {
            let end = text.iter().position(|&b| b == b']')?;
            text.get(..end)
        });
        Self {
            code: code.and_then(ResponseCode::read),
            text: printable(text),
        }
    }
}

impl ResponseCode {
    /// A code, or the part of one that is known: codes get finer at each `/` (RFC 2449 section 8).
    fn read(code: &[u8]) -> Option<Self> {
        let code = code.to_ascii_uppercase();
        let mut levels = code.split(|&b| b == b'/');
        match (levels.next()?, levels.next()) {
            (b"IN-USE", _) => Some(Self::InUse),
            (b"LOGIN-DELAY", _) => Some(Self::LoginDelay),
            (b"SYS", Some(b"TEMP")) => Some(Self::SysTemp),
            (b"SYS", Some(b"PERM")) => Some(Self::SysPerm),
            (b"AUTH", _) => Some(Self::Auth),
            _ => None,
        }
    }
}

/// `messages bytes`, as STAT answers; whatever follows is for people.
pub(super) fn read_stat(text: &[u8]) -> Option<u64> {
    let mut words = words(text);
    let messages = read_number(words.next()?)?;
    words
        .next()
        .is_none_or(|bytes| read_number(bytes).is_some())
        .then_some(messages)
}

/// `number bytes`, as a line of LIST; whatever follows is for people.
pub(super) fn read_size(line: &[u8]) -> Option<(NonZeroU32, u64)> {
    let mut words = words(line);
    Some((read_message_number(words.next()?)?, read_number(words.next()?)?))
}

/// `number name`, as a line of UIDL.
pub(super) fn read_uidl(line: &[u8]) -> Option<(NonZeroU32, Uidl)> {
    let mut words = words(line);
    let number = read_message_number(words.next()?)?;
    let uidl = Uidl::new(std::str::from_utf8(words.next()?).ok()?)?;
    // A name with a space in it, cut at the space, might be another message's.
    words.next().is_none().then_some((number, uidl))
}

/// What follows `word`, if the line begins with it as a whole word.
fn after_word<'a>(line: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let (first, rest) = line.split_at_checked(word.len())?;
    let is_word = first.eq_ignore_ascii_case(word) && !rest.first().is_some_and(u8::is_ascii_alphanumeric);
    is_word.then(|| rest.trim_ascii())
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&b| b == b' ' || b == b'\t').filter(|word| !word.is_empty())
}

fn read_message_number(word: &[u8]) -> Option<NonZeroU32> {
    NonZeroU32::new(u32::try_from(read_number(word)?).ok()?)
}

fn read_number(word: &[u8]) -> Option<u64> {
    let digits = word.iter().all(u8::is_ascii_digit); // no sign, which `parse` would take
    digits.then_some(())?;
    std::str::from_utf8(word).ok()?.parse().ok()
}
