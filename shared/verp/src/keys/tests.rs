use super::*;

const A: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const B: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

#[test]
fn a_document_is_read_in_toml_and_in_json() {
    let toml = format!(
        "[[keys]]\nid = 2\nsecret = \"{B}\"\ncreated = 2026-12-01\n\
         [[keys]]\nid = 1\nsecret = \"{A}\"\ncreated = \"2026-11-22\"\nretired = \"2027-01-01\"\n"
    );
    let json = format!(
        r#"{{"keys": [{{"id": 1, "secret": "{A}", "created": "2026-11-22", "retired": "2027-01-01"}},
            {{"id": 2, "secret": "{B}", "created": "2026-12-01", "retired": null}}]}}"#
    );
    let (toml, json) = (Keys::parse(&toml).unwrap(), Keys::parse(&json).unwrap());
    assert!(toml.iter().eq(json.iter()));
    assert_eq!(toml.iter().map(Key::id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(toml.get(1).and_then(Key::retired), Some(day("2027-01-01")));
    for keys in [toml, json] {
        assert_eq!(Keys::parse(&keys.reveal()), Ok(keys));
    }
}

#[test]
fn the_newest_key_that_is_not_retired_signs() {
    let key = |id, created| Key::new(id, vec![id; 32], day(created)).unwrap();
    let mut keys = Keys::default();
    assert_eq!(keys.next_id(), Some(1));
    assert_eq!(
        keys.sign(Purpose::ReturnPath, "news", "ann@example.org", day("2026-11-22")),
        Err(SignError::NoKey)
    );
    for key in [key(7, "2026-11-01"), key(3, "2026-11-22"), key(5, "2026-11-22")] {
        keys = keys.with(key).unwrap();
    }
    assert_eq!(keys.next_id(), Some(8));
    assert_eq!(keys.signing().map(Key::id), Some(5));
    let keys = keys.retire(5, day("2026-12-01")).unwrap();
    assert_eq!(keys.signing().map(Key::id), Some(3));
    let keys = keys.retire(5, day("2027-01-01")).unwrap();
    assert_eq!(keys.get(5).and_then(Key::retired), Some(day("2026-12-01")));
    assert_eq!(keys.clone().retire(9, day("2026-12-01")), None);
    let keys = keys
        .retire(3, day("2026-12-01"))
        .and_then(|keys| keys.retire(7, day("2026-12-01")))
        .unwrap();
    assert_eq!(keys.signing(), None);
}

#[test]
fn numbers_are_given_out_until_all_are_taken() {
    let key = |id| Key::new(id, [id; 32], day("2026-11-22")).unwrap();
    let all = |from: u8| {
        (from..=255)
            .try_fold(Keys::default(), |keys, id| keys.with(key(id)))
            .unwrap()
    };
    assert_eq!(all(9).next_id(), Some(0));
    assert_eq!(all(0).next_id(), None);
}

#[test]
fn an_empty_document_holds_no_keys() {
    for document in ["", "# none yet\n", "keys = []", "{}", r#"{"keys": []}"#] {
        assert!(Keys::parse(document).unwrap().is_empty(), "{document}");
    }
}

#[test]
fn what_is_wrong_is_said_with_the_key_and_without_its_secret() {
    let key = |fields: &str| format!("[[keys]]\n{fields}\n");
    let good = format!("id = 4\nsecret = \"{A}\"\ncreated = \"2026-11-22\"");
    let document = key(&good);
    for (document, said) in [
        (document.repeat(2), "there are two keys with id 4"),
        (
            key("id = 4\nsecret = \"AAEC\"\ncreated = \"2026-11-22\""),
            "key 4: its secret has 3 octets",
        ),
        (
            key("id = 4\nsecret = \"AAEC-\"\ncreated = \"2026-11-22\""),
            "key 4: its secret is no base64",
        ),
        (key("id = 4\ncreated = \"2026-11-22\""), "key 4: it needs a secret"),
        (
            key("id = 4\nsecret = 5\ncreated = \"2026-11-22\""),
            "key 4: it needs a secret",
        ),
        (
            key(&format!("id = 4\nsecret = \"{A}\"")),
            "key 4: it needs to say when it was made",
        ),
        (
            key(&format!("id = 4\nsecret = \"{A}\"\ncreated = \"today\"")),
            "key 4: `created`: \"today\" is no day",
        ),
        (
            key(&format!("id = 4\nsecret = \"{A}\"\ncreated = 5")),
            "key 4: `created` is a day",
        ),
        (key(&format!("{good}\nretierd = \"2027-01-01\"")), "no `retierd`"),
        (
            key(&format!("id = 256\nsecret = \"{A}\"")),
            "key number 1 of the document: it needs an id",
        ),
        (
            key(&format!("secret = \"{A}\"")),
            "key number 1 of the document: it needs an id",
        ),
        (format!("{document}[[key]]\nid = 5\n"), "no `key`"),
        (format!("keys = \"{A}\""), "`keys` is a list"),
        (format!("keys = [\"{A}\"]"), "key number 1 of the document is no table"),
        (format!("{document}secret = {A}"), "the keys are no TOML: line 5"),
        (format!("{{\"keys\": [\n{A}]}}"), "the keys are no JSON: line 2"),
        ("x".repeat(MAX_DOCUMENT_BYTES + 1), "longer than 65536 bytes"),
    ] {
        let error = Keys::parse(&document).expect_err(&document).to_string();
        assert!(error.contains(said), "{error}\nshould say: {said}");
        assert!(!error.contains("AAEC"), "{error}");
    }
}

#[test]
fn a_secret_is_never_printed() {
    let keys = Keys::parse(&format!(
        "[[keys]]\nid = 4\nsecret = \"{A}\"\ncreated = \"2026-11-22\"\n"
    ))
    .unwrap();
    let printed = format!("{keys:?}");
    assert!(
        printed.contains("***") && !printed.contains("AAEC") && !printed.contains("0, 1, 2"),
        "{printed}"
    );
}
