//! The document that an account is set up in: one secret in Secrets Manager, one file on this machine.

use std::fmt::{self, Write as _};
use std::path::Path;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Value as Json;
use toml_edit::{DocumentMut, Item, Value as Toml};

use super::{AccountSettings, Field, FieldKind, InvalidAccount, read};
use crate::AccountName;

/// The longest document in bytes: what a secret in Secrets Manager can hold.
pub const MAX_DOCUMENT_BYTES: usize = 65_536;

/// The document that an account is set up in, in TOML or JSON. It may hold a password, so its text is not printed.
///
/// Changing it keeps comments, order and format.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    account: AccountName,
    text: String,
    format: Format,
    entries: Vec<Entry>,
}

/// One setting as it is written.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) field: &'static Field,
    pub(super) value: Written,
    /// Counted from 1.
    pub(super) line: usize,
}

/// What a setting is set to.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Written {
    Text(String),
    Number(i64),
    Flag(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Toml,
    Json,
}

impl Document {
    /// A document that says nothing yet, in TOML.
    pub fn new(account: AccountName) -> Self {
        Self {
            account,
            text: String::new(),
            format: Format::Toml,
            entries: Vec::new(),
        }
    }

    /// The document of account `account`: JSON when it begins with a brace, else TOML. It must be a document and hold
    /// no unknown settings; what they are set to is looked at by [`Self::settings`].
    pub fn parse(account: AccountName, text: &str) -> Result<Self, InvalidAccount> {
        if text.len() > MAX_DOCUMENT_BYTES {
            let reason = format!("they are longer than {MAX_DOCUMENT_BYTES} bytes, which no secret can hold");
            return Err(InvalidAccount::new(account, None, reason));
        }
        let format = if text.trim_start().starts_with('{') {
            Format::Json
        } else {
            Format::Toml
        };
        let entries = match format {
            Format::Toml => toml_entries(text),
            Format::Json => json_entries(text),
        };
        match entries {
            Ok(entries) => Ok(Self {
                account,
                text: text.to_owned(),
                format,
                entries,
            }),
            Err(Fault { line, reason }) => Err(InvalidAccount::new(account, line, reason)),
        }
    }

    /// Whose settings these are.
    pub fn account(&self) -> &AccountName {
        &self.account
    }

    /// The settings. Nothing is read but the document: authorities must be in it.
    pub fn settings(&self) -> Result<AccountSettings, InvalidAccount> {
        read::settings(&self.account, &self.entries, None)
    }

    /// The same, where `ca` may also be the path of a file, which is seen from `folder`.
    pub fn settings_beside(&self, folder: &Path) -> Result<AccountSettings, InvalidAccount> {
        read::settings(&self.account, &self.entries, Some(folder))
    }

    /// The text, with all its secrets: for where it is kept, and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What a setting is set to, also a secret one.
    pub fn get(&self, field: &Field) -> Option<String> {
        let entry = self.entries.iter().find(|entry| entry.field == field)?;
        Some(entry.value.to_string())
    }

    /// Every setting in the order of the document, secrets as `***`.
    pub fn shown(&self) -> impl Iterator<Item = (&'static Field, String)> {
        self.entries.iter().map(|entry| {
            let value = if entry.field.kind.is_secret() {
                "***".to_owned()
            } else {
                entry.value.to_string()
            };
            (entry.field, value)
        })
    }

    /// Sets `field` to what `value` says; `true` and `false`, and numbers, are written as such.
    pub fn set(&mut self, field: &'static Field, value: &str) -> Result<(), InvalidAccount> {
        let wrong = |reason| InvalidAccount::new(self.account.clone(), None, reason);
        let written = match field.kind {
            FieldKind::Flag => value.parse().map(Written::Flag).map_err(|_| wrong(takes(field)))?,
            FieldKind::Number => value.parse().map(Written::Number).map_err(|_| wrong(takes(field)))?,
            _ => Written::Text(value.to_owned()),
        };
        self.change(|document| match document {
            Open::Toml(document) => put_toml(document, field.name, written),
            Open::Json(document) => {
                document.insert(field.name.to_owned(), written.into_json());
            }
        })
    }

    /// Leaves `field` to what is usual.
    pub fn unset(&mut self, field: &'static Field) -> Result<(), InvalidAccount> {
        self.change(|document| match document {
            Open::Toml(document) => {
                document.remove(field.name);
            }
            Open::Json(document) => {
                document.remove(field.name);
            }
        })
    }

    fn change(&mut self, change: impl FnOnce(&mut Open)) -> Result<(), InvalidAccount> {
        let broken =
            |account: &AccountName| InvalidAccount::new(account.clone(), None, "they are no document any more");
        let mut open = match self.format {
            Format::Toml => self.text.parse().map(Open::Toml).map_err(|_| broken(&self.account)),
            Format::Json => serde_json::from_str(&self.text)
                .map(Open::Json)
                .map_err(|_| broken(&self.account)),
        }?;
        change(&mut open);
        let text = match open {
            Open::Toml(document) => document.to_string(),
            Open::Json(document) => format!("{:#}\n", Json::Object(document)),
        };
        *self = Self::parse(self.account.clone(), &text)?;
        Ok(())
    }
}

/// What `field` takes, for a value that it does not.
pub(super) fn takes(field: &Field) -> String {
    let what = match field.kind {
        FieldKind::Flag => "true or false",
        FieldKind::Number => "a whole number",
        _ => "text in quotes",
    };
    format!("`{}` takes {what}", field.name)
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Document");
        shown.field("account", &self.account);
        for (field, value) in self.shown() {
            shown.field(field.name, &value);
        }
        shown.finish_non_exhaustive()
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
        }
    }
}

