//! One spelling for everything: how text looks to the phrases.

/// What is copied in one piece; looking further would be wasted where little can be.
const MAX_RUN_BYTES: usize = 256;

/// Folds `text` until the folded form holds `limit` bytes.
///
/// Lower case; Latin, Greek and Cyrillic letters lose their marks; typographic quotes, dashes and full-width forms become
/// ASCII; invisible characters go. A run of white space is one space, and none between two Chinese or Japanese
/// characters, where a mailer broke the line. An empty line is one `\n`, so that a phrase never reaches into the next
/// paragraph.
pub(super) fn fold(text: &str, limit: usize) -> String {
    let mut folder = Folder::with_capacity(text.len().min(limit) + 8);
    let mut rest = text;
    while folder.out.len() < limit {
        let run = plain_run(rest);
        if run > 0 {
            // What most text is made of is copied as it stands.
            let (run, tail) = rest.split_at(run.min(limit - folder.out.len()));
            folder.put_run(run);
            rest = tail;
        } else if let Some(c) = rest.chars().next() {
            folder.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        } else {
            break;
        }
    }
    folder.out
}

/// The part of `text` that `fold(text, _)` turned into the bytes `start..end`.
pub(super) fn unfold(text: &str, start: usize, end: usize) -> &str {
    let mut folder = Folder::with_capacity(end + 8);
    let (mut from, mut to) = (None, text.len());
    for (at, c) in text.char_indices() {
        folder.push(c);
        if from.is_none() && folder.out.len() > start {
            from = Some(at);
        }
        if folder.out.len() >= end {
            to = at + c.len_utf8();
            break;
        }
    }
    text.get(from.unwrap_or(to)..to).unwrap_or_default()
}

struct Folder {
    out: String,
    space: bool,
    newlines: u8,
    last: char,
}

impl Folder {
    fn with_capacity(bytes: usize) -> Self {
        Self {
            out: String::with_capacity(bytes),
            space: false,
            newlines: 0,
            last: '\n',
        }
    }

    fn push(&mut self, c: char) {
        match c {
            'a'..='z' | '0'..='9' => self.put(c),
            'A'..='Z' => self.put(c.to_ascii_lowercase()),
            '\n' => {
                self.space = true;
                self.newlines = self.newlines.saturating_add(1);
            }
            ' '
            | '\t'
            | '\r'
            | '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}' => {
                self.space = true;
            }
            _ if c.is_ascii() => self.put(c),
            _ => self.push_beyond_ascii(c),
        }
    }

    fn push_beyond_ascii(&mut self, c: char) {
        // Whole texts are made of these.
        match c {
            'а'..='и' | 'к'..='я' | 'ぁ'..='ヾ' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => {
                return self.put(c);
            }
            _ => {}
        }
        if is_invisible(c) {
            return;
        }
        if let Some(ascii) = ascii_form(c) {
            return self.put(ascii);
        }
        for c in c.to_lowercase() {
            match c {
                _ if is_invisible(c) => {}
                'æ' => self.put_both('a', 'e'),
                'œ' => self.put_both('o', 'e'),
                'ß' => self.put_both('s', 's'),
                'þ' => self.put_both('t', 'h'),
                _ => self.put(plain(c)),
            }
        }
    }

    /// A [`plain_run`].
    fn put_run(&mut self, run: &str) {
        let mut chars = run.chars();
        let (Some(first), Some(last)) = (chars.next(), run.chars().next_back()) else {
            return;
        };
        self.put(first.to_ascii_lowercase());
        let from = self.out.len();
        self.out.push_str(chars.as_str());
        if let Some(rest) = self.out.get_mut(from..) {
            rest.make_ascii_lowercase();
        }
        self.last = last;
    }

    fn put_both(&mut self, a: char, b: char) {
        self.put(a);
        self.put(b);
    }

    fn put(&mut self, c: char) {
        if self.space {
            if self.newlines > 1 {
                if !self.out.is_empty() {
                    self.out.push('\n');
                }
            } else if !self.out.is_empty() && (!is_unspaced(self.last) || !is_unspaced(c)) {
                self.out.push(' ');
            }
            self.space = false;
            self.newlines = 0;
        }
        self.out.push(c);
        self.last = c;
    }
}

