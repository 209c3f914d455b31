//! Reports that are what they claim to be, and reports that only claim it.

#![allow(
    clippy::expect_used,
    clippy::string_slice,
    reason = "what can't be made here fails the test"
)]

mod forgery;
mod support;

use rebound_authenticity::Settings;
use rebound_classify::Address;
use rebound_contacts::{Authenticity, Finding, LedgerEntry, Moment, SentMessage};
use rebound_verp::Purpose;

use support::{ARRIVED, Bounce, Case, TODAY, address_for, complaint, day, keys, letter};

const ANN: &str = "ann@example.org";
const BOB: &str = "bob@example.net";

fn only(findings: Vec<Finding>) -> Finding {
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.into_iter().next().expect("a finding")
}

fn charged(finding: &Finding) -> Option<&str> {
    finding.address.as_ref().map(Address::as_str)
}

/// What came of it, whom it charges and why, of a report about Ann that came to `path`.
fn bounce_to(path: &str) -> Finding {
    only(Case::new(Bounce::to(path).raw()).findings())
}

#[test]
fn a_report_to_the_contacts_own_return_path_is_signed() {
    let path = address_for(ANN, Purpose::ReturnPath, "news", day("2026-11-20"));
    let finding = bounce_to(&path);
    assert_eq!(finding.authenticity, Authenticity::Signed);
    assert_eq!(charged(&finding), Some(ANN));
    assert_eq!(finding.list.as_deref(), Some("news"));
    // It may have been sent at any time of its day.
    assert_eq!(
        finding.sent_at,
        Some("2026-11-20T23:59:59.999Z".parse().expect("a time"))
    );
    assert!(!finding.stale);
    assert_eq!(
        finding.proof,
        "return path signed with key 1 for list news on 2026-11-20"
    );
    // What servers on the way do to an address changes nothing.
    for path in [
        path.to_uppercase(),
        format!("\"{}", path.replace('@', "\"@")),
        format!("prvs=1234abcdef={path}"),
    ] {
        assert_eq!(bounce_to(&path).authenticity, Authenticity::Signed, "{path}");
    }
}

#[test]
fn a_token_that_does_not_count_makes_the_report_nothing() {
    let sound = address_for(ANN, Purpose::ReturnPath, "news", TODAY.parse().expect("a day"));
    let (head, domain) = sound.split_once('@').expect("an address");
    let flipped = {
        let last = if head.ends_with('a') { 'b' } else { 'a' };
        format!("{}{last}@{domain}", &head[..head.len() - 1])
    };
    let foreign = support::other_keys()
        .sign(Purpose::ReturnPath, "news", ANN, day(TODAY))
        .expect("a token")
        .address("bounces", "example.com")
        .expect("an address");
    for (what, path, why) in [
        ("a flipped bit", flipped, "the return path's signature is wrong"),
        (
            "cut off",
            format!("{}@{domain}", &head[..head.len() - 7]),
            "the return path's signature is cut off",
        ),
        (
            "another key",
            foreign,
            "the return path is signed with key 9, which is not known",
        ),
        (
            "expired",
            address_for(ANN, Purpose::ReturnPath, "news", day("2026-10-01")),
            "the return path expired: it was signed on 2026-10-01, more than 30 days before",
        ),
        (
            "not yet",
            address_for(ANN, Purpose::ReturnPath, "news", day("2026-11-25")),
            "the return path was signed on 2026-11-25, after the report arrived",
        ),
        (
            "another list",
            address_for(ANN, Purpose::ReturnPath, "offers", day(TODAY)),
            "the return path was made for another list",
        ),
        (
            "for unsubscribing",
            address_for(ANN, Purpose::Unsubscribe, "news", day(TODAY)),
            "the return path was made for unsubscribing only",
        ),
        (
            "somebody else's",
            address_for(BOB, Purpose::ReturnPath, "news", day(TODAY)),
            "the address it came to was made for somebody else than the report names",
        ),
    ] {
        // A ledger that knows the message changes nothing: somebody tried.
        let mut case = Case::new(Bounce::to(&path).raw());
        if what != "somebody else's" {
            case.ledger = ledger(ANN);
        }
        let finding = only(case.findings());
        assert_eq!(
            (finding.authenticity, finding.proof.as_str()),
            (Authenticity::None, why),
            "{what}"
        );
        assert_eq!(charged(&finding), Some(ANN), "{what}");
    }
}

