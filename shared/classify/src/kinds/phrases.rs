//! The phrases: what they say, where they count, and finding them all in one pass.
//!
//! They are data, `phrases/*.toml`, folded and put in order when this crate is built. There are thousands, in forty
//! languages: an automaton over them takes twenty milliseconds to build and a table of it megabytes, so at every start
//! of a word those that stand there are looked up.

use std::borrow::Cow;

use super::fold::is_unspaced;
use crate::prefixes::{self, Prefixes};

/// What stands between the pieces of a phrase, at most: a date and a few words.
const MAX_GAP_BYTES: usize = 72;

/// What a phrase says, independent of its language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Says {
    AutoReply,
    AbsenceNotice,
    Away,
    Meanwhile,
    Ticket,
    Departed,
    Closed,
    Moved,
    NotMoved,
    NewAddress,
    IsNewAddress,
    OldAddress,
    OtherAddress,
    ChallengeSystem,
    Challenge,
    ChallengeHint,
    NotChallenge,
    UnsubscribeCommand,
    Unsubscribe,
    NotUnsubscribe,
    SubscribeCommand,
    Subscribe,
    NotSubscribe,
    Virus,
    VirusHint,
    VirusWord,
    VirusSystem,
    ReadReceipt,
    ReadBody,
    Complaint,
    AggregateReport,
    Failure,
    Bulk,
}

/// Where a phrase counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Subject,
    Body,
}

/// A phrase found, at `start..end` of the folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) says: Says,
    pub(super) language: &'static str,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// All phrases found in one text, in the order they start.
#[derive(Clone, Debug, Default)]
pub(super) struct Hits {
    hits: Vec<Hit>,
    said: u64,
}

impl Hits {
    /// Whether anything says it.
    pub(super) fn has(&self, says: Says) -> bool {
        self.said & bit(says) != 0
    }

    /// Whether any of them is said.
    pub(super) fn has_any(&self, says: &[Says]) -> bool {
        says.iter().any(|says| self.has(*says))
    }

    /// Everything that says it.
    pub(super) fn all(&self, says: Says) -> impl Iterator<Item = &Hit> {
        self.hits.iter().filter(move |hit| hit.says == says)
    }

    /// The first thing that says it.
    pub(super) fn first(&self, says: Says) -> Option<&Hit> {
        self.has(says).then(|| self.all(says).next()).flatten()
    }

    /// How many different places say it; phrases that overlap count once.
    pub(super) fn count(&self, says: Says) -> usize {
        let mut end = 0;
        self.all(says)
            .filter(|hit| {
                let apart = hit.start >= end;
                end = end.max(hit.end);
                apart
            })
            .count()
    }

    fn push(&mut self, hit: Hit) {
        self.said |= bit(hit.says);
        self.hits.push(hit);
    }
}

fn bit(says: Says) -> u64 {
    1 << (says as u64)
}

// Written by `build.rs`: GROUPS, PHRASES, PIECES and what they are used for (USES), WHOLE, and the sorted lists of
// `phrases/quoting.toml` and `phrases/sentences.toml` under their names there.
include!(concat!(env!("OUT_DIR"), "/phrases.rs"));

/// Phrases that say the same in one language.
struct Group {
    says: Says,
    place: Option<Place>,
    language: &'static str,
}

struct Phrase {
    group: u16,
    pieces: u8,
}

/// What folded words are of a phrase.
struct Use {
    phrase: u16,
    position: u8,
    open: bool,
}

/// How far a phrase of several pieces has come.
struct Progress {
    phrase: u16,
    next: u8,
    start: usize,
    end: usize,
}

/// Every phrase of `folded` that counts in `place`.
pub(super) fn scan(folded: &str, place: Place) -> Hits {
    let mut hits = Hits::default();
    let mut begun: Vec<Progress> = Vec::new();
    let mut before = None;
    let mut at = 0;
    while let Some(rest) = folded.get(at..) {
        if rest.starts_with(' ') {
            before = None;
            at += 1;
            continue;
        }
        let Some(c) = rest.chars().next() else { break };
        let start = at;
        // Nothing starts within a word.
        let letters = rest.bytes().position(|byte| !is_letter(byte)).unwrap_or(rest.len());
        at += letters.max(c.len_utf8());
        if before
            .replace(c)
            .is_some_and(|before| !are_apart(Some(before), Some(c)))
        {
            continue;
        }
        for (piece, length) in PIECES.of(rest.as_bytes()) {
            let end = start + length;
            let ends_word = ends_word(folded, end);
            let uses = USES.get(piece).copied().unwrap_or_default();
            for used in uses.iter().filter(|used| used.open || ends_word) {
                let Some((phrase, group)) = phrase(used.phrase) else {
                    continue;
                };
                if group.place.is_some_and(|only| only != place) {
                    continue;
                }
                let Some(start) = follow(&mut begun, used, start, end, folded) else {
                    continue;
                };
                if used.position + 1 == phrase.pieces {
                    hits.push(Hit {
                        says: group.says,
                        language: group.language,
                        start,
                        end,
                    });
                }
            }
        }
    }
    hits
}

