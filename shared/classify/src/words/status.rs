//! Status and reply codes, parsed once.

use std::fmt;
use std::str::FromStr;

/// An enhanced mail system status code, `5.1.1` (RFC 3463, registry of RFC 5248).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnhancedStatus {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    pub class: u8,
    /// What it is about: 1 addressing, 2 mailbox, 3 mail system, 4 network, 5 protocol, 6 content, 7 policy.
    pub subject: u16,
    /// The precise condition.
    pub detail: u16,
}

impl EnhancedStatus {
    /// A status known at compile time.
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// Reads exactly `class "." subject "." detail` (RFC 3463 section 2: class 2, 4 or 5; 1 to 3 digits each).
    pub fn read(text: &str) -> Option<Self> {
        // Byte by byte: this is asked of every number of a text.
        let mut numbers = text.as_bytes().split(|byte| *byte == b'.').map(|digits| {
            let well_formed = matches!(digits.len(), 1..=3) && digits.iter().all(u8::is_ascii_digit);
            well_formed.then(|| {
                digits
                    .iter()
                    .fold(0, |number, digit| number * 10 + u16::from(digit - b'0'))
            })
        });
        let (class, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
        let class = u8::try_from(class).ok().filter(|class| matches!(class, 2 | 4 | 5))?;
        numbers.next().is_none().then_some(Self::new(class, subject, detail))
    }

    /// Class 5.
    pub const fn is_permanent(self) -> bool {
        self.class == 5
    }

    /// Class 4.
    pub const fn is_transient(self) -> bool {
        self.class == 4
    }

    /// Class 2.
    pub const fn is_success(self) -> bool {
        self.class == 2
    }
}

impl FromStr for EnhancedStatus {
    type Err = InvalidCode;

    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        Self::read(text).ok_or_else(|| InvalidCode::of(text))
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}.{}", self.class, self.subject, self.detail))
    }
}

/// An SMTP reply code, 200 to 599 (RFC 5321 section 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplyCode(u16);

impl ReplyCode {
    /// The code if it is one: 2xx to 5xx with a second digit of 0 to 5.
    pub const fn new(code: u16) -> Option<Self> {
        if code >= 200 && code < 600 && code / 10 % 10 <= 5 {
            Some(Self(code))
        } else {
            None
        }
    }

    /// Reads exactly three digits.
    pub fn read(text: &str) -> Option<Self> {
        let well_formed = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        well_formed.then(|| text.parse().ok().and_then(Self::new)).flatten()
    }

    /// The number itself.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// 5xx.
    pub const fn is_permanent(self) -> bool {
        self.0 >= 500
    }

    /// 4xx.
    pub const fn is_transient(self) -> bool {
        self.0 >= 400 && self.0 < 500
    }
}

impl FromStr for ReplyCode {
    type Err = InvalidCode;

    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        Self::read(text).ok_or_else(|| InvalidCode::of(text))
    }
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

/// Text that is no status or reply code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a status or reply code")]
pub struct InvalidCode(String);

impl InvalidCode {
    fn of(text: &str) -> Self {
        Self(text.chars().take(16).collect())
    }
}

/// Codes travel as strings, `"5.1.1"` and `"550"`.
macro_rules! serde_as_string {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
serde_as_string!(EnhancedStatus);
serde_as_string!(ReplyCode);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_read_exactly() {
        for (text, expected) in [
            ("5.1.1", Some(EnhancedStatus::new(5, 1, 1))),
            ("4.4.7", Some(EnhancedStatus::new(4, 4, 7))),
            ("5.7.509", Some(EnhancedStatus::new(5, 7, 509))),
            ("2.0.0", Some(EnhancedStatus::new(2, 0, 0))),
            ("3.1.1", None),
            ("5.1", None),
            ("5.1.1.1", None),
            ("5.1.", None),
            ("5.+1.1", None),
            ("5.1.1000", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn reply_is_three_digits_of_smtp() {
        for (text, expected) in [
            ("550", Some(550)),
            ("421", Some(421)),
            ("599", None),
            ("199", None),
            ("55", None),
            ("5 0", None),
        ] {
            assert_eq!(text.parse::<ReplyCode>().ok().map(ReplyCode::get), expected, "{text:?}");
        }
    }
}
