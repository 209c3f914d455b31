//! Deleting, moving and marking messages.

use super::names::{self, quote};
use super::session::ImapSession;
use super::set::sets;
use super::wire::Handle;
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
        self.change(|session| session.uid_store(set, flags).map(drop))
    }

    fn delete(&mut self, set: &str) -> Result<Applied, MailboxError> {
        if self.quirks.deletes_by_bin
            && let Some(bin) = self.bin()?
        {
            return self.move_to(set, &bin);
        }
        self.remove(set)
    }

    fn move_to(&mut self, set: &str, folder: &FolderName) -> Result<Applied, MailboxError> {
        let name = names::encode(folder);
        // RFC 6851; without it, copied first, so that there is no moment at which a message is nowhere.
        let can_move = self.can("MOVE");
        let carry = |session: &mut imap::Session<Handle>| {
            if can_move {
                session.uid_mv(set, &name)
            } else {
                session.uid_copy(set, quote(&name))
            }
        };
        let mut carried = self.change(carry);
        if carried.is_err() && self.was_answered("TRYCREATE") {
            self.ask(Step::After, |session| session.create(&name))?;
            carried = self.change(carry);
        }
        let applied = carried?;
        if can_move { Ok(applied) } else { self.remove(set) }
    }

    /// Only UIDPLUS (RFC 4315) can expunge what is ours and leave what others have flagged.
    fn remove(&mut self, set: &str) -> Result<Applied, MailboxError> {
        self.mark(set, DELETED)?;
        if !self.can("UIDPLUS") {
            return Ok(Applied::FlaggedOnly);
        }
        self.change(|session| session.uid_expunge(set).map(drop))
    }

    /// A command that changes messages. Where it is refused because somebody else has removed some of them, nobody can
    /// tell what was done to the others (RFC 2180 section 4; a COPY was not done at all), so it is said again once the
    /// server has taken notice: UIDs that are not there any more are then passed over.
    fn change(
        &mut self,
        command: impl Fn(&mut imap::Session<Handle>) -> imap::Result<()>,
    ) -> Result<Applied, MailboxError> {
        let mut changed = self.ask(Step::After, &command);
        if changed.is_err() && self.was_answered("EXPUNGEISSUED") {
            self.ask(Step::After, imap::Session::noop)?;
            changed = self.ask(Step::After, &command);
        }
        changed.map(|()| Applied::Done)
    }

    /// Whether the last command was answered with this response code.
    fn was_answered(&self, code: &str) -> bool {
        self.handle.wire().ended().is_some_and(|line| line.has_code(code))
    }
}
