//! The addresses in a report, and how each is named: that tells recipients from helpdesks, senders and decoys.

use super::{Codes, Source};
use crate::mime::addresses_with_places;
use crate::words::Address;

/// Mentions in one report.
const MAX_MENTIONS: usize = 4_000;

/// One line, trimmed, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'t> {
    /// Offset of its first byte, untrimmed.
    pub(super) start: usize,
    pub(super) text: &'t str,
    pub(super) indented: bool,
    /// Reply and status code in it.
    pub(super) codes: Codes,
    /// Whether it says that a delivery failed.
    pub(super) fails: bool,
}

impl Line<'_> {
    pub(super) fn is_coded(&self) -> bool {
        self.codes != Codes::default()
    }
}

/// An address in the report.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub(super) line: usize,
    pub(super) source: Source,
    pub(super) address: Address,
    /// Where in the trimmed line the words about it begin: behind it when it leads the line, else at the beginning.
    pub(super) rest: usize,
}

/// All addresses of the report, each with how it is named.
pub(super) fn mentions(lines: &[Line<'_>]) -> Vec<Mention> {
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let text = line.text;
        let named_fully = memchr::memchr(b'@', text.as_bytes()).is_some();
        let may_name = named_fully || line.indented || text.starts_with('<');
        if !may_name || text.is_empty() || is_quoted(text) || is_noise(text) {
            continue;
        }
        if !named_fully {
            let announced = || {
                let named = line.indented && follows_announcement(lines, index);
                named.then(|| bare_name(text)).flatten()
            };
            if let Some(name) = screen_name(text).or_else(announced) {
                found.push(Mention {
                    line: index,
                    source: Source::Transcript,
                    address: name,
                    rest: text.len(),
                });
            }
            continue;
        }
        for (start, end, address) in addresses_with_places(text) {
            let before = text.get(..start).unwrap_or_default();
            let after = text.get(end..).unwrap_or_default();
            // `ann@example.com <ann@example.org>`: the former is a display name.
            if after.starts_with(" <") && addresses_with_places(after).first().is_some_and(|(at, _, _)| *at == 2) {
                continue;
            }
            let before = before
                .strip_suffix(" <")
                .and_then(|name| name.strip_suffix(last_word(name)))
                .filter(|_| before.contains('@'))
                .unwrap_or(before);
            let previous = lines.get(index.wrapping_sub(1)).map(|l| l.text);
            let source = if is_named_entry(before, after) && follows_announcement(lines, index) {
                Some(Source::Label)
            } else {
                manner(before, after, text, previous, line.fails)
            };
            let source = match source {
                // `an undisclosed address` and then what it was generated from: nothing else is known.
                _ if names_origin(before)
                    || before.trim_matches([' ', '<']).is_empty() && previous.is_some_and(ends_naming_origin) =>
                {
                    let undisclosed = lines
                        .get(index.wrapping_sub(1))
                        .is_some_and(|l| l.text.contains("undisclosed"));
                    undisclosed.then_some(Source::RecipientLine)
                }
                source => source,
            };
            if let Some(source) = source {
                found.push(Mention {
                    line: index,
                    source,
                    address,
                    rest: if source <= Source::Label { end } else { 0 },
                });
            }
            if source == Some(Source::RecipientLine) || found.len() >= MAX_MENTIONS {
                break;
            }
        }
    }
    found
}

/// `Ann Example (ann@example.com)`, `Ann Example <ann@example.com>`, and nothing else in the line.
fn is_named_entry(before: &str, after: &str) -> bool {
    let name = before.trim_end_matches(['(', '<', '[']);
    name.len() < before.len()
        && !name.trim().is_empty()
        && name.chars().count() <= 64
        && !name.contains([':', '.', '@', '(', '<'])
        && after.trim_matches([')', '>', ']', ' ', '\t']).is_empty()
}

