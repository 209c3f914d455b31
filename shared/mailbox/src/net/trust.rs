//! Whose certificates are believed.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::Certificate;
use super::stream::Check;
use crate::server::{ErrorKind, MailboxError, Pin, Step, Trust};

/// The one crypto provider, named so that no process-wide default is ever needed.
pub(super) fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(aws_lc_rs::default_provider()))
}

/// Judges a server's certificate, and remembers what it saw for telling people.
#[derive(Debug)]
pub(super) struct Judge {
    belief: Belief,
    check: Check,
    seen: Mutex<Seen>,
}

/// What a handshake has shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) certificate: Option<Certificate>,
    /// What is wrong with it.
    pub(super) doubt: Option<Error>,
}

#[derive(Debug)]
enum Belief {
    Authorities(Arc<WebPkiServerVerifier>),
    Key(Pin),
}

impl Judge {
    pub(super) fn new(trust: &Trust, check: Check) -> Result<Self, MailboxError> {
        let belief = match trust {
            Trust::Public => Belief::Authorities(public_authorities()?),
            Trust::Authorities(pem) => Belief::Authorities(verifier(own_authorities(pem)?)?),
            Trust::Key(pin) => Belief::Key(*pin),
        };
        Ok(Self {
            belief,
            check,
            seen: Mutex::default(),
        })
    }

    /// What the handshake has shown so far.
    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
        certificate: Option<&Certificate>,
    ) -> Result<(), Error> {
        match &self.belief {
            Belief::Authorities(verifier) => verifier
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .map(|_| ()),
            Belief::Key(pin) => match certificate {
                Some(certificate) if certificate.pin == *pin => Ok(()),
                Some(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
                None => Err(CertificateError::BadEncoding.into()),
            },
        }
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = Certificate::read(end_entity);
        let verdict = self.judge(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
            certificate.as_ref(),
        );
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Seen {
            certificate,
            doubt: verdict.as_ref().err().cloned(),
        };
        match (verdict, self.check) {
            (Err(error), Check::Enforce) => Err(error),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    // That the server holds the certificate's key is proven the same way whoever vouches for it.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Those that this machine trusts, or Mozilla's where it has none. Read when first needed, because reading them takes
/// milliseconds that a cold start notices.
fn public_authorities() -> Result<Arc<WebPkiServerVerifier>, MailboxError> {
    static PUBLIC: OnceLock<Arc<WebPkiServerVerifier>> = OnceLock::new();
    if let Some(verifier) = PUBLIC.get() {
        return Ok(Arc::clone(verifier));
    }
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let verifier = verifier(roots)?;
    Ok(Arc::clone(PUBLIC.get_or_init(|| verifier)))
}

fn own_authorities(pem: &str) -> Result<RootCertStore, MailboxError> {
    let unusable = |why: String| {
        MailboxError::new(
            Step::Tls,
            ErrorKind::Certificate,
            format!("the account's own certificate authority cannot be used: {why}"),
        )
        .with_hint("it must be one or more certificates in PEM, `-----BEGIN CERTIFICATE-----`")
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("it holds no certificate".to_owned()));
    }
    Ok(roots)
}

fn verifier(roots: RootCertStore) -> Result<Arc<WebPkiServerVerifier>, MailboxError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider()))
        .build()
        .map_err(|error| MailboxError::new(Step::Tls, ErrorKind::Certificate, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_authorities_must_be_certificates() {
        for (pem, why) in [
            ("", "it holds no certificate"),
            ("hello", "it holds no certificate"),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "cannot be used",
            ),
        ] {
            let error = Judge::new(&Trust::Authorities(pem.to_owned()), Check::Enforce).unwrap_err();
            assert_eq!((error.step, error.kind), (Step::Tls, ErrorKind::Certificate), "{pem}");
            assert!(error.reason.contains(why), "{}", error.reason);
        }
    }

    #[test]
    fn the_public_authorities_are_found_somewhere() {
        assert!(Judge::new(&Trust::Public, Check::Enforce).is_ok());
    }
}
