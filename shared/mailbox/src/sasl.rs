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

/// A server's words without the secret that it was told, in whatever form: some repeat a command that they don't like.
pub(crate) fn without_secret(words: &str, login: &Login) -> String {
    const MASK: &str = "***";
    // Fewer letters than this give nothing away, and stand in many a sentence.
    const MIN_LETTERS: usize = 4;
    let (secret, mechanisms) = match login {
        Login::Password { password, .. } => (password, &[Mechanism::Plain][..]),
        Login::Token { token, .. } => (token, &[Mechanism::XOAuth2, Mechanism::OAuthBearer][..]),
    };
    let responses = mechanisms.iter().map(|mechanism| mechanism.initial_response(login));
    let mut words = words.to_owned();
    for form in responses.chain([secret.clone()]) {
        let form = printable(form.reveal().as_bytes());
        let form = form.trim_end_matches('…');
        if form.is_empty() {
            continue;
        }
        words = words.replace(form, MASK);
        // Long words are cut, and the cut may go through the secret.
        if let Some(cut) = words.strip_suffix('…') {
            let beginnings = form
                .char_indices()
                .map(|(end, _)| form.split_at(end).0)
                .skip(MIN_LETTERS);
            let longest = beginnings.filter(|beginning| cut.ends_with(beginning)).last();
            if let Some(kept) = longest.and_then(|beginning| cut.strip_suffix(beginning)) {
                words = format!("{kept}{MASK}…");
            }
        }
    }
    words
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
    fn a_secret_that_a_server_repeats_is_masked() {
        let login = password("ann", "opensesame");
        for (said, told) in [
            ("unknown command: PASS opensesame", "unknown command: PASS ***"),
            ("AUTH PLAIN AGFubgBvcGVuc2VzYW1l?", "AUTH PLAIN ***?"),
            ("what is opens…", "what is ***…"),
            ("what is open", "what is open"),
            ("what is ope…", "what is ope…"),
            ("ann is locked", "ann is locked"),
        ] {
            assert_eq!(without_secret(said, &login), told);
        }
        let long = "x".repeat(2_000);
        let said = printable(format!("no such token: {long}").as_bytes());
        assert_eq!(without_secret(&said, &token("ann", &long)), "no such token: ***…");
        assert_eq!(without_secret("no", &password("", "")), "no");
    }

    #[test]
    fn a_challenge_is_read_or_repeated() {
        assert_eq!(challenge_words(b"eyJzdGF0dXMiOiI0MDEifQ=="), r#"{"status":"401"}"#);
        assert_eq!(challenge_words(b"not base64"), "not base64");
    }
}
