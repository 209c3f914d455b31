//! Finding out how a mailbox is reached, from its address or the name of its server.
//!
//! [`detect`] tries what is likely, all at once, and reports what answers and how. It can't send a credential: it is
//! given none. Known providers are looked up in a table; for others the names are guessed that servers usually have.
//! Neither SRV records (RFC 6186) nor MX records are asked, as the system's resolver gives only addresses: for a domain
//! of one's own at a large provider, name that provider's server.

mod providers;

use std::thread;
use std::time::Duration;

pub use providers::{Proof, Provider};

use crate::net::{ascii, literal};
use crate::server::{
    ErrorKind, Limits, MailboxError, Probe, Protocol, Security, Server, Step, Trust, printable, probe,
};

/// Limits for looking: enough for a slow server, and no longer than people wait.
pub const LIMITS: Limits = Limits {
    connect: Duration::from_secs(6),
    command: Duration::from_secs(10),
    per_megabyte: Duration::ZERO,
    message_bytes: 0,
};

/// What was found out about an address or a server.
#[derive(Clone, Debug)]
pub struct Detection {
    /// The domain of the address, or the name of the server, as DNS spells it.
    pub name: String,
    /// The provider whose it is, if it is a known one.
    pub provider: Option<&'static Provider>,
    /// Every server that was tried, the best one first.
    pub findings: Vec<Finding>,
}

/// What came of trying a server.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The server, and how it was tried.
    pub server: Server,
    /// What it says, or why it says nothing.
    pub outcome: Result<Answer, MailboxError>,
}

/// What a server says to somebody who does not log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it was reached, its certificate, and its words.
    pub probe: Probe,
    /// Its SASL mechanisms, in capitals (`PLAIN`, `XOAUTH2`).
    pub mechanisms: Vec<String>,
    /// Whether it lets in whoever knows a password.
    pub takes_passwords: bool,
    /// Whether it lets in whoever has an OAuth 2 token.
    pub takes_tokens: bool,
}

impl Detection {
    /// The best server that can be used as it is: it answers, its certificate is trusted, and it lets somebody in.
    pub fn best(&self) -> Option<&Finding> {
        self.findings.first().filter(|finding| finding.is_usable())
    }
}

impl Finding {
    /// Whether the server can be used as it was tried.
    pub fn is_usable(&self) -> bool {
        self.outcome
            .as_ref()
            .is_ok_and(|answer| answer.probe.doubt.is_none() && answer.lets_somebody_in())
    }

    /// What can be used comes first, then what only has a certificate that is not trusted; TLS from the first byte
    /// before STARTTLS (RFC 8314 section 3), IMAP before POP3.
    fn preference(&self) -> impl Ord + use<> {
        let answer = match &self.outcome {
            Ok(_) if self.is_usable() => 0,
            Ok(answer) if answer.lets_somebody_in() => 1,
            Ok(_) => 2,
            Err(error) if error.step > Step::Connect => 3,
            Err(_) => 4,
        };
        (
            answer,
            self.server.security != Security::Tls,
            self.server.protocol != Protocol::Imap,
        )
    }
}

impl Answer {
    fn new(protocol: Protocol, probe: Probe) -> Self {
        let capabilities = &probe.connection.capabilities;
        let has = |name: &str| capabilities.iter().any(|capability| capability == name);
        let mechanisms: Vec<String> = match protocol {
            Protocol::Imap => capabilities
                .iter()
                .filter_map(|line| line.strip_prefix("AUTH="))
                .map(str::to_owned)
                .collect(),
            Protocol::Pop3 => capabilities
                .iter()
                .filter_map(|line| line.strip_prefix("SASL "))
                .flat_map(str::split_ascii_whitespace)
                .map(str::to_owned)
                .collect(),
        };
        let offers = |name: &str| mechanisms.iter().any(|mechanism| mechanism == name);
        let takes_passwords = offers("PLAIN")
            || match protocol {
                Protocol::Imap => !has("LOGINDISABLED"),
                // One that lists nothing about logging in knows USER and PASS.
                Protocol::Pop3 => has("USER") || !capabilities.iter().any(|line| line.starts_with("SASL")),
            };
        let takes_tokens = offers("XOAUTH2") || offers("OAUTHBEARER");
        Self {
            probe,
            mechanisms,
            takes_passwords,
            takes_tokens,
        }
    }

