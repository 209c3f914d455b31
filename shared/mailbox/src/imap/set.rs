//! Sets of UIDs as commands carry them, RFC 3501 section 9, `sequence-set`.

use std::fmt::Write as _;

/// The longest set in one command. Servers take lines of 8,000 bytes (RFC 7162 section 4), some no more.
const MAX_SET_BYTES: usize = 4_000;

/// A range as it may be written at most: `4294967295:4294967295,`.
const MAX_RANGE_BYTES: usize = 22;

/// The longest beginning of `uids`, which ascend, that fits into one command and has `most` at most: the set, and what is
/// left. UIDs that follow one another become a range.
pub(super) fn set(uids: &[u32], most: usize) -> (String, &[u32]) {
    let mut text = String::new();
    let mut taken = 0;
    while let Some(&first) = uids.get(taken) {
        if taken >= most || text.len() + MAX_RANGE_BYTES > MAX_SET_BYTES {
            break;
        }
        let follows =
            |(index, uid): &(usize, &u32)| first.checked_add(u32::try_from(*index).unwrap_or(u32::MAX)) == Some(**uid);
        let run = uids
            .iter()
            .skip(taken)
            .take(most - taken)
            .enumerate()
            .take_while(follows)
            .count();
        let comma = if text.is_empty() { "" } else { "," };
        let last = uids.get(taken + run - 1).copied().unwrap_or(first);
        // Writing into a string does not fail.
        let _ = match run {
            1 => write!(text, "{comma}{first}"),
            _ => write!(text, "{comma}{first}:{last}"),
        };
        taken += run;
    }
    (text, uids.get(taken..).unwrap_or_default())
}

/// All of `uids`, in as many sets as it takes.
pub(super) fn sets(uids: &[u32], most: usize) -> impl Iterator<Item = (String, &[u32])> {
    let mut left = uids;
    std::iter::from_fn(move || {
        if left.is_empty() {
            return None;
        }
        let (text, rest) = set(left, most);
        let taken = left.get(..left.len() - rest.len())?;
        left = rest;
        Some((text, taken))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn uids_that_follow_one_another_are_a_range() {
        for (uids, most, text, left) in [
            (&[][..], 10, "", 0),
            (&[5], 10, "5", 0),
            (&[5, 6, 7, 9], 10, "5:7,9", 0),
            (&[5, 6, 7, 9], 2, "5:6", 2),
            (&[1, 3, 5], 10, "1,3,5", 0),
            (&[u32::MAX - 1, u32::MAX], 10, "4294967294:4294967295", 0),
        ] {
            let (set, rest) = set(uids, most);
            assert_eq!((set.as_str(), rest.len()), (text, left));
        }
    }

    proptest! {
        #[test]
        fn every_uid_is_in_exactly_one_set(uids in prop::collection::btree_set(1_u32.., 0..3_000), most in 1_usize..500) {
            let uids: Vec<u32> = uids.into_iter().collect();
            let mut named = Vec::new();
            for (text, taken) in sets(&uids, most) {
                prop_assert!(text.len() <= MAX_SET_BYTES && taken.len() <= most);
                let before = named.len();
                for range in text.split(',') {
                    let (first, last) = range.split_once(':').unwrap_or((range, range));
                    named.extend(first.parse::<u32>().unwrap()..=last.parse().unwrap());
                }
                prop_assert_eq!(&named[before..], taken);
            }
            prop_assert_eq!(named, uids);
        }
    }
}
