//! Why there is no token.

use rebound_mailbox::server::{ErrorKind, Secret};

use super::http::Trouble;
use crate::{Grant, OAuth, TokenUrl};

/// The most characters that are repeated of an endpoint's words.
const MAX_WORDS: usize = 400;

/// What a token endpoint, or the way to it, refused or broke. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no access token from {endpoint}: {reason}")]
pub struct TokenError {
    /// The endpoint's host.
    pub endpoint: String,
    /// What kind of trouble it is, in the words of the mailbox that it would have opened.
    pub kind: ErrorKind,
    /// What happened, with the endpoint's own words where it said any.
    pub reason: String,
    /// What may be done about it, where that is known.
    pub hint: Option<String>,
}

impl TokenError {
    /// Whether trying again later may help without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        self.kind.is_retryable()
    }
}

/// What was asked of whom.
pub(super) struct Asked<'a> {
    url: &'a TokenUrl,
    grant: &'a Grant,
}

impl<'a> Asked<'a> {
    pub(super) fn new(oauth: &'a OAuth) -> Self {
        Self {
            url: &oauth.token_url,
            grant: &oauth.grant,
        }
    }

    /// The settings make no request.
    pub(super) fn unusable(&self, reason: String) -> TokenError {
        self.error(ErrorKind::Credentials, reason)
    }

    pub(super) fn not_answered(&self, trouble: Trouble) -> TokenError {
        let (kind, reason) = match trouble {
            Trouble::NoAuthorities(why) => (
                ErrorKind::Certificate,
                format!("this machine has no list of certificate authorities: {why}"),
            ),
            Trouble::Unreachable(why) => (ErrorKind::Unreachable, format!("it cannot be reached: {why}")),
            Trouble::TimedOut => (ErrorKind::TimedOut, "it took too long to answer".to_owned()),
            Trouble::TooLong => (ErrorKind::Protocol, "its answer is too long for a token".to_owned()),
        };
        self.error(kind, reason)
    }

    /// It answered with something else than a token or a refusal.
    pub(super) fn unclear(&self, what: &str) -> TokenError {
        self.error(ErrorKind::Protocol, format!("it gave {what}"))
            .with_hint("is `token_url` the address of a token endpoint?")
    }

    /// It said no, RFC 6749 section 5.2.
    pub(super) fn refused(&self, status: u16, code: &str, words: Option<&str>) -> TokenError {
        let kind = match (status, code) {
            (429 | 500.., _) | (_, "temporarily_unavailable" | "server_error") => ErrorKind::Unavailable,
            (
                _,
                "invalid_grant"
                | "invalid_client"
                | "unauthorized_client"
                | "access_denied"
                | "interaction_required"
                | "invalid_scope"
                | "unsupported_grant_type"
                | "invalid_request",
            ) => ErrorKind::Credentials,
            _ => ErrorKind::Protocol,
        };
        let said = match (self.printable(code), words.map(|words| self.printable(words))) {
            (code, _) if code.is_empty() => "without a reason".to_owned(),
            (code, None) => code,
            (code, Some(words)) => format!("{code}: {words}"),
        };
        let error = self.error(kind, format!("it refused (status {status}), {said}"));
        match self.remedy(kind, code) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    fn remedy(&self, kind: ErrorKind, code: &str) -> Option<&'static str> {
        if kind == ErrorKind::Protocol {
            return Some("is `token_url` the address of a token endpoint?");
        }
        Some(match (code, self.grant) {
            ("invalid_grant" | "interaction_required", Grant::RefreshToken { .. }) => {
                "the consent has ended (withdrawn, password changed, too long unused): let the person consent again and \
                 set refresh_token to what that gives"
            }
            ("invalid_grant", Grant::ServiceAccount { .. }) => {
                "check that `subject` is a mailbox of the domain, that the key has not been removed, and this machine's \
                 clock"
            }
            ("invalid_client", _) => {
                "check client_id and client_secret (the secret's value, not its id); the secret may have expired"
            }
            ("unauthorized_client", Grant::ServiceAccount { .. }) => {
                "in Google's admin console, allow the service account's client id domain-wide delegation for the scope \
                 https://mail.google.com/"
            }
            ("unauthorized_client", _) => {
                "check client_id and tenant, and that the application may do this kind of login"
            }
            ("access_denied", _) => "somebody has to consent to the application first, often an administrator",
            ("invalid_scope", _) => "check `scope`, and that the application was given access to mail",
            ("unsupported_grant_type" | "invalid_request", _) => {
                "check which of refresh_token, client_secret and service_account this provider takes"
            }
            _ => return None,
        })
    }

    fn error(&self, kind: ErrorKind, reason: String) -> TokenError {
        TokenError {
            endpoint: self.url.host().to_owned(),
            kind,
            reason,
            hint: None,
        }
    }

    /// A stranger's words on one line, without what he may have learnt from us.
    fn printable(&self, words: &str) -> String {
        let mut words = words.to_owned();
        for secret in self.secrets().into_iter().flatten() {
            words = words.replace(secret.reveal(), "***");
        }
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let line: String = words.chars().map(plain).take(MAX_WORDS).collect();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn secrets(&self) -> [Option<&Secret>; 2] {
        match self.grant {
            Grant::RefreshToken {
                client_secret,
                refresh_token,
                ..
            } => [client_secret.as_ref(), Some(refresh_token)],
            Grant::ClientCredentials { client_secret, .. } => [Some(client_secret), None],
            Grant::ServiceAccount { .. } => [None, None],
        }
    }
}

impl TokenError {
    fn with_hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }
}
