//! How long a mailbox is left alone after it could not be read.

use std::time::Duration;

use jiff::Timestamp;
use rebound_mailbox::server::ErrorKind;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// How long scheduled runs leave a mailbox alone after so many failures of a kind in a row; `None` means that the next
/// one tries again.
///
/// Refused logins wait longest, because providers lock accounts that keep knocking with a wrong password. What only a
/// person can change is looked at from time to time. What passes by itself is tried again at once, and becomes rarer
/// when it does not.
pub(crate) fn pause(kind: ErrorKind, failures: u32) -> Option<Duration> {
    let (first, longest) = match kind {
        ErrorKind::Credentials => (15 * MINUTE, 24 * HOUR),
        ErrorKind::Certificate
        | ErrorKind::Quota
        | ErrorKind::Folder
        | ErrorKind::Unsupported
        | ErrorKind::Protocol => (5 * MINUTE, 6 * HOUR),
        ErrorKind::Unreachable | ErrorKind::TimedOut | ErrorKind::Unavailable | ErrorKind::Lost => {
            let beyond = failures.checked_sub(PATIENCE)?;
            return doubled(2 * MINUTE, beyond, HOUR);
        }
    };
    doubled(first, failures, longest)
}

/// So many failures of what passes by itself call for no pause.
const PATIENCE: u32 = 2;

/// Until when that is.
pub(crate) fn retry_after(kind: ErrorKind, failures: u32, now: Timestamp) -> Option<Timestamp> {
    now.checked_add(pause(kind, failures)?).ok()
}

/// `first` after one failure, twice that after two, and so on, up to `longest`; none without a failure.
fn doubled(first: Duration, failures: u32, longest: Duration) -> Option<Duration> {
    let doublings = failures.checked_sub(1)?;
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    Some(first.saturating_mul(factor).min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_login_is_tried_ever_more_rarely() {
        let minutes = |kind, failures| pause(kind, failures).map_or(0, |pause| pause.as_secs() / 60);
        for (kind, expected) in [
            (ErrorKind::Credentials, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]),
            (ErrorKind::Certificate, [5, 10, 20, 40, 80, 160, 320, 360, 360]),
            (ErrorKind::Quota, [5, 10, 20, 40, 80, 160, 320, 360, 360]),
            (ErrorKind::Folder, [5, 10, 20, 40, 80, 160, 320, 360, 360]),
            (ErrorKind::Unsupported, [5, 10, 20, 40, 80, 160, 320, 360, 360]),
            (ErrorKind::Protocol, [5, 10, 20, 40, 80, 160, 320, 360, 360]),
            (ErrorKind::Unreachable, [0, 0, 2, 4, 8, 16, 32, 60, 60]),
            (ErrorKind::TimedOut, [0, 0, 2, 4, 8, 16, 32, 60, 60]),
            (ErrorKind::Unavailable, [0, 0, 2, 4, 8, 16, 32, 60, 60]),
            (ErrorKind::Lost, [0, 0, 2, 4, 8, 16, 32, 60, 60]),
        ] {
            let pauses: Vec<_> = (1..=9).map(|failures| minutes(kind, failures)).collect();
            assert_eq!(pauses, expected, "{kind:?}");
            assert_eq!(minutes(kind, 0), 0);
            assert_eq!(minutes(kind, u32::MAX), expected[8], "{kind:?}");
        }
    }

    #[test]
    fn no_password_is_tried_often_enough_to_lock_an_account() {
        // Exchange locks after ten in a row by default, others after five to ten within minutes.
        let mut at = Timestamp::UNIX_EPOCH;
        let day = at + 24 * HOUR;
        let mut attempts = 0;
        while at < day {
            attempts += 1;
            at = retry_after(ErrorKind::Credentials, attempts, at).unwrap();
        }
        assert!(attempts <= 8, "{attempts} attempts");
    }
}
