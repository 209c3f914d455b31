//! Finding the words by which a report is known ([`tells`](super::tells)), all in one pass, and the quotation in it.

use std::borrow::Cow;

use super::Codes;
use super::speaker::Speakers;
use super::tells::{DELAY, FAILURE, QUOTES, RETURNED, SUCCESS, Tells};
use crate::phrases::PhraseSet;

/// Where whoever wrote the report goes on after a quotation.
const AFTER_QUOTATION: &[&str] = &["I'm not going to try again", "Giving up on "];

/// All of them, ready to be found.
#[derive(Debug)]
pub(crate) struct Phrases {
    set: PhraseSet,
    tells: Vec<Tells>,
    speakers: Speakers,
}

/// One phrase found in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) tells: Tells,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Phrases {
    pub(crate) fn new() -> Self {
        let lists = [
            (Tells::Returned, RETURNED),
            (Tells::Failure, FAILURE),
            (Tells::Delay, DELAY),
            (Tells::Success, SUCCESS),
            (Tells::Quotes, QUOTES),
        ];
        let phrases = || {
            lists
                .iter()
                .flat_map(|(tells, list)| list.iter().map(move |phrase| (*tells, *phrase)))
        };
        let capitalised = || phrases().filter_map(|(tells, phrase)| Some((tells, capitalised(phrase)?)));
        let tells = phrases().map(|(tells, _)| tells);
        let tells = tells.chain(capitalised().map(|(tells, _)| tells)).collect();
        let set = phrases().map(|(_, phrase)| Cow::Borrowed(phrase));
        let set = PhraseSet::new(set.chain(capitalised().map(|(_, phrase)| Cow::Owned(phrase))));
        Self {
            set,
            tells,
            speakers: Speakers::new(),
        }
    }

    /// Every phrase in `text`, in the order of their beginnings.
    pub(crate) fn find<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Found> + 't {
        self.set.find(text).filter_map(|found| {
            let tells = *self.tells.get(found.index)?;
            Some(Found {
                tells,
                start: found.start,
                end: found.end,
            })
        })
    }

    /// The SMTP command that was refused and the host that refused it, as far as `words` tell.
    pub(crate) fn speaker(&self, words: &str) -> (Option<&'static str>, Option<String>) {
        self.speakers.find(words)
    }

    /// The quoted server's own words in `words`, without the introduction of whoever wrote the report.
    pub(crate) fn quoted<'w>(&self, words: &'w str) -> &'w str {
        if let Some(last) = last_answer(words) {
            return last;
        }
        let quoted = self
            .find(words)
            .filter(|found| found.tells == Tells::Quotes)
            .find_map(|found| {
                let rest = words.get(found.end..)?;
                // `reason: 5` is half of its quotation.
                let rest = if rest.starts_with(|c: char| c.is_ascii_digit())
                    && words.get(..found.end)?.ends_with(|c: char| c.is_ascii_digit())
                {
                    words.get(found.end - 1..)?
                } else {
                    rest
                };
                let end = AFTER_QUOTATION.iter().filter_map(|lead| rest.find(lead)).min();
                let rest = rest.get(..end.unwrap_or(rest.len()))?;
                (Codes::find(rest) != Codes::default()).then_some(rest)
            });
        quoted.unwrap_or(words).trim_matches([' ', '\'', '"', ':'])
    }
}

/// The phrase as it begins a sentence, where its first letter is one whose case is not looked past when phrases are
/// compared.
fn capitalised(phrase: &str) -> Option<String> {
    let first = phrase.chars().next().filter(|first| !first.is_ascii())?;
    let upper: String = first.to_uppercase().collect();
    let rest = phrase.get(first.len_utf8()..)?;
    (!upper.starts_with(first)).then(|| upper + rest)
}

/// `554 4.4.7 Message expired.<421 4.4.2 Connection timed out>`: what the other server said last, in brackets behind what
/// the reporting one made of it.
fn last_answer(words: &str) -> Option<&str> {
    let (before, last) = words.strip_suffix('>')?.rsplit_once('<')?;
    let begins = Codes::find(last.get(..10)?);
    let answered = begins.reply.is_some() && begins.status.is_some() && last.starts_with(['4', '5']);
    (answered && Codes::find(before).reply.is_some()).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answer_in_brackets_is_the_quotation() {
        let phrases = Phrases::new();
        for (words, quoted) in [
            (
                "554 4.4.7 Expired: tried for a day.<421 4.4.2 Timed out>",
                "421 4.4.2 Timed out",
            ),
            (
                "550 5.1.1 no such user <ann@example.com>",
                "550 5.1.1 no such user <ann@example.com>",
            ),
            ("host mx.example.com said: 550 5.1.1 no", "550 5.1.1 no"),
        ] {
            assert_eq!(phrases.quoted(words), quoted, "{words}");
        }
    }

    #[test]
    fn phrases_begin_sentences_in_every_script() {
        let phrases = Phrases::new();
        for text in [
            "Не удалось доставить письмо",
            "Échec de la remise",
            "Undeliverable: x",
            "Δεν παραδόθηκε",
        ] {
            assert!(phrases.find(text).any(|found| found.tells == Tells::Failure), "{text}");
        }
    }

    #[test]
    fn phrases_are_in_lower_case() {
        for phrase in [RETURNED, FAILURE, DELAY, SUCCESS, QUOTES].into_iter().flatten() {
            assert_eq!(**phrase, phrase.to_lowercase());
            assert!(phrase.len() >= 4, "{phrase}");
        }
    }
}
