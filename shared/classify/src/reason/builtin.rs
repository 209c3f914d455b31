//! The rule files that come with the program, in the order in which they are asked.

use super::source::{self, RuleSource};

/// Name and content of every file.
///
/// Order is meaning: providers' own codes first, then what is our fault, then what is the recipient's, then what is the
/// system's; a text that says "blocked" and "user unknown" is about us. Codes and vague words come last.
macro_rules! files {
    ($($name:literal,)+) => { &[$(($name, include_str!(concat!("../../rules/", $name))),)+] };
}
pub(super) const FILES: &[(&str, &str)] = files![
    "providers/google.toml",
    "providers/microsoft.toml",
    "providers/yahoo.toml",
    "providers/apple.toml",
    "providers/north-america.toml",
    "providers/europe.toml",
    "providers/asia.toml",
    "providers/gateways.toml",
    "suppressed.toml",
    "auth-failure.toml",
    "require-ptr.toml",
    "blocked.toml",
    "rate-limited.toml",
    "sender.toml",
    "no-relaying.toml",
    "security.toml",
    "mailbox-full.toml",
    "size.toml",
    "content.toml",
    "mailer.toml",
    "moved.toml",
    "suspended.toml",
    "hosts.toml",
    "user-unknown.toml",
    "policy.toml",
    "systems.toml",
    "greylisted.toml",
    "status.toml",
    "vague.toml",
];

/// The rules of every file.
pub(super) fn sources() -> Vec<Vec<RuleSource>> {
    #[expect(clippy::expect_used, reason = "constant input; the tests read it")]
    FILES
        .iter()
        .map(|(_, text)| source::read(text).expect("the built-in rules are well-formed"))
        .collect()
}