#[test]
fn a_token_anywhere_else_is_nothing() {
    let path = address_for(ANN, Purpose::ReturnPath, "news", day(TODAY));
    let plain = Bounce::to("bounces@example.com");
    for (what, raw) in [
        ("the subject", plain.with_field(&format!("Subject: {path}"))),
        ("the author", plain.with_field(&format!("From: <{path}>"))),
        ("where answers go", plain.with_field(&format!("Reply-To: <{path}>"))),
        ("a field of its own", plain.with_field(&format!("X-Token: {path}"))),
        (
            "its own return path",
            plain.with_field(&format!("Return-Path: <{path}>")),
        ),
        ("its text", plain.saying(&path)),
        ("the message that came back", plain.returning_to(&path)),
    ] {
        assert_eq!(
            only(Case::new(raw).findings()).authenticity,
            Authenticity::Plausible,
            "{what}"
        );
    }
}

#[test]
fn a_token_charges_nobody_but_whom_it_was_made_for() {
    let path = address_for(ANN, Purpose::ReturnPath, "news", day(TODAY));
    // Ann forwards to Bob, whose server is what refuses.
    let forwarded = only(Case::new(Bounce::to(&path).about(&[BOB]).raw()).findings());
    assert_eq!(
        (forwarded.authenticity, charged(&forwarded)),
        (Authenticity::Signed, Some(ANN))
    );
    // Ann's own address proves nothing about Bob.
    let victim = only(Case::new(Bounce::to(&path).about(&[BOB]).sent_to(BOB).raw()).findings());
    assert_eq!((victim.authenticity, charged(&victim)), (Authenticity::None, Some(BOB)));
    // Nor about any of many.
    let many = Case::new(
        Bounce::to(&path)
            .about(&[BOB, ANN, "cat@example.net"])
            .sent_to(BOB)
            .raw(),
    )
    .findings();
    let read: Vec<_> = many
        .iter()
        .map(|finding| (charged(finding), finding.authenticity))
        .collect();
    assert_eq!(
        read,
        [
            (Some(BOB), Authenticity::None),
            (Some(ANN), Authenticity::Signed),
            (Some("cat@example.net"), Authenticity::None)
        ]
    );
}

#[test]
fn without_a_list_of_lists_a_token_may_be_for_any() {
    let mut case = Case::new(Bounce::to(&address_for(ANN, Purpose::ReturnPath, "offers", day(TODAY))).raw());
    case.settings.lists.clear();
    let finding = only(case.findings());
    assert_eq!((finding.authenticity, finding.list), (Authenticity::Signed, None));
    // What the message that came back calls its list is believed where the token agrees.
    let mut case = Case::new(Bounce::to(&address_for(ANN, Purpose::ReturnPath, "news.example.com", day(TODAY))).raw());
    case.settings.lists.clear();
    assert_eq!(only(case.findings()).list.as_deref(), Some("news.example.com"));
}

#[test]
fn a_return_path_that_lost_its_token_says_so_and_is_judged_by_the_rest() {
    let mut case = Case::new(Bounce::to("bounces@example.com").raw());
    case.settings.return_path = Some("bounces@example.com".to_owned());
    let finding = only(case.findings());
    assert_eq!(finding.authenticity, Authenticity::Plausible);
    assert!(
        finding.proof.ends_with("; the return path lost its token on the way"),
        "{}",
        finding.proof
    );
    case.settings.domains = vec!["example.edu".to_owned()];
    assert_eq!(only(case.findings()).proof, "the return path lost its token on the way");
}

fn ledger(address: &str) -> SentMessage {
    SentMessage::To(LedgerEntry {
        message_id: "1@example.com".parse().expect("an id"),
        address: address.parse().expect("an address"),
        list: Some("news".to_owned()),
        campaign: None,
        sent_at: Moment::from_millis((ARRIVED - 3_600) * 1000),
        expires_at: None,
    })
}

