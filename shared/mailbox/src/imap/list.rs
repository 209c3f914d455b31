//! Listing messages.

use std::num::NonZeroU32;

use super::answer::Fetched;
use super::pipeline::{Command, Work};
use super::refusal::refused;
use super::session::ImapSession;
use super::set::sets;
use super::status::{Status, StatusLine};
use crate::server::{Listed, Listing, MailboxError, MessageRef, Step, Uid};

/// What the answer to SEARCH may have: two million messages with UIDs of eleven digits.
const MAX_SEARCH_BYTES: u64 = 24 * 1024 * 1024;

/// How many sizes one command asks for. Where a server has to read the messages for them, each command has its own time.
const SIZES_AT_ONCE: usize = 2_000;

/// What the answer about one size may have, with what servers add unasked. It takes 50.
const MAX_SIZE_BYTES: u64 = 500;

impl ImapSession {
    pub(super) fn list_messages(&mut self, listing: Listing) -> Result<Vec<Listed>, MailboxError> {
        let Some(query) = query(listing) else {
            return Ok(Vec::new());
        };
        let found = self.ask_for(Step::List, &["SEARCH"], MAX_SEARCH_BYTES, |session| {
            session.uid_search(&query)
        })?;
        let after = listing.after.map_or(0, |uid| uid.0.get());
        // `n:*` names the last message even where its UID is less than n (RFC 3501 section 6.4.8).
        let mut uids: Vec<u32> = found.into_iter().filter(|&uid| uid > after).collect();
        uids.sort_unstable();
        let mut sizes: Vec<Option<u64>> = vec![None; uids.len()];
        self.pipeline(Step::List, 0, &mut Sizing::new(&uids, &mut sizes))?;
        // A server may forget one at first.
        let missing: Vec<u32> = uids
            .iter()
            .zip(&sizes)
            .filter(|(_, size)| size.is_none())
            .map(|(&uid, _)| uid)
            .collect();
        let mut late: Vec<Option<u64>> = vec![None; missing.len()];
        self.pipeline(Step::List, 0, &mut Sizing::new(&missing, &mut late))?;
        for (uid, size) in missing.iter().zip(late) {
            if let Ok(index) = uids.binary_search(uid)
                && let Some(slot) = sizes.get_mut(index)
            {
                *slot = size;
            }
        }
        // One without a size may be gone, which fetching it will tell; it must not be passed over.
        let listed = uids.iter().zip(&sizes).filter_map(|(&uid, size)| {
            Some(Listed {
                message: MessageRef::Uid(Uid(NonZeroU32::new(uid)?)),
                bytes: size.unwrap_or(0),
            })
        });
        Ok(listed.collect())
    }
}

/// `None` when there can be no such message.
fn query(listing: Listing) -> Option<String> {
    let unread = if listing.only_unread { "UNSEEN" } else { "" };
    let query = match listing.after {
        Some(after) => format!("UID {}:* {unread}", after.0.checked_add(1)?),
        None if listing.only_unread => unread.to_owned(),
        None => "ALL".to_owned(),
    };
    Some(query.trim_end().to_owned())
}

/// Asks for the size of every message of `uids`, which ascend.
struct Sizing<'a, I> {
    uids: &'a [u32],
    sizes: &'a mut [Option<u64>],
    sets: I,
}

impl<'a> Sizing<'a, ()> {
    fn new(uids: &'a [u32], sizes: &'a mut [Option<u64>]) -> Sizing<'a, impl Iterator<Item = (String, &'a [u32])>> {
        Sizing {
            uids,
            sizes,
            sets: sets(uids, SIZES_AT_ONCE),
        }
    }
}

impl<'a, I: Iterator<Item = (String, &'a [u32])>> Work for Sizing<'a, I> {
    type Task = ();

    fn next(&mut self) -> Option<((), Command)> {
        let (set, uids) = self.sets.next()?;
        let messages = uids.len() as u64;
        let command = Command {
            text: format!("UID FETCH {set} (UID RFC822.SIZE)"),
            most_bytes: messages * MAX_SIZE_BYTES,
        };
        Some(((), command))
    }

    fn fetched(&mut self, fetched: Fetched) {
        let Some(uid) = fetched.uid else { return };
        if let Ok(index) = self.uids.binary_search(&uid)
            && let Some(size) = self.sizes.get_mut(index)
        {
            // News about its flags says at least that it is there.
            *size = fetched.bytes.or(*size).or(Some(0));
        }
    }

    fn ended(&mut self, (): (), line: &StatusLine) -> Result<(), MailboxError> {
        match line.status {
            Status::Ok => Ok(()),
            Status::No if line.has_code("EXPUNGEISSUED") => Ok(()),
            _ => Err(refused(Step::List, line)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_a_search() {
        let uid = |number| NonZeroU32::new(number).map(Uid);
        for (after, only_unread, search) in [
            (None, false, Some("ALL")),
            (None, true, Some("UNSEEN")),
            (uid(7), false, Some("UID 8:*")),
            (uid(7), true, Some("UID 8:* UNSEEN")),
            (uid(u32::MAX), false, None),
        ] {
            assert_eq!(query(Listing { after, only_unread }).as_deref(), search);
        }
    }
}
