//! Folds and sorts the phrases of `phrases/` and the rules of `rules/` into static tables, so that starting up costs
//! nothing.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a build that can't read its own files has to stop"
)]

// Phrases must be folded here exactly as text is folded there.
#[allow(dead_code, unreachable_pub, reason = "only a part of it is needed here")]
#[path = "src/kinds/fold.rs"]
mod fold;
#[path = "build/phrases.rs"]
mod phrases;
#[allow(dead_code, reason = "only a part of it is needed here")]
#[path = "src/prefixes.rs"]
mod prefixes;
#[path = "build/reason.rs"]
mod reason;
#[path = "build/words.rs"]
mod words;

fn main() {
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let out = std::path::Path::new(&out);
    for read in [
        "build.rs",
        "build",
        "phrases",
        "rules",
        "src/kinds/fold.rs",
        "src/prefixes.rs",
        "src/reason",
        "src/words/status.rs",
    ] {
        println!("cargo::rerun-if-changed={read}");
    }
    phrases::compile("phrases".as_ref(), &out.join("phrases.rs"));
    reason::compile("rules".as_ref(), &out.join("rules.rs"));
}
