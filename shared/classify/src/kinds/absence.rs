//! Automatic answers of a person or a help desk: away, gone, received.

use super::letter::Letter;
use super::phrases::{Place, Says, whole};
use super::robot::Nature;
use super::{Evidence, Kind};
use crate::words::{Category, Reason};

/// People who are away say so at once.
const FIRST_WORDS_BYTES: usize = 700;
/// An absence note is short; whoever writes more writes a letter.
const SHORT_BYTES: usize = 600;
/// What a message without any mark in its header has to reach.
const ENOUGH: i32 = 3;

pub(super) fn recognise(letter: &Letter<'_>) -> Option<Kind> {
    let robot = letter.robot();
    let recognised = match robot.nature {
        Nature::Replied => true,
        Nature::Generated => !letter.is_bulk() && tells(letter) && score(letter) >= ENOUGH - 2,
        Nature::Perhaps => !letter.is_bulk() && tells(letter) && score(letter) >= ENOUGH - 1,
        Nature::Person => !letter.is_bulk() && tells(letter) && score(letter) >= ENOUGH,
    };
    recognised.then(|| kind(letter))
}

/// Whether anything says outright that somebody is away or gone, or that a robot answers.
fn tells(letter: &Letter<'_>) -> bool {
    letter.says(Says::Away)
        || letter.subject().hits.has_any(&[Says::AutoReply, Says::AbsenceNotice])
        || whole_subject(letter).is_some()
        || letter.says(Says::Departed)
        || letter.says(Says::Closed)
        || letter.says(Says::Ticket)
        || (letter.words().hits.has(Says::AutoReply) && letter.words().hits.has(Says::Meanwhile))
}

fn score(letter: &Letter<'_>) -> i32 {
    let subject = letter.subject();
    let words = letter.words();
    let mut score = 0;
    let at_start = |says| subject.hits.all(says).any(|hit| hit.start <= 2);
    if subject.hits.has(Says::AutoReply) {
        score += if at_start(Says::AutoReply) { 3 } else { 2 };
    }
    if subject.hits.has(Says::AbsenceNotice) || whole_subject(letter).is_some() {
        score += if at_start(Says::AbsenceNotice) || whole_subject(letter).is_some() {
            2
        } else {
            1
        };
    }
    if let Some(away) = words.hits.first(Says::Away) {
        score += if away.start < FIRST_WORDS_BYTES { 2 } else { 1 };
    }
    if words.hits.has(Says::AutoReply) {
        score += 2;
    }
    score += i32::from(words.hits.count(Says::Meanwhile) > 0) + i32::from(words.hits.count(Says::Meanwhile) > 2);
    score += 2 * i32::from(words.hits.has(Says::Ticket)) + i32::from(subject.hits.has(Says::Ticket));
    let gone = words
        .hits
        .first(Says::Departed)
        .or_else(|| words.hits.first(Says::Closed));
    if gone.is_some_and(|gone| gone.start < FIRST_WORDS_BYTES / 2) {
        score += 2 + i32::from(words.hits.has(Says::OtherAddress));
    }
    if words.folded.len() < SHORT_BYTES && !words.folded.is_empty() {
        score += 1;
    }
    // Robots neither quote nor ask, and do not sell.
    score -= i32::from(letter.quotes());
    score -= i32::from(words.folded.contains(['?', '？']) || subject.folded.contains(['?', '？']));
    score -= 2 * i32::try_from(letter.whole().hits.count(Says::Bulk).min(2)).unwrap_or(2);
    score
}

fn kind(letter: &Letter<'_>) -> Kind {
    let (rule, reason, evidence) = if let Some(evidence) = letter.evidence(Says::Departed) {
        ("absence.departed", Reason::HasMoved, Some(evidence))
    } else if letter.words().hits.has(Says::Away) {
        ("absence.away", Reason::Vacation, letter.evidence(Says::Away))
    } else if let Some(evidence) = letter.evidence(Says::Closed) {
        ("absence.address-closed", Reason::Suspended, Some(evidence))
    } else if let Some(evidence) = letter
        .subject_evidence(Says::AbsenceNotice)
        .or_else(|| whole_subject(letter))
    {
        ("absence.notice", Reason::Vacation, Some(evidence))
    } else if let Some(evidence) = letter.evidence(Says::Ticket) {
        ("absence.acknowledgement", Reason::Vacation, Some(evidence))
    } else if let Some(evidence) = letter.evidence(Says::AutoReply) {
        ("absence.automatic-reply", Reason::Vacation, Some(evidence))
    } else {
        let evidence = letter
            .robot()
            .field
            .clone()
            .map(|words| Evidence { language: "", words });
        ("absence.header", Reason::Vacation, evidence)
    };
    Kind::new(Category::OutOfOffice, reason, rule, evidence).about(letter.author())
}

fn whole_subject(letter: &Letter<'_>) -> Option<Evidence> {
    let language = whole(&letter.subject().folded, Place::Subject, Says::AbsenceNotice)?;
    Some(Evidence {
        language,
        words: letter.mail.subject().to_owned(),
    })
}
