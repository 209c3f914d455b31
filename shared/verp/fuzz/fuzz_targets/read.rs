//! Any text gives a reading. What is signed is a token that stands in the text, whatever is around it, and hints are
//! addresses.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rebound_verp::{Day, Key, Keys, canonical, contact_hints, unwrapped};

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let key = Key::new(3, [7; 32], Day::from_days(20_000)).expect("a key");
    Keys::default().with(key).expect("one key")
});

fuzz_target!(|text: &str| {
    let reading = KEYS.read_expecting(text, "bounces");
    if let Some(verified) = reading.signed() {
        let token = verified.token().to_string();
        assert!(text.to_ascii_lowercase().contains(&token));
    }
    assert!(unwrapped(text).local.len() <= text.len());
    for hint in contact_hints(text) {
        assert!(canonical(&hint).is_some(), "{hint}");
    }
    let _ = Keys::parse(text);
});
