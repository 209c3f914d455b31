//! From facts to what they mean for a contact: the decision table, apart from everything that finds facts.

use crate::evidence::Outcome;
use crate::words::{Category, EnhancedStatus, Reason, ReplyCode, Severity};

/// What is known about one recipient.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) outcome: Outcome,
    pub(crate) reason: Reason,
    pub(crate) status: Option<EnhancedStatus>,
    pub(crate) reply: Option<ReplyCode>,
    /// How lasting the rule that found the reason takes it to be, codes and words considered.
    pub(crate) severity: Severity,
    /// Whether a machine wrote it for machines, rather than words that had to be understood.
    pub(crate) formal: bool,
}

/// The meaning of what is known.
pub(crate) fn decide(known: &Known) -> (Category, Severity) {
    match known.outcome {
        Outcome::Delivered => (Category::Delivered, Severity::None),
        // It may yet fail: then another report says so, and that one counts.
        Outcome::Delayed => (Category::PossibleFailure, Severity::Soft),
        Outcome::Relayed | Outcome::Expanded => (Category::DeliveryReport, Severity::None),
        Outcome::Failed => failed(known),
    }
}

fn failed(known: &Known) -> (Category, Severity) {
    match known.reason {
        Reason::UserUnknown
        | Reason::HostUnknown
        | Reason::HasMoved
        | Reason::NotAccept
        | Reason::Suspended
        | Reason::Suppressed => match known.severity {
            // A lasting reason that came with a transient code, or that the rule itself calls passing.
            Severity::Soft => (Category::SoftBounce, Severity::Soft),
            Severity::Hard | Severity::None => (Category::HardBounce, Severity::Hard),
        },
        Reason::MailboxFull
        | Reason::MessageTooBig
        | Reason::ExceedsLimit
        | Reason::SystemFull
        | Reason::SystemError
        | Reason::MailerError
        | Reason::Expired
        | Reason::NetworkError => (Category::SoftBounce, Severity::Soft),
        Reason::RateLimited
        | Reason::TooManyConnections
        | Reason::Blocked
        | Reason::BadReputation
        | Reason::RequirePtr
        | Reason::Rejected
        | Reason::AuthFailure
        | Reason::SpamDetected
        | Reason::VirusDetected
        | Reason::PolicyViolation
        | Reason::SecurityError
        | Reason::ContentError
        | Reason::NotCompliantRfc
        | Reason::NoRelaying
        | Reason::SyntaxError
        | Reason::StarttlsFailed => (Category::SenderBlocked, Severity::Soft),
        Reason::Filtered => (Category::UnknownAvailable, Severity::Soft),
        Reason::OnHold | Reason::Undefined | Reason::Vacation | Reason::Feedback | Reason::Delivered => {
            unexplained(known)
        }
    }
}

/// A failure nobody explained: what the codes say about the address.
fn unexplained(known: &Known) -> (Category, Severity) {
    match known.status.map(|status| (status.class, status.subject)) {
        Some((4, _)) => (Category::SoftBounce, Severity::Soft),
        Some((5, 1 | 2 | 0 | 4)) => (Category::UnknownUnavailable, Severity::Soft),
        Some((5, _)) => (Category::UnknownAvailable, Severity::Soft),
        _ => match known.reply {
            Some(reply) if reply.is_transient() => (Category::SoftBounce, Severity::Soft),
            Some(_) => (Category::UnknownUnavailable, Severity::Soft),
            None if known.formal => (Category::UnknownUnavailable, Severity::Soft),
            None => (Category::PossibleFailure, Severity::None),
        },
    }
}

/// How much a category weighs when a message says several things.
pub(crate) fn weight(category: Category) -> u8 {
    match category {
        Category::HardBounce => 15,
        Category::Complaint => 14,
        Category::SoftBounce => 13,
        Category::UnknownUnavailable => 12,
        Category::SenderBlocked => 11,
        Category::UnknownAvailable => 10,
        Category::PossibleFailure => 9,
        Category::Unsubscribe => 8,
        Category::AddressChange => 7,
        Category::Challenge => 6,
        Category::OutOfOffice => 5,
        Category::VirusNotice => 4,
        Category::Subscribe => 3,
        Category::DeliveryReport => 2,
        Category::Delivered => 1,
        Category::Unrecognised => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Action;

    fn known(outcome: Outcome, reason: Reason, status: Option<&str>) -> Known {
        Known {
            outcome,
            reason,
            status: status.and_then(|s| s.parse().ok()),
            reply: None,
            severity: Severity::Hard,
            formal: true,
        }
    }

    #[test]
    fn their_fault_is_never_the_contacts() {
        for reason in Reason::ALL {
            let (category, severity) = decide(&known(Outcome::Failed, *reason, Some("5.7.1")));
            let about_address = matches!(
                reason,
                Reason::UserUnknown
                    | Reason::HostUnknown
                    | Reason::HasMoved
                    | Reason::NotAccept
                    | Reason::Suspended
                    | Reason::Suppressed
            );
            assert_eq!(category == Category::HardBounce, about_address, "{reason}");
            assert_eq!(severity == Severity::Hard, about_address, "{reason}");
            assert!(category.is_failure(), "{reason}");
        }
    }

    #[test]
    fn what_did_not_fail_is_no_failure() {
        for outcome in [
            Outcome::Delayed,
            Outcome::Delivered,
            Outcome::Relayed,
            Outcome::Expanded,
        ] {
            let (category, severity) = decide(&known(outcome, Reason::UserUnknown, Some("5.1.1")));
            assert_ne!(severity, Severity::Hard, "{outcome:?}");
            assert_eq!(category.default_action(), Action::Record, "{outcome:?}");
            assert_eq!(
                category == Category::PossibleFailure,
                outcome == Outcome::Delayed,
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn what_the_rule_doubts_suppresses_nobody() {
        for reason in Reason::ALL {
            let mut doubted = known(Outcome::Failed, *reason, Some("4.2.1"));
            doubted.severity = Severity::Soft;
            let (category, severity) = decide(&doubted);
            assert_ne!(category, Category::HardBounce, "{reason}");
            assert_ne!(severity, Severity::Hard, "{reason}");
        }
    }
}
