//! How much of what was sent came back, and when that is too much.

use std::fmt;

use rebound_classify::{Category, Reason};
use serde::Serialize;

use crate::outcomes::Outcomes;
use crate::sends::Returns;

/// Shares of what was sent that call for attention, in millionths.
struct Limits {
    warning: u64,
    alarm: u64,
}

/// Above a twentieth of bounces a list is not kept clean; above a fifth something is wrong with the sender, not with the
/// recipients.
const BOUNCES: Limits = Limits {
    warning: 50_000,
    alarm: 200_000,
};

/// Google and Yahoo ask of bulk senders to stay below 0.1 % and never to reach 0.3 %.
const COMPLAINTS: Limits = Limits {
    warning: 1_000,
    alarm: 3_000,
};

/// Of fewer sent messages a share says nothing.
const MIN_SENT: u64 = 20;

const MILLION: u64 = 1_000_000;

/// What a share is one of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum Subject {
    /// Everything that was sent in the period.
    All,
    /// A campaign.
    Campaign(String),
    /// A mailing list.
    List(String),
    /// A domain of recipients.
    Domain(String),
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Deliveries that failed, whoever is to blame.
    Bounces,
    /// Recipients who complained.
    Complaints,
}

/// How bad that is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// As it should be.
    #[default]
    Fine,
    /// To be looked at.
    Warning,
    /// To be stopped.
    Alarm,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fine => "fine",
            Self::Warning => "warning",
            Self::Alarm => "alarm",
        })
    }
}

impl Subject {
    /// What kind of thing it is, and its name; everything has none.
    pub fn parts(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::All => ("all", None),
            Self::Campaign(name) => ("campaign", Some(name)),
            Self::List(name) => ("list", Some(name)),
            Self::Domain(name) => ("domain", Some(name)),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (_, None) => f.write_str("all mail of the period"),
            (kind, Some(name)) => write!(f, "{kind} {name}"),
        }
    }
}

impl Measure {
    /// Above which shares of what was sent there is a warning, and an alarm, in millionths.
    pub(crate) const fn limits(self) -> [u64; 2] {
        let Limits { warning, alarm } = match self {
            Self::Bounces => BOUNCES,
            Self::Complaints => COMPLAINTS,
        };
        [warning, alarm]
    }

    /// What the measured did: they bounced, or they complained.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Bounces => "bounced",
            Self::Complaints => "complained",
        }
    }
}

/// A share of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// How many came back.
    pub count: u64,
    /// Of how many that were sent.
    pub sent: u64,
    /// How bad that is.
    pub level: Level,
}

/// A rate that calls for attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// What it is about.
    pub subject: Subject,
    /// What is too much.
    pub measure: Measure,
    /// How much.
    pub rate: Rate,
    /// Why most of it came back.
    pub main_reason: Option<Reason>,
    /// What that probably means.
    pub likely_cause: &'static str,
}

impl Rate {
    /// How much of `sent` came back; `None` when nothing was sent.
    pub fn of(measure: Measure, outcomes: &Outcomes, sent: u64) -> Option<Self> {
        if sent == 0 {
            return None;
        }
        let count = match measure {
            Measure::Bounces => outcomes.failed(),
            Measure::Complaints => outcomes.of(Category::Complaint),
        };
        let [warning, alarm] = measure.limits();
        let rate = Self {
            count,
            sent,
            level: Level::Fine,
        };
        let level = match rate.millionths() {
            _ if sent < MIN_SENT => Level::Fine,
            share if share > alarm => Level::Alarm,
            share if share > warning => Level::Warning,
            _ => Level::Fine,
        };
        Some(Self { level, ..rate })
    }

    /// The share in millionths; more than a million when more came back than was said to be sent.
    pub fn millionths(self) -> u64 {
        self.count.saturating_mul(MILLION) / self.sent.max(1)
    }
}

impl fmt::Display for Rate {
    /// As a percentage, with as many decimals as it takes to tell small ones apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millionths = self.millionths();
        let shown = if millionths < 10_000 {
            format!("{}.{:02} %", millionths / 10_000, millionths % 10_000 / 100)
        } else {
            format!("{}.{} %", millionths / 10_000, millionths % 10_000 / 1_000)
        };
        f.pad(&shown)
    }
}

