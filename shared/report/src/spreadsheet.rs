//! Cells that people open in a spreadsheet.

use std::borrow::Cow;

/// What makes a spreadsheet take a cell for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// What tells a spreadsheet that a cell is text.
const TEXT_MARK: char = '\'';

/// A stranger's text as a cell that no spreadsheet runs: with an apostrophe before what would be a formula.
/// [`original_cell`] undoes it.
pub fn harmless_cell(text: &str) -> Cow<'_, str> {
    if text.trim_start_matches(TEXT_MARK).starts_with(FORMULA) {
        Cow::Owned(format!("{TEXT_MARK}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// What [`harmless_cell`] was made of.
pub fn original_cell(cell: &str) -> &str {
    if harmless_cell(cell).len() > cell.len() {
        cell.strip_prefix(TEXT_MARK).unwrap_or(cell)
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_every_cell_can_be_had_back() {
        for (text, cell) in [
            ("ann@example.com", "ann@example.com"),
            ("550 5.1.1 no such user", "550 5.1.1 no such user"),
            ("=1+1@example.com", "'=1+1@example.com"),
            ("+491@sms.example", "'+491@sms.example"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-ann@example.com", "'-ann@example.com"),
            ("'-ann@example.com", "''-ann@example.com"),
            ("'thooft@example.com", "'thooft@example.com"),
            ("", ""),
        ] {
            assert_eq!((harmless_cell(text).as_ref(), original_cell(cell)), (cell, text));
        }
    }
}
