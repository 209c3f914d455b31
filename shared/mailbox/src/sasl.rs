//! What proves who logs in, as SASL mechanisms spell it. IMAP and POP3 send the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::server::{Login, Secret, printable};

/// A way to prove who logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    /// A password, RFC 4616.
    Plain,
    /// An OAuth 2 token, RFC 7628.
    OAuthBearer,
    /// An OAuth 2 token, as Google and Microsoft spelled it before there was an RFC:
    /// <https://developers.google.com/workspace/gmail/imap/xoauth2-protocol>.
    XOAuth2,
}

impl Mechanism {
    /// The best of the `offered` ones that this login can use.
    pub(crate) fn choose<'a>(login: &Login, offered: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let usable: &[Self] = match login {
            Login::Password { .. } => &[Self::Plain],
            // The RFC's own mechanism second: it is the younger one in every server, and servers that have it have both.
            Login::Token { .. } => &[Self::XOAuth2, Self::OAuthBearer],
        };
        let offered: Vec<_> = offered.into_iter().collect();
        let is_offered = |mechanism: &Self| offered.iter().any(|name| name.eq_ignore_ascii_case(mechanism.name()));
        usable.iter().copied().find(is_offered)
    }

    /// Its registered name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    /// What the client says first, in base64.
    pub(crate) fn initial_response(self, login: &Login) -> Secret {
        let (user, secret) = match login {
            Login::Password { user, password: secret } | Login::Token { user, token: secret } => {
                (user, secret.reveal())
            }
        };
        Secret::new(STANDARD.encode(match self {
            Self::Plain => format!("\0{user}\0{secret}"),
            // In a GS2 header, `,` and `=` are separators (RFC 5801 section 4).
            Self::OAuthBearer => {
                let user = user.replace('=', "=3D").replace(',', "=2C");
                format!("n,a={user},\u{1}auth=Bearer {secret}\u{1}\u{1}")
            }
            Self::XOAuth2 => format!("user={user}\u{1}auth=Bearer {secret}\u{1}\u{1}"),
        }))
    }

    /// What the client answers when the server, having refused, explains why (`{"status":"401",…}`): something empty, on
    /// which the server then fails the exchange.
    pub(crate) fn farewell(self) -> &'static str {
        match self {
            Self::Plain | Self::XOAuth2 => "",
            Self::OAuthBearer => "AQ==", // RFC 7628 section 3.2.3: a single %x01
        }
    }
}

/// What a server's challenge says, for people.
pub(crate) fn challenge_words(challenge: &[u8]) -> String {
    match STANDARD.decode(challenge.trim_ascii()) {
        Ok(words) => printable(&words),
        Err(_) => printable(challenge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(user: &str, password: &str) -> Login {
        Login::Password {
            user: user.to_owned(),
            password: Secret::new(password),
        }
    }

    fn token(user: &str, token: &str) -> Login {
        Login::Token {
            user: user.to_owned(),
            token: Secret::new(token),
        }
    }

    #[test]
    fn the_responses_are_those_of_the_specifications() {
        // RFC 4616 section 4; Google's page; RFC 7628 section 4 without its host and port, which are optional.
        for (mechanism, login, response) in [
            (
                Mechanism::Plain,
                password("tim", "tanstaaftanstaaf"),
                "\0tim\0tanstaaftanstaaf",
            ),
            (
                Mechanism::XOAuth2,
                token("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"),
                "user=someuser@example.com\u{1}auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\u{1}\u{1}",
            ),
            (
                Mechanism::OAuthBearer,
                token("a=b,c@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="),
                "n,a=a=3Db=2Cc@example.com,\u{1}auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u{1}\u{1}",
            ),
        ] {
            let sent = mechanism.initial_response(&login);
            assert_eq!(STANDARD.decode(sent.reveal()).unwrap(), response.as_bytes());
        }
        assert_eq!(
            Mechanism::Plain.initial_response(&password("test", "test")).reveal(),
            "AHRlc3QAdGVzdA=="
        );
    }

    #[test]
    fn a_mechanism_fits_both_sides() {
        let (password, token) = (password("u", "p"), token("u", "t"));
        for (login, offered, chosen) in [
            (&password, &["XOAUTH2", "plain"][..], Some(Mechanism::Plain)),
            (&password, &["LOGIN", "CRAM-MD5"], None),
            (&token, &["PLAIN", "OAUTHBEARER", "XOAUTH2"], Some(Mechanism::XOAuth2)),
            (&token, &["PLAIN", "OAUTHBEARER"], Some(Mechanism::OAuthBearer)),
            (&token, &["PLAIN"], None),
        ] {
            assert_eq!(Mechanism::choose(login, offered.iter().copied()), chosen, "{offered:?}");
        }
    }

    #[test]
    fn a_challenge_is_read_or_repeated() {
        assert_eq!(challenge_words(b"eyJzdGF0dXMiOiI0MDEifQ=="), r#"{"status":"401"}"#);
        assert_eq!(challenge_words(b"not base64"), "not base64");
    }
}
