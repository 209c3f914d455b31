//! Access tokens: OAuth 2.0, RFC 6749.
//!
//! What is shown for a token is sent to its endpoint over TLS, or to this machine, and nowhere else: redirections are
//! not followed. What the endpoint says is believed only as far as it goes: its size, its time and its token are limited.

mod assertion;
mod error;
mod http;

use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rebound_mailbox::server::Secret;
use serde::Deserialize;
use serde_json::Value;

pub use error::TokenError;

use crate::{Grant, OAuth};
use error::Asked;
use http::{Answer, Http};

/// How long before its end a token is no longer used: a session that begins with it may last.
const EARLY: SignedDuration = SignedDuration::from_mins(5);

/// How long a token is used whose endpoint does not say.
const ASSUMED_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// The longest lifetime that an endpoint is believed, in seconds: a week. Nobody gives out tokens for longer than a day.
const LONGEST_LIFETIME_SECONDS: u64 = 7 * 24 * 3600;

/// The longest token in bytes: Microsoft's have 3,000; a mail server takes no more in one line.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// What stands for something else in a form: all but the unreserved characters of RFC 3986 section 2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Asks token endpoints. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct TokenClient {
    http: Http,
}

/// What an endpoint gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// What a mail server takes.
    pub token: AccessToken,
    /// The refresh token that replaces the one that was shown, when the endpoint gave another.
    pub new_refresh_token: Option<Secret>,
}

/// What a mail server takes for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// The token.
    pub secret: Secret,
    /// The moment from which another should be fetched, which is some minutes before the server refuses it.
    pub use_until: Timestamp,
}

impl TokenClient {
    /// Asks for a token; `now` dates what has a date.
    pub async fn fetch(&self, oauth: &OAuth, now: Timestamp) -> Result<Granted, TokenError> {
        let asked = Asked::new(oauth);
        let form = form(oauth, now).map_err(|reason| asked.unusable(reason))?;
        let Answer { status, body } = self
            .http
            .post(&oauth.token_url, form)
            .await
            .map_err(|trouble| asked.not_answered(trouble))?;
        if status != 200 {
            let refusal: Refusal = serde_json::from_slice(&body).unwrap_or_default();
            return Err(asked.refused(status, &refusal.error, refusal.error_description.as_deref()));
        }
        let given: Given = serde_json::from_slice(&body).map_err(|_| asked.unclear("an answer without a token"))?;
        granted(given, oauth, now).map_err(|why| asked.unclear(why))
    }
}

impl AccessToken {
    /// Whether it may still be used.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.use_until
    }
}

/// What is sent, RFC 6749 sections 4.4.2 and 6, RFC 7523 section 2.1.
fn form(oauth: &OAuth, now: Timestamp) -> Result<String, String> {
    let mut form = Form::default();
    match &oauth.grant {
        Grant::RefreshToken {
            client_id,
            client_secret,
            refresh_token,
        } => {
            form.add("grant_type", "refresh_token");
            form.add("refresh_token", refresh_token.reveal());
            form.add("client_id", client_id);
            if let Some(client_secret) = client_secret {
                form.add("client_secret", client_secret.reveal());
            }
        }
        Grant::ClientCredentials {
            client_id,
            client_secret,
        } => {
            form.add("grant_type", "client_credentials");
            form.add("client_id", client_id);
            form.add("client_secret", client_secret.reveal());
        }
        Grant::ServiceAccount { key, subject } => {
            let scope = oauth.scope.as_deref().unwrap_or_default();
            form.add("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
            form.add(
                "assertion",
                &assertion::signed(key, subject, scope, &oauth.token_url, now)?,
            );
            // The scope is in what is signed.
            return Ok(form.0);
        }
    }
    if let Some(scope) = &oauth.scope {
        form.add("scope", scope);
    }
    Ok(form.0)
}

fn granted(given: Given, oauth: &OAuth, now: Timestamp) -> Result<Granted, &'static str> {
    if given
        .token_type
        .is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"))
    {
        return Err("a token of a kind that mail servers do not take");
    }
    let usable = |token: &str| {
        !token.is_empty() && token.len() <= MAX_TOKEN_BYTES && token.bytes().all(|b| b.is_ascii_graphic())
    };
    if !usable(&given.access_token) {
        return Err("a token that cannot be sent");
    }
    let seconds = match &given.expires_in {
        Some(Value::Number(seconds)) => seconds.as_u64(),
        Some(Value::String(seconds)) => seconds.parse().ok(),
        _ => None,
    };
    let lifetime = seconds.map_or(ASSUMED_LIFETIME, |seconds| {
        let seconds = seconds.min(LONGEST_LIFETIME_SECONDS);
        SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(0))
    });
    let early = EARLY.min(lifetime / 2);
    let shown = match &oauth.grant {
        Grant::RefreshToken { refresh_token, .. } => Some(refresh_token.reveal()),
        _ => None,
    };
    Ok(Granted {
        token: AccessToken {
            secret: Secret::new(given.access_token),
            use_until: now.saturating_add(lifetime - early).unwrap_or(now),
        },
        new_refresh_token: given
            .refresh_token
            .filter(|token| shown.is_some_and(|shown| shown != token) && usable(token))
            .map(Secret::new),
    })
}

/// RFC 6749 section 5.1.
#[derive(Deserialize)]
struct Given {
    access_token: String,
    token_type: Option<String>,
    /// A number; some write it as text.
    expires_in: Option<Value>,
    refresh_token: Option<String>,
}

/// RFC 6749 section 5.2.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}

/// application/x-www-form-urlencoded.
#[derive(Default)]
struct Form(String);

impl Form {
    fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        self.0.extend(utf8_percent_encode(value, ENCODED));
    }
}
