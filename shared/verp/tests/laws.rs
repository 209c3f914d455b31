//! What holds for every token: it survives what mail servers do to addresses, and nothing else.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)] // a test may panic, and so may what helps it

use proptest::prelude::*;
use rebound_verp::{Day, Key, Keys, Purpose, Reading, Refusal, TOKEN_CHARS, Token, Verified, contact_hints, unwrapped};

const SECRET: [u8; 32] = [7; 32];
/// The last as long as it may be.
const PREFIXES: [&str; 6] = ["bounces", "b", "news-bounces", "a.b", "bounces-", "sixteen-octets--"];

fn keys() -> Keys {
    let key = Key::new(3, SECRET, Day::from_days(20_000)).expect("a key");
    Keys::default().with(key).expect("one key")
}

fn token(purpose: Purpose, list: &str, contact: &str, day: u16) -> Token {
    keys()
        .sign(purpose, list, contact, Day::from_days(day))
        .expect("a token")
}

fn signed(address: &str) -> Verified {
    match keys().read(address) {
        Reading::Signed(verified) => verified,
        other => panic!("{address}: {other:?}"),
    }
}

/// Everything that mail servers are known to do to a local part.
fn transformations(local: &str, domain: &str) -> Vec<(String, String)> {
    let plus = |with: &str| format!("{}@{domain}", local.replacen('+', with, 1));
    let plain = format!("{local}@{domain}");
    let mut all = vec![("as it was", plain.clone())];
    all.push(("upper case", plain.to_uppercase()));
    all.push(("mixed case", mixed_case(&plain)));
    all.push(("angle brackets", format!(" <{plain}> ")));
    all.push(("final dot", format!("{plain}.")));
    all.push(("quotes", format!("\"{local}\"@{domain}")));
    all.push((
        "needless escapes",
        format!("\"{}\"@{domain}", local.replace('+', "\\+")),
    ));
    all.push(("no domain", local.to_owned()));
    for (name, with) in [
        ("percent coding", "%2B"),
        ("percent coding in lower case", "%2b"),
        ("quoted-printable", "=2B"),
        ("minus", "-"),
        ("underscore", "_"),
        ("equals sign", "="),
        ("dot", "."),
    ] {
        all.push((name, plus(with)));
    }
    let relay = "relay.example.net";
    for separator in ["=", "+", "-"] {
        all.push(("SRS0", format!("SRS0{separator}Hx7f=2B={domain}={local}@{relay}")));
        all.push((
            "SRS1",
            format!("srs1{separator}Ab1=first.example.net={separator}Hx7f=2B={domain}={local}@{relay}"),
        ));
    }
    all.push((
        "SRS0, coded",
        format!("SRS0=3DHx7f=3DTT=3D{domain}=3D{}@{relay}", local.replace('+', "=2B")),
    ));
    all.push(("BATV", format!("prvs=0123abcdef={local}@{domain}")));
    all.push((
        "BATV, coded",
        format!("prvs%3D0123abcdef%3D{}@{domain}", local.replace('+', "%2B")),
    ));
    all.push(("BATV with a slash", format!("prvs={local}/0123abcdef@{domain}")));
    all.push(("BATV of Barracuda", format!("btv1==012abc=={local}@{domain}")));
    all.push(("BATV of Momentum", format!("msprvs1=17aBc-De={local}@{domain}")));
    all.push((
        "BATV in SRS0",
        format!("SRS0=Hx7f=TT={domain}=prvs=0123abcdef={local}@{relay}"),
    ));
    all.push((
        "quotes around SRS0",
        format!("\"SRS0=Hx7f=TT={domain}={local}\"@{relay}"),
    ));
    all.into_iter()
        .map(|(name, address)| (name.to_owned(), address))
        .collect()
}

fn mixed_case(text: &str) -> String {
    let swap = |(index, c): (usize, char)| if index % 2 == 0 { c.to_ascii_uppercase() } else { c };
    text.chars().enumerate().map(swap).collect()
}

