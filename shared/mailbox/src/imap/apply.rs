//! Deleting, moving and marking messages.

use super::names::{self, quote};
use super::session::ImapSession;
use super::set::sets;
use crate::server::{After, Applied, FolderName, MailboxError, MessageRef, Step};

/// How many messages one command changes, so that each has its own time.
const CHANGED_AT_ONCE: usize = 1_000;

const DELETED: &str = "+FLAGS.SILENT (\\Deleted)";
const SEEN: &str = "+FLAGS.SILENT (\\Seen)";

impl ImapSession {
    pub(super) fn apply_to(&mut self, messages: &[MessageRef], after: &After) -> Result<Applied, MailboxError> {
        let uids = messages.iter().filter_map(|message| match message {
            MessageRef::Uid(uid) => Some(uid.0.get()),
            MessageRef::Uidl { .. } => None, // a message of POP3 is in no IMAP folder
        });
        let mut uids: Vec<u32> = uids.collect();
        uids.sort_unstable();
        uids.dedup();
        let mut applied = Applied::Done;
        for (set, _) in sets(&uids, CHANGED_AT_ONCE) {
            applied = match after {
                After::Keep => Applied::Done,
                After::Seen => self.mark(&set, SEEN)?,
                After::Delete => self.delete(&set)?,
                After::Move(folder) => self.move_to(&set, folder)?,
            };
        }
        Ok(applied)
    }

    fn mark(&mut self, set: &str, flags: &str) -> Result<Applied, MailboxError> {
        let marked = self.ask(Step::After, |session| session.uid_store(set, flags).map(drop));
        self.but_for_gone(marked)
    }

    /// Only UIDPLUS (RFC 4315) can expunge what is ours and leave what others have flagged.
    fn delete(&mut self, set: &str) -> Result<Applied, MailboxError> {
        if self.quirks.deletes_by_bin
            && let Some(bin) = self.bin()?
        {
            return self.move_to(set, &bin);
        }
        self.mark(set, DELETED)?;
        if !self.can("UIDPLUS") {
            return Ok(Applied::FlaggedOnly);
        }
        let expunged = self.ask(Step::After, |session| session.uid_expunge(set).map(drop));
        self.but_for_gone(expunged)
    }

    fn move_to(&mut self, set: &str, folder: &FolderName) -> Result<Applied, MailboxError> {
        let name = names::encode(folder);
        // RFC 6851; without it, copied first, so that there is no moment at which a message is nowhere.
        let can_move = self.can("MOVE");
        let carry = |session: &mut imap::Session<_>| {
            if can_move {
                session.uid_mv(set, &name)
            } else {
                session.uid_copy(set, quote(&name))
            }
        };
        let mut carried = self.ask(Step::After, carry);
        if carried.is_err() && self.last_code().as_deref() == Some("TRYCREATE") {
            self.ask(Step::After, |session| session.create(&name))?;
            carried = self.ask(Step::After, carry);
        }
        let applied = self.but_for_gone(carried)?;
        if can_move {
            return Ok(applied);
        }
        self.mark(set, DELETED)?;
        if !self.can("UIDPLUS") {
            return Ok(Applied::FlaggedOnly);
        }
        let expunged = self.ask(Step::After, |session| session.uid_expunge(set).map(drop));
        self.but_for_gone(expunged)
    }

    /// A message that is not there any more is done with (RFC 2180 section 4.2.1, RFC 5530).
    fn but_for_gone(&self, answer: Result<(), MailboxError>) -> Result<Applied, MailboxError> {
        match answer {
            Err(_) if self.last_code().as_deref() == Some("EXPUNGEISSUED") => Ok(Applied::Done),
            answer => answer.map(|()| Applied::Done),
        }
    }

    fn last_code(&self) -> Option<String> {
        self.handle.wire().ended().and_then(|line| line.code.clone())
    }
}
