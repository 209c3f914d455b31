//! Transcripts of sessions as Sendmail wrote them before delivery-status parts: what was said stands *before* the
//! recipient it was said about.
//!
//! ```text
//! While talking to mx.example.edu:
//! >>> MAIL From:<news@example.org>
//! <<< 550 Insecure Mail Relay
//! 554 <ann@example.edu>... Remote protocol error
//! 550 example.net (smtp)... 550 Host unknown
//! 554 <bob@example.net>... 550 Host unknown (Authoritative answer from name server)
//! ```

use super::Words;
use super::mention::{Line, starts_with_any};

/// Whether another conversation begins at this line, so that it is about whoever is named next.
pub(super) fn opens_conversation(line: &Line<'_>) -> bool {
    names_partner(line) || speaks_of_host(line)
}

/// What was said in the conversation that ends in the recipient's line at `index`: the other server's answers, else what
/// became of the connection. Nothing where the line is itself part of the dialogue.
pub(super) fn said_before(lines: &[Line<'_>], index: usize) -> Words {
    let mut said = Words::default();
    if !lines.get(index).is_some_and(closes_conversation) {
        return said;
    }
    let before = lines.get(..index).unwrap_or_default();
    let begins = before
        .iter()
        .rposition(|line| line.text.is_empty() || closes_conversation(line) || names_partner(line))
        .map_or(0, |found| found + 1);
    let conversation = before.get(begins..).unwrap_or_default();
    let answers = || conversation.iter().filter(|line| line.text.starts_with("<<<"));
    for line in answers() {
        said.append(line.text.trim_start_matches(['<', ' ']));
    }
    if said.is_empty() {
        for line in conversation.iter().filter(|line| speaks_of_host(line)) {
            said.append(line.text);
        }
    }
    said
}

/// `... while talking to mx.example.edu.:`
fn names_partner(line: &Line<'_>) -> bool {
    starts_with_any(line.text.trim_start_matches(['.', ' ']), &["while talking to "])
}

/// `554 <ann@example.edu>... Remote protocol error`
fn closes_conversation(line: &Line<'_>) -> bool {
    let coded = line.text.starts_with(['4', '5']) && line.codes.reply.is_some();
    coded && line.text.contains(">... ")
}

/// `550 example.net (smtp)... 550 Host unknown`
fn speaks_of_host(line: &Line<'_>) -> bool {
    line.text.starts_with(['4', '5']) && line.text.contains(" (smtp)... ")
}
