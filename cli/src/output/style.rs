//! Colours: few, and only where somebody looks at them. Nothing is said by colour alone.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

/// Whether standard output is in colour; decided once, before anything is printed.
static IN_COLOR: AtomicBool = AtomicBool::new(false);

/// Looks whether standard output wants colours: from here on, it gets them.
pub(crate) fn begin() {
    let wanted = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
    IN_COLOR.store(wanted, Ordering::Relaxed);
}

/// `text` for standard output, in this style where there are colours.
pub(super) fn painted(style: Style, text: &str) -> String {
    let style = if IN_COLOR.load(Ordering::Relaxed) {
        style
    } else {
        Style::new()
    };
    format!("{style}{text}{style:#}")
}

/// A word of ours as it looks wherever it stands; `width` columns wide at least.
pub(crate) fn paint_word(word: &str, width: usize) -> String {
    painted(word_style(word), &format!("{word:<width$}"))
}

/// The same for the word that a text begins with.
pub(crate) fn paint_first_word(text: &str) -> String {
    match text.split_once(' ') {
        Some((word, rest)) => format!("{} {rest}", paint_word(word, 0)),
        None => paint_word(text, 0),
    }
}

/// What stands above a part of a text.
pub(crate) fn title(text: &str) -> String {
    painted(heading(), text)
}

/// What stands above a column.
pub(crate) fn heading() -> Style {
    Style::new().bold()
}

/// What stands before a line on standard error.
pub(crate) fn kind_style(kind: &str) -> Style {
    match kind {
        "error" => AnsiColor::Red.on_default().bold(),
        "warning" => AnsiColor::Yellow.on_default().bold(),
        "hint" => AnsiColor::Green.on_default().bold(),
        "step" => Style::new().dimmed(),
        _ => AnsiColor::Cyan.on_default().bold(),
    }
}

/// Whether a column of this name holds words that have a style of their own.
pub(super) fn is_told_by_words(heading: &str) -> bool {
    matches!(heading, "CATEGORY" | "CAUSE" | "STATUS" | "RESULT")
}

/// Bad is red, doubtful yellow, ours to mend magenta, good green; what nobody needs to act on is as any other word.
pub(super) fn word_style(word: &str) -> Style {
    match word {
        "hard-bounce" | "complaint" | "suppressed" | "problem" | "FAILED" | "ALARM" => AnsiColor::Red.on_default(),
        "soft-bounce" | "unknown-unavailable" | "unknown-available" | "possible-failure" | "warning" | "WARNING" => {
            AnsiColor::Yellow.on_default()
        }
        "sender-blocked" => AnsiColor::Magenta.on_default(),
        "delivered" | "active" | "ok" => AnsiColor::Green.on_default(),
        "unrecognised" | "skipped" => Style::new().dimmed(),
        _ => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use rebound_classify::Category;

    use super::*;

    #[test]
    fn there_are_no_colours_before_somebody_wants_them() {
        assert_eq!(painted(word_style("hard-bounce"), "hard-bounce"), "hard-bounce");
    }

    #[test]
    fn every_category_that_counts_or_suppresses_stands_out() {
        for category in Category::ALL.iter().filter(|category| category.is_failure()) {
            assert_ne!(word_style(category.as_str()), Style::new(), "{category}");
        }
    }
}
