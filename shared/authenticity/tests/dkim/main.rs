//! Signatures of messages that came back. `sign.py` says how the messages in this folder were made.

#![allow(clippy::expect_used, reason = "what can't be made here fails the test")]

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use rebound_authenticity::dkim::{Proof, Question, Unproven, keys_wanted, prove};
use rebound_authenticity::{Context, Settings, judge};
use rebound_classify::{Address, Classifier, returned_original};
use rebound_contacts::{Authenticity, Moment, SentMessage};
use rebound_verp::Keys;

/// 2026-11-22 10:00 UTC, an hour after the messages were signed.
const ARRIVED: i64 = 1_795_341_600;
const DATED: i64 = 1_795_337_940;
const SIGNED: i64 = 1_795_338_000;
const DAY: i64 = 86_400;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dkim").join(name);
    std::fs::read_to_string(path).expect(name)
}

fn message(name: &str) -> String {
    file(&format!("{name}.eml"))
}

fn keys() -> BTreeMap<String, String> {
    file("keys.toml")
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, record)| (name.trim_matches('"').to_owned(), record.trim_matches('"').to_owned()))
        .collect()
}

/// What is proven to somebody who sends from `domain`, `later` seconds after the report arrived.
fn asked(raw: &[u8], domain: &str, later: i64, keys: &BTreeMap<String, String>) -> Result<Proof, Unproven> {
    let question = Question {
        domains: &[domain.to_owned()],
        contact_fields: &["X-Rebound-Contact".to_owned()],
        at: ARRIVED + later,
    };
    prove(raw, &question, |name| keys.get(name).cloned())
}

fn proven(raw: &str) -> Result<Proof, Unproven> {
    asked(raw.as_bytes(), "news.example.com", 0, &keys())
}

fn wrong() -> Unproven {
    Unproven::Wrong("example.com".to_owned())
}

fn nobody() -> Unproven {
    Unproven::NobodyNamed("example.com".to_owned())
}

#[test]
fn a_header_that_we_signed_proves_whom_we_wrote_to_and_when() {
    for (name, selector, field, sent_at) in [
        ("relaxed", "rsa", "to", DATED),
        ("simple", "rsa", "to", DATED),
        ("relaxed-body", "rsa", "to", DATED),
        ("ed25519", "ed", "to", DATED),
        ("small-key", "small", "to", DATED),
        ("body-length", "rsa", "to", DATED),
        ("expires", "rsa", "to", DATED),
        ("oversigned", "rsa", "to", DATED),
        ("date-not-signed", "rsa", "to", SIGNED),
        ("contact-field", "rsa", "X-Rebound-Contact", DATED),
        ("identity", "rsa", "to", DATED),
    ] {
        let whole = message(name);
        let (header, _) = whole.split_once("\n\n").expect("a body");
        let cut = format!("{header}\n\nHello Ann,\n[cut]\n");
        let passed_on = format!("Return-Path: <news@example.com>\nReceived: from a by b; now\n{whole}");
        for raw in [&whole, header, &cut, &passed_on, &whole.replace('\n', "\r\n")] {
            let expected = Proof {
                address: Address::parse("ann@example.org").expect("an address"),
                field: field.to_owned(),
                domain: "example.com".to_owned(),
                selector: selector.to_owned(),
                sent_at: Some(sent_at),
            };
            assert_eq!(proven(raw), Ok(expected), "{name}:\n{raw}");
        }
    }
}

