//! Finding out how a mailbox is reached.

use anyhow::Result;
use rebound_mailbox::detect::{Finding, LIMITS, Proof, detect as look_for};
use rebound_mailbox::server::{Protocol, Security};
use serde::Serialize;

use super::open::blocking;
use crate::args::RowFormat;
use crate::complaints::say;
use crate::outcome::Outcome;
use crate::output::print_rows;

/// Tries the usual servers and ports of an address or a host, and prints what answers. Sends no password: it has none.
pub(super) async fn detect(host_or_address: String, format: RowFormat) -> Result<Outcome> {
    let asked = host_or_address.clone();
    let detection = blocking(move || look_for(&asked, &LIMITS)).await?;
    let rows: Vec<Row> = detection.findings.iter().map(Row::new).collect();
    print_rows(
        &rows,
        format,
        ["SERVER", "PORT", "PROTOCOL", "SECURITY", "", "WHAT IT SAYS"],
        |row| {
            let verdict = match (row.usable, row.answers) {
                (true, _) => "usable",
                (false, true) => "answers",
                (false, false) => "no",
            };
            [
                row.host.as_str(),
                &row.at,
                row.protocol,
                row.security,
                verdict,
                &row.says,
            ]
        },
    )?;
    if let Some(provider) = detection.provider {
        let proofs: Vec<_> = provider
            .proofs
            .iter()
            .map(|proof| match proof {
                Proof::Password => "a password",
                Proof::AppPassword => "an app password",
                Proof::OAuth2 => "OAuth 2",
            })
            .collect();
        let note = provider.note.map(|note| format!("; {note}")).unwrap_or_default();
        say(
            "note",
            format!("this is {}, which takes {}{note}", provider.name, proofs.join(" or ")),
        );
    }
    let Some(best) = detection.best() else {
        say(
            "error",
            format!("found no server for {host_or_address} that can be used as it is"),
        );
        return Ok(Outcome::Incomplete);
    };
    let best = Row::new(best);
    let mut command = format!(
        "rebound accounts add NAME --host {} --protocol {}",
        best.host, best.protocol
    );
    if best.security != "tls" {
        command.push_str(" --security ");
        command.push_str(best.security);
    }
    command.push_str(" --user ");
    command.push_str(if host_or_address.contains('@') {
        host_or_address.trim()
    } else {
        "USER"
    });
    say("hint", command);
    Ok(Outcome::Done)
}

#[derive(Debug, Serialize)]
struct Row {
    host: String,
    port: u16,
    protocol: &'static str,
    security: &'static str,
    /// Whether anybody speaks the protocol there.
    answers: bool,
    /// Whether it can be used as it is: trusted, and letting somebody in.
    usable: bool,
    takes_passwords: Option<bool>,
    takes_tokens: Option<bool>,
    certificate: Option<String>,
    /// The key to pin where no authority vouches for it.
    pin: Option<String>,
    /// What is wrong, or the greeting.
    says: String,
    #[serde(skip)]
    at: String,
}

impl Row {
    fn new(finding: &Finding) -> Self {
        let server = &finding.server;
        let answer = finding.outcome.as_ref().ok();
        let probe = answer.map(|answer| &answer.probe);
        let certificate = probe.and_then(|probe| probe.certificate.as_ref());
        let says = match &finding.outcome {
            Err(error) => error.to_string(),
            Ok(answer) => match &answer.probe.doubt {
                Some(doubt) => doubt.reason.clone(),
                None => answer.probe.connection.greeting.clone(),
            },
        };
        Self {
            host: server.host.clone(),
            port: server.port,
            protocol: match server.protocol {
                Protocol::Imap => "imap",
                Protocol::Pop3 => "pop3",
            },
            security: match server.security {
                Security::Tls => "tls",
                Security::StartTls => "starttls",
                Security::None => "none",
            },
            answers: answer.is_some(),
            usable: finding.is_usable(),
            takes_passwords: answer.map(|answer| answer.takes_passwords),
            takes_tokens: answer.map(|answer| answer.takes_tokens),
            certificate: certificate.map(ToString::to_string),
            pin: certificate.map(|certificate| certificate.pin.to_string()),
            says,
            at: server.port.to_string(),
        }
    }
}
