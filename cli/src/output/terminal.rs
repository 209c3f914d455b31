//! What a terminal can show.

use std::borrow::Cow;
use std::io::IsTerminal;

/// Columns of a table that goes to a file or a pipe: whatever it takes, so that `grep` finds all there is.
const PIPE_WIDTH: usize = usize::MAX;

/// Columns of a terminal that does not say how wide it is.
const USUAL_WIDTH: usize = 100;

/// Columns of flowing text, at most.
const PROSE_WIDTH: usize = 120;

/// The narrowest table that still says something.
const MIN_WIDTH: usize = 60;

/// Says how many columns there are, whatever there is.
const COLUMNS_VARIABLE: &str = "REBOUND_COLUMNS";

/// How many columns standard output has.
pub(crate) fn width() -> usize {
    let said = std::env::var(COLUMNS_VARIABLE).ok();
    if let Some(columns) = said.and_then(|columns| columns.parse::<usize>().ok()) {
        return columns.max(MIN_WIDTH);
    }
    if !std::io::stdout().is_terminal() {
        return PIPE_WIDTH;
    }
    console::Term::stdout()
        .size_checked()
        .map_or(USUAL_WIDTH, |(_, columns)| usize::from(columns).max(MIN_WIDTH))
}

/// How many columns flowing text may take: as many as the terminal has, up to what is pleasant to read.
pub(crate) fn prose_width() -> usize {
    width().min(PROSE_WIDTH)
}

/// `text` without anything that could steer a terminal: a stranger wrote it. Control, bidirectional and zero-width
/// characters become `�`, white space runs one space.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| !c.is_control() && !is_invisible(c);
    if text.chars().all(harmless) && !text.contains("  ") {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if c.is_whitespace() && shown.ends_with(' ') => {}
            _ if c.is_whitespace() => shown.push(' '),
            _ if harmless(c) => shown.push(c),
            _ => shown.push(char::REPLACEMENT_CHARACTER),
        }
    }
    Cow::Owned(shown)
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_cannot_steer_the_terminal() {
        for (text, expected) in [
            ("550 no such user", "550 no such user"),
            ("a\r\n\tb", "a b"),
            ("\u{1b}[31mred\u{7}", "\u{fffd}[31mred\u{fffd}"),
            ("abc\u{202e}cba", "abc\u{fffd}cba"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }
}
