//! UID FETCH with the next command sent before the last is answered, so that neither side waits for the other.

use std::collections::VecDeque;
use std::time::Instant;

use super::answer::{Assembly, Fetched, Said};
use super::session::ImapSession;
use super::status::StatusLine;
use crate::server::{ErrorKind, MailboxError, Step};

/// What may come unasked between two answers, and be read ahead of the next.
const SLACK_BYTES: u64 = 256 * 1024;

/// A command to be sent.
#[derive(Debug)]
pub(super) struct Command {
    /// Without tag and line end. Made of numbers and fixed words only.
    pub(super) text: String,
    /// How many bytes its answer may have.
    pub(super) most_bytes: u64,
}

/// Who has commands to send, and takes what is answered.
pub(super) trait Work {
    /// What a command was for.
    type Task;

    /// The next command; `None` when there is none for now.
    fn next(&mut self) -> Option<(Self::Task, Command)>;

    /// Something was said about a message, perhaps one that nobody asked for.
    fn fetched(&mut self, fetched: Fetched);

    /// A command has ended.
    fn ended(&mut self, task: Self::Task, line: &StatusLine) -> Result<(), MailboxError>;
}

struct UnderWay<T> {
    tag: String,
    task: T,
    most_bytes: u64,
}

impl ImapSession {
    /// Does the work. Literals of more than `longest_literal` bytes are counted and thrown away.
    pub(super) fn pipeline(
        &mut self,
        step: Step,
        longest_literal: u64,
        work: &mut impl Work,
    ) -> Result<(), MailboxError> {
        self.usable()?;
        self.drive(step, longest_literal, work)
            .map_err(|error| self.fail(error))
    }

    fn drive<W: Work>(&mut self, step: Step, longest_literal: u64, work: &mut W) -> Result<(), MailboxError> {
        let handle = self.handle.clone();
        let mut wire = handle.wire();
        let mut assembly = Assembly::new(longest_literal);
        let mut under_way: VecDeque<UnderWay<W::Task>> = VecDeque::new();
        let mut out = String::new();
        loop {
            while under_way.len() < self.quirks.commands_ahead
                && let Some((task, command)) = work.next()
            {
                self.commands += 1;
                // The crate's own tags begin with `a`.
                let tag = format!("f{}", self.commands);
                out.extend([tag.as_str(), " ", command.text.as_str(), "\r\n"]);
                under_way.push_back(UnderWay {
                    tag,
                    task,
                    most_bytes: command.most_bytes,
                });
            }
            let Some(current) = under_way.front() else {
                return Ok(());
            };
            let most_bytes = under_way
                .iter()
                .fold(SLACK_BYTES, |sum, command| sum.saturating_add(command.most_bytes));
            wire.allow_long(self.limits.command, self.limits.per_megabyte, most_bytes);
            wire.say(out.as_bytes()).map_err(|error| wire.failure(step, &error))?;
            out.clear();
            loop {
                let said = wire
                    .hear(|piece| assembly.add(piece))
                    .map_err(|error| wire.failure(step, &error))?;
                match said {
                    Said::Fetched(fetched) => {
                        let begun = Instant::now();
                        work.fetched(fetched);
                        // A slow taker is not the server's fault.
                        wire.extend(begun.elapsed());
                    }
                    Said::Status(line) if line.ends(&current.tag) => {
                        if let Some(ended) = under_way.pop_front() {
                            work.ended(ended.task, &line)?;
                        }
                        break;
                    }
                    Said::Status(line) if line.tag.is_some() => {
                        return Err(MailboxError::new(
                            step,
                            ErrorKind::Protocol,
                            "the server answers a command that was not sent",
                        ));
                    }
                    Said::Status(line) => wire.note(line),
                    Said::Other => {}
                }
            }
        }
    }
}
