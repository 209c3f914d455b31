//! What the mail that was sent looks like: where it names its contact and its campaign.

use std::fmt;
use std::str::FromStr;

use regex::{Regex, RegexBuilder};

use crate::words::Address;

/// The longest pattern; an address has at most 254 octets (RFC 5321 section 4.5.3.1).
const MAX_PATTERN_BYTES: usize = 254;
/// A compiled pattern needs a few KiB.
const MAX_PATTERN_MEMORY: usize = 256 << 10;

/// Where the sent messages name their contact and their campaign.
#[derive(Clone, Debug)]
pub struct SentMail {
    /// Header fields that hold the contact's address, first found first taken.
    pub contact_headers: Vec<String>,
    /// Header fields that hold the campaign, first found first taken.
    pub campaign_headers: Vec<String>,
    /// Return paths that hold the contact's address, first match first taken.
    pub verp: Vec<VerpPattern>,
}

impl SentMail {
    /// The same with `first` asked before it.
    #[must_use]
    pub(crate) fn after(mut self, first: &Self) -> Self {
        self.contact_headers.splice(0..0, first.contact_headers.iter().cloned());
        self.campaign_headers
            .splice(0..0, first.campaign_headers.iter().cloned());
        self.verp.splice(0..0, first.verp.iter().cloned());
        self
    }

    pub(crate) const NOTHING: Self = Self {
        contact_headers: Vec::new(),
        campaign_headers: Vec::new(),
        verp: Vec::new(),
    };

    /// The contact that one of `return_paths` was made for.
    pub(crate) fn contact_of(&self, return_paths: &[Address]) -> Option<Address> {
        self.verp
            .iter()
            .find_map(|pattern| return_paths.iter().find_map(|address| pattern.contact(address)))
    }
}

impl Default for SentMail {
    /// The fields that list managers and sending services are known to write, and no pattern.
    fn default() -> Self {
        const CONTACT: &[&str] = &[
            "X-Rebound-Contact",
            "X-Contact-Address",
            "X-Subscriber",
            "X-Original-Recipient",
        ];
        const CAMPAIGN: &[&str] = &[
            "X-Campaign",
            "X-Campaign-ID",
            "X-CampaignID",
            "X-Campaign_ID",
            "X-Mailing-ID",
            "X-MailingID",
            "X-Newsletter-ID",
            "X-Mailer-Campaign",
            "X-Mailchimp-Campaign-ID",
            "X-HS-Campaign-ID",
            "X-Job",
            "X-JobID",
            "X-Mailgun-Tag",
            "X-PM-Tag",
            "X-SES-Message-Tags",
            "X-Message-Group",
            "CampaignID",
            "X-CSA-Campaign",
            "X-MSYS-Campaign",
            "X-Emarsys-Campaign",
            "X-ListMember-Campaign",
            "X-Feedback-ID",
            "Feedback-ID",
        ];
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            contact_headers: owned(CONTACT),
            campaign_headers: owned(CAMPAIGN),
            verp: Vec::new(),
        }
    }
}

/// A return path made for one contact (variable envelope return path): `bounces+{local}={domain}@lists.example.com` finds
/// `ann@example.com` in `bounces+ann=example.com@lists.example.com`.
///
/// `{local}` and `{domain}` stand for the two halves of the contact's address, each once; `{any}` for whatever else varies
/// and holds no `@`, a number for example. All the rest is compared without regard to ASCII case.
#[derive(Clone, Debug)]
pub struct VerpPattern {
    source: String,
    regex: Regex,
}

/// Why a text is no pattern of return paths.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVerpPattern {
    /// A part of the contact's address is missing or stands there twice.
    #[error("a pattern of return paths needs {{local}} and {{domain}}, each once")]
    Halves,
    /// Braces around something else.
    #[error("{{{0}}} is none of {{local}}, {{domain}} and {{any}}")]
    Unknown(String),
    /// No mail could come to it.
    #[error("a pattern of return paths is an address: one `@`, and no white space")]
    NoAddress,
    /// Longer than an address can be.
    #[error("a pattern of return paths has at most {MAX_PATTERN_BYTES} bytes")]
    TooLong,
}

