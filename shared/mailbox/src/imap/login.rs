//! Logging in. Nothing here is reached over a connection that is not what the settings ask for.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use imap::{Authenticator, Client};
use imap_proto::Capability;

use super::ANSWER_BYTES;
use super::wire::Handle;
use crate::sasl::{Mechanism, challenge_words};
use crate::server::{ErrorKind, Limits, Login, MailboxError, Secret, Security, Step};

/// What the server can do, in capitals, sorted.
pub(super) fn capabilities(found: &imap::types::Capabilities) -> Vec<String> {
    let mut names: Vec<String> = found
        .iter()
        .map(|capability| match capability {
            Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
            Capability::Auth(mechanism) => format!("AUTH={mechanism}").to_ascii_uppercase(),
            Capability::Atom(name) => name.to_ascii_uppercase(),
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Logs in with what fits both sides, once: a second try with another mechanism would count as a second failure, and
/// providers lock accounts.
pub(super) fn log_in(
    client: Client<Handle>,
    handle: &Handle,
    offered: &[String],
    security: Security,
    login: &Login,
    limits: &Limits,
) -> Result<imap::Session<Handle>, MailboxError> {
    let mechanisms = offered.iter().filter_map(|capability| capability.strip_prefix("AUTH="));
    let mechanism = Mechanism::choose(login, mechanisms);
    handle.wire().allow(limits.command, ANSWER_BYTES);
    match (mechanism, login) {
        (Some(mechanism), _) => {
            let proof = Proof::new(mechanism, login);
            client
                .authenticate(mechanism.name(), &proof)
                .map_err(|(error, _)| proof.explain(handle.wire().refusal(Step::Login, error)))
        }
        (None, Login::Token { .. }) => Err(MailboxError::new(
            Step::Login,
            ErrorKind::Unsupported,
            "the server takes no OAuth 2 token (neither XOAUTH2 nor OAUTHBEARER)",
        )
        .with_hint("use a password, or check that this is the provider's own IMAP server")),
        (None, Login::Password { .. }) if offered.iter().any(|name| name == "LOGINDISABLED") => {
            Err(no_password(security))
        }
        (None, Login::Password { user, password }) => client
            .login(user, password.reveal())
            .map_err(|(error, _)| handle.wire().refusal(Step::Login, error)),
    }
}

/// LOGINDISABLED, RFC 3501 section 6.2.3.
fn no_password(security: Security) -> MailboxError {
    match security {
        Security::None => MailboxError::new(
            Step::Login,
            ErrorKind::Certificate,
            "the server takes no password over a connection that is not secured",
        )
        .with_hint("set `security` to tls or starttls"),
        Security::Tls | Security::StartTls => MailboxError::new(
            Step::Login,
            ErrorKind::Unsupported,
            "the server takes no password that we could send (neither AUTH=PLAIN nor LOGIN)",
        )
        .with_hint("use OAuth 2 if the provider has it"),
    }
}

/// What the crate is given to answer the server's challenges with.
struct Proof {
    mechanism: Mechanism,
    response: Secret,
    challenges: Mutex<Vec<Vec<u8>>>,
}

impl Proof {
    fn new(mechanism: Mechanism, login: &Login) -> Self {
        Self {
            mechanism,
            response: mechanism.initial_response(login),
            challenges: Mutex::default(),
        }
    }

    /// Adds what the server explained before it refused.
    fn explain(&self, mut error: MailboxError) -> MailboxError {
        let challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(explanation) = challenges.get(1).filter(|challenge| !challenge.is_empty()) {
            let words = challenge_words(BASE64.encode(explanation).as_bytes());
            error.reason = format!("{}, explaining {words}", error.reason);
        }
        if error.kind == ErrorKind::Credentials && self.mechanism != Mechanism::Plain {
            return error.with_hint(
                "the token was refused: check the user name, what the token is for (its scopes), and that IMAP is allowed \
                 for this mailbox",
            );
        }
        error
    }
}

impl Authenticator for Proof {
    type Response = Vec<u8>;

    /// The first challenge is empty, and asks for the proof. Another one says why it was not good enough, and wants an
    /// empty answer before the server refuses (RFC 7628 section 3.2.3; Google's XOAUTH2 page).
    fn process(&self, challenge: &[u8]) -> Vec<u8> {
        let mut challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = if challenges.is_empty() {
            self.response.reveal()
        } else {
            self.mechanism.farewell()
        };
        if challenges.len() < 2 {
            challenges.push(challenge.to_vec());
        }
        BASE64.decode(answer).unwrap_or_default()
    }
}