/// How many bytes at the beginning of `text` fold to themselves, but for the case of letters: words of ASCII in one line
/// with one space between them.
fn plain_run(text: &str) -> usize {
    let bytes = text.as_bytes();
    if bytes.first().is_none_or(|first| !first.is_ascii_graphic()) {
        return 0;
    }
    let bytes = bytes.get(..MAX_RUN_BYTES).unwrap_or(bytes);
    let line = memchr::memchr3(b'\n', b'\r', b'\t', bytes).and_then(|end| bytes.get(..end));
    let mut run = line.unwrap_or(bytes);
    if !run.is_ascii() {
        let ascii = run.iter().position(|byte| !byte.is_ascii());
        run = ascii.and_then(|end| run.get(..end)).unwrap_or_default();
    }
    // Asked of all pairs, which is faster than to stop at one.
    let pairs = || run.iter().zip(run.get(1..).unwrap_or_default());
    let is_gap = |(left, right): (&u8, &u8)| *left == b' ' && *right == b' ';
    if pairs().fold(false, |any, pair| any | is_gap(pair)) {
        run = pairs()
            .position(is_gap)
            .and_then(|end| run.get(..end))
            .unwrap_or_default();
    }
    run.trim_ascii_end().len()
}

/// Chinese and Japanese characters and their punctuation: written without spaces between words.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2ffff}')
}

/// Soft hyphens, zero-width and direction marks, and the marks that hang on a letter in Latin, Hebrew and Arabic.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}

fn ascii_form(c: char) -> Option<char> {
    match c {
        '\u{2018}'..='\u{201b}' | '\u{2bc}' | '\u{2032}' | '\u{b4}' | '\u{5f3}' => Some('\''),
        '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{5f4}' => Some('"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xff01 + u32::from('!')).map(|ascii| ascii.to_ascii_lowercase())
        }
        _ => None,
    }
}

/// A lower-case letter without its mark.
fn plain(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | '\u{1ea0}'..='\u{1eb7}' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' | 'ð' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ə' | '\u{1eb8}'..='\u{1ec7}' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ĥ' | 'ħ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | '\u{1ec8}'..='\u{1ecb}' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ơ' | '\u{1ecc}'..='\u{1ee3}' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ŧ' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ư' | '\u{1ee4}'..='\u{1ef1}' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' | '\u{1ef2}'..='\u{1ef9}' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' | 'ϊ' | 'ΐ' => 'ι',
        'ό' => 'ο',
        'ύ' | 'ϋ' | 'ΰ' => 'υ',
        'ώ' => 'ω',
        'ς' => 'σ',
        'ё' => 'е',
        'й' => 'и',
        'ї' => 'і',
        'ў' => 'у',
        'أ' | 'إ' | 'آ' => 'ا',
        'ى' => 'ي',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn different_spellings_fold_to_one() {
        for (text, folded) in [
            ("Réponse  automatique\u{a0}:", "reponse automatique :"),
            ("I\u{2019}m Out of\r\nOffice", "i'm out of office"),
            ("one\r\n\r\n two", "one\ntwo"),
            ("İzindeyim, GRÜSSE Straße", "izindeyim, grusse strasse"),
            ("e\u{301}te\u{301} zero\u{200b}width", "ete zerowidth"),
            ("不在\n通知 ＡＢＣ", "不在通知 abc"),
            ("Αυτόματη ΑΠΆΝΤΗΣΗ", "αυτοματη απαντηση"),
            ("Её ящик закрытый", "ее ящик закрытыи"),
            ("  \n\n leading", "leading"),
            ("أنا خارج", "انا خارج"),
        ] {
            assert_eq!(fold(text, usize::MAX), folded, "{text:?}");
        }
    }

    #[test]
    fn the_limit_stops_the_work() {
        assert!(fold(&"word ".repeat(10_000), 100).len() < 110);
    }

    proptest! {
        #[test]
        fn folding_is_idempotent_and_can_be_undone(text in "\\PC{0,40}") {
            let once = fold(&text, usize::MAX);
            prop_assert_eq!(fold(unfold(&text, 0, once.len()), usize::MAX), once.clone());
            prop_assert_eq!(fold(&once, usize::MAX), once);
        }
    }
}
