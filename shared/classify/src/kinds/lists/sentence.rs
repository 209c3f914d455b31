//! Sentences in which a person asks.

use super::command::MAX_COMMAND_BYTES;
use super::{Request, Wish, subscribed_address};
use crate::kinds::Evidence;
use crate::kinds::fold::unfold;
use crate::kinds::letter::Letter;
use crate::kinds::phrases::{CONDITIONS, Hit, NEGATIONS, QUESTIONS, RESETS, SELF_QUESTIONS, Says, is_one_sentence};
use crate::kinds::robot::Nature;

/// A request stands in the first words.
const FIRST_WORDS_BYTES: usize = 500;
/// Whoever writes more than this has something else to say as well.
const MAX_REQUEST_BYTES: usize = 1600;

pub(super) fn asking(letter: &Letter<'_>, wish: Wish) -> Option<Request> {
    let (_, says, not) = wish.says();
    let words = letter.words();
    if words.folded.len() > MAX_REQUEST_BYTES || words.hits.has(Says::Bulk) {
        return None;
    }
    let asked: Vec<&Hit> = words
        .hits
        .all(says)
        .filter(|hit| hit.start < FIRST_WORDS_BYTES)
        .collect();
    let taken_back = |hit: &Hit| {
        words.hits.all(not).any(|no| {
            // "I want to unsubscribe" holds "to unsubscribe", the beginning of an offer.
            if no.start >= hit.start && no.end <= hit.end {
                return false;
            }
            let (first, second) = if no.start < hit.start { (no, hit) } else { (hit, no) };
            second.start <= first.end || is_one_sentence(words.folded.get(first.end..second.start).unwrap_or("\n"))
        })
    };
    let subject = letter.subject();
    let in_subject = subject
        .hits
        .first(says)
        .filter(|_| !subject.hits.has(not) && !words.hits.has(not));
    let hit = asked.into_iter().find(|hit| {
        !taken_back(hit)
            && !is_negated(&words.folded, hit)
            && !is_question(&words.folded, hit)
            && !is_conditional(&words.folded, hit)
    });
    let evidence = match (hit, in_subject) {
        (Some(hit), _) => Evidence {
            language: hit.language,
            words: unfold(letter.written(), hit.start, hit.end).to_owned(),
        },
        (None, Some(_)) if words.folded.len() < MAX_COMMAND_BYTES && !is_answer(&subject.folded) => {
            letter.subject_evidence(says)?
        }
        _ => return None,
    };
    if letter.robot().nature == Nature::Generated {
        return None;
    }
    Some(Request {
        wish,
        rule: match wish {
            Wish::On => "subscribe.sentence",
            Wish::Off => "unsubscribe.sentence",
        },
        evidence: Some(evidence),
        named: hit.and_then(|hit| {
            let sentence = sentence_around(&words.folded, hit);
            subscribed_address(letter, words.folded.get(sentence.0..sentence.1)?, letter.written())
        }),
    })
}

/// Whether the subject belongs to a conversation, whose first words may be ours.
fn is_answer(subject: &str) -> bool {
    [
        "re:", "aw:", "fwd:", "fw:", "wg:", "sv:", "tr:", "rv:", "vs:", "odp:", "antw:", "回复:", "答复:",
    ]
    .iter()
    .any(|prefix| subject.starts_with(prefix))
}

/// The sentence that `hit` stands in, as a byte range.
fn sentence_around(text: &str, hit: &Hit) -> (usize, usize) {
    let ends = |c: char| matches!(c, '\n' | '!' | '?' | '。' | '！' | '？');
    let start = text.get(..hit.start).map_or(0, |head| {
        head.rfind(ends)
            .map_or(0, |at| at + 1)
            .max(head.rfind(". ").map_or(0, |at| at + 2))
    });
    let tail = text.get(hit.end..).unwrap_or_default();
    let length = [tail.find(ends), tail.find(". ")]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(tail.len());
    (start.min(hit.start), hit.end + length)
}

/// "How do I unsubscribe?" asks for an answer; "could you please unsubscribe me?" asks for the thing.
fn is_question(text: &str, hit: &Hit) -> bool {
    let (start, end) = sentence_around(text, hit);
    let sentence = text.get(start..end).unwrap_or_default();
    let sentence = sentence.trim_start_matches(|c: char| !c.is_alphanumeric());
    let asked = text.get(end..).is_some_and(|rest| rest.starts_with(['?', '？']));
    QUESTIONS.iter().any(|words| starts_with_words(sentence, words))
        || (asked && SELF_QUESTIONS.iter().any(|words| starts_with_words(sentence, words)))
}

/// "I don't want to cancel my subscription": a negation in the same clause, unless the request is one itself
/// ("do not send me").
fn is_negated(text: &str, hit: &Hit) -> bool {
    let has_negation = |text: &str| {
        text.split([' ', '\n'])
            .any(|word| NEGATIONS.binary_search(&word).is_ok())
    };
    !has_negation(text.get(hit.start..hit.end).unwrap_or_default()) && has_negation(clause_before(text, hit))
}

/// "Before I cancel my subscription" asks for nothing yet, and "people who unsubscribe" are others.
fn is_conditional(text: &str, hit: &Hit) -> bool {
    let clause = clause_before(text, hit);
    CONDITIONS.iter().any(|words| {
        clause.match_indices(words).any(|(at, _)| {
            let before = clause.get(..at).and_then(|head| head.chars().next_back());
            before.is_none_or(|c| !c.is_alphanumeric())
                && clause.get(at..).is_some_and(|rest| starts_with_words(rest, words))
        })
    })
}

/// What stands before the request in its clause, from the last word on that begins a new thought.
fn clause_before<'t>(text: &'t str, hit: &Hit) -> &'t str {
    let head = text.get(..hit.start).unwrap_or_default();
    let start = head
        .rfind(['.', ',', ';', ':', '!', '?', '(', '\n', '。', '、', '，'])
        .map_or(0, |at| {
            at + head
                .get(at..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8)
        });
    let clause = head.get(start..).unwrap_or_default();
    let mut after = clause;
    for (at, _) in clause.match_indices(' ') {
        let word = clause
            .get(..at)
            .and_then(|head| head.rsplit(' ').next())
            .unwrap_or_default();
        if RESETS.binary_search(&word).is_ok() {
            after = clause.get(at..).unwrap_or_default();
        }
    }
    after
}

fn starts_with_words(text: &str, words: &str) -> bool {
    text.strip_prefix(words)
        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}
