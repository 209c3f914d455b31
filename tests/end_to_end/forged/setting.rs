//! A folder of ours with its keys, and what comes of messages that come into it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{documents, rebound, stdout};

/// Contacts and their addresses.
pub(super) type Addresses = BTreeMap<String, String>;

/// What `contacts why` says.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) contact: Value,
    pub(super) events: Vec<Value>,
}

impl Story {
    pub(super) fn status(&self) -> &str {
        self.contact["status"].as_str().expect("a status")
    }

    /// What each event says, how sure it is and what came of it.
    pub(super) fn outcomes(&self) -> Vec<String> {
        let word = |event: &Value, name: &str| event[name].as_str().unwrap_or("-").to_owned();
        let words = |event| {
            ["category", "authenticity", "outcome"]
                .map(|name| word(event, name))
                .join(" ")
        };
        self.events.iter().map(words).collect()
    }
}

/// A data folder with keys and a policy.
pub(super) struct Setting {
    folder: TempDir,
}

impl Setting {
    /// With so many keys, of which the last signs.
    pub(super) fn with_keys(number: u8) -> Self {
        let setting = Self {
            folder: TempDir::new().expect("a folder"),
        };
        (0..number).for_each(|_| setting.new_key());
        setting
    }

    /// With one key and this policy.
    pub(super) fn under(policy: &str) -> Self {
        let setting = Self::with_keys(1);
        setting.follow(policy);
        setting
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What a command prints that must succeed.
    pub(super) fn told(&self, arguments: &[&str]) -> String {
        stdout(rebound(&self.data()).args(arguments))
    }

    fn told_of(&self, arguments: &[&str], input: String) -> String {
        stdout(rebound(&self.data()).args(arguments).write_stdin(input))
    }

    pub(super) fn new_key(&self) {
        self.told(&["verp", "keys", "new"]);
    }

    pub(super) fn follow(&self, policy: &str) {
        let file = self.folder.path().join("policy.toml");
        fs::write(&file, policy).expect("written");
        self.told(&["policy", "use", &file.to_string_lossy()]);
    }

    /// Signs return paths, or what `purpose` says, for these contacts.
    pub(super) fn sign<'c>(
        &self,
        contacts: impl IntoIterator<Item = &'c str>,
        purpose: &str,
        list: &str,
        day: Option<&str>,
    ) -> Addresses {
        let input: Vec<String> = contacts.into_iter().map(|contact| format!("{contact}\n")).collect();
        let mut arguments = vec!["verp", "sign", "--file", "-", "--for", purpose, "--list", list];
        arguments.extend(["--domain", "example.com", "--format", "jsonl"]);
        arguments.extend(day.iter().flat_map(|day| ["--day", day]));
        let rows = documents(&self.told_of(&arguments, input.concat()));
        let text = |row: &Value, name: &str| row[name].as_str().expect("a text").to_owned();
        rows.iter()
            .map(|row| (text(row, "address"), text(row, "return_path")))
            .collect()
    }

    /// Notes in the sent ledger which Message-ID went to whom when.
    pub(super) fn note(&self, rows: &[[String; 3]]) {
        let rows: Vec<String> = rows.iter().map(|row| format!("{}\n", row.join(","))).collect();
        let table = format!("message_id,address,sent_at\n{}", rows.concat());
        self.told_of(&["sent", "import", "--keep-days", "3660", "-"], table);
    }

    /// Takes messages in through an account whose list is `news`.
    pub(super) fn receive<'m>(&self, account: &str, messages: impl IntoIterator<Item = &'m str>) {
        let folder = TempDir::new().expect("a folder");
        for (nth, message) in messages.into_iter().enumerate() {
            fs::write(folder.path().join(format!("{nth:05}.eml")), message).expect("written");
        }
        let path = folder.path().to_string_lossy();
        self.told(&["run", &path, "--account", account, "--list", "news"]);
    }

    /// What is known of a contact, and how.
    pub(super) fn why(&self, contact: &str) -> Story {
        let told = self.told(&["contacts", "why", contact, "--format", "json"]);
        let mut document: Value = serde_json::from_str(&told).expect("a document");
        let events = document["events"].take();
        Story {
            contact: document["contact"].take(),
            events: serde_json::from_value(events).expect("a list"),
        }
    }

    /// Everybody that must not be mailed, or not from the list.
    pub(super) fn silenced(&self) -> BTreeSet<String> {
        let listed = self.told(&["contacts", "export", "--list", "news", "--format", "plain"]);
        listed.lines().map(str::to_owned).collect()
    }

    /// What waits for somebody to look at it, by contact.
    pub(super) fn held(&self, because: &str) -> BTreeMap<String, Value> {
        let rows = documents(&self.told(&["contacts", "held", "--because", because, "--format", "jsonl"]));
        rows.into_iter()
            .map(|row| (row["address"].as_str().expect("an address").to_owned(), row))
            .collect()
    }
}
