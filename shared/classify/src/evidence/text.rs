//! Reports without a delivery-status part: recipients and their errors, found in plain words.
//!
//! No dialect is needed for it. A report names a recipient in one of a few ways: a line that begins with the address,
//! a label before it, a sentence around it, or an SMTP reply that repeats it. The surest way that occurs is taken, and
//! what follows up to the next recipient belongs to it.

use super::mention::{Line, Mention, mentions, starts_with_any};
use super::phrases::Phrases;
use super::tells::Tells;
use super::transcript::{opens_conversation, said_before};
use super::words::{MAX_WORDS_BYTES, Words};
use super::{Codes, Evidence, Outcome, Source};
use crate::mime::{lines_of, trim};
use crate::words::Address;

/// A report speaks in its first lines; a log attached as text does not count.
const MAX_LINES: usize = 3_000;
/// Most have fewer.
const COMMON_LINES: usize = 20;
/// Recipients of one report.
const MAX_RECIPIENTS: usize = 1_000;
/// Lines that a reply in a transcript goes on for.
const FOLLOWING_LINES: u8 = 2;

/// What the words of a report say.
#[derive(Debug, Default)]
pub(crate) struct TextReport<'t> {
    /// One for each recipient.
    pub(crate) recipients: Vec<Evidence>,
    /// The words before the returned message.
    pub(crate) report: &'t str,
    /// The returned message, when it follows in the same text.
    pub(crate) returned: Option<&'t str>,
    /// Whether a sentence says that a delivery failed, is late, succeeded.
    pub(crate) says_failure: bool,
    pub(crate) says_delay: bool,
    pub(crate) says_success: bool,
}

/// Reads `text`. `ours` are addresses that the report is sent to or from: named as failed only when nobody else is.
/// `named` are recipients that the header of the report names: then it is about exactly these.
pub(crate) fn read_text<'t>(text: &'t str, phrases: &Phrases, ours: &[&Address], named: &[Address]) -> TextReport<'t> {
    let mut read = TextReport {
        report: text,
        ..TextReport::default()
    };
    let (mut lines, block) = lines_before_header(text);
    let mut cut = block.map(|block| (block, block));
    let mut failing = Vec::new();
    let before_block = text.get(..block.unwrap_or(text.len())).unwrap_or(text);
    for found in phrases.find(before_block) {
        match found.tells {
            Tells::Returned if stands_as_marker(text, found.start, found.end) => {
                cut = Some((line_start(text, found.start), line_end(text, found.end)));
                break;
            }
            Tells::Returned => {}
            Tells::Failure => {
                read.says_failure = true;
                failing.push(found.start);
            }
            Tells::Delay => read.says_delay = true,
            Tells::Success => read.says_success = true,
        }
    }
    if let Some((report_end, after)) = cut {
        read.report = text.get(..report_end).unwrap_or(text);
        read.returned = text.get(after..);
    }
    lines.truncate(lines.partition_point(|line| line.start < read.report.len()));
    let mut failing = failing.into_iter().peekable();
    let mut following = lines.iter_mut().peekable();
    while let Some(line) = following.next() {
        let next = following.peek().map_or(read.report.len(), |next| next.start);
        while failing.next_if(|at| *at < next).is_some() {
            line.fails = true;
        }
        line.codes = Codes::find(line.text);
    }
    read.recipients = recipients(
        &lines,
        phrases,
        ours,
        named,
        read.says_delay && !says_given_up(read.report),
    );
    read
}

