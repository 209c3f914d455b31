//! Tables that fit the terminal.

use std::fmt::Write;

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::style::{heading, is_told_by_words, painted, word_style};
use super::terminal::printable;

/// Space between two columns.
const GAP: &str = "  ";

/// Which side of its column a cell keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Space before the first column of an indented table.
const INDENT: &str = "  ";

/// Rows under headings. Where they are wider than they may be, columns that can be done without are left out, and of the
/// others the widest gives way: its cells are cut with `…`.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
    indent: &'static str,
    /// Columns whose words have colours of their own.
    told_by_words: Vec<bool>,
    /// Columns that are left out where there is no room, the last one first.
    dispensable: Vec<usize>,
}

/// So much of a column that may be cut still says something.
const READABLE: usize = 16;

/// No column gets narrower than this.
const NARROWEST: usize = 8;

/// How one column fits beside the others.
struct Fit {
    width: usize,
    narrowest: usize,
    may_be_cut: bool,
    is_shown: bool,
}

impl Fit {
    fn new(column: &(String, Align)) -> Self {
        let width = column.0.width();
        Self {
            width,
            narrowest: width.max(NARROWEST),
            may_be_cut: !is_rigid(column),
            is_shown: true,
        }
    }

    /// The least that still says something.
    fn readable(&self) -> usize {
        if self.may_be_cut {
            self.width.min(READABLE.max(self.narrowest))
        } else {
            self.width
        }
    }
}

/// Numbers, and columns of short words that say nothing when they are cut.
fn is_rigid((name, align): &(String, Align)) -> bool {
    *align == Align::Right || is_told_by_words(name) || matches!(name.as_str(), "SINCE" | "REASON" | "LAST REASON")
}

impl Table {
    /// A table with these headings; an empty set of headings prints none.
    pub(crate) fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Align)>) -> Self {
        let columns: Vec<(String, Align)> = columns
            .into_iter()
            .map(|(name, align)| (name.to_owned(), align))
            .collect();
        Self {
            told_by_words: columns.iter().map(|(name, _)| is_told_by_words(name)).collect(),
            dispensable: Vec::new(),
            columns,
            rows: Vec::new(),
            indent: "",
        }
    }

    /// The same table, set off from the left margin.
    pub(crate) fn indented(self) -> Self {
        Self { indent: INDENT, ..self }
    }

    /// The same table, where the words of this column have colours of their own, whatever it is called.
    pub(crate) fn words_in(mut self, column: usize) -> Self {
        if let Some(told) = self.told_by_words.get_mut(column) {
            *told = true;
        }
        self
    }

    /// The same table, which does without these columns where there is no room for all; without the last of them first.
    pub(crate) fn without_if_need_be(self, columns: &[usize]) -> Self {
        Self {
            dispensable: columns.to_vec(),
            ..self
        }
    }

    /// Adds a row; what a stranger wrote in it is made harmless.
    pub(crate) fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        self.rows
            .push(cells.into_iter().map(|cell| printable(cell).into_owned()).collect());
    }

    /// The table as text, no line wider than `width` columns, each ending in a line feed.
    pub(crate) fn render(&self, width: usize) -> String {
        let widths = self.widths(width);
        let mut text = String::new();
        if self.columns.iter().any(|(name, _)| !name.is_empty()) {
            let names = self.columns.iter().map(|(name, _)| (name.as_str(), heading()));
            self.line(&mut text, &widths, names);
        }
        for row in &self.rows {
            let cells = row.iter().zip(&self.told_by_words);
            let cells = cells.map(|(cell, told)| (cell.as_str(), if *told { word_style(cell) } else { Style::new() }));
            self.line(&mut text, &widths, cells);
        }
        text
    }

    /// As wide as the widest cell; `None` for columns that are left out. Where that is too much, columns that can be done
    /// without are left out until the others are readable; then those of them that are left give way, and at last the widest.
    fn widths(&self, available: usize) -> Vec<Option<usize>> {
        let mut fits: Vec<Fit> = self.columns.iter().map(Fit::new).collect();
        for row in &self.rows {
            for (fit, cell) in fits.iter_mut().zip(row) {
                fit.width = fit.width.max(cell.width());
            }
        }
        let gaps = |fits: &[Fit]| {
            let columns = fits.iter().filter(|fit| fit.is_shown).count();
            self.indent.len() + GAP.len() * columns.saturating_sub(1)
        };
        let all = |fits: &[Fit], width: fn(&Fit) -> usize| {
            gaps(fits) + fits.iter().filter(|fit| fit.is_shown).map(width).sum::<usize>()
        };
        for column in self.dispensable.iter().rev() {
            if all(&fits, Fit::readable) <= available {
                break;
            }
            if let Some(fit) = fits.get_mut(*column) {
                fit.is_shown = false;
            }
        }
        let mut excess = all(&fits, |fit| fit.width).saturating_sub(available);
        for column in self.dispensable.iter().rev() {
            if let Some(fit) = fits.get_mut(*column).filter(|fit| fit.is_shown) {
                let given = excess.min(fit.width - fit.readable());
                fit.width -= given;
                excess -= given;
            }
        }
        while excess > 0 {
            let shrinkable = fits
                .iter_mut()
                .filter(|fit| fit.is_shown && fit.may_be_cut && fit.width > fit.narrowest);
            let Some(widest) = shrinkable.max_by_key(|fit| fit.width) else {
                break;
            };
            widest.width -= 1;
            excess -= 1;
        }
        fits.iter().map(|fit| fit.is_shown.then_some(fit.width)).collect()
    }

    fn line<'a>(&self, text: &mut String, widths: &[Option<usize>], cells: impl Iterator<Item = (&'a str, Style)>) {
        let start = text.len();
        text.push_str(self.indent);
        let mut is_first = true;
        for (((cell, style), width), (_, align)) in cells.zip(widths).zip(&self.columns) {
            let Some(width) = width else { continue };
            if !std::mem::take(&mut is_first) {
                text.push_str(GAP);
            }
            let cell = cut(cell, *width);
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            let cell = painted(style, &cell);
            let _ = match align {
                Align::Left => write!(text, "{cell}{padding}"),
                Align::Right => write!(text, "{padding}{cell}"),
            };
        }
        let end = text.trim_end().len().max(start);
        text.truncate(end);
        text.push('\n');
    }
}

