//! What a `DKIM-Signature` field says (RFC 6376 section 3.5).

use super::header::Canonicalization;
use super::tags::Tags;

/// Fields that one signature covers; real ones cover two dozen.
const MAX_SIGNED_FIELDS: usize = 200;
/// The longest name that is looked up (RFC 1035 section 2.3.4).
const MAX_NAME_BYTES: usize = 253;

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSA with PKCS #1 1.5 over SHA-256.
    Rsa,
    /// Ed25519 over the SHA-256 of the header (RFC 8463).
    Ed25519,
}

/// A signature, as far as it concerns the header. Its `l=` concerns the body only.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) algorithm: Algorithm,
    pub(super) form: Canonicalization,
    /// In lower case.
    pub(super) domain: String,
    pub(super) selector: String,
    /// The domain it speaks for, below [`Self::domain`].
    pub(super) identity: Option<String>,
    /// Names of the fields that it covers.
    pub(super) signed: Vec<String>,
    pub(super) octets: Vec<u8>,
    pub(super) made_at: Option<i64>,
    pub(super) expires_at: Option<i64>,
}

impl Signature {
    /// `None` for what RFC 6376 section 6.1.1 has a verifier ignore, and for SHA-1, which nobody may trust (RFC 8301).
    pub(super) fn read(value: &str) -> Option<Self> {
        let tags = Tags::read(value)?;
        if tags.get("v") != Some("1") || tags.get("bh").is_none_or(str::is_empty) {
            return None;
        }
        if tags.list("q").is_some_and(|ways| !ways.contains(&"dns/txt")) {
            return None;
        }
        let algorithm = match tags.get("a")?.to_ascii_lowercase().as_str() {
            "rsa-sha256" => Algorithm::Rsa,
            "ed25519-sha256" => Algorithm::Ed25519,
            _ => return None,
        };
        let form = match tags.get("c").unwrap_or("simple").split('/').next()?.trim() {
            form if form.eq_ignore_ascii_case("relaxed") => Canonicalization::Relaxed,
            form if form.eq_ignore_ascii_case("simple") => Canonicalization::Simple,
            _ => return None,
        };
        let signed = tags.list("h").filter(|signed| signed.len() <= MAX_SIGNED_FIELDS)?;
        if !signed.iter().any(|name| name.eq_ignore_ascii_case("from")) {
            return None;
        }
        let signature = Self {
            algorithm,
            form,
            domain: host_name(tags.get("d")?)?,
            selector: host_name(tags.get("s")?)?,
            identity: match tags.get("i") {
                Some(identity) => Some(host_name(identity.rsplit_once('@')?.1)?),
                None => None,
            },
            signed: signed.into_iter().map(str::to_owned).collect(),
            octets: tags.octets("b")?,
            made_at: tags.seconds("t").ok()?,
            expires_at: tags.seconds("x").ok()?,
        };
        let below = |identity: &String| {
            identity
                .strip_suffix(&signature.domain)
                .is_some_and(|lead| lead.is_empty() || lead.ends_with('.'))
        };
        let sound = signature.identity.as_ref().is_none_or(below) && signature.key_name().len() <= MAX_NAME_BYTES;
        sound.then_some(signature)
    }

    /// Where its key is published.
    pub(super) fn key_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// How often it covers a field of that name.
    pub(super) fn covers(&self, name: &str) -> bool {
        self.signed.iter().any(|signed| signed.eq_ignore_ascii_case(name))
    }
}

/// A name that can be looked up, in lower case.
fn host_name(text: &str) -> Option<String> {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.split('.').all(label).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "v=1; a=rsa-sha256; d=Example.com; s=s1; h=From:To; bh=YQ==; b=YQ==";

    #[test]
    fn what_a_verifier_has_to_ignore_is_ignored() {
        let signature = Signature::read(SOUND).expect("a signature");
        assert_eq!(signature.key_name(), "s1._domainkey.example.com");
        assert_eq!(signature.form, Canonicalization::Simple);
        for (what, from, to) in [
            ("another version", "v=1", "v=2"),
            ("SHA-1", "rsa-sha256", "rsa-sha1"),
            ("another canonicalization", "d=", "c=strict; d="),
            ("another way to ask for keys", "d=", "q=http; d="),
            ("no author", "From:To", "To"),
            ("no body hash", "bh=YQ==", "bh="),
            ("no signature", "b=YQ==", "x=1"),
            ("a tag twice", "s=s1", "s=s1; s=s2"),
            ("a domain with a slash", "Example.com", "example.com/x"),
            ("an empty label", "s=s1", "s=s1."),
            ("another one's identity", "s=s1", "s=s1; i=@badexample.com"),
            ("no time", "s=s1", "s=s1; x=soon"),
            ("a negative time", "s=s1", "s=s1; t=-1"),
        ] {
            assert!(SOUND.contains(from), "{what}");
            assert!(Signature::read(&SOUND.replacen(from, to, 1)).is_none(), "{what}");
        }
        let long = SOUND.replace("s=s1", &format!("s={}", "s.".repeat(200) + "s"));
        assert!(Signature::read(&long).is_none());
    }
}
