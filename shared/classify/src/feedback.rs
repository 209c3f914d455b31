//! Abuse and other feedback reports (RFC 5965, RFC 6591, RFC 6650).

use crate::mime::{Fields, addresses};
use crate::original::Returned;
use crate::words::{Address, Category};

/// Recipients of one report.
const MAX_RECIPIENTS: usize = 500;

/// What a feedback report says.
#[derive(Debug)]
pub(crate) struct Feedback {
    /// `Feedback-Type`, lower case.
    pub(crate) kind: String,
    pub(crate) category: Category,
    /// Who complained.
    pub(crate) recipients: Vec<Address>,
    /// Whom the report names instead, where another was believed.
    pub(crate) named: Vec<Address>,
    /// Where reports about the reported message were to go.
    pub(crate) return_path: Option<Address>,
    pub(crate) reporting_mta: Option<String>,
}

/// Reads the machine-readable part; `returned` is the message complained about.
pub(crate) fn read_feedback(part: &str, returned: &Returned) -> Feedback {
    let fields = Fields::parse(part.trim_start().as_bytes());
    let kind = fields
        .get("feedback-type")
        .unwrap_or("abuse")
        .trim()
        .to_ascii_lowercase();
    let mut recipients: Vec<Address> = Vec::new();
    for (name, value) in fields.iter() {
        let named = [
            "original-rcpt-to",
            "removal-recipient",
            "original-recipient",
            "x-original-rcpt-to",
        ]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name));
        if named {
            let value = value.rsplit(';').next().unwrap_or(value);
            for address in addresses(value) {
                if !is_redacted(&address)
                    && !recipients.iter().any(|known| known.same(&address))
                    && recipients.len() < MAX_RECIPIENTS
                {
                    recipients.push(address);
                }
            }
        }
    }
    // The report may name the far end of a forwarding; the return path was made for whom we wrote to.
    let mut named = Vec::new();
    if let Some(contact) = returned.verp.as_ref().filter(|_| recipients.len() <= 1) {
        named = std::mem::replace(&mut recipients, vec![contact.clone()]);
    }
    if recipients.is_empty() {
        // What the sender wrote goes before where a forwarding ended; only a list writes its own name into `To`.
        let to = &returned.original.to;
        let by_list = returned.original.list.is_some()
            || to
                .as_ref()
                .is_some_and(|to| returned.senders.iter().any(|sender| sender.same(to)));
        let [first, second] = if by_list {
            [&returned.delivered_to, to]
        } else {
            [to, &returned.delivered_to]
        };
        recipients.extend(
            [
                returned.contact.as_ref(),
                returned.hint(&[]),
                first.as_ref(),
                second.as_ref(),
            ]
            .into_iter()
            .flatten()
            .find(|address| !is_redacted(address))
            .cloned(),
        );
    }
    let reporting_mta = fields
        .get("reporting-mta")
        .map(|value| value.rsplit(';').next().unwrap_or(value).trim().to_owned());
    Feedback {
        category: category_of(&kind),
        kind,
        recipients,
        named,
        return_path: fields.get("original-mail-from").and_then(Address::parse),
        reporting_mta,
    }
}

/// Only what means "stop mailing me" is a complaint.
pub(crate) fn category_of(kind: &str) -> Category {
    match kind {
        "abuse" | "fraud" | "opt-out" | "opt-out-list" | "complaint" | "other" | "phishing" | "spam" => {
            Category::Complaint
        }
        "virus" => Category::VirusNotice,
        // Authentication failures and corrections ("not spam after all") ask nothing of the sender of the list.
        _ => Category::DeliveryReport,
    }
}

/// `[redacted]@example.com`, `undisclosed`: the provider keeps the address to itself.
fn is_redacted(address: &Address) -> bool {
    let local = address
        .local()
        .trim_matches(['[', ']', '<', '>', '*'])
        .to_ascii_lowercase();
    local.is_empty()
        || local.contains("redacted")
        || local.starts_with("undisclosed")
        || local.chars().all(|c| c == 'x' && address.local().len() > 6 || c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_types_are_complaints() {
        for (kind, expected) in [
            ("abuse", Category::Complaint),
            ("opt-out", Category::Complaint),
            ("fraud", Category::Complaint),
            ("virus", Category::VirusNotice),
            ("not-spam", Category::DeliveryReport),
            ("auth-failure", Category::DeliveryReport),
            ("dmarc", Category::DeliveryReport),
        ] {
            assert_eq!(category_of(kind), expected, "{kind}");
        }
    }

    #[test]
    fn who_complains_about_list_mail_is_where_it_arrived() {
        let address = |text: &str| Address::parse(text);
        for (list, expected) in [(None, "alias@example.com"), (Some("l.example.org"), "end@example.net")] {
            let mut returned = Returned {
                delivered_to: address("end@example.net"),
                ..Returned::default()
            };
            returned.original.to = address("alias@example.com");
            returned.original.list = list.map(str::to_owned);
            let feedback = read_feedback("Feedback-Type: abuse\n", &returned);
            assert_eq!(
                feedback.recipients.iter().map(Address::as_str).collect::<Vec<_>>(),
                [expected]
            );
        }
    }

    #[test]
    fn recipients_may_be_several_redacted_or_only_in_the_returned_message() {
        let report = "Feedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\nOriginal-Rcpt-To: <a@example.com>\nOriginal-Rcpt-To: b@example.com\n";
        let feedback = read_feedback(report, &Returned::default());
        assert_eq!(
            feedback.recipients.iter().map(Address::as_str).collect::<Vec<_>>(),
            ["a@example.com", "b@example.com"]
        );
        let mut returned = Returned::default();
        returned.original.to = Address::parse("c@example.com");
        let hidden = read_feedback(
            "Feedback-Type: abuse\nOriginal-Rcpt-To: redacted-1234@example.com\n",
            &returned,
        );
        assert_eq!(
            hidden.recipients.iter().map(Address::as_str).collect::<Vec<_>>(),
            ["c@example.com"]
        );
    }
}