/// The rates of a subject that call for attention.
pub(crate) fn alarms(subject: &Subject, returns: &Returns) -> Vec<Alarm> {
    let Returns { sent, outcomes } = returns;
    [Measure::Bounces, Measure::Complaints]
        .into_iter()
        .filter_map(|measure| {
            let rate = Rate::of(measure, outcomes, *sent)?;
            (rate.level > Level::Fine).then(|| Alarm {
                subject: subject.clone(),
                measure,
                rate,
                main_reason: outcomes.main_reason().filter(|_| measure == Measure::Bounces),
                likely_cause: likely_cause(measure, rate, outcomes),
            })
        })
        .collect()
}

fn likely_cause(measure: Measure, rate: Rate, outcomes: &Outcomes) -> &'static str {
    use Reason as R;
    if rate.count > rate.sent {
        return "more came back than is said to have been sent: the number of sent messages is wrong, or somebody forges your addresses";
    }
    if measure == Measure::Complaints {
        return "recipients did not ask for this mail, or can't find how to unsubscribe";
    }
    match outcomes.main_reason() {
        Some(R::UserUnknown | R::HostUnknown | R::Suspended | R::HasMoved | R::NotAccept | R::Suppressed) => {
            "an old or bought list: many addresses are dead; clean it before you mail it again"
        }
        Some(R::AuthFailure) => "your mail fails SPF, DKIM or DMARC: mend that before anything else",
        Some(R::Blocked | R::BadReputation | R::RequirePtr) => {
            "your servers are on blocklists or badly reputed: stop, find out why, get delisted"
        }
        Some(R::SpamDetected | R::ContentError | R::PolicyViolation | R::VirusDetected) => {
            "receivers take this mail for spam: look at its content and at whom it goes to"
        }
        Some(R::RateLimited | R::TooManyConnections) => "you send faster than receivers take it: send more slowly",
        Some(R::MailboxFull) => "many mailboxes are full: nobody reads them any more",
        Some(R::Expired | R::NetworkError | R::SystemError | R::SystemFull) => {
            "servers could not be reached or were in trouble: see whether yours, or one big receiver, had a bad day"
        }
        _ => "see the servers' words",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(category: Category, reason: Reason, count: u64) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for _ in 0..count {
            outcomes.count(category, reason);
        }
        outcomes
    }

    #[test]
    fn a_rate_is_bad_above_its_limit_and_not_at_it() {
        for (count, sent, level, shown) in [
            (0, 1_000, Level::Fine, "0.00 %"),
            (50, 1_000, Level::Fine, "5.0 %"),
            (51, 1_000, Level::Warning, "5.1 %"),
            (200, 1_000, Level::Warning, "20.0 %"),
            (201, 1_000, Level::Alarm, "20.1 %"),
            (19, 19, Level::Fine, "100.0 %"),
            (30, 20, Level::Alarm, "150.0 %"),
        ] {
            let rate = Rate::of(
                Measure::Bounces,
                &outcomes(Category::HardBounce, Reason::UserUnknown, count),
                sent,
            );
            let rate = rate.expect("something was sent");
            assert_eq!(
                (rate.level, rate.to_string().as_str()),
                (level, shown),
                "{count} of {sent}"
            );
        }
        for (count, level) in [
            (1, Level::Fine),
            (2, Level::Warning),
            (3, Level::Warning),
            (4, Level::Alarm),
        ] {
            let rate = Rate::of(
                Measure::Complaints,
                &outcomes(Category::Complaint, Reason::Feedback, count),
                1_000,
            );
            assert_eq!(rate.expect("something was sent").level, level, "{count}");
        }
        assert_eq!(Rate::of(Measure::Bounces, &Outcomes::default(), 0), None);
    }

    #[test]
    fn an_alarm_names_its_likely_cause() {
        let subject = Subject::Campaign("spring".to_owned());
        let bad = outcomes(Category::SenderBlocked, Reason::AuthFailure, 300);
        let returns = |sent| Returns {
            sent,
            outcomes: bad.clone(),
        };
        let found = alarms(&subject, &returns(1_000));
        let [alarm] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((alarm.measure, alarm.rate.level), (Measure::Bounces, Level::Alarm));
        assert!(alarm.likely_cause.contains("DMARC"), "{alarm:?}");
        assert_eq!(alarms(&subject, &returns(100_000)), []);
    }
}