/// The language in which a whole folded line or subject says that.
pub(super) fn whole(folded: &str, place: Place, says: Says) -> Option<&'static str> {
    let bare = folded.trim_matches(|c: char| c.is_whitespace() || is_decoration(c));
    let found = WHOLE.binary_search_by(|(text, _)| (*text).cmp(bare)).ok()?;
    let (_, groups) = WHOLE.get(found)?;
    groups.iter().find_map(|group| {
        let group = GROUPS.get(usize::from(*group))?;
        (group.says == says && group.place.is_none_or(|only| only == place)).then_some(group.language)
    })
}

fn phrase(index: u16) -> Option<(&'static Phrase, &'static Group)> {
    let phrase = PHRASES.get(usize::from(index))?;
    Some((phrase, GROUPS.get(usize::from(phrase.group))?))
}

/// Where the phrase started, if this piece continues it.
fn follow(begun: &mut Vec<Progress>, used: &Use, start: usize, end: usize, folded: &str) -> Option<usize> {
    if used.position == 0 {
        begun.push(Progress {
            phrase: used.phrase,
            next: 1,
            start,
            end,
        });
        return Some(start);
    }
    let before = begun
        .iter()
        .rev()
        .take_while(|before| before.end + 8 * MAX_GAP_BYTES > start)
        .find(|before| {
            before.phrase == used.phrase
                && before.next == used.position
                && before.end <= start
                && start - before.end <= MAX_GAP_BYTES
                && folded
                    .get(before.end..start)
                    .is_some_and(|gap| is_one_sentence(gap) && !is_negative(gap))
        })?;
    let phrase_start = before.start;
    begun.push(Progress {
        phrase: used.phrase,
        next: used.position + 1,
        start: phrase_start,
        end,
    });
    Some(phrase_start)
}

/// "Ich bin *nicht* im Urlaub" does not say "ich bin im Urlaub".
fn is_negative(gap: &str) -> bool {
    gap.split(' ').any(|word| {
        matches!(
            word,
            "not"
                | "never"
                | "nicht"
                | "nie"
                | "kein"
                | "keine"
                | "pas"
                | "jamais"
                | "niet"
                | "geen"
                | "nooit"
                | "inte"
                | "aldrig"
                | "ikke"
                | "не"
                | "ні"
        )
    })
}

/// Whether nothing in `gap` ends a sentence. A dot inside a date or a number does not.
pub(super) fn is_one_sentence(gap: &str) -> bool {
    !gap.contains(['\n', '!', '?', '。', '！', '？'])
        && !gap.match_indices(". ").any(|(at, _)| {
            gap.get(..at)
                .is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_digit()))
        })
}

/// Whether it is a letter or digit of ASCII; asked of every byte of a text.
fn is_letter(byte: u8) -> bool {
    LETTERS.get(usize::from(byte)).is_some_and(|is| *is)
}

