//! The test vectors: tokens computed apart from this crate.

#![allow(dead_code)] // each test needs some of it

use rebound_verp::{Day, Keys, Purpose};

/// `tests/vectors.json`.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Vectors {
    keys: Vec<serde_json::Value>,
    pub(crate) vectors: Vec<Vector>,
}

/// One token and what it was made of.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Vector {
    pub(crate) key: u8,
    purpose: String,
    day: String,
    pub(crate) list: String,
    pub(crate) contact: String,
    pub(crate) token: String,
}

pub(crate) fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../vectors.json")).expect("the test vectors")
}

impl Vectors {
    pub(crate) fn keys(&self) -> Keys {
        document(&self.keys)
    }

    /// The key with this number and no other, so that it is the one that signs.
    pub(crate) fn only(&self, id: u8) -> Keys {
        let one: Vec<_> = self.keys.iter().filter(|key| key["id"] == id).cloned().collect();
        document(&one)
    }

    /// In base64.
    pub(crate) fn secret(&self, id: u8) -> &str {
        let key = self.keys.iter().find(|key| key["id"] == id).expect("a key");
        key["secret"].as_str().expect("its secret")
    }

    /// What a vector is made of, for a program in another language.
    pub(crate) fn input(&self, vector: &Vector) -> serde_json::Value {
        serde_json::json!({
            "secret": self.secret(vector.key),
            "key": vector.key,
            "list": vector.list,
            "contact": vector.contact,
            "purpose": if vector.purpose() == Purpose::ReturnPath { 1 } else { 2 },
            "day": vector.day().days(),
        })
    }
}

impl Vector {
    pub(crate) fn purpose(&self) -> Purpose {
        [Purpose::ReturnPath, Purpose::Unsubscribe]
            .into_iter()
            .find(|purpose| purpose.to_string() == self.purpose)
            .expect("a purpose")
    }

    pub(crate) fn day(&self) -> Day {
        self.day.parse().expect("a day")
    }
}

fn document(keys: &[serde_json::Value]) -> Keys {
    Keys::parse(&serde_json::json!({ "keys": keys }).to_string()).expect("keys")
}
