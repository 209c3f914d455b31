//! Tokens that were computed apart from this crate, as `docs/return-addresses.md` shows them.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test may panic, and so may what helps it

mod support;

use rebound_verp::{Keys, Reading};

use support::vectors;

#[test]
fn tokens_are_those_of_the_test_vectors() {
    let file = vectors();
    assert!(file.vectors.len() >= 8);
    for vector in &file.vectors {
        let keys = file.only(vector.key);
        let token = keys.sign(vector.purpose(), &vector.list, &vector.contact, vector.day());
        assert_eq!(token.expect("a token").to_string(), vector.token, "{vector:?}");
    }
}

#[test]
fn every_test_vector_is_read_as_what_it_was_made_of() {
    let file = vectors();
    for vector in &file.vectors {
        let address = format!("bounces+{}@example.com", vector.token);
        let reading = file.keys().read(&address);
        let verified = reading.signed().unwrap_or_else(|| panic!("{vector:?}: {reading:?}"));
        assert_eq!(verified.purpose(), vector.purpose());
        assert_eq!(verified.key_id(), vector.key);
        assert_eq!(verified.day(), vector.day());
        assert!(verified.is_for_list(&vector.list) && !verified.is_for_list("another"));
        assert!(verified.is_for_contact(&vector.contact) && !verified.is_for_contact("eve@example.org"));
        assert!(matches!(Keys::default().read(&address), Reading::Refused(_)));
    }
}
