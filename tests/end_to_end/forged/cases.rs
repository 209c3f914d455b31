//! Every kind of forgery, and what it is an imitation of.

use super::messages::{Bounce, Mail, complaint, letter};

/// Somebody who is a subscriber like the others, and has mail of ours.
pub(super) const FORGER: &str = "forger@example.net";

/// What there is to write a message with: addresses of one contact, as we signed them, and what a forger has.
pub(super) struct Means {
    pub(super) contact: String,
    pub(super) path: String,
    /// The same, signed with a key that was retired since.
    pub(super) path_of_retired_key: String,
    pub(super) leave: String,
    pub(super) path_of_other_list: String,
    pub(super) leave_other_list: String,
    pub(super) expired_path: String,
    pub(super) path_of_later: String,
    pub(super) expired_leave: String,
    /// Made with keys of the forger's: one that has the number of ours, and one whose number we do not have.
    pub(super) made_up_path: String,
    pub(super) made_up_leave: String,
    pub(super) path_of_unknown_key: String,
    /// The forger's own.
    pub(super) forgers_path: String,
    pub(super) forgers_leave: String,
    /// The domain that the forger takes for ours.
    pub(super) guessed: &'static str,
}

/// What has to come of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// It is what it says, and this shows it.
    Genuine(&'static str, &'static str),
    /// It is genuine, and too old.
    Stale(&'static str, &'static str),
    /// Something in it speaks against it.
    Refused(&'static str),
    /// Nothing in it proves anything; all that may speak for it is that it looks like ours.
    Unproven(&'static str),
    /// It looks like ours, whoever wrote it.
    Plausible(&'static str),
}

/// What a message would have done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    Failure,
    Complaint,
    Leaving,
}

pub(super) struct Case {
    pub(super) name: String,
    pub(super) claim: Claim,
    pub(super) write: Box<dyn Fn(&Means) -> String>,
    pub(super) expected: Expected,
}

/// The table.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = tokens();
    cases.extend(gateways());
    cases.extend(wrong_places());
    cases.extend(complaints());
    cases.extend(letters());
    cases.extend(returned_signatures());
    cases.extend(ledgers());
    cases.extend(ages());
    cases
}

fn case(claim: Claim, name: impl Into<String>, write: impl Fn(&Means) -> String + 'static, expected: Expected) -> Case {
    Case {
        name: name.into(),
        claim,
        write: Box::new(write),
        expected,
    }
}

fn failure(name: impl Into<String>, write: impl Fn(&Means) -> Bounce + 'static, expected: Expected) -> Case {
    case(Claim::Failure, name, move |means| write(means).raw(), expected)
}

/// A failure that is genuine in all but the address that it came to.
fn sent_to(name: &str, address: impl Fn(&Means) -> String + 'static, expected: Expected) -> Case {
    failure(name, move |means| Bounce::to(&address(means), &means.contact), expected)
}

const SIGNED: Expected = Expected::Genuine("signed", "return path signed with key 2 for list news on 2026-03-09");
const WRONG: Expected = Expected::Refused("signature is wrong");

/// The address with its token changed in one bit, which keeps it a token in form.
pub(super) fn flipped(address: &str, bit: usize) -> String {
    const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let start = address.find('+').expect("a token") + 1;
    let mut octets = address.as_bytes().to_vec();
    let letter = &mut octets[start + bit / 5];
    let value = BASE32.iter().position(|known| known == letter).expect("base32") ^ (16 >> (bit % 5));
    *letter = BASE32[value];
    String::from_utf8(octets).expect("ASCII")
}

/// The address without the last characters of its token.
fn cut(address: &str, by: usize) -> String {
    let (local, domain) = address.split_once('@').expect("an address");
    format!("{}@{domain}", local.get(..local.len() - by).expect("a token"))
}

