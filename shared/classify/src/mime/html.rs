//! HTML reduced to the text a reader sees, line structure kept. One pass, no tree.

/// Elements that begin and end a line.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "br",
    "tr",
    "li",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "hr",
    "pre",
    "blockquote",
    "center",
    "form",
    "section",
    "article",
    "header",
    "footer",
    "body",
    "tbody",
    "thead",
    "fieldset",
    "address",
];
/// Elements whose content nobody sees.
const HIDDEN: &[&str] = &["script", "style", "title", "template", "head"];
/// An entity is no longer than this.
const MAX_ENTITY_BYTES: usize = 32;

/// The visible text.
pub(super) fn text(html: &str) -> String {
    let mut out = Lines::default();
    let mut rest = html;
    let mut hidden: Option<&str> = None;
    let mut pre = 0usize;
    let mut comments_end = true;
    while let Some(at) = memchr::memchr2(b'<', b'&', rest.as_bytes()) {
        let (before, tail) = rest.split_at(at);
        if hidden.is_none() {
            out.push(before, pre > 0);
        }
        if tail.starts_with('&') {
            let (entity, len) = entity(tail);
            if hidden.is_none() {
                out.push_char(entity);
            }
            rest = tail.get(len..).unwrap_or_default();
            continue;
        }
        if let Some(comment) = tail.strip_prefix("<!--") {
            // A comment that never ends hides nothing, and is looked for only once.
            let end = if comments_end { comment.find("-->") } else { None };
            comments_end = end.is_some();
            rest = end.and_then(|end| comment.get(end + 3..)).unwrap_or(comment);
            continue;
        }
        let after = tail.get(1..).unwrap_or_default();
        let closing = after.starts_with('/');
        let name_part = after.strip_prefix('/').unwrap_or(after);
        let name_len = name_part.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let name = name_part.get(..name_len).unwrap_or_default();
        let is_tag = name_len > 0 || after.starts_with(['!', '?']);
        // `<user@example.com>` unescaped in HTML is text, and the text that matters most.
        let address_like = name_part
            .as_bytes()
            .get(name_len)
            .is_some_and(|b| matches!(b, b'@' | b'.' | b'_' | b'-' | b'+'));
        if !is_tag || address_like {
            if hidden.is_none() {
                out.push_char('<');
            }
            rest = after;
            continue;
        }
        let lower = name.to_ascii_lowercase();
        if let Some(element) = hidden {
            let opens_body = element == "head" && lower == "body";
            if closing && lower == element || opens_body {
                hidden = None;
            }
        } else if let Some(element) = HIDDEN.iter().find(|e| **e == lower).filter(|_| !closing) {
            hidden = Some(element);
        }
        if hidden.is_none() {
            if lower == "pre" {
                pre = if closing { pre.saturating_sub(1) } else { pre + 1 };
            }
            if BLOCKS.contains(&lower.as_str()) {
                out.line_end(lower == "br" || lower == "p");
            } else if lower == "td" || lower == "th" {
                out.push_char(' ');
            }
        }
        let tag_end = memchr::memchr(b'>', after.as_bytes()).map_or(after.len(), |end| end + 1);
        rest = after.get(tag_end..).unwrap_or_default();
    }
    if hidden.is_none() {
        out.push(rest, pre > 0);
    }
    out.text
}

/// Text that grows line by line, white space folded.
#[derive(Default)]
struct Lines {
    text: String,
    space: bool,
}

impl Lines {
    fn push(&mut self, piece: &str, verbatim: bool) {
        for c in piece.chars() {
            if c == '\n' && verbatim {
                self.text.push('\n');
                self.space = false;
            } else if c.is_whitespace() {
                self.space = true;
            } else {
                self.push_char(c);
            }
        }
    }

    fn push_char(&mut self, c: char) {
        if c.is_whitespace() {
            self.space = true;
            return;
        }
        if self.space && !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push(' ');
        }
        self.space = false;
        self.text.push(c);
    }

    fn line_end(&mut self, visible: bool) {
        self.space = false;
        if (visible && !self.text.ends_with("\n\n") && !self.text.is_empty())
            || !(self.text.is_empty() || self.text.ends_with('\n'))
        {
            self.text.push('\n');
        }
    }
}

/// The character an entity at the start of `text` stands for, and the entity's length.
fn entity(text: &str) -> (char, usize) {
    let bytes = text.as_bytes();
    let window = bytes.get(..MAX_ENTITY_BYTES).unwrap_or(bytes);
    let Some(end) = memchr::memchr(b';', window) else {
        return ('&', 1);
    };
    let name = text.get(1..end).unwrap_or_default();
    let number = name
        .strip_prefix('#')
        .map(|digits| match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => digits.parse(),
        });
    let found = match number {
        Some(code) => code.ok().and_then(char::from_u32),
        None if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            let mut decoded = String::new();
            mail_parser::decoders::html::add_html_token(&mut decoded, bytes.get(..=end).unwrap_or_default(), false);
            let mut chars = decoded.chars();
            chars.next().filter(|_| chars.next().is_none())
        }
        None => None,
    };
    match found {
        Some('\u{a0}') => (' ', end + 1),
        Some(c) => (c, end + 1),
        None => ('&', 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_a_reader_does() {
        for (html, expected) in [
            ("<p>One</p><p>two<br>three</p>", "One\n\ntwo\nthree\n"),
            ("a &lt;ann@example.com&gt; b&nbsp;c", "a <ann@example.com> b c"),
            ("to <ann@example.com>: no", "to <ann@example.com>: no"),
            ("<head><title>x</title></head><body>y", "\ny"),
            ("<style>p{}</style>z<!-- no -->w", "zw"),
            ("<table><tr><td>a</td><td>b</td></tr></table>", "a b\n"),
            ("<pre>1\n2</pre>", "1\n2\n"),
            ("M&uuml;ller &#252; &bogus; & x", "Müller ü &bogus; & x"),
            ("<!-- never", " never"),
        ] {
            assert_eq!(text(html).trim_start(), expected.trim_start(), "{html:?}");
        }
    }
}
