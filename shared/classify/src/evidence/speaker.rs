//! Who refused, and which SMTP command.

use crate::phrases::PhraseSet;

/// Words and the command that they say was refused, the most telling first.
const COMMANDS: &[(&str, &str)] = &[
    ("end of data", "data"),
    ("end of message", "data"),
    ("end-of-data", "data"),
    (">>> data", "data"),
    ("final data", "data"),
    ("data command", "data"),
    ("after i sent the message", "data"),
    ("pipelined data", "data"),
    ("rcpt to", "rcpt"),
    ("rcpt_to", "rcpt"),
    ("rcpt command", "rcpt"),
    ("does not like recipient", "rcpt"),
    ("mail from", "mail"),
    ("mail_from", "mail"),
    ("mail command", "mail"),
    ("ehlo", "ehlo"),
    ("helo", "ehlo"),
    ("starttls", "starttls"),
    ("initial connection", "connect"),
    ("greeting", "connect"),
];

/// Words after which a host is named, the most telling first.
const LEADS: &[&str] = &[
    "while talking to ",
    "host ",
    "server at ",
    "by server ",
    "connected to ",
    "smtp server <",
    "server ",
];

/// What was refused, and by whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Speaker {
    /// `rcpt`, `data` and so on.
    pub(crate) command: Option<&'static str>,
    /// The host that refused it.
    pub(crate) host: Option<String>,
}

/// Finds both.
#[derive(Debug)]
pub(super) struct Speakers {
    phrases: PhraseSet,
}

impl Speakers {
    pub(super) fn new() -> Self {
        Self {
            phrases: PhraseSet::new(COMMANDS.iter().map(|(phrase, _)| *phrase).chain(LEADS.iter().copied())),
        }
    }

    /// Both, as far as `words` tell.
    pub(super) fn find(&self, words: &str) -> Speaker {
        let mut command: Option<usize> = None;
        let mut host: Option<(usize, &str)> = None;
        for found in self.phrases.find(words) {
            match found.index.checked_sub(COMMANDS.len()) {
                None => command = Some(command.map_or(found.index, |known| known.min(found.index))),
                Some(lead) => {
                    if host.is_none_or(|(known, _)| lead < known)
                        && let Some(name) = host_at(words.get(found.end..).unwrap_or_default())
                    {
                        host = Some((lead, name));
                    }
                }
            }
        }
        let command = command
            .and_then(|index| COMMANDS.get(index))
            .map(|(_, command)| *command);
        Speaker {
            command,
            host: host.map(|(_, name)| name.to_owned()),
        }
    }
}

fn host_at(text: &str) -> Option<&str> {
    let len = text
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        .count();
    let name = text.get(..len)?.trim_end_matches('.');
    (name.contains('.') && name.len() <= 255).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_who_refused_what() {
        for (words, expected) in [
            (
                "host mx.example.com[192.0.2.1] said: 550 no (in reply to RCPT TO command)",
                (Some("rcpt"), Some("mx.example.com")),
            ),
            (
                "... while talking to mx.example.org.: >>> DATA <<< 550 no",
                (Some("data"), Some("mx.example.org")),
            ),
            ("mailbox full", (None, None)),
        ] {
            let Speaker { command, host } = Speakers::new().find(words);
            assert_eq!((command, host.as_deref()), expected, "{words}");
        }
    }
}
