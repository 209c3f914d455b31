//! How numbers, dates and strangers' words are written on the page.

use std::borrow::Cow;

use jiff::civil::Date;
use maud::{Markup, html};
use rebound_classify::Reason;
use rebound_contacts::Moment;

/// How much of an address or of a server's words is shown, in characters: a few lines. More of it would bury the rest; the CSV
/// files have all.
const SHOWN_WORDS: usize = 300;

/// How much of a name of a campaign, a list, a provider or the like is shown.
const SHOWN_NAME: usize = 100;

/// What somebody else wrote, an address or a server's reply: as text, kept apart from what stands around it.
pub(super) fn stranger(text: &str) -> Markup {
    apart(text, SHOWN_WORDS)
}

/// What somebody else gave a name.
pub(super) fn name(text: &str) -> Markup {
    apart(text, SHOWN_NAME)
}

fn apart(text: &str, most: usize) -> Markup {
    let text = visible(text, most);
    // A name that has no room on one line is broken at a dot or an @ before anywhere else.
    let is_name = !text.contains(char::is_whitespace);
    html! {
        bdi {
            @for (index, part) in text.split_inclusive(['.', '@']).enumerate() { @if index > 0 && is_name { wbr; } (part) }
        }
    }
}

/// With a mark in place of what would not be seen but could change what is: control characters, and those that turn the
/// direction of writing or take no space. Cut, with an ellipsis, where it is very long.
fn visible(text: &str, most: usize) -> Cow<'_, str> {
    if text.chars().count() <= most && !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mark = |c| if hides(c) { char::REPLACEMENT_CHARACTER } else { c };
    let mut shown: String = text.chars().take(most).map(mark).collect();
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    Cow::Owned(shown)
}

fn hides(c: char) -> bool {
    let is_invisible = matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    is_invisible || (c.is_control() && !matches!(c, '\n' | '\t'))
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// So many of them.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A part as a percentage of a whole, as a person says it.
pub(super) fn share(part: u64, whole: u64) -> String {
    let whole = u128::from(whole.max(1));
    match (u128::from(part) * 100 + whole / 2) / whole {
        0 if part > 0 => "< 1 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

/// With a capital letter and a full stop.
pub(super) fn sentence(text: &str) -> String {
    format!("{}.", capitalised(text))
}

/// With a capital letter.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// A day as people write it.
pub(super) fn date(day: Date) -> Markup {
    html! { time datetime=(day) { (day.strftime("%-d %B %Y")) } }
}

/// A moment, to the minute.
pub(super) fn when(at: Moment) -> Markup {
    let shown = at.to_string();
    let minute = shown.get(..16).unwrap_or(&shown).replace('T', " ");
    html! { time datetime=(shown) { (minute) } }
}

/// What a reason means, for who does not know the word.
pub(super) const fn meaning(reason: Reason) -> &'static str {
    match reason {
        Reason::UserUnknown => "no such mailbox",
        Reason::HostUnknown => "no such domain or host",
        Reason::HasMoved => "moved, and mail is not passed on",
        Reason::NotAccept => "the domain takes no mail at all",
        Reason::Suspended => "the account is disabled or expired",
        Reason::MailboxFull => "the mailbox is over its quota",
        Reason::Expired => "tried again and again, then given up",
        Reason::Filtered => "refused by the recipient's own filter",
        Reason::Rejected => "the sender's address is refused",
        Reason::Blocked => "the sending server is refused",
        Reason::BadReputation => "the sender is badly reputed",
        Reason::AuthFailure => "SPF, DKIM or DMARC fails",
        Reason::SpamDetected => "taken for spam",
        Reason::VirusDetected => "taken for a virus",
        Reason::PolicyViolation => "against the receiver's policy",
        Reason::SecurityError => "encryption or a login is missing",
        Reason::ContentError => "headers or content are not accepted",
        Reason::MessageTooBig => "the message is too big",
        Reason::ExceedsLimit => "another limit is exceeded",
        Reason::RateLimited => "too many messages in too short a time",
        Reason::TooManyConnections => "too many connections at a time",
        Reason::RequirePtr => "the sending server has no proper name",
        Reason::NotCompliantRfc => "not as the rules of mail want it",
        Reason::NoRelaying => "the server passes no mail on for you",
        Reason::NetworkError => "trouble on the way: connection, DNS, routing",
        Reason::SystemError => "the receiver has trouble of its own",
        Reason::SystemFull => "the receiver's disk is full",
        Reason::MailerError => "the receiver's delivery program failed",
        Reason::SyntaxError => "the servers did not understand each other",
        Reason::StarttlsFailed => "the connection could not be encrypted",
        Reason::Suppressed => "on your provider's own suppression list",
        Reason::OnHold => "failed; nobody says why",
        Reason::Vacation => "an automatic answer",
        Reason::Feedback => "a complaint",
        Reason::Delivered => "delivered",
        Reason::Undefined => "nothing better is known",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, shown) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1\u{202f}000"),
            (1_234_567, "1\u{202f}234\u{202f}567"),
        ] {
            assert_eq!(grouped(number), shown);
        }
    }

    #[test]
    fn shares_are_whole_percents_and_never_nothing_of_something() {
        for (part, whole, shown) in [
            (0, 7, "0 %"),
            (1, 3, "33 %"),
            (1, 1_000, "< 1 %"),
            (2, 3, "67 %"),
            (7, 7, "100 %"),
            (0, 0, "0 %"),
        ] {
            assert_eq!(share(part, whole), shown);
        }
    }

    #[test]
    fn strangers_words_are_text_in_which_everything_is_seen() {
        for (text, shown) in [
            ("ann@example.com", "<bdi>ann@<wbr>example.<wbr>com</bdi>".to_owned()),
            (
                "550 no such user. Sorry",
                "<bdi>550 no such user. Sorry</bdi>".to_owned(),
            ),
            (
                "<script>x</script>",
                "<bdi>&lt;script&gt;x&lt;/script&gt;</bdi>".to_owned(),
            ),
            (
                "moc\u{202e}.elgoog\u{7}",
                "<bdi>moc\u{fffd}.<wbr>elgoog\u{fffd}</bdi>".to_owned(),
            ),
            ("naïve — 日本語", "<bdi>naïve — 日本語</bdi>".to_owned()),
            (&"w".repeat(301), format!("<bdi>{}…</bdi>", "w".repeat(300))),
        ] {
            assert_eq!(stranger(text).into_string(), shown);
        }
        assert_eq!(
            name(&"n".repeat(101)).into_string(),
            format!("<bdi>{}…</bdi>", "n".repeat(100))
        );
    }
}
