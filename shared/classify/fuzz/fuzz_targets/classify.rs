//! Any bytes give a report, and the same bytes the same one.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rebound_classify::{Classifier, returned_original};

static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(Classifier::new);

fuzz_target!(|message: &[u8]| {
    assert_eq!(CLASSIFIER.classify(message), CLASSIFIER.classify(message));
    if let Some(returned) = returned_original(message) {
        // An encoding undone is never longer.
        assert!(returned.raw.len() <= message.len());
    }
});
