//! The document of the keys, in TOML or JSON. Nothing here shows what a value was: it may be a secret.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json, json};
use toml::Value as Toml;
use zeroize::Zeroizing;

use super::{InvalidKeys, Key};
use crate::Day;

/// What a document is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    #[default]
    Toml,
    Json,
}

/// Stands above keys that are written in TOML.
const HEAD: &str = "# The keys of signed return addresses. Who has them can forge reports: keep them to yourself.\n";

/// The keys as they stand in the document.
pub(super) fn read(document: &str) -> Result<(Vec<Key>, Format), InvalidKeys> {
    let (value, format) = if document.trim_start().starts_with('{') {
        let value = serde_json::from_str(document).map_err(|error| InvalidKeys::Syntax {
            format: "JSON",
            line: error.line(),
        })?;
        (value, Format::Json)
    } else {
        let table: toml::Table = document.parse().map_err(|error: toml::de::Error| InvalidKeys::Syntax {
            format: "TOML",
            line: line_of(document, error.span().map_or(0, |span| span.start)),
        })?;
        (json_of(Toml::Table(table)), Format::Toml)
    };
    let Json::Object(mut fields) = value else {
        return Err(InvalidKeys::Shape("it is no table".to_owned()));
    };
    let keys = fields.remove("keys").unwrap_or_else(|| json!([]));
    if let Some(name) = fields.keys().next() {
        return Err(InvalidKeys::Shape(format!("it knows `keys`, and no `{name}`")));
    }
    let Json::Array(keys) = keys else {
        return Err(InvalidKeys::Shape(
            "`keys` is a list: begin each with [[keys]]".to_owned(),
        ));
    };
    let keys = keys.into_iter().enumerate().map(|(index, key)| read_key(index, key));
    Ok((keys.collect::<Result<_, _>>()?, format))
}

/// The document that holds these keys.
pub(super) fn write<'a>(keys: impl Iterator<Item = &'a Key>, format: Format) -> Zeroizing<String> {
    match format {
        Format::Toml => {
            let mut text = Zeroizing::new(String::from(HEAD));
            for key in keys {
                let _ = write!(text, "\n[[keys]]\nid = {}\nsecret = \"", key.id);
                text.push_str(&key.secret_in_base64());
                let _ = writeln!(text, "\"\ncreated = \"{}\"", key.created);
                if let Some(day) = key.retired {
                    let _ = writeln!(text, "retired = \"{day}\"");
                }
            }
            text
        }
        Format::Json => {
            let keys = keys.map(|key| {
                let mut fields = Map::new();
                fields.insert("id".to_owned(), key.id.into());
                fields.insert("secret".to_owned(), key.secret_in_base64().as_str().into());
                fields.insert("created".to_owned(), key.created.to_string().into());
                if let Some(day) = key.retired {
                    fields.insert("retired".to_owned(), day.to_string().into());
                }
                Json::Object(fields)
            });
            Zeroizing::new(format!("{:#}\n", json!({"keys": keys.collect::<Vec<_>>()})))
        }
    }
}

fn read_key(index: usize, key: Json) -> Result<Key, InvalidKeys> {
    let Json::Object(mut fields) = key else {
        return Err(InvalidKeys::Shape(format!(
            "key number {} of the document is no table",
            index + 1
        )));
    };
    let id = fields.remove("id").and_then(|id| id.as_u64());
    let id = id
        .and_then(|id| u8::try_from(id).ok())
        .ok_or_else(|| InvalidKeys::Key {
            key: format!("key number {} of the document", index + 1),
            reason: "it needs an id, a number from 0 to 255".to_owned(),
        })?;
    let wrong = |reason: String| InvalidKeys::Key {
        key: format!("key {id}"),
        reason,
    };
    let secret = match fields.remove("secret") {
        Some(Json::String(secret)) => Zeroizing::new(secret),
        _ => {
            return Err(wrong(
                "it needs a secret: make one with `openssl rand -base64 32`".to_owned(),
            ));
        }
    };
    let secret = Zeroizing::new(
        BASE64
            .decode(secret.trim())
            .map_err(|_| wrong("its secret is no base64: 32 octets are 43 characters and one `=`".to_owned()))?,
    );
    let mut day = |name: &str| match fields.remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(day)) => day
            .parse::<Day>()
            .map(Some)
            .map_err(|error| wrong(format!("`{name}`: {error}"))),
        Some(_) => Err(wrong(format!("`{name}` is a day: write it as \"2026-11-22\""))),
    };
    let created = day("created")?.ok_or_else(|| {
        wrong("it needs to say when it was made, as created = \"2026-11-22\": the newest key signs".to_owned())
    })?;
    let retired = day("retired")?;
    if let Some(name) = fields.keys().next() {
        return Err(wrong(format!(
            "it has id, secret, created and retired, and no `{name}`"
        )));
    }
    Ok(Key {
        retired,
        ..Key::new(id, secret.to_vec(), created)?
    })
}

/// Days may stand in TOML without quotes.
fn json_of(value: Toml) -> Json {
    match value {
        Toml::String(text) => Json::String(text),
        Toml::Integer(number) => Json::from(number),
        Toml::Float(number) => Json::from(number),
        Toml::Boolean(flag) => Json::from(flag),
        Toml::Datetime(at) => Json::String(at.to_string()),
        Toml::Array(values) => Json::Array(values.into_iter().map(json_of).collect()),
        Toml::Table(table) => Json::Object(table.into_iter().map(|(name, value)| (name, json_of(value))).collect()),
    }
}

fn line_of(document: &str, offset: usize) -> usize {
    let before = document.bytes().take(offset);
    1 + before.filter(|byte| *byte == b'\n').count()
}
