//! Whether a message without delivery-status fields is a report at all, or only speaks of one.
//!
//! A false hard bounce is the worst error there is, so words alone never prove anything: the header has to look like a
//! mail system's, the text has to say something checkable (a code, a recipient, the returned message), and no sign of a
//! person, a newsletter or a swindler may outweigh it.

use crate::evidence::{Codes, Phrases, Source, Tells, TextReport};
use crate::explain::Sign;
use crate::mime::{Mail, Role};
use crate::phrases::PhraseSet;
use crate::words::Address;

/// Points that make a report: a daemon's name and a failing subject do.
const ENOUGH: i32 = 4;
/// Points that leave no doubt: all of the header, and the recipient on a line of its own.
const CERTAIN: i32 = 6;

/// Something seen, and the points it is worth; negative ones speak against a report.
type Weight = (&'static str, i32);

/// Names under which mail systems write.
const DAEMONS: &[&str] = &[
    "mailer-daemon",
    "mailer_daemon",
    "mailerdaemon",
    "mailer daemon",
    "postmaster",
    "post_master",
    "mail-daemon",
    "maildaemon",
    "mdaemon",
    "mail delivery",
    "maildelivery",
    "delivery subsystem",
    "delivery service",
    "delivery system",
    "delivery status",
    "mail.delivery",
    "mail deliver",
    "system administrator",
    "systemadministrator",
    "mail administrator",
    "mail system",
    "mail-system",
    "mailsystem",
    "mail router",
    "mail server",
    "mailserver",
    "mmsc ndr",
    "microsoft exchange",
    "microsoftexchange",
    "microsoft outlook",
    "mail manager",
    "administrateur",
    "systemverwalter",
    "systemadministrator",
    "administrador",
    "internet mail",
    "mailgate",
    "mail gateway",
    "bounce-handler",
];

/// Names under which robots of many kinds write.
const ROBOTS: &[&str] = &[
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "bounce",
    "smtp",
    "administrator@",
    "sysadmin",
    "-admin@",
    "auto-reply",
    "majordomo",
    "mailman",
    "listserv",
    "admin@",
    "owner-",
    "daemon",
    "robot",
];

/// Leads of a subject that a person answers or forwards with.
const ANSWERS: &[&str] = &[
    "re:", "fwd:", "fw:", "aw:", "wg:", "sv:", "rv:", "tr:", "antw:", "odp:", "r:", "enc:", "vs:", "vl:", "doorst:",
    "回复:", "转发:", "答复:", "返信:", "转寄:",
];

/// Subjects of what mail systems write about their day rather than about a mail.
const SUMMARIES: &[&str] = &[
    "summary",
    "statistics",
    "statistik",
    "digest",
    "logwatch",
    "log report",
    "daily report",
    "weekly report",
    "pflogsumm",
    "quarantine",
    "queue report",
    "cron ",
];

/// What swindlers who dress up as mail systems ask for, and mail systems never do.
const LURES: &[&str] = &[
    "click here",
    "click below",
    "click the link",
    "release message",
    "release pending",
    "retrieve message",
    "view message",
    "review message",
    "recover message",
    "verify your",
    "confirm your account",
    "validate your",
    "upgrade your",
    "update your account",
    "keep your password",
    "login to",
    "log in to",
    "sign in to",
    "re-activate",
    "reactivate your",
    "allow messages",
    "deliver messages",
    "increase your quota",
    "increase quota",
    "add storage",
    "add more storage",
    "hier klicken",
    "cliquez ici",
    "haga clic aquí",
    "clique aqui",
    "clicca qui",
];

/// The names and lures, ready to be found.
#[derive(Debug)]
pub(crate) struct Signs {
    names: PhraseSet,
    lures: PhraseSet,
    summaries: PhraseSet,
}

impl Signs {
    pub(crate) fn new() -> Self {
        Self {
            names: PhraseSet::new(DAEMONS.iter().chain(ROBOTS).copied()),
            lures: PhraseSet::new(LURES.iter().copied()),
            summaries: PhraseSet::new(SUMMARIES.iter().copied()),
        }
    }

    /// How much an author looks like a mail system: 2 a daemon, 1 a robot.
    fn author(&self, from: &str) -> i32 {
        self.names
            .find(from)
            .map(|found| if found.index < DAEMONS.len() { 2 } else { 1 })
            .max()
            .unwrap_or(0)
    }
}

/// What the header says for and against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderProof<'e> {
    signs: &'e Signs,
    points: i32,
    weights: [Weight; 10],
    author: i32,
    subject_says: bool,
    failed: bool,
    unanswerable: bool,
}

