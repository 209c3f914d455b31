//! Whether this machine knows what time it is: verdicts, streaks and signatures of requests all go by it.

use jiff::{SignedDuration, Timestamp};

use super::finding::{Finding, Verdict};

/// No clock that is right says less: this program is younger.
const EARLIEST: Timestamp = Timestamp::constant(1_767_225_600, 0); // 2026-01-01

/// How far two clocks may be apart. AWS refuses requests that are more than a quarter of an hour off.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

const HINT: &str = "let the machine set its clock by itself: `timedatectl set-ntp true`, or chrony";

/// What to make of `now`, beside a time that is known to have been: `whose` says where from.
pub(super) fn judge(now: Timestamp, known: Option<Timestamp>, whose: &str) -> Finding {
    let off = known.map(|known| now.duration_since(known));
    // A file is as old as it is; an answer comes now.
    let problem = |detail: String| Finding::new(Verdict::Problem, "clock", "", detail).hint(HINT);
    match (known, off) {
        _ if now < EARLIEST => problem(format!("it says {now:.0}, which is long past")),
        (Some(known), Some(off)) if off < -TOLERANCE => {
            problem(format!("it says {now:.0}, but {whose} says {known:.0}: it is behind"))
        }
        _ => Finding::ok("clock", "", format!("{now:.0}")),
    }
}

/// The same beside a clock that runs: being ahead of it is wrong, too.
pub(super) fn compare(now: Timestamp, other: Timestamp, whose: &str) -> Finding {
    if now.duration_since(other) > TOLERANCE {
        let detail = format!("it says {now:.0}, but {whose} says {other:.0}: it is ahead");
        return Finding::new(Verdict::Problem, "clock", "", detail).hint(HINT);
    }
    judge(now, Some(other), whose)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Told;

    #[test]
    fn a_clock_that_is_off_is_told_and_a_little_is_not() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        for (now, other, expected) in [
            ("2026-11-01T12:00:00Z", "2026-11-01T12:04:00Z", "ok"),
            ("2026-11-01T12:04:00Z", "2026-11-01T12:00:00Z", "ok"),
            ("2026-11-01T12:00:00Z", "2026-11-01T12:06:00Z", "problem"),
            ("2026-11-01T12:06:00Z", "2026-11-01T12:00:00Z", "problem"),
            ("1970-01-01T00:06:00Z", "1970-01-01T00:06:00Z", "problem"),
        ] {
            let told = compare(at(now), at(other), "AWS").told();
            assert!(told.starts_with(expected), "{now} beside {other}: {told}");
        }
        let file = judge(at("2026-11-01T12:00:00Z"), Some(at("2026-10-01T12:00:00Z")), "a file").told();
        assert!(file.starts_with("ok"), "a file may be old: {file}");
    }
}