/// Whether the line stands below one that says that something failed and ends in a colon.
fn follows_announcement(lines: &[Line<'_>], index: usize) -> bool {
    let above = lines.get(..index).unwrap_or_default();
    let nearest = above.iter().rev().take(3).find(|line| !line.text.is_empty());
    nearest.is_some_and(|line| line.fails && line.text.ends_with([':', '：']))
}

/// `(expanded from: <alias@example.com>)`: the address after it is what the sender wrote.
fn names_origin(before: &str) -> bool {
    ORIGINS.iter().any(|lead| before.contains(lead))
}

/// The same, broken off at the end of the line before.
fn ends_naming_origin(line: &str) -> bool {
    let line = line.trim_end_matches([' ', ':']);
    ORIGINS.iter().any(|lead| line.ends_with(lead))
}

/// Words before the address that the recipient was made from.
const ORIGINS: &[&str] = &["generated from", "generated by", "expanded from", "Original address"];

/// How an address between these words is named; `None` when it is no recipient.
fn manner(before: &str, after: &str, line: &str, previous: Option<&str>, fails: bool) -> Option<Source> {
    let lead = before.trim_matches([
        ' ', '\t', '<', '*', '-', '•', '·', '"', '\'', '[', '(', '>', '`', '|', '・', '●', '»',
    ]);
    let tail = after.trim_start_matches(['>', '"', '\'', ']', ')', '`']);
    if lead.is_empty() && !before.starts_with(">>> ") {
        let continues = tail.trim_start();
        let ends_here = continues.is_empty()
            || continues.starts_with([':', '(', '[', ',', ';', '-', '<', '.', '='])
            || starts_with_any(
                continues,
                &[
                    "on ",
                    "failed",
                    "delivery ",
                    "undeliver",
                    "permanent",
                    "rejected",
                    "invalid",
                    "no such",
                    "not ",
                    "cannot ",
                    "can't ",
                    "does not ",
                    "doesn't ",
                    "mailbox ",
                    "recipient ",
                    "was ",
                    "user ",
                    "unknown",
                    "error",
                    "is ",
                    "host ",
                    "smtp",
                    "unable",
                    "could not",
                ],
            )
            || continues.starts_with(|c: char| c.is_ascii_digit());
        let speaks = starts_with_any(
            continues,
            &["wrote", "said:", "schrieb", "a écrit", "is the ", "is not monitored"],
        );
        return (ends_here && !speaks)
            .then_some(Source::RecipientLine)
            .or(Some(Source::Sentence));
    }
    if before.starts_with(">>> ") && !starts_with_any(lead, &["rcpt", "mail", "data", "helo", "ehlo", "quit"]) {
        return Some(Source::RecipientLine);
    }
    let lower = lead.to_lowercase();
    if lower.contains("rcpt to") {
        // In a transcript every command is repeated; elsewhere it is a label.
        let transcript = before.starts_with(">>>") || before.starts_with("<<<");
        return Some(if transcript { Source::Transcript } else { Source::Label });
    }
    if lower.contains("mail from")
        || ends_with_any(
            &lower,
            &[
                "from",
                "sender",
                "from:",
                "sender:",
                "von:",
                "de:",
                "postmaster",
                "contact",
                "reply-to:",
                "message-id:",
            ],
        )
    {
        return None;
    }
    let label = lower.trim_end_matches([':', ' ', '=', '：', '\t']);
    let labelled = lower.ends_with([':', '=', '：']) && label.chars().count() <= 48;
    if labelled && SENDER_WORDS.iter().any(|word| label.contains(word)) {
        return None;
    }
    // In tables the label stands in a cell of its own, without a colon.
    if labelled && ends_with_any(label, RECIPIENT_LABELS) || RECIPIENT_LABELS.contains(&label) {
        return Some(Source::Label);
    }
    if fails && lower.ends_with([':', '：']) {
        return Some(Source::Label);
    }
    if labelled && ends_with_any(label, &["to", "an", "à", "para", "a", "do", "кому", "宛先", "收件人"]) {
        // "To:" of the quoted header of the sent message is only what was asked for.
        let in_header = previous.is_some_and(|p| p.is_empty() || p.to_ascii_lowercase().ends_with("message"))
            || line.to_ascii_lowercase().starts_with("to:");
        return Some(if in_header { Source::Transcript } else { Source::Label });
    }
    if Codes::find(before) != Codes::default() {
        return Some(Source::Transcript);
    }
    if ends_with_any(&lower, SENTENCE_LEADS) {
        return Some(Source::Sentence);
    }
    // Whoever a sentence about a failure names is better than nobody.
    (fails || Codes::find(line) != Codes::default()).then_some(Source::Transcript)
}

/// Labels that name the failed recipient and nobody else.
const RECIPIENT_LABELS: &[&str] = &[
    "recipient",
    "recipients",
    "recipient(s)",
    "recipient address",
    "recipient's address",
    "final-recipient",
    "failed recipient",
    "failed recipients",
    "failed address",
    "failed addresses",
    "failed for",
    "rejected recipient",
    "address",
    "addresses",
    "e-mail address",
    "email address",
    "delivery to",
    "delivered to",
    "permanent errors",
    "mailbox",
    "undeliverable to",
    "could not deliver to",
    "was not delivered to",
    "not delivered to",
    "could not be delivered to",
    "empfänger",
    "empfängeradresse",
    "destinataire",
    "destinataires",
    "destinatario",
    "destinatarios",
    "destinatários",
    "destinatário",
    "ontvanger",
    "mottagare",
    "modtager",
    "mottaker",
    "vastaanottaja",
    "odbiorca",
    "adresat",
    "příjemce",
    "címzett",
    "alıcı",
    "получатель",
    "получателя",
    "получатели",
    "адресат",
    "одержувач",
    "受信者",
    "宛先アドレス",
    "送信先",
    "收件人",
    "收件人地址",
    "收件者",
    "수신자",
    "받는 사람",
];

/// In a label, words that make the address after it the sender's: `Sender Address:`, `Absenderadresse:`.
const SENDER_WORDS: &[&str] = &[
    "sender",
    "return address",
    "return-path",
    "mail from",
    "absender",
    "expéditeur",
    "expediteur",
    "remitente",
    "remetente",
    "mittente",
    "afzender",
    "avsändar",
    "afsender",
    "avsender",
    "lähettäjä",
    "nadawc",
    "odesílatel",
    "feladó",
    "gönderen",
    "αποστολ",
    "отправител",
    "відправник",
    "送信者",
    "送信元",
    "差出人",
    "发件人",
    "寄件者",
    "寄件人",
    "보낸 사람",
    "발신자",
];

/// Ends of sentences after which the recipient stands.
const SENTENCE_LEADS: &[&str] = &[
    " to",
    " for",
    "recipient",
    "recipients",
    "address",
    "addresses",
    "mailbox",
    "user",
    "account",
    "recipient of",
    "following recipient",
    "an",
    " для",
    " aan",
    " naar",
    " till",
    " til",
    " pro",
    " dla",
    " für",
    " pour",
    "发送到",
    "发给",
    "傳送至",
    " à",
    " a",
    " para",
    "empfänger",
    "adresse",
    "dirección",
    "endereço",
    "indirizzo",
    "adres",
    "адрес",
    "адресу",
    "пользователь",
    "пользователя",
    "do",
    "reach",
    "deliver",
];

/// `<screenname>` alone on its line, as old online services wrote it.
fn screen_name(text: &str) -> Option<Address> {
    let inner = text.strip_prefix('<')?;
    let (name, rest) = inner.split_once('>')?;
    let ends = rest.trim().trim_start_matches(':').trim().is_empty();
    if ends { bare_name(name) } else { None }
}

/// One word that can be a screen name.
fn bare_name(name: &str) -> Option<Address> {
    let plain = !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if plain { Address::parse(name) } else { None }
}

fn last_word(text: &str) -> &str {
    text.rsplit(' ').next().unwrap_or(text)
}

/// A line of somebody else's mail.
fn is_quoted(line: &str) -> bool {
    line.starts_with('>') && !line.starts_with(">>>")
}

/// Lines whose addresses are never recipients.
fn is_noise(line: &str) -> bool {
    starts_with_any(
        line,
        &[
            "message-id",
            "from:",
            "sender:",
            "reply-to:",
            "return-path",
            "received:",
            "reporting-mta",
            "x-postfix-sender",
            "envelope-from",
            ">>> mail from",
            "in-reply-to:",
            "references:",
            "cc:",
        ],
    ) || memchr::memchr_iter(b':', line.as_bytes()).any(|colon| {
        let (before, after) = line.split_at(colon);
        before.ends_with("mailto") && after.starts_with(":postmaster")
    })
}

pub(super) fn starts_with_any(text: &str, prefixes: &[&str]) -> bool {
    let text = text.as_bytes();
    let first = text.first().map(u8::to_ascii_lowercase);
    prefixes.iter().map(|prefix| prefix.as_bytes()).any(|prefix| {
        prefix.first().copied() == first
            && text
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    })
}

fn ends_with_any(lower: &str, suffixes: &[&str]) -> bool {
    suffixes.iter().any(|suffix| {
        lower.strip_suffix(suffix).is_some_and(|before| {
            suffix.starts_with(' ')
                || before
                    .chars()
                    .next_back()
                    .is_none_or(|c| !c.is_alphanumeric() || !c.is_ascii())
        })
    })
}
