//! The message that came back: who sent it to whom, about what, in which campaign.

use crate::mime::{Fields, Mail, Role, addresses, lines_of, split_once};
use crate::provenance::Provenance;
use crate::report::Original;
use crate::sent::SentMail;
use crate::words::Address;

/// Lines looked at before the returned header begins.
const MAX_LEADING_LINES: usize = 40;

/// Enough for any header; what follows is the body.
const MAX_HEADER_BYTES: usize = 64 << 10;

/// Return paths that are read for hints: a report has one, which several servers may have written down.
const MAX_HINTING: usize = 6;

/// What the returned header says.
#[derive(Debug, Default)]
pub(crate) struct Returned {
    pub(crate) original: Original,
    /// The contact that the return path was made for.
    pub(crate) verp: Option<Address>,
    /// Contacts that a return path reads as if it had been made for, with no pattern that says so. Nothing reads them before
    /// [`Self::arrived_in`] has looked.
    pub(crate) hints: Vec<Address>,
    /// The address in a contact field.
    pub(crate) contact: Option<Address>,
    /// Addresses of the sender and of the list, which are never contacts.
    pub(crate) senders: Vec<Address>,
    /// Where providers note the recipient that they took out of `To`.
    pub(crate) delivered_to: Option<Address>,
    /// What it shows of its origin.
    pub(crate) provenance: Provenance,
    /// Whether anything of the message came back.
    pub(crate) present: bool,
}

/// Reads the returned part of `mail`, or what follows the report in its text.
pub(crate) fn read_returned(mail: &Mail<'_>, in_text: Option<&str>, sent: &SentMail) -> Returned {
    read_header(mail, in_text, sent).arrived_in(mail, sent)
}

/// What return paths are read as if they had been made for, each once.
fn hinted<'a>(return_paths: impl Iterator<Item = &'a Address>) -> Vec<Address> {
    let mut hints: Vec<Address> = Vec::new();
    // Nearly all hold none of the marks that stand between the halves of a contact.
    let marked = |path: &&Address| memchr::memchr3(b'=', b'_', b'%', path.local().as_bytes()).is_some();
    let read = return_paths.filter(marked).take(MAX_HINTING);
    for hint in read.flat_map(|path| rebound_verp::contact_hints(path.as_str())) {
        if let Some(hint) = Address::parse(&hint).filter(|hint| !hints.iter().any(|known| known.same(hint))) {
            hints.push(hint);
        }
    }
    hints
}

fn read_header(mail: &Mail<'_>, in_text: Option<&str>, sent: &SentMail) -> Returned {
    let part = mail
        .part(Role::ReturnedMessage)
        .or_else(|| mail.part(Role::ReturnedHeaders));
    // Most are messages whose header has been read with the parts.
    if let Some(held) = part.and_then(|part| part.held_header()) {
        let found = from_fields(&held, sent);
        if found.present {
            return found;
        }
    }
    if let Some(part) = part {
        let text = part.head_text(MAX_HEADER_BYTES);
        let found = from_text(&text, sent);
        if found.present {
            return found;
        }
    }
    // Some software calls the returned part text, or an attachment of no type.
    let found = in_text.map(|text| from_text(text, sent)).unwrap_or_default();
    if found.present {
        return found;
    }
    mail.parts()
        .skip(2)
        .filter(|part| {
            part.role() == Role::Other
                && !part.is_inside_returned()
                && !part.content_type().to_ascii_lowercase().starts_with("multipart/")
        })
        .map(|part| from_text(&part.head_text(MAX_HEADER_BYTES), sent))
        .find(|found| found.present)
        .unwrap_or_default()
}

