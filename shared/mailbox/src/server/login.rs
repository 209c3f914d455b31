//! Who logs in, and with what.

use std::fmt;

/// A login that is ready to be sent.
#[derive(Clone, Debug)]
pub enum Login {
    /// A password: IMAP's AUTHENTICATE PLAIN or LOGIN, POP3's AUTH PLAIN or USER and PASS.
    Password {
        /// Who logs in.
        user: String,
        /// Their password.
        password: Secret,
    },
    /// An OAuth 2 access token: SASL OAUTHBEARER (RFC 7628) or XOAUTH2, whichever the server offers.
    Token {
        /// Who logs in.
        user: String,
        /// Their access token.
        token: Secret,
    },
}

impl Login {
    /// Who logs in.
    pub fn user(&self) -> &str {
        match self {
            Self::Password { user, .. } | Self::Token { user, .. } => user,
        }
    }
}

/// Words that nobody may see: it prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `words`.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// The words themselves, for the wire only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let login = Login::Password {
            user: "ann".to_owned(),
            password: Secret::new("opensesame"),
        };
        assert_eq!(format!("{login:?}"), "Password { user: \"ann\", password: *** }");
    }
}