/// At most `width` columns of `text`.
fn cut(text: &str, width: usize) -> std::borrow::Cow<'_, str> {
    if text.width() <= width {
        return text.into();
    }
    let mut used = 0;
    let mut kept: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used < width
        })
        .collect();
    kept.push('…');
    kept.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new([("ADDRESS", Align::Left), ("SOFT", Align::Right), ("WORDS", Align::Left)]);
        table.row(["ann@example.com", "5", "550 5.1.1 no such user"]);
        table.row([
            "博@例え.example",
            "12",
            "邮箱已满 mailbox is full and will stay so for a long time",
        ]);
        table
    }

    #[test]
    fn columns_line_up_in_any_script() {
        assert_eq!(
            sample().render(100),
            "ADDRESS          SOFT  WORDS\n\
             ann@example.com     5  550 5.1.1 no such user\n\
             博@例え.example    12  邮箱已满 mailbox is full and will stay so for a long time\n"
        );
    }

    #[test]
    fn what_can_be_done_without_is_left_out_before_words_are_cut() {
        let mut table = Table::new([("ADDRESS", Align::Left), ("CAUSE", Align::Left), ("WORDS", Align::Left)]);
        table.row([
            "somebody.with.a.long.name@example.com",
            "hard-bounce",
            "550 5.1.1 no such user here",
        ]);
        let table = table.without_if_need_be(&[2]);
        assert!(table.render(80).contains("550 5.1.1 no such user here"));
        assert_eq!(
            table.render(40),
            "ADDRESS                      CAUSE\n\
             somebody.with.a.long.name@…  hard-bounce\n"
        );
    }

    #[test]
    fn the_widest_column_gives_way() {
        let text = sample().render(45);
        assert!(text.lines().all(|line| line.width() <= 45), "{text}");
        assert!(text.contains("550 5.1.1 no such user"), "{text}");
        assert!(text.contains("邮箱已满 mailbox is f…"), "{text}");
    }
}