fn tokens() -> Vec<Case> {
    vec![
        sent_to("genuine", |means| means.path.clone(), SIGNED),
        sent_to(
            "retired-key",
            |means| means.path_of_retired_key.clone(),
            Expected::Genuine("signed", "return path signed with key 1 for list news"),
        ),
        sent_to(
            "unknown-key",
            |means| means.path_of_unknown_key.clone(),
            Expected::Refused("key 3, which is not known"),
        ),
        sent_to("forgers-key", |means| means.made_up_path.clone(), WRONG),
        failure(
            "forgers-own-domain",
            |means| {
                let path = means.made_up_path.replace("@example.com", "@example.edu");
                let mail = Mail::ours(&means.contact, "example.edu").signed_by("example.edu", 2);
                Bounce::to(&path, &means.contact).returning(mail)
            },
            WRONG,
        ),
        sent_to(
            "other-list",
            |means| means.path_of_other_list.clone(),
            Expected::Refused("made for another list"),
        ),
        sent_to(
            "other-contact",
            |means| means.forgers_path.clone(),
            Expected::Refused("made for somebody else"),
        ),
        sent_to(
            "other-contact-beside",
            |means| format!("<{}>, <{}>", means.forgers_path, flipped(&means.path, 100)),
            Expected::Refused("made for somebody else"),
        ),
        sent_to(
            "unsubscribe-token",
            |means| means.leave.clone(),
            Expected::Refused("made for unsubscribing only"),
        ),
        sent_to("cut-1", |means| cut(&means.path, 1), Expected::Refused("cut off")),
        sent_to("cut-24", |means| cut(&means.path, 24), Expected::Refused("cut off")),
        sent_to(
            "longer",
            |means| means.path.replace('@', "a@"),
            Expected::Refused("can't be read"),
        ),
        sent_to(
            "lost",
            |_| "bounces@example.com".to_owned(),
            Expected::Plausible("lost its token on the way"),
        ),
        sent_to(
            "lost-but-plus",
            |_| "bounces+@example.com".to_owned(),
            Expected::Plausible("lost its token on the way"),
        ),
        sent_to(
            "guessed-verp",
            |means| format!("bounces+{}@example.com", means.contact.replace('@', "=")),
            Expected::Plausible("which anybody could write"),
        ),
    ]
}

/// What a gateway makes of an address.
type Way = Box<dyn Fn(&str) -> String>;

/// What gateways do to addresses, done to a token of ours and to one that was made up.
fn gateways() -> Vec<Case> {
    let relayed = |scheme: &str, address: &str| {
        let local = address.replace("@example.com", "");
        format!("{scheme}=example.com={local}@relay.example.net")
    };
    let ways: Vec<(&str, Way)> = vec![
        ("upper-case", Box::new(str::to_uppercase)),
        (
            "quoted",
            Box::new(|address| format!("\"{}", address.replace('@', "\"@"))),
        ),
        ("bracketed", Box::new(|address| format!("Bounces <{address}>"))),
        ("percent-coded", Box::new(|address| address.replace('+', "%2B"))),
        ("coded", Box::new(|address| address.replace('+', "=2B"))),
        ("dash", Box::new(|address| address.replace('+', "-"))),
        ("underscore", Box::new(|address| address.replace('+', "_"))),
        ("dot", Box::new(|address| address.replace('+', "."))),
        ("equals-sign", Box::new(|address| address.replace('+', "="))),
        ("srs0", Box::new(move |address| relayed("SRS0=Hx7f=TT", address))),
        (
            "srs1",
            Box::new(move |address| relayed("SRS1=ab3d=other.example.net==Hx7f=TT", address)),
        ),
        ("prvs", Box::new(|address| format!("prvs=0123456789={address}"))),
        (
            "prvs-behind",
            Box::new(|address| format!("prvs={}", address.replace('@', "/0123456789@"))),
        ),
        ("btv1", Box::new(|address| format!("btv1==123abc=={address}"))),
        ("msprvs1", Box::new(|address| format!("msprvs1=123abc={address}"))),
        (
            "prvs-in-srs0",
            Box::new(move |address| relayed("SRS0=Hx7f=TT", &format!("prvs=0123456789={address}"))),
        ),
    ];
    let mut cases = Vec::new();
    for (name, way) in ways {
        let way = std::rc::Rc::new(way);
        let same = std::rc::Rc::clone(&way);
        cases.push(sent_to(name, move |means| way(&means.path), SIGNED));
        cases.push(sent_to(
            &format!("{name}-made-up"),
            move |means| same(&flipped(&means.path, 239)),
            WRONG,
        ));
    }
    // Where servers write down to whom they delivered.
    for field in ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"] {
        let delivered =
            move |means: &Means, path: &str| Bounce::to("undisclosed-recipients:;", &means.contact).with(field, path);
        let name = field.to_lowercase();
        cases.push(failure(
            name.clone(),
            move |means| delivered(means, &means.path),
            SIGNED,
        ));
        cases.push(failure(
            format!("{name}-made-up"),
            move |means| delivered(means, &flipped(&means.path, 0)),
            Expected::Refused("can't be read"),
        ));
    }
    cases
}