#[test]
fn the_ledger_proves_what_was_sent_to_one_contact_alone() {
    let raw = Bounce::to("bounces@example.com").about(&[BOB]).raw();
    for (what, answer, authenticity, address) in [
        ("Ann's", ledger("Ann@Example.org"), Authenticity::Ledger, ANN),
        ("a stranger's", ledger("cat@example.net"), Authenticity::None, ANN),
        ("many people's", SentMessage::Shared, Authenticity::Plausible, ANN),
        ("nobody's", SentMessage::Unknown, Authenticity::Plausible, ANN),
    ] {
        let mut case = Case::new(raw.clone());
        case.ledger = answer;
        let finding = only(case.findings());
        assert_eq!(
            (finding.authenticity, charged(&finding)),
            (authenticity, Some(address)),
            "{what}"
        );
        let proven = authenticity == Authenticity::Ledger;
        assert_eq!(finding.list.is_some(), proven, "{what}");
        assert!(
            !proven || finding.sent_at == Some(Moment::from_millis((ARRIVED - 3_600) * 1000)),
            "{what}"
        );
    }
}

#[test]
fn a_report_that_comes_too_late_is_stale() {
    let raw = Bounce::to(&address_for(ANN, Purpose::ReturnPath, "news", day("2026-11-10"))).raw();
    for (days, stale) in [(30, false), (12, false), (11, true)] {
        let mut case = Case::new(raw.clone());
        case.settings.report_days = days;
        let finding = only(case.findings());
        assert_eq!(
            (finding.authenticity, finding.stale),
            (Authenticity::Signed, stale),
            "{days} days"
        );
    }
    let mut case = Case::new(Bounce::to("bounces@example.com").raw());
    case.ledger = ledger(ANN);
    for (later, stale) in [(0, false), (29, false), (40, true)] {
        case.fetched_at = ARRIVED + later * 86_400;
        // Without a server's word on when it arrived, it is as old as its fetching says.
        case.raw = Bounce::to("bounces@example.com").not_received().raw();
        assert_eq!(only(case.findings()).stale, stale, "{later} days");
    }
}

#[test]
fn a_report_arrived_when_its_server_says_but_not_after_it_was_fetched() {
    let path = address_for(ANN, Purpose::ReturnPath, "news", day("2026-11-20"));
    let mut case = Case::new(Bounce::to(&path).raw());
    // A mailbox that is emptied years later.
    case.fetched_at = ARRIVED + 1_000 * 86_400;
    assert_eq!(only(case.findings()).authenticity, Authenticity::Signed);
    // A server whose clock is far ahead.
    case.fetched_at = ARRIVED - 1_000 * 86_400;
    assert_eq!(only(case.findings()).authenticity, Authenticity::None);
    // A file that no server received.
    let by_hand = Bounce::to(&path).not_received().raw();
    let by_hand = format!("Date: Sun, 22 Nov 2026 10:00:00 +0000\n{by_hand}");
    let mut case = Case::new(by_hand);
    case.fetched_at = ARRIVED + 1_000 * 86_400;
    assert_eq!(only(case.findings()).authenticity, Authenticity::Signed);
}

#[test]
fn what_looks_like_ours_is_plausible_and_no_more() {
    let plain = Bounce::to("bounces@example.com");
    let old = "Fri, 2 Oct 2026 09:00:00 +0000";
    for (what, raw, domains, authenticity, why) in [
        (
            "ours",
            plain.raw(),
            &["news.example.com"][..],
            Authenticity::Plausible,
            "the message that came back names example.com and was sent on 2026-11-22, which anybody could write",
        ),
        (
            "ours by where it came to",
            plain.raw(),
            &[],
            Authenticity::Plausible,
            "the message that came back names example.com and was sent on 2026-11-22, which anybody could write",
        ),
        (
            "somebody else's",
            plain.raw(),
            &["example.edu"],
            Authenticity::None,
            "the message that came back is from none of our domains",
        ),
        (
            "undated",
            plain.dated(None).raw(),
            &["example.com"],
            Authenticity::Plausible,
            "the message that came back names example.com, which anybody could write",
        ),
        (
            "old",
            plain.dated(Some(old)).raw(),
            &["example.com"],
            Authenticity::None,
            "the message that came back was sent on 2026-10-02, more than 30 days before",
        ),
        (
            "from tomorrow",
            plain.dated(Some("Wed, 25 Nov 2026 09:00:00 +0000")).raw(),
            &["example.com"],
            Authenticity::None,
            "the message that came back claims to be sent on 2026-11-25, after the report",
        ),
        (
            "nothing",
            plain.returning_nothing().raw(),
            &["example.com"],
            Authenticity::None,
            "nothing came back that names a sender",
        ),
    ] {
        let mut case = Case::new(raw);
        case.settings.domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        let finding = only(case.findings());
        assert_eq!(
            (finding.authenticity, finding.proof.as_str()),
            (authenticity, why),
            "{what}"
        );
    }
    assert!(only(Case::new(plain.dated(Some(old)).raw()).findings()).stale);
}

