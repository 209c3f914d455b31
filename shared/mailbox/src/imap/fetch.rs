//! Fetching messages.

use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZeroU32;
use std::ops::ControlFlow;

use super::answer::{Body, Fetched};
use super::pipeline::{Command, Work};
use super::plan;
use super::refusal::{is_passing, refused};
use super::session::ImapSession;
use super::set::set;
use super::status::{Status, StatusLine};
use crate::server::{Delivery, Listed, MailboxError, MessageRef, Step, Uid};

/// What a message's answer may have beside the message.
const FRAME_BYTES: u64 = 1024;

impl ImapSession {
    pub(super) fn fetch_messages(
        &mut self,
        wanted: &[Listed],
        sink: &mut dyn FnMut(Delivery) -> ControlFlow<()>,
    ) -> Result<(), MailboxError> {
        let longest = self.limits.message_bytes;
        let mut fetching = Fetching {
            wanted,
            longest,
            planned: 0,
            again: VecDeque::new(),
            expected: HashMap::new(),
            empty: HashSet::new(),
            arrived: HashMap::new(),
            delivered: 0,
            is_broken_off: false,
            sink,
        };
        fetching.deliver();
        self.pipeline(Step::Fetch, longest, &mut fetching)
    }
}

/// A fetch under way: batches go out in the order of `wanted`, deliveries come in in any order, and leave in that of
/// `wanted` again.
struct Fetching<'a> {
    wanted: &'a [Listed],
    longest: u64,
    /// How many of `wanted` are in batches.
    planned: usize,
    /// Batches that are asked for once more.
    again: VecDeque<Batch>,
    /// What was asked for and has not come, with the size it should have.
    expected: HashMap<u32, u64>,
    /// What the server knows of and gave nothing of, at the last attempt.
    empty: HashSet<u32>,
    /// What has come, and waits for those before it.
    arrived: HashMap<u32, Delivery>,
    /// How many of `wanted` have left.
    delivered: usize,
    is_broken_off: bool,
    sink: &'a mut dyn FnMut(Delivery) -> ControlFlow<()>,
}

struct Batch {
    /// Ascending.
    uids: Vec<u32>,
    attempt: Attempt,
}

/// Servers leave out messages for two reasons: somebody else removed them, or they cannot read one of them. So what is
/// missing is asked for once more, alone where the whole batch was refused for its sake; and NOOP before that, because a
/// server may not take notice of what is removed while it answers FETCH (RFC 3501 section 7.4.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attempt {
    First,
    Noop,
    Second,
}

impl Work for Fetching<'_> {
    type Task = Batch;

    fn next(&mut self) -> Option<(Batch, Command)> {
        if self.is_broken_off {
            return None;
        }
        let batch = match self.again.pop_front() {
            Some(batch) => batch,
            None => self.next_batch()?,
        };
        if batch.attempt == Attempt::Noop {
            let command = Command {
                text: "NOOP".to_owned(),
                most_bytes: 0,
            };
            return Some((batch, command));
        }
        let bytes: u64 = batch.uids.iter().filter_map(|uid| self.expected.get(uid)).sum();
        let (set, _) = set(&batch.uids, usize::MAX);
        let command = Command {
            text: match batch.attempt {
                // A server that gives nothing of a message may still say that it is there.
                Attempt::Second => format!("UID FETCH {set} (UID RFC822.SIZE BODY.PEEK[])"),
                Attempt::First | Attempt::Noop => format!("UID FETCH {set} (UID BODY.PEEK[])"),
            },
            // Sizes are not always exact (Exchange estimates them), and one message may have grown over the limit.
            most_bytes: bytes
                .saturating_mul(2)
                .saturating_add(self.longest)
                .saturating_add(FRAME_BYTES.saturating_mul(batch.uids.len() as u64)),
        };
        Some((batch, command))
    }

    fn fetched(&mut self, fetched: Fetched) {
        let Some(uid) = fetched.uid else { return };
        // Asked for, and not twice.
        if !self.expected.contains_key(&uid) {
            return;
        }
        let Some(message) = message(uid) else {
            return;
        };
        let delivery = match fetched.body.unwrap_or(Body::None) {
            Body::Whole(bytes) if !bytes.is_empty() => Delivery::Message { message, bytes },
            // Only a message that is known to be empty is.
            Body::Whole(bytes) if fetched.bytes == Some(0) => Delivery::Message { message, bytes },
            Body::TooLong(bytes) => Delivery::TooLong(Listed { message, bytes }),
            // Servers that cannot read a message say so.
            Body::Whole(_) | Body::None => {
                self.empty.insert(uid);
                return;
            }
        };
        self.settle(uid, delivery);
        self.deliver();
    }

    fn ended(&mut self, batch: Batch, line: &StatusLine) -> Result<(), MailboxError> {
        let missing: Vec<u32> = batch
            .uids
            .into_iter()
            .filter(|uid| self.expected.contains_key(uid))
            .collect();
        let is_ok = line.status == Status::Ok;
        let is_expunged = line.has_code("EXPUNGEISSUED");
        let is_about_messages = is_expunged || (line.status == Status::No && !is_passing(Step::Fetch, line));
        match batch.attempt {
            _ if missing.is_empty() => {}
            _ if !is_ok && !is_about_messages => return Err(refused(Step::Fetch, line)),
            Attempt::First | Attempt::Noop => {
                let at_once = if is_ok || is_expunged { missing.len() } else { 1 };
                self.ask_again(&missing, at_once);
            }
            // Somebody else removes messages all the while.
            Attempt::Second if is_expunged && missing.len() > 1 => self.ask_again(&missing, 1),
            Attempt::Second => {
                for uid in missing {
                    self.give_up(uid, line);
                }
            }
        }
        self.deliver();
        Ok(())
    }
}

