//! Which server, and how it is reached and trusted.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A mail server and the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// What is spoken.
    pub protocol: Protocol,
    /// Its name, which its certificate must carry, or its address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Whose certificates are believed.
    pub trust: Trust,
}

/// A protocol that mailboxes are read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// IMAP4rev1, RFC 3501.
    Imap,
    /// POP3, RFC 1939.
    Pop3,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Security {
    /// TLS from the first byte: ports 993 and 995 (RFC 8314 section 3).
    #[default]
    Tls,
    /// TLS after STARTTLS (RFC 3501 section 6.2.1) or STLS (RFC 2595 section 4), before anything else is said.
    StartTls,
    /// No protection at all: whoever can listen reads the password. Never chosen unless it is asked for by name.
    None,
}

impl Protocol {
    /// The port that the protocol is served at, where nobody says another.
    pub fn usual_port(self, security: Security) -> u16 {
        match (self, security) {
            (Self::Imap, Security::Tls) => 993,
            (Self::Imap, Security::StartTls | Security::None) => 143,
            (Self::Pop3, Security::Tls) => 995,
            (Self::Pop3, Security::StartTls | Security::None) => 110,
        }
    }
}

/// Whose certificates are believed. There is no way to believe everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// The public certificate authorities.
    #[default]
    Public,
    /// These authorities only: one or more certificates in PEM, for private servers. Names are still checked.
    Authorities(String),
    /// The one certificate with this key, whoever signed it and whatever name and dates it carries.
    Key(Pin),
}

/// The SHA-256 of a certificate's public key (its SubjectPublicKeyInfo in DER, as RFC 7469 section 2.4 pins it).
///
/// Written as curl's `--pinnedpubkey` takes it: `sha256//` and Base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pin(pub [u8; 32]);

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256//{}", BASE64.encode(self.0))
    }
}

/// How long and how much a server may take; passing one is an error of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For the name's addresses and the TCP connection, and again for the TLS handshake.
    pub connect: Duration,
    /// For one command, from its first byte to the last of its answer, however steadily the bytes arrive.
    pub command: Duration,
    /// For the transfer of one megabyte of messages, as it arrives, beside the time of the command itself.
    pub per_megabyte: Duration,
    /// The longest message that is fetched, in bytes. A longer one stays where it is and is reported.
    pub message_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            command: Duration::from_mins(1),
            per_megabyte: Duration::from_secs(20),
            message_bytes: crate::sources::MAX_MESSAGE_BYTES as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_written_as_curl_takes_it() {
        let text = "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let pin = Pin(std::array::from_fn(|index| u8::try_from(index).unwrap()));
        assert_eq!(pin.to_string(), text);
    }
}
