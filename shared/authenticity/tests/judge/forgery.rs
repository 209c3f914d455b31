//! Laws: whatever somebody writes who has no key of ours, nobody else is charged for it as if we had proof.

use proptest::prelude::*;
use rebound_contacts::{Authenticity, Finding};
use rebound_verp::{Keys, Purpose};

use crate::support::{Bounce, Case, TODAY, address_for, complaint, day, letter};

const VICTIM: &str = "ann@example.org";
const FORGER: &str = "bob@example.net";

/// Bits of a token: 48 characters of 5.
const TOKEN_BITS: usize = 240;
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

fn purpose() -> impl Strategy<Value = Purpose> {
    prop::sample::select(vec![Purpose::ReturnPath, Purpose::Unsubscribe])
}

/// An address with something like a token, made without our key.
fn forged() -> impl Strategy<Value = String> {
    let made_up = "[a-z2-7]{0,60}".prop_map(|token| format!("bounces+{token}@example.com"));
    let in_form =
        ("c[eqiu]aq[a-z2-7]{44}", "[+=_.-]").prop_map(|(token, mark)| format!("bounces{mark}{token}@example.com"));
    let flipped = (purpose(), 0..TOKEN_BITS).prop_map(|(purpose, bit)| {
        let address = address_for(VICTIM, purpose, "news", day(TODAY));
        let start = address.find('+').expect("a token") + 1;
        let mut octets = address.into_bytes();
        let letter = octets.get_mut(start + bit / 5).expect("a letter of the token");
        let value = BASE32.iter().position(|known| known == letter).expect("base32") ^ (1 << (bit % 5));
        *letter = *BASE32.get(value).expect("base32");
        String::from_utf8(octets).expect("ASCII")
    });
    let cut = (purpose(), 1_usize..48).prop_map(|(purpose, by)| {
        let address = address_for(VICTIM, purpose, "news", day(TODAY));
        let (head, domain) = address.split_once('@').expect("an address");
        format!("{}@{domain}", head.get(..head.len() - by).expect("ASCII"))
    });
    let other_key = (purpose(), any::<[u8; 32]>()).prop_map(|(purpose, secret)| {
        let key = rebound_verp::Key::new(1, secret, day("2024-01-01")).expect("a key");
        let keys = Keys::default().with(key).expect("keys");
        let token = keys.sign(purpose, "news", VICTIM, day(TODAY)).expect("a token");
        token.address("bounces", "example.com").expect("an address")
    });
    prop_oneof![made_up, in_form, flipped, cut, other_key]
}

/// The address as servers on the way may have changed it.
fn changed(address: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (address, 0..6).prop_map(|(address, how)| match how {
        0 => address.to_uppercase(),
        1 => format!("prvs=0123456789={address}"),
        2 => format!(
            "SRS0=abcd=xy=example.com={}@relay.example.net",
            address.replace("@example.com", "")
        ),
        3 => address.replace('+', "=2B"),
        _ => address,
    })
}

/// The messages that somebody may write to `address`, naming whom he likes.
fn messages(address: &str, named: &str) -> Vec<String> {
    let bounce = Bounce::to(address).about(&[named, VICTIM]).sent_to(named);
    vec![
        bounce.raw(),
        bounce.with_field(&format!("Delivered-To: {address}")),
        Bounce::to("bounces@example.com").returning_to(address),
        complaint("fbl@example.com", address, "leave@example.com"),
        complaint("fbl@example.com", "bounces@example.com", address),
        complaint(address, "bounces@example.com", "leave@example.com"),
        letter(named, address),
    ]
}

fn findings(raw: String) -> Vec<Finding> {
    let findings = Case::new(raw).findings();
    assert!(!findings.is_empty(), "the message says nothing about anybody");
    findings
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_a_key_nothing_is_signed(address in changed(forged()), named in prop::sample::select(vec![VICTIM, FORGER])) {
        for raw in messages(&address, named) {
            for finding in findings(raw) {
                prop_assert!(!finding.authenticity.is_proof(), "{} by {}: {}", finding.authenticity, address, finding.proof);
            }
        }
    }

    #[test]
    fn somebodys_own_token_charges_nobody_else(
        purpose in purpose(),
        days in 0_u16..400,
        named in prop::sample::select(vec![VICTIM, FORGER]),
    ) {
        let signed_on = rebound_verp::Day::from_days(day(TODAY).days() - days);
        let address = address_for(FORGER, purpose, "news", signed_on);
        for raw in messages(&address, named) {
            for finding in findings(raw) {
                let charged = finding.address.as_ref().map(rebound_classify::Address::as_str);
                prop_assert!(
                    finding.authenticity != Authenticity::Signed || charged == Some(FORGER),
                    "{:?} is charged: {}", charged, finding.proof
                );
            }
        }
    }

    #[test]
    fn however_a_message_is_taken_apart_the_victim_is_not_charged_with_proof(
        purpose in purpose(),
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec(edit(), 1..12),
    ) {
        let own = address_for(FORGER, purpose, "news", day(TODAY));
        let messages = messages(&own, VICTIM);
        let mut lines: Vec<String> = which.get(&messages).split_inclusive('\n').map(str::to_owned).collect();
        for edit in &edits {
            edit.apply(&mut lines);
        }
        for finding in Case::new(lines.concat()).findings() {
            let charged = finding.address.as_ref().map(rebound_classify::Address::as_str);
            prop_assert!(
                !finding.authenticity.is_proof() || charged == Some(FORGER),
                "{:?} is charged: {}", charged, finding.proof
            );
        }
    }
}

/// What somebody may do to a line of a message.
#[derive(Clone, Debug)]
enum Edit {
    Drop(prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index),
    Add(String, prop::sample::Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = any::<prop::sample::Index>;
    let names = [
        "To",
        "Delivered-To",
        "X-Original-To",
        "Envelope-To",
        "Subject",
        "X-Failed-Recipients",
    ];
    let field = prop::sample::select(names.to_vec()).prop_map(|name| format!("{name}: {VICTIM}\n"));
    prop_oneof![
        place().prop_map(Edit::Drop),
        (place(), place()).prop_map(|(from, to)| Edit::Repeat(from, to)),
        (field, place()).prop_map(|(field, to)| Edit::Add(field, to)),
    ]
}

impl Edit {
    fn apply(&self, lines: &mut Vec<String>) {
        match self {
            Self::Drop(line) => drop(lines.remove(line.index(lines.len()))),
            Self::Repeat(from, to) => {
                let line = from.get(lines).clone();
                lines.insert(to.index(lines.len()), line);
            }
            Self::Add(line, to) => lines.insert(to.index(lines.len()), line.clone()),
        }
    }
}
