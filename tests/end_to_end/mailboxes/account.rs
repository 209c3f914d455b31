//! An account set up for a test, and what a run over it comes to.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use assert_cmd::Command;
use rebound_test_mail::{Door, MailServer};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{documents, rebound, stdout};

/// How a mailbox is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) protocol: &'static str,
    pub(crate) security: &'static str,
    pub(crate) login: Login,
}

/// What a mailbox is opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    Password,
    Token,
}

impl Way {
    pub(crate) const IMAP: Self = Self::new("imap", "tls", Login::Password);
    pub(crate) const POP3: Self = Self::new("pop3", "tls", Login::Password);

    pub(crate) const fn new(protocol: &'static str, security: &'static str, login: Login) -> Self {
        Self {
            protocol,
            security,
            login,
        }
    }

    fn door(self) -> Door {
        match (self.protocol, self.security) {
            ("imap", "tls") => Door::Imaps,
            ("imap", _) => Door::Imap,
            (_, "tls") => Door::Pop3s,
            _ => Door::Pop3,
        }
    }
}

/// rebound on a machine of its own, with one account called `news`.
pub(crate) struct Machine {
    data: TempDir,
}

impl Machine {
    /// Sets up the account with `rebound accounts add`, and these settings beside what it takes to get in.
    pub(crate) fn new(server: &MailServer, user: &str, way: Way, settings: &[&str]) -> Self {
        let machine = Self {
            data: TempDir::new().expect("a folder"),
        };
        let mut add = machine.rebound();
        add.args(["accounts", "add", "news", "--host", server.host(), "--user", user])
            .args(["--protocol", way.protocol, "--security", way.security])
            .args(["--port", &server.port(way.door()).to_string()])
            .arg("--ca")
            .arg(server.authority());
        match way.login {
            Login::Password => add.arg("--password-stdin").write_stdin(server.password()),
            Login::Token => add
                .args(["--set", "auth=oauth", "--set", "client_id=rebound"])
                .args(["--set", &format!("token_url={}", token_endpoint(server.token(user)))])
                .args(["--secret", "refresh_token"])
                .env("REBOUND_REFRESH_TOKEN", "consent"),
        };
        for setting in settings {
            add.args(["--set", setting]);
        }
        add.assert().success();
        machine
    }

    /// `rebound` on this machine, for arguments to follow.
    pub(crate) fn rebound(&self) -> Command {
        rebound(self.data.path())
    }

    /// Where everything is kept.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// Fetches the account, which must go well, and gives the summary.
    pub(crate) fn run(&self) -> Value {
        let summary = stdout(self.rebound().args(["run", "--account", "news", "--format", "json"]));
        serde_json::from_str(&summary).expect("a JSON document")
    }

    /// How many hard bounces every contact is charged with.
    pub(crate) fn hard_bounces(&self) -> BTreeMap<String, u64> {
        let contacts = documents(&stdout(self.rebound().args(["contacts", "list", "--format", "jsonl"])));
        contacts
            .iter()
            .map(|contact| {
                let address = contact["address"].as_str().expect("an address").to_owned();
                (address, contact["hard_bounces"].as_u64().expect("a number"))
            })
            .collect()
    }
}

/// One hard bounce for each of the first so many people.
pub(crate) fn one_each(people: usize) -> BTreeMap<String, u64> {
    (0..people).map(|number| (person(number), 1)).collect()
}

/// A mail server's report that a person's address does not exist.
pub(crate) fn bounce(number: usize) -> Vec<u8> {
    let person = person(number);
    lines(&format!(
        "From: MAILER-DAEMON@mx.example.net
To: bounces@example.com
Subject: Undelivered Mail Returned to Sender
Date: Thu, 1 Jan 2026 00:00:00 +0000
Message-ID: <{number}@mx.example.net>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"

--b
Content-Type: text/plain

<{person}>: host mx.example.net said: 550 5.1.1 No such user here

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {person}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 No such user here

--b
Content-Type: message/rfc822

From: news@example.com
To: {person}
Subject: Our news
Message-ID: <news-{number}@example.com>

News.
--b--
"
    ))
}

/// What a person wrote, and is no business of rebound's.
pub(crate) fn letter(number: usize) -> Vec<u8> {
    lines(&format!(
        "From: Ann <ann@example.org>
To: bounces@example.com
Subject: Lunch on day {number}
Date: Thu, 1 Jan 2026 00:00:00 +0000
Message-ID: <lunch-{number}@example.org>

Shall we have lunch together on that day? I'll be in town.

Ann
"
    ))
}

fn person(number: usize) -> String {
    format!("person-{number}@example.net")
}

fn lines(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

/// The address of a token endpoint that gives out this access token for whatever it is shown (RFC 6749 section 5.1).
fn token_endpoint(token: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A client that hangs up has only itself to blame.
            let _ = hand_out(&token, client);
        }
    });
    format!("http://{address}/token")
}

fn hand_out(token: &str, client: TcpStream) -> std::io::Result<()> {
    let mut client = BufReader::new(client);
    let (mut line, mut length) = (String::new(), 0);
    while client.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a length");
        }
        line.clear();
    }
    client.read_exact(&mut vec![0; length])?;
    let body = format!(r#"{{"access_token": "{token}", "token_type": "Bearer", "expires_in": 3600}}"#);
    write!(
        client.get_mut(),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
