//! The reason, from codes and words.

use std::borrow::Cow;

use crate::words::{EnhancedStatus, Reason, ReplyCode};

pub(crate) const VERSION: &str = "builtin";

pub(crate) struct Why {
    pub(crate) reason: Reason,
    pub(crate) rule: Cow<'static, str>,
    pub(crate) words: Option<String>,
    pub(crate) provider: Option<Cow<'static, str>>,
}

pub(crate) fn judge(
    status: Option<EnhancedStatus>,
    _reply: Option<ReplyCode>,
    words: &str,
    _dialect: Option<&str>,
    _remote_mta: Option<&str>,
    _command: Option<&str>,
) -> Why {
    let lower = words.to_ascii_lowercase();
    let phrase = [
        ("user unknown", Reason::UserUnknown),
        ("no such user", Reason::UserUnknown),
        ("mailbox full", Reason::MailboxFull),
        ("quota", Reason::MailboxFull),
    ]
    .into_iter()
    .find(|(phrase, _)| lower.contains(phrase));
    let reason = phrase.map_or_else(
        || match status.map(|s| (s.class, s.subject, s.detail)) {
            Some((5, 1, 1 | 0 | 10)) => Reason::UserUnknown,
            Some((5, 1, 2) | (5, 4, 4)) => Reason::HostUnknown,
            Some((_, 2, 2)) => Reason::MailboxFull,
            Some((4, 4, _)) => Reason::Expired,
            _ => Reason::Undefined,
        },
        |(_, reason)| reason,
    );
    Why {
        reason,
        rule: "status".into(),
        words: phrase.map(|(phrase, _)| phrase.to_owned()),
        provider: None,
    }
}
