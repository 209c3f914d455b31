//! Time, as precise as it is stored.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

pub(crate) const MILLIS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// 9999-12-30T00:00:00Z in milliseconds: the last day whose RFC 3339 form still has four digits in its year.
const LATEST_MILLIS: i64 = 253_402_128_000_000;

/// A point in time to the millisecond, between 1970 and 9999.
///
/// Finer or farther times are brought to the nearest such point, so that an event is the same before and after it is
/// stored. Written in RFC 3339 with always three decimals (`2026-11-21T20:23:37.000Z`): text sorts as time does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// The point `millis` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        if millis < 0 {
            Self(0)
        } else if millis > LATEST_MILLIS {
            Self(LATEST_MILLIS)
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The same point, for calculating and formatting.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The UTC day it lies in, counted from 1970-01-01.
    pub(crate) const fn day_number(self) -> i64 {
        self.0 / MILLIS_PER_DAY
    }

    /// The UTC day it lies in, `2026-11-21`.
    pub fn day(self) -> String {
        self.timestamp().strftime("%Y-%m-%d").to_string()
    }
}

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        Self::from_millis(timestamp.as_millisecond())
    }
}

impl FromStr for Moment {
    type Err = InvalidMoment;

    fn from_str(text: &str) -> Result<Self, InvalidMoment> {
        text.parse::<Timestamp>()
            .map(Self::from)
            .map_err(|_| InvalidMoment(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.timestamp())
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Text that is no point in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time: it takes the form 2026-11-21T20:23:37Z (RFC 3339)")]
pub struct InvalidMoment(String);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn is_written_with_three_decimals_in_utc() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_795_292_617_000, "2026-11-21T20:23:37.000Z"),
            (1_795_292_617_120, "2026-11-21T20:23:37.120Z"),
            (-5, "1970-01-01T00:00:00.000Z"),
            (i64::MAX, "9999-12-30T00:00:00.000Z"),
        ] {
            assert_eq!(Moment::from_millis(millis).to_string(), text);
        }
        assert_eq!(Moment::from_millis(1_795_292_617_120).day(), "2026-11-21");
    }

    proptest! {
        #[test]
        fn text_sorts_as_time_does(a in 0..=LATEST_MILLIS, b in 0..=LATEST_MILLIS) {
            let (a, b) = (Moment::from_millis(a), Moment::from_millis(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
            prop_assert_eq!(a.to_string().parse(), Ok(a));
        }
    }
}
