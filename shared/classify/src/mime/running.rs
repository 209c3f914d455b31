//! Addresses in running text.

use crate::words::Address;

/// Addresses in `text`, without brackets and punctuation; at most 64.
pub(crate) fn addresses_in_text(text: &str) -> Vec<Address> {
    addresses_with_places(text)
        .into_iter()
        .map(|(_, _, address)| address)
        .collect()
}

/// The same with where each begins and ends.
pub(crate) fn addresses_with_places(line: &str) -> Vec<(usize, usize, Address)> {
    let bytes = line.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    let ascii = line.is_ascii();
    while let Some(at) = bytes
        .get(from..)
        .and_then(|rest| memchr::memchr(b'@', rest))
        .map(|at| from + at)
    {
        let mut start = at;
        if at > 0 && bytes.get(at - 1) == Some(&b'"') {
            start = line.get(..at - 1).and_then(|before| before.rfind('"')).unwrap_or(at);
        } else {
            while start > from && bytes.get(start - 1).is_some_and(|b| is_local_byte(*b)) {
                start -= 1;
            }
        }
        while start < at && !line.is_char_boundary(start) {
            start += 1;
        }
        let mut end = at + 1;
        while bytes
            .get(end)
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_') || *b >= 0x80)
        {
            end += 1;
        }
        while end > at + 1 && (!line.is_char_boundary(end) || matches!(bytes.get(end - 1), Some(b'.' | b'-' | b'_'))) {
            end -= 1;
        }
        if !ascii {
            end -= particle_len(line.get(at + 1..end).unwrap_or_default());
        }
        from = end.max(at + 1);
        let raw = line.get(start..end).unwrap_or_default();
        let trimmed = raw.trim_start_matches([
            '\'', '`', '*', '=', '|', '/', '#', '?', '&', '.', '-', '$', '!', '{', '}',
        ]);
        let start = start + raw.len() - trimmed.len();
        let domain = trimmed.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
        let bracketed = start > 0 && bytes.get(start - 1) == Some(&b'<') && bytes.get(end) == Some(&b'>');
        let plausible = bracketed && !domain.is_empty()
            || domain.contains('.') && !domain.starts_with('.') && !domain.contains("..");
        // A wide sentence right before an address belongs to the sentence.
        let sentence = (!ascii).then(|| trimmed.rfind(is_ideographic_punctuation)).flatten();
        let trimmed_wide = match sentence.and_then(|cut| trimmed.get(cut..)) {
            Some(rest) => rest.trim_start_matches(is_ideographic_punctuation),
            None => trimmed,
        };
        if plausible && let Some(address) = Address::parse(trimmed_wide).filter(|a| a.as_str().contains('@')) {
            found.push((end - trimmed_wide.len(), end, address));
        }
        if found.len() >= 64 {
            break;
        }
    }
    found
}

/// How much of `domain` is the sentence going on, in languages that put no space behind a name: `example.com에`.
fn particle_len(domain: &str) -> usize {
    let mut last = '.';
    let mut dotted = false;
    for (at, c) in domain.char_indices() {
        if is_unspaced(c) && last.is_ascii_alphanumeric() && dotted {
            return domain.len() - at;
        }
        dotted |= c == '.';
        last = c;
    }
    0
}

/// Kana, Han and Hangul.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

fn is_local_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte) || byte >= 0x80
}

fn is_ideographic_punctuation(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{3020}' | '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '«' | '»' | '“' | '”' | '„' | '•')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_ends_where_the_sentence_goes_on() {
        for (text, expected) in [
            ("ann@example.com에 보낸 메시지", "ann@example.com"),
            ("ann@example.comへの配信", "ann@example.com"),
            ("发送到 ann@example.com的邮件", "ann@example.com"),
            ("to jörg@bücher.example.", "jörg@bücher.example"),
            ("用户@例子.广告 failed", "用户@例子.广告"),
        ] {
            let found = addresses_in_text(text);
            assert_eq!(
                found.iter().map(Address::as_str).collect::<Vec<_>>(),
                [expected],
                "{text}"
            );
        }
    }
}
