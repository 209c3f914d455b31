//! Whether a message without delivery-status fields is a report at all, or only speaks of one.
//!
//! A false hard bounce is the worst error there is, so the words alone never prove anything: a robot must have sent
//! them, and no sign of a person or a newsletter may outweigh it.

use crate::evidence::{Codes, Phrases, Source, Tells, TextReport};
use crate::mime::{Mail, Role};

/// What speaks for and against.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    points: i32,
    /// A failure is spoken of, in words or codes.
    failure: bool,
    /// Somebody is named, or the returned message is there.
    about_somebody: bool,
}

/// Points that make a report. A daemon's name and a failing subject do; either with a returned message does.
const ENOUGH: i32 = 4;

/// Names under which mail systems write.
const DAEMONS: &[&str] = &[
    "mailer-daemon",
    "mailer_daemon",
    "mailerdaemon",
    "postmaster",
    "mail-daemon",
    "maildaemon",
    "mdaemon",
    "post_master",
    "mail delivery",
    "maildelivery",
    "delivery subsystem",
    "mail.delivery",
    "system administrator",
    "systemadministrator",
    "mail administrator",
    "mail system",
    "mail router",
    "mail server",
    "mailserver",
    "mmsc ndr",
    "administrator@",
    "sysadmin",
    "bounce",
    "no-reply@sns.amazonaws",
    "delivery service",
    "mailsystem",
    "mail-system",
    "majordomo",
    "microsoft exchange",
    "microsoftexchange",
    "delivery status",
    "smtp",
    "mail manager",
    "noreply",
    "no-reply",
    "administrateur",
    "systemverwalter",
    "administrador",
    "fml-admin",
    "-admin@",
    "auto-reply",
    "internet mail",
];

/// Whether a mail system or a list server sent it, and no person.
pub(crate) fn is_by_robot(mail: &Mail<'_>) -> bool {
    let from = mail.header("from").unwrap_or_default().to_ascii_lowercase();
    mail.has_null_sender()
        || DAEMONS.iter().any(|name| from.contains(name))
        || is_automatic(mail)
        || mail.header("x-mailman-version").is_some()
}

fn is_automatic(mail: &Mail<'_>) -> bool {
    mail.header("auto-submitted")
        .is_some_and(|value| !value.trim().to_ascii_lowercase().starts_with("no"))
}

impl Proof {
    pub(crate) fn gather(mail: &Mail<'_>, text: &TextReport<'_>, phrases: &Phrases) -> Self {
        let from = mail.header("from").unwrap_or_default().to_ascii_lowercase();
        let subject = mail.subject();
        let has = |name: &str| mail.header(name).is_some();
        let auto = mail
            .header("auto-submitted")
            .is_some_and(|value| !value.trim().to_ascii_lowercase().starts_with("no"));
        let report_type = mail.header("content-type").is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            value.contains("multipart/report") && !value.contains("disposition") && !value.contains("feedback")
        });
        let daemon = DAEMONS.iter().any(|name| from.contains(name)) || from.is_empty() && !has("to");
        let returned = text.returned.is_some()
            || mail.part(Role::ReturnedMessage).is_some()
            || mail.part(Role::ReturnedHeaders).is_some();
        let coded = text.recipients.iter().any(|e| e.reply.is_some() || e.status.is_some())
            || Codes::find(text.report) != Codes::default();
        let named = text.recipients.iter().any(|e| e.source <= Source::Label);
        let subject_says = phrases
            .find(subject)
            .any(|found| matches!(found.tells, Tells::Failure | Tells::Delay | Tells::Success));
        let answer = [
            "re:", "fwd:", "fw:", "aw:", "wg:", "sv:", "rv:", "tr:", "antw:", "odp:", "r:",
        ]
        .iter()
        .any(|lead| {
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

        let score = |points: i32, holds: bool| if holds { points } else { 0 };
        let points = score(2, daemon)
            + score(2, mail.has_null_sender())
            + score(2, subject_says)
            + score(3, has("x-failed-recipients"))
            + score(3, report_type)
            + score(1, auto)
            + score(1, text.says_failure || text.says_delay || text.says_success)
            + score(1, coded)
            + score(1, named)
            + score(1, returned)
            - score(3, list && !has("x-failed-recipients"))
            - score(3, answer && !daemon)
            - score(2, threaded && !auto && !daemon);
        Self {
            points,
            failure: text.says_failure || text.says_delay || coded || subject_says,
            about_somebody: !text.recipients.is_empty() || returned || has("x-failed-recipients"),
        }
    }

    /// Whether the message is a report of a mail system.
    pub(crate) fn is_report(&self) -> bool {
        self.points >= ENOUGH && self.failure && self.about_somebody
    }
}
