//! Messages as servers, providers and people write them, and as somebody writes them who wants another silenced.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The day that our mail was sent, and its date.
pub(super) const SENT: &str = "2026-03-09";
pub(super) const SENT_AT: &str = "Mon, 9 Mar 2026 08:00:00 +0000";
/// When reports about it were written, and received.
const WRITTEN_AT: &str = "Tue, 10 Mar 2026 09:59:00 +0000";
const RECEIVED_AT: &str = "Tue, 10 Mar 2026 10:00:00 +0000";

/// A header and a body.
#[derive(Clone)]
pub(super) struct Mail {
    fields: Vec<(String, String)>,
    body: String,
}

impl Mail {
    /// What we sent to this contact, or what looks like it.
    pub(super) fn ours(contact: &str, domain: &str) -> Self {
        let id = contact.replace('@', ".");
        Self::new("Hello\n")
            .with("Return-Path", &format!("<news@{domain}>"))
            .with("From", &format!("News <news@{domain}>"))
            .with("To", contact)
            .with("Subject", "News of the week")
            .with("Date", SENT_AT)
            .with("Message-ID", &format!("<{id}@{domain}>"))
    }

    fn new(body: &str) -> Self {
        Self {
            fields: Vec::new(),
            body: body.to_owned(),
        }
    }

    /// With this field, in place of those of its name.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With one more field above the others: a signature covers the lowest of a name.
    pub(super) fn above(mut self, name: &str, value: &str) -> Self {
        self.fields.insert(0, (name.to_owned(), value.to_owned()));
        self
    }

    /// Without what stands below its header.
    pub(super) fn header_only(mut self) -> Self {
        self.body.clear();
        self
    }

    /// Signed by `domain` with the key of this number (RFC 6376 and 8463), relaxed.
    pub(super) fn signed_by(self, domain: &str, key: u8) -> Self {
        let hash = BASE64.encode(digest(&SHA256, self.body.replace('\n', "\r\n").as_bytes()));
        let names = ["From", "To", "Subject", "Date", "Message-ID"];
        let own = format!(
            "v=1; a=ed25519-sha256; c=relaxed/relaxed; d={domain}; s=test; h={}; bh={hash}; b=",
            names.join(":")
        );
        let mut signed = String::new();
        for name in names {
            let (_, value) = self.fields.iter().find(|(known, _)| known == name).expect("a field");
            let field = format!("{}:{value}\r\n", name.to_lowercase());
            signed.push_str(&field);
        }
        signed.extend(["dkim-signature:", &own]);
        let signature = dkim_key(key).sign(digest(&SHA256, signed.as_bytes()).as_ref());
        self.with("DKIM-Signature", &format!("{own}{}", BASE64.encode(signature)))
    }

    pub(super) fn raw(&self) -> String {
        let fields: Vec<String> = self
            .fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        format!("{}\n{}", fields.concat(), self.body)
    }
}

/// What stands in DNS for the key of this number.
pub(super) fn dkim_record(key: u8) -> String {
    format!(
        "v=DKIM1; k=ed25519; p={}",
        BASE64.encode(dkim_key(key).public_key().as_ref())
    )
}

fn dkim_key(key: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[key; 32]).expect("a key")
}

/// A server's report about mail to a contact.
#[derive(Clone)]
pub(super) struct Bounce {
    contact: String,
    header: Mail,
    words: String,
    status: &'static str,
    diagnostic: String,
    returned: Mail,
}

impl Bounce {
    /// That there is no such user, sent to this address.
    pub(super) fn to(address: &str, contact: &str) -> Self {
        Self {
            contact: contact.to_owned(),
            header: Mail::new("")
                .with("Received", &received("mx.example.net", RECEIVED_AT))
                .with("From", "MAILER-DAEMON@mx.example.net")
                .with("To", address)
                .with("Date", WRITTEN_AT)
                .with("Subject", "Undelivered Mail Returned to Sender"),
            words: "It could not be delivered.".to_owned(),
            status: "5.1.1",
            diagnostic: format!("550 5.1.1 <{contact}>: user unknown"),
            returned: Mail::ours(contact, "example.com"),
        }
    }

    /// That the mailbox is full instead.
    pub(super) fn full(mut self) -> Self {
        self.status = "4.2.2";
        "452 4.2.2 mailbox full".clone_into(&mut self.diagnostic);
        self
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.header = self.header.with(name, value);
        self
    }

    pub(super) fn saying(mut self, words: &str) -> Self {
        words.clone_into(&mut self.words);
        self
    }

    pub(super) fn returning(mut self, mail: Mail) -> Self {
        self.returned = mail;
        self
    }

    /// Written and received on this day of March 2026, `Tue, 10`.
    pub(super) fn on(self, day: &str) -> Self {
        self.with(
            "Received",
            &received("mx.example.net", &format!("{day} Mar 2026 10:00:00 +0000")),
        )
        .written_on(day)
    }

    /// Written on this day of March 2026, as it says.
    pub(super) fn written_on(self, day: &str) -> Self {
        self.with("Date", &format!("{day} Mar 2026 09:59:00 +0000"))
    }

    pub(super) fn raw(&self) -> String {
        let Self {
            contact,
            words,
            status,
            diagnostic,
            ..
        } = self;
        let kind = "multipart/report; report-type=delivery-status; boundary=b";
        let mut whole = self.header.clone().with("Content-Type", kind);
        whole.body = format!(
            "--b\n\n{words}\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n\
             Final-Recipient: rfc822; {contact}\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {diagnostic}\n\n\
             --b\nContent-Type: message/rfc822\n\n{}\n--b--\n",
            self.returned.raw()
        );
        whole.raw()
    }
}

/// A provider's report that this contact called a message spam (RFC 5965), sent to `address`.
pub(super) fn complaint(address: &str, contact: &str, returned: &Mail) -> String {
    let mut whole = Mail::new("")
        .with("Received", &received("fbl.example.net", RECEIVED_AT))
        .with("From", "fbl@example.net")
        .with("To", address)
        .with("Date", WRITTEN_AT)
        .with("Subject", "Complaint")
        .with(
            "Content-Type",
            "multipart/report; report-type=feedback-report; boundary=b",
        );
    whole.body = format!(
        "--b\n\nA complaint.\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n\
         User-Agent: x/1\nOriginal-Rcpt-To: <{contact}>\n\n--b\nContent-Type: message/rfc822\n\n{}\n--b--\n",
        returned.raw()
    );
    whole.raw()
}

/// A letter to `address` that asks to be taken off a list.
pub(super) fn letter(from: &str, address: &str, subject: &str) -> String {
    Mail::new("unsubscribe\n")
        .with("Received", &received("mx.example.net", RECEIVED_AT))
        .with("From", from)
        .with("To", address)
        .with("Date", WRITTEN_AT)
        .with("Subject", subject)
        .with("Message-ID", &format!("<{}@mx.example.net>", from.replace('@', ".")))
        .raw()
}

fn received(server: &str, at: &str) -> String {
    format!("from {server} ({server} [192.0.2.1]) by in.example.com (Postfix) with ESMTP id 1; {at}")
}