proptest! {
    #[test]
    fn what_was_signed_is_read_through_every_transformation(
        user in "[a-z0-9]{1,10}([.+_=-][a-z0-9]{1,8})?",
        list in "\\PC{1,20}",
        day in any::<u16>(),
        unsubscribe in any::<bool>(),
        prefix in 0..PREFIXES.len(),
    ) {
        let purpose = if unsubscribe { Purpose::Unsubscribe } else { Purpose::ReturnPath };
        let contact = format!("{user}@example.org");
        let token = token(purpose, &list, &contact, day);
        let address = token.address(PREFIXES[prefix], "lists.example.com").expect("an address");
        let (local, domain) = address.split_once('@').expect("an address");
        prop_assert!(local.len() <= 64);
        for (name, address) in transformations(local, domain) {
            let verified = signed(&address);
            prop_assert_eq!(verified.token(), token, "{}", name);
            prop_assert_eq!(verified.purpose(), purpose);
            prop_assert_eq!(verified.day(), Day::from_days(day));
            prop_assert!(verified.is_for_list(&list) && verified.is_for_contact(&contact.to_uppercase()));
            let others = (format!("{list}2"), format!("x{contact}"));
            prop_assert!(!verified.is_for_list(&others.0) && !verified.is_for_contact(&others.1));
        }
        prop_assert_eq!(contact_hints(&address), [""; 0]);
    }

    #[test]
    fn a_token_of_another_key_is_refused(secret in any::<[u8; 32]>(), id in any::<u8>()) {
        prop_assume!(secret != SECRET);
        let stranger = Keys::default().with(Key::new(id, secret, Day::from_days(20_000)).expect("a key")).expect("one key");
        let token = stranger.sign(Purpose::ReturnPath, "news", "ann@example.org", Day::from_days(20_000)).expect("a token");
        let reading = keys().read(&format!("bounces+{token}@example.com"));
        let expected = if id == 3 { Refusal::WrongSignature { id } } else { Refusal::UnknownKey { id } };
        prop_assert!(matches!(reading, Reading::Refused(refusal) if refusal == expected), "{reading:?}");
    }

    #[test]
    fn any_text_gives_a_reading(text in "\\PC{0,200}") {
        let _ = keys().read_expecting(&text, "bounces");
        let _ = contact_hints(&text);
    }

    #[test]
    fn text_made_of_what_addresses_are_wrapped_in_gives_a_reading(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "SRS0=", "srs1+", "prvs=", "btv1==", "msprvs1=", "0123abcdef", "=", "==", "/", "%2B", "=3D", "%", "\"", "\\",
                "<", ">", "@", "+", "é", ".", "example.com", "ceaq", "cfbq2222222222222222222222222222222222222222222222",
            ]),
            0..16,
        )
    ) {
        let text = parts.concat();
        prop_assert!(keys().read_expecting(&text, "bounces").signed().is_none());
        prop_assert!(unwrapped(&text).local.len() <= text.len());
        let _ = contact_hints(&text);
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let token = token(Purpose::ReturnPath, "news", "ann@example.org", 20_779).to_string();
    let mut refused = 0;
    for bit in 0..240 {
        let reading = keys().read(&format!("bounces+{}@example.com", flipped(&token, bit)));
        assert!(matches!(reading, Reading::Refused(_)), "bit {bit}: {reading:?}");
        refused += 1;
    }
    assert_eq!(refused, TOKEN_CHARS * 5);
}

/// Each character of base32 is five bits.
fn flipped(token: &str, bit: usize) -> String {
    const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz234567";
    let mut characters: Vec<char> = token.chars().collect();
    let value = ALPHABET.find(characters[bit / 5]).expect("base32") ^ (0x10 >> (bit % 5));
    characters[bit / 5] = ALPHABET.chars().nth(value).expect("five bits");
    characters.into_iter().collect()
}

#[test]
fn a_token_that_was_cut_off_or_damaged_is_refused() {
    let token = token(Purpose::ReturnPath, "news", "ann@example.org", 20_779).to_string();
    for length in 0..TOKEN_CHARS {
        let reading = keys().read(&format!("bounces+{}@example.com", &token[..length]));
        match reading {
            Reading::Refused(Refusal::Truncated) => assert!(length >= TOKEN_CHARS / 2),
            Reading::Absent => assert!(length < TOKEN_CHARS / 2),
            other => panic!("{length}: {other:?}"),
        }
    }
    for (local, refusal) in [
        (format!("bounces+{token}a"), Refusal::Garbled),
        (format!("bounces+{}1", &token[..47]), Refusal::Garbled),
        (format!("bounces#{token}"), Refusal::Garbled),
        (
            format!("bounces+d{}", &token[1..]),
            Refusal::UnknownVersion { first: 0x19 },
        ),
    ] {
        let reading = keys().read(&format!("{local}@example.com"));
        assert!(
            matches!(reading, Reading::Refused(found) if found == refusal),
            "{local}: {reading:?}"
        );
    }
}

