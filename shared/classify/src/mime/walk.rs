//! From bytes to parts, in one pass over the boundary lines.
//!
//! Time is linear whatever the bytes are: every line that starts with `--` is looked at once and compared with at most
//! [`MAX_DEPTH`] open boundaries. There is no recursion.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::Role;
use super::decode::Transfer;
use super::fields::FieldTable;

/// Containers and messages inside one another; deeper ones are one part. Reports of reports of reports need six.
const MAX_DEPTH: usize = 24;
/// Parts of one message; what follows belongs to the last one.
const MAX_PARTS: usize = 400;
/// Most have fewer.
const COMMON_PARTS: usize = 6;

/// How every boundary line begins, behind the end of the line before.
static DASHES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\n--"));

/// Where a part is and what it is for.
#[derive(Debug)]
pub(super) struct RawPart {
    pub(super) fields: FieldTable,
    pub(super) body: Range<usize>,
    /// Raw `Content-Type` value.
    pub(super) content_type: Range<usize>,
    pub(super) transfer: Transfer,
    pub(super) role: Role,
    /// The returned message this part is inside of.
    pub(super) inside: Option<usize>,
    /// The container this part is directly in.
    pub(super) parent: Option<usize>,
}

/// The parts of a message, depth first; the first is the message itself.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) parts: Vec<RawPart>,
    /// A container was never closed: the message was cut off on its way, or is badly made.
    pub(super) damaged: bool,
}

/// A container or returned message whose end has not been seen yet.
struct Open {
    part: usize,
    /// Empty for returned messages, which end with what holds them.
    boundary: Range<usize>,
    /// Whether its boundary has been met.
    met: bool,
}

pub(super) fn walk(bytes: &[u8]) -> Walk {
    let mut walk = Walk {
        parts: Vec::with_capacity(COMMON_PARTS),
        damaged: false,
    };
    let mut open: Vec<Open> = Vec::new();
    // Blank lines before the header are an accident of storage.
    let blanks = bytes.iter().take_while(|b| matches!(b, b'\n' | b' ' | b'\t')).count();
    let mut at = bytes
        .get(..blanks)
        .and_then(|blanks| memchr::memrchr(b'\n', blanks))
        .map_or(0, |newline| newline + 1);
    'part: loop {
        let index = walk.parts.len();
        let inside = open.iter().rev().find(|o| o.boundary.is_empty()).map(|o| o.part);
        let parent = open.last().map(|o| o.part);
        let part = read_part(bytes, at, inside, parent, &walk.parts);
        at = part.body.start;
        let kind = type_of(bytes, &part.content_type);
        let deeper = open.len() < MAX_DEPTH && walk.parts.len() + 1 < MAX_PARTS;
        let boundary = parameter(bytes, &part.content_type, b"boundary").filter(|b| !b.is_empty());
        let is_message = part.role == Role::ReturnedMessage;
        let opens_message = is_message && part.transfer.is_identity() && deeper;
        walk.parts.push(part);
        if opens_message {
            open.push(Open {
                part: index,
                boundary: 0..0,
                met: true,
            });
            continue 'part;
        }
        let mut leaf = Some(index);
        if let Some(boundary) = boundary.filter(|_| deeper && starts_with_ignore_case(kind, b"multipart/")) {
            open.push(Open {
                part: index,
                boundary,
                met: false,
            });
            leaf = None;
        }
        if open.iter().all(|o| o.boundary.is_empty()) {
            return walk;
        }
        // Forward to the next boundary line that belongs to something open.
        let mut line = at;
        loop {
            let Some(found) = next_dashes(bytes, line) else {
                walk.damaged |= open.iter().any(|o| !o.boundary.is_empty());
                return walk;
            };
            let after = found + 2;
            let text = line_at(bytes, after);
            line = after + text.len();
            let found_boundary =
                match_boundary(bytes, text, &open).or_else(|| adopt_boundary(bytes, after, text, &mut open));
            let Some((level, closing)) = found_boundary else {
                continue;
            };
            if let Some(open) = open.get_mut(level) {
                open.met = true;
            }
            // What is above that level ends here: a container that was never closed ends with the one holding it.
            let end = found.saturating_sub(1);
            for ended in open.drain(level + 1..) {
                walk.damaged |= !ended.boundary.is_empty();
                close(&mut walk.parts, ended.part, end);
            }
            if let Some(leaf) = leaf.take() {
                close(&mut walk.parts, leaf, end);
            }
            if closing {
                for ended in open.drain(level..) {
                    close(&mut walk.parts, ended.part, (line + 1).min(bytes.len()));
                }
                if open.iter().all(|o| o.boundary.is_empty()) {
                    return walk;
                }
            } else if walk.parts.len() < MAX_PARTS {
                at = (line + 1).min(bytes.len());
                continue 'part;
            }
        }
    }
}

