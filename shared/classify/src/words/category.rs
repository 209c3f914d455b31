//! What a message is, and what a policy does about it.

super::words! {
    /// What a message says about one recipient. The names are part of the interface.
    pub enum Category {
        /// Permanent, about this address: no such user, domain gone, account disabled.
        HardBounce = "hard-bounce",
        /// Temporary or recoverable, about this address: mailbox full, retries exhausted.
        SoftBounce = "soft-bounce",
        /// Failed without usable details; the address does not take mail.
        UnknownUnavailable = "unknown-unavailable",
        /// A failure report without details although the address exists.
        UnknownAvailable = "unknown-available",
        /// Perhaps a failure: still being tried, or not enough to be sure.
        PossibleFailure = "possible-failure",
        /// The sender's own trouble: blocklisted, spam, policy, authentication, rate, relay, content.
        SenderBlocked = "sender-blocked",
        /// Vacation or other automatic answer of a person.
        OutOfOffice = "out-of-office",
        /// A spam filter asks the sender to confirm.
        Challenge = "challenge",
        /// The recipient has moved; carries the new address if it was named.
        AddressChange = "address-change",
        /// Delayed (a whole message), relayed, expanded, read: no action required.
        DeliveryReport = "delivery-report",
        /// Success report.
        Delivered = "delivered",
        /// Abuse report.
        Complaint = "complaint",
        /// The mail asks to be put on a list.
        Subscribe = "subscribe",
        /// The mail asks to be taken off a list.
        Unsubscribe = "unsubscribe",
        /// A virus scanner's notification.
        VirusNotice = "virus-notice",
        /// None of these: ordinary mail, spam, unreadable.
        Unrecognised = "unrecognised",
    }
}

impl Category {
    /// What happens to the contact unless a policy says otherwise.
    pub const fn default_action(self) -> Action {
        match self {
            Self::HardBounce | Self::Complaint => Action::Suppress,
            Self::SoftBounce | Self::UnknownUnavailable => Action::Count,
            Self::Unsubscribe => Action::Unsubscribe,
            Self::Unrecognised => Action::Ignore,
            Self::UnknownAvailable
            | Self::PossibleFailure
            | Self::SenderBlocked
            | Self::OutOfOffice
            | Self::Challenge
            | Self::AddressChange
            | Self::DeliveryReport
            | Self::Delivered
            | Self::Subscribe
            | Self::VirusNotice => Action::Record,
        }
    }

    /// The bounce of this severity, where the category is one of the two that only differ by that.
    pub(crate) const fn with_severity(self, severity: Severity) -> Self {
        match (self, severity) {
            (Self::SoftBounce, Severity::Hard) => Self::HardBounce,
            (Self::HardBounce, Severity::Soft) => Self::SoftBounce,
            (Self::HardBounce | Self::SoftBounce, Severity::None) => Self::UnknownAvailable,
            _ => self,
        }
    }

    /// Whether this says that a delivery failed, whoever is at fault.
    pub const fn is_failure(self) -> bool {
        matches!(
            self,
            Self::HardBounce
                | Self::SoftBounce
                | Self::UnknownUnavailable
                | Self::UnknownAvailable
                | Self::PossibleFailure
                | Self::SenderBlocked
        )
    }
}

super::words! {
    /// What a policy does with a verdict.
    pub enum Action {
        /// Nothing; the message is kept for review.
        Ignore = "ignore",
        /// Remember the event; the contact stays as it is.
        Record = "record",
        /// Count it; enough of them within the policy's window suppress the contact.
        Count = "count",
        /// Take the contact off that account's list only.
        Unsubscribe = "unsubscribe",
        /// Stop mailing the contact.
        Suppress = "suppress",
    }
}

super::words! {
    /// How lasting a failure is.
    pub enum Severity {
        /// Will not get better by itself.
        Hard = "hard",
        /// May get better.
        Soft = "soft",
        /// Not a failure, or nobody can tell.
        None = "none",
    }
}
