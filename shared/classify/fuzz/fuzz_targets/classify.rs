//! Any bytes give a report, and the same bytes the same one.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rebound_classify::Classifier;

static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(Classifier::new);

fuzz_target!(|message: &[u8]| {
    assert_eq!(CLASSIFIER.classify(message), CLASSIFIER.classify(message));
});
