//! A message means the same with LF, CRLF and bare CR, whatever happened to it on its way.
#![allow(missing_docs)]

use std::path::Path;

use rebound_classify::Classifier;

#[test]
fn every_sample_is_judged_the_same_with_any_line_ends() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/mailbox");
    let classifier = Classifier::new();
    let mut compared = 0;
    for entry in std::fs::read_dir(folder).expect("the sample mailbox is there") {
        let path = entry.expect("its entries can be read").path();
        if path.extension().is_none_or(|extension| extension != "eml") {
            continue;
        }
        let raw = std::fs::read(&path).expect("a sample can be read");
        let plain = with_line_ends(&raw, b"\n");
        let expected = classifier.classify(&plain);
        for ends in [&b"\r\n"[..], b"\r"] {
            assert_eq!(
                classifier.classify(&with_line_ends(&plain, ends)),
                expected,
                "{}",
                path.display()
            );
        }
        compared += 1;
    }
    assert!(compared > 80, "only {compared} samples were compared");
}

/// `raw` with every LF, CRLF and lone CR replaced by `ends`.
fn with_line_ends(raw: &[u8], ends: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 20);
    let mut bytes = raw.iter().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if(|next| **next == b'\n');
                out.extend_from_slice(ends);
            }
            b'\n' => out.extend_from_slice(ends),
            other => out.push(*other),
        }
    }
    out
}
