//! The account's folders.

use imap_proto::NameAttribute;

use super::session::ImapSession;
use super::{ANSWER_BYTES, names};
use crate::server::{Folder, FolderName, MailboxError, Step};

const COUNTS: &str = "(MESSAGES UNSEEN)";

/// What a list of folders may have: tens of thousands.
const MAX_LIST_BYTES: u64 = 8 * 1024 * 1024;

/// The most folders whose counts are asked for one by one.
const MAX_COUNTED: usize = 1_000;

impl ImapSession {
    pub(super) fn all_folders(&mut self) -> Result<Vec<Folder>, MailboxError> {
        // The counts of the open folder are those that this session knows of (RFC 3501 section 6.3.10).
        self.ask(Step::Folder, imap::Session::noop)?;
        let mut folders = if self.can("LIST-STATUS") {
            self.ask_for(Step::Folder, &["LIST", "STATUS"], MAX_LIST_BYTES, |session| {
                let found = session.list_status(None, Some("*"), COUNTS)?;
                let folders = found.iter().filter_map(|(name, counts)| {
                    let mut folder = folder(name)?;
                    if let Some(counts) = counts {
                        folder.messages = Some(u64::from(counts.exists));
                        folder.unread = counts.unseen.map(u64::from);
                    }
                    Some(folder)
                });
                Ok(folders.collect())
            })?
        } else {
            self.counted_one_by_one()?
        };
        folders.sort_by(|one, other| one.name.cmp(&other.name));
        folders.dedup_by(|one, other| one.name == other.name);
        Ok(folders)
    }

    fn counted_one_by_one(&mut self) -> Result<Vec<Folder>, MailboxError> {
        let mut folders: Vec<Folder> = self.ask_for(Step::Folder, &["LIST", "STATUS"], MAX_LIST_BYTES, |session| {
            let found = session.list(None, Some("*"))?;
            Ok(found.iter().filter_map(folder).collect())
        })?;
        for folder in folders.iter_mut().filter(|folder| folder.selectable).take(MAX_COUNTED) {
            let name = names::encode(&folder.name);
            match self.ask_for(Step::Folder, &["STATUS"], ANSWER_BYTES, |session| {
                session.status(&name, COUNTS)
            }) {
                Ok(counts) => {
                    folder.messages = Some(u64::from(counts.exists));
                    folder.unread = counts.unseen.map(u64::from);
                }
                // A folder may be seen and not opened, and then it has no counts.
                Err(_) if self.usable().is_ok() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(folders)
    }

    /// The folder that takes what is deleted, RFC 6154.
    pub(super) fn bin(&mut self) -> Result<Option<FolderName>, MailboxError> {
        self.ask_for(Step::After, &["LIST"], MAX_LIST_BYTES, |session| {
            let found = session.list(None, Some("*"))?;
            let bin = found
                .iter()
                .find(|name| name.attributes().contains(&NameAttribute::Trash));
            Ok(bin.and_then(|name| names::decode(name.name())))
        })
    }
}

/// `None` for a folder that no setting could name.
fn folder(name: &imap::types::Name<'_>) -> Option<Folder> {
    let is_closed = |attribute: &NameAttribute<'_>| match attribute {
        NameAttribute::NoSelect => true,
        NameAttribute::Extension(name) => name.eq_ignore_ascii_case("\\NonExistent"),
        _ => false,
    };
    Some(Folder {
        name: names::decode(name.name())?,
        selectable: !name.attributes().iter().any(is_closed),
        messages: None,
        unread: None,
    })
}
