//! The rules that come with the program, compiled when it was built.

use std::borrow::Cow;

use super::codes::{Open, ReplyPattern, StatusPattern};
use super::compile::{Compiled, Pattern, Role, Rule, Use};
use super::phrases::{Entry, FragmentUse, PhraseSet};
use crate::prefixes::{self, Prefixes};
use crate::words::Reason;

// Written by `build/reason.rs`: COMPILED and VERSION.
include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// Name and content of every file of `rules/`, which the tests look into.
#[cfg(test)]
pub(super) fn files() -> Vec<(&'static str, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let read = |name| std::fs::read_to_string(folder.join(name)).expect("every file of the list is there");
    super::order::FILES.iter().map(|name| (*name, read(*name))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{order, source};
    use super::*;

    #[test]
    fn what_was_compiled_at_build_time_is_what_would_be_compiled_now() {
        let sets: Vec<_> = files()
            .iter()
            .map(|(name, text)| (*name, source::read(text).unwrap()))
            .collect();
        let now = Compiled::new(sets.iter().map(|(name, rules)| (*name, rules.as_slice()))).unwrap();
        assert_eq!(format!("{COMPILED:#?}"), format!("{now:#?}"));
        assert_eq!(VERSION, order::version(files().iter().map(|(_, text)| text.as_str())));
    }
}