fn recipients(
    lines: &[Line<'_>],
    phrases: &Phrases,
    ours: &[&Address],
    named: &[Address],
    delayed: bool,
) -> Vec<Evidence> {
    let mentions = mentions(lines);
    let chosen = if named.is_empty() {
        choose(&mentions, ours)
    } else {
        locate(named, &mentions, lines)
    };
    let mut found: Vec<Evidence> = Vec::with_capacity(chosen.len());
    for (index, mention) in chosen.iter().enumerate() {
        let mut evidence = Evidence::new(mention.source);
        evidence.recipient = Some(mention.address.clone());
        if delayed {
            evidence.outcome = Some(Outcome::Delayed);
        }
        let until = chosen.get(index + 1).map_or(lines.len(), |next| next.line);
        let words = words_about(lines, mention, until, chosen.len() == 1);
        if let Some(alias) = phrases.origin(&words) {
            evidence.original = Some(alias);
        }
        evidence.words = words;
        found.push(evidence);
    }
    // A list of addresses with the reason after the last one: the reason is everybody's.
    for index in (0..found.len().saturating_sub(1)).rev() {
        if found.get(index).is_some_and(|e| e.words.is_empty()) {
            let shared = found.get(index + 1).map(|next| next.words.clone()).unwrap_or_default();
            if let Some(evidence) = found.get_mut(index) {
                evidence.words = shared;
            }
        }
    }
    for evidence in &mut found {
        evidence.read_words(phrases);
    }
    found
}

/// The mentions that name the recipients: those of the surest manner that occurs.
fn choose(mentions: &[Mention], ours: &[&Address]) -> Vec<Mention> {
    let foreign = |mention: &&Mention| !ours.iter().any(|our| our.same(&mention.address));
    let only_foreign = mentions
        .iter()
        .filter(|m| m.source <= Source::Sentence)
        .any(|m| foreign(&m))
        || mentions.iter().any(|m| foreign(&m)) && !mentions.iter().any(|m| m.source <= Source::Label);
    let eligible = |mention: &&Mention| !only_foreign || foreign(mention);
    let Some(best) = mentions.iter().filter(eligible).map(|m| m.source).min() else {
        return Vec::new();
    };
    let mut chosen: Vec<Mention> = Vec::new();
    for mention in mentions.iter().filter(eligible).filter(|m| m.source == best) {
        if !chosen.iter().any(|known| known.address.same(&mention.address)) && chosen.len() < MAX_RECIPIENTS {
            chosen.push(mention.clone());
        }
    }
    if best == Source::Sentence {
        // Sentences name helpdesks too; the first address is the one the sentence is about.
        chosen.truncate(1);
    }
    chosen
}

/// Where the words about each of the `named` begin: at its own line, or at that of its local part.
fn locate(named: &[Address], mentions: &[Mention], lines: &[Line<'_>]) -> Vec<Mention> {
    let mut chosen: Vec<Mention> = named
        .iter()
        .take(MAX_RECIPIENTS)
        .map(|address| {
            let by_address = mentions
                .iter()
                .filter(|m| m.address.same(address))
                .min_by_key(|m| m.source);
            by_address.cloned().unwrap_or_else(|| {
                let local = lines
                    .iter()
                    .position(|line| line.text.trim_end_matches(':') == address.local());
                let (line, rest) = local.map_or((lines.len(), 0), |line| (line, address.local().len()));
                Mention {
                    line,
                    source: Source::RecipientLine,
                    address: address.clone(),
                    rest,
                }
            })
        })
        .map(|mut mention| {
            mention.source = Source::Header;
            mention
        })
        .collect();
    chosen.sort_by_key(|mention| mention.line);
    chosen
}

/// The words about a recipient: its own block, and replies in other sections where the block holds none.
fn words_about(lines: &[Line<'_>], mention: &Mention, until: usize, alone: bool) -> Words {
    let (mut block, block_end) = own_block(lines, mention, until);
    if mention.source == Source::Transcript {
        let mut said = said_before(lines, mention.line);
        if !said.is_empty() {
            said.append(&block);
            block = said;
        }
    }
    let codes = block.codes();
    if codes.reply.is_some() {
        return block;
    }
    let outside = |index: usize| !(mention.line..block_end).contains(&index);
    let mut words = replies_elsewhere(lines, mention, alone, codes.status.is_some(), outside);
    if !words.is_empty() {
        words.append(&block);
        return words;
    }
    if alone && (block.is_empty() || mention.source >= Source::Sentence && codes == Codes::default()) {
        return whole(lines);
    }
    block
}

/// The words behind a recipient up to the next one or the next section, and the line where they end.
fn own_block(lines: &[Line<'_>], mention: &Mention, until: usize) -> (Words, usize) {
    let mut words = Words::default();
    let first = mention.line.saturating_add(1);
    if let Some(line) = lines.get(mention.line) {
        let rest = line.text.get(mention.rest..).unwrap_or_default();
        words.append(rest.trim_start_matches([':', '.', ',', ' ', ';', '>', ']', ')']));
    }
    let mut coded = words.codes() != Codes::default();
    let mut blank_after_words = false;
    let mut end = first;
    for line in lines.get(first..until.max(first)).unwrap_or_default() {
        if is_section(line.text) || mention.source == Source::Transcript && opens_conversation(line) {
            break;
        }
        end += 1;
        if line.text.is_empty() {
            blank_after_words |= !words.is_empty();
            continue;
        }
        // After a blank line only what looks like a server's answer goes on.
        if blank_after_words && !line.indented && !line.is_coded() && coded {
            break;
        }
        coded |= line.is_coded();
        words.append(line.text);
        if words.len() >= MAX_WORDS_BYTES - 256 {
            break;
        }
    }
    (words, end)
}

/// Replies in other sections of the report (transcripts): those that name the recipient, else, where it is the only
/// one, any.
fn replies_elsewhere(
    lines: &[Line<'_>],
    mention: &Mention,
    alone: bool,
    only_replies: bool,
    outside: impl Fn(usize) -> bool,
) -> Words {
    // Most lists of many recipients without codes have none anywhere; looking closer for each would take its time.
    if !lines.iter().any(Line::is_coded) {
        return Words::default();
    }
    let address = mention.address.as_str();
    let mut any = Words::default();
    let mut naming = Words::default();
    let mut follow: Option<(bool, u8)> = None;
    for (index, line) in lines.iter().enumerate().filter(|(index, _)| outside(*index)) {
        let counts = if only_replies {
            line.codes.reply.is_some()
        } else {
            line.is_coded()
        };
        let text = line.text.trim_start_matches(['<', '>', ' ']);
        if counts {
            let names = names(line.text, address) || named_just_above(lines, index, address);
            if names { &mut naming } else { &mut any }.append(text);
            follow = Some((names, FOLLOWING_LINES));
        } else if let Some((names, left)) =
            follow.filter(|_| !line.text.is_empty() && !line.text.starts_with(['>', '.']) && !is_section(line.text))
        {
            if names { &mut naming } else { &mut any }.append(text);
            follow = left.checked_sub(1).map(|left| (names, left));
        } else {
            follow = None;
        }
    }
    if naming.is_empty() && alone { any } else { naming }
}

/// `>>> RCPT TO:<ann@example.com>` right before the answer to it.
fn named_just_above(lines: &[Line<'_>], index: usize, address: &str) -> bool {
    let above = index.checked_sub(1).and_then(|above| lines.get(above));
    above.is_some_and(|line| line.text.starts_with(">>>") && names(line.text, address))
}

/// Whether `line` holds `address`, in any case. Asked for every recipient of every line with a code: looks only where an
/// `@` stands.
fn names(line: &str, address: &str) -> bool {
    let (line, address) = (line.as_bytes(), address.as_bytes());
    let stands = |start: usize| {
        let end = start + address.len();
        line.get(start..end)
            .is_some_and(|there| there.eq_ignore_ascii_case(address))
    };
    match memchr::memchr(b'@', address) {
        Some(local) => memchr::memchr_iter(b'@', line).any(|at| at.checked_sub(local).is_some_and(stands)),
        // The name of an online service's user.
        None => (0..line.len()).any(stands),
    }
}

/// Everything the report says, without its rules.
fn whole(lines: &[Line<'_>]) -> Words {
    let mut words = Words::default();
    for line in lines.iter().filter(|line| line.text.contains(char::is_alphanumeric)) {
        words.append(line.text.trim_matches(['-', '=', '*', '_', '#', ' ']));
    }
    words
}

/// A rule, a heading, the beginning of another section.
fn is_section(line: &str) -> bool {
    let rule = |c: char| line.chars().take_while(|x| *x == c).count();
    rule('-') >= 3 || rule('=') >= 4 || rule('_') >= 4 || rule('*') >= 4 || rule('#') >= 4
}

fn says_given_up(report: &str) -> bool {
    let lower = report.to_ascii_lowercase();
    [
        "given up",
        "giving up",
        "no further attempts",
        "permanent error",
        "permanent failure",
        "permanent fatal",
        "could not be delivered for the last",
        "has been removed",
        "queue too long",
        "final notice",
        "will not be retried",
        "returned to sender",
    ]
    .iter()
    .any(|phrase| lower.contains(phrase))
}

/// A phrase that begins a returned message stands in a short line of its own, not in a sentence about it.
fn stands_as_marker(text: &str, start: usize, end: usize) -> bool {
    let line = text
        .get(line_start(text, start)..line_end(text, end))
        .unwrap_or_default()
        .trim();
    let lead = line.trim_start_matches(['-', '=', '*', ' ', '_', '#', '.', '>']);
    let lead_len = line.len() - lead.len();
    let at = start - line_start(text, start);
    line.chars().count() <= 100 && (at <= lead_len + 24) && !line.starts_with("> ")
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text.get(at..)
        .and_then(|after| after.find('\n'))
        .map_or(text.len(), |newline| at + newline + 1)
}

/// The lines up to where a mail header begins in running text, and where that is: header lines in a row, one of them a trace
/// or an identity. A report that introduces itself with the header of the sent message goes on after it; that one is passed
/// over.
fn lines_before_header(text: &str) -> (Vec<Line<'_>>, Option<usize>) {
    let mut read = Vec::with_capacity(COMMON_LINES);
    let mut run: Option<(usize, u32, bool)> = None;
    let mut introduced = false;
    let mut at = 0;
    for line in lines_of(text) {
        let trimmed = trim(line);
        if read.len() < MAX_LINES {
            read.push(Line {
                start: at,
                text: trimmed,
                indented: line.starts_with([' ', '\t']),
                codes: Codes::default(),
                fails: false,
            });
        }
        let unquoted = trimmed.trim_start_matches(['>', '|', ' ', '\t']);
        let blank = unquoted.is_empty();
        let trace = starts_with_any(unquoted, TRACES);
        if trace || starts_with_any(unquoted, HEADER_NAMES) {
            let (start, lines, traced) = run.unwrap_or((at, 0, false));
            run = Some((start, lines + 1, traced || trace));
        } else if run.is_some() && line.starts_with([' ', '\t']) && !blank {
            run = run.map(|(start, lines, traced)| (start, lines + 1, traced));
        } else {
            run = None;
            if !blank {
                introduced = trimmed.ends_with("header fields:");
            }
        }
        if let Some((start, _, _)) = run.filter(|(_, lines, traced)| *lines >= 2 && *traced && !introduced) {
            return (read, Some(start));
        }
        at += line.len() + 1;
    }
    (read, None)
}

/// Fields that a returned header has and a report has not.
const TRACES: &[&str] = &[
    "received:",
    "return-path:",
    "message-id:",
    "x-originating-ip:",
    "dkim-signature:",
    "mime-version:",
    "delivered-to:",
    "x-mailer:",
    "envelope-to:",
];

/// Fields that stand beside them.
const HEADER_NAMES: &[&str] = &[
    "from:",
    "to:",
    "subject:",
    "date:",
    "sender:",
    "reply-to:",
    "cc:",
    "list-",
    "x-",
    "precedence:",
    "feedback-id:",
    "content-type:",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Recipients with reply and status, as the reader finds them.
    fn read(text: &str, ours: &[&str], named: &[&str]) -> Vec<String> {
        let parse = |list: &[&str]| list.iter().filter_map(|a| Address::parse(a)).collect::<Vec<_>>();
        let (ours, named) = (parse(ours), parse(named));
        let report = read_text(text, &Phrases::new(), &ours.iter().collect::<Vec<_>>(), &named);
        let code = |code: Option<String>| code.unwrap_or_else(|| "-".to_owned());
        let found = report.recipients.iter().map(|e| {
            let name = e.recipient.as_ref().map_or("-", Address::as_str);
            format!(
                "{name} {} {}",
                code(e.reply.map(|r| r.to_string())),
                code(e.status.map(|s| s.to_string()))
            )
        });
        found.collect()
    }

    #[test]
    fn recipients_and_their_codes_are_found_however_they_are_named() {
        let us = &["news@example.org"][..];
        for (what, text, expected) in [
            (
                "lines that begin with the recipient",
                "I wasn't able to deliver your message.\n\n<a@example.com>:\nRemote host said: 550 5.1.1 no such user\n\n<b@example.net>:\n192.0.2.1 does not like recipient.\nRemote host said: 452 4.2.2 full\n\n--- Below this line is a copy of the message.\n\nTo: c@example.com\n",
                &["a@example.com 550 5.1.1", "b@example.net 452 4.2.2"][..],
            ),
            (
                "one reason after several recipients",
                "could not be delivered:\n\n  a@example.com\n  b@example.com\n    550 mailbox unavailable\n",
                &["a@example.com 550 -", "b@example.com 550 -"],
            ),
            (
                "a transcript elsewhere",
                "   ----- The following addresses had permanent fatal errors -----\n<a@example.com>\n\n   ----- Transcript of session follows -----\n... while talking to mx.example.com.:\n>>> RCPT To:<a@example.com>\n<<< 550 5.1.1 User unknown\n",
                &["a@example.com 550 5.1.1"],
            ),
            (
                "nothing but a transcript",
                "While talking to mx.example.com:\n>>> MAIL From:<news@example.org>\n<<< 553 relay\n554 <a@example.com>... Remote protocol error\nWhile talking to mx.example.net:\n>>> RCPT To:<b@example.net>\n<<< 550 no\n550 <b@example.net>... User unknown\n",
                &["a@example.com 553 -", "b@example.net 550 -"],
            ),
            (
                "a label",
                "Your message to news@example.org failed.\nRecipient: <a@example.com>\nReason: 5.2.2 full\n",
                &["a@example.com - 5.2.2"],
            ),
            (
                "a sentence",
                "There was an error delivering your mail to <a@example.com>.\nmx.example.com did not like our RCPT:\n550 no\n",
                &["a@example.com 550 -"],
            ),
            (
                "what it came from",
                "failed:\n\n  an undisclosed address\n    (generated from a@example.com)\n    mailbox is full\n",
                &["a@example.com - -"],
            ),
            (
                "a display name before it",
                "failed:\n\nann@home.example <a@example.com>: malformed address\n",
                &["a@example.com - -"],
            ),
            (
                "a name without a domain",
                "permanent fatal errors -----\n<screenname>\n",
                &["screenname - -"],
            ),
            (
                "ourselves alone",
                "<news@example.org>:\n552 5.2.2 full\n",
                &["news@example.org 552 5.2.2"],
            ),
            ("nobody", "Something failed. Ask postmaster.\n", &[]),
        ] {
            assert_eq!(read(text, us, &[]), expected, "{what}");
        }
    }

    #[test]
    fn the_header_says_who_failed() {
        let text = "failed:\n\n  kim\n    550 5.1.1 unknown\n\nFor help ask help@example.org\n";
        assert_eq!(read(text, &[], &["kim@example.com"]), ["kim@example.com 550 5.1.1"]);
    }

    #[test]
    fn the_returned_message_is_told_from_the_report() {
        for (text, report, returned) in [
            (
                "no\n--- Below this line is a copy of the message.\nTo: x\n",
                "no\n",
                Some("To: x\n"),
            ),
            (
                "no\n\nFrom: a\nTo: b\nMessage-ID: <1>\n",
                "no\n\n",
                Some("From: a\nTo: b\nMessage-ID: <1>\n"),
            ),
            (
                "I was told that below this line is a copy of something, which in a long sentence like this one means nothing\n",
                "I was told that below this line is a copy of something, which in a long sentence like this one means nothing\n",
                None,
            ),
            (
                "with the following header fields:\n\n  Message-id: <1>\n  To: a\n\nrecipients: x\n",
                "with the following header fields:\n\n  Message-id: <1>\n  To: a\n\nrecipients: x\n",
                None,
            ),
        ] {
            let read = read_text(text, &Phrases::new(), &[], &[]);
            assert_eq!((read.report, read.returned), (report, returned));
        }
    }
}
