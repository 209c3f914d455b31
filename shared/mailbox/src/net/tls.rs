//! The TLS handshake, and what to say when it fails.

use std::io;
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, ClientConnection, Error, StreamOwned};

use super::Certificate;
use super::dial::{ascii, literal};
use super::failure::read_failure;
use super::socket::Socket;
use super::stream::Check;
use super::trust::{self, Judge, Seen};
use crate::server::{ErrorKind, MailboxError, Security, Server, Step, Trust, printable};

/// A connection after its handshake.
pub(super) struct Secured {
    pub(super) stream: StreamOwned<ClientConnection, Socket>,
    pub(super) shown: Option<Certificate>,
    pub(super) doubt: Option<MailboxError>,
}

/// Shakes hands over a fresh connection: TLS 1.2 or 1.3, nothing older.
pub(super) fn handshake(mut socket: Socket, server: &Server, check: Check) -> Result<Secured, MailboxError> {
    let judge = Arc::new(Judge::new(&server.trust, check)?);
    let verifier: Arc<dyn ServerCertVerifier> = judge.clone();
    let config = ClientConfig::builder_with_provider(Arc::clone(trust::provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map(|builder| {
            builder
                .dangerous()
                .with_custom_certificate_verifier(verifier)
                .with_no_client_auth()
        })
        .map_err(|error| refused(&error, server, &Seen::default()))?;
    let mut connection = ClientConnection::new(Arc::new(config), server_name(server)?)
        .map_err(|error| refused(&error, server, &Seen::default()))?;
    while connection.is_handshaking() {
        match connection.complete_io(&mut socket) {
            Ok(_) => {}
            Err(error) => {
                // The alert that tells the server why.
                let _ = connection.write_tls(&mut socket);
                return Err(failed(&error, server, &judge.seen()));
            }
        }
    }
    let seen = judge.seen();
    let doubt = seen.doubt.as_ref().map(|error| refused(error, server, &seen));
    Ok(Secured {
        stream: StreamOwned::new(connection, socket),
        shown: seen.certificate,
        doubt,
    })
}

fn server_name(server: &Server) -> Result<ServerName<'static>, MailboxError> {
    if let Some(address) = literal(&server.host) {
        return Ok(ServerName::IpAddress(address.into()));
    }
    ascii(&server.host)
        .and_then(|name| ServerName::try_from(name).ok())
        .ok_or_else(|| {
            MailboxError::new(
                Step::Tls,
                ErrorKind::Certificate,
                format!("no certificate can be for {}", printable(server.host.as_bytes())),
            )
            .with_hint("check the host name")
        })
}

fn failed(error: &io::Error, server: &Server, seen: &Seen) -> MailboxError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(error) => refused(error, server, seen),
        None => read_failure(Step::Tls, error),
    }
}

fn refused(error: &Error, server: &Server, seen: &Seen) -> MailboxError {
    let certificate = |reason: String| MailboxError::new(Step::Tls, ErrorKind::Certificate, reason);
    match error {
        Error::InvalidCertificate(why) => untrusted(why, server, seen),
        Error::NoCertificatesPresented => certificate("the server shows no certificate".to_owned()),
        Error::PeerIncompatible(_)
        | Error::AlertReceived(
            AlertDescription::HandshakeFailure
            | AlertDescription::ProtocolVersion
            | AlertDescription::InsufficientSecurity,
        ) => certificate(format!("the server offers no TLS 1.2 or newer that is safe ({error})"))
            .with_hint("the server's software is too old to be trusted with a password"),
        Error::AlertReceived(alert) => certificate(format!("the server refuses the handshake ({alert:?})")),
        Error::InvalidMessage(_) => {
            let refusal = MailboxError::new(Step::Tls, ErrorKind::Protocol, "what the server says is not TLS");
            match server.security {
                Security::Tls => refusal.with_hint(format!(
                    "port {} may be for STARTTLS (`security = \"starttls\"`); implicit TLS is usually at port {}",
                    server.port,
                    server.protocol.usual_port(Security::Tls)
                )),
                Security::StartTls | Security::None => refusal,
            }
        }
        _ => MailboxError::new(Step::Tls, ErrorKind::Protocol, format!("the handshake fails ({error})")),
    }
}

/// A certificate that is not believed: whose it is, why, and what to do.
fn untrusted(why: &CertificateError, server: &Server, seen: &Seen) -> MailboxError {
    let shown = seen.certificate.as_ref();
    let host = printable(server.host.as_bytes());
    let pin_it = shown.map(|certificate| {
        format!(
            "if it is your own server, trust its key (`{}`) or name its certificate authority in the account",
            certificate.pin
        )
    });
    let (what, hint) = match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            "it has expired".to_owned(),
            Some("the server's operator must renew it".to_owned()),
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            "it is not valid yet".to_owned(),
            Some("check this machine's clock".to_owned()),
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            format!("it is not for {host}"),
            Some(
                shown
                    .and_then(|certificate| certificate.names.first())
                    .map_or_else(|| "use the name that it is for".to_owned(), |name| format!("use a name that it is for, as {name}")),
            ),
        ),
        CertificateError::UnknownIssuer if shown.is_some_and(Certificate::is_self_signed) => {
            ("it is signed by nobody but itself".to_owned(), pin_it)
        }
        CertificateError::UnknownIssuer => ("it was issued by nobody who is trusted here".to_owned(), pin_it),
        CertificateError::ApplicationVerificationFailure if matches!(server.trust, Trust::Key(_)) => (
            "its key is not the one that the account trusts".to_owned(),
            shown.map(|certificate| {
                format!(
                    "if the server's operator changed the key, trust the new one (`{}`); if not, somebody is in between",
                    certificate.pin
                )
            }),
        ),
        CertificateError::BadEncoding => ("it cannot be read".to_owned(), None),
        CertificateError::BadSignature => ("its signature is wrong".to_owned(), None),
        CertificateError::Revoked => ("it was revoked".to_owned(), None),
        // An `openssl req -x509` certificate says that it is an authority, and no authority may be a server.
        CertificateError::Other(other) if shown.is_some_and(Certificate::is_self_signed) => {
            (format!("it is signed by nobody but itself ({other:?})"), pin_it)
        }
        why => (why.to_string(), pin_it),
    };
    let reason = match shown {
        Some(certificate) => format!("the certificate is not trusted: {what} ({certificate})"),
        None => format!("the certificate is not trusted: {what}"),
    };
    let error = MailboxError::new(Step::Tls, ErrorKind::Certificate, reason);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}
