//! As much of Markdown as the pages here need.

/// The cells of all rows of all tables below the heading that ends with `section`, without header rows.
pub fn table_rows<'a>(page: &'a str, section: &str) -> Vec<Vec<&'a str>> {
    let mut inside = false;
    let mut body = false;
    let mut rows = Vec::new();
    for line in page.lines() {
        if line.starts_with('#') {
            inside = line.trim_start_matches('#').trim() == section;
            body = false;
        } else if !line.starts_with('|') {
            body = false;
        } else if line.starts_with("|---") || line.starts_with("| ---") {
            body = true;
        } else if inside && body {
            rows.push(line.trim_matches('|').split('|').map(str::trim).collect());
        }
    }
    rows
}

/// The words in `code` of a text.
pub fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The headings of a level.
pub fn headings(page: &str, level: usize) -> impl Iterator<Item = &str> {
    let marks = format!("{} ", "#".repeat(level));
    page.lines()
        .filter_map(move |line| line.strip_prefix(&marks))
        .map(str::trim)
}