    fn lets_somebody_in(&self) -> bool {
        self.takes_passwords || self.takes_tokens
    }
}

/// Finds out how the mailbox of an address, or on a server, is reached. It takes no longer than one server may take by
/// `limits` ([`LIMITS`] are meant for this).
///
/// It fails only where nothing can be called so; that nobody answers is a finding.
pub fn detect(host_or_address: &str, limits: &Limits) -> Result<Detection, MailboxError> {
    let name = name_of(host_or_address).ok_or_else(|| {
        let reason = format!("nothing can be called {:?}", printable(host_or_address.as_bytes()));
        MailboxError::new(Step::Resolve, ErrorKind::Unreachable, reason)
            .with_hint("give an address, as ann@example.com, or the name of a server, as imap.example.com")
    })?;
    let provider = Provider::of(&name);
    let candidates = match provider {
        Some(provider) => provider.servers().collect(),
        None => candidates(&name),
    };
    Ok(Detection {
        name,
        provider,
        findings: look(candidates, limits),
    })
}

/// Tries servers, all at once, and gives what each says, the best one first; among equals, those named first.
pub fn look(servers: Vec<Server>, limits: &Limits) -> Vec<Finding> {
    let mut findings: Vec<Finding> = thread::scope(|scope| {
        let looks: Vec<_> = servers
            .into_iter()
            .map(|server| {
                let asked = server.clone();
                let look = thread::Builder::new()
                    .name("detect".to_owned())
                    .spawn_scoped(scope, move || probe(&asked, limits));
                (server, look)
            })
            .collect();
        looks
            .into_iter()
            .map(|(server, look)| {
                let found = look.ok().and_then(|look| look.join().ok()).unwrap_or_else(|| {
                    let reason = "it could not be tried: this machine gives no thread";
                    Err(MailboxError::new(Step::Resolve, ErrorKind::Unavailable, reason))
                });
                let outcome = found.map(|probe| Answer::new(server.protocol, probe));
                Finding { server, outcome }
            })
            .collect()
    });
    findings.sort_by_cached_key(Finding::preference);
    findings
}

/// The domain of an address, or the name of a server, as DNS spells it.
fn name_of(host_or_address: &str) -> Option<String> {
    let name = host_or_address.trim();
    let name = name.rsplit_once('@').map_or(name, |(_, domain)| domain);
    let name = name.trim_end_matches(['.', '>']);
    if literal(name).is_some() {
        return Some(name.to_owned());
    }
    let name = ascii(name)?;
    let is_name = |label: &str| {
        let usable = label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        usable && (1..=63).contains(&label.len())
    };
    (name.len() <= 253 && name.split('.').all(is_name)).then_some(name)
}

