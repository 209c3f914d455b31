//! What a server's certificate says, for people.

use std::fmt;

use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;

use crate::server::{Pin, printable};

/// A certificate that a server showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is, as `CN=mail.example.com`; made printable.
    pub subject: String,
    /// Who signed it, likewise. The same as the subject when nobody else did.
    pub issuer: String,
    /// The names and addresses that it is for (subjectAltName, RFC 5280 section 4.2.1.6).
    pub names: Vec<String>,
    /// Its first day, as `2026-01-31`, in UTC.
    pub not_before: String,
    /// Its last day, likewise.
    pub not_after: String,
    /// What it takes to trust its key, [`Trust::Key`](crate::server::Trust::Key).
    pub pin: Pin,
}

/// The most names that are kept of a certificate: those of large providers carry hundreds.
const MAX_NAMES: usize = 100;

impl Certificate {
    /// Reads a certificate in DER; `None` when it is none.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok().flatten();
        Some(Self {
            subject: printable(certificate.subject().to_string().as_bytes()),
            issuer: printable(certificate.issuer().to_string().as_bytes()),
            names: names
                .iter()
                .flat_map(|extension| &extension.value.general_names)
                .filter_map(name)
                .take(MAX_NAMES)
                .collect(),
            not_before: day(certificate.validity().not_before),
            not_after: day(certificate.validity().not_after),
            pin: Pin(Sha256::digest(certificate.public_key().raw).into()),
        })
    }

    /// Whether it vouches for itself.
    pub fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            subject,
            issuer,
            names,
            not_before,
            not_after,
            ..
        } = self;
        write!(f, "{}, ", if subject.is_empty() { "no subject" } else { subject })?;
        if self.is_self_signed() {
            f.write_str("signed by itself")?;
        } else {
            write!(f, "issued by {issuer}")?;
        }
        write!(f, ", valid from {not_before} to {not_after}")?;
        match names.as_slice() {
            [] => Ok(()),
            [first, second, third, rest @ ..] if !rest.is_empty() => {
                write!(f, ", for {first}, {second}, {third} and {} more", rest.len())
            }
            names => write!(f, ", for {}", names.join(", ")),
        }
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(printable(name.as_bytes())),
        GeneralName::IPAddress(bytes) => {
            if let Ok(v4) = <[u8; 4]>::try_from(*bytes) {
                Some(std::net::Ipv4Addr::from(v4).to_string())
            } else {
                let v6 = <[u8; 16]>::try_from(*bytes).ok()?;
                Some(std::net::Ipv6Addr::from(v6).to_string())
            }
        }
        _ => None,
    }
}

fn day(time: ASN1Time) -> String {
    let time = time.to_datetime();
    format!("{:04}-{:02}-{:02}", time.year(), u8::from(time.month()), time.day())
}
