//! The rule files that come with the program.

/// Every file of `rules/`, in the order in which they are asked.
///
/// Order is meaning: providers' own codes first, then what is our fault, then what is the recipient's, then what is the
/// system's; a text that says "blocked" and "user unknown" is about us. Codes and vague words come last.
#[cfg_attr(not(test), allow(dead_code, reason = "read when the program is built"))]
pub(super) const FILES: &[&str] = &[
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

/// FNV-1a, 64 bits, of all `texts`: names a content, guards against nothing.
pub(super) fn version<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let bytes = texts.into_iter().flat_map(str::bytes);
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}
