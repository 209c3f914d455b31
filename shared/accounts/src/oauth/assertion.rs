//! What a service account shows for a token: a JWT (RFC 7519) signed with RS256 (RFC 7518 section 3.3).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::{ServiceAccountKey, TokenUrl};

/// How long it is good for: the longest that Google takes.
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// The assertion that `key` acts for `subject`, RFC 7523 section 3.
pub(super) fn signed(
    key: &ServiceAccountKey,
    subject: &str,
    scope: &str,
    audience: &TokenUrl,
    now: Timestamp,
) -> Result<String, String> {
    let pair = PrivatePkcs8KeyDer::from_pem_slice(key.private_key.reveal().as_bytes())
        .ok()
        .and_then(|der| RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok())
        .ok_or(
            "the private_key in `service_account` is no RSA key in PEM (PKCS #8): take the file as it was handed out",
        )?;
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let (Some(id), Some(header)) = (&key.private_key_id, header.as_object_mut()) {
        header.insert("kid".to_owned(), id.as_str().into());
    }
    let claims = json!({
        "iss": key.client_email,
        "sub": subject,
        "scope": scope,
        "aud": audience.as_str(),
        "iat": now.as_second(),
        "exp": now.as_second() + LIFETIME.as_secs(),
    });
    let message = format!("{}.{}", part(&header), part(&claims));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signature,
    )
    .map_err(|_| "the private_key in `service_account` cannot sign")?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use base64::engine::general_purpose::STANDARD;
    use rebound_mailbox::server::Secret;

    use super::*;

    #[test]
    fn the_assertion_names_all_and_its_signature_holds() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(der.as_ref())
        );
        let key = ServiceAccountKey {
            client_email: "robot@project.example".to_owned(),
            private_key_id: Some("7".to_owned()),
            private_key: Secret::new(pem),
            token_uri: None,
        };
        let url = TokenUrl::new("https://oauth2.example.com/token").unwrap();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let jwt = signed(&key, "ann@example.com", "https://mail.google.com/", &url, now).unwrap();

        let (message, signature) = jwt.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
            .verify(message.as_bytes(), &signature)
            .unwrap();
        let parts: Vec<Value> = message
            .split('.')
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        assert_eq!(
            parts,
            [
                json!({"alg": "RS256", "typ": "JWT", "kid": "7"}),
                json!({
                    "iss": "robot@project.example", "sub": "ann@example.com", "scope": "https://mail.google.com/",
                    "aud": "https://oauth2.example.com/token", "iat": 1_800_000_000, "exp": 1_800_003_600,
                }),
            ]
        );

        let broken = ServiceAccountKey {
            private_key: Secret::new("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"),
            ..key
        };
        let error = signed(&broken, "ann@example.com", "", &url, now).unwrap_err();
        assert!(error.contains("no RSA key") && !error.contains("AA=="), "{error}");
    }
}
