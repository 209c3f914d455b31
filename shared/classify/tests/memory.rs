//! What judging takes beside the message itself. In a process of its own: other tests would count.
#![allow(missing_docs, clippy::expect_used)] // a test may panic
#![cfg(target_os = "linux")]

mod hostile_messages;

use hostile_messages::hostile;
use rebound_classify::Classifier;

/// Beside the message: a function of 128 MiB has room for two of the largest and all else.
const LIMIT_KIB: u64 = 64 << 10;

#[test]
fn no_message_takes_more_than_64_mib() {
    let classifier = Classifier::new();
    for (name, message) in hostile() {
        let before = kib("VmRSS:");
        reset_peak();
        let report = classifier.classify(&message);
        let peak = kib("VmHWM:").saturating_sub(before);
        assert!(
            peak < LIMIT_KIB,
            "{name}: {peak} KiB for {} bytes, {}",
            message.len(),
            report.category
        );
    }
}

/// A field of `/proc/self/status` (proc(5)).
fn kib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .expect("the field is there");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Forgets the highest resident size so far (proc(5), `clear_refs`).
fn reset_peak() {
    std::fs::write("/proc/self/clear_refs", "5").expect("one's own peak may be reset");
}
