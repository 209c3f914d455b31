//! Fetches every message of a mailbox, throws it away, and says how long that took.
//!
//! ```sh
//! cargo run --release -p rebound-mailbox --example discard -- imap localhost 993 ann ca.pem < password
//! ```

#![allow(clippy::print_stdout)]

use std::io;
use std::ops::ControlFlow;
use std::time::Instant;

use rebound_mailbox::server::{
    self, Access, Delivery, FolderName, Limits, Listing, Login, Protocol, Secret, Security, Server, Trust,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [protocol, host, port, user, authorities] = &arguments[..] else {
        return Err("usage: discard imap|pop3 HOST PORT USER CA_FILE, the password on standard input".into());
    };
    let mut password = String::new();
    io::stdin().read_line(&mut password)?;
    let server = Server {
        protocol: match protocol.as_str() {
            "imap" => Protocol::Imap,
            "pop3" => Protocol::Pop3,
            other => return Err(format!("{other} is no protocol").into()),
        },
        host: host.clone(),
        port: port.parse()?,
        security: Security::Tls,
        trust: Trust::Authorities(std::fs::read_to_string(authorities)?),
    };
    let login = Login::Password {
        user: user.clone(),
        password: Secret::new(password.trim_end_matches(['\r', '\n'])),
    };
    let begin = Instant::now();
    let folder = FolderName::inbox();
    let mut session = server::open(&server, &login, &folder, Access::Full, &Limits::default())?;
    let opened = begin.elapsed();
    let wanted = session.list(&Listing::default())?;
    let listed = begin.elapsed();
    let (mut messages, mut bytes) = (0, 0);
    session.fetch(&wanted, &mut |delivery| {
        if let Delivery::Message { bytes: message, .. } = delivery {
            messages += 1;
            bytes += message.len();
        }
        ControlFlow::Continue(())
    })?;
    let fetched = begin.elapsed();
    session.close()?;
    println!("{messages} of {} messages, {bytes} bytes", wanted.len());
    println!(
        "opened after {:.3} s, listed after {:.3} s, fetched after {:.3} s, closed after {:.3} s",
        opened.as_secs_f64(),
        listed.as_secs_f64(),
        fetched.as_secs_f64(),
        begin.elapsed().as_secs_f64()
    );
    Ok(())
}
