//! Times as exports write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use rebound_contacts::Moment;

/// Below this a number is seconds since 1970, from here on milliseconds: 33658-09-27 as seconds.
const FIRST_MILLIS: i64 = 1_000_000_000_000;

/// Reads a time in RFC 3339, RFC 2822 or `2026-11-21 20:23:37`, a day, or seconds or milliseconds since 1970. Without a
/// time zone it is UTC.
pub(crate) fn time(text: &str) -> Option<Moment> {
    let text = text.trim();
    if let Some(number) = number(text) {
        let millis = if number < FIRST_MILLIS {
            number.checked_mul(1000)?
        } else {
            number
        };
        return Some(Moment::from_millis(millis));
    }
    let in_utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let text = text.strip_suffix("UTC").map_or(text, str::trim_end);
    let rfc_2822 = || rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    // `UTC` is no zone of RFC 2822, though Mailgun writes it.
    let named_utc = || {
        rfc2822::DateTimeParser::new()
            .parse_timestamp(format!("{text} +0000"))
            .ok()
    };
    let timestamp = text.parse::<Timestamp>().ok().or_else(rfc_2822).or_else(named_utc);
    timestamp
        .or_else(|| text.parse::<DateTime>().ok().and_then(in_utc))
        .or_else(|| text.parse::<Date>().ok().map(|day| day.at(0, 0, 0, 0)).and_then(in_utc))
        .map(Moment::from)
}

/// Whole, or with a fraction, as the AWS command line writes it.
fn number(text: &str) -> Option<i64> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (digits && whole.len() >= 9).then(|| whole.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_exports_write() {
        let expected = "2026-11-21T20:23:37.000Z";
        for text in [
            "2026-11-21T20:23:37Z",
            "2026-11-21T15:23:37-05:00",
            "2026-11-21T20:23:37.000000+00:00",
            "2026-11-21 20:23:37",
            "2026-11-21T20:23:37",
            "2026-11-21 20:23:37 UTC",
            "Sat, 21 Nov 2026 20:23:37 UTC",
            "Sat, 21 Nov 2026 20:23:37 GMT",
            "Sat, 21 Nov 2026 21:23:37 +0100",
            "1795292617",
            "1795292617.0",
            "1795292617000",
        ] {
            assert_eq!(
                time(text).map(|time| time.to_string()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        assert_eq!(
            time("2026-11-21").map(|time| time.to_string()).as_deref(),
            Some("2026-11-21T00:00:00.000Z")
        );
        for text in ["", "yesterday", "2026", "11/21/2026", "2026-13-01"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
