//! Delivery-status fields of any bytes, inside a well-formed report.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rebound_classify::Classifier;

static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(Classifier::new);

fuzz_target!(|fields: &[u8]| {
    let head = b"From: MAILER-DAEMON@mx.example.com\nSubject: Undelivered Mail\nContent-Type: multipart/report; boundary=b\n\n\
        --b\nContent-Type: message/delivery-status\n\n";
    let _ = CLASSIFIER.classify(&[head, fields, b"\n--b--\n"].concat());
});
