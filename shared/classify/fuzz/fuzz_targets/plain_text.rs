//! The words of a plain-text report, any bytes.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rebound_classify::Classifier;

static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(Classifier::new);

fuzz_target!(|words: &[u8]| {
    let head = b"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nSubject: failure notice\n\n";
    let _ = CLASSIFIER.classify(&[&head[..], words].concat());
});