impl<'e> HeaderProof<'e> {
    /// What a hopeless one lacks, for people.
    pub(crate) const LACKS: &'static str = "nothing in the header, or not enough, looks like a mail system";

    pub(crate) fn gather(mail: &Mail<'_>, phrases: &Phrases, signs: &'e Signs) -> Self {
        let has = |name: &str| mail.header(name).is_some();
        let subject = mail.subject();
        let subject_says = phrases.find(subject).any(|found| found.tells != Tells::Returned);
        let auto = is_automatic(mail);
        let author = author(mail, signs);
        let failed = has("x-failed-recipients");
        let answer = ANSWERS.iter().any(|lead| {
            subject
                .as_bytes()
                .get(..lead.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(lead.as_bytes()))
        });
        let list = has("list-unsubscribe")
            || has("list-id")
            || has("list-post")
            || mail
                .header("precedence")
                .is_some_and(|p| p.eq_ignore_ascii_case("list"));
        let threaded = has("in-reply-to") || has("references");
        let summary = signs.summaries.find(subject).next().is_some();
        let weights = [
            ("the author's name is a mail system's or a robot's", author),
            (
                "nobody is to answer it (empty return path)",
                score(2, mail.has_null_sender()),
            ),
            ("the subject speaks of a delivery", score(2, subject_says)),
            ("the header names failed recipients", score(3, failed)),
            (
                "the header calls it a report (multipart/report)",
                score(3, is_report_type(mail)),
            ),
            ("the header calls it automatic (Auto-Submitted)", score(1, auto)),
            ("a mailing list passed it on", score(-3, list && !failed)),
            ("the subject is that of a summary or a log", score(-3, summary)),
            (
                "the subject is that of an answer or a forwarded mail",
                score(-3, answer && author < 2),
            ),
            ("it answers another mail", score(-2, threaded && !auto && author < 2)),
        ];
        Self {
            signs,
            points: sum(&weights),
            weights,
            author,
            subject_says,
            failed,
            unanswerable: mail.has_null_sender(),
        }
    }

    /// Whether the header alone rules out that the message is a report, so that its words need no reading.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.points <= 0
    }

    /// Whether the header alone is as good as proof: a daemon's name with a failing subject or without a return path, or
    /// the failed recipients.
    pub(crate) fn is_strong(&self) -> bool {
        self.points >= CERTAIN - 1 && (self.author >= 2 && self.subject_says || self.failed)
            || self.points >= ENOUGH && self.author >= 2 && self.unanswerable
    }

    /// What it saw, for people.
    pub(crate) fn signs(&self) -> impl Iterator<Item = Sign> + use<> {
        self.weights.into_iter().map(sign)
    }

    /// The same with what the text says.
    pub(crate) fn with_text(&self, mail: &Mail<'_>, text: &TextReport<'_>) -> Proof {
        let returned = text.returned.is_some()
            || mail.part(Role::ReturnedMessage).is_some()
            || mail.part(Role::ReturnedHeaders).is_some();
        let coded = text.recipients.iter().any(|e| e.reply.is_some() || e.status.is_some())
            || Codes::find(text.report) != Codes::default();
        let named = text.recipients.iter().any(|e| e.source <= Source::Label);
        let ours: Vec<&Address> = mail.to().iter().chain(mail.from()).collect();
        let foreign = text
            .recipients
            .iter()
            .filter_map(|e| e.recipient.as_ref())
            .any(|address| !ours.iter().any(|our| our.same(address)));
        let failed = mail.header("x-failed-recipients").is_some();
        let lured = !returned && !failed && self.signs.lures.find(text.report).next().is_some();
        let says = text.says_failure || text.says_delay || text.says_success;
        let weights = [
            ("the text says what became of a mail", score(1, says)),
            ("the text has a reply or status code", score(1, coded)),
            ("the text names the recipient in its place", score(1, named)),
            ("the message that came back is there", score(1, returned)),
            (
                "it wants its reader to click or sign in, as swindlers do",
                score(-4, lured),
            ),
        ];
        Proof {
            points: self.points + sum(&weights),
            weights,
            failure: text.says_failure || text.says_delay || coded || self.subject_says,
            // With little in the header the text has to be about one mail: log summaries name codes and addresses too.
            anchored: returned
                || failed
                || (coded || foreign) && (self.points >= ENOUGH - 1 || self.author >= 2 && text.recipients.len() == 1),
            foreign: foreign && named,
            plain_robot: (mail.has_null_sender() || is_report_type(mail) || is_automatic(mail))
                && self.author >= 2
                && !lured,
        }
    }
}

