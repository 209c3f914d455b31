//! Who wrote a report: the software, by its turns of phrase.
//!
//! Reading a report does not depend on it; what a phrase means sometimes does, and people like to know.

mod table;

use std::collections::BTreeMap;

use crate::mime::Mail;
use crate::phrases::PhraseSet;
use table::DIALECTS;

/// A report introduces itself in its first lines.
const MAX_TEXT_BYTES: usize = 1 << 10;

/// How one kind of software is recognised: any sign will do, and the earliest entry of the table wins.
#[derive(Debug)]
struct Dialect {
    id: &'static str,
    /// Turns of phrase in the text of the report.
    text: &'static [&'static str],
    /// Header fields and what they hold; an empty string stands for anything.
    headers: &'static [(&'static str, &'static str)],
    /// What `From` and `Subject` hold, both.
    from_and_subject: &'static [(&'static str, &'static str)],
    /// The software that it grew out of and still talks like: where both show themselves, it is meant.
    grew_out_of: Option<&'static str>,
}

/// Recognises dialects.
#[derive(Debug)]
pub(crate) struct Dialects {
    text: PhraseSet,
    text_owners: Vec<usize>,
    from: PhraseSet,
    /// For each `From` sign, what the subject has to hold and whose sign it is.
    from_owners: Vec<(&'static str, usize)>,
    /// Signs of the subject alone.
    subject: Vec<(&'static str, usize)>,
    /// Header fields by name, what they hold, and whose sign that is.
    headers: Vec<(&'static str, Vec<(&'static str, usize)>)>,
}

impl Dialects {
    pub(crate) fn new() -> Self {
        let all = || DIALECTS.iter().enumerate();
        let pairs = || {
            all().flat_map(|(index, dialect)| {
                dialect
                    .from_and_subject
                    .iter()
                    .map(move |(from, subject)| (*from, *subject, index))
            })
        };
        let mut headers: BTreeMap<&str, Vec<(&str, usize)>> = BTreeMap::new();
        for (index, dialect) in all() {
            for (name, held) in dialect.headers {
                headers.entry(name).or_default().push((held, index));
            }
        }
        Self {
            text: PhraseSet::new(DIALECTS.iter().flat_map(|dialect| dialect.text.iter().copied())),
            text_owners: all()
                .flat_map(|(index, dialect)| dialect.text.iter().map(move |_| index))
                .collect(),
            from: PhraseSet::new(pairs().map(|(from, _, _)| from)),
            from_owners: pairs().map(|(_, subject, index)| (subject, index)).collect(),
            subject: pairs()
                .filter(|(from, _, _)| from.is_empty())
                .map(|(_, subject, index)| (subject, index))
                .collect(),
            headers: headers.into_iter().collect(),
        }
    }

    /// The software that wrote `mail`, whose own words begin with `text`.
    pub(crate) fn recognise(&self, mail: &Mail<'_>, text: &str) -> Option<&'static str> {
        let head = text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or(text);
        let by_text = self.introduced(head);
        let subject = mail.subject().to_ascii_lowercase();
        let from = mail.header("from").unwrap_or_default();
        let by_from = self
            .from
            .find(from)
            .filter_map(|found| self.from_owners.get(found.index))
            .chain(&self.subject)
            .filter(|(held, _)| subject.contains(held))
            .map(|(_, index)| *index);
        let there = |(name, _): &&(&'static str, _)| mail.header(name).is_some();
        let by_header = self.headers.iter().filter(there).flat_map(|(name, signs)| {
            mail.headers(name).flat_map(move |value| {
                let holds = move |held: &str| held.is_empty() || value.to_ascii_lowercase().contains(held);
                signs
                    .iter()
                    .filter(move |(held, _)| holds(held))
                    .map(|(_, index)| *index)
            })
        });
        let first = by_text.into_iter().chain(by_from).chain(by_header).min()?;
        DIALECTS.get(first).map(|dialect| dialect.id)
    }

    /// The entry that introduces itself in `head`: the writer does so before it quotes anybody.
    fn introduced(&self, head: &str) -> Option<usize> {
        let owner = |index: usize| self.text_owners.get(index).copied();
        let found = self.text.find(head);
        let signs: Vec<(usize, usize)> = found
            .filter_map(|found| Some((found.start, owner(found.index)?)))
            .collect();
        let (_, first) = *signs.iter().min()?;
        let general = DIALECTS.get(first)?.id;
        let particular = signs.iter().map(|(_, index)| *index).find(|index| {
            DIALECTS
                .get(*index)
                .is_some_and(|dialect| dialect.grew_out_of == Some(general))
        });
        Some(particular.unwrap_or(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        for dialect in DIALECTS {
            let known = |id: &str| DIALECTS.iter().any(|other| other.id == id);
            assert!(dialect.grew_out_of.is_none_or(known), "{}", dialect.id);
        }
        for dialect in DIALECTS {
            let signs = dialect
                .text
                .iter()
                .chain(dialect.headers.iter().map(|(_, held)| held))
                .chain(dialect.from_and_subject.iter().flat_map(|(f, s)| [f, s]));
            for sign in signs {
                assert_eq!(
                    **sign,
                    sign.to_lowercase(),
                    "{}: signs are compared in lower case",
                    dialect.id
                );
            }
            assert!(
                dialect.headers.iter().all(|(name, _)| name.starts_with('x')),
                "{}: only private fields",
                dialect.id
            );
            assert!(
                DIALECTS.iter().filter(|other| other.id == dialect.id).count() == 1,
                "{} stands there once",
                dialect.id
            );
        }
    }

    #[test]
    fn software_is_recognised_by_its_words() {
        let dialects = Dialects::new();
        for (raw, expected) in [
            (
                "Subject: failure notice\n\nHi. This is the qmail-send program at mx.example.com.\n",
                Some("qmail"),
            ),
            (
                "Subject: Undelivered Mail Returned to Sender\n\nThis is the mail system at host mx.example.com.\n",
                Some("postfix"),
            ),
            ("X-Failed-Recipients: a@example.com\nSubject: x\n\ny\n", Some("exim")),
            ("Subject: hello\n\nhow are you\n", None),
        ] {
            let mail = Mail::parse(raw.as_bytes());
            assert_eq!(dialects.recognise(&mail, mail.own_text()), expected, "{raw}");
        }
    }
}
