//! What is written into an mbox comes out of it, byte for byte.

#![allow(clippy::unwrap_used)] // a test may panic, and so may what helps it

use std::io::Cursor;

use proptest::collection::vec;
use proptest::prelude::*;
use rebound_mailbox::sources::Sources;

/// Writes an mbox as mboxrd does: every line that begins with `From `, quoted or not, gets a `>` in front.
fn write(messages: &[Vec<u8>], line_end: &[u8]) -> Vec<u8> {
    let mut mbox = Vec::new();
    for message in messages {
        mbox.extend_from_slice(b"From bounce@example.com Thu Jan  1 00:00:00 2026");
        mbox.extend_from_slice(line_end);
        for line in message.split_inclusive(|&byte| byte == b'\n') {
            let unquoted = line.iter().skip_while(|&&byte| byte == b'>').copied().take(5);
            if unquoted.eq(*b"From ") {
                mbox.push(b'>');
            }
            mbox.extend_from_slice(line);
        }
        mbox.extend_from_slice(line_end);
    }
    mbox
}

fn read(mbox: Vec<u8>) -> Vec<Vec<u8>> {
    Sources::open(["-"])
        .with_standard_input(Cursor::new(mbox))
        .map(|item| item.unwrap().bytes)
        .collect()
}

/// Lines that are hard to tell from what parts two messages, and any others.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        Just(Vec::new()),
        Just(b"From ".to_vec()),
        Just(b"From bounce@example.com Thu Jan  1 00:00:00 2026".to_vec()),
        Just(b">From bounce@example.com Thu Jan  1 00:00:00 2026".to_vec()),
        Just(b">>>From the start".to_vec()),
        Just(b"Subject: From ".to_vec()),
        Just(vec![b'>'; 9_000]),
        Just(vec![b'x'; 300_000]),
        vec(any::<u8>().prop_filter("a line end", |&byte| byte != b'\n'), 0..100),
    ];
    (text, prop_oneof![Just(&b"\n"[..]), Just(&b"\r\n"[..])]).prop_map(|(text, end)| [&text, end].concat())
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    vec(line(), 1..20).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn quoted_and_read_again_it_is_the_same(messages in vec(message(), 1..8), crlf: bool) {
        let line_end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
        prop_assert_eq!(read(write(&messages, line_end)), messages);
    }

    #[test]
    fn no_bytes_are_lost_or_made_up_whatever_the_input(bytes in vec(any::<u8>(), 1..5_000)) {
        prop_assert_eq!(read(bytes.clone()), vec![bytes]);
    }
}
