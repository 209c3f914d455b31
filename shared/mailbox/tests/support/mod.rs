//! Servers that follow a script, good and hostile ones.
//!
//! A script is a transcript as the RFCs print them, one step a line:
//!
//! | line | what the server does |
//! |---|---|
//! | `S: text` | says a line |
//! | `s: text` | says it without a line end; `\r` and `\n` are spelled out |
//! | `C: text` | waits for exactly this line |
//! | `C* text` | waits for a line that begins so |
//! | `TLS` | shakes hands |
//! | `drip: text` | says one byte of it every few milliseconds, over and over, until the client hangs up |
//! | `flood: text` | says a line over and over, until the client hangs up |
//! | `stall` | says nothing, until the client hangs up |
//! | `close` | hangs up; so does the end of the script |
//!
//! The server notes what the client says. A client that says something else than the script expects is hung up on, and
//! the note of it makes the test fail.

#![allow(dead_code, unreachable_pub)] // every test file uses its part of it
#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc)] // a test may panic, and so may what helps it

use std::io::{self, BufRead, BufReader, Read, Write};
use std::mem;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData as _};
use rebound_mailbox::server::{Limits, Pin, Protocol, Security, Server, Trust};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sha2::{Digest, Sha256};

/// The name that the server's certificate carries.
pub const HOST: &str = "localhost";

/// A server that follows a script once, for one client.
pub struct ScriptedServer {
    address: SocketAddr,
    authority: String,
    pin: Pin,
    notes: JoinHandle<Vec<String>>,
}

impl ScriptedServer {
    /// Starts listening.
    pub fn start(script: &str) -> Self {
        Self::start_as(script, |_| {})
    }

    /// The same, with another certificate.
    pub fn start_as(script: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (authority, pin, tls) = identity(change);
        let script: Vec<String> = script.lines().map(|line| line.trim_start().to_owned()).collect();
        let notes = thread::spawn(move || {
            let (client, _) = listener.accept().unwrap();
            client.set_nodelay(true).unwrap();
            let mut actor = Actor {
                channel: Some(BufReader::new(Channel::Plain(client))),
                tls,
                notes: Vec::new(),
            };
            for line in script.iter().filter(|line| !line.is_empty()) {
                if actor.act(line).is_err() {
                    break;
                }
            }
            mem::take(&mut actor.notes)
        });
        Self {
            address,
            authority,
            pin,
            notes,
        }
    }

    /// How to reach it.
    pub fn server(&self, protocol: Protocol, security: Security) -> Server {
        Server {
            protocol,
            host: HOST.to_owned(),
            port: self.address.port(),
            security,
            trust: Trust::Authorities(self.authority.clone()),
        }
    }

    /// The pin of its key.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// What the client said, line by line, once it has hung up.
    pub fn notes(self) -> Vec<String> {
        self.notes.join().unwrap()
    }
}

/// Limits that no test wants to wait for, and no busy machine passes by accident.
pub fn patient() -> Limits {
    Limits {
        connect: Duration::from_secs(30),
        command: Duration::from_secs(30),
        ..Limits::default()
    }
}

/// Limits that are soon passed.
pub fn hasty() -> Limits {
    Limits {
        command: Duration::from_millis(300),
        per_megabyte: Duration::ZERO,
        ..patient()
    }
}

struct Actor {
    channel: Option<BufReader<Channel>>,
    tls: Arc<ServerConfig>,
    notes: Vec<String>,
}

enum Channel {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Actor {
    fn act(&mut self, line: &str) -> io::Result<()> {
        let spelled = |text: &str| text.replace("\\r", "\r").replace("\\n", "\n");
        let (verb, text) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "S:" => self.say(format!("{}\r\n", spelled(text)).as_bytes()),
            "s:" => self.say(spelled(text).as_bytes()),
            "C:" => self.expect(text, |said| said == text),
            "C*" => self.expect(text, |said| said.starts_with(text)),
            "TLS" => self.shake_hands(),
            "drip:" => {
                let (_never, tick) = mpsc::channel::<()>();
                let text = spelled(text);
                for byte in text.bytes().cycle() {
                    let _ = tick.recv_timeout(Duration::from_millis(5));
                    self.say(&[byte])?;
                }
                Ok(())
            }
            "flood:" => loop {
                self.say(format!("{}\r\n", spelled(text)).repeat(500).as_bytes())?;
            },
            "stall" => {
                let mut said = String::new();
                let ended = self.client().read_to_string(&mut said);
                self.notes.extend(said.lines().map(str::to_owned));
                ended.map(drop)
            }
            "close" => Err(io::ErrorKind::ConnectionAborted.into()),
            _ => panic!("no such step: {line}"),
        }
    }

    fn client(&mut self) -> &mut BufReader<Channel> {
        self.channel.as_mut().unwrap()
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        let channel = self.client().get_mut();
        channel.write_all(bytes)?;
        channel.flush()
    }

    fn expect(&mut self, what: &str, is_it: impl Fn(&str) -> bool) -> io::Result<()> {
        let mut said = String::new();
        self.client().read_line(&mut said)?;
        if said.is_empty() {
            self.notes.push(format!("(hangs up instead of {what})"));
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let said = said.trim_end_matches("\r\n");
        self.notes.push(said.to_owned());
        if is_it(said) {
            return Ok(());
        }
        self.notes.push(format!("(and not {what})"));
        Err(io::ErrorKind::InvalidInput.into())
    }

    fn shake_hands(&mut self) -> io::Result<()> {
        let Channel::Plain(tcp) = self.channel.take().unwrap().into_inner() else {
            panic!("the script shakes hands twice");
        };
        let mut connection = ServerConnection::new(Arc::clone(&self.tls)).unwrap();
        let mut tcp = tcp;
        let shaken = connection.complete_io(&mut tcp);
        self.channel = Some(BufReader::new(Channel::Tls(Box::new(StreamOwned::new(
            connection, tcp,
        )))));
        shaken.map(drop)
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        let tcp = match self.client().get_mut() {
            Channel::Plain(tcp) => tcp,
            Channel::Tls(tls) => {
                tls.conn.send_close_notify();
                let _ = tls.flush();
                &mut tls.sock
            }
        };
        let _ = tcp.shutdown(Shutdown::Write);
        // Unread bytes would make the kernel reset the connection, and what was said last might never arrive.
        let _ = io::copy(tcp, &mut io::sink());
    }
}

impl Read for Channel {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(into),
            Self::Tls(tls) => tls.read(into),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

/// An authority in PEM, and a server that it vouches for, with the pin of its key.
fn identity(change: impl FnOnce(&mut CertificateParams)) -> (String, Pin, Arc<ServerConfig>) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut certificate = CertificateParams::new([HOST.to_owned()]).unwrap();
    change(&mut certificate);
    // An authority's own certificate is signed by nobody else.
    let certificate = match certificate.is_ca {
        IsCa::NoCa => certificate.signed_by(&key, &authority).unwrap(),
        _ => certificate.self_signed(&key).unwrap(),
    };
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(certificate)],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let pin = Pin(Sha256::digest(key.subject_public_key_info()).into());
    (authority.pem(), pin, Arc::new(config))
}