/// What speaks for and against.
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent findings, each asked for by name"
)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proof {
    points: i32,
    weights: [Weight; 5],
    /// A failure is spoken of, in words or codes.
    failure: bool,
    /// There is something checkable: a code, a recipient who is not the reader, the returned message.
    anchored: bool,
    /// It is about somebody else than its reader.
    foreign: bool,
    /// A robot sent it that wants no answer or says that it is one, and it asks for nothing.
    plain_robot: bool,
}

impl Proof {
    /// Whether the message is a report of a mail system.
    pub(crate) fn is_report(self) -> bool {
        self.points >= ENOUGH && self.failure && self.anchored
    }

    /// Whether there is no doubt that somebody's mail failed, even if nobody says why.
    pub(crate) fn is_certain(self) -> bool {
        self.points >= CERTAIN && self.failure && self.foreign
    }

    /// What the text adds, for people.
    pub(crate) fn signs(self) -> impl Iterator<Item = Sign> {
        self.weights.into_iter().map(sign)
    }

    /// What it lacks to be a report, for people.
    pub(crate) fn missing(self) -> impl Iterator<Item = &'static str> {
        let wanted = [
            (self.points >= ENOUGH, "too little looks like a mail system"),
            (self.failure, "no failure is spoken of"),
            (
                self.anchored,
                "nothing can be checked: no code, no failing recipient, no returned message",
            ),
        ];
        wanted.into_iter().filter(|(there, _)| !there).map(|(_, what)| what)
    }

    /// Whether a mail system speaks of a failure without saying whose.
    pub(crate) fn is_hint(self) -> bool {
        self.points >= ENOUGH && self.failure && self.plain_robot
    }
}

/// Whether a mail system or a list server sent it, and no person.
pub(crate) fn is_by_robot(mail: &Mail<'_>, signs: &Signs) -> bool {
    mail.has_null_sender()
        || is_automatic(mail)
        || mail.header("x-mailman-version").is_some()
        || author(mail, signs) > 0
}

fn author(mail: &Mail<'_>, signs: &Signs) -> i32 {
    match mail.header("from").filter(|from| !from.is_empty()) {
        // A list server that writes to the keeper of a list rather than to its members.
        Some(from) if mail.header("x-mlserver").is_some() => match signs.author(from) {
            0 => 0,
            _ => 2,
        },
        Some(from) => signs.author(from),
        // Bare reports of old systems name nobody at all.
        None => score(2, mail.header("to").is_none()),
    }
}

fn is_report_type(mail: &Mail<'_>) -> bool {
    mail.header("content-type").is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("multipart/report") && !value.contains("disposition") && !value.contains("feedback")
    })
}

fn is_automatic(mail: &Mail<'_>) -> bool {
    mail.header("auto-submitted")
        .is_some_and(|value| !value.trim().to_ascii_lowercase().starts_with("no"))
}

fn sum(weights: &[Weight]) -> i32 {
    weights.iter().map(|(_, points)| points).sum()
}

fn sign((what, points): Weight) -> Sign {
    Sign { what, points }
}

fn score(points: i32, holds: bool) -> i32 {
    if holds { points } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_lures_can_be_found() {
        for phrase in [DAEMONS, ROBOTS, LURES, SUMMARIES].into_iter().flatten() {
            assert_eq!(**phrase, phrase.to_lowercase());
            assert!(phrase.len() >= 4, "{phrase}");
        }
    }
}
