//! Who wrote a report: the software, by its turns of phrase.
//!
//! Reading a report does not depend on it; what a phrase means sometimes does, and people like to know.

mod table;

use crate::mime::Mail;
use crate::phrases::PhraseSet;
use table::DIALECTS;

/// A report introduces itself in its first lines.
const MAX_TEXT_BYTES: usize = 3 << 10;

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
}

/// Recognises dialects.
#[derive(Debug)]
pub(crate) struct Dialects {
    phrases: PhraseSet,
    owners: Vec<usize>,
}

impl Dialects {
    pub(crate) fn new() -> Self {
        let owners = DIALECTS
            .iter()
            .enumerate()
            .flat_map(|(index, dialect)| dialect.text.iter().map(move |_| index))
            .collect();
        let phrases = PhraseSet::new(DIALECTS.iter().flat_map(|dialect| dialect.text.iter().copied()));
        Self { phrases, owners }
    }

    /// The software that wrote `mail`, whose own words begin with `text`.
    pub(crate) fn recognise(&self, mail: &Mail<'_>, text: &str) -> Option<&'static str> {
        let head = text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or(text);
        let by_text = self
            .phrases
            .find(head)
            .filter_map(|found| self.owners.get(found.index).copied())
            .min();
        let from = mail.header("from").unwrap_or_default().to_ascii_lowercase();
        let subject = mail.subject().to_ascii_lowercase();
        let by_header = DIALECTS
            .iter()
            .take(by_text.unwrap_or(DIALECTS.len()))
            .position(|dialect| {
                dialect
                    .from_and_subject
                    .iter()
                    .any(|(f, s)| from.contains(f) && subject.contains(s))
                    || dialect.headers.iter().any(|(name, held)| {
                        mail.headers(name)
                            .any(|value| held.is_empty() || value.to_ascii_lowercase().contains(held))
                    })
            });
        by_header
            .or(by_text)
            .and_then(|index| DIALECTS.get(index))
            .map(|dialect| dialect.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
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
