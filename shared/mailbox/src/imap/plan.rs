//! Which messages are fetched together.

use crate::server::{Listed, MessageRef};

/// The most bytes of messages that one command asks for, unless a single message has more. Large enough that the way
/// there and back does not count, small enough to be thrown away when nobody wants the rest.
const BATCH_BYTES: u64 = 4 * 1024 * 1024;

/// The most messages that one command asks for: their UIDs fit into any server's line, and the answer's beginning comes
/// soon.
const BATCH_MESSAGES: usize = 200;

/// The UID that a wanted message is fetched by; `None` for one that is not fetched at all.
pub(super) fn uid(listed: &Listed, longest: u64) -> Option<u32> {
    match listed.message {
        MessageRef::Uid(uid) if listed.bytes <= longest => Some(uid.0.get()),
        _ => None,
    }
}

/// How many of `wanted`, from the first on, make a batch. Those that are not fetched count for nothing.
pub(super) fn batch(wanted: &[Listed], longest: u64) -> usize {
    let (mut bytes, mut messages) = (0_u64, 0_usize);
    for (index, listed) in wanted.iter().enumerate() {
        if uid(listed, longest).is_none() {
            continue;
        }
        bytes = bytes.saturating_add(listed.bytes);
        messages += 1;
        if messages > 1 && (bytes > BATCH_BYTES || messages > BATCH_MESSAGES) {
            return index;
        }
    }
    wanted.len()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::server::Uid;

    fn listed(sizes: &[u64]) -> Vec<Listed> {
        let uids = (1..).filter_map(NonZeroU32::new).map(Uid).map(MessageRef::Uid);
        uids.zip(sizes)
            .map(|(message, &bytes)| Listed { message, bytes })
            .collect()
    }

    #[test]
    fn batches_are_bounded_in_bytes_and_messages() {
        const LONGEST: u64 = 100_000_000;
        for (sizes, length) in [
            (&[][..], 0),
            (&[10; 200], 200),
            (&[10; 201], 200),
            (&[BATCH_BYTES, 1], 1),
            (&[BATCH_BYTES - 1, 1, 1], 2),
            (&[50_000_000, 1], 1),
            (&[1, 50_000_000, 1], 1),
            (&[1, LONGEST + 1, 1], 3),
        ] {
            assert_eq!(batch(&listed(sizes), LONGEST), length, "{sizes:?}");
        }
    }
}