/// The value of a parameter of a structured field (`Content-Type`, `Content-Disposition`), as a range of `bytes`.
pub(super) fn parameter(bytes: &[u8], value: &Range<usize>, name: &[u8]) -> Option<Range<usize>> {
    let field = bytes.get(value.clone())?;
    let mut at = memchr::memchr(b';', field)? + 1;
    loop {
        while matches!(field.get(at), Some(b' ' | b'\t' | b'\n' | b';')) {
            at += 1;
        }
        let rest = field.get(at..).filter(|rest| !rest.is_empty())?;
        let equals = memchr::memchr2(b'=', b';', rest)?;
        let key = rest.get(..equals)?.trim_ascii();
        if rest.get(equals) == Some(&b';') {
            at += equals + 1;
            continue;
        }
        let mut start = at + equals + 1;
        while matches!(field.get(start), Some(b' ' | b'\t' | b'\n')) {
            start += 1;
        }
        let tail = field.get(start..)?;
        let (found, next) = if tail.first() == Some(&b'"') {
            let len = memchr::memchr(b'"', tail.get(1..)?).unwrap_or(tail.len() - 1);
            (start + 1..start + 1 + len, start + 2 + len)
        } else {
            let len = memchr::memchr3(b';', b'\n', b' ', tail).unwrap_or(tail.len());
            (start..start + len, start + len)
        };
        // RFC 2231: `name*` and the first piece of `name*0`, `name*0*`.
        let plain = key.split(|b| *b == b'*').next().unwrap_or_default();
        let first = key.len() == plain.len()
            || !key
                .get(plain.len()..)
                .is_some_and(|s| s.iter().any(|b| matches!(b, b'1'..=b'9')));
        if plain.eq_ignore_ascii_case(name) && first {
            return Some(value.start + found.start..value.start + found.end);
        }
        at = next;
    }
}

/// The media type as written, without parameters.
pub(super) fn type_of<'b>(bytes: &'b [u8], value: &Range<usize>) -> &'b [u8] {
    let field = bytes.get(value.clone()).unwrap_or_default();
    let len = memchr::memchr(b';', field).unwrap_or(field.len());
    field.get(..len).unwrap_or_default().trim_ascii()
}

fn read_part(bytes: &[u8], at: usize, inside: Option<usize>, parent: Option<usize>, parts: &[RawPart]) -> RawPart {
    let fields = FieldTable::parse(bytes, at);
    let content_type = fields.raw(bytes, "content-type").unwrap_or(at..at);
    let encoding = fields.raw(bytes, "content-transfer-encoding").unwrap_or(at..at);
    let disposition = fields.raw(bytes, "content-disposition").unwrap_or(at..at);
    let mut part = RawPart {
        body: fields.end()..bytes.len(),
        transfer: Transfer::named(bytes.get(encoding).unwrap_or_default()),
        fields,
        content_type,
        role: Role::Other,
        inside,
        parent,
    };
    part.role = role_of(bytes, &part, &disposition, parts);
    part
}

fn role_of(bytes: &[u8], part: &RawPart, disposition: &Range<usize>, parts: &[RawPart]) -> Role {
    let kind = type_of(bytes, &part.content_type);
    let mut lower = [0u8; 64];
    let Some(lower) = lower.get_mut(..kind.len()) else {
        return Role::Other;
    };
    lower.copy_from_slice(kind);
    lower.make_ascii_lowercase();
    let attached = starts_with_ignore_case(
        bytes.get(disposition.clone()).unwrap_or_default().trim_ascii_start(),
        b"attachment",
    );
    match &*lower {
        b"message/rfc822" | b"message/global" | b"message/news" => Role::ReturnedMessage,
        b"text/rfc822-headers" | b"message/rfc822-headers" | b"message/global-headers" | b"text/rfc822-header" => {
            Role::ReturnedHeaders
        }
        b"message/feedback-report" => Role::FeedbackReport,
        b"message/disposition-notification" | b"message/global-disposition-notification" => {
            Role::DispositionNotification
        }
        kind if kind.ends_with(b"delivery-status") => Role::DeliveryStatus,
        b"" | b"text" | b"text/plain" | b"text/html" | b"text/x-html" | b"text/enriched" => {
            // A text attachment is somebody else's words, except as the root, or where the parent is a report.
            let in_report = part
                .parent
                .and_then(|p| parts.get(p))
                .is_some_and(|p| starts_with_ignore_case(type_of(bytes, &p.content_type), b"multipart/report"));
            if attached && part.parent.is_some() && !in_report {
                Role::Other
            } else {
                Role::OwnText
            }
        }
        _ => Role::Other,
    }
}

fn close(parts: &mut [RawPart], part: usize, end: usize) {
    if let Some(part) = parts.get_mut(part) {
        part.body.end = end.max(part.body.start);
    }
}

/// The innermost open boundary that `line` (without its dashes) is, and whether it closes it.
fn match_boundary(bytes: &[u8], line: &[u8], open: &[Open]) -> Option<(usize, bool)> {
    let line = line.trim_ascii_end();
    open.iter().enumerate().rev().find_map(|(level, o)| {
        let boundary = bytes
            .get(o.boundary.clone())
            .filter(|b| !b.is_empty())?
            .trim_ascii_end();
        let rest = line.strip_prefix(boundary)?;
        match rest {
            b"" => Some((level, false)),
            b"--" => Some((level, true)),
            _ => None,
        }
    })
}

/// A container whose boundary was damaged on the way: a line of dashes with a part's header below it is taken for it.
fn adopt_boundary(bytes: &[u8], start: usize, line: &[u8], open: &mut [Open]) -> Option<(usize, bool)> {
    let level = open.len().checked_sub(1)?;
    let innermost = open.last_mut().filter(|o| !o.met)?;
    let next = bytes.get(start + line.len() + 1..)?;
    if line.trim_ascii().len() < 4 || !starts_with_ignore_case(next, b"content-") {
        return None;
    }
    innermost.boundary = start..start + line.trim_ascii_end().len();
    Some((level, false))
}

/// Offset of the next line that starts with two dashes, at or after the line starting at `from`.
fn next_dashes(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    if rest.starts_with(b"--") && (from == 0 || bytes.get(from - 1) == Some(&b'\n')) {
        return Some(from);
    }
    DASHES.find(rest).map(|found| from + found + 1)
}

fn line_at(bytes: &[u8], at: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    rest.get(..len).unwrap_or_default()
}

pub(super) fn starts_with_ignore_case(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