/// Reads a message header somewhere in `text`, quoted, indented or preceded by rules and remarks.
pub(crate) fn from_text(text: &str, sent: &SentMail) -> Returned {
    let Some((start, prefix)) = header_start(text) else {
        return Returned::default();
    };
    let block = text.get(start..).unwrap_or_default();
    let fields_text = if prefix.is_empty() {
        std::borrow::Cow::Borrowed(block)
    } else {
        let stripped: Vec<&str> = block
            .lines()
            .take(400)
            .map(|line| line.strip_prefix(prefix).unwrap_or(line))
            .collect();
        std::borrow::Cow::Owned(stripped.join("\n"))
    };
    from_fields(&Fields::parse(fields_text.as_bytes()), sent)
}

pub(crate) fn from_fields(fields: &Fields<'_>, sent: &SentMail) -> Returned {
    let first = |list: &[String]| {
        list.iter().find_map(|name| {
            let value = fields.get(name)?.trim();
            // `Feedback-ID: campaign:customer:type:sender` begins with the campaign.
            let value = if name.eq_ignore_ascii_case("feedback-id") {
                value.split(':').next().unwrap_or(value)
            } else {
                value
            };
            (!value.is_empty()).then(|| value.to_owned())
        })
    };
    let to = fields.get("to").map(addresses).unwrap_or_default();
    let from = fields.get("from").map(addresses).unwrap_or_default();
    let listed = |name| fields.get(name).map(addresses).unwrap_or_default();
    let (return_path, errors_to, sender) = (listed("return-path"), listed("errors-to"), listed("sender"));
    let original = Original {
        message_id: fields
            .get("message-id")
            .map(|id| id.trim().trim_matches(['<', '>']).to_owned())
            .filter(|id| !id.is_empty()),
        subject: fields
            .get("subject")
            .map(str::to_owned)
            .filter(|subject| !subject.is_empty()),
        from: from.first().cloned(),
        to: single(&to),
        date: fields.get("date").map(str::to_owned).filter(|date| !date.is_empty()),
        list: fields.get("list-id").map(list_id).filter(|id| !id.is_empty()),
        campaign: first(&sent.campaign_headers),
    };
    let present = original.message_id.is_some()
        || original.subject.is_some()
        || original.from.is_some()
        || original.to.is_some()
        || original.date.is_some();
    let delivered_to = [
        "x-hmxmroriginalrecipient",
        "x-original-to",
        "envelope-to",
        "x-envelope-to",
        "delivered-to",
        "x-rcpt-to",
        "x-apparently-to",
    ]
    .iter()
    .find_map(|name| fields.get(name))
    .and_then(|value| {
        addresses(value.split(" via ").next().unwrap_or(value))
            .into_iter()
            .next()
    });
    let contact = first(&sent.contact_headers).and_then(|value| addresses(&value).into_iter().next());
    let verp = sent.contact_of(&return_path);
    let provenance = Provenance::of_returned(
        fields,
        return_path.iter().chain(&errors_to),
        from.iter().chain(&sender).chain(&return_path),
        original.message_id.as_deref(),
    );
    let others = ["reply-to", "list-post"].into_iter().flat_map(listed);
    let senders = [from, return_path, sender, errors_to]
        .into_iter()
        .flatten()
        .chain(others)
        .collect();
    Returned {
        original,
        verp,
        hints: Vec::new(),
        contact,
        senders,
        delivered_to,
        provenance,
        present,
    }
}

impl Returned {
    /// Adds what the return path says that `mail` came to (RFC 5321 section 6.1: reports go to the return path).
    pub(crate) fn arrived_in(mut self, mail: &Mail<'_>, sent: &SentMail) -> Self {
        self.provenance.delivered_with(mail);
        let Provenance {
            delivered_to,
            returned_path,
            ..
        } = &self.provenance;
        self.verp = sent.contact_of(delivered_to).or(self.verp);
        self.hints = hinted(delivered_to.iter().chain(returned_path));
        self
    }

    /// The contact that a return path seems to be made for; of several readings the one that something else names, too.
    pub(crate) fn hint(&self, named: &[Option<&Address>]) -> Option<&Address> {
        let others = [&self.original.to, &self.delivered_to].map(Option::as_ref);
        let confirmed = |hint: &&Address| named.iter().chain(&others).flatten().any(|other| other.same(hint));
        let mut likely = self.hints.iter().filter(|hint| !self.is_sender(hint));
        likely.clone().find(confirmed).or_else(|| likely.next())
    }