#[test]
fn a_token_counts_only_where_it_ends_the_local_part() {
    let token = token(Purpose::ReturnPath, "news", "ann@example.org", 20_779);
    for address in [
        format!("bounces+{token}=x@example.com"),
        format!("bounces@{token}.example.com"),
        format!("ann@example.org?{token}"),
        format!("{token}+bounces@example.com"),
    ] {
        assert!(matches!(keys().read(&address), Reading::Absent), "{address}");
    }
}

#[test]
fn a_token_that_was_stripped_is_told_from_one_that_never_was() {
    let stripped = |address, prefix| matches!(keys().read_expecting(address, prefix), Reading::Stripped);
    for address in [
        "bounces@example.com",
        "<BOUNCES@example.com.>",
        "bounces+@example.com",
        "\"bounces\"@example.com",
        "SRS0=Hx7f=TT=example.com=bounces@relay.example.net",
        "prvs%3D0123abcdef%3Dbounces@example.com",
    ] {
        for prefix in ["bounces", "Bounces+", "bounces@example.com"] {
            assert!(stripped(address, prefix), "{address} for {prefix}");
        }
        assert!(matches!(keys().read(address), Reading::Absent));
    }
    for address in [
        "bounces2@example.com",
        "news@example.com",
        "bounces+12345@example.com",
        "@example.com",
        "",
    ] {
        assert!(!stripped(address, "bounces"), "{address}");
    }
    assert!(!stripped("bounces@example.net", "bounces@example.com"));
    assert!(!stripped("@example.com", ""));
}

#[test]
fn age_is_told_from_the_day_of_the_reader() {
    let token = token(Purpose::ReturnPath, "news", "ann@example.org", 20_779);
    let verified = signed(&format!("bounces+{token}@example.com"));
    for (today, age) in [
        (20_779, Some(0)),
        (20_778, Some(0)),
        (20_777, None),
        (20_786, Some(7)),
        (u16::MAX, Some(44_756)),
        (0, None),
    ] {
        let today = Day::from_days(today);
        assert_eq!(verified.age(today), age, "{today}");
        assert_eq!(
            verified.is_current(today, 7),
            age.is_some_and(|age| age <= 7),
            "{today}"
        );
    }
}

#[test]
fn a_retired_key_still_verifies() {
    let token = token(Purpose::ReturnPath, "news", "ann@example.org", 20_779);
    let retired = keys().retire(3, Day::from_days(20_800)).expect("the key");
    let reading = retired.read(&format!("bounces+{token}@example.com"));
    assert!(reading.signed().is_some(), "{reading:?}");
}

#[test]
fn an_address_that_can_not_be_written_is_refused() {
    let token = token(Purpose::ReturnPath, "news", "ann@example.org", 20_779);
    for (prefix, domain, written) in [
        ("bounces", "Example.COM", format!("bounces+{token}@example.com")),
        ("bounces-", "example.com", format!("bounces-{token}@example.com")),
        ("", "b.example.com", format!("{token}@b.example.com")),
        ("b", "bücher.example", format!("b+{token}@xn--bcher-kva.example")),
    ] {
        assert_eq!(token.address(prefix, domain), Ok(written));
    }
    for (prefix, domain, said) in [
        (
            "bounces-of-the-news",
            "example.com",
            "at most 64 octets and this one would have 68",
        ),
        ("sixteen-octets--", "example.com", ""),
        ("a b", "example.com", "\"a b\" can't stand before a token"),
        ("a@b", "example.com", "can't stand before a token"),
        (".a", "example.com", "can't stand before a token"),
        ("é", "example.com", "can't stand before a token"),
        ("bounces", "", "\"\" is no domain"),
        ("bounces", "ex ample.com", "is no domain"),
        ("bounces", "a_b.example.com", "is no domain"),
    ] {
        match token.address(prefix, domain) {
            Ok(address) => assert!(said.is_empty() && address.len() == 64 + 1 + domain.len(), "{address}"),
            Err(error) => assert!(!said.is_empty() && error.to_string().contains(said), "{error}"),
        }
    }
    let long = format!("{}.com", ["a".repeat(60).as_str(); 4].join("."));
    assert!(
        token
            .address("bounces", &long)
            .is_err_and(|error| error.to_string().contains("at most 254 octets"))
    );
}

#[test]
fn nothing_is_signed_for_nobody() {
    let sign = |list, contact| {
        keys()
            .sign(Purpose::ReturnPath, list, contact, Day::from_days(1))
            .expect_err("an error")
            .to_string()
    };
    assert!(sign("", "ann@example.org").contains("name it"));
    assert!(sign("news", "ann").contains("\"ann\" is no address"));
}
