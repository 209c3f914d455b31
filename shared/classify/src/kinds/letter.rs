//! One message with everything the recognisers look at, each thing computed once and only when asked for.

use std::cell::OnceCell;

use super::Evidence;
use super::fold::{fold, unfold};
use super::phrases::{Hit, Hits, Place, Says, scan};
use super::quoting::{Own, own};
use super::robot::{Robot, robot};
use crate::mime::{Mail, Role};
use crate::words::Address;

/// What decides stands in the first screens; the rest is disclaimers, logs and pictures turned into text.
const MAX_FOLDED_BYTES: usize = 4 << 10;
/// Subjects longer than this are spam or somebody else's headers.
const MAX_SUBJECT_BYTES: usize = 400;

/// A message on the recognisers' desk.
pub(super) struct Letter<'m> {
    pub(super) mail: &'m Mail<'m>,
    robot: OnceCell<Robot>,
    subject: OnceCell<Text>,
    own: OnceCell<(Own, Option<Text>)>,
    whole: OnceCell<Text>,
}

/// Folded text and what it says.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) folded: String,
    pub(super) hits: Hits,
}

impl Text {
    fn new(text: &str, limit: usize, place: Place) -> Self {
        let folded = fold(text, limit);
        let hits = scan(&folded, place);
        Self { folded, hits }
    }
}

impl<'m> Letter<'m> {
    pub(super) fn new(mail: &'m Mail<'m>) -> Self {
        Self {
            mail,
            robot: OnceCell::new(),
            subject: OnceCell::new(),
            own: OnceCell::new(),
            whole: OnceCell::new(),
        }
    }

    /// What the header says about a robot having written it.
    pub(super) fn robot(&self) -> &Robot {
        self.robot.get_or_init(|| robot(self.mail))
    }

    pub(super) fn subject(&self) -> &Text {
        self.subject
            .get_or_init(|| Text::new(self.mail.subject(), MAX_SUBJECT_BYTES, Place::Subject))
    }

    /// The author's own words, quotations and signature taken away.
    pub(super) fn words(&self) -> &Text {
        self.own_words().1.as_ref().unwrap_or_else(|| self.whole())
    }

    /// The author's own words as they wrote them.
    pub(super) fn written(&self) -> &str {
        &self.own_words().0.text
    }

    /// Whether the author quotes somebody.
    pub(super) fn quotes(&self) -> bool {
        self.own_words().0.quotes
    }

    /// Everything there is to read outside returned messages. For robots, whose lists of fields look like quotations.
    pub(super) fn whole(&self) -> &Text {
        self.whole
            .get_or_init(|| Text::new(self.mail.own_text(), MAX_FOLDED_BYTES, Place::Body))
    }

    /// Their text only where it differs from the whole.
    fn own_words(&self) -> &(Own, Option<Text>) {
        self.own.get_or_init(|| {
            let own = own(self.mail.own_text());
            let text = own.is_part.then(|| Text::new(&own.text, MAX_FOLDED_BYTES, Place::Body));
            (own, text)
        })
    }

    /// Whether subject or own words say it.
    pub(super) fn says(&self, says: Says) -> bool {
        self.subject().hits.has(says) || self.words().hits.has(says)
    }

    /// The first place that says it: in the author's words, else in the subject.
    pub(super) fn evidence(&self, says: Says) -> Option<Evidence> {
        if let Some(hit) = self.words().hits.first(says) {
            return Some(evidence_of(hit, self.written()));
        }
        self.subject_evidence(says)
    }

    /// The first place of the subject that says it.
    pub(super) fn subject_evidence(&self, says: Says) -> Option<Evidence> {
        let hit = self.subject().hits.first(says)?;
        Some(evidence_of(hit, self.mail.subject()))
    }

    /// The first place of the whole text that says it, else of the subject.
    pub(super) fn whole_evidence(&self, says: Says) -> Option<Evidence> {
        if let Some(hit) = self.whole().hits.first(says) {
            return Some(evidence_of(hit, self.mail.own_text()));
        }
        self.subject_evidence(says)
    }

    /// Whether it went out to many: a newsletter, or a post that a mailing list passed on.
    pub(super) fn is_bulk(&self) -> bool {
        [
            "list-id",
            "list-unsubscribe",
            "list-post",
            "mailing-list",
            "feedback-id",
        ]
        .iter()
        .any(|name| self.mail.header(name).is_some())
    }

    /// Whether it invites or answers an invitation (RFC 6047); people decline because they are on vacation.
    pub(super) fn is_calendar(&self) -> bool {
        self.mail
            .parts()
            .any(|part| part.content_type().eq_ignore_ascii_case("text/calendar"))
    }

    /// Whether a mail server's daemon claims to have written it.
    pub(super) fn is_from_daemon(&self) -> bool {
        let from = self.mail.header("from").unwrap_or_default();
        let from = fold(from, 200);
        [
            "mailer-daemon",
            "mailerdaemon",
            "mail-daemon",
            "postmaster",
            "mail delivery s",
            "mail delivery system",
        ]
        .iter()
        .any(|daemon| from.contains(daemon))
    }

    /// Whether a part says that a delivery failed, was delayed or succeeded.
    pub(super) fn is_delivery_report(&self) -> bool {
        self.mail.part(Role::DeliveryStatus).is_some() || self.mail.header("x-failed-recipients").is_some()
    }

    /// Whoever the message comes from: its author, or who the answer goes to when a nameless robot wrote it.
    pub(super) fn author(&self) -> Option<Address> {
        let from = self.mail.from();
        let nameless = from.is_none_or(|from| is_nameless(from.local()));
        let author = if nameless {
            self.mail.reply_to().filter(|to| !is_nameless(to.local())).or(from)
        } else {
            from
        };
        author.cloned()
    }

    /// Whether it is one of the addresses the message was sent to: ours.
    pub(super) fn is_ours(&self, address: &Address) -> bool {
        self.mail.to().iter().any(|to| to.same(address))
            || ["delivered-to", "x-original-to", "envelope-to"]
                .iter()
                .filter_map(|name| self.mail.header(name))
                .filter_map(Address::parse)
                .any(|to| to.same(address))
    }

    /// The one address that is not ours, however often it is named; `None` when there are several.
    pub(super) fn only_stranger(&self, named: impl IntoIterator<Item = Address>) -> Option<Address> {
        let mut strangers = named.into_iter().filter(|address| !self.is_ours(address));
        let first = strangers.next()?;
        strangers.all(|other| other.same(&first)).then_some(first)
    }
}

fn evidence_of(hit: &Hit, text: &str) -> Evidence {
    Evidence {
        language: hit.language,
        words: unfold(text, hit.start, hit.end).to_owned(),
    }
}

/// Local parts that no person has.
fn is_nameless(local: &str) -> bool {
    let local = local.to_ascii_lowercase();
    [
        "noreply",
        "no-reply",
        "no_reply",
        "donotreply",
        "do-not-reply",
        "mailer-daemon",
        "autoreply",
        "auto-reply",
        "autoresponder",
    ]
    .iter()
    .any(|nameless| local.contains(nameless))
}
