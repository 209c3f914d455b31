//! Virus scanners' notices about a mail of ours, or one that claimed to be.

use super::Kind;
use super::fold::{fold, unfold};
use super::letter::Letter;
use super::moved::{addresses_in, is_desk};
use super::phrases::Says;
use super::robot::Nature;
use crate::mime::addresses;
use crate::words::{Address, Category, Reason};

/// Labels of the scanned message's recipients in a notice.
const RECIPIENT_LABELS: &[&str] = &[
    "to",
    "recipient",
    "recipients",
    "recipient(s)",
    "sent to",
    "empfanger",
    "an",
    "destinataire",
    "destinataires",
    "a",
    "destinatario",
    "destinatari",
    "para",
    "ontvanger",
    "aan",
    "mottagare",
    "till",
    "modtager",
    "til",
    "vastaanottaja",
    "odbiorca",
    "do",
    "получатель",
    "кому",
    "宛先",
    "受信者",
    "收件人",
    "收件者",
];

pub(super) fn recognise(letter: &Letter<'_>) -> Option<Kind> {
    if letter.is_bulk() {
        return None;
    }
    let subject = &letter.subject().hits;
    let text = &letter.whole().hits;
    let named = subject.has_any(&[Says::VirusSystem, Says::Virus]);
    let worded = subject.has(Says::VirusWord) || text.has(Says::VirusWord);
    if !named && !worded && !text.has(Says::Virus) {
        return None;
    }
    let robot = letter.robot().nature > Nature::Person || letter.is_from_daemon() || is_scanner(letter);
    if subject.has(Says::Failure) && !named {
        return None;
    }
    let finds = text.count(Says::Virus);
    let hints = text.count(Says::VirusHint);
    let sure = match (robot, named) {
        (true, true) => finds + hints >= 1,
        (true, false) => (finds >= 1 && finds + hints >= 3) || (subject.has(Says::VirusWord) && hints >= 2),
        (false, true) => finds >= 1 && finds + hints >= 4,
        (false, false) => false,
    };
    // A server that refused the mail says so in SMTP: that is a failed delivery with a reason.
    let refused = text.has(Says::Failure) && !named && !subject.has(Says::VirusWord);
    if !sure || refused || letter.quotes() && !robot || text.has(Says::Bulk) {
        return None;
    }
    let evidence = letter
        .whole_evidence(Says::Virus)
        .or_else(|| letter.whole_evidence(Says::VirusWord))
        .or_else(|| letter.subject_evidence(Says::VirusSystem));
    Some(
        Kind::new(Category::VirusNotice, Reason::VirusDetected, "virus.notice", evidence)
            .about(scanned_recipient(letter)),
    )
}

/// Whether a scanner says in the header that it wrote this.
fn is_scanner(letter: &Letter<'_>) -> bool {
    let from = letter.mail.header("from").unwrap_or_default().to_ascii_lowercase();
    [
        "virus",
        "amavis",
        "mailscanner",
        "scanmail",
        "antigen",
        "sophos",
        "symantec",
        "trend",
        "kaspersky",
        "clam",
        "security",
        "administrator",
        "mcafee",
        "scanner",
        "gateway",
        "postmaster",
        "content-filter",
        "content filter",
        "mailmarshal",
        "admin@",
    ]
    .iter()
    .any(|name| from.contains(name))
}

/// The one recipient of the scanned message that the notice names, by a label or as the only stranger in it.
fn scanned_recipient(letter: &Letter<'_>) -> Option<Address> {
    labelled_recipient(letter).or_else(|| {
        let author = letter.author();
        let strangers = addresses_in(&letter.whole().folded)
            .filter_map(|(start, end)| Address::parse(unfold(letter.mail.own_text(), start, end)))
            .filter(|address| {
                let is_author = author.as_ref().is_some_and(|author| author.same(address));
                !is_author && !is_desk(address)
            });
        letter.only_stranger(strangers)
    })
}

fn labelled_recipient(letter: &Letter<'_>) -> Option<Address> {
    let named = letter.mail.own_text().lines().take(80).filter_map(|line| {
        let (label, value) = line.split_once([':', '：'])?;
        let label = fold(label, 60);
        let names_it = value.contains('@') && RECIPIENT_LABELS.contains(&label.trim_start_matches(['*', '-', ' ']));
        names_it.then(|| addresses(value))
    });
    letter.only_stranger(named.flatten())
}
