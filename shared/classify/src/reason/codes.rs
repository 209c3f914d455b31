//! What a rule says about status and reply codes.

use crate::words::{EnhancedStatus, ReplyCode};

/// `5.1.1`, any part of it `*`, the detail possibly a range.
#[derive(Clone, Copy, Debug)]
pub(super) struct StatusPattern {
    pub(super) class: Option<u8>,
    pub(super) subject: Option<u16>,
    pub(super) detail: Option<(u16, u16)>,
}

impl StatusPattern {
    pub(super) fn parse(text: &str) -> Option<Self> {
        fn part<T: std::str::FromStr>(text: &str) -> Result<Option<T>, T::Err> {
            if text == "*" { Ok(None) } else { text.parse().map(Some) }
        }
        let mut parts = text.split('.');
        let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
        let detail = match detail.split_once('-') {
            Some((from, to)) => Some((from.parse().ok()?, to.parse().ok()?)),
            None => part(detail).ok()?.map(|detail| (detail, detail)),
        };
        let pattern = Self {
            class: part(class).ok()?,
            subject: part(subject).ok()?,
            detail,
        };
        parts.next().is_none().then_some(pattern)
    }

    pub(super) fn matches(self, status: EnhancedStatus) -> bool {
        self.class.is_none_or(|class| class == status.class)
            && self.subject.is_none_or(|subject| subject == status.subject)
            && self
                .detail
                .is_none_or(|(from, to)| (from..=to).contains(&status.detail))
    }
}

/// A rule that no phrase or name leads to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) rule: usize,
    /// A status that leads to it; without one everything does.
    pub(super) status: Option<StatusPattern>,
    /// Whether the status alone makes it match.
    pub(super) alone: bool,
}

impl Open {
    /// One for each status that the rule asks for.
    pub(super) fn of(rule: usize, status: &[StatusPattern], alone: bool) -> impl Iterator<Item = Self> {
        let any = status.is_empty().then_some(None);
        let each = status.iter().copied().map(Some);
        each.chain(any).map(move |status| Self { rule, status, alone })
    }

    /// Whether the status leads to the rule.
    pub(super) fn admits(self, status: Option<EnhancedStatus>) -> bool {
        self.status
            .is_none_or(|pattern| status.is_some_and(|status| pattern.matches(status)))
    }
}

/// `550`, `45*` or `4*`.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReplyPattern {
    pub(super) from: u16,
    pub(super) to: u16,
}

impl ReplyPattern {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_suffix('*').unwrap_or(text);
        let prefix: u16 = digits.parse().ok()?;
        let (from, to) = match (digits.len(), text.ends_with('*')) {
            (1, true) => (prefix * 100, prefix * 100 + 99),
            (2, true) => (prefix * 10, prefix * 10 + 9),
            (3, false) => (prefix, prefix),
            _ => return None,
        };
        Some(Self { from, to })
    }

    pub(super) fn matches(self, reply: ReplyCode) -> bool {
        (self.from..=self.to).contains(&reply.get())
    }
}
