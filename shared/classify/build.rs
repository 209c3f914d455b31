//! Folds and sorts the phrases of `phrases/` into static tables, so that starting up costs nothing.

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

fn main() {
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=phrases");
    println!("cargo::rerun-if-changed=src/kinds/fold.rs");
    phrases::compile("phrases".as_ref(), &std::path::Path::new(&out).join("phrases.rs"));
}