/// A token of this very contact, got hold of by somebody and put where he can write what he likes.
fn wrong_places() -> Vec<Case> {
    let plain = |means: &Means| {
        Bounce::to("returns@example.com", &means.contact).returning(Mail::ours(&means.contact, means.guessed))
    };
    let mut cases: Vec<Case> = [
        "Subject",
        "From",
        "Reply-To",
        "Sender",
        "Cc",
        "X-Token",
        "Return-Path",
        "Message-ID",
    ]
    .into_iter()
    .map(|field| {
        let write = move |means: &Means| plain(means).with(field, &format!("<{}>", means.path));
        failure(
            format!("token-in-{}", field.to_lowercase()),
            write,
            Expected::Unproven(""),
        )
    })
    .collect();
    cases.push(failure(
        "token-in-text",
        move |means| plain(means).saying(&means.path),
        Expected::Unproven(""),
    ));
    cases.push(failure(
        "token-in-received",
        move |means| {
            let received = format!(
                "from mx.example.net (mx.example.net [192.0.2.1]) by in.example.com with ESMTP id 1 for <{}>; \
                 Tue, 10 Mar 2026 10:00:00 +0000",
                means.path
            );
            plain(means).with("Received", &received)
        },
        Expected::Unproven(""),
    ));
    for field in ["To", "Return-Path", "List-Unsubscribe", "Delivered-To"] {
        let write = move |means: &Means| {
            let token = means.path.replace("example.com", means.guessed);
            let value = match field {
                // Alone it would be whom the report is about.
                "To" => format!("{}, <{token}>", means.contact),
                _ => format!("<{token}>"),
            };
            plain(means).returning(Mail::ours(&means.contact, means.guessed).with(field, &value))
        };
        let name = format!("token-in-returned-{}", field.to_lowercase());
        cases.push(failure(name, write, Expected::Unproven("")));
    }
    cases
}

fn complaints() -> Vec<Case> {
    let about = |name: &str, write: fn(&Means) -> (String, Mail), expected: Expected| {
        let write = move |means: &Means| {
            let (address, returned) = write(means);
            complaint(&address, &means.contact, &returned)
        };
        case(Claim::Complaint, name, write, expected)
    };
    vec![
        about(
            "complaint-unsubscribe-address",
            |means| {
                let link = format!("<https://example.com/leave>, <mailto:{}?subject=leave>", means.leave);
                (
                    "fbl@example.com".to_owned(),
                    Mail::ours(&means.contact, "example.com").with("List-Unsubscribe", &link),
                )
            },
            Expected::Genuine("signed", "unsubscribe address signed with key 2 for list news"),
        ),
        about(
            "complaint-return-path",
            |means| {
                let path = format!("<{}>", means.path);
                (
                    "fbl@example.com".to_owned(),
                    Mail::ours(&means.contact, "example.com").with("Return-Path", &path),
                )
            },
            SIGNED,
        ),
        about(
            "complaint-to-return-path",
            |means| (means.path.clone(), Mail::ours(&means.contact, "example.com")),
            SIGNED,
        ),
        about(
            "complaint-dkim",
            |means| {
                let mail = Mail::ours(&means.contact, "example.com").signed_by("example.com", 1);
                ("fbl@example.com".to_owned(), mail)
            },
            Expected::Genuine("dkim", "is signed by example.com and names this contact (to)"),
        ),
        about(
            "complaint-forged",
            |means| ("fbl@example.com".to_owned(), Mail::ours(&means.contact, "example.com")),
            Expected::Plausible("which anybody could write"),
        ),
        about(
            "complaint-of-another-domain",
            |means| ("fbl@example.com".to_owned(), Mail::ours(&means.contact, "example.edu")),
            Expected::Unproven("from none of our domains"),
        ),
        about(
            "complaint-made-up-token",
            |means| {
                let link = format!("<mailto:{}>", means.made_up_leave);
                (
                    "fbl@example.com".to_owned(),
                    Mail::ours(&means.contact, "example.com").with("List-Unsubscribe", &link),
                )
            },
            WRONG,
        ),
        about(
            "complaint-other-contact",
            |means| {
                let link = format!("<mailto:{}>", means.forgers_leave);
                (
                    "fbl@example.com".to_owned(),
                    Mail::ours(&means.contact, "example.com").with("List-Unsubscribe", &link),
                )
            },
            Expected::Refused("made for somebody else"),
        ),
    ]
}

