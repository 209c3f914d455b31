//! What was said about a recipient.

use std::cell::OnceCell;
use std::ops::Deref;

use super::Codes;
use super::phrases::Phrases;
use super::speaker::Speaker;

/// The longest diagnostic kept; real ones end long before.
pub(super) const MAX_WORDS_BYTES: usize = 4 << 10;

/// A server's own words, white space folded to single spaces. What is read off them is looked for once, however often it
/// is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    text: String,
    codes: OnceCell<Codes>,
    speaker: OnceCell<Speaker>,
}

impl Words {
    /// Appends `piece`, white space folded, up to [`MAX_WORDS_BYTES`].
    pub(crate) fn append(&mut self, piece: &str) {
        if piece.is_empty() {
            return;
        }
        (self.codes, self.speaker) = (OnceCell::new(), OnceCell::new());
        let text = &mut self.text;
        text.reserve(piece.len().min(MAX_WORDS_BYTES.saturating_sub(text.len())) + 1);
        for word in piece.split_ascii_whitespace() {
            if text.len() + word.len() >= MAX_WORDS_BYTES {
                return;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
    }

    /// The reply and status code in them.
    pub(crate) fn codes(&self) -> Codes {
        *self.codes.get_or_init(|| Codes::find(&self.text))
    }

    /// The SMTP command that they say was refused and the host that refused it, found by `phrases`.
    pub(crate) fn speaker(&self, phrases: &Phrases) -> &Speaker {
        self.speaker.get_or_init(|| phrases.speaker(&self.text))
    }
}

impl Deref for Words {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl From<&str> for Words {
    fn from(piece: &str) -> Self {
        let mut words = Self::default();
        words.append(piece);
        words
    }
}

impl From<Words> for String {
    fn from(words: Words) -> Self {
        words.text
    }
}
