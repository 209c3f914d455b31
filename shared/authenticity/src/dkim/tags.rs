//! Lists of tags, as signatures and keys are written (RFC 6376 section 3.2).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A signature has a dozen, a key fewer.
const MAX_TAGS: usize = 40;

/// Padded or not, as people copy keys into name servers.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `v=1; a=rsa-sha256; …`
#[derive(Debug)]
pub(super) struct Tags<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Tags<'t> {
    /// `None` for what is no such list, or names a tag twice.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        let mut tags: Vec<(&str, &str)> = Vec::new();
        for tag in text.split(';').filter(|tag| !tag.trim().is_empty()) {
            let (name, value) = tag.split_once('=')?;
            let (name, value) = (name.trim(), value.trim());
            if tags.len() >= MAX_TAGS || tags.iter().any(|(known, _)| *known == name) {
                return None;
            }
            tags.push((name, value));
        }
        Some(Self(tags))
    }

    pub(super) fn get(&self, name: &str) -> Option<&'t str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The parts of a value between colons.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&'t str>> {
        self.get(name).map(|value| value.split(':').map(str::trim).collect())
    }

    /// Base64, in which white space says nothing.
    pub(super) fn octets(&self, name: &str) -> Option<Vec<u8>> {
        let value: String = self.get(name)?.split_ascii_whitespace().collect();
        BASE64.decode(value).ok().filter(|octets| !octets.is_empty())
    }

    /// Seconds since 1970-01-01 UTC; `Err` for what is no number.
    pub(super) fn seconds(&self, name: &str) -> Result<Option<i64>, std::num::ParseIntError> {
        self.get(name)
            .map(|value| {
                value
                    .parse::<u64>()
                    .map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX))
            })
            .transpose()
    }
}
