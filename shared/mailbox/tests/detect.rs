//! What is found out about servers, and that nothing is given away by asking.

// A test may panic, and so may what helps it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use rebound_mailbox::detect::look;
use rebound_mailbox::server::{ErrorKind, Protocol, Security, Server, Step, Trust};
use rebound_test_mail::{Door, MailServer};
use support::{ScriptedServer, hasty, patient};

#[test]
fn every_server_is_asked_at_once_and_tells_what_it_can_do() {
    let pop3s = ScriptedServer::start(
        "TLS
        S: +OK pop ready
        C: CAPA
        S: +OK
        S: UIDL
        S: SASL PLAIN XOAUTH2
        S: .",
    );
    let imaps = ScriptedServer::start(
        "TLS
        S: * OK imap ready
        C* a1 CAPABILITY
        S: * CAPABILITY IMAP4rev1 AUTH=XOAUTH2 LOGINDISABLED
        S: a1 OK done",
    );
    let pop3 = ScriptedServer::start(
        "S: +OK plain
        C: STLS
        S: +OK
        TLS
        C: CAPA
        S: -ERR",
    );
    let silent = ScriptedServer::start("stall");
    let servers = vec![
        silent.server(Protocol::Pop3, Security::Tls),
        pop3.server(Protocol::Pop3, Security::StartTls),
        pop3s.server(Protocol::Pop3, Security::Tls),
        imaps.server(Protocol::Imap, Security::Tls),
    ];
    let limits = rebound_mailbox::server::Limits {
        connect: std::time::Duration::from_secs(3),
        ..patient()
    };
    let findings = look(servers, &limits);
    let told: Vec<_> = findings
        .iter()
        .map(|finding| match &finding.outcome {
            Ok(answer) => format!(
                "{} {:?} {} {}",
                answer.probe.connection.greeting, answer.mechanisms, answer.takes_passwords, answer.takes_tokens
            ),
            Err(error) => format!("{:?} {:?}", error.step, error.kind),
        })
        .collect();
    assert_eq!(
        told,
        [
            r#"imap ready ["XOAUTH2"] false true"#,
            r#"pop ready ["PLAIN", "XOAUTH2"] true true"#,
            r"plain [] true false",
            "Tls TimedOut",
        ]
    );
    let best = findings[0].outcome.as_ref().unwrap();
    assert!(
        best.probe
            .certificate
            .as_ref()
            .unwrap()
            .names
            .contains(&"localhost".to_owned())
    );
    assert!(best.probe.connection.tls.is_some());
    assert!(findings[2].is_usable() && !findings[3].is_usable());
    for server in [pop3s, imaps, pop3] {
        server.notes();
    }
}

#[test]
fn all_doors_of_a_real_server_are_found_the_best_first() {
    use Protocol::{Imap, Pop3};
    use Security::{StartTls, Tls};
    let Some(dovecot) = MailServer::dovecot() else { return };
    let doors = [
        (Pop3, StartTls, Door::Pop3),
        (Imap, StartTls, Door::Imap),
        (Pop3, Tls, Door::Pop3s),
        (Imap, Tls, Door::Imaps),
    ];
    let servers = doors.map(|(protocol, security, door)| Server {
        protocol,
        host: dovecot.host().to_owned(),
        port: dovecot.port(door),
        security,
        trust: Trust::Authorities(std::fs::read_to_string(dovecot.authority()).unwrap()),
    });
    let findings = look(servers.to_vec(), &patient());
    let order: Vec<_> = findings
        .iter()
        .map(|finding| (finding.server.protocol, finding.server.security))
        .collect();
    assert_eq!(order, [(Imap, Tls), (Pop3, Tls), (Imap, StartTls), (Pop3, StartTls)]);
    for finding in findings {
        assert!(finding.is_usable(), "{finding:?}");
        let answer = finding.outcome.unwrap();
        assert!(answer.takes_passwords && answer.takes_tokens, "{answer:?}");
    }
}

#[test]
fn a_certificate_that_is_not_trusted_is_told_with_its_pin_and_is_no_way_in() {
    let server = ScriptedServer::start("TLS\nS: +OK\nC: CAPA\nS: -ERR");
    let mut address = server.server(Protocol::Pop3, Security::Tls);
    address.trust = Trust::Public;
    let findings = look(vec![address.clone()], &patient());
    let answer = findings[0].outcome.as_ref().unwrap();
    let doubt = answer.probe.doubt.as_ref().unwrap();
    assert_eq!((doubt.step, doubt.kind), (Step::Tls, ErrorKind::Certificate));
    assert!(!findings[0].is_usable());
    server.notes();
    let pin = answer.probe.certificate.as_ref().unwrap().pin;
    assert!(doubt.hint.as_ref().unwrap().contains(&pin.to_string()));
}

#[test]
fn hostile_servers_end_soon_each_with_its_error() {
    let scripts = [
        ("flood: +OK", ErrorKind::Protocol),
        ("drip: +OK", ErrorKind::TimedOut),
        ("S: +OK\nstall", ErrorKind::TimedOut),
        ("S: * OK imap", ErrorKind::Protocol),
        ("close", ErrorKind::Lost),
        ("S: +OK\nC: CAPA\nflood: x", ErrorKind::Protocol),
    ];
    for (script, kind) in scripts {
        let server = ScriptedServer::start(script);
        let findings = look(vec![server.server(Protocol::Pop3, Security::None)], &hasty());
        assert_eq!(findings[0].outcome.as_ref().unwrap_err().kind, kind, "{script}");
        for note in server.notes() {
            assert!(["CAPA", ""].contains(&note.as_str()), "{script}: {note}");
        }
    }
}
