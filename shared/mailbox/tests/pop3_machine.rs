//! The POP3 protocol as readable transcripts, cut into pieces in every way.

// A test may panic, and so may what helps it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

use std::num::NonZeroU32;

use proptest::collection::vec;
use proptest::prelude::*;
use rebound_mailbox::pop3::{Command, Event, MAX_LISTED, Machine, Violation};
use rebound_mailbox::server::Secret;

/// The longest message of the transcripts.
const MAX_MESSAGE_BYTES: u64 = 40;

/// Plays a transcript, with what the server says cut into pieces by `cut`, and gives all events in order, the last line
/// being the violation if there is one.
///
/// `C: ` is a command, `S: ` a line of the server's, `s: ` the same without its line end; `\r`, `\n` are spelled out.
fn play(transcript: &str, cut: &mut dyn FnMut(&[u8]) -> Vec<Vec<u8>>) -> Vec<String> {
    let mut machine = Machine::new(MAX_MESSAGE_BYTES);
    let mut heard = Vec::new();
    let mut said: Vec<u8> = Vec::new();
    for line in transcript.lines().map(str::trim_start) {
        let unescaped = |line: &str| line.replace("\\r", "\r").replace("\\n", "\n");
        if let Some(line) = line.strip_prefix("S: ").or((line == "S:").then_some("")) {
            said.extend_from_slice(unescaped(line).as_bytes());
            said.extend_from_slice(b"\r\n");
        } else if let Some(line) = line.strip_prefix("s: ") {
            said.extend_from_slice(unescaped(line).as_bytes());
        } else if let Some(line) = line.strip_prefix("C: ") {
            listen(&mut machine, &cut(&said), &mut heard);
            said.clear();
            say(&mut machine, line);
        }
    }
    listen(&mut machine, &cut(&said), &mut heard);
    heard
}

fn say(machine: &mut Machine, line: &str) {
    let words: Vec<_> = line.split(' ').collect();
    let number = || NonZeroU32::new(words[1].parse().unwrap()).unwrap();
    let rest = words.get(1..).unwrap_or_default().join(" ");
    let secret = Secret::new(rest.clone());
    let answer = Secret::new(line);
    let initial = words.get(2).map(|initial| Secret::new(*initial));
    let command = match words[0] {
        "CAPA" => Command::Capa,
        "STLS" => Command::Stls,
        "USER" => Command::User(&rest),
        "PASS" => Command::Pass(&secret),
        "AUTH" => Command::Auth {
            mechanism: if words[1] == "PLAIN" { "PLAIN" } else { "XOAUTH2" },
            initial: initial.as_ref(),
        },
        "STAT" => Command::Stat,
        "UIDL" => Command::Uidl,
        "LIST" if words.len() == 2 => Command::ListOne(number()),
        "LIST" => Command::List,
        "RETR" => Command::Retr {
            number: number(),
            announced: 10,
        },
        "TOP" => Command::Top {
            number: number(),
            lines: words[2].parse().unwrap(),
            announced: u64::MAX,
        },
        "DELE" => Command::Dele(number()),
        "RSET" => Command::Rset,
        "NOOP" => Command::Noop,
        "QUIT" => Command::Quit,
        _ => Command::Answer(&answer),
    };
    let mut out = Vec::new();
    machine.send(command, &mut out).unwrap();
    assert_eq!(out, format!("{line}\r\n").as_bytes());
}

fn listen(machine: &mut Machine, pieces: &[Vec<u8>], heard: &mut Vec<String>) {
    for piece in pieces {
        let mut piece = &piece[..];
        loop {
            match machine.receive(&mut piece) {
                Ok(Some(event)) => heard.push(told(&event)),
                Ok(None) => {
                    assert!(piece.is_empty(), "it stopped before the end");
                    break;
                }
                Err(violation) => {
                    assert_eq!(
                        machine.receive(&mut &b"+OK\r\n"[..]),
                        Err(violation.clone()),
                        "it goes on"
                    );
                    let violation = format!("! {violation}");
                    if heard.last() != Some(&violation) {
                        heard.push(violation);
                    }
                    break;
                }
            }
        }
    }
}

