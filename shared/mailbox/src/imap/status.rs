//! Status responses: how a command ended, in a word, a code and words for people.

use crate::server::printable;

/// A status response, RFC 3501 section 7.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StatusLine {
    /// The command it ends; `None` when it is about none.
    pub(super) tag: Option<String>,
    pub(super) status: Status,
    /// The first word of the response code, in capitals (`AUTHENTICATIONFAILED`), RFC 3501 section 7.1 and RFC 5530.
    pub(super) code: Option<String>,
    /// What follows that word within the code: `17` of `[UIDVALIDITY 17]`.
    pub(super) argument: String,
    /// Code and words, fit for people.
    pub(super) words: String,
}

/// What a status response says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    No,
    Bad,
    Bye,
    PreAuth,
}

impl StatusLine {
    /// Reads a line; `None` when it is no status response.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let line = line.trim_ascii_end();
        let (tag, rest) = split(line);
        let (status, words) = split(rest);
        let status = match status.to_ascii_uppercase().as_slice() {
            b"OK" => Status::Ok,
            b"NO" => Status::No,
            b"BAD" => Status::Bad,
            b"BYE" => Status::Bye,
            b"PREAUTH" => Status::PreAuth,
            _ => return None,
        };
        let is_tag = !tag.is_empty() && tag.iter().all(u8::is_ascii_alphanumeric);
        let tag = match tag {
            b"*" => None,
            tag if is_tag => Some(String::from_utf8_lossy(tag).into_owned()),
            _ => return None,
        };
        let (code, argument) = code(words).unwrap_or_default();
        Some(Self {
            tag,
            status,
            code: (!code.is_empty()).then(|| String::from_utf8_lossy(code).to_ascii_uppercase()),
            argument: String::from_utf8_lossy(argument).into_owned(),
            words: printable(words),
        })
    }

    /// Whether it ends the command with this tag.
    pub(super) fn ends(&self, tag: &str) -> bool {
        self.tag.as_deref() == Some(tag)
    }

    /// Whether it ends the session.
    pub(super) fn is_goodbye(&self) -> bool {
        self.tag.is_none() && self.status == Status::Bye
    }

    /// Whether its code is this one, in capitals.
    pub(super) fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

/// The words between the brackets at the beginning.
fn code(words: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = words.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', inside)?;
    inside.get(..end).map(split)
}

fn split(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', text) {
        Some(at) => (
            text.get(..at).unwrap_or_default(),
            text.get(at + 1..).unwrap_or_default(),
        ),
        None => (text, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_a_tag_a_code_and_words() {
        for (line, tag, status, code, argument, words) in [
            ("* OK ready\r\n", None, Status::Ok, None, "", "ready"),
            ("a1 OK\r\n", Some("a1"), Status::Ok, None, "", ""),
            (
                "a1 no [authenticationfailed] Wrong.\r\n",
                Some("a1"),
                Status::No,
                Some("AUTHENTICATIONFAILED"),
                "",
                "[authenticationfailed] Wrong.",
            ),
            (
                "* OK [UIDVALIDITY 17] UIDs\r\n",
                None,
                Status::Ok,
                Some("UIDVALIDITY"),
                "17",
                "[UIDVALIDITY 17] UIDs",
            ),
            ("* BYE [broken\r\n", None, Status::Bye, None, "", "[broken"),
            ("* PREAUTH hi\r\n", None, Status::PreAuth, None, "", "hi"),
        ] {
            assert_eq!(
                StatusLine::read(line.as_bytes()),
                Some(StatusLine {
                    tag: tag.map(str::to_owned),
                    status,
                    code: code.map(str::to_owned),
                    argument: argument.to_owned(),
                    words: words.to_owned(),
                }),
                "{line}"
            );
        }
        for line in ["", "* 5 EXISTS", "+ OK", "a1", "* OKAY", "+OK ready"] {
            assert_eq!(StatusLine::read(line.as_bytes()), None, "{line}");
        }
    }
}
