//! Days, as tokens count them.

use std::fmt;
use std::str::FromStr;

/// Seconds of a day in POSIX time, which knows no leap seconds.
const SECONDS: i64 = 86_400;

/// A day in UTC: days since 1970-01-01, which is how a token says it. The last one is 2149-06-06.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u16);

impl Day {
    /// The day that is `days` after 1970-01-01.
    pub const fn from_days(days: u16) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> u16 {
        self.0
    }

    /// The day of a moment in seconds since 1970; `None` before 1970 and after 2149.
    pub fn of_unix_seconds(seconds: i64) -> Option<Self> {
        u16::try_from(seconds.div_euclid(SECONDS)).ok().map(Self)
    }
}

impl FromStr for Day {
    type Err = InvalidDay;

    /// Reads `2026-11-22`.
    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        let invalid = || InvalidDay(text.chars().take(20).collect());
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
            part.parse::<i32>().ok()
        };
        let (year, month, day) = (number(4), number(2), number(2));
        let (Some(year), Some(month), Some(day), None) = (year, month, day, parts.next()) else {
            return Err(invalid());
        };
        let days = u16::try_from(days_from_civil(year, month, day)).map_err(|_| invalid())?;
        // The 30th of February is a day of March, and written so.
        if civil_from_days(i32::from(days)) != (year, month, day) {
            return Err(invalid());
        }
        Ok(Self(days))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(i32::from(self.0));
        f.pad(&format!("{year:04}-{month:02}-{day:02}"))
    }
}

/// Text that is no day a token can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no day between 1970-01-01 and 2149-06-06: write it as 2026-11-22")]
pub struct InvalidDay(String);

/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that the day that is not
/// always there comes last.
fn days_from_civil(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i32) -> (i32, i32, i32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_read_as_it_is_written() {
        let mut before = String::new();
        for days in 0..=u16::MAX {
            let written = Day(days).to_string();
            assert_eq!(written.parse(), Ok(Day(days)));
            assert!(written > before, "{written} comes after {before}");
            before = written;
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1970-12-31", 364),
            ("2000-02-29", 11_016),
            ("2026-11-22", 20_779),
            ("2149-06-06", u16::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Day(days)));
        }
        assert_eq!(Day::of_unix_seconds(20_779 * SECONDS + 86_399), Some(Day(20_779)));
        assert_eq!(Day::of_unix_seconds(-1), None);
        assert_eq!(Day::of_unix_seconds(i64::MAX), None);
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2026-11-31",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "26-11-22",
            "1969-12-31",
            "2149-06-07",
            "2026-11-22-",
            "+026-11-22",
            "2026-11-22T00:00:00Z",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }
}