#[allow(clippy::indexing_slicing, reason = "checked when it is compiled")]
const LETTERS: [bool; 256] = {
    let mut letters = [false; 256];
    let mut byte = 0_u8;
    while byte.is_ascii() {
        letters[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    letters
};

fn ends_word(text: &str, at: usize) -> bool {
    let last = text.get(..at).and_then(|head| head.chars().next_back());
    let after = text.get(at..).and_then(|rest| rest.chars().next());
    are_apart(last, after)
}

/// Whether a word ends between two characters. Scripts without spaces have no words to respect.
fn are_apart(left: Option<char>, right: Option<char>) -> bool {
    match (left, right) {
        // Asked of every word of a text, and most are these.
        (Some(left), Some(right)) if left.is_ascii() && right.is_ascii() => {
            !(left.is_ascii_alphanumeric() && right.is_ascii_alphanumeric())
        }
        (Some(left), Some(right)) => are_apart_beyond_ascii(left, right),
        _ => true,
    }
}

fn are_apart_beyond_ascii(left: char, right: char) -> bool {
    !(left.is_alphanumeric() && right.is_alphanumeric()) || is_continuous(left) || is_continuous(right)
}

/// Scripts that put no space between words: Chinese, Japanese, Thai.
fn is_continuous(c: char) -> bool {
    is_unspaced(c) || ('\u{e00}'..='\u{e7f}').contains(&c)
}

fn is_decoration(c: char) -> bool {
    matches!(
        c,
        '.' | '!'
            | ','
            | ';'
            | ':'
            | '"'
            | '\''
            | '('
            | ')'
            | '['
            | ']'
            | '<'
            | '>'
            | '*'
            | '_'
            | '-'
            | '。'
            | '！'
            | '、'
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Deserialize;

    use super::super::fold::fold;
    use super::*;

    #[derive(Deserialize)]
    struct File {
        say: Vec<Say>,
    }

    #[derive(Deserialize)]
    struct Say {
        what: String,
        #[serde(rename = "in")]
        place: Option<String>,
        language: String,
        #[serde(default)]
        whole: Vec<String>,
        examples: Vec<String>,
        not: Vec<String>,
    }

    fn name(says: Says) -> String {
        let mut kebab = String::new();
        for c in format!("{says:?}").chars() {
            if c.is_uppercase() && !kebab.is_empty() {
                kebab.push('-');
            }
            kebab.extend(c.to_lowercase());
        }
        kebab
    }

    /// What `text` says in that language, as names of the files.
    fn said(text: &str, place: Place, language: &str) -> Vec<String> {
        let folded = fold(text, usize::MAX);
        let mut said: Vec<String> = scan(&folded, place)
            .hits
            .iter()
            .filter(|hit| hit.language == language)
            .map(|hit| name(hit.says))
            .collect();
        for says in [Says::UnsubscribeCommand, Says::SubscribeCommand, Says::AbsenceNotice] {
            if whole(&folded, place, says) == Some(language) {
                said.push(name(says));
            }
        }
        said
    }

    #[test]
    fn every_group_finds_its_examples_and_nothing_else() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("phrases");
        let mut groups = HashMap::new();
        let mut wrong = Vec::new();
        for entry in std::fs::read_dir(folder).expect("it is there") {
            let path = entry.expect("it can be listed").path();
            if path.ends_with("quoting.toml") || path.ends_with("sentences.toml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("it is UTF-8");
            let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            for say in file.say {
                let place = match say.place.as_deref() {
                    Some("subject") => Place::Subject,
                    _ => Place::Body,
                };
                assert!(
                    !say.examples.is_empty() && !say.not.is_empty(),
                    "{} {}",
                    say.what,
                    say.language
                );
                for example in &say.examples {
                    let said = said(example, place, &say.language);
                    if !said.contains(&say.what) {
                        wrong.push(format!("{} {}: {example:?} says only {said:?}", say.what, say.language));
                    }
                }
                for not in &say.not {
                    let said = said(not, place, &say.language);
                    if said.contains(&say.what) {
                        wrong.push(format!("{} {}: {not:?} says it", say.what, say.language));
                    }
                }
                *groups
                    .entry((say.what, say.language, say.place, say.whole.is_empty()))
                    .or_insert(0) += 1;
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let twice: Vec<_> = groups.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "one group says it: {twice:?}");
    }

    #[test]
    fn phrases_respect_words_and_sentences() {
        for (text, says, expected) in [
            ("i am out of the office", Says::Away, true),
            ("i am out of the officers' mess", Says::Away, false),
            ("ich bin bis zum 5. mai nicht im buro", Says::Away, true),
            ("ich bin da. sie sind nicht im buro", Says::Away, false),
            ("ich bin da\nnicht im buro", Says::Away, false),
            ("現在休暇中です", Says::Away, true),
        ] {
            assert_eq!(scan(text, Place::Body).has(says), expected, "{text:?}");
        }
    }

    #[test]
    fn finding_is_linear_in_the_text() {
        let text = "i am i am ich bin ".repeat(20_000);
        assert!(!scan(&text, Place::Body).has(Says::Away));
    }
}