fn letters() -> Vec<Case> {
    let leaving =
        |name: &str, write: fn(&Means) -> String, expected: Expected| case(Claim::Leaving, name, write, expected);
    vec![
        leaving(
            "leave",
            |means| letter(&means.contact, &means.leave, "unsubscribe"),
            Expected::Genuine("signed", "unsubscribe address signed with key 2 for list news"),
        ),
        leaving(
            "leave-upper-case",
            |means| letter(&means.contact, &means.leave.to_uppercase(), "unsubscribe"),
            Expected::Genuine("signed", "unsubscribe address signed with key 2"),
        ),
        leaving(
            "leave-from-elsewhere",
            |means| {
                letter(
                    "me@example.net",
                    &means.leave,
                    &format!("unsubscribe {}", means.contact),
                )
            },
            Expected::Genuine("signed", "unsubscribe address signed with key 2"),
        ),
        leaving(
            "leave-by-from-alone",
            |means| letter(&means.contact, "unsubscribe@example.com", "unsubscribe"),
            Expected::Unproven("no address that was signed for anybody"),
        ),
        leaving(
            "leave-with-forgers-token",
            |means| letter(&means.contact, &means.forgers_leave, "unsubscribe"),
            Expected::Refused("made for somebody else"),
        ),
        leaving(
            "leave-with-return-path",
            |means| letter(&means.contact, &means.path, "unsubscribe"),
            Expected::Refused("made for reports only"),
        ),
        leaving(
            "leave-with-made-up-token",
            |means| letter(&means.contact, &means.made_up_leave, "unsubscribe"),
            WRONG,
        ),
        leaving(
            "leave-flipped-upper-case",
            |means| letter(&means.contact, &flipped(&means.leave, 90).to_uppercase(), "unsubscribe"),
            WRONG,
        ),
        leaving(
            "leave-other-list",
            |means| letter(&means.contact, &means.leave_other_list, "unsubscribe"),
            Expected::Refused("made for another list"),
        ),
        leaving(
            "leave-expired",
            |means| letter(&means.contact, &means.expired_leave, "unsubscribe"),
            Expected::Refused("expired"),
        ),
        leaving(
            "leave-token-in-subject",
            |means| {
                letter(
                    &means.contact,
                    "unsubscribe@example.com",
                    &format!("unsubscribe {}", means.leave),
                )
            },
            Expected::Unproven("no address that was signed for anybody"),
        ),
    ]
}

/// DKIM of what came back; key 1 is ours, key 2 is that of `example.edu`.
fn returned_signatures() -> Vec<Case> {
    let returning = |name: &str, mail: fn(&Means) -> Mail, expected: Expected| {
        failure(
            name,
            move |means| Bounce::to("returns@example.com", &means.contact).returning(mail(means)),
            expected,
        )
    };
    let signed = Expected::Genuine(
        "dkim",
        "signed by example.com and names this contact (to) on 2026-03-09",
    );
    vec![
        returning(
            "dkim",
            |means| Mail::ours(&means.contact, "example.com").signed_by("example.com", 1),
            signed,
        ),
        returning(
            "dkim-header-only",
            |means| {
                Mail::ours(&means.contact, "example.com")
                    .signed_by("example.com", 1)
                    .header_only()
            },
            signed,
        ),
        returning(
            "dkim-to-changed",
            |means| {
                Mail::ours(FORGER, "example.com")
                    .signed_by("example.com", 1)
                    .with("To", &means.contact)
            },
            Expected::Plausible("which anybody could write"),
        ),
        returning(
            "dkim-second-to",
            |means| {
                Mail::ours(FORGER, "example.com")
                    .signed_by("example.com", 1)
                    .above("To", &means.contact)
            },
            Expected::Plausible("which anybody could write"),
        ),
        returning(
            "dkim-forgers-domain",
            |means| Mail::ours(&means.contact, "example.edu").signed_by("example.edu", 2),
            Expected::Unproven("from none of our domains"),
        ),
        returning(
            "dkim-forgers-domain-our-author",
            |means| Mail::ours(&means.contact, "example.com").signed_by("example.edu", 2),
            Expected::Plausible("which anybody could write"),
        ),
        returning(
            "dkim-forgers-key",
            |means| Mail::ours(&means.contact, "example.com").signed_by("example.com", 2),
            Expected::Plausible("which anybody could write"),
        ),
        returning(
            "dkim-none",
            |means| Mail::ours(&means.contact, "example.com"),
            Expected::Plausible("which anybody could write"),
        ),
    ]
}