    /// Whom it says it was sent to, wherever, the most trustworthy first; not whom it is from.
    pub(crate) fn recipients(&self) -> impl Iterator<Item = &Address> {
        let contact = self.contact.iter().chain(&self.hints);
        contact
            .chain(&self.original.to)
            .chain(&self.delivered_to)
            .filter(|address| address.as_str().contains('@') && !self.is_sender(address))
    }

    /// Whether it is an address of the sender or of the list.
    pub(crate) fn is_sender(&self, address: &Address) -> bool {
        self.senders.iter().any(|sender| sender.same(address))
    }
}

fn single(addresses: &[Address]) -> Option<Address> {
    let first = addresses.first()?;
    addresses.iter().all(|other| other.same(first)).then(|| first.clone())
}

/// `List name <list.example.com>` without its phrase and brackets.
fn list_id(value: &str) -> String {
    match (value.rfind('<'), value.rfind('>')) {
        (Some(open), Some(close)) if open < close => value.get(open + 1..close).unwrap_or_default().to_owned(),
        _ => value.trim().to_owned(),
    }
}

/// Offset of the first header line and what each line is prefixed with.
fn header_start(text: &str) -> Option<(usize, &str)> {
    const FIRST: &[&str] = &[
        "received",
        "return-path",
        "message-id",
        "from",
        "to",
        "subject",
        "date",
        "mime-version",
        "content-type",
        "dkim-signature",
        "x-",
        "delivered-to",
        "sender",
        "reply-to",
        "list-",
        "authentication-results",
        "arc-",
        "feedback-id",
        "envelope-",
        "precedence",
        "thread-",
        "importance",
        "domainkey-signature",
        "user-agent",
        "errors-to",
        "cc",
        "status",
    ];
    let mut at = 0;
    for line in lines_of(text).take(MAX_LEADING_LINES) {
        let unprefixed = line.trim_start_matches(['>', '|', ' ', '\t']);
        let prefix = line.get(..line.len() - unprefixed.len()).unwrap_or_default();
        if let Some((name, _)) = split_once(unprefixed, b':') {
            let name = name.trim_end();
            let initial = name.bytes().next().map(|initial| initial.to_ascii_lowercase());
            let known = FIRST
                .iter()
                .filter(|first| first.bytes().next() == initial)
                .any(|first| {
                    let wide = first.ends_with('-');
                    name.as_bytes()
                        .get(..first.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(first.as_bytes()))
                        && (wide || name.len() == first.len())
                });
            if known {
                return Some((at, prefix));
            }
        }
        at += line.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_returned_header_is_found_below_remarks_and_behind_quotes() {
        let sent = SentMail::default();
        for text in [
            "\n\nReceived: by x\nFrom: Us <news@example.com>\nTo: ann@example.org\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMessage-ID: <1@example.com>\nList-Id: Weekly <weekly.example.com>\nX-Campaign: c7\n\nbody",
            "the first lines:\n\n> From: news@example.com\n> To: <ann@example.org>\n> Subject: Grüße\n> Message-ID: <1@example.com>\n> List-Id: weekly.example.com\n> Feedback-ID: c7:1:x:y\n>\n> text",
        ] {
            let found = from_text(text, &sent);
            assert_eq!(
                found.original.from.as_ref().map(Address::as_str),
                Some("news@example.com"),
                "{text}"
            );
            assert_eq!(found.original.to.as_ref().map(Address::as_str), Some("ann@example.org"));
            assert_eq!(found.original.subject.as_deref(), Some("Grüße"));
            assert_eq!(found.original.message_id.as_deref(), Some("1@example.com"));
            assert_eq!(found.original.list.as_deref(), Some("weekly.example.com"));
            assert_eq!(found.original.campaign.as_deref(), Some("c7"));
        }
    }
}