impl VerpPattern {
    /// The contact that `return_path` was made for, if it was made by this pattern.
    pub fn contact(&self, return_path: &Address) -> Option<Address> {
        let found = self.regex.captures(return_path.as_str())?;
        let (local, domain) = (found.name("local")?.as_str(), found.name("domain")?.as_str());
        Address::parse(&format!("{local}@{domain}"))
    }
}

impl FromStr for VerpPattern {
    type Err = InvalidVerpPattern;

    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(InvalidVerpPattern::TooLong);
        }
        let once = |name| pattern.matches(name).count() == 1;
        if !once("{local}") || !once("{domain}") {
            return Err(InvalidVerpPattern::Halves);
        }
        if !once("@") || pattern.contains(char::is_whitespace) {
            return Err(InvalidVerpPattern::NoAddress);
        }
        let mut regex = String::from("^");
        let mut rest = pattern;
        while let Some((literal, (name, after))) = rest
            .split_once('{')
            .and_then(|(literal, tail)| Some((literal, tail.split_once('}')?)))
        {
            regex.push_str(&regex::escape(literal));
            regex.push_str(match name {
                // As much as possible: local parts hold any separator, domains hold none.
                "local" => "(?<local>[^@]+)",
                "domain" => r"(?<domain>[^@=+/\s]+)",
                "any" => "[^@]*?",
                other => return Err(InvalidVerpPattern::Unknown(other.to_owned())),
            });
            rest = after;
        }
        regex.push_str(&regex::escape(rest));
        regex.push('$');
        let regex = RegexBuilder::new(&regex)
            .case_insensitive(true)
            .size_limit(MAX_PATTERN_MEMORY)
            .build()
            .map_err(|_| InvalidVerpPattern::TooLong)?;
        Ok(Self {
            source: pattern.to_owned(),
            regex,
        })
    }
}

impl fmt::Display for VerpPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_read_out_of_its_return_path() {
        for (pattern, return_path, contact) in [
            (
                "bounces+{local}={domain}@lists.example.com",
                "Bounces+ann=example.org@lists.example.com",
                Some("ann@example.org"),
            ),
            (
                "bounces+{local}={domain}@lists.example.com",
                "bounces+a.b+tag=x=mx.example.org@lists.example.com",
                Some("a.b+tag=x@mx.example.org"),
            ),
            (
                "news-return-{any}-{local}={domain}@example.com",
                "news-return-45-ann-marie=example.org@example.com",
                Some("ann-marie@example.org"),
            ),
            (
                "b.{domain}/{local}@{any}.example.com",
                "b.example.org/ann@mta7.example.com",
                Some("ann@example.org"),
            ),
            (
                "bounces+{local}={domain}@lists.example.com",
                "bounces@lists.example.com",
                None,
            ),
            (
                "bounces+{local}={domain}@lists.example.com",
                "bounces+ann=example.org@lists.example.com.test",
                None,
            ),
            (
                "bounces+{local}={domain}@lists.example.com",
                "bounces+ann=example.org@listsXexample.com",
                None,
            ),
        ] {
            let pattern: VerpPattern = pattern.parse().expect("a pattern");
            let return_path = Address::parse(return_path).expect("an address");
            let found = pattern.contact(&return_path);
            assert_eq!(found.as_ref().map(Address::as_str), contact, "{pattern}: {return_path}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for (text, why) in [
            ("bounces@example.com", InvalidVerpPattern::Halves),
            ("{local}{local}={domain}@example.com", InvalidVerpPattern::Halves),
            ("b+{local}={domain}", InvalidVerpPattern::NoAddress),
            ("b {local}={domain}@example.com", InvalidVerpPattern::NoAddress),
            (
                "b-{id}-{local}={domain}@example.com",
                InvalidVerpPattern::Unknown("id".into()),
            ),
        ] {
            assert_eq!(text.parse::<VerpPattern>().err(), Some(why), "{text}");
        }
        let long = format!("{}{{local}}={{domain}}@example.com", "x".repeat(300));
        assert_eq!(long.parse::<VerpPattern>().err(), Some(InvalidVerpPattern::TooLong));
    }
}