impl Fetching<'_> {
    fn ask_again(&mut self, missing: &[u32], at_once: usize) {
        for uid in missing {
            self.empty.remove(uid);
        }
        self.again.push_back(Batch {
            uids: Vec::new(),
            attempt: Attempt::Noop,
        });
        self.again.extend(missing.chunks(at_once).map(|uids| Batch {
            uids: uids.to_vec(),
            attempt: Attempt::Second,
        }));
    }

    fn give_up(&mut self, uid: u32, line: &StatusLine) {
        let Some(message) = message(uid) else { return };
        let delivery = if self.empty.contains(&uid) {
            Delivery::Refused {
                message,
                reason: "the server says that it is there, and gives nothing of it".to_owned(),
            }
        } else if line.status == Status::Ok {
            Delivery::Gone(message)
        } else {
            Delivery::Refused {
                message,
                reason: line.words.clone(),
            }
        };
        self.settle(uid, delivery);
    }

    fn next_batch(&mut self) -> Option<Batch> {
        let left = self.wanted.get(self.planned..)?;
        let length = plan::batch(left, self.longest);
        self.planned += length;
        let mut uids = Vec::new();
        for listed in left.get(..length)? {
            if let Some(uid) = plan::uid(listed, self.longest) {
                self.expected.insert(uid, listed.bytes);
                uids.push(uid);
            }
        }
        uids.sort_unstable();
        uids.dedup();
        (!uids.is_empty()).then_some(Batch {
            uids,
            attempt: Attempt::First,
        })
    }

    fn settle(&mut self, uid: u32, delivery: Delivery) {
        self.expected.remove(&uid);
        if !self.is_broken_off {
            self.arrived.insert(uid, delivery);
        }
    }

    /// Hands over everything whose turn it is.
    fn deliver(&mut self) {
        while !self.is_broken_off
            && let Some(listed) = self.wanted.get(self.delivered)
        {
            let delivery = match (plan::uid(listed, self.longest), &listed.message) {
                (Some(uid), _) => match self.arrived.remove(&uid) {
                    Some(delivery) => delivery,
                    None => return,
                },
                (None, MessageRef::Uid(_)) => Delivery::TooLong(listed.clone()),
                // A message of POP3 is in no IMAP folder.
                (None, MessageRef::Uidl { .. }) => Delivery::Gone(listed.message.clone()),
            };
            self.delivered += 1;
            self.is_broken_off = (self.sink)(delivery).is_break();
        }
    }
}

fn message(uid: u32) -> Option<MessageRef> {
    NonZeroU32::new(uid).map(Uid).map(MessageRef::Uid)
}
