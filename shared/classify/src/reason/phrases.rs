//! All phrases of all rules, found in one pass over the text.
//!
//! A phrase is one or more fragments, `"mailbox ... is full"`; what stands between two of them may be at most
//! [`MAX_GAP`] bytes long. A fragment matches whole words only; a `*` at its end lets the last word go on, for
//! languages that inflect. A phrase that is negated right in front ("not a spam") does not count.
//!
//! Fragments can only begin where a word does, and there are a few dozen such places in a diagnostic. So asking at each
//! of them what begins there beats an automaton: it is as fast on texts this short, and the built-in phrases are put in
//! order when the program is built.

use std::borrow::Cow;
use std::ops::Range;

use super::fold::{fold_phrase, is_unspaced};
use crate::prefixes::{self, Prefixes};

/// How far apart two fragments of a phrase may stand, in bytes of folded text: a name or a short clause, not a sentence.
const MAX_GAP: usize = 64;
/// Beginnings remembered at a time; a text with more of them within a phrase's reach is noise.
const MAX_OPEN: usize = 64;
/// Shorter fragments would be found everywhere.
const MIN_FRAGMENT: usize = prefixes::MIN_BYTES;
/// Words that turn the phrase behind them into its opposite.
const NEGATIONS: [&str; 10] = [
    "not ", "no ", "not a ", "not an ", "not as ", "isn't ", "isn't a ", "wasn't ", "never ", "non ",
];

/// Which phrase, counted from zero in the order in which they were added; the meaning is the caller's.
pub(super) type PhraseId = usize;

/// Why a phrase can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PhraseError {
    #[error("a phrase or fragment needs at least two bytes of text")]
    TooShort,
}

/// Collects phrases, then puts them in order.
#[derive(Debug, Default)]
pub(super) struct PhraseSetBuilder {
    fragments: Vec<(String, FragmentUse)>,
    phrases: usize,
}

/// What finding a fragment means for one phrase.
#[derive(Clone, Copy, Debug)]
pub(super) struct FragmentUse {
    pub(super) phrase: PhraseId,
    /// Which fragment of the phrase it is, and whether it is the last.
    pub(super) position: u8,
    pub(super) last: bool,
    /// Whether the word must end with the fragment.
    pub(super) whole: bool,
    /// The same of the fragment before it.
    pub(super) whole_before: bool,
}

impl PhraseSetBuilder {
    /// Takes a phrase and gives its number.
    pub(super) fn add(&mut self, phrase: &str) -> Result<PhraseId, PhraseError> {
        let id = self.phrases;
        let before = self.fragments.len();
        let mut fragments = phrase.split(" ... ").map(str::trim).peekable();
        let (mut position, mut whole_before) = (0, false);
        while let Some(fragment) = fragments.next() {
            let text = fold_phrase(fragment);
            if text.len() < MIN_FRAGMENT {
                self.fragments.truncate(before);
                return Err(PhraseError::TooShort);
            }
            let whole = !fragment.ends_with('*') && text.chars().next_back().is_some_and(continues_word);
            let last = fragments.peek().is_none();
            self.fragments.push((
                text,
                FragmentUse {
                    phrase: id,
                    position,
                    last,
                    whole,
                    whole_before,
                },
            ));
            position += 1;
            whole_before = whole;
        }
        self.phrases += 1;
        Ok(id)
    }

    /// Takes a part of a host name or link, found where no letter or digit stands next to it, and gives its number.
    pub(super) fn add_name(&mut self, name: &str) -> Result<PhraseId, PhraseError> {
        let id = self.phrases;
        let text = name.to_ascii_lowercase();
        if text.len() < MIN_FRAGMENT {
            return Err(PhraseError::TooShort);
        }
        let whole = text.chars().next_back().is_some_and(continues_word);
        self.fragments.push((
            text,
            FragmentUse {
                phrase: id,
                position: 0,
                last: true,
                whole,
                whole_before: false,
            },
        ));
        self.phrases += 1;
        Ok(id)
    }

    /// Puts the fragments in order.
    pub(super) fn build(mut self) -> PhraseSet {
        self.fragments
            .sort_unstable_by(|(a, left), (b, right)| a.cmp(b).then(left.phrase.cmp(&right.phrase)));
        let mut first = vec![0; self.phrases];
        let mut uses = Vec::with_capacity(self.fragments.len());
        let mut entries: Vec<Entry> = Vec::new();
        let mut texts: Vec<&str> = Vec::new();
        for (text, usage) in &self.fragments {
            if texts.last() != Some(&text.as_str()) {
                entries.push(Entry {
                    negates: NEGATIONS.iter().any(|negation| text.starts_with(negation)),
                    begins: false,
                    uses: uses.len()..uses.len(),
                });
                texts.push(text);
            }
            let index = entries.len() - 1;
            if let (0, Some(first)) = (usage.position, first.get_mut(usage.phrase)) {
                *first = index;
            }
            if let (0, false, Some(entry)) = (usage.position, usage.last, entries.last_mut()) {
                entry.begins = true;
            }
            // That a phrase of several fragments begins here is noted of the entry, once for all such phrases.
            if usage.position > 0 || usage.last {
                uses.push(*usage);
                if let Some(entry) = entries.last_mut() {
                    entry.uses.end = uses.len();
                }
            }
        }
        PhraseSet {
            first: first.into(),
            fragments: Prefixes::new(texts),
            entries: entries.into(),
            uses: uses.into(),
        }
    }
}

