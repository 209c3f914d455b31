//! Why, finer than the category: the vocabulary of the field.

super::words! {
    /// Why a delivery failed, or what else the message is.
    pub enum Reason {
        /// The mailbox does not exist.
        UserUnknown = "user-unknown",
        /// The domain or host does not exist.
        HostUnknown = "host-unknown",
        /// The recipient has moved and mail is not forwarded.
        HasMoved = "has-moved",
        /// The host takes no mail at all (RFC 7505, RFC 7504).
        NotAccept = "not-accept",
        /// The account is disabled, suspended or expired.
        Suspended = "suspended",
        /// The mailbox is over its quota.
        MailboxFull = "mailbox-full",
        /// Retries were exhausted, or are still going on.
        Expired = "expired",
        /// Refused by the recipient's own filter.
        Filtered = "filtered",
        /// The envelope sender was refused.
        Rejected = "rejected",
        /// The sending host or IP was refused.
        Blocked = "blocked",
        /// The sending host or IP has a bad reputation.
        BadReputation = "bad-reputation",
        /// SPF, DKIM or DMARC failed.
        AuthFailure = "auth-failure",
        /// The content was judged spam.
        SpamDetected = "spam-detected",
        /// The content was judged a virus.
        VirusDetected = "virus-detected",
        /// Against the receiving site's policy.
        PolicyViolation = "policy-violation",
        /// Encryption, authentication or another security matter.
        SecurityError = "security-error",
        /// Headers or content were not acceptable.
        ContentError = "content-error",
        /// The message was too big.
        MessageTooBig = "message-too-big",
        /// Another limit was exceeded.
        ExceedsLimit = "exceeds-limit",
        /// Too many messages in too short a time.
        RateLimited = "rate-limited",
        /// Too many connections at a time.
        TooManyConnections = "too-many-connections",
        /// The sending host has no proper reverse DNS.
        RequirePtr = "require-ptr",
        /// The message is not as RFC 5322 wants it.
        NotCompliantRfc = "not-compliant-rfc",
        /// The server does not relay for this recipient or sender.
        NoRelaying = "no-relaying",
        /// Connection, DNS or routing trouble.
        NetworkError = "network-error",
        /// The remote system has trouble of its own.
        SystemError = "system-error",
        /// The remote system's disk is full.
        SystemFull = "system-full",
        /// The remote delivery program failed.
        MailerError = "mailer-error",
        /// The SMTP dialogue went wrong.
        SyntaxError = "syntax-error",
        /// STARTTLS failed.
        StarttlsFailed = "starttls-failed",
        /// On the sending provider's own suppression list.
        Suppressed = "suppressed",
        /// Held; the reason could not be found out.
        OnHold = "on-hold",
        /// Automatic answer.
        Vacation = "vacation",
        /// Abuse or other feedback report.
        Feedback = "feedback",
        /// Delivered.
        Delivered = "delivered",
        /// Nothing better is known.
        Undefined = "undefined",
    }
}
