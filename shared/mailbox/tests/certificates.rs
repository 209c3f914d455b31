//! Whom a connection trusts, and what it says of those it does not.

#![allow(clippy::unwrap_used)] // a test may panic, and so may what helps it

mod support;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, SanType, date_time_ymd};
use rebound_mailbox::server::{
    self, Access, ErrorKind, FolderName, Login, MailboxError, Pin, Protocol, Secret, Security, Server, Step, Trust,
};
use support::{ScriptedServer, patient};

/// A server that would let anybody in.
const OPEN: &str = "
    TLS
    S: * OK ready
    C: a1 CAPABILITY
    S: * CAPABILITY IMAP4rev1
    S: a1 OK done
    C: a2 LOGIN \"ann\" \"opensesame\"
    S: a2 OK in
    C: a3 CAPABILITY
    S: * CAPABILITY IMAP4rev1
    S: a3 OK done
    C: a4 SELECT \"INBOX\"
    S: * 0 EXISTS
    S: a4 OK open";

fn open(server: &Server) -> Result<(), MailboxError> {
    let login = Login::Password {
        user: "ann".to_owned(),
        password: Secret::new("opensesame"),
    };
    server::open(server, &login, &FolderName::inbox(), Access::Full, &patient()).map(drop)
}

/// A change of a certificate.
type Change = fn(&mut CertificateParams);

fn start(change: Change) -> ScriptedServer {
    ScriptedServer::start_as(OPEN, |certificate| {
        certificate
            .distinguished_name
            .push(DnType::CommonName, "the mail server");
        certificate.not_before = date_time_ymd(2020, 1, 1);
        certificate.not_after = date_time_ymd(2090, 12, 31);
        change(certificate);
    })
}

fn of(scripted: &ScriptedServer) -> Server {
    scripted.server(Protocol::Imap, Security::Tls)
}

fn fine(_: &mut CertificateParams) {}

fn elsewhere(certificate: &mut CertificateParams) {
    certificate.subject_alt_names = ["mail", "smtp", "pop", "imap", "www"]
        .map(|name| SanType::DnsName(format!("{name}.example.com").try_into().unwrap()))
        .into();
}

fn alone(certificate: &mut CertificateParams) {
    // As `openssl req -x509` makes them.
    certificate.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

#[test]
fn a_certificate_that_is_not_trusted_is_described_and_no_login_is_sent() {
    let expired: Change = |certificate| certificate.not_after = date_time_ymd(2021, 1, 31);
    let early: Change = |certificate| certificate.not_before = date_time_ymd(2089, 1, 1);
    for (change, what, described) in [
        (expired, "it has expired", "valid from 2020-01-01 to 2021-01-31"),
        (early, "it is not valid yet", "valid from 2089-01-01 to 2090-12-31"),
        (
            elsewhere,
            "it is not for localhost",
            "for mail.example.com, smtp.example.com, pop.example.com and 2 more",
        ),
        (alone, "it is signed by nobody but itself", "signed by itself"),
    ] {
        let scripted = start(change);
        let error = open(&of(&scripted)).unwrap_err();
        assert_eq!((error.step, error.kind), (Step::Tls, ErrorKind::Certificate));
        for part in [what, "CN=the mail server", described] {
            assert!(error.reason.contains(part), "{part}: {}", error.reason);
        }
        assert!(error.hint.is_some());
        assert!(scripted.notes().is_empty());
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_is_for_nobody() {
    for trust in [Trust::Public, Trust::Key(Pin([7; 32]))] {
        let scripted = start(fine);
        let server = Server {
            trust: trust.clone(),
            ..of(&scripted)
        };
        let error = open(&server).unwrap_err();
        let (what, hint) = match trust {
            Trust::Key(_) => ("its key is not the one", "somebody is in between"),
            _ => ("issued by nobody who is trusted here", "trust its key (`sha256//"),
        };
        assert!(error.reason.contains(what), "{error}");
        assert!(error.hint.unwrap().contains(hint));
        assert!(scripted.notes().is_empty());
    }
}

#[test]
fn a_pinned_key_is_trusted_whatever_else_its_certificate_says() {
    let expired: Change = |certificate| certificate.not_after = date_time_ymd(2021, 1, 31);
    for change in [fine as Change, expired, elsewhere, alone] {
        let scripted = start(change);
        let server = Server {
            trust: Trust::Key(scripted.pin()),
            ..of(&scripted)
        };
        assert_eq!(open(&server), Ok(()));
        scripted.notes();
    }
}

#[test]
fn a_look_at_a_server_shows_its_certificate_and_sends_no_login() {
    for (change, is_doubted) in [(fine as Change, false), (elsewhere, true), (alone, true)] {
        let scripted = start(change);
        let probe = server::probe(&of(&scripted), &patient()).unwrap();
        let doubt = probe.doubt.map(|doubt| (doubt.step, doubt.kind));
        assert_eq!(doubt, is_doubted.then_some((Step::Tls, ErrorKind::Certificate)));
        assert_eq!(probe.connection.capabilities, ["IMAP4REV1"]);
        let shown = probe.certificate.unwrap();
        assert_eq!(
            (shown.subject.as_str(), shown.pin),
            ("CN=the mail server", scripted.pin())
        );
        assert_eq!(scripted.notes(), ["a1 CAPABILITY"]);
    }
}

#[test]
fn a_name_that_no_certificate_can_carry_is_refused() {
    let scripted = start(fine);
    let server = Server {
        host: "127.0.0.1".to_owned(),
        ..of(&scripted)
    };
    let error = open(&server).unwrap_err();
    assert!(error.reason.contains("it is not for 127.0.0.1"), "{error}");
    scripted.notes();
    for host in ["", "a b", "no..name", "x".repeat(300).as_str()] {
        let server = Server {
            host: host.to_owned(),
            protocol: Protocol::Imap,
            port: 993,
            security: Security::Tls,
            trust: Trust::Public,
        };
        let error = open(&server).unwrap_err();
        assert_eq!(
            (error.step, error.kind),
            (Step::Resolve, ErrorKind::Unreachable),
            "{error}"
        );
    }
}
