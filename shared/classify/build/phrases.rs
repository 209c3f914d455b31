//! The phrase files as Rust tables; `src/kinds/phrases.rs` declares their types and reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write};
use std::path::Path;

use serde::Deserialize;

use crate::fold::fold;
use crate::prefixes::{MIN_BYTES, Prefixes};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    say: Vec<Say>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    what: String,
    #[serde(rename = "in")]
    place: Option<String>,
    language: String,
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    whole: Vec<String>,
    // Run by the tests.
    #[allow(dead_code)]
    examples: Vec<String>,
    #[allow(dead_code)]
    not: Vec<String>,
}

/// Files that hold plain lists of words.
const LISTS: &[&str] = &["quoting.toml", "sentences.toml"];

/// Writes the tables of every file in `folder` to `out`.
pub(crate) fn compile(folder: &Path, out: &Path) {
    let (mut groups, mut phrases): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut pieces: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut whole: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for say in says(folder) {
        let place = say
            .place
            .map_or("None".to_owned(), |place| format!("Some(Place::{})", camel(&place)));
        let group = groups.len();
        groups.push(format!(
            "Group {{ says: Says::{}, place: {place}, language: {:?} }}",
            camel(&say.what),
            say.language
        ));
        for phrase in &say.whole {
            whole.entry(folded(phrase)).or_default().push(group);
        }
        for phrase in &say.any {
            let parts: Vec<&str> = phrase.split(" .. ").collect();
            let number = phrases.len();
            phrases.push(format!("Phrase {{ group: {group}, pieces: {} }}", parts.len()));
            for (position, part) in parts.into_iter().enumerate() {
                let (stem, open) = part.strip_suffix('*').map_or((part, false), |stem| (stem, true));
                pieces.entry(folded(stem)).or_default().push(format!(
                    "Use {{ phrase: {number}, position: {position}, open: {open} }}"
                ));
            }
        }
    }

    let mut code = String::new();
    table(&mut code, "GROUPS", "Group", groups);
    table(&mut code, "PHRASES", "Phrase", phrases);
    assert!(
        pieces.keys().all(|piece| piece.len() >= MIN_BYTES),
        "too short to be found"
    );
    code.push_str("#[allow(clippy::unreadable_literal, reason = \"bytes, for the machine\")]\n");
    let sorted = Prefixes::new(pieces.keys().map(String::as_str));
    writeln!(code, "static PIECES: Prefixes = {};", prefixes(&sorted)).expect("a string takes it");
    let rows = pieces.values().map(|uses| format!("&[{}]", uses.join(", ")));
    table(&mut code, "USES", "&[Use]", rows);
    let rows = whole.iter().map(|(text, groups)| format!("({text:?}, &{groups:?})"));
    table(&mut code, "WHOLE", "(&str, &[u16])", rows);

    for file in LISTS {
        let lists: BTreeMap<String, Vec<String>> = read(&folder.join(file));
        for (name, words) in lists {
            let words: BTreeSet<String> = words.iter().map(|word| folded(word)).collect();
            code.push_str("pub(in crate::kinds) ");
            table(
                &mut code,
                &name.to_uppercase(),
                "&str",
                words.iter().map(|word| format!("{word:?}")),
            );
        }
    }
    std::fs::write(out, code).expect("OUT_DIR is writable");
}

fn says(folder: &Path) -> impl Iterator<Item = Say> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the phrases folder is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| !LISTS.iter().any(|list| path.ends_with(list)))
        .collect();
    files.sort();
    files.into_iter().flat_map(|path| read::<File>(&path).say)
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).expect("phrase files are UTF-8");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn table<R: Display>(code: &mut String, name: &str, item: &str, rows: impl IntoIterator<Item = R>) {
    let rows: Vec<R> = rows.into_iter().collect();
    writeln!(code, "static {name}: [{item}; {}] = [", rows.len()).expect("a string takes it");
    for row in rows {
        writeln!(code, "{row},").expect("a string takes it");
    }
    code.push_str("];\n");
}

fn folded(phrase: &str) -> String {
    let folded = fold(phrase, usize::MAX);
    assert!(!folded.is_empty(), "{phrase:?} is no phrase");
    folded
}

pub(crate) fn camel(kebab: &str) -> String {
    kebab
        .split('-')
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect()
}

/// As code, like all that is borrowed from static memory.
pub(crate) fn prefixes(prefixes: &Prefixes) -> String {
    format!(
        "Prefixes {{ texts: Cow::Borrowed({:?}), places: {}, keys: {}, starts: {}, heads: {} }}",
        prefixes.texts,
        borrowed(prefixes.places.iter().map(|place| format!("prefixes::{place:?}"))),
        borrowed(prefixes.keys.iter()),
        borrowed(prefixes.starts.iter()),
        borrowed(prefixes.heads.iter()),
    )
}

pub(crate) fn borrowed<R: std::fmt::Display>(items: impl IntoIterator<Item = R>) -> String {
    let mut list = String::from("Cow::Borrowed(&[");
    for item in items {
        writeln!(list, "{item},").expect("a string takes it");
    }
    list + "])"
}
