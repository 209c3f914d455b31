//! Somebody else's mail program.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use crate::{Door, MailServer};

/// Somebody else who is logged in to the same mailbox: the least that speaks IMAP, in plain text over loopback. It
/// shares no code with what is tested.
#[derive(Debug)]
pub struct OtherClient {
    stream: BufReader<TcpStream>,
    sent: u32,
}

impl OtherClient {
    pub(crate) fn new(server: &MailServer, user: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port(Door::Imap))).expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        let mut client = Self {
            stream: BufReader::new(stream),
            sent: 0,
        };
        client.line();
        client.run(&format!("LOGIN \"{user}\" \"{}\"", server.password()));
        client
    }

    /// Runs a command that must succeed, and gives the untagged lines of its answer.
    pub fn run(&mut self, command: &str) -> Vec<String> {
        self.sent += 1;
        let tag = format!("T{} ", self.sent);
        self.write(format!("{tag}{command}\r\n").as_bytes());
        self.answer(&tag, command)
    }

    /// Puts a message into a folder.
    pub fn append(&mut self, folder: &str, flags: &str, message: &[u8]) {
        self.sent += 1;
        let tag = format!("T{} ", self.sent);
        let command = format!("APPEND \"{folder}\" ({flags}) {{{}}}\r\n", message.len());
        self.write(format!("{tag}{command}").as_bytes());
        let asked = self.line();
        assert!(asked.starts_with('+'), "{command} was answered with {asked}");
        self.write(message);
        self.write(b"\r\n");
        self.answer(&tag, &command);
    }

    fn answer(&mut self, tag: &str, command: &str) -> Vec<String> {
        let mut untagged = Vec::new();
        loop {
            let line = self.line();
            match line.strip_prefix(tag) {
                Some(end) if end.starts_with("OK") => return untagged,
                Some(end) => panic!("{command} was answered with {end}"),
                None => untagged.push(line),
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).expect("the server answers");
        assert!(!line.is_empty(), "the server has closed the connection");
        String::from_utf8_lossy(&line).trim_end().to_owned()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).expect("the server listens");
    }
}