fn told(event: &Event) -> String {
    match event {
        Event::Message(bytes) => format!("Message {}", bytes.escape_ascii()),
        Event::Challenge(bytes) => format!("Challenge {}", bytes.escape_ascii()),
        Event::Uidls(all) => {
            let all: Vec<_> = all.iter().map(|(n, uidl)| format!("{n}={}", uidl.as_str())).collect();
            format!("Uidls {}", all.join(" "))
        }
        Event::Sizes(all) => {
            let all: Vec<_> = all.iter().map(|(n, bytes)| format!("{n}={bytes}")).collect();
            format!("Sizes {}", all.join(" "))
        }
        Event::Refused(refusal) => format!("Refused {:?} {}", refusal.code, refusal.text),
        Event::Capabilities(all) => format!("Capabilities {}", all.join(", ")),
        other => format!("{other:?}"),
    }
}

/// Transcripts, and the events that they give.
const TRANSCRIPTS: &[(&str, &str, &[&str])] = &[
    (
        "a session",
        "S: +OK POP3 ready <1@example.com>
         C: CAPA
         S: +OK Capability list follows
         S: USER
         S: sasl PLAIN XOAUTH2
         S: .
         C: USER ann
         S: +OK
         C: PASS open sesame
         S: +OK Logged in.
         C: STAT
         S: +OK 2 320
         C: UIDL
         S: +OK
         S: 1 whqtswO00WBw418f9t5JxYwZ
         S: 2 QhdPYR:00WBw1Ph7x7
         S: .
         C: LIST
         S: +OK 2 messages (320 octets)
         S: 1 120
         S: 2 200 for people
         S: .
         C: RETR 1
         S: +OK 120 octets
         S: Subject: one
         S:
         S: text
         S: .
         C: DELE 1
         S: +OK message 1 deleted
         C: LIST 2
         S: +OK 2 200
         C: RSET
         S: +OK
         C: NOOP
         S: +OK
         C: QUIT
         S: +OK bye",
        &[
            r#"Greeting("POP3 ready <1@example.com>")"#,
            "Capabilities USER, SASL PLAIN XOAUTH2",
            r#"Ok("")"#,
            r#"Ok("Logged in.")"#,
            "Stat { messages: 2 }",
            "Uidls 1=whqtswO00WBw418f9t5JxYwZ 2=QhdPYR:00WBw1Ph7x7",
            "Sizes 1=120 2=200",
            r"Message Subject: one\r\n\r\ntext\r\n",
            r#"Ok("message 1 deleted")"#,
            r#"Ok("2 200")"#,
            r#"Ok("")"#,
            r#"Ok("")"#,
            r#"Ok("bye")"#,
        ],
    ),
    (
        "a pipeline with a refusal in the middle",
        "S: +OK
         C: RETR 1
         C: RETR 2
         C: TOP 3 0
         C: DELE 1
         C: QUIT
         S: +OK
         S: one
         S: .
         S: -ERR no such message
         S: +OK
         S: .
         S: +OK
         S: +OK",
        &[
            r#"Greeting("")"#,
            r"Message one\r\n",
            "Refused None no such message",
            "Message ",
            r#"Ok("")"#,
            r#"Ok("")"#,
        ],
    ),
    (
        "dots, and what only looks like the end",
        r"S: +OK
         C: RETR 1
         S: +OK
         S: ..
         S: ...a
         S: .b
         S: a.
         s: \n.\n..\n.\r.\r\r\n
         s: .\rx\r\n.\n
         s: \r\n\r
         S: .
         S: .",
        &[
            r#"Greeting("")"#,
            r"Message .\r\n..a\r\nb\r\na.\r\n\n.\n..\n.\r.\r\r\n\rx\r\n\n\r\n\r.\r\n",
        ],
    ),
    (
        "a message that begins with a dot, and one of two line ends",
        r"S: +OK
         C: RETR 1
         C: RETR 2
         S: +OK
         S: ..a
         S: .
         S: +OK
         s: \r\n\r\n.\r\n",
        &[r#"Greeting("")"#, r"Message .a\r\n", r"Message \r\n\r\n"],
    ),
    (
        "a message of the limit, one over it, and the next",
        "S: +OK
         C: RETR 1
         C: RETR 2
         C: RETR 3
         S: +OK
         S: 12345678901234567890123456789012345678
         S: .
         S: +OK
         S: 123456789012345678901234567890123456789
         S: .
         S: +OK
         S: 3
         S: .",
        &[
            r#"Greeting("")"#,
            r"Message 12345678901234567890123456789012345678\r\n",
            "TooLong { bytes: 41 }",
            r"Message 3\r\n",
        ],
    ),
    (
        "SASL with and without an initial response",
        "S: +OK
         C: AUTH PLAIN AHRlc3QAdGVzdA==
         S: -ERR [AUTH] no
         C: AUTH XOAUTH2
         S: +
         C: dXNlcj1hbm4=
         S: + eyJzdGF0dXMiOiI0MDAifQ==
         C: 
         S: -ERR no
         C: AUTH XOAUTH2
         S: +
         C: dXNlcj1hbm4=
         S: +OK",
        &[
            r#"Greeting("")"#,
            "Refused Some(Auth) [AUTH] no",
            "Challenge ",
            "Challenge eyJzdGF0dXMiOiI0MDAifQ==",
            "Refused None no",
            "Challenge ",
            r#"Ok("")"#,
        ],
    ),
    (
        "response codes",
        "S: -ERR [in-use] locked
         C: NOOP
         C: NOOP
         C: NOOP
         C: NOOP
         C: NOOP
         C: NOOP
         S: -ERR [LOGIN-DELAY/60] later
         S: -ERR [SYS/TEMP] db
         S: -err [SYS/PERM/DISK] full
         S: -ERR [SYS] what
         S: -ERR [AUTH
         S: -ERR",
        &[
            "Refused Some(InUse) [in-use] locked",
            "Refused Some(LoginDelay) [LOGIN-DELAY/60] later",
            "Refused Some(SysTemp) [SYS/TEMP] db",
            "Refused Some(SysPerm) [SYS/PERM/DISK] full",
            "Refused None [SYS] what",
            "Refused None [AUTH",
            "Refused None ",
        ],
    ),
    (
        "empty listings",
        "S: +OK
         C: UIDL
         C: LIST
         C: CAPA
         S: +OK
         S: .
         S: +OK
         S: .
         S: -ERR what?",
        &[r#"Greeting("")"#, "Uidls ", "Sizes ", "Refused None what?"],
    ),
    (
        "listings with stuffed dots, gaps, and names that occur twice",
        "S: +OK
         C: UIDL
         C: CAPA
         S: +OK
         S: 3  same
         S: 7 same
         S: .
         S: +OK
         S: ..X
         S: .",
        &[r#"Greeting("")"#, "Uidls 3=same 7=same", "Capabilities .X"],
    ),
    (
        "another protocol",
        "S: * OK IMAP4rev1 ready",
        &[r#"! the server does not answer in POP3: "* OK IMAP4rev1 ready""#],
    ),
    (
        "a word that only begins as one",
        "S: +OKAY",
        &[r#"! the server does not answer in POP3: "+OKAY""#],
    ),
    (
        "a challenge where none can be",
        "S: +OK
         C: STAT
         S: + go ahead",
        &[
            r#"Greeting("")"#,
            r#"! the server does not answer in POP3: "+ go ahead""#,
        ],
    ),
    (
        "lines that end in LF alone",
        r"s: +OK\n",
        &[r#"! the server ends its lines with LF instead of CR LF: "+O""#],
    ),
    (
        "more than was asked for, after a line",
        "S: +OK
         s: +",
        &[
            r#"Greeting("")"#,
            "! the server said something that nobody had asked for",
        ],
    ),
    (
        "more than was asked for, after a message",
        "S: +OK
         C: RETR 1
         S: +OK
         S: .
         S: .",
        &[
            r#"Greeting("")"#,
            "Message ",
            "! the server said something that nobody had asked for",
        ],
    ),
    (
        "a line of a message where an answer should be",
        "S: +OK
         C: RETR 1
         C: RETR 2
         S: +OK
         S: .
         S: Subject: two",
        &[
            r#"Greeting("")"#,
            "Message ",
            r#"! the server does not answer in POP3: "Subject: two""#,
        ],
    ),
    (
        "a count that is none",
        "S: +OK
         C: STAT
         S: +OK many",
        &[
            r#"Greeting("")"#,
            r#"! the server's answer to STAT is not understood: "+OK many""#,
        ],
    ),
    (
        "a negative count",
        "S: +OK
         C: STAT
         S: +OK -1 0",
        &[
            r#"Greeting("")"#,
            r#"! the server's answer to STAT is not understood: "+OK -1 0""#,
        ],
    ),
    (
        "message number zero",
        "S: +OK
         C: LIST
         S: +OK
         S: 0 12",
        &[
            r#"Greeting("")"#,
            r#"! the server's answer to LIST is not understood: "0 12""#,
        ],
    ),
    (
        "a message number out of range",
        "S: +OK
         C: UIDL
         S: +OK
         S: 4294967296 x",
        &[
            r#"Greeting("")"#,
            r#"! the server's answer to UIDL is not understood: "4294967296 x""#,
        ],
    ),
    (
        "a name that is empty",
        "S: +OK
         C: UIDL
         S: +OK
         S: 1",
        &[
            r#"Greeting("")"#,
            r#"! the server's answer to UIDL is not understood: "1""#,
        ],
    ),
    (
        "a name with a space",
        "S: +OK
         C: UIDL
         S: +OK
         S: 1 a b",
        &[
            r#"Greeting("")"#,
            r#"! the server's answer to UIDL is not understood: "1 a b""#,
        ],
    ),
    (
        "a size that is out of range",
        "S: +OK
         C: LIST
         S: +OK
         S: 1 18446744073709551616",
        &[
            r#"Greeting("")"#,
            r#"! the server's answer to LIST is not understood: "1 18446744073709551616""#,
        ],
    ),
    ("silence", "", &[]),
    (
        "an end in the middle of everything",
        "S: +OK
         C: RETR 1
         S: +OK
         s: Subj",
        &[r#"Greeting("")"#],
    ),
];

#[test]
fn every_transcript_gives_its_events_however_it_is_cut() {
    for (name, transcript, events) in TRANSCRIPTS {
        let whole = play(transcript, &mut |said| vec![said.to_vec()]);
        assert_eq!(&whole, events, "{name}");
        let bytewise = play(transcript, &mut |said| said.iter().map(|&byte| vec![byte]).collect());
        assert_eq!(&bytewise, events, "{name}, byte by byte");
        for at in 0..transcript.len() {
            let cut = play(transcript, &mut |said| {
                let (left, right) = said.split_at(at.min(said.len()));
                vec![left.to_vec(), right.to_vec()]
            });
            assert_eq!(&cut, events, "{name}, cut at {at}");
        }
    }
}

#[test]
fn what_has_no_end_is_given_up() {
    let endless = |command: &str, beginning: &[u8], line: &[u8]| {
        let mut machine = Machine::new(MAX_MESSAGE_BYTES);
        machine.receive(&mut &b"+OK\r\n"[..]).unwrap();
        say(&mut machine, command);
        assert_eq!(machine.receive(&mut &beginning[..]), Ok(None));
        for lines in 0.. {
            assert!(lines <= 20_000_000, "{command} never ends");
            match machine.receive(&mut &line[..]) {
                Ok(None) => {}
                Ok(Some(event)) => panic!("{event:?}"),
                Err(violation) => return (lines + 1, violation),
            }
        }
        unreachable!()
    };
    let long = "a".repeat(300);
    assert_eq!(
        endless("NOOP", b"+OK ", b"a"),
        (
            8 * 1024 - 4,
            Violation::LineTooLong {
                max: 8 * 1024,
                begins: format!("+OK {}…", &long[..296]),
            }
        )
    );
    assert_eq!(
        endless("LIST", b"+OK\r\n", b"1 1\r\n"),
        (MAX_LISTED + 1, Violation::ListingTooLong(MAX_LISTED))
    );
    assert_eq!(
        endless("CAPA", b"+OK\r\n", b"X\r\n"),
        (1_001, Violation::ListingTooLong(1_000))
    );
    let overrun = Violation::Overrun {
        bytes: MAX_MESSAGE_BYTES + 16 * 1024 * 1024,
        announced: 10,
    };
    let (lines, violation) = endless("RETR 1", b"+OK\r\n", &[b'x'; 1024]);
    assert_eq!((lines, violation), (16 * 1024 + 1, overrun));
}

#[test]
fn nothing_is_sent_that_could_hold_another_command() {
    let mut machine = Machine::new(MAX_MESSAGE_BYTES);
    let mut out = b"before".to_vec();
    for bad in ["a\r\nDELE 1", "a\nb", "a\rb", "a\0b"] {
        let secret = Secret::new(bad);
        for command in [
            Command::User(bad),
            Command::Pass(&secret),
            Command::Answer(&secret),
            Command::Auth {
                mechanism: "PLAIN",
                initial: Some(&secret),
            },
        ] {
            assert!(machine.send(command, &mut out).is_err(), "{command:?}");
        }
    }
    assert_eq!(out, b"before");
    machine.receive(&mut &b"+OK\r\n"[..]).unwrap();
    assert!(machine.is_quiet(), "an answer is awaited to what was never sent");
}

#[test]
fn an_initial_response_goes_along_where_the_line_stays_short_enough() {
    for (length, along) in [(1, true), (242, true), (243, false), (2_000, false)] {
        let initial = Secret::new("x".repeat(length));
        let command = Command::Auth {
            mechanism: "PLAIN",
            initial: Some(&initial),
        };
        let mut out = Vec::new();
        Machine::new(0).send(command, &mut out).unwrap();
        assert!(out.len() <= 255);
        assert_eq!(command.carries_initial_response(), along);
        assert_eq!(out.len() > b"AUTH PLAIN\r\n".len(), along, "{length}");
    }
}

/// What a server might say, whole or in shreds.
fn shred() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"+OK\r\n".to_vec()),
        Just(b"+OK 3 4\r\n".to_vec()),
        Just(b"-ERR [IN-USE] x\r\n".to_vec()),
        Just(b"+ \r\n".to_vec()),
        Just(b".\r\n".to_vec()),
        Just(b"1 a\r\n".to_vec()),
        Just(b"2 22\r\n".to_vec()),
        Just(b"..\r\n".to_vec()),
        Just(b".\r".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\n".to_vec()),
        Just(b".".to_vec()),
        Just(vec![b'x'; 9_000]),
        vec(any::<u8>(), 0..20),
    ]
}

const COMMANDS: &[&str] = &[
    "CAPA",
    "UIDL",
    "LIST",
    "STAT",
    "RETR 1",
    "TOP 1 1",
    "DELE 1",
    "AUTH PLAIN x",
    "QUIT",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// No panic, no loop, and the same events whatever the pieces.
    #[test]
    fn any_bytes_give_the_same_events_in_any_pieces(
        shreds in vec(shred(), 0..40),
        commands in vec(0..COMMANDS.len(), 0..12),
        cuts in vec(1usize..50, 1..20),
    ) {
        let said = [&b"+OK\r\n"[..], &shreds.concat()].concat();
        let hear = |pieces: &[Vec<u8>]| {
            let mut machine = Machine::new(MAX_MESSAGE_BYTES);
            for &command in &commands {
                say(&mut machine, COMMANDS[command]);
            }
            let mut heard = Vec::new();
            listen(&mut machine, pieces, &mut heard);
            heard
        };
        let whole = hear(std::slice::from_ref(&said));
        prop_assert!(whole.len() <= commands.len() + 2);
        let mut pieces = Vec::new();
        let mut rest = &said[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece.to_vec());
            rest = after;
        }
        prop_assert_eq!(hear(&pieces), whole);
    }

    /// A message arrives as it was sent, if its lines end in CR LF.
    #[test]
    fn stuffed_and_read_again_a_message_is_the_same(
        lines in vec(prop_oneof![
            Just(b".".to_vec()),
            Just(b"..".to_vec()),
            Just(b".\r".to_vec()),
            Just(b"\n.".to_vec()),
            vec(any::<u8>(), 0..6),
        ], 0..20),
    ) {
        let message: Vec<u8> = lines.iter().flat_map(|line| [line, &b"\r\n"[..]].concat()).collect();
        let mut said = b"+OK\r\n+OK\r\n".to_vec();
        let mut at_line_start = true;
        for (index, &byte) in message.iter().enumerate() {
            if at_line_start && byte == b'.' {
                said.push(b'.');
            }
            said.push(byte);
            at_line_start = message[..=index].ends_with(b"\r\n");
        }
        said.extend_from_slice(b".\r\n");
        let mut machine = Machine::new(10_000);
        say(&mut machine, "RETR 1");
        let mut said = &said[..];
        machine.receive(&mut said).unwrap();
        prop_assert_eq!(machine.receive(&mut said), Ok(Some(Event::Message(message))));
        prop_assert!(said.is_empty() && machine.is_quiet());
    }
}
