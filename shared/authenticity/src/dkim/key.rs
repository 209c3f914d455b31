//! Public keys as domains publish them (RFC 6376 section 3.6.1), and checking signatures with them.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};

use super::signature::{Algorithm, Signature};
use super::tags::Tags;

/// Longer records hold no key: one of 8,192 bits is 1,400 characters.
const MAX_RECORD_BYTES: usize = 4 << 10;

/// A published key.
#[derive(Debug)]
pub(super) struct PublicKey {
    algorithm: Algorithm,
    octets: Vec<u8>,
    /// Speaks for the domain itself only, not for what is below.
    strict: bool,
}

impl PublicKey {
    /// The key in a TXT record; `None` for one that is revoked, not for mail, not for SHA-256, on trial, or none at all.
    pub(super) fn read(record: &str) -> Option<Self> {
        if record.len() > MAX_RECORD_BYTES {
            return None;
        }
        let tags = Tags::read(record)?;
        let flags = tags.list("t").unwrap_or_default();
        let fit = tags.get("v").is_none_or(|version| version == "DKIM1")
            && tags.list("h").is_none_or(|hashes| hashes.contains(&"sha256"))
            && tags
                .list("s")
                .is_none_or(|services| services.contains(&"*") || services.contains(&"email"))
            && !flags.contains(&"y");
        let algorithm = match tags.get("k").unwrap_or("rsa") {
            "rsa" => Algorithm::Rsa,
            "ed25519" => Algorithm::Ed25519,
            _ => return None,
        };
        let octets = tags.octets("p")?;
        fit.then_some(Self {
            algorithm,
            octets,
            strict: flags.contains(&"s"),
        })
    }

    /// Whether it signed `header`, which is in the form of the signature. RSA keys have at least 1,024 bits (RFC 8301).
    pub(super) fn signed(&self, signature: &Signature, header: &[u8]) -> bool {
        let fits = self.algorithm == signature.algorithm
            && !(self.strict
                && signature
                    .identity
                    .as_ref()
                    .is_some_and(|identity| *identity != signature.domain));
        let verified = match self.algorithm {
            Algorithm::Rsa => UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, &self.octets)
                .verify(header, &signature.octets),
            Algorithm::Ed25519 => UnparsedPublicKey::new(&ED25519, &self.octets)
                .verify(digest(&SHA256, header).as_ref(), &signature.octets),
        };
        fits && verified.is_ok()
    }
}