impl Written {
    fn into_json(self) -> Json {
        match self {
            Self::Text(text) => text.into(),
            Self::Number(number) => number.into(),
            Self::Flag(flag) => flag.into(),
        }
    }

    fn into_toml(self) -> Toml {
        match self {
            Self::Text(text) => text.into(),
            Self::Number(number) => number.into(),
            Self::Flag(flag) => flag.into(),
        }
    }
}

/// A document that is being changed.
enum Open {
    Toml(DocumentMut),
    Json(serde_json::Map<String, Json>),
}

/// The comments around a value stay where they are.
fn put_toml(document: &mut DocumentMut, name: &str, written: Written) {
    let mut value = written.into_toml();
    match document.get_mut(name) {
        Some(item) => {
            if let Some(old) = item.as_value() {
                *value.decor_mut() = old.decor().clone();
            }
            *item = Item::Value(value);
        }
        None => {
            document.insert(name, Item::Value(value));
        }
    }
}

/// What is wrong with a document, and where.
struct Fault {
    line: Option<usize>,
    reason: String,
}

fn toml_entries(text: &str) -> Result<Vec<Entry>, Fault> {
    let line_at = |at: usize| 1 + text.get(..at).unwrap_or_default().matches('\n').count();
    // Of the error, only what it says of the grammar: it can also show the line, with the password in it.
    let document = toml_edit::Document::parse(text).map_err(|error| Fault {
        line: error.span().map(|span| line_at(span.start)),
        reason: error.message().to_owned(),
    })?;
    let mut entries = Vec::new();
    for (name, item) in document.iter() {
        let span = document.get_key_value(name).and_then(|(key, _)| key.span());
        let line = line_at(span.or_else(|| item.span()).map_or(0, |span| span.start));
        let field = known(name, line)?;
        let value = match item.as_value() {
            Some(Toml::String(text)) => Some(Written::Text(text.value().clone())),
            Some(Toml::Integer(number)) => Some(Written::Number(*number.value())),
            Some(Toml::Boolean(flag)) => Some(Written::Flag(*flag.value())),
            _ => None,
        };
        entries.push(entry(field, value, line)?);
    }
    Ok(entries)
}

fn json_entries(text: &str) -> Result<Vec<Entry>, Fault> {
    let mut json = serde_json::Deserializer::from_str(text);
    let pairs = json
        .deserialize_map(Pairs)
        .and_then(|pairs| json.end().map(|()| pairs))
        .map_err(|error| Fault {
            line: Some(error.line()),
            reason: "this is no JSON object of settings".to_owned(),
        })?;
    let mut entries: Vec<Entry> = Vec::new();
    for (name, value) in pairs {
        let line = json_line(text, &name);
        let field = known(&name, line)?;
        if entries.iter().any(|entry| entry.field == field) {
            let reason = format!("`{}` is set twice", field.name);
            return Err(Fault { line: None, reason });
        }
        let value = match value {
            Json::String(text) => Some(Written::Text(text)),
            Json::Number(number) => number.as_i64().map(Written::Number),
            Json::Bool(flag) => Some(Written::Flag(flag)),
            // Google's key is a JSON document itself.
            Json::Object(_) if field.kind == FieldKind::SecretBlock => Some(Written::Text(value.to_string())),
            _ => None,
        };
        entries.push(entry(field, value, line)?);
    }
    Ok(entries)
}

/// The line on which a key is written. The parser does not tell.
fn json_line(text: &str, key: &str) -> usize {
    let quoted = format!("\"{key}\"");
    let is_key = |(at, _): &(usize, &str)| {
        let rest = text.get(at + quoted.len()..).unwrap_or_default();
        rest.trim_start().starts_with(':')
    };
    let at = text.match_indices(&quoted).find(is_key).map_or(0, |(at, _)| at);
    1 + text.get(..at).unwrap_or_default().matches('\n').count()
}

fn known(name: &str, line: usize) -> Result<&'static Field, Fault> {
    Field::named(name).ok_or_else(|| {
        // What is no word may be anything, also part of a password.
        let is_word = name.len() <= 40
            && name
                .bytes()
                .all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-'));
        let mut reason = if is_word {
            format!("unknown setting `{name}`")
        } else {
            "an unknown setting".to_owned()
        };
        if let Some(field) = Field::like(name) {
            let _ = write!(reason, ": do you mean `{}`?", field.name);
        }
        Fault {
            line: Some(line),
            reason,
        }
    })
}

/// The value in the type that its field has. The console of Secrets Manager writes everything as text.
fn entry(field: &'static Field, value: Option<Written>, line: usize) -> Result<Entry, Fault> {
    let value = match (field.kind, value) {
        (FieldKind::Flag, Some(Written::Text(text))) => text.parse().ok().map(Written::Flag),
        (FieldKind::Number, Some(Written::Text(text))) => text.parse().ok().map(Written::Number),
        (FieldKind::Flag, Some(Written::Flag(flag))) => Some(Written::Flag(flag)),
        (FieldKind::Number, Some(Written::Number(number))) => Some(Written::Number(number)),
        (FieldKind::Flag | FieldKind::Number, _) => None,
        (_, value) => value.filter(|value| matches!(value, Written::Text(_))),
    };
    match value {
        Some(value) => Ok(Entry { field, value, line }),
        None => Err(Fault {
            line: Some(line),
            reason: takes(field),
        }),
    }
}

/// The members of an object, none of them lost.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, Json)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
