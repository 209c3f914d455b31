//! What servers say, made fit for people.

/// The most that is repeated of what a server said: enough for any sentence, and for a link in it.
const MAX_CHARS: usize = 300;

/// A server's words on one line: without line ends, control characters escaped, cut when they are long.
pub(crate) fn printable(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let said = said.trim();
    let mut words: String = said
        .chars()
        .take(MAX_CHARS)
        .flat_map(|c| {
            let (escaped, plain) = if is_unprintable(c) {
                (Some(c.escape_unicode()), None)
            } else {
                (None, Some(c))
            };
            escaped.into_iter().flatten().chain(plain)
        })
        .collect();
    if said.chars().nth(MAX_CHARS).is_some() {
        words.push('…');
    }
    words
}

/// Whether a character could command a terminal, or turn what follows it around.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_one_harmless_line() {
        for (said, words) in [
            (&b"  Hello\r\n"[..], "Hello"),
            (b"a\nb\x1b[2J", "a\\u{a}b\\u{1b}[2J"),
            (b"caf\xe9", "caf\u{fffd}"),
            ("\u{202e}txt".as_bytes(), "\\u{202e}txt"),
            (b"", ""),
        ] {
            assert_eq!(printable(said), words);
        }
        assert_eq!(printable(&[b'x'; 300]), "x".repeat(300));
        assert_eq!(printable(&[b'x'; 301]), format!("{}…", "x".repeat(300)));
    }
}