/// RFC 8463 appendix A.3: the same message signed with both algorithms.
#[test]
fn the_example_of_the_standard_is_verified() {
    let message = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\n d=football.example.com; i=@football.example.com;\n \
        q=dns/txt; s=brisbane; t=1528637909; h=from : to :\n subject : date : message-id : from : subject : date;\n \
        bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\n \
        Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\n\
        DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\n d=football.example.com; i=@football.example.com;\n \
        q=dns/txt; s=test; t=1528637909; h=from : to : subject :\n date : message-id : from : subject : date;\n \
        bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\n \
        DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\n dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\n\
        From: Joe SixPack <joe@football.example.com>\nTo: Suzie Q <suzie@shopping.example.net>\nSubject: Is dinner ready?\n\
        Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\nMessage-ID: <20030712040037.46341.5F8J@football.example.com>\n\nHi.\n\n\
        We lost the game.  Are you hungry yet?\n\nJoe.\n";
    let domain = "football.example.com".to_owned();
    let published = [
        (
            "brisbane._domainkey.football.example.com",
            "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        ),
        (
            "test._domainkey.football.example.com",
            "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
        ),
    ];
    assert_eq!(
        keys_wanted(message.as_bytes(), std::slice::from_ref(&domain)),
        published.map(|(name, _)| name)
    );
    for (name, record) in published {
        let only = BTreeMap::from([(name.to_owned(), record.to_owned())]);
        let proof = asked(message.as_bytes(), &domain, 0, &only).expect(name);
        assert_eq!(proof.address.as_str(), "suzie@shopping.example.net");
        assert_eq!(proof.sent_at, Some(1_057_982_437));
    }
}

#[test]
fn what_was_changed_or_never_said_proves_nothing() {
    let sound = message("relaxed");
    let to = "To: Ann Example <ann@example.org>\n";
    assert!(sound.contains(to));
    for (what, raw, why) in [
        ("another recipient", sound.replace("<ann@", "<bob@"), wrong()),
        ("no recipient", sound.replace(to, ""), wrong()),
        ("another day", sound.replace("22 Nov", "21 Nov"), wrong()),
        (
            "another fold, simple",
            message("simple").replace("week,\n which", "week, which"),
            wrong(),
        ),
        (
            "a second recipient on top",
            format!("To: bob@example.net\n{sound}"),
            nobody(),
        ),
        (
            "a second recipient below",
            sound.replace(to, &format!("{to}To: bob@example.net\n")),
            wrong(),
        ),
        (
            "a second recipient, oversigned",
            format!("To: bob@example.net\n{}", message("oversigned")),
            wrong(),
        ),
        ("a copy added", format!("Cc: bob@example.net\n{sound}"), nobody()),
        ("a copy", message("copied"), nobody()),
        ("two recipients", message("two-in-to"), nobody()),
        ("the recipient not signed", message("to-not-signed"), nobody()),
        ("the contact field not signed", message("contact-not-signed"), nobody()),
        (
            "a contact field put on top",
            format!(
                "X-Rebound-Contact: bob@example.net\n{}",
                message("contact-field").replace("To: members@lists.example.com\n", "")
            ),
            wrong(),
        ),
        ("others' signature", message("another-domain"), Unproven::NotOurs),
        (
            "no signature",
            sound.split_once("\nFrom: ").expect("a signature").1.to_owned(),
            Unproven::NotOurs,
        ),
        (
            "a signature in the body",
            format!("Subject: x\n\n{sound}"),
            Unproven::NotOurs,
        ),
        ("nothing", String::new(), Unproven::NotOurs),
    ] {
        assert_eq!(proven(&raw), Err(why), "{what}");
    }
}

#[test]
fn a_contact_field_of_the_forgers_own_does_not_take_the_place_of_to() {
    let raw = format!("X-Rebound-Contact: bob@example.net\n{}", message("relaxed"));
    let proof = proven(&raw).expect("a proof");
    assert_eq!(
        (proof.address.as_str(), proof.field.as_str()),
        ("ann@example.org", "to")
    );
}

#[test]
fn only_our_domains_and_their_parents_speak_for_us() {
    let raw = message("relaxed");
    for (domain, expected) in [
        ("example.com", true),
        ("news.example.com", true),
        ("a.b.example.com", true),
        ("badexample.com", false),
        ("example.org", false),
        ("com", false),
    ] {
        let found = asked(raw.as_bytes(), domain, 0, &keys());
        assert_eq!(found.is_ok(), expected, "{domain}: {found:?}");
        assert_eq!(
            keys_wanted(raw.as_bytes(), &[domain.to_owned()]).len(),
            usize::from(expected)
        );
    }
    // A whole country never does.
    let country = raw
        .replace("d=example.com", "d=co.uk")
        .replace("i=@example.com", "i=@x.co.uk");
    assert!(keys_wanted(country.as_bytes(), &["x.co.uk".to_owned()]).is_empty());
}

#[test]
fn a_signature_counts_until_it_expires() {
    let raw = message("expires");
    for (later, expected) in [(0, true), (6 * DAY, true), (8 * DAY, false)] {
        let found = asked(raw.as_bytes(), "example.com", later, &keys());
        assert_eq!(found.is_ok(), expected, "{found:?}");
    }
    // Who takes the expiry off breaks the signature.
    let endless = raw.replace(";\n x=1795942800", "");
    assert_ne!(raw, endless);
    assert_eq!(asked(endless.as_bytes(), "example.com", 8 * DAY, &keys()), Err(wrong()));
}

#[test]
fn only_a_key_that_is_published_for_this_counts() {
    let name = "rsa._domainkey.example.com";
    let record = keys().remove(name).expect("a key");
    let missing = Err(Unproven::NoKey(name.to_owned()));
    let (_, octets) = record.split_once("p=").expect("a key");
    let ed = keys().remove("ed._domainkey.example.com").expect("a key");
    for (what, file, record, expected) in [
        ("as it is", "relaxed", record.clone(), Ok(())),
        ("without a version", "relaxed", format!("p={octets}"), Ok(())),
        (
            "without padding, folded",
            "relaxed",
            record.trim_end_matches('=').replace("AQAB", " AQ AB"),
            Ok(()),
        ),
        (
            "for mail",
            "relaxed",
            format!("{record}; s=email; h=sha1:sha256"),
            Ok(()),
        ),
        ("strict", "relaxed", format!("{record}; t=s"), Ok(())),
        (
            "strict, for one below",
            "identity",
            format!("{record}; t=s"),
            Err(wrong()),
        ),
        (
            "another version",
            "relaxed",
            record.replace("DKIM1", "DKIM2"),
            missing.clone(),
        ),
        ("revoked", "relaxed", "v=DKIM1; k=rsa; p=".to_owned(), missing.clone()),
        ("on trial", "relaxed", format!("{record}; t=y:s"), missing.clone()),
        (
            "for SHA-1 only",
            "relaxed",
            format!("{record}; h=sha1"),
            missing.clone(),
        ),
        (
            "for something else",
            "relaxed",
            format!("{record}; s=tlsrpt"),
            missing.clone(),
        ),
        ("another algorithm", "relaxed", ed, Err(wrong())),
        (
            "called another algorithm",
            "relaxed",
            record.replace("k=rsa", "k=ed25519"),
            Err(wrong()),
        ),
        ("no record", "relaxed", "hello".to_owned(), missing.clone()),
        (
            "too long",
            "relaxed",
            format!("{record}; n={}", "x".repeat(5_000)),
            missing.clone(),
        ),
    ] {
        let published = BTreeMap::from([(name.to_owned(), record)]);
        let found = asked(message(file).as_bytes(), "example.com", 0, &published).map(|_| ());
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(
        asked(message("relaxed").as_bytes(), "example.com", 0, &BTreeMap::new()),
        Err(Unproven::NoKey(name.to_owned()))
    );
}

#[test]
fn of_many_signatures_few_are_looked_at() {
    let forged: String =
        "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=rsa; h=from; bh=YQ==; b=YQ==\n".repeat(100);
    assert_eq!(proven(&format!("{forged}{}", message("relaxed"))), Err(wrong()));
    // One that is not ours takes nobody's place.
    let foreign = forged.replace("d=example.com", "d=example.edu");
    assert!(proven(&format!("{foreign}{}", message("relaxed"))).is_ok());
    let selectors: Vec<String> = (0..100)
        .map(|n| {
            forged
                .lines()
                .next()
                .expect("a line")
                .replace("s=rsa", &format!("s=s{n}"))
        })
        .collect();
    assert_eq!(
        keys_wanted(selectors.join("\n").as_bytes(), &["example.com".to_owned()]).len(),
        4
    );
}

/// A report about Ann's address whose returned part is `part`.
fn report(part: &str) -> String {
    format!(
        "Received: from mx.example.net (mx.example.net [192.0.2.1]) by in.example.com (Postfix) with ESMTP id 1; Sun, 22 Nov 2026 10:00:00 +0000\n\
         From: MAILER-DAEMON@mx.example.net\nTo: bounces@example.com\nSubject: Undelivered Mail\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nIt failed.\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; end@example.net\n\
         Action: failed\nStatus: 5.1.1\n\n--b\n{part}\n--b--\n"
    )
}

#[test]
fn a_report_is_believed_by_the_signature_of_what_it_returns() {
    let signed = message("relaxed");
    let (header, _) = signed.split_once("\n\n").expect("a body");
    let quoted_printable = signed.replace('=', "=3D").replace("twice\n", "twi=\nce\n");
    let forged = signed.replace("<ann@", "<bob@");
    for (what, raw, authenticity) in [
        (
            "a message",
            report(&format!("Content-Type: message/rfc822\n\n{signed}")),
            Authenticity::Dkim,
        ),
        (
            "a header",
            report(&format!("Content-Type: text/rfc822-headers\n\n{header}\n")),
            Authenticity::Dkim,
        ),
        (
            "an encoded message",
            report(&format!(
                "Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n{quoted_printable}"
            )),
            Authenticity::Dkim,
        ),
        (
            "the text of a report",
            format!(
                "From: MAILER-DAEMON@mx.example.net\nTo: bounces@example.com\nSubject: failure notice\n\nHi. This is the qmail-send program at mx.example.net.\n\
                 \n<end@example.net>:\n550 5.1.1 no such user\n\n--- Below this line is a copy of the message.\n\n{signed}"
            ),
            Authenticity::Dkim,
        ),
        (
            "a forged message",
            report(&format!("Content-Type: message/rfc822\n\n{forged}")),
            Authenticity::Plausible,
        ),
    ] {
        let raw = raw.replace('\n', "\r\n");
        let original = returned_original(raw.as_bytes()).expect(what);
        let proof = asked(&original.raw, "example.com", 0, &keys());
        let report = Classifier::new().classify(raw.as_bytes());
        let settings = Settings {
            domains: vec!["example.com".to_owned()],
            ..Settings::default()
        };
        let context = Context {
            settings: &settings,
            keys: &Keys::default(),
            ledger: &SentMessage::Unknown,
            dkim: proof.as_ref().ok(),
            fetched_at: ARRIVED,
        };
        let findings = judge(&report, &context);
        let finding = findings.first().expect(what);
        assert_eq!(
            finding.authenticity, authenticity,
            "{what}: {}, {proof:?}",
            finding.proof
        );
        if authenticity == Authenticity::Dkim {
            assert_eq!(
                finding.address.as_ref().map(Address::as_str),
                Some("ann@example.org"),
                "{what}"
            );
            assert_eq!(
                (finding.sent_at, finding.stale),
                (Some(Moment::from_millis(DATED * 1000)), false),
                "{what}"
            );
            assert_eq!(
                finding.proof,
                "the message that came back is signed by example.com and names this contact (to) on 2026-11-22"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_an_answer(raw in proptest::collection::vec(any::<u8>(), 0..2_000), record in ".{0,200}") {
        let prefixed = [b"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=a; b=YQ==".as_slice(), &raw].concat();
        for raw in [&raw, &prefixed] {
            let question = Question { domains: &["example.com".to_owned()], contact_fields: &[], at: 0 };
            prop_assert!(prove(raw, &question, |_| Some(record.clone())).is_err());
        }
    }

    /// Whoever changes a signed header, or a signature, anywhere, has nothing that proves another contact.
    #[test]
    fn a_changed_header_never_proves_anything_else(
        name in prop::sample::select(vec!["relaxed", "simple", "ed25519", "contact-field", "oversigned"]),
        at in any::<prop::sample::Index>(),
        text in "[ -~\n]{1,20}",
        insert in any::<bool>(),
    ) {
        let sound = message(name);
        let at = at.index(sound.len());
        let end = if insert { at } else { (at + text.len()).min(sound.len()) };
        let mut changed = sound.into_bytes();
        changed.splice(at..end, text.bytes());
        if let Ok(proof) = asked(&changed, "example.com", 0, &keys()) {
            prop_assert_eq!(proof.address.as_str(), "ann@example.org");
            prop_assert!(matches!(proof.sent_at, None | Some(DATED | SIGNED)));
        }
    }
}