/// The phrases of all rules.
#[derive(Debug)]
pub(super) struct PhraseSet {
    /// The entry that each phrase begins with.
    pub(super) first: Cow<'static, [usize]>,
    /// Every fragment once.
    pub(super) fragments: Prefixes,
    /// What finding each of them means.
    pub(super) entries: Cow<'static, [Entry]>,
    pub(super) uses: Cow<'static, [FragmentUse]>,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Whether it says "not" itself, so that another in front of it means nothing.
    pub(super) negates: bool,
    /// Whether a phrase of several fragments begins with it.
    pub(super) begins: bool,
    pub(super) uses: Range<usize>,
}

/// A phrase that was found, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) phrase: PhraseId,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl PhraseSet {
    /// No phrases at all.
    pub(super) const EMPTY: Self = Self {
        first: Cow::Borrowed(&[]),
        fragments: Prefixes::EMPTY,
        entries: Cow::Borrowed(&[]),
        uses: Cow::Borrowed(&[]),
    };

    /// Every phrase that occurs, once each, at its first occurrence; allocates nothing when there is none.
    pub(super) fn find(&self, folded: &str) -> Vec<Found> {
        let mut search = Search {
            set: self,
            folded,
            found: Vec::new(),
            open: Vec::with_capacity(if folded.is_empty() { 0 } else { 16 }),
            seen: Vec::new(),
        };
        let mut at = 0;
        while let Some(byte) = folded.as_bytes().get(at) {
            if *byte == b' ' {
                at += 1;
            } else {
                search.at(at);
                at += folded.get(at..).map_or(1, length_of_word);
            }
        }
        search.found
    }
}

struct Search<'s> {
    set: &'s PhraseSet,
    folded: &'s str,
    found: Vec<Found>,
    /// Beginnings of phrases of several fragments.
    open: Vec<Begun>,
    seen: Vec<u64>,
}

/// Where phrases of several fragments have begun.
#[derive(Clone, Copy)]
struct Begun {
    what: Beginning,
    /// Whether the fragment ended within a word.
    goes_on: bool,
    start: usize,
    end: usize,
}

/// All phrases that begin with an entry share one note of it; what comes after is each phrase's own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beginning {
    Entry(usize),
    Phrase(PhraseId, u8),
}

impl Search<'_> {
    /// Every fragment that begins here.
    fn at(&mut self, start: usize) {
        let Some(rest) = self.folded.as_bytes().get(start..) else {
            return;
        };
        let mut negated = None;
        for (index, length) in self.set.fragments.of(rest) {
            let Some(entry) = self.set.entries.get(index) else {
                continue;
            };
            let end = start + length;
            let goes_on = self.folded.get(end..).is_some_and(begins_with_letter);
            let mut negated = || !entry.negates && *negated.get_or_insert_with(|| is_negated(self.folded, start));
            for usage in self.set.uses.get(entry.uses.clone()).unwrap_or_default() {
                let wrong_end = usage.whole && goes_on;
                if wrong_end || is_set(&self.seen, usage.phrase) || usage.position == 0 && negated() {
                    continue;
                }
                if let Some(begun) = self.begun(*usage, start) {
                    self.fragment(
                        *usage,
                        Begun {
                            start: begun,
                            end,
                            goes_on,
                            what: Beginning::Entry(index),
                        },
                    );
                }
            }
            if entry.begins && !negated() {
                self.open(Begun {
                    what: Beginning::Entry(index),
                    goes_on,
                    start,
                    end,
                });
            }
        }
    }

    /// Where the phrase began that has this fragment at `start`.
    fn begun(&self, usage: FragmentUse, start: usize) -> Option<usize> {
        let wanted = match usage.position {
            0 => return Some(start),
            1 => Beginning::Entry(*self.set.first.get(usage.phrase)?),
            position => Beginning::Phrase(usage.phrase, position),
        };
        let near = |begun: &&Begun| start >= begun.end && start - begun.end <= MAX_GAP;
        let waiting = self
            .open
            .iter()
            .rev()
            .find(|begun| begun.what == wanted && near(begun) && !(usage.whole_before && begun.goes_on));
        waiting.map(|begun| begun.start)
    }

    fn fragment(&mut self, usage: FragmentUse, at: Begun) {
        if usage.last {
            set(&mut self.seen, usage.phrase, self.set.first.len());
            self.found.push(Found {
                phrase: usage.phrase,
                start: at.start,
                end: at.end,
            });
        } else {
            self.open(Begun {
                what: Beginning::Phrase(usage.phrase, usage.position + 1),
                ..at
            });
        }
    }

    fn open(&mut self, begun: Begun) {
        if self.open.len() == MAX_OPEN {
            self.open.drain(..MAX_OPEN / 2);
        }
        self.open.push(begun);
    }
}

