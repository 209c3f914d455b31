//! Cells that people open in a spreadsheet.

use std::borrow::Cow;

/// What a formula begins with, in letters of usual and of full width (OWASP, "CSV Injection").
const SIGNS: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// What some spreadsheets drop, to take what comes behind it for a formula.
const DROPPED: [char; 3] = ['\t', '\r', '\n'];

/// What tells a spreadsheet that a cell is text.
const TEXT_MARK: char = '\'';

/// CSV (RFC 4180) for spreadsheets. Every text is quoted: where the separator is another (a semicolon in half of Europe),
/// a text that holds one would else be several cells, and what is in the second might be a formula.
pub(crate) fn csv_writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::NonNumeric)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new())
}

/// A stranger's text as a cell that no spreadsheet runs: with an apostrophe before what would be a formula.
/// [`original_cell`] undoes it.
pub fn harmless_cell(text: &str) -> Cow<'_, str> {
    if is_like_a_formula(text) {
        Cow::Owned(format!("{TEXT_MARK}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// What [`harmless_cell`] was made of.
pub fn original_cell(cell: &str) -> &str {
    if is_like_a_formula(cell) {
        cell.strip_prefix(TEXT_MARK).unwrap_or(cell)
    } else {
        cell
    }
}

/// Whether it is, or would be but for apostrophes before it: so that those can be told from ours.
fn is_like_a_formula(text: &str) -> bool {
    let is_passed_over = |c: char| c == TEXT_MARK || c.is_whitespace() || c == '\u{feff}';
    text.trim_start_matches(TEXT_MARK).starts_with(DROPPED)
        || text.trim_start_matches(is_passed_over).starts_with(SIGNS)
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
            ("' =1", "'' =1"),
            (" =1", "' =1"),
            ("\n=1", "'\n=1"),
            ("\ttext", "'\ttext"),
            ("\u{feff}=1", "'\u{feff}=1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("'thooft@example.com", "'thooft@example.com"),
            (" text", " text"),
            ("", ""),
        ] {
            assert_eq!((harmless_cell(text).as_ref(), original_cell(cell)), (cell, text));
        }
    }

    #[test]
    fn a_text_stays_one_cell_whatever_separates_cells() {
        let mut out = csv_writer();
        out.write_record(["a;=1+1;b", "17", "0.5", "say \"x\""]).unwrap();
        let written = String::from_utf8(out.into_inner().unwrap()).unwrap();
        assert_eq!(written, "\"a;=1+1;b\",17,0.5,\"say \"\"x\"\"\"\r\n");
    }
}