/// What a server of this name, or for addresses of this domain, is usually called, and where it listens.
fn candidates(name: &str) -> Vec<Server> {
    use Protocol::{Imap, Pop3};
    let mut hosts = vec![(name.to_owned(), &[Imap, Pop3][..])];
    if literal(name).is_none() {
        hosts.extend([
            (format!("imap.{name}"), &[Imap][..]),
            (format!("pop.{name}"), &[Pop3][..]),
            (format!("mail.{name}"), &[Imap, Pop3][..]),
        ]);
    }
    let mut servers = Vec::new();
    for (host, protocols) in hosts {
        for &protocol in protocols {
            for security in [Security::Tls, Security::StartTls] {
                servers.push(Server {
                    protocol,
                    host: host.clone(),
                    port: protocol.usual_port(security),
                    security,
                    trust: Trust::Public,
                });
            }
        }
    }
    servers
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;
    use crate::server::Connection;

    fn answer(protocol: Protocol, capabilities: &[&str]) -> Answer {
        let probe = Probe {
            connection: Connection {
                peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 993)),
                tls: None,
                greeting: String::new(),
                capabilities: capabilities.iter().map(|&capability| capability.to_owned()).collect(),
            },
            certificate: None,
            doubt: None,
        };
        Answer::new(protocol, probe)
    }

    #[test]
    fn the_name_is_taken_from_whatever_people_write() {
        for (written, name) in [
            ("ann@example.com", Some("example.com")),
            (" Ann <ann@Example.COM> ", Some("example.com")),
            ("mail.example.com.", Some("mail.example.com")),
            ("ann@b\u{fc}cher.example", Some("xn--bcher-kva.example")),
            ("192.0.2.1", Some("192.0.2.1")),
            ("::1", Some("::1")),
            ("localhost", Some("localhost")),
            ("", None),
            ("ann@", None),
            ("example..com", None),
            ("exam ple.com", None),
            ("example.com/imap", None),
        ] {
            assert_eq!(name_of(written).as_deref(), name, "{written}");
        }
        assert!(detect("ann@", &LIMITS).is_err());
    }

    #[test]
    fn the_usual_names_and_doors_are_tried() {
        let tried: Vec<_> = candidates("example.com")
            .iter()
            .map(|server| format!("{}:{}", server.host, server.port))
            .collect();
        assert_eq!(
            tried,
            [
                "example.com:993",
                "example.com:143",
                "example.com:995",
                "example.com:110",
                "imap.example.com:993",
                "imap.example.com:143",
                "pop.example.com:995",
                "pop.example.com:110",
                "mail.example.com:993",
                "mail.example.com:143",
                "mail.example.com:995",
                "mail.example.com:110",
            ]
        );
        assert_eq!(candidates("192.0.2.1").len(), 4);
        assert!(
            candidates("example.com")
                .iter()
                .all(|server| server.security != Security::None)
        );
    }

    #[test]
    fn who_is_let_in_is_read_from_the_capabilities() {
        use Protocol::{Imap, Pop3};
        for (protocol, capabilities, passwords, tokens, mechanisms) in [
            (Imap, &["IMAP4REV1"][..], true, false, &[][..]),
            (Imap, &["LOGINDISABLED"], false, false, &[]),
            (Imap, &["LOGINDISABLED", "AUTH=XOAUTH2"], false, true, &["XOAUTH2"]),
            (
                Imap,
                &["AUTH=PLAIN", "AUTH=OAUTHBEARER"],
                true,
                true,
                &["PLAIN", "OAUTHBEARER"],
            ),
            (Pop3, &["USER", "UIDL"], true, false, &[]),
            (Pop3, &[], true, false, &[]),
            (Pop3, &["SASL"], false, false, &[]),
            (Pop3, &["SASL XOAUTH2"], false, true, &["XOAUTH2"]),
            (Pop3, &["SASL PLAIN LOGIN"], true, false, &["PLAIN", "LOGIN"]),
        ] {
            let answer = answer(protocol, capabilities);
            assert_eq!(
                (answer.takes_passwords, answer.takes_tokens),
                (passwords, tokens),
                "{capabilities:?}"
            );
            assert_eq!(answer.mechanisms, mechanisms);
        }
    }

    #[test]
    fn what_can_be_used_comes_first_then_tls_then_imap() {
        use Protocol::{Imap, Pop3};
        use Security::{StartTls, Tls};
        let error = |step| MailboxError::new(step, ErrorKind::Unreachable, "");
        let mut doubtful = answer(Imap, &[]);
        doubtful.probe.doubt = Some(error(Step::Tls));
        let mut findings: Vec<_> = [
            ("nobody there", Imap, Tls, Err(error(Step::Connect))),
            ("no TLS", Imap, Tls, Err(error(Step::Tls))),
            ("nobody let in", Imap, Tls, Ok(answer(Imap, &["LOGINDISABLED"]))),
            ("doubtful", Imap, Tls, Ok(doubtful)),
            ("POP3 with STLS", Pop3, StartTls, Ok(answer(Pop3, &[]))),
            ("IMAP with STARTTLS", Imap, StartTls, Ok(answer(Imap, &[]))),
            ("POP3", Pop3, Tls, Ok(answer(Pop3, &[]))),
            ("IMAP", Imap, Tls, Ok(answer(Imap, &[]))),
        ]
        .into_iter()
        .map(|(host, protocol, security, outcome)| Finding {
            server: Server {
                protocol,
                host: host.to_owned(),
                port: 0,
                security,
                trust: Trust::Public,
            },
            outcome,
        })
        .collect();
        findings.sort_by_cached_key(Finding::preference);
        let order: Vec<_> = findings.iter().map(|finding| finding.server.host.as_str()).collect();
        assert_eq!(
            order,
            [
                "IMAP",
                "POP3",
                "IMAP with STARTTLS",
                "POP3 with STLS",
                "doubtful",
                "nobody let in",
                "no TLS",
                "nobody there",
            ]
        );
    }
}
