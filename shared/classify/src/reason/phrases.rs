//! All phrases of all rules, found in one pass over the text.
//!
//! A phrase is one or more fragments, `"mailbox ... is full"`; what stands between two of them may be at most
//! [`MAX_GAP`] bytes long. A fragment matches whole words only; a `*` at its end lets the last word go on, for
//! languages that inflect. A phrase that is negated right in front ("not a spam") does not count.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::fold::{fold_phrase, is_unspaced};

/// How far apart two fragments of a phrase may stand, in bytes of folded text: a name or a short clause, not a sentence.
const MAX_GAP: usize = 64;
/// Half-found phrases remembered at a time; a text that starts more than these is noise.
const MAX_OPEN: usize = 64;
/// Words that turn the phrase behind them into its opposite.
const NEGATIONS: [&str; 10] = [
    "not ", "no ", "not a ", "not an ", "not as ", "isn't ", "isn't a ", "wasn't ", "never ", "non ",
];

/// Which phrase of which rule; the meaning is the caller's.
pub(super) type PhraseId = usize;

/// Why a phrase can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PhraseError {
    #[error("a phrase or fragment needs at least two bytes of text")]
    TooShort,
}

/// Collects phrases, then builds the automaton over them.
#[derive(Debug, Default)]
pub(super) struct PhraseSetBuilder {
    patterns: Vec<Pattern>,
    lookup: std::collections::HashMap<String, usize>,
    fragments: Vec<usize>,
}

#[derive(Debug)]
struct Pattern {
    text: String,
    uses: Vec<Use>,
    /// Whether the character in front of, and behind, a match must not continue a word.
    whole_left: bool,
}

#[derive(Clone, Copy, Debug)]
struct Use {
    phrase: PhraseId,
    position: usize,
    whole_right: bool,
    negatable: bool,
}

impl PhraseSetBuilder {
    /// Takes a phrase and gives its number, counted from zero.
    pub(super) fn add(&mut self, phrase: &str) -> Result<PhraseId, PhraseError> {
        let id = self.fragments.len();
        let fragments: Vec<&str> = phrase.split(" ... ").collect();
        for (position, fragment) in fragments.iter().enumerate() {
            let fragment = fragment.trim();
            let whole_right = !fragment.ends_with('*');
            let text = fold_phrase(fragment);
            let text = text.trim();
            if text.len() < 2 {
                return Err(PhraseError::TooShort);
            }
            let whole_left = text.chars().next().is_some_and(continues_word);
            let whole_right = whole_right && text.chars().next_back().is_some_and(continues_word);
            let negatable = position == 0 && !NEGATIONS.iter().any(|negation| text.starts_with(negation));
            let usage = Use {
                phrase: id,
                position,
                whole_right,
                negatable,
            };
            self.pattern(text.to_owned(), whole_left).uses.push(usage);
        }
        self.fragments.push(fragments.len());
        Ok(id)
    }

    /// Takes a part of a host name or link, found where no letter or digit stands next to it, and gives its number.
    pub(super) fn add_name(&mut self, name: &str) -> Result<PhraseId, PhraseError> {
        let id = self.fragments.len();
        let text = name.to_ascii_lowercase();
        if text.len() < 3 {
            return Err(PhraseError::TooShort);
        }
        let whole_left = text.chars().next().is_some_and(continues_word);
        let whole_right = text.chars().next_back().is_some_and(continues_word);
        let usage = Use {
            phrase: id,
            position: 0,
            whole_right,
            negatable: false,
        };
        self.pattern(text, whole_left).uses.push(usage);
        self.fragments.push(1);
        Ok(id)
    }

    /// The pattern with this text, new or known.
    fn pattern(&mut self, text: String, whole_left: bool) -> &mut Pattern {
        let next = self.patterns.len();
        let index = *self.lookup.entry(text.clone()).or_insert(next);
        if index == next {
            self.patterns.push(Pattern {
                text,
                uses: Vec::new(),
                whole_left,
            });
        }
        #[expect(clippy::indexing_slicing, reason = "the lookup holds indices of this very list")]
        &mut self.patterns[index]
    }

    /// Builds the automaton. The error is the size limit of the automaton library.
    pub(super) fn build(self) -> Result<PhraseSet, aho_corasick::BuildError> {
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            // Small and quick to build; a DFA over this many phrases takes longer to build than a cold start may.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .prefilter(false)
            .build(self.patterns.iter().map(|pattern| pattern.text.as_str()))?;
        Ok(PhraseSet {
            automaton,
            patterns: self.patterns,
            fragments: self.fragments,
        })
    }
}

/// The phrases of all rules.
#[derive(Debug)]
pub(super) struct PhraseSet {
    automaton: AhoCorasick,
    patterns: Vec<Pattern>,
    fragments: Vec<usize>,
}

/// A phrase that was found, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) phrase: PhraseId,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl PhraseSet {
    /// Every phrase that occurs, once each, at its first occurrence; allocates nothing when there is none.
    pub(super) fn find(&self, folded: &str) -> Vec<Found> {
        let mut found = Vec::new();
        let mut open: Vec<(Found, usize)> = Vec::new();
        let mut seen: Vec<u64> = Vec::new();
        for hit in self.automaton.find_overlapping_iter(folded) {
            let Some(pattern) = self.patterns.get(hit.pattern().as_usize()) else {
                continue;
            };
            if pattern.whole_left
                && folded
                    .get(..hit.start())
                    .and_then(|s| s.chars().next_back())
                    .is_some_and(continues_word)
            {
                continue;
            }
            let word_goes_on = folded
                .get(hit.end()..)
                .and_then(|s| s.chars().next())
                .is_some_and(continues_word);
            let mut negated = None;
            for usage in &pattern.uses {
                if (usage.whole_right && word_goes_on) || is_set(&seen, usage.phrase) {
                    continue;
                }
                if usage.negatable && *negated.get_or_insert_with(|| is_negated(folded, hit.start())) {
                    continue;
                }
                let last = self.fragments.get(usage.phrase).copied().unwrap_or(1) - 1;
                let start = if usage.position == 0 {
                    hit.start()
                } else {
                    let waiting = open.iter().rfind(|(begun, next)| {
                        begun.phrase == usage.phrase
                            && *next == usage.position
                            && hit.start() >= begun.end
                            && hit.start() - begun.end <= MAX_GAP
                    });
                    let Some((begun, _)) = waiting else { continue };
                    begun.start
                };
                let part = Found {
                    phrase: usage.phrase,
                    start,
                    end: hit.end(),
                };
                if usage.position == last {
                    set(&mut seen, usage.phrase, self.fragments.len());
                    found.push(part);
                } else {
                    if open.len() == MAX_OPEN {
                        open.remove(0);
                    }
                    open.push((part, usage.position + 1));
                }
            }
        }
        found
    }
}

fn is_negated(folded: &str, start: usize) -> bool {
    let before = folded.get(..start).unwrap_or_default();
    NEGATIONS.iter().any(|negation| {
        before
            .strip_suffix(negation)
            .is_some_and(|rest| !rest.chars().next_back().is_some_and(continues_word))
    })
}

/// Whether a character next to a match means that the match is only a part of a word.
fn continues_word(c: char) -> bool {
    // Korean puts spaces between words but hangs endings on them.
    c.is_alphanumeric() && !is_unspaced(c) && !matches!(c, '\u{AC00}'..='\u{D7AF}')
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

    fn found(phrase: &str, text: &str) -> bool {
        let mut builder = PhraseSetBuilder::default();
        builder.add("never said").unwrap();
        let id = builder.add(phrase).unwrap();
        let set = builder.build().unwrap();
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
