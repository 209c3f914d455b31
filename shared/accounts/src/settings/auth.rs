//! What an account logs in with.

use std::fmt;
use std::net::IpAddr;

use rebound_mailbox::server::{Protocol, Secret};
use serde::Deserialize;

/// What an account logs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// A password.
    Password(Secret),
    /// An OAuth 2 access token, which is fetched when it is needed.
    OAuth(OAuth),
}

/// Where access tokens are had, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth {
    /// The token endpoint, RFC 6749 section 3.2.
    pub token_url: TokenUrl,
    /// What is asked for, RFC 6749 section 3.3; `None` means what was consented to.
    pub scope: Option<String>,
    /// What is shown for it.
    pub grant: Grant,
}

/// What a token is given for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// What a person's consent gave, RFC 6749 section 6.
    RefreshToken {
        /// The application that the person consented to.
        client_id: String,
        /// Its secret; public applications have none.
        client_secret: Option<Secret>,
        /// The token.
        refresh_token: Secret,
    },
    /// The application itself, RFC 6749 section 4.4. At Microsoft an administrator consents to it.
    ClientCredentials {
        /// The application.
        client_id: String,
        /// Its secret.
        client_secret: Secret,
    },
    /// A service account that may act for the users of a domain at Google, RFC 7523 section 2.1.
    ServiceAccount {
        /// Its key.
        key: ServiceAccountKey,
        /// Whose mailbox it opens.
        subject: String,
    },
}

/// Who gives out tokens, where that is a well-known one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Microsoft 365 and Outlook.com.
    Microsoft,
    /// Google Workspace and Gmail.
    Google,
}

impl Provider {
    /// Its mail server.
    pub fn host(self, protocol: Option<Protocol>) -> &'static str {
        match (self, protocol) {
            (Self::Microsoft, _) => "outlook.office365.com",
            (Self::Google, Some(Protocol::Pop3)) => "pop.gmail.com",
            (Self::Google, _) => "imap.gmail.com",
        }
    }

    /// Its token endpoint, for a tenant where it has them.
    pub(super) fn token_url(self, tenant: &str) -> String {
        match self {
            Self::Microsoft => format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"),
            Self::Google => "https://oauth2.googleapis.com/token".to_owned(),
        }
    }

    /// What it calls access to mail.
    pub(super) fn scope(self, grant: &Grant, protocol: Option<Protocol>) -> Option<String> {
        let scope = match (self, grant, protocol) {
            (Self::Microsoft, Grant::ClientCredentials { .. }, _) => "https://outlook.office365.com/.default",
            (Self::Microsoft, _, Some(Protocol::Pop3)) => {
                "https://outlook.office.com/POP.AccessAsUser.All offline_access"
            }
            (Self::Microsoft, ..) => "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
            (Self::Google, Grant::ServiceAccount { .. }, _) => "https://mail.google.com/",
            // What was consented to.
            (Self::Google, ..) => return None,
        };
        Some(scope.to_owned())
    }
}

/// The address of a token endpoint: `https`, or `http` to this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUrl(String);

impl TokenUrl {
    /// The address `url`, if secrets may be sent there.
    pub fn new(url: impl Into<String>) -> Option<Self> {
        let url = url.into();
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?']).next()?;
        let plain = url.bytes().all(|byte| byte.is_ascii_graphic()) && !url.contains(['@', '#', '\\']);
        let usable = match scheme {
            "https" => !authority.is_empty(),
            "http" => is_loopback(authority),
            _ => false,
        };
        (plain && usable).then_some(Self(url))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its host and port, for messages: queries and paths may name a tenant, but hold no secret either.
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        rest.split(['/', '?']).next().unwrap_or_default()
    }
}

impl fmt::Display for TokenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The key of a service account at Google, as its console hands it out in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccountKey {
    /// The account.
    pub client_email: String,
    /// Which of its keys this is.
    pub private_key_id: Option<String>,
    /// The key: PKCS #8 in PEM.
    pub private_key: Secret,
    /// Where its tokens are had.
    pub token_uri: Option<TokenUrl>,
}

impl ServiceAccountKey {
    /// Reads the JSON; `None` when it is no key of a service account.
    pub fn parse(json: &str) -> Option<Self> {
        let key: KeyFile = serde_json::from_str(json).ok()?;
        let usable = key.client_email.contains('@') && key.private_key.contains("-----BEGIN PRIVATE KEY-----");
        usable.then(|| Self {
            client_email: key.client_email,
            private_key_id: key.private_key_id,
            private_key: Secret::new(key.private_key),
            token_uri: key.token_uri.and_then(TokenUrl::new),
        })
    }
}

#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_https_or_nowhere_but_this_machine() {
        for good in [
            "https://login.example.com/token",
            "https://login.example.com:8443/t?x=1",
            "http://127.0.0.1:8080/token",
            "http://[::1]:8080/token",
            "http://localhost/token",
        ] {
            assert_eq!(TokenUrl::new(good).as_ref().map(TokenUrl::as_str), Some(good));
        }
        for bad in [
            "",
            "login.example.com/token",
            "http://login.example.com/token",
            "http://127.0.0.1.example.com/token",
            "http://localhost.example.com/token",
            "http://127.0.0.1@example.com/token",
            "http://[::1]@example.com/",
            "https:///token",
            "https://ann:secret@example.com/token",
            "https://example.com/a b",
            "https://example.com/\r\nX: y",
            "ftp://example.com/",
        ] {
            assert_eq!(TokenUrl::new(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_a_key_of_a_service_account_is_one() {
        let key = |email: &str, pem: &str| format!(r#"{{"client_email": "{email}", "private_key": "{pem}"}}"#);
        let pem = r"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";
        let read = ServiceAccountKey::parse(&key("robot@project.example", pem)).expect("a key");
        assert_eq!(read.client_email, "robot@project.example");
        assert!(!format!("{read:?}").contains("AA=="));
        for bad in [
            String::new(),
            "[]".to_owned(),
            key("robot", pem),
            key("robot@project.example", "AA=="),
        ] {
            assert_eq!(ServiceAccountKey::parse(&bad), None);
        }
    }
}