/// What the sent ledger knows is in [`noted`].
fn ledgers() -> Vec<Case> {
    let naming = |name: &'static str, expected: Expected| {
        let write = move |means: &Means| {
            let id = format!("<{}>", message_id(name, &means.contact));
            let mail = Mail::ours(&means.contact, "example.com").with("Message-ID", &id);
            Bounce::to("returns@example.com", &means.contact).returning(mail)
        };
        failure(name, write, expected)
    };
    vec![
        naming(
            "ledger",
            Expected::Genuine("ledger", "sent to this contact alone on 2026-03-09"),
        ),
        naming("ledger-unknown", Expected::Plausible("which anybody could write")),
        naming("ledger-shared", Expected::Plausible("which anybody could write")),
        naming("ledger-of-somebody-else", Expected::Refused("sent to somebody else")),
        naming(
            "ledger-stale",
            Expected::Stale("ledger", "sent to this contact alone on 2026-01-05"),
        ),
    ]
}

/// The Message-ID of the mail that a case about the ledger is about.
fn message_id(case: &str, contact: &str) -> String {
    format!("{case}.{}@example.com", contact.replace('@', "."))
}

/// What the ledger knows for a contact of this case: Message-ID, recipient, time.
pub(super) fn noted(case: &str, contact: &str) -> Vec<[String; 3]> {
    let id = message_id(case, contact);
    let row = |address: &str, at: &str| [id.clone(), address.to_owned(), at.to_owned()];
    let at = "2026-03-09T08:00:00Z";
    match case {
        "ledger" => vec![row(contact, at)],
        "ledger-shared" => vec![row(contact, at), row(FORGER, at)],
        "ledger-of-somebody-else" => vec![row(FORGER, at)],
        "ledger-stale" => vec![row(contact, "2026-01-05T08:00:00Z")],
        _ => Vec::new(),
    }
}

fn ages() -> Vec<Case> {
    vec![
        sent_to(
            "expired",
            |means| means.expired_path.clone(),
            Expected::Refused("expired: it was signed on 2026-01-05"),
        ),
        sent_to(
            "from-the-future",
            |means| means.path_of_later.clone(),
            Expected::Refused("after the report arrived"),
        ),
        failure(
            "dkim-stale",
            |means| {
                let mail = Mail::ours(&means.contact, "example.com").with("Date", "Mon, 5 Jan 2026 08:00:00 +0000");
                Bounce::to("returns@example.com", &means.contact).returning(mail.signed_by("example.com", 1))
            },
            Expected::Stale("dkim", "signed by example.com"),
        ),
        failure(
            "stale",
            |means| {
                let mail = Mail::ours(&means.contact, "example.com").with("Date", "Mon, 5 Jan 2026 08:00:00 +0000");
                Bounce::to("returns@example.com", &means.contact).returning(mail)
            },
            Expected::Stale("none", "more than 30 days before"),
        ),
        failure(
            "ahead",
            |means| {
                let mail = Mail::ours(&means.contact, "example.com").with("Date", "Mon, 16 Mar 2026 08:00:00 +0000");
                Bounce::to("returns@example.com", &means.contact).returning(mail)
            },
            Expected::Unproven("after the report"),
        ),
    ]
}
