//! Reading a document value by value, and telling what is wrong with it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use rebound_classify::{Category, Reason};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::PolicyFault;
use crate::event::Authenticity;

pub(super) type Key<'i> = Spanned<Cow<'i, str>>;

/// A vocabulary of which every word is known.
pub(super) trait Word: Sized {
    fn all() -> Vec<&'static str>;
}

impl Word for Category {
    fn all() -> Vec<&'static str> {
        Self::ALL.iter().map(|word| word.as_str()).collect()
    }
}

impl Word for Reason {
    fn all() -> Vec<&'static str> {
        Self::ALL.iter().map(|word| word.as_str()).collect()
    }
}

impl Word for Authenticity {
    fn all() -> Vec<&'static str> {
        Self::ALL.iter().map(|word| word.as_str()).collect()
    }
}

/// What is wrong with a document, found while it is read. Whoever reads a value that is wrong gets nothing, or a
/// stand-in that is never used.
pub(super) struct Faults<'t> {
    pub(super) text: &'t str,
    pub(super) found: Vec<PolicyFault>,
}

impl Faults<'_> {
    pub(super) fn add(&mut self, span: Range<usize>, reason: String) {
        let line = self.text.get(..span.start).unwrap_or_default().matches('\n').count() + 1;
        self.found.push(PolicyFault { line, reason });
    }

    pub(super) fn unknown(&mut self, key: &Key<'_>, known: &[&str]) {
        let reason = format!("`{}` is unknown here: choose {}", key.as_ref(), list(known));
        self.add(key.span(), reason);
    }

    pub(super) fn table<'i>(&mut self, what: &str, value: Spanned<DeValue<'i>>) -> DeTable<'i> {
        let span = value.span();
        let DeValue::Table(table) = value.into_inner() else {
            self.add(span, format!("`{what}` is a table: [{what}]"));
            return DeTable::new();
        };
        table
    }

    pub(super) fn text<'v>(&mut self, key: &Key<'_>, value: &'v Spanned<DeValue<'_>>) -> Option<&'v str> {
        let text = value.as_ref().as_str();
        if text.is_none() {
            self.add(value.span(), format!("`{}` is a text in quotes", key.as_ref()));
        }
        text
    }

    pub(super) fn switch(&mut self, key: &Key<'_>, value: &Spanned<DeValue<'_>>) -> Option<bool> {
        let on = value.as_ref().as_bool();
        if on.is_none() {
            self.add(value.span(), format!("`{}` is true or false", key.as_ref()));
        }
        on
    }

    pub(super) fn number(&mut self, key: &Key<'_>, value: &Spanned<DeValue<'_>>) -> Option<u32> {
        let number = match value.as_ref() {
            DeValue::Integer(integer) => u32::from_str_radix(integer.as_str(), integer.radix()).ok(),
            _ => None,
        };
        if number.is_none() {
            self.add(value.span(), format!("`{}` is a whole number, 0 or more", key.as_ref()));
        }
        number
    }

    pub(super) fn texts<T: Ord>(
        &mut self,
        key: &Key<'_>,
        value: &Spanned<DeValue<'_>>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> BTreeSet<T> {
        let DeValue::Array(values) = value.as_ref() else {
            self.add(
                value.span(),
                format!("`{}` is a list of texts: [\"…\", \"…\"]", key.as_ref()),
            );
            return BTreeSet::new();
        };
        let texts = values.iter().filter_map(|value| {
            let text = self.text(key, value)?;
            read(text).map_err(|reason| self.add(value.span(), reason)).ok()
        });
        texts.collect()
    }
}

pub(super) fn value_text(value: &Spanned<DeValue<'_>>) -> String {
    value
        .as_ref()
        .as_str()
        .map_or_else(|| "it".to_owned(), |text| format!("{text:?}"))
}

pub(super) fn list(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