#[test]
fn a_complaint_is_signed_by_a_token_in_the_message_complained_about() {
    let path = address_for(ANN, Purpose::ReturnPath, "news", day(TODAY));
    let leave = address_for(ANN, Purpose::Unsubscribe, "news", day("2026-01-01"));
    let other = address_for(BOB, Purpose::Unsubscribe, "news", day(TODAY));
    let plain = "news@example.com";
    for (what, raw, authenticity) in [
        (
            "its return path",
            complaint("fbl@example.com", &path, plain),
            Authenticity::Signed,
        ),
        (
            "its unsubscribe address",
            complaint("fbl@example.com", plain, &leave),
            Authenticity::Signed,
        ),
        ("where it came to", complaint(&path, plain, plain), Authenticity::Signed),
        (
            "nothing",
            complaint("fbl@example.com", plain, plain),
            Authenticity::Plausible,
        ),
        (
            "somebody else's",
            complaint("fbl@example.com", plain, &other),
            Authenticity::None,
        ),
        (
            "damaged",
            complaint("fbl@example.com", plain, &leave.replace('@', "a@")),
            Authenticity::None,
        ),
    ] {
        let finding = only(Case::new(raw).findings());
        assert_eq!(finding.authenticity, authenticity, "{what}: {}", finding.proof);
        assert_eq!(charged(&finding), Some(ANN), "{what}");
    }
}

#[test]
fn a_request_is_believed_by_its_signed_address_alone() {
    let leave = address_for(ANN, Purpose::Unsubscribe, "news", day("2026-01-01"));
    let path = address_for(ANN, Purpose::ReturnPath, "news", day(TODAY));
    let expired = address_for(ANN, Purpose::Unsubscribe, "news", day("2025-01-01"));
    for (what, raw, authenticity, why) in [
        (
            "signed",
            letter(ANN, &leave),
            Authenticity::Signed,
            "unsubscribe address signed with key 1 for list news on 2026-01-01",
        ),
        (
            "from another address, naming the one that is subscribed in its subject",
            letter(BOB, &leave).replace("Subject: unsubscribe", "Subject: unsubscribe ann@example.org"),
            Authenticity::Signed,
            "unsubscribe address signed with key 1 for list news on 2026-01-01",
        ),
        (
            "the same in its text",
            letter(BOB, &leave).replace("\nunsubscribe\n", "\nunsubscribe\nI was ann@example.org, thanks\n"),
            Authenticity::Signed,
            "unsubscribe address signed with key 1 for list news on 2026-01-01",
        ),
        (
            "by somebody else",
            letter(BOB, &leave),
            Authenticity::None,
            "the address it came to was made for somebody else than the report names",
        ),
        (
            "to a return path",
            letter(ANN, &path),
            Authenticity::None,
            "the unsubscribe address was made for reports only",
        ),
        (
            "long ago",
            letter(ANN, &expired),
            Authenticity::None,
            "the unsubscribe address expired: it was signed on 2025-01-01, more than 400 days before",
        ),
        (
            "unsigned",
            letter(ANN, "unsubscribe@example.com"),
            Authenticity::None,
            "it came to no address that was signed for anybody",
        ),
    ] {
        let mut case = Case::new(raw);
        case.ledger = ledger(ANN);
        let finding = only(case.findings());
        assert_eq!(
            (finding.authenticity, finding.proof.as_str()),
            (authenticity, why),
            "{what}"
        );
    }
}

#[test]
fn without_keys_no_address_is_taken_for_signed_or_forged() {
    let mut case = Case::new(Bounce::to(&address_for(ANN, Purpose::ReturnPath, "news", day(TODAY))).raw());
    case.keys = rebound_verp::Keys::default();
    assert_eq!(only(case.findings()).authenticity, Authenticity::Plausible);
    assert_eq!(Settings::default().return_path_days, 30);
    assert!(!keys().is_empty());
}
