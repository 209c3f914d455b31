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

/// Rows under headings. Where they are wider than they may be, the widest column gives way and its cells are cut with `…`.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
    indent: &'static str,
    /// Columns whose words have colours of their own.
    told_by_words: Vec<bool>,
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
            columns,
            rows: Vec::new(),
            indent: "",
        }
    }

    /// The same table, set off from the left margin.
    pub(crate) fn indented(self) -> Self {
        Self { indent: INDENT, ..self }
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

    /// As wide as the widest cell; while that is too much, the widest column gives way.
    fn widths(&self, available: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(name, _)| name.width()).collect();
        let narrowest = widths.clone();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let gaps = self.indent.len() + GAP.len() * widths.len().saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(available);
        while excess > 0 {
            let shrinkable = widths
                .iter_mut()
                .zip(&narrowest)
                .filter(|(width, least)| **width > (**least).max(8));
            let Some((widest, _)) = shrinkable.max_by_key(|(width, _)| **width) else {
                break;
            };
            *widest -= 1;
            excess -= 1;
        }
        widths
    }

    fn line<'a>(&self, text: &mut String, widths: &[usize], cells: impl Iterator<Item = (&'a str, Style)>) {
        let start = text.len();
        text.push_str(self.indent);
        for (index, (((cell, style), width), (_, align))) in cells.zip(widths).zip(&self.columns).enumerate() {
            if index > 0 {
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
    fn the_widest_column_gives_way() {
        let text = sample().render(45);
        assert!(text.lines().all(|line| line.width() <= 45), "{text}");
        assert!(text.contains("550 5.1.1 no such user"), "{text}");
        assert!(text.contains("邮箱已满 mailbox is f…"), "{text}");
    }
}
