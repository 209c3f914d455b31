//! Whatever a server says, the machine gives no more answers than it asked for, holds no more than its limit, and gives
//! the same answers however the bytes are cut.
//!
//! The first byte says how many of the commands are asked, in which order; the second, where the bytes are cut.
#![no_main]

use std::num::NonZeroU32;

use libfuzzer_sys::fuzz_target;
use rebound_mailbox::pop3::{Command, Event, Machine, Violation};

const MAX_MESSAGE_BYTES: u64 = 64;

fn commands(choice: u8) -> impl Iterator<Item = Command<'static>> {
    let number = NonZeroU32::MIN;
    let all = [
        Command::Retr { number, announced: 10 },
        Command::Uidl,
        Command::Capa,
        Command::List,
        Command::Stat,
        Command::Dele(number),
        Command::Auth {
            mechanism: "PLAIN",
            initial: None,
        },
        Command::Retr {
            number,
            announced: u64::MAX,
        },
    ];
    let (first, count) = (usize::from(choice >> 4), usize::from(choice & 15));
    (first..first + count).filter_map(move |index| all.get(index % all.len()).copied())
}

fn hear(choice: u8, pieces: &[&[u8]]) -> Vec<Result<Event, Violation>> {
    let mut machine = Machine::new(MAX_MESSAGE_BYTES);
    let mut out = Vec::new();
    for command in commands(choice) {
        machine.send(command, &mut out).expect("numbers hold no line end");
    }
    let mut heard = Vec::new();
    for mut piece in pieces.iter().copied() {
        loop {
            match machine.receive(&mut piece) {
                Ok(Some(event)) => heard.push(Ok(event)),
                Ok(None) => {
                    assert!(piece.is_empty());
                    break;
                }
                Err(violation) => {
                    heard.push(Err(violation));
                    return heard;
                }
            }
        }
    }
    heard
}

fuzz_target!(|input: &[u8]| {
    let [choice, cut, said @ ..] = input else { return };
    let whole = hear(*choice, &[said]);
    assert!(whole.len() <= 1 + commands(*choice).count() + 1);
    for event in &whole {
        if let Ok(Event::Message(bytes)) = event {
            assert!(bytes.len() as u64 <= MAX_MESSAGE_BYTES);
        }
    }
    let pieces: Vec<_> = said.chunks(usize::from(*cut).max(1)).collect();
    assert_eq!(hear(*choice, &pieces), whole);
});
