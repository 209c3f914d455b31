//! Access tokens as a provider would hand them out: JWTs (RFC 7519), signed with HMAC and SHA-256.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;

/// What may be wrong with an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenTrouble {
    /// It was good until an hour ago.
    Expired,
    /// Somebody else signed it.
    Forged,
}

const HOUR: Duration = Duration::from_hours(1);

/// A token for `user`, signed with `key` (base64), good for an hour unless something is wrong with it.
pub(crate) fn mint(key: &str, user: &str, trouble: Option<TokenTrouble>) -> String {
    let mut key = BASE64_STANDARD.decode(key).expect("the server's script wrote it");
    if trouble == Some(TokenTrouble::Forged) {
        key.reverse();
    }
    let age = if trouble == Some(TokenTrouble::Expired) {
        2 * HOUR
    } else {
        Duration::ZERO
    };
    let issued = now().saturating_sub(age);
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": "default" });
    let claims = json!({
        "sub": user,
        "email": user,
        "iat": issued.as_secs(),
        "exp": (issued + HOUR).as_secs(),
    });
    let signed = format!("{}.{}", part(header.to_string()), part(claims.to_string()));
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", part(mac.finalize().into_bytes()))
}

fn part(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[expect(clippy::disallowed_methods, reason = "the server compares it with its own clock")]
fn now() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("a clock that is set")
}
