//! What to do about refusals that are ours to mend.

use rebound_classify::Reason;
use serde::Serialize;

/// What to do about a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What it means, in a few words.
    pub what: &'static str,
    /// What to do.
    pub todo: &'static str,
}

/// Where somebody is listed as a sender of spam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Blocklist {
    /// Who keeps the list.
    pub name: &'static str,
    /// Where it can be asked and left.
    pub url: &'static str,
}

/// Words in servers' replies, and the blocklists they are a sign of.
const BLOCKLISTS: &[(&str, Blocklist)] = &[
    ("spamhaus", list("Spamhaus", "https://check.spamhaus.org/")),
    ("spamcop", list("SpamCop", "https://www.spamcop.net/bl.shtml")),
    (
        "barracudacentral",
        list("Barracuda", "https://www.barracudacentral.org/lookups"),
    ),
    (
        "b.barracuda",
        list("Barracuda", "https://www.barracudacentral.org/lookups"),
    ),
    ("sorbs", list("SORBS (closed in 2024)", "https://www.sorbs.net/")),
    (
        "uceprotect",
        list("UCEPROTECT", "https://www.uceprotect.net/en/rblcheck.php"),
    ),
    ("uribl", list("URIBL", "https://admin.uribl.com/")),
    ("surbl", list("SURBL", "https://surbl.org/surbl-analysis")),
    ("abusix", list("Abusix", "https://lookup.abusix.com/")),
    (
        "invaluement",
        list("invaluement", "https://www.invaluement.com/lookup/"),
    ),
    (
        "mailspike",
        list("Mailspike", "https://www.mailspike.org/iplookup.html"),
    ),
    ("psbl.surriel", list("PSBL", "https://psbl.org/")),
    ("backscatterer", list("Backscatterer", "https://www.backscatterer.org/")),
    ("senderscore", list("Sender Score", "https://senderscore.org/")),
    (
        "ipcheck.proofpoint",
        list("Proofpoint", "https://ipcheck.proofpoint.com/"),
    ),
    ("pdr.proofpoint", list("Proofpoint", "https://ipcheck.proofpoint.com/")),
    (
        "csi.cloudmark",
        list("Cloudmark", "https://csi.cloudmark.com/en/reset/"),
    ),
    (
        "delist.messaging.microsoft",
        list("Microsoft", "https://sender.office.com/"),
    ),
    ("sender.office.com", list("Microsoft", "https://sender.office.com/")),
    (
        "s3140",
        list("Outlook.com", "https://sendersupport.olc.protection.outlook.com/"),
    ),
    (
        "s3150",
        list("Outlook.com", "https://sendersupport.olc.protection.outlook.com/"),
    ),
    ("postmaster.gmx", list("GMX and WEB.DE", "https://postmaster.gmx.net/")),
    (
        "postmaster.yahooinc",
        list("Yahoo and AOL", "https://senders.yahooinc.com/contact"),
    ),
    (
        "ipfilter.symantec",
        list("Broadcom", "https://ipremoval.sms.symantec.com/"),
    ),
    (
        "ipremoval.sms.symantec",
        list("Broadcom", "https://ipremoval.sms.symantec.com/"),
    ),
    ("truncate.gbudb", list("GBUdb", "https://www.gbudb.com/truncate/")),
    (
        "nixspam",
        list(
            "NiX Spam",
            "https://www.heise.de/ix/NiX-Spam-DNSBL-and-blacklist-for-download-499637.html",
        ),
    ),
];

const fn list(name: &'static str, url: &'static str) -> Blocklist {
    Blocklist { name, url }
}

impl Advice {
    /// What to do about refusals for this reason.
    pub const fn on(reason: Reason) -> Self {
        let (what, todo) = match reason {
            Reason::Blocked => (
                "your server is refused",
                "see which blocklist or receiver it is, mend what put you there, then ask to be taken off",
            ),
            Reason::BadReputation => (
                "your server or domain is badly reputed",
                "send less, and only to people who open your mail, until it recovers; the receiver's postmaster page shows how",
            ),
            Reason::AuthFailure => (
                "SPF, DKIM or DMARC fails",
                "let SPF name all servers that send for you, sign with DKIM for the domain in From, and read your DMARC reports",
            ),
            Reason::RequirePtr => (
                "your server's address has no good name",
                "have its provider set a PTR record whose name leads back to the same address (RFC 1912 section 2.1)",
            ),
            Reason::RateLimited => (
                "you send faster than they take it",
                "send more slowly and over more time; new addresses of servers need weeks to warm up",
            ),
            Reason::TooManyConnections => (
                "you open too many connections",
                "limit how many your server opens to one receiver at a time",
            ),
            Reason::SpamDetected => (
                "your mail is taken for spam",
                "see what the mail that came back has in common: links, wording, recipients who never asked",
            ),
            Reason::VirusDetected => (
                "something in it is taken for a virus",
                "look at attachments and links; if there is no virus, tell the receiver's postmaster",
            ),
            Reason::ContentError => (
                "its content is refused",
                "see the words: a forbidden kind of attachment, a broken header, or a character set",
            ),
            Reason::PolicyViolation => (
                "it is against the receiver's policy",
                "the words say which one; often a page with the rules for bulk senders is named",
            ),
            Reason::SecurityError => (
                "it is refused for security",
                "see the words; often TLS or a login is missing on the way",
            ),
            Reason::StarttlsFailed => (
                "the connection could not be encrypted",
                "let your server speak TLS 1.2 or newer with a certificate that is good",
            ),
            Reason::NotCompliantRfc => (
                "it breaks a rule of mail's format",
                "often two From fields, a line that is too long, or a bare line feed: mend what writes your mail",
            ),
            Reason::NoRelaying => (
                "you asked a server to pass mail on",
                "the server is not responsible for that recipient: check your relay's login, or the recipient's MX record",
            ),
            Reason::Rejected => (
                "your sender address is refused",
                "check that it exists, takes mail, and that its domain has an MX record",
            ),
            Reason::SyntaxError => (
                "your server speaks SMTP wrongly",
                "update it, or look at what stands between it and the internet",
            ),
            Reason::MessageTooBig | Reason::ExceedsLimit => (
                "your mail is too large",
                "link to large files instead of attaching them",
            ),
            _ => ("you are refused", "see the servers' words"),
        };
        Self { what, todo }
    }
}

impl Blocklist {
    /// The list that these words speak of, if it is a known one.
    pub fn named_in(words: &str) -> Option<Self> {
        let words = words.to_ascii_lowercase();
        BLOCKLISTS
            .iter()
            .find(|(sign, _)| words.contains(sign))
            .map(|(_, list)| *list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocklist_is_known_by_its_name_or_by_where_it_sends_you() {
        for (words, name) in [
            (
                "550 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org",
                Some("Spamhaus"),
            ),
            (
                "554 see https://ipcheck.proofpoint.com/?ip=192.0.2.1",
                Some("Proofpoint"),
            ),
            (
                "550 5.7.1 part of their network is on our block list (S3140)",
                Some("Outlook.com"),
            ),
            ("550 5.1.1 no such user", None),
        ] {
            assert_eq!(Blocklist::named_in(words).map(|list| list.name), name, "{words}");
        }
    }
}
