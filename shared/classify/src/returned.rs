//! The bytes of the message that came back, for whoever checks their signature.

use crate::mime::{Mail, Role};

/// Reports in reports that are opened.
const MAX_WRAPPERS: usize = 3;
/// What stands in the text of a report begins within this, or was not returned.
const MAX_SEARCHED_BYTES: usize = 512 << 10;
/// The field that a signature stands in (RFC 6376 section 3.5): without one there is nothing to check.
const SIGNATURE: &str = "dkim-signature:";

/// The message that came back, or as much of it as did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnedOriginal {
    /// Its bytes, the transfer encoding of the part undone. Lines end with LF, whatever they ended with before.
    pub raw: Vec<u8>,
    /// It says to be all of the message. It may have been cut even so, and usually has where this is false.
    pub whole: bool,
}

/// The message that came back in the report `raw`, as it stands there; asked for only when its signature is to be checked.
///
/// It is looked for where [`Classifier::classify`](crate::Classifier::classify) reads it: in the part made for it, and in
/// the text of reports that have none, where it has to have a `DKIM-Signature` to be found.
pub fn returned_original(raw: &[u8]) -> Option<ReturnedOriginal> {
    let mut found = in_report(&Mail::parse(raw))?;
    for _ in 1..MAX_WRAPPERS {
        let Some(inner) = found.whole.then(|| in_wrapped(&found.raw)).flatten() else {
            break;
        };
        found = inner;
    }
    Some(found)
}

fn in_report(mail: &Mail<'_>) -> Option<ReturnedOriginal> {
    for (role, whole) in [(Role::ReturnedMessage, true), (Role::ReturnedHeaders, false)] {
        if let Some(part) = mail.part(role) {
            let raw = part.bytes().trim_ascii_start().to_vec();
            let whole = whole && !mail.is_cut() && !mail.is_damaged();
            return Some(ReturnedOriginal { raw, whole });
        }
    }
    let texts = mail
        .parts()
        .filter(|part| matches!(part.role(), Role::OwnText | Role::Other) && !part.is_inside_returned());
    texts.filter(|part| !part.is_html()).find_map(|part| {
        let bytes = part.bytes();
        let text = bytes.get(..MAX_SEARCHED_BYTES).unwrap_or(&bytes);
        let start = signed_header(text)?;
        let raw = bytes.get(start..)?.to_vec();
        Some(ReturnedOriginal { raw, whole: false })
    })
}

/// What a report inside the returned message returns.
fn in_wrapped(returned: &[u8]) -> Option<ReturnedOriginal> {
    let mail = Mail::parse(returned);
    let report = mail
        .parts()
        .any(|part| matches!(part.role(), Role::DeliveryStatus | Role::FeedbackReport) && !part.is_inside_returned());
    report.then(|| in_report(&mail)).flatten()
}

/// Where the header with the first signature begins: behind the blank line before it, or where the text does.
fn signed_header(text: &[u8]) -> Option<usize> {
    let mut start = 0;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..len).unwrap_or_default();
        if line
            .get(..SIGNATURE.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(SIGNATURE.as_bytes()))
        {
            return Some(start);
        }
        at += len + 1;
        if !is_of_header(line) {
            start = at;
        }
    }
    None
}

/// `Name: value`, or what such a line goes on with.
fn is_of_header(line: &[u8]) -> bool {
    let name = line
        .iter()
        .take_while(|byte| matches!(byte, b'!'..=b'9' | b';'..=b'~'))
        .count();
    let folded = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) && !line.trim_ascii().is_empty();
    folded || name > 0 && line.get(name) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str =
        "Received: from a by b;\n now\nDKIM-Signature: v=1; d=example.com\nTo: ann@example.org\n\nHello\n";

    fn report(kind: &str, returned: &str) -> String {
        format!(
            "Content-Type: multipart/report; boundary=b\n\n--b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\n\
             Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; ann@example.org\nAction: failed\n\n--b\n{kind}\n\n{returned}\n--b--\n"
        )
    }

    #[test]
    fn the_message_is_found_wherever_reports_put_it() {
        let encoded = SIGNED.replace('=', "=3D");
        let wrapped = report("Content-Type: message/rfc822", SIGNED);
        for (what, raw, expected, whole) in [
            (
                "a message",
                report("Content-Type: message/rfc822", SIGNED),
                SIGNED,
                true,
            ),
            (
                "an encoded one",
                report(
                    "Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable",
                    &encoded,
                ),
                SIGNED,
                true,
            ),
            (
                "its header",
                report("Content-Type: text/rfc822-headers", SIGNED),
                SIGNED,
                false,
            ),
            (
                "the text of a report",
                format!(
                    "Subject: failure notice\n\nHi. This is qmail.\n\n--- Below this line is a copy of the message.\n\n{SIGNED}"
                ),
                SIGNED,
                false,
            ),
            (
                "a report in a report",
                report("Content-Type: message/rfc822", &wrapped),
                SIGNED,
                true,
            ),
        ] {
            for raw in [raw.clone(), raw.replace('\n', "\r\n")] {
                let found = returned_original(raw.as_bytes()).expect(what);
                let text = String::from_utf8(found.raw).expect("text");
                assert_eq!((text.trim_end(), found.whole), (expected.trim_end(), whole), "{what}");
            }
        }
    }

    #[test]
    fn where_nothing_came_back_there_is_nothing() {
        for raw in [
            "",
            "Subject: hello\n\nTo: you\n",
            "DKIM-Signature: v=1\nTo: a@example.org\n\nmy own signature\n",
        ] {
            assert_eq!(returned_original(raw.as_bytes()), None, "{raw}");
        }
    }
}