fn is_negated(folded: &str, start: usize) -> bool {
    let before = folded.get(..start).unwrap_or_default();
    let ending = before.as_bytes().last_chunk();
    let possible = ending.is_some_and(|ending| {
        NEGATIONS
            .iter()
            .any(|negation| negation.as_bytes().last_chunk() == Some::<&[u8; 3]>(ending))
    });
    possible
        && NEGATIONS.iter().any(|negation| {
            before
                .strip_suffix(negation)
                .is_some_and(|rest| !rest.chars().next_back().is_some_and(continues_word))
        })
}

/// How long the word is that stands here, or the mark.
fn length_of_word(text: &str) -> usize {
    let mut length = match text.chars().next() {
        Some(first) if continues_word(first) => 0,
        first => return first.map_or(1, char::len_utf8),
    };
    while let Some(rest) = text.get(length..) {
        let ascii = rest.bytes().position(|byte| !byte.is_ascii_alphanumeric());
        length += ascii.unwrap_or(rest.len());
        match text.get(length..).and_then(|rest| rest.chars().next()) {
            Some(c) if continues_word(c) => length += c.len_utf8(),
            _ => break,
        }
    }
    length
}

fn begins_with_letter(text: &str) -> bool {
    text.chars().next().is_some_and(continues_word)
}

/// Whether a character next to a match means that the match is only a part of a word.
#[inline]
fn continues_word(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric()
    } else {
        continues_word_beyond_ascii(c)
    }
}

#[inline(never)]
fn continues_word_beyond_ascii(c: char) -> bool {
    match c {
        // Cyrillic, Greek, Hebrew, Arabic and Devanagari letters: no need for a look at Unicode's tables.
        '\u{430}'..='\u{45F}'
        | '\u{3B1}'..='\u{3C9}'
        | '\u{5D0}'..='\u{5EA}'
        | '\u{620}'..='\u{64A}'
        | '\u{904}'..='\u{939}' => true,
        // No letters: dashes, quotes and ideographic stops; what stands for a masked piece, which is private use. And
        // Korean puts spaces between words but hangs endings on them.
        '\u{2000}'..='\u{206F}' | '\u{3000}'..='\u{3004}' | '\u{E000}'..='\u{F8FF}' | '\u{AC00}'..='\u{D7AF}' => false,
        _ => !is_unspaced(c) && c.is_alphanumeric(),
    }
}

fn is_set(bits: &[u64], at: usize) -> bool {
    bits.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
}

fn set(bits: &mut Vec<u64>, at: usize, len: usize) {
    if bits.is_empty() {
        bits.resize(len / 64 + 1, 0);
    }
    if let Some(word) = bits.get_mut(at / 64) {
        *word |= 1 << (at % 64);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fold::fold;
    use super::*;

    #[test]
    fn what_is_known_of_letters_is_what_unicode_says() {
        let by_hand = [
            '\u{430}'..='\u{45F}',
            '\u{3B1}'..='\u{3C9}',
            '\u{5D0}'..='\u{5EA}',
            '\u{620}'..='\u{64A}',
            '\u{904}'..='\u{939}',
            '\u{2000}'..='\u{206F}',
            '\u{3000}'..='\u{3004}',
        ];
        for c in by_hand.into_iter().flatten() {
            assert_eq!(continues_word(c), c.is_alphanumeric(), "{c:?}");
        }
    }

    fn found(phrase: &str, text: &str) -> bool {
        let mut builder = PhraseSetBuilder::default();
        builder.add("never said").unwrap();
        let id = builder.add(phrase).unwrap();
        let set = builder.build();
        set.find(&fold(text).prose).iter().any(|found| found.phrase == id)
    }

    #[test]
    fn phrases_match_whole_words_across_case_wrapping_and_quoting() {
        for (phrase, text, expected) in [
            ("user unknown", "550 <a@example.com>... User Unknown", true),
            ("user unknown", "superuser unknown", false),
            ("user unknown", "user unknowns", false),
            ("user unknown*", "user unknowns", true),
            ("user unknown", "user\r\n unknown", true),
            ("mailbox ... full", "mailbox of a@example.com is full", true),
            ("mailbox ... full", "mailbox fully", false),
            ("mailbox ... full", "full mailbox", false),
            (
                "mailbox ... full",
                "mailbox a, which has been looked at from every side and by everybody and which is full",
                false,
            ),
            ("{addr} ... unknown", "<a@example.com> is unknown here", true),
            (
                "почтовый ящик ... переполнен*",
                "Почтовый ящик получателя переполнен",
                true,
            ),
            ("存在しません", "そのユーザーは存在しません。", true),
            ("spam message", "this is not a spam message", false),
            ("spam message", "this is a spam message", true),
            ("not listed", "is not listed", true),
        ] {
            assert_eq!(found(phrase, text), expected, "{phrase:?} in {text:?}");
        }
    }

    #[test]
    fn too_short_a_phrase_is_refused() {
        let mut builder = PhraseSetBuilder::default();
        assert_eq!(builder.add("-"), Err(PhraseError::TooShort));
        assert_eq!(builder.add("mailbox ... "), Err(PhraseError::TooShort));
    }
}
