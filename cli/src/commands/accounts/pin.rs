//! Trusting the key that a private server shows, once, with a person's consent.

use anyhow::{Context, Result, bail};
use rebound_accounts::AccountSettings;
use rebound_mailbox::server::{Pin, Probe, Security, probe};

use super::ask;
use crate::complaints::say;

/// What came of it.
pub(super) enum Offer {
    /// The certificate is trusted as it is.
    Needless,
    /// The person says that this is the right key.
    Taken(Pin),
    /// The person does not.
    Refused,
}

/// Offers to trust the key of the server's certificate, if it is not trusted otherwise.
///
/// `trust` answers for the person. Nothing is sent but a greeting.
pub(super) async fn offer(settings: &AccountSettings, trust: bool) -> Result<Offer> {
    let server = settings
        .server()
        .context("which protocol is spoken there? Say --protocol imap or --protocol pop3")?;
    if server.security == Security::None {
        bail!("without TLS the server shows no key; --trust-key needs security \"tls\" or \"starttls\"");
    }
    let limits = settings.limits();
    let at = format!("{}:{}", server.host, server.port);
    let looked = tokio::task::spawn_blocking(move || probe(&server, &limits)).await?;
    let Probe { certificate, doubt, .. } = looked.with_context(|| format!("looking at the certificate of {at}"))?;
    let (Some(doubt), certificate) = (doubt, certificate) else {
        say(
            "note",
            format!("the certificate of {at} is trusted as it is; no key needs to be pinned"),
        );
        return Ok(Offer::Needless);
    };
    let Some(certificate) = certificate else {
        bail!("{at} shows no certificate that can be read: {doubt}");
    };
    say("note", format!("{at} shows the certificate {certificate}"));
    say("note", format!("its key is {}", certificate.pin));
    say("note", format!("it is not trusted: {}", doubt.reason));
    let question = "Is this the server's own key, now and until you change it?";
    let otherwise = "say --trust-key if this is the right key, or give the authority with --ca FILE";
    Ok(if trust || ask::yes(question, otherwise)? {
        Offer::Taken(certificate.pin)
    } else {
        Offer::Refused
    })
}
